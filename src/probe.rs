//! A named, configured check: one run, with the only deadline, the panic guard and the stamp that says where it failed.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::{Duration, SystemTime};

use tokio::time::{Instant, timeout_at};
use tracing::{Instrument as _, trace_span};

use crate::ceiling::{Accounts, Allowance, Origin};
use crate::check::{self, AnyConversation, Cx, Means};
use crate::credential::Credential;
use crate::outcome::{Failure, Fault, Outcome, Phase, ProbeId, SkipReason, Verdict};
use crate::reason::Reason;
use crate::secret::Sent;
use crate::settings::ProbeSettings;
use crate::trace::Trace;

mod expectation;
mod pace;
mod slot;
mod stall;

use self::expectation::Openings;
pub use self::pace::Hurries;
pub use self::slot::Slots;
use self::slot::{Slot, Turn};
use self::stall::StallMeter;

/// Time for reading a credential that a run has no other use for than to hide it.
const CREDENTIAL_WITHIN: Duration = Duration::from_secs(1);

/// A named, configured check.
#[derive(Debug)]
pub struct Probe {
    /// The settings that it was made from.
    pub settings: Arc<ProbeSettings>,
    conversation: Box<dyn AnyConversation>,
    slot: Arc<Slot>,
    openings: Openings,
    /// The accounts that its runs are charged to.
    pub accounts: Accounts,
    /// The last run of the schedule that took place.
    latest: Mutex<Option<LatestRun>>,
    /// The time after which it shall run again, as its last run has it.
    again_in: Mutex<Option<Duration>>,
}

/// A run that took place, by which its outcome is found in a store.
#[derive(Clone, Copy, Debug)]
pub struct LatestRun {
    /// The time at which it began, as its outcome has it.
    pub at: SystemTime,
    /// The time at which it ended.
    pub ended: Instant,
}

impl Probe {
    /// Creates the probe that `settings` describe.
    ///
    /// # Errors
    /// A message that names what the cloud or the mailbox lacks for the check.
    pub fn new(settings: impl Into<Arc<ProbeSettings>>, slots: &Slots) -> Result<Self, String> {
        let settings = settings.into();
        let conversation = check::conversation(&settings)?;
        let (slot, openings, accounts) = (slots.slot(&settings), slots.openings(), slots.accounts(&settings));
        Ok(Self { settings, conversation, slot, openings, accounts, latest: Mutex::default(), again_in: Mutex::default() })
    }

    /// Its id, as `contoso/praxis/pop3`.
    pub fn id(&self) -> &ProbeId {
        &self.settings.id
    }

    /// Reports whether a run of this probe is one of `other` too: they share the connection and have the same settings, apart from
    /// limits, by which only outcomes are judged.
    pub fn is_continued_by(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.slot, &other.slot) && self.settings.runs_as(&other.settings)
    }

    /// Runs the check once, for at most the probe's own timeout and `limit`, and returns its outcome, also after a panic.
    pub async fn run(&self, means: &Means, limit: Option<Duration>) -> Outcome {
        let outcome = self.run_for(Origin::Schedule, means, limit).await;
        if !outcome.is_skipped() && !outcome.is_no_result() {
            *self.latest() = Some(LatestRun { at: outcome.at, ended: Instant::now() });
        }
        outcome
    }

    async fn run_for(&self, origin: Origin, means: &Means, limit: Option<Duration>) -> Outcome {
        let secrets = self.known_secrets(means).await;
        let timeout = self.settings.timeout.min(limit.unwrap_or(Duration::MAX));
        let deadline = Instant::now() + timeout;
        let _connection = match self.slot.turn(self.id(), timeout).await {
            Turn::Run(connection) => connection,
            Turn::Shared(outcome) => return *outcome,
            Turn::Busy => return self.skipped(SkipReason::Busy),
        };
        // Asked last: the run waited for may have been told to stay away.
        if let Some(back_off) = self.slot.back_off() {
            return self.skipped(back_off);
        }
        let mut meter = StallMeter::begin(means.clock);
        let mut trace = Trace::begin(self.first_phase(), deadline);
        trace.allowance = Allowance::new(self.accounts.clone(), origin);
        trace.secrets = secrets;
        let result = {
            let mut cx = Cx { trace: &mut trace, means, tenant: &self.settings.tenant };
            // Conversations go on side by side: in the log each line is told with its probe.
            let span = trace_span!("run", probe = %self.id());
            timeout_at(deadline, meter.watch(guarded(self.conversation.start(&mut cx)).instrument(span))).await
        };
        let fault = match result {
            Ok(Ok(result)) => result.err(),
            Ok(Err(panic)) => Some(Fault::heard(Reason::Internal, panic)),
            Err(_) => Some(trace.silence()),
        };
        let stall = meter.end();
        trace.finish();
        *self.again_in.lock().unwrap_or_else(PoisonError::into_inner) = trace.again_in;
        if !trace.spans().iter().any(|span| matches!(span.phase, Phase::Auth | Phase::Mailbox)) {
            trace.allowance.logged_in_nowhere();
        }
        trace.facts.stalled = stall.of_note();
        trace.facts.warnings.retain(|warning| !stall.explains(warning.reason));
        let fault = fault.map(|fault| stall.renamed(fault));
        // A login that is refused is a burden on Exchange, also where the refusal is wanted.
        let refused = fault.as_ref().map(|fault| fault.reason);
        let fault = expectation::judge(fault, &self.settings, &mut trace.facts, &self.openings);
        let verdict = fault.map_or(Verdict::Ok, |fault| Verdict::Failed(stamp(&mut trace, fault)));
        if let (Verdict::Failed(failure), Some(asked)) = (&verdict, trace.facts.back_off) {
            self.slot.start_back_off(asked, failure.reason);
        }
        let mut secrets = std::mem::take(&mut trace.secrets);
        secrets.add(&self.settings.tenant.secrets.all()); // also those that other runs have got meanwhile
        let outcome = self.finished(began(stall.elapsed), trace, verdict).redacted(&secrets);
        if outcome.is_missed() {
            means.tokens.forget_failures(&self.settings.tenant);
        } else if !outcome.is_no_result() {
            self.slot.pace.note(refused);
        }
        // What one may not ask for now, another may.
        if outcome.failure().is_none_or(|failure| failure.reason != Reason::CeilingReached) {
            self.slot.publish(&outcome, timeout);
        }
        outcome
    }

    /// Returns the time after its last run in which it shall run again, where that may be sooner than its interval.
    pub fn again_in(&self) -> Option<Duration> {
        *self.again_in.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has runs stay away for as long as a server `asked` an earlier process, `because` of this reason.
    pub fn stay_away(&self, asked: Duration, because: Reason) {
        self.slot.start_back_off(asked, because);
    }

    /// Runs the check out of turn, as [`Self::run`]; its logins and token requests are those of a client. Where the far side no
    /// longer refuses what it refused, the schedule follows at once.
    pub async fn run_on_request(&self, means: &Means, limit: Duration) -> Outcome {
        let is_slow = self.interval() > self.settings.interval;
        let outcome = self.run_for(Origin::Request, means, Some(limit)).await;
        if is_slow && !outcome.is_skipped() && self.refusals() == 0 {
            self.slot.pace.wake();
        }
        outcome
    }

    /// Returns the last run of the schedule that took place.
    pub fn latest_run(&self) -> Option<LatestRun> {
        *self.latest()
    }

    fn latest(&self) -> MutexGuard<'_, Option<LatestRun>> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the interval in force: longer than the configured one while the far side refuses the login for good.
    pub fn interval(&self) -> Duration {
        self.slot.pace.interval(self.settings.interval)
    }

    /// Returns the number of runs in a row that were refused for good.
    pub fn refusals(&self) -> u32 {
        self.slot.pace.refusals()
    }

    /// Forgets that runs were refused, because something has changed, and has the schedule run at once.
    pub fn hurry(&self) {
        self.slot.pace.hurry();
    }

    /// Returns a listener to the calls to run at once.
    pub fn hurries(&self) -> Hurries<'_> {
        self.slot.pace.hurries()
    }

    /// Returns the outcome of a run that did not take place.
    pub fn skipped(&self, why: SkipReason) -> Outcome {
        self.outcome(SystemTime::now(), Verdict::Skipped(why))
    }

    /// Returns the secrets that a run may not show, whoever tells them: those of the tenant's runs so far, or its credential where
    /// there was none and this check will not read it; and the proxy's password.
    async fn known_secrets(&self, means: &Means) -> Sent {
        let tenant = &self.settings.tenant;
        let uses_token = self.settings.id.check.kind().phases.contains(&Phase::Token);
        if tenant.secrets.is_empty() && !uses_token {
            let read = tenant.read_credential(CREDENTIAL_WITHIN, Credential::client_secret).await;
            if let Ok(Some(secret)) = read {
                tenant.secrets.remember("client_secret", &secret);
            }
        }
        let mut secrets = tenant.secrets.all();
        secrets.add(means.net.secrets());
        secrets
    }

    fn first_phase(&self) -> Phase {
        self.settings.id.check.kind().phases.first().copied().unwrap_or(Phase::Connect)
    }

    /// Returns the outcome of a run that took place.
    fn finished(&self, at: SystemTime, mut trace: Trace, verdict: Verdict) -> Outcome {
        let phases = trace.spans().to_vec();
        trace.facts.credential_expires = trace.facts.credential_expires.or(self.settings.tenant.credential_expires);
        let took = phases.iter().map(|span| span.took).sum();
        Outcome { took, phases, facts: trace.facts, ..self.outcome(at, verdict) }
    }

    fn outcome(&self, at: SystemTime, verdict: Verdict) -> Outcome {
        Outcome { address: self.settings.address.clone(), ..Outcome::new(self.settings.id.clone(), at, verdict) }
    }
}

/// Returns the time at which a run began that has taken this long: by the clock as it is now, should it have been set meanwhile.
fn began(elapsed: Duration) -> SystemTime {
    let now = SystemTime::now();
    now.checked_sub(elapsed).unwrap_or(now)
}

/// Makes a failure of `fault`: adds the phase that was open, and marks the address that was being tried.
fn stamp(trace: &mut Trace, fault: Fault) -> Failure {
    let mut evidence = fault.evidence;
    evidence.peer = evidence.peer.or_else(|| trace.peer.clone());
    evidence.said = evidence.said.or_else(|| trace.request.clone());
    let step = trace.step();
    if let Some(endpoint) = trace.endpoint().filter(|_| matches!(step, Phase::Connect | Phase::Proxy | Phase::Tls)) {
        endpoint.failed.get_or_insert((step, fault.reason));
    }
    Failure { phase: trace.open(), reason: fault.reason, evidence }
}

/// Polls `run` so that a panic in it becomes a value: one broken conversation must not end the others.
async fn guarded<T>(run: impl Future<Output = T> + Unpin) -> Result<T, String> {
    let mut run = run;
    poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| std::pin::Pin::new(&mut run).poll(cx))) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(value)) => Poll::Ready(Ok(value)),
        Err(panic) => Poll::Ready(Err(panic_message(&*panic))),
    })
    .await
}

/// Returns the message of a panic where it stands in the source: one made while running may quote anything, also a secret.
fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&'static str>().copied();
    format!("panicked: {}", text.unwrap_or("the log says where"))
}

#[cfg(test)]
pub(crate) mod tests;
