//! Schedules that adopt other probes, as at a reload.

use std::time::UNIX_EPOCH;

use super::*;
use crate::levels::Limits;

const SECOND: Duration = Duration::from_secs(1);

impl Scheduled {
    /// Adopts probes at a time of day that is always the same, so that offsets in intervals are.
    fn adopt(&mut self, probes: &[Arc<Probe>]) {
        self.schedule.adopt_at(probes, Settings::IN_FLIGHT, &Arc::new(means()), FIRST_ROUND, UNIX_EPOCH);
    }
}

/// Adopts, ten times a second for a minute, the probes that `probes` returns for the number of the reload, and returns the
/// milliseconds after which each run of `watched` ended.
async fn ends(watched: &[ProbeId], probes: impl Fn(u32) -> Vec<Arc<Probe>>) -> Vec<(ProbeId, u128)> {
    let (mut scheduled, begun) = (start(&[]), Instant::now());
    let mut ends = Vec::new();
    for reload in 1..=600 {
        scheduled.adopt(&probes(reload));
        while let Ok(Some(outcome)) = tokio::time::timeout_at(begun + reload * SECOND / 10, scheduled.outcomes.recv()).await {
            if watched.contains(&outcome.probe) {
                assert!(!outcome.is_skipped(), "{outcome:?}");
                ends.push((outcome.probe, begun.elapsed().as_millis()));
            }
        }
    }
    ends.sort();
    ends
}

fn count(ends: &[(ProbeId, u128)], probe: &ProbeId) -> usize {
    ends.iter().filter(|(ended, _)| ended == probe).count()
}

#[tokio::test(start_paused = true)]
async fn probes_run_on_time_over_ten_reloads_a_second_that_change_others() {
    let watched = [1, 2, 3].map(id);
    let kept = || [probe(1, 2 * SECOND, SECOND / 20), probe(2, 5 * SECOND, 3 * SECOND), probe(3, 20 * SECOND, 15 * SECOND)];
    let only = kept();
    let undisturbed = ends(&watched, |_| only.to_vec()).await;
    let counts = watched.each_ref().map(|probe| count(&undisturbed, probe));
    assert!(counts >= [29, 11, 2], "{counts:?}");
    let beside = kept();
    let others = |reload| [probe(10 + reload, MINUTE, SECOND), probe(4, MINUTE, 20 * SECOND)];
    let reloaded = ends(&watched, |reload| [&others(reload)[..], &beside].concat()).await;
    assert_eq!(reloaded, undisturbed);
}

#[tokio::test(start_paused = true)]
async fn probe_that_each_reload_changes_runs_when_it_was_due() {
    let watched = [id(1)];
    let changing = |reload: u32| vec![probe(1, 2 * SECOND, Duration::from_millis(1 + u64::from(reload % 50)))];
    let ends = ends(&watched, changing).await;
    assert!(ends.len() >= 28, "{ends:?}");
}

#[tokio::test(start_paused = true)]
async fn probe_that_is_new_or_changed_begins_and_one_that_is_gone_ends() {
    let hour = 60 * MINUTE;
    let (kept, gone, changed) = (probe(1, hour, SECOND), probe(2, hour, hour), probe(3, hour, hour));
    let mut scheduled = start(&[Arc::clone(&kept), gone, changed]);
    assert_eq!(scheduled.count(FIRST_ROUND + 2 * SECOND).await, (1, 0));
    assert_eq!(scheduled.pulse.in_flight(), 2);
    scheduled.adopt(&[kept, probe(3, hour, SECOND), probe(4, hour, SECOND)]);
    assert_eq!(scheduled.count(FIRST_ROUND + 2 * SECOND).await, (2, 0), "the one that is kept has run already");
    assert_eq!(scheduled.pulse.in_flight(), 0, "the others are broken off");
    scheduled.adopt(&[]);
    assert_eq!(scheduled.count(2 * hour).await, (0, 0));
}

#[tokio::test(start_paused = true)]
async fn run_goes_on_when_the_limits_or_the_means_are_others() {
    let (slots, hour) = (Slots::default(), 60 * MINUTE);
    let acts = [Act::Take(Phase::Auth, MINUTE)];
    let settings = ProbeSettings { id: id(1), interval: hour, timeout: hour, ..settings() };
    let limits = Limits::parse(&["messages=2".to_owned()], &[]).expect("limits");
    let other_limits = ProbeSettings { limits, ..settings.clone() };
    let [one, other] = [settings, other_limits].map(|settings| Arc::new(acting(settings, &slots, &acts).0));
    let mut scheduled = start(&[one]);
    scheduled.count(FIRST_ROUND).await;
    scheduled.adopt(&[other]);
    assert_eq!(scheduled.pulse.in_flight(), 1);
    assert_eq!(scheduled.count(MINUTE).await, (1, 0), "as if nothing had happened");
}
