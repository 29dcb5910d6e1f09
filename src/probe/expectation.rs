//! The worth of a result where a mailbox must stay closed: a success is the alarm, and a refusal counts as far as it proves anything.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::kind::Check;
use crate::outcome::{Facts, Fault, Line, Phase, Speaker};
use crate::reason::{Denial, Reason};
use crate::settings::{Expectation, ProbeSettings};

/// The openings of mailboxes that may be opened: they show that a refusal elsewhere is no outage. One entry for each tenant and
/// check.
#[derive(Clone, Debug, Default)]
pub struct Openings(Arc<Mutex<HashMap<(String, Check), Instant>>>);

impl Openings {
    /// Takes note that the probe of `settings` has opened its mailbox; this counts until its next run but one is due.
    fn note(&self, settings: &ProbeSettings) {
        let until = Instant::now() + 2 * settings.interval + settings.timeout;
        let mut openings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = openings.entry(key(settings)).or_insert(until);
        *entry = (*entry).max(until);
    }

    /// Reports whether another mailbox of the tenant was opened lately by the same check as that of `settings`.
    fn any_as(&self, settings: &ProbeSettings) -> bool {
        let openings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        openings.get(&key(settings)).is_some_and(|until| until.duration_since(Instant::now()) > Duration::ZERO)
    }

    /// Forgets what no longer counts.
    pub fn sweep(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, until| *until > Instant::now());
    }
}

fn key(settings: &ProbeSettings) -> (String, Check) {
    (settings.id.tenant.clone(), settings.id.check)
}

/// Returns the fault of a run that ended with `fault`, by what is expected of the mailbox; a refusal that was wanted becomes a fact.
pub fn judge(fault: Option<Fault>, settings: &ProbeSettings, facts: &mut Facts, openings: &Openings) -> Option<Fault> {
    if settings.expect == Expectation::Opened {
        if fault.is_none() && settings.address.is_some() {
            openings.note(settings);
        }
        return fault;
    }
    let Some(fault) = fault else { return Some(too_broad(settings.id.check, facts)) };
    match fault.reason.denial() {
        None => Some(fault),
        Some(Denial::Unclear) if !openings.any_as(settings) => Some(fault.renamed(Reason::RefusalAmbiguous)),
        Some(Denial::Clear | Denial::Unclear) => {
            facts.stays_closed = Some(fault.reason);
            None
        }
    }
}

/// Returns the fault of a mailbox that opened, with the reply that shows it: the first of the last phase, which over HTTP is the status
/// line and no header; of a login, which takes several, the last one before the farewell. A mail protocol has the request, too.
fn too_broad(check: Check, facts: &Facts) -> Fault {
    let lines: Vec<Line<'_>> = facts.transcript.lines().map(|(line, _)| line).collect();
    let is_last_phase = |line: &Line<'_>| lines.last().is_some_and(|last| last.phase == line.phase);
    let is_reply = |line: &Line<'_>| line.speaker == Speaker::They && is_last_phase(line);
    let is_request = |line: &Line<'_>| line.speaker == Speaker::We;
    let farewell = lines.iter().rposition(is_request).unwrap_or(lines.len());
    let reply = match lines.last().map(|line| line.phase) {
        Some(Phase::Auth) => lines.iter().take(farewell).rposition(is_reply),
        _ => lines.iter().position(is_reply),
    };
    let Some(reply) = reply else { return Fault::new(Reason::AccessTooBroad) };
    let mut fault = Fault::heard(Reason::AccessTooBroad, lines[reply].text.clone());
    let request = lines.iter().take(reply).rfind(|line| is_request(line)).filter(|_| check.is_mail());
    fault.evidence.said = request.map(|line| line.text.clone().into_owned());
    fault
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;
    use crate::probe::tests::settings;

    fn judged(openings: &Openings, expect: Expectation, reason: Option<Reason>) -> (Option<Reason>, Option<Reason>) {
        let mut facts = Facts::default();
        let settings = ProbeSettings { expect, ..settings() };
        let fault = judge(reason.map(Fault::new), &settings, &mut facts, openings);
        (fault.map(|fault| fault.reason), facts.stays_closed)
    }

    #[test]
    fn judge_of_a_closed_mailbox_by_each_kind_of_ending() {
        let alone = Openings::default();
        for (ending, expected) in [
            (None, (Some(Reason::AccessTooBroad), None)),
            (Some(Reason::AccessDenied), (None, Some(Reason::AccessDenied))),
            (Some(Reason::EwsDisabled), (None, Some(Reason::EwsDisabled))),
            (Some(Reason::SmtpAuthDisabledTenant), (None, Some(Reason::SmtpAuthDisabledTenant))),
            (Some(Reason::AuthRefused), (Some(Reason::RefusalAmbiguous), None)),
            (Some(Reason::ConnectTimedOut), (Some(Reason::ConnectTimedOut), None)),
            (Some(Reason::ClientSecretExpired), (Some(Reason::ClientSecretExpired), None)),
            (Some(Reason::Throttled), (Some(Reason::Throttled), None)),
            (Some(Reason::MailboxNotFound), (Some(Reason::MailboxNotFound), None)),
        ] {
            assert_eq!(judged(&alone, Expectation::Denied, ending), expected, "{ending:?}");
            assert_eq!(judged(&Openings::default(), Expectation::Opened, ending), (ending, None), "{ending:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn ambiguous_refusal_counts_until_the_last_opening_is_two_intervals_old() {
        let openings = Openings::default();
        judged(&openings, Expectation::Opened, None);
        let refused = || judged(&openings, Expectation::Denied, Some(Reason::AuthRefused));
        assert_eq!(refused(), (None, Some(Reason::AuthRefused)));
        advance(2 * settings().interval + settings().timeout).await;
        assert_eq!(refused(), (Some(Reason::RefusalAmbiguous), None));
        openings.sweep();
        assert!(openings.0.lock().expect("no panic").is_empty());
    }
}
