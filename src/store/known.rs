//! What is known of one probe.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::Recent;
use crate::outcome::{
    CertificateFacts, EndpointFacts, Evidence, Failure, MailboxFacts, Outcome, Phase, Registration, SkipReason, Transcript,
    Verdict,
};
use crate::reason::Reason;
use crate::settings::ProbeSettings;

/// What is known of one probe: its last run, what earlier runs learnt that it did not get as far as, and counts.
///
/// What was learnt is kept as the outcome that told it, so that its age is known and nothing is stored twice.
#[derive(Clone, Debug)]
pub struct Known {
    /// What the probe is.
    pub settings: ProbeSettings,
    /// The last run that took place.
    pub last: Option<Arc<Outcome>>,
    /// When the last run began that succeeded.
    pub last_success: Option<SystemTime>,
    /// When the first of the failed runs began that no success has followed; `None` while it succeeds.
    pub failing_since: Option<SystemTime>,
    /// When it began to fail for the reason it fails for now: one trouble may follow upon another.
    pub reason_since: Option<SystemTime>,
    /// How long the last runs took.
    pub recent: Recent,
    /// What was said and heard in the last run that took place. Its outcome no longer holds it: what outcomes are kept for
    /// is what they learnt, and a conversation takes more memory than that.
    pub talk: Transcript,
    /// The same of the last run that failed, once successes have followed.
    pub failed_talk: Transcript,
    /// The turn that was skipped last, if it came after the last run.
    pub skipped: Option<Arc<Outcome>>,
    /// Until when the server asked us to stay away; may be past.
    pub back_off_until: Option<SystemTime>,
    /// The last run that had a token.
    pub token: Option<Arc<Outcome>>,
    /// The last run that read the application's registration.
    pub registration: Option<Arc<Outcome>>,
    /// The last run that asked resolvers.
    pub dns: Option<Arc<Outcome>>,
    /// The last run that saw into the mailbox.
    pub mailbox: Option<Arc<Outcome>>,
    /// The last run that was shown a certificate, by host and port.
    certificates: BTreeMap<(String, u16), Arc<Outcome>>,
    /// Runs that took place.
    pub runs: u64,
    /// Runs that failed, by where and why.
    pub failures: BTreeMap<(Phase, Reason), u64>,
    /// The last failures, the latest first: kept when successes have long followed.
    pub last_failures: VecDeque<PastFailure>,
}

/// A failure that is kept for the record.
#[derive(Clone, Debug)]
pub struct PastFailure {
    /// When the run began.
    pub at: SystemTime,
    /// How long it took.
    pub took: Duration,
    /// How it failed, with the evidence's texts cut to 400 characters.
    pub failure: Failure,
}

impl Known {
    /// Hosts and ports remembered for one probe: more than any cloud has, so that nothing grows without end.
    const ENDPOINTS: usize = 32;

    /// Nothing known yet.
    pub(super) fn new(settings: ProbeSettings) -> Self {
        Self {
            settings,
            last: None,
            last_success: None,
            failing_since: None,
            reason_since: None,
            recent: Recent::default(),
            talk: Transcript::default(),
            failed_talk: Transcript::default(),
            skipped: None,
            back_off_until: None,
            token: None,
            registration: None,
            dns: None,
            mailbox: None,
            certificates: BTreeMap::new(),
            runs: 0,
            failures: BTreeMap::new(),
            last_failures: VecDeque::new(),
        }
    }

    /// Whether what a run that began at `at` told may still be shown as how things are.
    ///
    /// Three missed turns, or one that used up all its time, are given; after that dashboards must see absence. A failure
    /// after which the server wanted us away does not age meanwhile: it would vanish between runs, and no alert that
    /// waits some minutes would ever fire.
    pub fn is_current(&self, at: SystemTime, now: SystemTime) -> bool {
        let ProbeSettings { interval, timeout, .. } = self.settings;
        let given = interval.saturating_mul(3).max(interval.saturating_add(timeout));
        let given = given.saturating_add(self.kept_away(now));
        now.duration_since(at).is_ok_and(|age| age <= given) || now < at
    }

    /// When it began to fail for the reason it fails for now, and whether it may have done so before we looked.
    pub fn since(&self) -> Option<(SystemTime, bool)> {
        let since = self.reason_since?;
        Some((since, self.last_success.is_none() && self.failing_since == Some(since)))
    }

    /// How much of the time since the last run, which failed, the server wanted us away.
    fn kept_away(&self, now: SystemTime) -> Duration {
        let failed = self.last.as_ref().filter(|outcome| !outcome.is_ok());
        let away = failed.zip(self.back_off_until).and_then(|(run, until)| until.min(now).duration_since(run.at).ok());
        away.unwrap_or_default()
    }

    /// Every host and port that ever presented a certificate, with the run that saw it last.
    pub fn certificates(&self) -> impl Iterator<Item = (&str, u16, &Arc<Outcome>)> {
        self.certificates.iter().map(|((host, port), outcome)| (host.as_str(), *port, outcome))
    }

    /// Whether `settings` mean the same mailbox or tenant of the same application, so that what is known still holds.
    pub(super) fn is_about(&self, settings: &ProbeSettings) -> bool {
        let (ours, theirs) = (&self.settings, settings);
        let (ours_of, theirs_of) = (&*ours.tenant, &*theirs.tenant);
        ours.address == theirs.address
            && ours.folder == theirs.folder
            && ours_of.tenant_id == theirs_of.tenant_id
            && ours_of.client_id == theirs_of.client_id
            && ours_of.cloud == theirs_of.cloud
    }

    /// Learns from `outcome`, keeping at most `failures_kept` failures for the record.
    pub(super) fn learn(&mut self, mut outcome: Outcome, failures_kept: usize) {
        if outcome.failure().is_some() {
            outcome.facts.last_worked = self.last_success;
        }
        let talk = std::mem::take(&mut outcome.facts.transcript);
        let outcome = Arc::new(outcome);
        if let Verdict::Skipped(skip) = &outcome.verdict {
            if let SkipReason::BackOff { until, .. } = skip {
                self.back_off_until = Some(*until);
            }
            self.skipped = Some(outcome);
            return;
        }
        self.runs += 1;
        self.skipped = None;
        self.recent.push(outcome.took, outcome.is_ok());
        let before = std::mem::replace(&mut self.talk, talk);
        if outcome.is_ok() && self.failing_since.is_some() {
            self.failed_talk = before;
        }
        let asked_away = outcome.facts.back_off.and_then(|away| outcome.at.checked_add(outcome.took.saturating_add(away)));
        self.back_off_until = asked_away;
        if let Some(failure) = outcome.failure() {
            self.count(&outcome, failure, failures_kept);
        } else {
            (self.last_success, self.failing_since, self.reason_since) = (Some(outcome.at), None, None);
        }
        self.keep_facts(&outcome);
        self.last = Some(outcome);
    }

    fn count(&mut self, outcome: &Outcome, failure: &Failure, kept: usize) {
        *self.failures.entry((failure.phase, failure.reason)).or_default() += 1;
        let before = self.last.as_ref().and_then(|last| last.failure());
        if before.is_none_or(|before| before.reason != failure.reason) {
            self.reason_since = Some(outcome.at);
        }
        self.failing_since.get_or_insert(outcome.at);
        let failure = Failure { evidence: brief(&failure.evidence), ..failure.clone() };
        self.last_failures.push_front(PastFailure { at: outcome.at, took: outcome.took, failure });
        self.last_failures.truncate(kept);
    }

    /// A run that ended early leaves what earlier runs learnt in the phases it did not reach.
    fn keep_facts(&mut self, outcome: &Arc<Outcome>) {
        let facts = &outcome.facts;
        if facts.token.is_some() {
            self.token = Some(Arc::clone(outcome));
        }
        if matches!(facts.registration, Some(Registration::Read { .. })) {
            self.registration = Some(Arc::clone(outcome));
        }
        if !facts.dns.is_empty() {
            self.dns = Some(Arc::clone(outcome));
        }
        if facts.mailbox != MailboxFacts::default() {
            self.mailbox = Some(Arc::clone(outcome));
        }
        for EndpointFacts { host, port, .. } in shown_certificates(outcome).map(|(endpoint, _)| endpoint) {
            self.certificates.insert((host.clone(), *port), Arc::clone(outcome));
        }
        while self.certificates.len() > Self::ENDPOINTS {
            let oldest = self.certificates.iter().min_by_key(|(_, outcome)| outcome.at).map(|(endpoint, _)| endpoint.clone());
            oldest.and_then(|endpoint| self.certificates.remove(&endpoint));
        }
    }
}

/// The evidence with its texts cut to what is worth keeping for the record.
fn brief(evidence: &Evidence) -> Evidence {
    const KEPT: usize = 400;
    let cut = |text: &String| text.chars().take(KEPT).collect::<String>();
    let Evidence { peer, said, heard, code, ids } = evidence;
    let [peer, said, heard, code] = [peer, said, heard, code].map(|text| text.as_ref().map(cut));
    Evidence { peer, said, heard, code, ids: ids.iter().map(|(name, value)| (*name, cut(value))).collect() }
}

/// The certificates that `outcome` was shown, and where.
pub fn shown_certificates(outcome: &Outcome) -> impl Iterator<Item = (&EndpointFacts, &CertificateFacts)> {
    outcome.facts.endpoints.iter().filter_map(|endpoint| Some((endpoint, endpoint.certificate.as_ref()?)))
}
