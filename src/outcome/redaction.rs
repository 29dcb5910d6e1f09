//! The texts of an outcome that a peer can have a hand in, cleared of secrets as the last step of a run.
//!
//! The words of a conversation are redacted where they are heard. This covers what no conversation hears (a certificate's names, DNS)
//! and the secrets that it did not know.

use std::sync::Arc;

use super::{CertificateFacts, Evidence, Facts, Outcome, Registration, RoundTripFacts, ServerFacts, TokenFacts, Verdict};
use crate::secret::Sent;

impl Outcome {
    /// Replaces every piece of a secret in `secrets` by its mask.
    #[must_use]
    pub fn redacted(mut self, secrets: &Sent) -> Self {
        // Searched together: in nearly every outcome there is nothing to be found, and each search costs as much as the secrets are long.
        let mut all = String::new();
        self.each_text(&mut |text| {
            all.push_str(text);
            all.push('\n');
        });
        if secrets.is_in(&all) {
            self.each_text(&mut |text| *text = secrets.redact(text));
        }
        self
    }

    fn each_text(&mut self, visit: &mut dyn FnMut(&mut String)) {
        if let Verdict::Failed(failure) = &mut self.verdict {
            failure.evidence.each_text(visit);
        }
        self.facts.each_text(visit);
    }
}

impl Evidence {
    fn each_text(&mut self, visit: &mut dyn FnMut(&mut String)) {
        let texts = [&mut self.said, &mut self.heard, &mut self.code].into_iter().flatten();
        texts.chain(self.ids.values_mut()).for_each(visit);
    }
}

impl Facts {
    fn each_text(&mut self, visit: &mut dyn FnMut(&mut String)) {
        if let Some(token) = &mut self.token {
            each_text_of_shared(token, |token| token.each_text(visit));
        }
        for certificate in self.endpoints.iter_mut().filter_map(|endpoint| endpoint.certificate.as_mut()) {
            each_text_of_shared(certificate, |certificate| certificate.each_text(visit));
        }
        self.dns.iter_mut().flat_map(|dns| &mut dns.chain).for_each(&mut *visit);
        self.round_trip.each_text(visit);
        self.server.each_text(visit);
        if let Some(Registration::Unread(obstacle)) = &mut self.registration {
            visit(obstacle);
        }
        self.transcript.each_text(visit);
        self.warnings.iter_mut().for_each(|warning| warning.evidence.each_text(visit));
    }
}

/// Has `each` visit the texts of facts that several runs share, and that stay shared where nothing is changed in them.
fn each_text_of_shared<T: Clone + PartialEq>(shared: &mut Arc<T>, each: impl FnOnce(&mut T)) {
    let mut own = (**shared).clone();
    each(&mut own);
    if own != **shared {
        *shared = Arc::new(own);
    }
}

impl TokenFacts {
    fn each_text(&mut self, visit: &mut dyn FnMut(&mut String)) {
        let Self { audience, issuer, tenant_id, app_id, object_id, request_id, ests_server, roles, .. } = self;
        let texts = [audience, issuer, tenant_id, app_id, object_id, request_id, ests_server].into_iter().flatten();
        texts.chain(roles.iter_mut().flatten()).for_each(visit);
    }
}

impl CertificateFacts {
    fn each_text(&mut self, visit: &mut dyn FnMut(&mut String)) {
        let Self { subject, issuer, issuer_name, names, .. } = self;
        [subject, issuer, issuer_name].into_iter().chain(names).for_each(visit);
    }
}

impl RoundTripFacts {
    fn each_text(&mut self, visit: &mut dyn FnMut(&mut String)) {
        let Self { message_id, folder, hops, listed, .. } = self;
        let texts = [message_id, folder].into_iter().flatten().chain(listed);
        texts.chain(hops.iter_mut().map(|hop| &mut hop.server)).for_each(visit);
    }
}

impl ServerFacts {
    fn each_text(&mut self, visit: &mut dyn FnMut(&mut String)) {
        let Self { name, public_address, ids } = self;
        [name, public_address].into_iter().flatten().chain(ids.values_mut()).for_each(visit);
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::kind::Check;
    use crate::outcome::{DnsFacts, EndpointFacts, Failure, Family, Fault, HopFacts, Line, Phase, ProbeId, Speaker, SupportId};
    use crate::reason::Reason;
    use crate::secret::Secret;

    const SECRET: &str = "marked-client-secret-0123456789";

    /// An outcome with the secret in every text that a peer can have a hand in.
    fn full_of_it() -> Outcome {
        let fault = Fault::heard(Reason::AuthRefused, format!("no {SECRET}")).code(SECRET).id(SupportId::Session, SECRET);
        let some = || Some(SECRET.to_owned());
        let token = TokenFacts { issuer: some(), roles: Some(vec![SECRET.to_owned()]), ..TokenFacts::default() };
        let mut facts = Facts { token: Some(Arc::new(token)), ..Facts::default() };
        let mut endpoint = EndpointFacts::new("outlook.office365.com", 995, None);
        endpoint.certificate = Some(Arc::new(CertificateFacts {
            subject: format!("CN={SECRET}"),
            issuer: SECRET.to_owned(),
            issuer_name: SECRET.to_owned(),
            product: None,
            names: vec![format!("{SECRET}.example")],
            not_before: SystemTime::UNIX_EPOCH,
            not_after: SystemTime::UNIX_EPOCH,
            fingerprint: String::new(),
            verified: true,
        }));
        facts.endpoints.push(endpoint);
        let chain = vec![format!("{SECRET}.example")];
        facts.dns.push(DnsFacts { chain, ..DnsFacts::new("outlook.office365.com", "system", Family::V4) });
        facts.server = ServerFacts { name: some(), public_address: some(), ids: [(SupportId::Server, SECRET.to_owned())].into() };
        facts.registration = Some(Registration::Unread(SECRET.to_owned()));
        let hops = vec![HopFacts { server: SECRET.to_owned(), after: None }];
        let (message_id, folder, listed) = (some(), some(), vec![SECRET.to_owned()]);
        facts.round_trip = RoundTripFacts { message_id, folder, hops, listed, ..RoundTripFacts::default() };
        let text = SECRET.into();
        facts.transcript.push(&Line { at: Duration::ZERO, phase: Phase::Auth, speaker: Speaker::They, text });
        facts.warn(fault.clone());
        let failure = Failure { phase: Phase::Auth, reason: fault.reason, evidence: fault.evidence };
        let probe = ProbeId { tenant: "t".into(), mailbox: None, check: Check::Pop3 };
        Outcome { facts, ..Outcome::new(probe, SystemTime::UNIX_EPOCH, Verdict::Failed(failure)) }
    }

    #[test]
    fn outcome_redacted_shows_no_piece_of_a_secret_anywhere() {
        let mut sent = Sent::default();
        sent.remember(&Secret::new(SECRET));
        assert!(format!("{:?}", full_of_it()).contains(SECRET));
        let clean = full_of_it().redacted(&sent);
        let shown = format!("{clean:?}");
        assert!(!shown.contains("marked"), "{shown}");
        assert!(shown.matches("<secret>").count() >= 20, "{shown}");
        assert_eq!(full_of_it().redacted(&Sent::default()), full_of_it(), "without a secret, all stays");
    }
}
