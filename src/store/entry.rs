//! An entry of the store: the present knowledge about one probe.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::clock_jump::ClockJump;
use super::{Arrivals, History, Incidents};
use crate::outcome::{
    CertificateFacts, EndpointFacts, Evidence, Facts, Failure, MailboxFacts, Outcome, Phase, Registration, SkipReason,
    Transcript, Verdict,
};
use crate::reason::Reason;
use crate::settings::ProbeSettings;
use crate::small_map::SmallMap;

/// The present knowledge about one probe: its last run, facts of earlier runs for phases that the last one did not reach, and
/// counts.
///
/// Facts are kept as the outcome that has them, so that their age is known and nothing is stored twice. Whatever is large stands
/// behind an `Arc`: an entry is copied when an outcome is added to it and a snapshot still has it.
#[derive(Clone, Debug)]
pub struct ProbeEntry {
    /// The probe's configuration.
    pub settings: Arc<ProbeSettings>,
    /// The last run that took place.
    pub last: Option<Arc<Outcome>>,
    /// Start of the last run that succeeded.
    pub last_success: Option<SystemTime>,
    /// Start of the first failed run that no success has followed; `None` while the probe succeeds.
    pub failing_since: Option<SystemTime>,
    /// Start of the first run that failed for the present reason: one failure may follow upon another.
    pub reason_since: Option<SystemTime>,
    /// The reason of the last failed run; `None` while the probe succeeds.
    pub failing_reason: Option<Reason>,
    /// Times and results of the last runs.
    pub history: History,
    /// Transcript of the last run that took place. It is taken out of the outcome, which is kept longer for its facts: a
    /// transcript takes more memory than they do.
    pub transcript: Arc<Transcript>,
    /// Transcript of the last run that failed, once successes have followed.
    pub failed_transcript: Arc<Transcript>,
    /// The last run that was skipped or missed, if it came after the last one that took place.
    pub skipped: Option<Arc<Outcome>>,
    /// End of the back-off that the server asked for; may be past.
    pub back_off_until: Option<SystemTime>,
    /// The last run that had a token.
    pub token: Option<Arc<Outcome>>,
    /// The last run that read the application's registration.
    pub registration: Option<Arc<Outcome>>,
    /// The last run that read the certificate that the application signs in with.
    pub client_certificate: Option<Arc<Outcome>>,
    /// The last run that asked resolvers.
    pub dns: Option<Arc<Outcome>>,
    /// The last run that read the mailbox.
    pub mailbox: Option<Arc<Outcome>>,
    /// The last run that was shown a certificate, by host and port.
    certificates: SmallMap<(String, u16), Arc<Outcome>>,
    /// Number of runs that took place.
    pub runs: u64,
    /// Mails of round trips by the time to their arrival.
    pub arrivals: Arrivals,
    /// Failed runs, by phase and reason.
    pub failures: SmallMap<(Phase, Reason), FailureCount>,
    /// The last incidents, kept also when successes have long followed.
    pub incidents: Incidents,
    /// The last failures, the latest first, kept also when successes have long followed.
    pub last_failures: VecDeque<Arc<PastFailure>>,
}

/// Count of the runs that failed in one phase for one reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailureCount {
    /// Number of runs.
    pub count: u64,
    /// Start of the first of them.
    pub since: SystemTime,
}

/// A failure of an earlier run.
#[derive(Clone, Debug)]
pub struct PastFailure {
    /// Start of the run.
    pub at: SystemTime,
    /// Duration of the run.
    pub took: Duration,
    /// The failure, with the evidence's texts cut to 400 characters.
    pub failure: Failure,
}

impl ProbeEntry {
    /// Number of hosts and ports kept for one probe: more than any cloud has, so that nothing grows without end.
    const ENDPOINTS: usize = 32;

    /// Creates an entry in which nothing is known yet.
    pub(super) fn new(settings: Arc<ProbeSettings>) -> Self {
        Self {
            settings,
            last: None,
            last_success: None,
            failing_since: None,
            reason_since: None,
            failing_reason: None,
            history: History::default(),
            transcript: Arc::default(),
            failed_transcript: Arc::default(),
            skipped: None,
            back_off_until: None,
            token: None,
            registration: None,
            client_certificate: None,
            dns: None,
            mailbox: None,
            certificates: SmallMap::new(),
            runs: 0,
            arrivals: Arrivals::default(),
            failures: SmallMap::new(),
            incidents: Incidents::default(),
            last_failures: VecDeque::new(),
        }
    }

    /// Reports whether the result of a run that began at `at` is recent enough to be shown as the present state.
    ///
    /// Three missed runs, or one that used up all its time, are allowed; after that dashboards must see absence. A failure
    /// does not age during a back-off that the server asked for, nor while its endpoint hangs, which others confirm: it would
    /// vanish between runs, and no alert that waits some minutes would ever fire.
    pub fn is_current(&self, at: SystemTime, now: SystemTime) -> bool {
        let interval = self.interval();
        let longest = interval.saturating_mul(3).max(interval.saturating_add(self.settings.timeout));
        let longest = longest.saturating_add(self.time_held_back(now));
        now.duration_since(at).is_ok_and(|age| age <= longest) || now < at
    }

    /// Returns the last run that took place, while it is recent.
    pub fn current_run(&self, now: SystemTime) -> Option<&Outcome> {
        self.last.as_deref().filter(|last| self.is_current(last.at, now))
    }

    /// Returns the outcome that says how things are now: the last run while it is recent, else a later one that ended for a reason
    /// of ours: this machine was too slow for it, or a ceiling was reached.
    pub fn current_outcome(&self, now: SystemTime) -> Option<&Outcome> {
        let missed = || self.skipped.as_deref().filter(|skipped| skipped.is_no_result() && self.is_current(skipped.at, now));
        self.current_run(now).or_else(missed)
    }

    /// Returns the start of the present failure, and whether it may have begun before the first run. What an earlier process knew
    /// of it counts once there is a run that continues it.
    pub fn since(&self) -> Option<(SystemTime, bool)> {
        let since = self.last.as_ref().and(self.reason_since)?;
        Some((since, self.last_success.is_none() && self.failing_since == Some(since)))
    }

    /// Returns the time from one run to the next: longer than configured while the far side refuses the login for good.
    pub fn interval(&self) -> Duration {
        self.last.as_ref().and_then(|last| last.interval).unwrap_or(self.settings.interval)
    }

    /// Returns the part of the time since the last run, which failed, for which the server asked us to stay away or its
    /// endpoint hung.
    fn time_held_back(&self, now: SystemTime) -> Duration {
        let hung = self.skipped.as_ref().filter(|skipped| skipped.verdict == Verdict::Skipped(SkipReason::Hanging));
        let until = self.back_off_until.max(hung.map(|skipped| skipped.at));
        let failed = self.last.as_ref().filter(|outcome| !outcome.is_ok());
        let away = failed.zip(until).and_then(|(run, until)| until.min(now).duration_since(run.at).ok());
        away.unwrap_or_default()
    }

    /// Returns the hosts and ports that presented a certificate, each with the run that saw it last.
    pub fn certificates(&self) -> impl Iterator<Item = (&str, u16, &Arc<Outcome>)> {
        self.certificates.iter().map(|((host, port), outcome)| (host.as_str(), *port, outcome))
    }

    /// Reports whether `settings` name the same mailbox or tenant of the same application, so that the entry stays valid.
    pub(super) fn is_same_target(&self, settings: &ProbeSettings) -> bool {
        let (ours, theirs) = (&*self.settings.tenant, &*settings.tenant);
        self.settings.address == settings.address
            && self.settings.folder == settings.folder
            && ours.tenant_id == theirs.tenant_id
            && ours.client_id == theirs.client_id
            && ours.cloud == theirs.cloud
    }

    /// Adds an outcome, and keeps at most `failures_kept` failures.
    pub(super) fn add(&mut self, mut outcome: Outcome, failures_kept: usize) {
        if outcome.failure().is_some() {
            outcome.facts.last_worked = self.last_success;
        }
        outcome.facts.failing_since = self.failing_since_with(&outcome);
        let mut transcript = std::mem::take(&mut outcome.facts.transcript);
        transcript.shrink();
        outcome.facts.endpoints.shrink_to_fit();
        let outcome = Arc::new(outcome);
        if outcome.skip_code().is_some() {
            if let Verdict::Skipped(SkipReason::BackOff { until, .. }) = &outcome.verdict {
                self.back_off_until = Some(*until);
            }
            self.skipped = Some(outcome);
            return;
        }
        self.runs += 1;
        self.skipped = None;
        self.history.push(outcome.took, outcome.is_ok());
        if let Some(took) = outcome.facts.round_trip.arrival {
            self.arrivals.observe(took);
        }
        self.incidents.add(outcome.at, outcome.failure().map(|failure| failure.reason));
        let before = std::mem::replace(&mut self.transcript, Arc::new(transcript));
        if outcome.is_ok() && self.failing_since.is_some() {
            self.failed_transcript = before;
        }
        self.back_off_until = outcome.facts.back_off.and_then(|away| outcome.at.checked_add(outcome.took.saturating_add(away)));
        if let Some(failure) = outcome.failure() {
            self.add_failure(&outcome, failure, failures_kept);
        } else {
            (self.last_success, self.failing_since) = (Some(outcome.at), None);
            (self.reason_since, self.failing_reason) = (None, None);
        }
        self.keep_facts(&outcome);
        self.last = Some(outcome);
    }

    /// Returns since when the probe has been failing, or this machine has had no result of it, once `outcome` is added.
    fn failing_since_with(&self, outcome: &Outcome) -> Option<SystemTime> {
        let no_result = self.skipped.as_ref().filter(|skipped| skipped.is_no_result());
        let known = self.failing_since.or_else(|| no_result?.facts.failing_since);
        match &outcome.verdict {
            Verdict::Ok => None,
            Verdict::Failed(_) => known.or(Some(outcome.at)),
            Verdict::Skipped(_) => self.failing_since,
        }
    }

    fn add_failure(&mut self, outcome: &Outcome, failure: &Failure, kept: usize) {
        let first = FailureCount { count: 0, since: outcome.at };
        self.failures.get_or_insert_with((failure.phase, failure.reason), || first).count += 1;
        if self.failing_reason.replace(failure.reason) != Some(failure.reason) {
            self.reason_since = Some(outcome.at);
        }
        self.failing_since.get_or_insert(outcome.at);
        let failure = Failure { evidence: shortened(&failure.evidence), ..failure.clone() };
        self.last_failures.push_front(Arc::new(PastFailure { at: outcome.at, took: outcome.took, failure }));
        self.last_failures.truncate(kept);
    }

    /// Rewrites every time that was read from the wall clock before it was set. A run that is known by several of its facts stays
    /// one outcome.
    pub(super) fn follow(&mut self, jump: ClockJump) {
        let mut moved: Vec<(Arc<Outcome>, Arc<Outcome>)> = Vec::new();
        let of_credential = [&mut self.token, &mut self.registration, &mut self.client_certificate];
        let runs = [&mut self.last, &mut self.skipped, &mut self.dns, &mut self.mailbox];
        for run in runs.into_iter().chain(of_credential).flatten().chain(self.certificates.values_mut()) {
            let known = moved.iter().find(|(before, _)| Arc::ptr_eq(before, run)).map(|(_, after)| Arc::clone(after));
            let after = known.unwrap_or_else(|| Arc::new(followed(run, jump)));
            moved.push((std::mem::replace(run, Arc::clone(&after)), after));
        }
        let times = [&mut self.last_success, &mut self.failing_since, &mut self.reason_since, &mut self.back_off_until];
        let counted = self.failures.values_mut().map(|failures| &mut failures.since);
        let past = self.last_failures.iter_mut().map(|failure| &mut Arc::make_mut(failure).at);
        times.into_iter().flatten().chain(counted).chain(past).chain(self.incidents.times()).for_each(|at| jump.apply(at));
    }

    /// Keeps the outcome for each kind of fact that it holds; facts of phases that it did not reach stay as they were.
    fn keep_facts(&mut self, outcome: &Arc<Outcome>) {
        let facts = &outcome.facts;
        if facts.token.is_some() {
            self.token = Some(Arc::clone(outcome));
        }
        if matches!(facts.registration, Some(Registration::Read { .. })) {
            self.registration = Some(Arc::clone(outcome));
        }
        if facts.certificate.is_some() {
            self.client_certificate = Some(Arc::clone(outcome));
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

/// Returns the outcome with its times as the clock calls them after the jump.
fn followed(outcome: &Outcome, jump: ClockJump) -> Outcome {
    let mut outcome = outcome.clone();
    jump.apply(&mut outcome.at);
    let Facts { last_worked, failing_since, .. } = &mut outcome.facts;
    last_worked.iter_mut().chain(failing_since).for_each(|at| jump.apply(at));
    if let Verdict::Skipped(SkipReason::BackOff { until, .. }) = &mut outcome.verdict {
        jump.apply(until);
    }
    outcome
}

/// Returns the evidence with its texts cut to 400 characters.
fn shortened(evidence: &Evidence) -> Evidence {
    const KEPT: usize = 400;
    let cut = |text: &String| text.chars().take(KEPT).collect::<String>();
    let Evidence { peer, said, heard, code, unrecognized, ids } = evidence;
    let [said, heard, code] = [said, heard, code].map(|text| text.as_ref().map(cut));
    let ids = ids.iter().map(|(name, value)| (*name, cut(value))).collect();
    Evidence { peer: peer.clone(), said, heard, code, unrecognized: *unrecognized, ids }
}

/// Returns the certificates that servers presented in the run, each with its endpoint.
pub fn shown_certificates(outcome: &Outcome) -> impl Iterator<Item = (&EndpointFacts, &CertificateFacts)> {
    outcome.facts.endpoints.iter().filter_map(|endpoint| Some((endpoint, endpoint.certificate.as_deref()?)))
}
