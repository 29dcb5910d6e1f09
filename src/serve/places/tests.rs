//! Shares of connections and turns among hostile and other clients.

use std::net::{IpAddr, Ipv4Addr};

use super::*;

const SHARES: Shares = Shares { connections: 12, connections_of_one: 10, few: 8, requests: 4, requests_of_one: 2 };
const HOSTILE: Client = Client::Network(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)));
const OTHER: Client = Client::Network(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2)));
const THIRD: Client = Client::Network(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 3)));
const LAST: Client = Client::Unix;

fn places() -> Arc<Places> {
    Arc::new(Places::new(SHARES))
}

fn take(places: &Arc<Places>, client: Client, count: usize) -> Vec<Place> {
    (0..count).map(|_| places.take(client)).collect()
}

/// Returns the positions of those that have to give way.
fn leaving(places: &[Place]) -> Vec<usize> {
    let is_taken = |place: &Place| place.places.taken().connections.contains_key(&place.number);
    (0..places.len()).filter(|index| !is_taken(&places[*index])).collect()
}

async fn turn(place: &Place) -> Turn {
    place.turn().await.expect("a turn")
}

async fn turns(places: &[Place]) -> Vec<Turn> {
    let mut turns = Vec::new();
    for place in places {
        turns.push(turn(place).await);
    }
    turns
}

#[tokio::test(start_paused = true)]
async fn connections_beyond_a_client_s_share_have_its_own_oldest_idle_one_give_way() {
    let places = places();
    let other = take(&places, OTHER, 1);
    let hostile = take(&places, HOSTILE, 10);
    let held = turn(&hostile[0]).await;
    let stalled = hostile[1].stalled();
    let more = take(&places, HOSTILE, 2);
    assert_eq!((leaving(&hostile), leaving(&other), leaving(&more)), (vec![2, 3], vec![], vec![]));
    hostile[2].gives_way().await; // it is told
    drop((held, stalled));
}

#[tokio::test(start_paused = true)]
async fn new_connection_has_that_of_a_client_with_many_give_way_when_all_are_taken() {
    let places = places();
    let (other, hostile) = (take(&places, OTHER, 3), take(&places, HOSTILE, 9));
    let third = take(&places, THIRD, 1);
    assert_eq!((leaving(&hostile), leaving(&other), leaving(&third)), (vec![0], vec![], vec![]));
}

#[tokio::test(start_paused = true)]
async fn new_connection_has_the_oldest_idle_one_give_way_when_no_client_has_many() {
    let places = places();
    let mut silent = take(&places, HOSTILE, 1);
    sleep(Duration::from_secs(1)).await;
    silent.extend(take(&places, OTHER, 8));
    silent.extend(take(&places, HOSTILE, 3));
    let third = take(&places, THIRD, 1);
    assert_eq!((leaving(&silent), leaving(&third)), (vec![0], vec![]));
}

#[tokio::test(start_paused = true)]
async fn new_connection_finds_a_place_while_all_turns_are_taken_by_slow_readers() {
    let places = places();
    let (hostile, other) = (take(&places, HOSTILE, 6), take(&places, OTHER, 6));
    let held = [turns(&hostile[..2]).await, turns(&other[..2]).await];
    let _stalled: Vec<_> = hostile.iter().chain(&other).map(Place::stalled).collect();
    let third = take(&places, THIRD, 1);
    assert_eq!((leaving(&hostile), leaving(&other), leaving(&third)), (vec![2], vec![], vec![]));
    drop(held);
}

#[tokio::test(start_paused = true)]
async fn requests_beyond_a_client_s_share_wait_and_delay_no_other_client() {
    let places = places();
    let (hostile, other) = (take(&places, HOSTILE, 3), take(&places, OTHER, 1));
    let mut held = turns(&hostile[..2]).await;
    let waiting = tokio::spawn(async move { turn(&hostile[2]).await });
    tokio::task::yield_now().await;
    let began = Instant::now();
    let _other = turn(&other[0]).await;
    assert!(!waiting.is_finished());
    held.pop();
    waiting.await.expect("the turn that was given back");
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn turn_goes_to_the_client_with_the_fewest() {
    let places = places();
    let (hostile, other, third) = (take(&places, HOSTILE, 2), take(&places, OTHER, 2), take(&places, THIRD, 2));
    let _held = [turns(&hostile[..1]).await, turns(&third[..1]).await];
    let mut given_back = turns(&other).await;
    let last = take(&places, LAST, 1);
    let of_hostile = tokio::spawn(async move { turn(&hostile[1]).await });
    let of_last = tokio::spawn(async move { (turn(&last[0]).await, last) });
    while places.taken().waiting < 2 {
        tokio::task::yield_now().await;
    }
    given_back.pop();
    let _held = of_last.await.expect("the turn that was given back");
    assert!(!of_hostile.is_finished());
}

#[tokio::test(start_paused = true)]
async fn reader_slow_for_5_s_gives_way_to_a_request_that_waits() {
    let places = places();
    let (hostile, other) = (take(&places, HOSTILE, 3), take(&places, OTHER, 3));
    let held = [turns(&hostile[..2]).await, turns(&other[..2]).await];
    held[0][1].sending();
    let third = take(&places, THIRD, 1);
    let began = Instant::now();
    let _turn = turn(&third[0]).await;
    assert_eq!((began.elapsed(), leaving(&hostile), leaving(&other)), (SENDING_FOR, vec![1], vec![]));
}

#[tokio::test(start_paused = true)]
async fn request_without_a_turn_for_10_s_is_given_none() {
    let places = places();
    let hostile = take(&places, HOSTILE, 3);
    let held = turns(&hostile[..2]).await;
    let began = Instant::now();
    assert!(hostile[2].turn().await.is_none());
    assert_eq!(began.elapsed(), TURN_WITHIN);
    drop(held);
    turn(&hostile[2]).await; // what had waited does so no longer
}
