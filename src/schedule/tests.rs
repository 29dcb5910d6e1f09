//! Tests of timetables as arithmetic, and of runners with tokio's paused clock.

use crate::credential::SecretSource;
use crate::kind::Check;
use crate::outcome::{Phase, ProbeId, SkipReason, Verdict};
use crate::probe::Slots;
use crate::probe::tests::{Act, acting, means, settings};
use crate::reason::Reason;
use crate::settings::{ProbeSettings, Settings, Tenant};

use super::timetable::fnv;
use super::*;

mod adoption;
mod fairness;

fn id(number: u32) -> ProbeId {
    ProbeId { tenant: "contoso".into(), mailbox: Some(format!("mailbox{number}")), check: Check::Pop3 }
}

const MINUTE: Duration = Duration::from_secs(60);
const FIRST_ROUND: Duration = Duration::from_secs(10);

#[test]
fn fnv_gives_the_published_hashes() {
    assert_eq!(fnv(b""), 0xcbf2_9ce4_8422_2325);
    assert_eq!(fnv(b"a"), 0xaf63_dc4c_8601_ec8c);
    assert_eq!(fnv(b"foobar"), 0x8594_4171_f739_67e8);
}

/// Ten thousand mailboxes with three checks wait at the same time.
#[tokio::test]
async fn probe_that_waits_for_its_turn_takes_less_than_a_kilobyte() {
    let (probe, _runs) = acting(settings(), &Slots::default(), &[]);
    let schedule = Schedule::new(&Arc::new(means()), &mpsc::channel(1).0, &Arc::default());
    let lanes = schedule.shared.places.adopt(Settings::IN_FLIGHT, [("contoso", String::new())]);
    let tenant = Arc::new(TenantWatch::new(Arc::clone(&probe.settings.tenant)));
    let runner = Runner::new(Arc::new(probe), lanes[0], tenant, Arc::clone(&schedule.shared), Instant::now());
    let waiting = Arc::new(runner).run(Instant::now());
    assert!(size_of_val(&waiting) < 1024, "{} bytes", size_of_val(&waiting));
}

#[test]
fn offset_in_the_interval_is_the_same_after_a_restart() {
    let noon = SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000);
    let offset = |now: SystemTime| {
        let due = now + Timetable::new(&id(7), MINUTE, Duration::ZERO..FIRST_ROUND, now).second;
        due.duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_nanos() % MINUTE.as_nanos()
    };
    assert_eq!(offset(noon), offset(noon + Duration::from_millis(12_345)));
}

#[test]
fn first_run_is_early_and_second_run_half_an_interval_later() {
    for number in 0..1000 {
        let now = SystemTime::UNIX_EPOCH + Duration::from_millis(1_790_000_000_123 + u64::from(number) * 77);
        for interval in [Duration::from_secs(1), MINUTE, 5 * MINUTE] {
            let Timetable { first, second } = Timetable::new(&id(number), interval, Duration::ZERO..FIRST_ROUND, now);
            assert!(first < FIRST_ROUND.min(interval), "{first:?}");
            let gap = second.saturating_sub(first);
            assert!(gap >= interval / 2 && gap <= interval * 3 / 2, "{interval:?}: {gap:?}");
        }
    }
}

#[test]
fn first_run_of_a_mailbox_that_must_stay_closed_comes_behind_those_of_all_others() {
    let timetable = |expect| {
        let settings = ProbeSettings { expect, ..settings() };
        Timetable::new(&settings.id, MINUTE, first_round_of(&settings, FIRST_ROUND), SystemTime::UNIX_EPOCH)
    };
    let (opened, denied) = (timetable(Expectation::Opened), timetable(Expectation::Denied));
    assert!(opened.first < FIRST_ROUND, "{opened:?}");
    assert_eq!(denied.first, opened.first + FIRST_ROUND);
    assert!(denied.second >= denied.first + MINUTE / 2, "{denied:?}");
}

#[test]
fn offsets_of_many_probes_spread_over_the_interval() {
    let mut tenths = [0; 10];
    for number in 0..1000 {
        let second = Timetable::new(&id(number), MINUTE, Duration::ZERO..FIRST_ROUND, SystemTime::UNIX_EPOCH).second;
        tenths[usize::try_from(second.as_millis() % 60_000 / 6000).expect("small")] += 1;
    }
    assert!(tenths.iter().all(|count| (60..140).contains(count)), "{tenths:?}");
}

/// Creates a probe of a mailbox of its own, whose runs take `time`.
fn probe(number: u32, interval: Duration, time: Duration) -> Arc<Probe> {
    let settings = ProbeSettings { id: id(number), interval, timeout: 100 * MINUTE, ..settings() };
    Arc::new(acting(settings, &Slots::default(), &[Act::Take(Phase::Auth, time)]).0)
}

struct Scheduled {
    schedule: Schedule,
    outcomes: mpsc::Receiver<Outcome>,
    pulse: Arc<Pulse>,
}

fn start(probes: &[Arc<Probe>]) -> Scheduled {
    let (sender, outcomes) = mpsc::channel(1000);
    let pulse = Arc::new(Pulse::default());
    let means = Arc::new(means());
    let mut schedule = Schedule::new(&means, &sender, &pulse);
    schedule.adopt(probes, Settings::IN_FLIGHT, &means, FIRST_ROUND);
    Scheduled { schedule, outcomes, pulse }
}

impl Scheduled {
    /// Counts the outcomes that come within `time`: run and missed.
    async fn count(&mut self, time: Duration) -> (usize, usize) {
        let end = Instant::now() + time;
        let (mut run, mut missed) = (0, 0);
        while let Ok(Some(outcome)) = tokio::time::timeout_at(end, self.outcomes.recv()).await {
            match outcome.verdict {
                Verdict::Skipped(SkipReason::Missed) => missed += 1,
                _ => run += 1,
            }
        }
        (run, missed)
    }
}

#[tokio::test(start_paused = true)]
async fn a_probe_runs_once_in_each_interval() {
    let mut scheduled = start(&[probe(1, MINUTE, Duration::from_secs(1))]);
    scheduled.count(2 * MINUTE).await;
    assert_eq!(scheduled.count(10 * MINUTE).await, (10, 0));
}

/// A run of two and a half intervals: one run at a time, and each turn that it delayed beyond the next is an outcome.
#[tokio::test(start_paused = true)]
async fn missed_runs_are_reported_as_skipped() {
    let mut scheduled = start(&[probe(1, MINUTE, 150 * Duration::from_secs(1))]);
    scheduled.count(20 * MINUTE).await;
    let (run, missed) = scheduled.count(60 * MINUTE).await;
    assert_eq!(run + missed, 60, "every turn has its record");
    assert!((23..=25).contains(&run), "{run} of 60 minutes at 2.5 each");
}

#[tokio::test(start_paused = true)]
async fn at_most_64_runs_are_in_flight() {
    let probes: Vec<_> = (0..200).map(|number| probe(number, 100 * MINUTE, MINUTE)).collect();
    let mut scheduled = start(&probes);
    scheduled.count(Duration::from_secs(30)).await;
    assert_eq!(scheduled.pulse.in_flight(), 64);
    assert_eq!(scheduled.count(5 * MINUTE).await.0, 200, "the others have their turn after them");
    assert_eq!(scheduled.pulse.in_flight(), 0);
    assert!(scheduled.pulse.lag().of(LagCause::Queue) > MINUTE, "the lag is that of the last runs to start");
}

#[tokio::test(start_paused = true)]
async fn schedule_ends_with_its_receiver_and_when_dropped() {
    let Scheduled { mut schedule, outcomes, pulse } = start(&[probe(1, MINUTE, MINUTE), probe(2, 100 * MINUTE, MINUTE)]);
    tokio::time::sleep(20 * Duration::from_secs(1)).await;
    assert_eq!(pulse.in_flight(), 2);
    drop(outcomes);
    let began = Instant::now();
    while schedule.tasks.join_next().await.is_some() {}
    assert!(began.elapsed() <= MINUTE, "a run under way is the last");

    let Scheduled { schedule, outcomes: _outcomes, pulse } = start(&[probe(1, MINUTE, MINUTE)]);
    tokio::time::sleep(20 * Duration::from_secs(1)).await;
    drop(schedule);
    tokio::task::yield_now().await;
    assert_eq!(pulse.in_flight(), 0);
}

/// The watchdog counts on turns that are over and recorded, not on runs that have begun.
#[tokio::test(start_paused = true)]
async fn idle_is_the_time_since_the_last_run_ended() {
    let mut scheduled = start(&[probe(1, MINUTE, Duration::from_secs(1))]);
    for _ in 0..5 {
        scheduled.count(MINUTE).await;
        assert!(scheduled.pulse.idle() <= 2 * MINUTE, "{:?}", scheduled.pulse.idle());
    }
    drop(scheduled.schedule);
    let before = scheduled.pulse.idle();
    tokio::time::advance(10 * MINUTE).await;
    assert_eq!(scheduled.pulse.idle(), before + 10 * MINUTE);
}

/// Runs `probe` for an hour, and returns the minutes between its runs.
async fn gaps(probe: &Arc<Probe>) -> Vec<u64> {
    let mut scheduled = start(std::slice::from_ref(probe));
    let end = Instant::now() + 60 * MINUTE;
    let mut times = Vec::new();
    while let Ok(Some(_)) = tokio::time::timeout_at(end, scheduled.outcomes.recv()).await {
        times.push(Instant::now());
    }
    times.windows(2).skip(1).map(|pair| (pair[1] - pair[0]).as_secs().div_ceil(60)).collect()
}

fn probe_that_ends(acts: &[Act]) -> Arc<Probe> {
    let settings = ProbeSettings { id: id(1), interval: MINUTE, ..settings() };
    Arc::new(acting(settings, &Slots::default(), acts).0)
}

#[tokio::test(start_paused = true)]
async fn interval_is_lengthened_to_ten_minutes_by_refusals_for_good_only() {
    let refused = gaps(&probe_that_ends(&[Act::Stop(Reason::AuthRefused)])).await;
    assert_eq!(refused, [1, 2, 4, 8, 10, 10, 10, 10]);
    for reason in [Reason::ConnectTimedOut, Reason::Throttled, Reason::SecretUnreadable] {
        let gaps = gaps(&probe_that_ends(&[Act::Stop(reason)])).await;
        assert!(gaps.len() >= 58 && gaps.iter().all(|gap| *gap == 1), "{reason}: {gaps:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn interval_in_force_is_told_with_each_outcome() {
    let mut scheduled = start(&[probe_that_ends(&[Act::Stop(Reason::AuthRefused)])]);
    let mut told = Vec::new();
    while told.len() < 7 {
        told.push(scheduled.outcomes.recv().await.expect("an outcome").interval.map_or(0, |interval| interval.as_secs()));
    }
    assert_eq!(told, [0, 0, 120, 240, 480, 600, 600]);
}

#[tokio::test(start_paused = true)]
async fn refused_probe_runs_at_once_when_something_has_changed() {
    let probe = probe_that_ends(&[Act::Stop(Reason::AuthRefused)]);
    let mut scheduled = start(std::slice::from_ref(&probe));
    scheduled.count(40 * MINUTE).await;
    assert_eq!(probe.interval(), 10 * MINUTE);
    probe.hurry();
    let soon = Duration::from_secs(1);
    assert_eq!(scheduled.count(soon).await, (1, 0));
    assert_eq!(probe.interval(), MINUTE);
    let (runs, _) = scheduled.count(100 * soon).await;
    assert!((1..=2).contains(&runs), "and then at its own rhythm");
}

#[tokio::test(start_paused = true)]
async fn refused_probe_runs_at_once_when_the_credential_file_is_another() {
    let file = std::env::temp_dir().join(format!("m365-probe-schedule-{}.secret", std::process::id()));
    std::fs::write(&file, "old").expect("written");
    let ours = settings();
    let tenant = Tenant { credential: SecretSource::File(file.clone()).into(), ..(*ours.tenant).clone() };
    let ours = ProbeSettings { id: id(1), interval: MINUTE, tenant: Arc::new(tenant), ..ours };
    let probe = Arc::new(acting(ours, &Slots::default(), &[Act::Stop(Reason::ClientSecretExpired)]).0);
    let mut scheduled = start(std::slice::from_ref(&probe));
    scheduled.count(40 * MINUTE).await;
    assert_eq!(probe.interval(), 10 * MINUTE);
    std::fs::write(&file, "a newer secret").expect("written");
    assert_eq!(scheduled.count(Duration::from_secs(30)).await, (1, 0));
    std::fs::remove_file(&file).expect("removed");
}
