//! Tests of fairness: hundreds of probes of which some hang, with tokio's paused clock, and the late runs of the others.

use std::collections::HashMap;
use std::time::UNIX_EPOCH;

use super::*;

const SECOND: Duration = Duration::from_secs(1);
/// The default timeout.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The lag from which on a run is late.
const LATE: Duration = Duration::from_secs(5);

/// Probes in the making: what they are, and how their runs go.
#[derive(Default)]
struct Installation {
    slots: Slots,
    probes: Vec<Arc<Probe>>,
}

impl Installation {
    /// Adds `mailboxes` of a tenant, each with `checks` at the default interval and timeout, whose runs do `acts`.
    fn add(&mut self, tenant: &str, mailboxes: u32, checks: &[Check], acts: &[Act]) {
        let ours = settings();
        let ours = Arc::new(Tenant { name: tenant.to_owned(), ..(*ours.tenant).clone() });
        for mailbox in (0..mailboxes).map(|number| format!("mailbox{number}")) {
            for check in checks {
                let id = ProbeId { tenant: tenant.to_owned(), mailbox: Some(mailbox.clone()), check: *check };
                let settings = ProbeSettings {
                    timeout: TIMEOUT,
                    ..ProbeSettings::new(id, Arc::clone(&ours), Some(format!("{mailbox}@{tenant}.example")))
                };
                self.probes.push(Arc::new(acting(settings, &self.slots, acts).0));
            }
        }
    }

    /// Runs all of it for `minutes`.
    async fn run(self, minutes: u32) -> Observed {
        let (sender, mut outcomes) = mpsc::channel(1000);
        let pulse = Arc::new(Pulse::default());
        let begun = Instant::now();
        let means = Arc::new(means());
        let mut schedule = Schedule::new(&means, &sender, &pulse);
        schedule.adopt_at(&self.probes, Settings::IN_FLIGHT, &means, FIRST_ROUND, UNIX_EPOCH);
        let mut ended: HashMap<ProbeId, Vec<Duration>> = HashMap::new();
        let mut most_in_flight = 0;
        while let Ok(Some(outcome)) = tokio::time::timeout_at(begun + minutes * MINUTE, outcomes.recv()).await {
            most_in_flight = most_in_flight.max(pulse.in_flight());
            if !outcome.is_skipped() {
                ended.entry(outcome.probe.clone()).or_default().push(begun.elapsed().saturating_sub(outcome.took));
            }
        }
        Observed { probes: self.probes, began: ended, minutes, most_in_flight, pulse }
    }
}

/// The runs that took place.
struct Observed {
    probes: Vec<Arc<Probe>>,
    /// The times at which the runs of each probe began, counted from the start.
    began: HashMap<ProbeId, Vec<Duration>>,
    minutes: u32,
    most_in_flight: usize,
    pulse: Arc<Pulse>,
}

impl Observed {
    /// Returns the late runs among those due between two minutes, of the probes that `which` selects, and the number of runs
    /// due. A run that never was is late.
    fn late(&self, which: impl Fn(&ProbeId) -> bool, minutes: Range<u32>) -> (usize, usize) {
        let (mut late, mut due_count) = (0, 0);
        for probe in self.probes.iter().filter(|probe| which(probe.id())) {
            let Timetable { first, second } = Timetable::new(probe.id(), MINUTE, Duration::ZERO..FIRST_ROUND, UNIX_EPOCH);
            let began = self.began.get(probe.id()).map_or(&[][..], Vec::as_slice);
            let turns = std::iter::once(first).chain((0..self.minutes).map(|round| second + round * MINUTE));
            let last = (self.minutes * MINUTE).saturating_sub(LATE + 2 * SECOND); // whose end is seen
            for due in turns.filter(|due| (minutes.start * MINUTE..last.min(minutes.end * MINUTE)).contains(due)) {
                due_count += 1;
                late += usize::from(!began.iter().any(|began| (due..=due + LATE).contains(began)));
            }
        }
        (late, due_count)
    }

    #[track_caller]
    fn assert_on_time(&self, which: impl Fn(&ProbeId) -> bool) {
        let (late, due) = self.late(which, 0..self.minutes);
        assert!(due > 0 && late * 20 <= due, "{late} of {due} runs are late");
    }
}

/// A run that goes well and takes a second.
const GOOD: &[Act] = &[Act::Take(Phase::Auth, SECOND)];
/// A run that hangs.
const HANGING: &[Act] = &[Act::Silence(Phase::Greeting)];

#[tokio::test(start_paused = true)]
async fn protocol_that_hangs_does_not_delay_the_other_protocols_of_its_tenant() {
    let mut installation = Installation::default();
    installation.add("contoso", 300, &[Check::Pop3], HANGING);
    installation.add("contoso", 300, &[Check::Imap, Check::Smtp], GOOD);
    let observed = installation.run(20).await;
    observed.assert_on_time(|id| id.check != Check::Pop3);
    assert!(observed.pulse.late(LagCause::Endpoint) > 1000, "who waits for it does so for its sake");
    assert_eq!(observed.pulse.late(LagCause::Machine), 0);
}

#[tokio::test(start_paused = true)]
async fn tenant_that_hangs_does_not_delay_other_tenants_at_the_same_endpoints() {
    let mut installation = Installation::default();
    installation.add("hangs", 300, &[Check::Pop3, Check::Imap], HANGING);
    installation.add("large", 300, &[Check::Pop3, Check::Imap], GOOD);
    installation.add("small", 2, &[Check::Pop3, Check::Imap], GOOD);
    let observed = installation.run(12).await;
    for tenant in ["large", "small"] {
        observed.assert_on_time(|id| id.tenant == tenant);
    }
}

#[tokio::test(start_paused = true)]
async fn tenant_with_one_hanging_protocol_keeps_its_others() {
    let mut installation = Installation::default();
    installation.add("half", 300, &[Check::Pop3], HANGING);
    installation.add("half", 300, &[Check::Imap], GOOD);
    installation.add("large", 300, &[Check::Pop3, Check::Imap], GOOD);
    let observed = installation.run(12).await;
    observed.assert_on_time(|id| id.tenant == "large" || id.check == Check::Imap);
}

#[tokio::test(start_paused = true)]
async fn many_tenants_that_hang_do_not_delay_the_one_that_does_not() {
    let mut installation = Installation::default();
    for number in 0..60 {
        installation.add(&format!("hangs{number}"), 5, &[Check::Pop3, Check::Imap], HANGING);
    }
    installation.add("healthy", 20, &[Check::Pop3, Check::Imap], GOOD);
    let observed = installation.run(12).await;
    let healthy = |id: &ProbeId| id.tenant == "healthy";
    // Nobody knows yet which of them hang: the first time they all ask at once.
    let (late, due) = observed.late(healthy, 3..12);
    assert!(late * 20 <= due, "{late} of {due} runs are late");
}

#[tokio::test(start_paused = true)]
async fn endpoint_that_begins_to_hang_is_asked_by_few_until_it_answers() {
    let mut installation = Installation::default();
    let (from, to) = (Instant::now() + 3 * MINUTE, Instant::now() + 9 * MINUTE);
    let hanging = [Act::SilenceDuring(Phase::Greeting, from, to), Act::Take(Phase::Auth, SECOND)];
    installation.add("contoso", 300, &[Check::Pop3], &hanging);
    installation.add("contoso", 300, &[Check::Imap, Check::Smtp], GOOD);
    let observed = installation.run(13).await;
    let pop3 = |id: &ProbeId| id.check == Check::Pop3;
    observed.assert_on_time(|id| !pop3(id));
    assert_eq!(observed.late(pop3, 1..3).0, 0);
    assert_eq!(observed.late(pop3, 11..13).0, 0, "its backlog is worked off within two minutes");
    let asked = |from: u32, to: u32| {
        let began = observed.began.iter().filter(|(id, _)| pop3(id)).flat_map(|(_, began)| began);
        began.filter(|began| (from * MINUTE..to * MINUTE).contains(*began)).count()
    };
    let (first, then) = (asked(3, 4), asked(5, 9));
    assert!(first <= 2 * 64 && then <= (4 * 2 + 1) * 4, "{first} in the first minute, {then} in the four after the next");
}

/// 1,500 runs of 2 s in a minute take 50 places. The first round, in ten seconds, is worked off in some minutes.
#[tokio::test(start_paused = true)]
async fn lone_tenant_with_a_single_protocol_has_all_places() {
    let mut installation = Installation::default();
    installation.add("contoso", 1500, &[Check::Pop3], &[Act::Take(Phase::Auth, 2 * SECOND)]);
    let observed = installation.run(12).await;
    assert_eq!(observed.most_in_flight, 64);
    assert_eq!(observed.late(|_| true, 8..12).0, 0);
}

/// 3 x 330 runs of 3 s in a minute take 50 places, 17 for each protocol.
#[tokio::test(start_paused = true)]
async fn lone_tenant_with_several_protocols_takes_more_than_a_quarter_for_each() {
    let mut installation = Installation::default();
    installation.add("contoso", 330, &[Check::Pop3, Check::Imap, Check::Smtp], &[Act::Take(Phase::Auth, 3 * SECOND)]);
    assert_eq!(installation.run(12).await.late(|_| true, 8..12).0, 0);
}

/// More than there are places for: the large tenant's runs are late, the small one's are not.
#[tokio::test(start_paused = true)]
async fn tenant_that_asks_for_too_much_waits_for_itself_alone() {
    let mut installation = Installation::default();
    installation.add("large", 2000, &[Check::Pop3], &[Act::Take(Phase::Auth, 3 * SECOND)]);
    installation.add("small", 50, &[Check::Pop3], GOOD);
    let observed = installation.run(10).await;
    observed.assert_on_time(|id| id.tenant == "small");
    let large = observed.late(|id| id.tenant == "large", 0..10);
    assert!(large.0 * 2 > large.1, "{large:?}");
    let least = observed.began.iter().filter(|(id, _)| id.tenant == "large").map(|(_, began)| began.len()).min();
    assert!(least >= Some(4), "every probe has its turns: {least:?}");
    assert!(observed.pulse.late(LagCause::Queue) > 0);
    assert_eq!(observed.pulse.late(LagCause::Endpoint) + observed.pulse.late(LagCause::Machine), 0);
}
