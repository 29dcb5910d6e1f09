//! Runs that end in every way a run can end, with checks made for the purpose and time that stands still.

use std::cell::Cell;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::time::{advance, sleep};

use super::*;
use crate::check::Running;
use crate::clock::SteadyClock;
use crate::cloud::Cloud;
use crate::credential::SecretSource;
use crate::kind::Check;
use crate::secret::Secret;
use crate::settings::{Ceilings, Network, Tenant};

const SECOND: Duration = Duration::from_secs(1);
const TIMEOUT: Duration = Duration::from_secs(10);

/// A step of a check made for a test.
#[derive(Clone, Copy, Debug)]
pub enum Act {
    Take(Phase, Duration),
    Stop(Reason),
    LogIn,
    BackOff(Duration),
    Panic,
    PanicWith(&'static str),
    Silence(Phase),
    /// Silence between two times.
    SilenceDuring(Phase, Instant, Instant),
}

#[derive(Debug)]
struct Acting {
    acts: Vec<Act>,
    runs: Arc<AtomicUsize>,
}

impl AnyConversation for Acting {
    fn start<'a>(&'a self, cx: &'a mut Cx<'_>) -> Running<'a> {
        self.runs.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move {
            for act in &self.acts {
                match *act {
                    Act::Take(phase, time) => {
                        cx.trace.enter(phase);
                        sleep(time).await;
                    }
                    Act::Stop(reason) => return Err(Fault::new(reason)),
                    Act::LogIn => cx.trace.allowance.login()?,
                    Act::BackOff(time) => cx.trace.facts.back_off = Some(time),
                    Act::Panic => panic!("words from the source"),
                    Act::PanicWith(words) => panic!("made of {words}"),
                    Act::Silence(phase) => {
                        cx.trace.enter(phase);
                        std::future::pending::<()>().await;
                    }
                    Act::SilenceDuring(phase, from, to) => {
                        cx.trace.enter(phase);
                        if (from..to).contains(&Instant::now()) {
                            std::future::pending::<()>().await;
                        }
                    }
                }
            }
            Ok(())
        })
    }
}

pub fn settings() -> ProbeSettings {
    let cloud = Cloud::built_in("global").expect("a cloud");
    let tenant = Tenant::new("contoso", cloud, "contoso.example", "client", SecretSource::InMemory(Secret::new("secret")));
    let id = ProbeId { tenant: "contoso".to_owned(), mailbox: Some("box".to_owned()), check: Check::Pop3 };
    let address = Some("box@contoso.example".to_owned());
    ProbeSettings { timeout: TIMEOUT, ..ProbeSettings::new(id, Arc::new(tenant), address) }
}

fn probe(slots: &Slots, acts: &[Act]) -> (Probe, Arc<AtomicUsize>) {
    acting(settings(), slots, acts)
}

/// Returns a probe whose check does `acts`, and the count of its starts.
pub fn acting(settings: ProbeSettings, slots: &Slots, acts: &[Act]) -> (Probe, Arc<AtomicUsize>) {
    let runs = Arc::new(AtomicUsize::new(0));
    let mut probe = Probe::new(settings, slots).expect("a probe");
    probe.conversation = Box::new(Acting { acts: acts.to_vec(), runs: Arc::clone(&runs) });
    (probe, runs)
}

/// Returns means with the runtime's clock, which stands still where a test has paused it.
pub fn means() -> Means {
    let mut means = Means::new(&Network::default()).expect("means");
    means.clock = SteadyClock::new(|| since_the_first_test(Instant::now()));
    means
}

fn since_the_first_test(now: Instant) -> Duration {
    static FIRST: OnceLock<std::time::Instant> = OnceLock::new();
    let real = std::time::Instant::now();
    let first = FIRST.get_or_init(|| real.checked_sub(60 * SECOND).unwrap_or(real)); // before every test's own clock
    now.into_std().saturating_duration_since(*first)
}

fn ended(outcome: &Outcome) -> Option<(Phase, Reason)> {
    outcome.failure().map(|failure| (failure.phase, failure.reason))
}

#[tokio::test(start_paused = true)]
async fn run_has_the_phase_of_its_end_and_phases_that_add_up() {
    use Phase::{Auth, Connect, Dns, Greeting, Mailbox, Proxy, Starttls, Tls, Token};
    let take = |phase, seconds: u32| Act::Take(phase, seconds * SECOND);
    let mut cases = vec![
        (vec![take(Token, 1), take(Dns, 2), take(Mailbox, 3)], None, 6 * SECOND),
        (vec![take(Tls, 2), Act::Stop(Reason::TlsClosed)], Some((Tls, Reason::TlsClosed)), 2 * SECOND),
        (vec![take(Auth, 2), Act::Panic], Some((Auth, Reason::Internal)), 2 * SECOND),
        (vec![Act::Panic], Some((Token, Reason::Internal)), Duration::ZERO),
        (vec![take(Auth, 60)], Some((Auth, Reason::ReplyTimedOut)), TIMEOUT),
    ];
    for (phase, reason) in [
        (Token, Reason::ReplyTimedOut),
        (Dns, Reason::DnsNoAnswer),
        (Connect, Reason::ConnectTimedOut),
        (Proxy, Reason::ProxyTimedOut),
        (Tls, Reason::TlsTimedOut),
        (Greeting, Reason::NoGreeting),
        (Starttls, Reason::ReplyTimedOut),
        (Auth, Reason::ReplyTimedOut),
        (Mailbox, Reason::ReplyTimedOut),
    ] {
        cases.push((vec![take(Dns, 1), Act::Silence(phase)], Some((phase, reason)), TIMEOUT));
    }
    let means = means();
    for (acts, end, took) in cases {
        let outcome = probe(&Slots::default(), &acts).0.run(&means, None).await;
        assert_eq!(ended(&outcome), end, "{acts:?}");
        assert_eq!(outcome.took, took, "{acts:?}");
        assert_eq!(outcome.phases.iter().map(|span| span.took).sum::<Duration>(), outcome.took, "{acts:?}");
    }
}

/// A run of `acts`, in whose middle nothing goes on here for `stall`, as after SIGSTOP: of all timers none fires before its end.
async fn stalled(acts: &[Act], stall: Duration) -> Outcome {
    let (slots, means) = (Slots::default(), means());
    let (probe, _) = probe(&slots, acts);
    let stop = async {
        sleep(50 * SECOND / 1000).await;
        advance(stall).await;
    };
    tokio::join!(probe.run(&means, None), stop).0
}

#[tokio::test(start_paused = true)]
async fn silence_in_a_run_that_stood_still_for_most_of_its_time_is_this_machines() {
    let silent = [Act::Take(Phase::Connect, SECOND), Act::Silence(Phase::Auth)];
    for (stall, reason, of_note) in [
        (240 * SECOND, Reason::MachineTooSlow, true),
        (6 * SECOND, Reason::MachineTooSlow, true),
        (4 * SECOND, Reason::ReplyTimedOut, true),
        (SECOND / 10, Reason::ReplyTimedOut, false),
        (Duration::ZERO, Reason::ReplyTimedOut, false),
    ] {
        let outcome = stalled(&silent, stall).await;
        assert_eq!(outcome.failure().map(|failure| failure.reason), Some(reason), "{stall:?}");
        assert_eq!(outcome.facts.stalled.is_some(), of_note, "{stall:?}");
        assert_eq!((outcome.is_missed(), outcome.is_latency_sample()), (reason == Reason::MachineTooSlow, !of_note));
    }
}

#[tokio::test(start_paused = true)]
async fn refusal_and_success_in_a_run_that_stood_still_stay_what_they_are_and_tell_no_time() {
    let refused = stalled(&[Act::Take(Phase::Auth, SECOND), Act::Stop(Reason::AuthRefused)], 5 * SECOND).await;
    assert_eq!(ended(&refused), Some((Phase::Auth, Reason::AuthRefused)));
    assert!(!refused.is_missed() && !refused.is_latency_sample(), "{refused:?}");
    let worked = stalled(&[Act::Take(Phase::Auth, SECOND)], 5 * SECOND).await;
    assert!(worked.is_ok() && worked.facts.stalled > Some(4 * SECOND), "{worked:?}");
    let hung_up = stalled(&[Act::Take(Phase::Auth, SECOND), Act::Stop(Reason::ConnectionClosed)], 5 * SECOND).await;
    assert_eq!(ended(&hung_up), Some((Phase::Auth, Reason::MachineTooSlow)), "a peer loses patience with who says nothing");
    let at_once = stalled(&[Act::Take(Phase::Auth, SECOND), Act::Stop(Reason::ConnectionClosed)], 2 * SECOND).await;
    assert_eq!(ended(&at_once), Some((Phase::Auth, Reason::ConnectionClosed)), "and not so soon");
}

/// A suspended machine's timers stand still, and its steady clock goes on.
#[tokio::test(start_paused = true)]
async fn hang_up_after_the_machine_slept_is_this_machines() {
    thread_local!(static SLEPT: Cell<Duration> = const { Cell::new(Duration::ZERO) });
    let mut means = means();
    means.clock = SteadyClock::new(|| since_the_first_test(Instant::now()) + SLEPT.get());
    let (slots, acts) = (Slots::default(), [Act::Take(Phase::Auth, SECOND), Act::Stop(Reason::ConnectionClosed)]);
    let (probe, _) = probe(&slots, &acts);
    let sleeping = async {
        sleep(SECOND / 2).await;
        SLEPT.set(3600 * SECOND);
    };
    let (outcome, ()) = tokio::join!(probe.run(&means, None), sleeping);
    assert_eq!(ended(&outcome), Some((Phase::Auth, Reason::MachineTooSlow)), "{outcome:?}");
    let next = probe.run(&means, None).await;
    assert_eq!(ended(&next), Some((Phase::Auth, Reason::ConnectionClosed)), "and the next run is judged by itself");
}

#[tokio::test(start_paused = true)]
async fn run_with_a_limit_is_shortened_and_never_lengthened() {
    let (probe, _) = probe(&Slots::default(), &[Act::Silence(Phase::Auth)]);
    for (limit, took) in [(Some(SECOND), SECOND), (Some(20 * SECOND), TIMEOUT), (None, TIMEOUT)] {
        assert_eq!(probe.run(&means(), limit).await.took, took);
    }
}

#[tokio::test(start_paused = true)]
async fn run_that_panics_shows_a_message_from_the_source_only() {
    for (act, heard) in
        [(Act::Panic, "panicked: words from the source"), (Act::PanicWith("a-secret-token"), "panicked: the log says where")]
    {
        let outcome = probe(&Slots::default(), &[act]).0.run(&means(), None).await;
        let evidence = outcome.failure().expect("a failure").evidence.clone();
        assert_eq!(evidence.heard.as_deref(), Some(heard));
        assert!(!format!("{outcome:?}").contains("a-secret-token"));
    }
}

/// Returns settings of the same mailbox under another label.
fn renamed() -> ProbeSettings {
    let mut renamed = settings();
    (renamed.id.mailbox, renamed.address) = (Some("again".to_owned()), Some("Box@Contoso.example".to_owned()));
    renamed
}

#[tokio::test(start_paused = true)]
async fn run_while_another_holds_the_connection_waits_or_is_busy() {
    let (slots, means) = (Slots::default(), means());
    let (long, _) = probe(&slots, &[Act::Take(Phase::Auth, 11 * SECOND)]);
    let (other, runs) = acting(renamed(), &slots, &[Act::Take(Phase::Auth, SECOND)]);
    let (first, second) = tokio::join!(long.run(&means, None), other.run(&means, None));
    assert_eq!(ended(&first), Some((Phase::Auth, Reason::ReplyTimedOut)));
    assert!(matches!(second.verdict, Verdict::Skipped(SkipReason::Busy)), "{second:?}");
    assert_eq!((second.took, runs.load(Ordering::Relaxed)), (Duration::ZERO, 0));

    let (short, _) = probe(&slots, &[Act::Take(Phase::Auth, 4 * SECOND)]);
    let (first, second) = tokio::join!(short.run(&means, None), other.run(&means, None));
    assert!(first.is_ok() && second.is_ok(), "who waits not too long has its turn");
    assert_eq!(second.took, SECOND, "and the wait is not measured");
}

#[tokio::test(start_paused = true)]
async fn run_during_a_run_of_the_same_probe_shares_its_outcome() {
    let (slots, means) = (Slots::default(), means());
    let (probe, runs) = probe(&slots, &[Act::Take(Phase::Auth, 9 * SECOND), Act::Stop(Reason::AuthRefused)]);
    let later = async {
        sleep(SECOND).await;
        probe.run(&means, None).await
    };
    let (first, second, third) = tokio::join!(probe.run(&means, None), later, probe.run(&means, None));
    for outcome in [&first, &second, &third] {
        assert_eq!((ended(outcome), outcome.took), (Some((Phase::Auth, Reason::AuthRefused)), 9 * SECOND));
    }
    assert_eq!(runs.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn run_does_not_share_the_failure_of_a_shorter_run() {
    let (slots, means) = (Slots::default(), means());
    let (probe, runs) = probe(&slots, &[Act::Take(Phase::Auth, 3 * SECOND)]);
    let (hurried, patient) = tokio::join!(probe.run(&means, Some(2 * SECOND)), probe.run(&means, None));
    assert_eq!(ended(&hurried), Some((Phase::Auth, Reason::ReplyTimedOut)));
    assert!(patient.is_ok(), "{patient:?}");
    assert_eq!(runs.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn run_during_a_back_off_is_skipped_until_it_ends() {
    let slots = Slots::default();
    let means = means();
    let throttled = [Act::Take(Phase::Auth, SECOND), Act::BackOff(60 * SECOND), Act::Stop(Reason::Throttled)];
    let (throttled, _) = probe(&slots, &throttled);
    // Who waits for the connection while the server asks for peace obeys too.
    let (waiting, runs) = acting(renamed(), &slots, &[]);
    let (first, second) = tokio::join!(throttled.run(&means, None), waiting.run(&means, None));
    assert_eq!(ended(&first), Some((Phase::Auth, Reason::Throttled)));
    let back_off = |outcome: &Outcome| match &outcome.verdict {
        Verdict::Skipped(SkipReason::BackOff { because, .. }) => Some(*because),
        _ => None,
    };
    assert_eq!((back_off(&second), runs.load(Ordering::Relaxed)), (Some(Reason::Throttled), 0));
    // After a reload too: the slots outlive the probes.
    drop(waiting);
    let (reloaded, runs) = probe(&slots, &[]);
    advance(59 * SECOND).await;
    assert_eq!(back_off(&reloaded.run(&means, None).await), Some(Reason::Throttled));
    advance(SECOND).await;
    assert!(reloaded.run(&means, None).await.is_ok());
    assert_eq!(runs.load(Ordering::Relaxed), 1);
    // A run that succeeds asks for nothing, whatever it heard before.
    let (happy, _) = probe(&slots, &[Act::BackOff(60 * SECOND)]);
    assert!(happy.run(&means, None).await.is_ok() && happy.run(&means, None).await.is_ok());
    // Forgotten probes are forgotten whole.
    assert_eq!(ended(&throttled.run(&means, None).await), Some((Phase::Auth, Reason::Throttled)));
    slots.sweep();
    let (kept, _) = probe(&slots, &[]);
    assert_eq!(back_off(&kept.run(&means, None).await), Some(Reason::Throttled), "what a probe still has is kept");
    drop((throttled, reloaded, happy, kept));
    slots.sweep();
    let (again, _) = probe(&slots, &[]);
    assert!(again.run(&means, None).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn run_beyond_the_ceiling_is_ceiling_reached_and_changes_nothing_else() {
    let (slots, means) = (Slots::default(), means());
    let (probe, _) = probe(&slots, &[Act::LogIn, Act::Take(Phase::Auth, SECOND), Act::Stop(Reason::AuthRefused)]);
    slots.set_ceilings(Ceilings { logins_per_hour: Some(2), ..Ceilings::default() }, [&*probe.settings].into_iter());
    let requested = probe.run_on_request(&means, TIMEOUT).await;
    assert_eq!(ended(&requested), Some((Phase::Token, Reason::CeilingReached)), "the schedule needs them all");
    for _ in 0..2 {
        assert_eq!(ended(&probe.run(&means, None).await), Some((Phase::Auth, Reason::AuthRefused)));
    }
    let latest = probe.latest_run().expect("a run").ended;
    let refused = probe.run(&means, None).await;
    assert_eq!((ended(&refused), refused.is_no_result()), (Some((Phase::Token, Reason::CeilingReached)), true));
    assert_eq!((probe.refusals(), probe.latest_run().expect("a run").ended), (2, latest));
    advance(Duration::from_secs(65 * 60)).await;
    assert_eq!(ended(&probe.run(&means, None).await), Some((Phase::Auth, Reason::AuthRefused)));
}

#[tokio::test(start_paused = true)]
async fn scheduled_run_that_fails_before_the_login_is_not_counted() {
    let (slots, means) = (Slots::default(), means());
    let (probe, _) = probe(&slots, &[Act::LogIn, Act::Take(Phase::Connect, SECOND), Act::Stop(Reason::ConnectRefused)]);
    slots.set_ceilings(Ceilings { logins_per_hour: Some(80), ..Ceilings::default() }, [&*probe.settings].into_iter());
    let used = || probe.accounts.mailbox.as_ref().expect("a mailbox").usage().used;
    for _ in 0..100 {
        assert_eq!(ended(&probe.run(&means, None).await), Some((Phase::Connect, Reason::ConnectRefused)));
    }
    assert_eq!(used(), 0);
    for _ in 0..20 {
        probe.run_on_request(&means, TIMEOUT).await;
    }
    assert_eq!(used(), 14, "a client's count, and the schedule needs 66");
}

#[tokio::test(start_paused = true)]
async fn run_that_waits_does_not_share_the_refusal_of_a_client() {
    let (slots, means) = (Slots::default(), means());
    let (probe, runs) = probe(&slots, &[Act::Take(Phase::Token, SECOND), Act::LogIn, Act::Take(Phase::Auth, SECOND)]);
    slots.set_ceilings(Ceilings { logins_per_hour: Some(1), ..Ceilings::default() }, [&*probe.settings].into_iter());
    let (requested, scheduled) = tokio::join!(probe.run_on_request(&means, TIMEOUT), probe.run(&means, None));
    assert_eq!(ended(&requested), Some((Phase::Token, Reason::CeilingReached)));
    assert!(scheduled.is_ok(), "{scheduled:?}");
    assert_eq!(runs.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn mailbox_is_one_account_under_two_names_and_after_a_reload() {
    let (slots, means) = (Slots::default(), means());
    let acts = [Act::LogIn, Act::Take(Phase::Auth, SECOND)];
    let (one, other) = (acting(settings(), &slots, &acts).0, acting(renamed(), &slots, &acts).0);
    one.run(&means, None).await;
    other.run(&means, None).await;
    drop((one, other));
    slots.sweep();
    let used = |slots: &Slots| probe(slots, &[]).0.accounts.mailbox.expect("a mailbox").usage().used;
    assert_eq!((used(&slots), used(&slots.anew())), (2, 2));
    advance(Duration::from_secs(65 * 60)).await;
    slots.sweep();
    assert_eq!(used(&slots), 0);
}
