//! Accepts connections, and no more at a time than we can afford: where all places are taken, the oldest idle connection gives
//! way to a new one.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};
use tracing::warn;

use super::connection;
use super::engine::Engine;
use super::listener::Listener;

/// Connections at a time, over all listeners; where none of them is idle, further ones wait in the system's queue. Each may
/// hold some 20 kB of requests and a page.
const CONNECTIONS: usize = 128;
/// Time for which a connection has been idle before it may have to give way: the request of a new one may be on its way.
const IDLE_FOR: Duration = Duration::from_millis(500);
/// Pause after the system has refused us a connection, usually for want of file descriptors.
const RETRY_DELAY: Duration = Duration::from_millis(100);

/// Accepts and serves connections until the shutdown has begun and the last one is closed.
pub async fn accept(listeners: Vec<Listener>, engine: Arc<Engine>) {
    let places = Arc::new(Places::new(CONNECTIONS));
    let mut accepting = JoinSet::new();
    for listener in listeners {
        accepting.spawn(accept_from(listener, Arc::clone(&places), Arc::clone(&engine)));
    }
    while accepting.join_next().await.is_some() {}
}

async fn accept_from(listener: Listener, places: Arc<Places>, engine: Arc<Engine>) {
    let mut connections = JoinSet::new();
    loop {
        // Accepted first: whether a connection has to give way is known only once there is a new one.
        let accepted = tokio::select! {
            () = engine.shutdown.begun() => break,
            // A connection whose task panicked is over and the panic is in the log; the others go on.
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        let accepted = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                warn!(%error, "cannot accept a connection");
                sleep(RETRY_DELAY).await;
                continue;
            }
        };
        let place = tokio::select! {
            () = engine.shutdown.begun() => break,
            place = Arc::clone(&places).take(accepted.ends.peer.map(|peer| peer.ip())) => place,
        };
        let engine = Arc::clone(&engine);
        connections.spawn(async move { connection::serve(accepted, &place, &engine).await });
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// The places that connections take.
#[derive(Debug)]
struct Places {
    limit: usize,
    taken: Mutex<Taken>,
    /// Woken when a connection ends or falls idle.
    changed: Notify,
}

/// The connections at work, by number in the order of their arrival.
#[derive(Debug, Default)]
struct Taken {
    next: u64,
    connections: BTreeMap<u64, Arc<Activity>>,
}

/// A connection's place, given back when dropped.
#[derive(Debug)]
pub struct Place {
    number: u64,
    places: Arc<Places>,
    activity: Arc<Activity>,
}

/// The state of one connection, as far as others need it.
#[derive(Debug)]
struct Activity {
    peer: Option<IpAddr>,
    /// Requests that are being answered and writes that wait for the client to read: one of either at most.
    busy: AtomicU32,
    /// The time of its arrival, or of the end of its last request.
    idle_since: Mutex<Instant>,
    gives_way: Notify,
}

impl Places {
    fn new(limit: usize) -> Self {
        Self { limit, taken: Mutex::default(), changed: Notify::new() }
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place for a connection of `peer`, that of an idle connection where all are taken; waits while none is idle.
    async fn take(self: Arc<Self>, peer: Option<IpAddr>) -> Place {
        loop {
            let changed = self.changed.notified();
            match self.try_take(peer, Instant::now()) {
                Ok(place) => return place,
                Err(None) => changed.await,
                Err(Some(next)) => tokio::select! {
                    () = changed => {}
                    () = sleep_until(next) => {}
                },
            }
        }
    }

    /// Takes a place, or returns the time at which one may be had if nothing changes before.
    fn try_take(self: &Arc<Self>, peer: Option<IpAddr>, now: Instant) -> Result<Place, Option<Instant>> {
        let mut taken = self.taken();
        if taken.connections.len() >= self.limit {
            let (number, since) = taken.first_to_go(now).ok_or(None)?;
            if now < since + IDLE_FOR {
                return Err(Some(since + IDLE_FOR));
            }
            if let Some(leaving) = taken.connections.remove(&number) {
                leaving.gives_way.notify_one();
            }
        }
        taken.next += 1;
        let number = taken.next;
        let (busy, idle_since, gives_way) = (AtomicU32::new(0), Mutex::new(now), Notify::new());
        let activity = Arc::new(Activity { peer, busy, idle_since, gives_way });
        taken.connections.insert(number, Arc::clone(&activity));
        Ok(Place { number, places: Arc::clone(self), activity })
    }
}

impl Taken {
    /// Returns the idle connection to give way, with the time since which it is idle: of those that are idle for long enough, one
    /// of the client that has the most, and of these the oldest. So whoever opens many keeps nobody else out.
    fn first_to_go(&self, now: Instant) -> Option<(u64, Instant)> {
        let mut of_peer: BTreeMap<Option<IpAddr>, usize> = BTreeMap::new();
        for activity in self.connections.values() {
            *of_peer.entry(activity.peer).or_default() += 1;
        }
        let idle =
            self.connections.iter().filter_map(|(number, activity)| Some((*number, activity.idle_since()?, activity.peer)));
        let rank = |(number, since, peer): &(u64, Instant, Option<IpAddr>)| {
            let own = of_peer.get(peer).copied().unwrap_or_default();
            (now < *since + IDLE_FOR, Reverse(own), *since, *number)
        };
        idle.min_by_key(rank).map(|(number, since, _)| (number, since))
    }
}

impl Activity {
    /// Returns the time since which the connection is idle, if it is.
    fn idle_since(&self) -> Option<Instant> {
        let idle = self.busy.load(Ordering::Relaxed) == 0;
        idle.then(|| *self.idle_since.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Place {
    /// Waits until the connection has to give way, which happens only while it is idle.
    pub async fn gives_way(&self) {
        self.activity.gives_way.notified().await;
    }

    /// Marks the connection as busy until the returned guard is dropped.
    pub fn busy(&self) -> Busy {
        self.activity.busy.fetch_add(1, Ordering::Relaxed);
        Busy { places: Arc::clone(&self.places), activity: Arc::clone(&self.activity) }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.taken().connections.remove(&self.number);
        self.places.changed.notify_one();
    }
}

/// A guard that marks a connection as busy.
#[derive(Debug)]
pub struct Busy {
    places: Arc<Places>,
    activity: Arc<Activity>,
}

impl Drop for Busy {
    fn drop(&mut self) {
        *self.activity.idle_since.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        self.activity.busy.fetch_sub(1, Ordering::Relaxed);
        self.places.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Option<IpAddr> = Some(IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1)));
    const SECOND: Option<IpAddr> = Some(IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2)));

    fn places(limit: usize) -> Arc<Places> {
        Arc::new(Places::new(limit))
    }

    async fn has_to_give_way(place: &Place) -> bool {
        tokio::time::timeout(Duration::from_secs(1), place.gives_way()).await.is_ok()
    }

    fn take(places: &Arc<Places>, peer: Option<IpAddr>) -> Option<Place> {
        places.try_take(peer, Instant::now()).ok()
    }

    #[tokio::test(start_paused = true)]
    async fn take_of_a_full_house_has_the_oldest_idle_connection_give_way() {
        let places = places(3);
        let [first, second, third] = [(); 3].map(|()| take(&places, FIRST).expect("a place"));
        let busy = first.busy();
        sleep(IDLE_FOR).await;
        drop(second.busy()); // it has been idle for a shorter time than the third
        let _fourth = take(&places, FIRST).expect("the third one's place");
        assert!(has_to_give_way(&third).await);
        assert!(!has_to_give_way(&first).await && !has_to_give_way(&second).await);
        drop(busy);
    }

    #[tokio::test(start_paused = true)]
    async fn take_of_a_full_house_has_the_client_with_the_most_connections_give_way() {
        let places = places(3);
        let lone = take(&places, SECOND).expect("a place");
        let [older, newer] = [(); 2].map(|()| take(&places, FIRST).expect("a place"));
        sleep(IDLE_FOR).await;
        let _another = take(&places, FIRST).expect("a place");
        assert!(has_to_give_way(&older).await && !has_to_give_way(&newer).await && !has_to_give_way(&lone).await);
    }

    #[tokio::test(start_paused = true)]
    async fn take_waits_while_all_are_busy_or_new() {
        let places = places(1);
        let first = take(&places, FIRST).expect("a place");
        let busy = first.busy();
        assert!(matches!(places.try_take(SECOND, Instant::now()), Err(None)));
        let waiting = tokio::spawn(Arc::clone(&places).take(SECOND));
        sleep(IDLE_FOR).await;
        let began = Instant::now();
        drop(busy);
        waiting.await.expect("a place");
        assert_eq!(began.elapsed(), IDLE_FOR);
        assert!(has_to_give_way(&first).await);
    }
}
