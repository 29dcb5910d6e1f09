//! Tests of places given and taken back, without probes.

use futures_util::FutureExt as _;

use super::*;

fn places(limit: usize, probes: &[(&'static str, &str)]) -> (Arc<Places>, Vec<Lane>) {
    let places = Arc::default();
    let lanes = adopt(&places, limit, probes);
    (places, lanes)
}

fn adopt(places: &Arc<Places>, limit: usize, probes: &[(&'static str, &str)]) -> Vec<Lane> {
    let limit = NonZeroUsize::new(limit).expect("more than none");
    places.adopt(limit, probes.iter().map(|(tenant, endpoint)| (*tenant, (*endpoint).to_owned())))
}

/// Takes as many places in `lane` as it may have now.
fn take_all(places: &Arc<Places>, lane: Lane) -> Vec<Place> {
    std::iter::from_fn(|| places.acquire(lane).now_or_never()).collect()
}

/// `count` probes of a tenant at an endpoint.
fn many(tenant: &'static str, endpoint: &'static str, count: usize) -> Vec<(&'static str, &'static str)> {
    vec![(tenant, endpoint); count]
}

#[test]
fn lane_takes_what_is_free_but_for_what_the_others_lack_of_their_own() {
    for (others, expected) in [
        (vec![], 64),
        (many("a", "imap", 3), 61),
        (many("a", "imap", 300), 48),
        (many("b", "pop3", 300), 48),
        (many("b", "imap", 300), 48),
        ([many("a", "imap", 300), many("b", "pop3", 300)].concat(), 40),
    ] {
        let (places, lanes) = places(64, &[many("a", "pop3", 300), others.clone()].concat());
        assert_eq!(take_all(&places, lanes[0]).len(), expected, "{} others", others.len());
    }
}

#[test]
fn fewest_places_are_served_first_then_longest_ago_then_first_come() {
    let (places, lanes) = places(1, &[("a", "pop3"), ("a", "pop3"), ("a", "imap"), ("b", "pop3")]);
    let held = places.acquire(lanes[0]).now_or_never().expect("free");
    let mut waiting: Vec<_> = lanes.iter().map(|lane| Box::pin(places.acquire(*lane))).collect();
    for place in &mut waiting {
        assert!(place.as_mut().now_or_never().is_none());
    }
    drop(held);
    let mut order = Vec::new();
    while order.len() < lanes.len() {
        for (number, waiting) in waiting.iter_mut().enumerate().filter(|(number, _)| !order.contains(number)).collect::<Vec<_>>()
        {
            if let Some(place) = waiting.as_mut().now_or_never() {
                order.push(number);
                drop(place);
                break;
            }
        }
    }
    assert_eq!(order, [3, 2, 0, 1]);
}

/// Lets `runs` runs of `lane` end without an answer.
fn leave_unanswered(places: &Arc<Places>, lane: Lane, runs: u32) {
    for _ in 0..runs {
        places.acquire(lane).now_or_never().expect("free").end(Some(Answer::Missing));
    }
}

#[test]
fn several_busy_endpoints_have_all_places_together() {
    let probes = [many("a", "pop3", 300), many("a", "imap", 300), many("a", "smtp", 300)].concat();
    let (places, lanes) = places(64, &probes);
    let mut held = Vec::new();
    while let Some(place) = (0..3).find_map(|number| places.acquire(lanes[(held.len() + number) % 3 * 300]).now_or_never()) {
        held.push(place);
    }
    assert_eq!(held.len(), 64);
}

#[test]
fn hanging_lane_has_a_handful_until_it_is_answered() {
    for (runs, expected) in [(0, 64), (1, 8), (4, 8), (5, HANDFUL)] {
        let (places, lanes) = places(64, &many("a", "pop3", 300));
        leave_unanswered(&places, lanes[0], runs);
        let mut held = take_all(&places, lanes[0]);
        assert_eq!(held.len(), expected, "after {runs} runs");
        held.pop().expect("a place").end(None);
        assert_eq!(take_all(&places, lanes[0]).len(), 1, "a run that did not take place says nothing");
        held.pop().expect("a place").end(Some(Answer::InTime));
        held.extend(take_all(&places, lanes[0]));
        assert_eq!(held.len(), 64, "after {runs} runs and an answer");
    }
}

#[test]
fn tenant_that_is_answered_at_an_endpoint_that_hangs_for_others_has_places_of_its_own() {
    let (places, lanes) = places(64, &[many("a", "pop3", 300), many("b", "pop3", 300)].concat());
    let (hangs, answered) = (lanes[0], lanes[300]);
    leave_unanswered(&places, hangs, HANGS_AFTER);
    assert_eq!(places.standing(answered), Standing::Doubted);
    let trials = take_all(&places, hangs);
    assert_eq!((trials.len(), take_all(&places, answered).len()), (HANDFUL, 8));
    places.acquire(answered).now_or_never().expect("free").end(Some(Answer::InTime));
    assert_eq!((places.standing(answered), places.standing(hangs)), (Standing::Answered, Standing::Unanswered));
    assert!(places.acquire(hangs).now_or_never().is_none(), "who hangs alone is still asked by few");
}

#[test]
fn place_of_a_waiter_that_is_gone_goes_to_the_next() {
    let (places, lanes) = places(1, &many("a", "pop3", 3));
    let held = places.acquire(lanes[0]).now_or_never().expect("free");
    let (mut gone, mut next) = (Box::pin(places.acquire(lanes[1])), Box::pin(places.acquire(lanes[2])));
    assert!(gone.as_mut().now_or_never().is_none() && next.as_mut().now_or_never().is_none());
    drop(gone);
    drop(held);
    assert!(next.as_mut().now_or_never().is_some());
    assert_eq!(take_all(&places, lanes[0]).len(), 1, "all places came back");
}

#[test]
fn single_place_goes_round() {
    let (places, lanes) = places(1, &[("a", "pop3"), ("b", "imap")]);
    for lane in lanes {
        assert_eq!(take_all(&places, lane).len(), 1);
    }
}

#[test]
fn adoption_of_other_probes_keeps_what_is_held_and_known() {
    let (places, lanes) = places(8, &[many("a", "pop3", 300), many("b", "imap", 300)].concat());
    leave_unanswered(&places, lanes[0], HANGS_AFTER);
    let mut held = take_all(&places, lanes[300]);
    assert_eq!(held.len(), 6);
    let mut waiting = Box::pin(places.acquire(lanes[300]));
    assert!(waiting.as_mut().now_or_never().is_none());
    let adopted = adopt(&places, 4, &[many("c", "smtp", 1), many("a", "pop3", 2), many("b", "imap", 3)].concat());
    assert_eq!((adopted[1], adopted[3]), (lanes[0], lanes[300]));
    assert_eq!(places.standing(adopted[1]), Standing::Unanswered);
    assert!(places.acquire(adopted[0]).now_or_never().is_none(), "more are in flight than there are places now");
    held.truncate(3);
    assert!(places.acquire(adopted[0]).now_or_never().is_some());
    assert!(waiting.as_mut().now_or_never().is_none(), "what is left is for others");
    held.clear();
    assert!(waiting.as_mut().now_or_never().is_some());
}

#[test]
fn lane_without_probes_is_forgotten_once_nobody_holds_a_place_in_it() {
    let (places, lanes) = places(8, &[("a", "pop3"), ("b", "pop3")]);
    leave_unanswered(&places, lanes[0], HANGS_AFTER);
    let held = places.acquire(lanes[0]).now_or_never().expect("free");
    for round in 0..1000 {
        let lanes = adopt(&places, 8, &[("b", "pop3"), ("c", ["pop3", "imap"][round % 2])]);
        assert_ne!(lanes[1], held.lane);
        assert!(lanes[1].0 <= 3, "{round}: {lanes:?}");
    }
    drop(held);
    adopt(&places, 8, &[("b", "pop3")]);
    let lanes = adopt(&places, 8, &[("a", "imap"), ("a", "pop3")]);
    let standings: Vec<_> = lanes.into_iter().map(|lane| places.standing(lane)).collect();
    assert_eq!(standings, [Standing::Answered, Standing::Doubted], "the endpoint is known still, its lane is new");
}
