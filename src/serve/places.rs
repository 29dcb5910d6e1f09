//! Shares out connections and requests, each bounded in number over all clients and for each of them.
//!
//! A connection without a request is cheap, so there may be many, and one more always finds a place: where all are taken, one that
//! has nothing to lose gives way. A request that makes something, of a page or of a login, needs a turn. There are fewer turns than
//! places, so whatever holds the turns, some connections are without one: a new connection never waits, and what needs no turn, as
//! the health of the service, is answered at once.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, sleep, timeout};

use super::client::Client;

/// Numbers of connections and requests at a time.
#[derive(Clone, Copy, Debug)]
pub struct Shares {
    /// Connections over all listeners.
    connections: usize,
    /// Connections of one client.
    connections_of_one: usize,
    /// Connections that a client may have before it counts as one that has many: a browser opens six, a Prometheus some tens.
    few: usize,
    /// Requests with a turn, over all listeners.
    requests: usize,
    /// Requests with a turn of one client.
    requests_of_one: usize,
}

impl Shares {
    /// The shares of a service.
    ///
    /// Connections: each may hold some 20 kB of a request's head, and about twice that for TLS; half of them are for one client, which
    /// may be a reverse proxy or a Prometheus that keeps a connection for each of its targets. Requests: as many runs as may be in
    /// flight are one client's, which is a quarter of all. Pages are made one at a time, so more at once would bring none sooner.
    pub const SERVICE: Self = Self { connections: 512, connections_of_one: 256, few: 32, requests: 256, requests_of_one: 64 };
}

/// Time for which a request waits for its turn. Prometheus gives up a scrape after ten seconds.
const TURN_WITHIN: Duration = Duration::from_secs(10);
/// Time for which a response may be on its way to a slow reader before it gives way to a request that waits: 20 MB, which is
/// the page of metrics of ten thousand mailboxes, at 4 MB/s.
const SENDING_FOR: Duration = Duration::from_secs(5);
/// Pause after which a request that waits looks for slow readers again.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// The places that connections take.
#[derive(Debug)]
pub struct Places {
    shares: Shares,
    taken: Mutex<Taken>,
}

/// The connections, by number in the order of their arrival, and their counts.
#[derive(Debug, Default)]
struct Taken {
    next: u64,
    connections: BTreeMap<u64, Connection>,
    /// The counts of each client that has a connection.
    held: BTreeMap<Client, Held>,
    /// Turns of all clients.
    turns: usize,
    /// Requests that wait for a turn.
    waiting: usize,
}

/// Counts of one client.
#[derive(Clone, Copy, Debug, Default)]
struct Held {
    connections: usize,
    turns: usize,
}

#[derive(Debug)]
struct Connection {
    client: Client,
    stage: Stage,
    /// The time of its arrival, or of the beginning of its stage.
    since: Instant,
    /// Set while bytes of a response wait for the client to read.
    is_stalled: bool,
    gives_way: Arc<Notify>,
}

/// A stage in a connection's life. The first two are without a turn.
#[derive(Debug)]
enum Stage {
    /// Without a request that needs a turn.
    Idle,
    /// A request waits for its turn.
    Waiting(oneshot::Sender<()>),
    /// A response is being made.
    Answering,
    /// A response is being sent.
    Sending,
}

impl Stage {
    const fn has_turn(&self) -> bool {
        matches!(self, Self::Answering | Self::Sending)
    }
}

impl Connection {
    /// Returns the order in which connections of one client give way to new ones; none for one with a turn.
    const fn order(&self) -> Option<u8> {
        match (&self.stage, self.is_stalled) {
            (Stage::Idle, false) => Some(0),
            (Stage::Waiting(_), _) => Some(1),
            (Stage::Idle, true) => Some(2), // the end of a response, which is lost with it
            (Stage::Answering | Stage::Sending, _) => None,
        }
    }
}

impl Places {
    pub fn new(shares: Shares) -> Self {
        Self { shares, taken: Mutex::default() }
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place for a connection of `client`; where it has all that one client may have, that of one of its own connections, and
    /// where all are taken, that of a connection of the client with the most.
    pub fn take(self: &Arc<Self>, client: Client) -> Place {
        let mut taken = self.taken();
        if taken.held_by(client).connections >= self.shares.connections_of_one {
            taken.make_room(self.shares.few, Some(client));
        } else if taken.connections.len() >= self.shares.connections {
            taken.make_room(self.shares.few, None);
        }
        let (gives_way, since) = (Arc::new(Notify::new()), Instant::now());
        let (stage, is_stalled) = (Stage::Idle, false);
        let number = taken.insert(Connection { client, stage, since, is_stalled, gives_way: Arc::clone(&gives_way) });
        Place { number, places: Arc::clone(self), gives_way }
    }

    /// Puts the connection `number` into another stage, if `change` returns one for its present one, and deals out turns.
    fn put(&self, number: u64, change: impl FnOnce(&Stage) -> Option<Stage>) {
        let mut taken = self.taken();
        if let Some(stage) = taken.connections.get(&number).and_then(|connection| change(&connection.stage)) {
            taken.set_stage(number, stage);
        }
        taken.deal(self.shares);
    }

    fn set_stalled(&self, number: u64, is_stalled: bool) {
        if let Some(connection) = self.taken().connections.get_mut(&number) {
            connection.is_stalled = is_stalled;
        }
    }
}

impl Taken {
    fn held_by(&self, client: Client) -> Held {
        self.held.get(&client).copied().unwrap_or_default()
    }

    fn insert(&mut self, connection: Connection) -> u64 {
        self.next += 1;
        self.held.entry(connection.client).or_default().connections += 1;
        self.connections.insert(self.next, connection);
        self.next
    }

    fn remove(&mut self, number: u64) -> Option<Connection> {
        self.set_stage(number, Stage::Idle);
        let connection = self.connections.remove(&number)?;
        let held = self.held.entry(connection.client).or_default();
        held.connections -= 1;
        if held.connections == 0 {
            self.held.remove(&connection.client);
        }
        Some(connection)
    }

    /// Puts a connection into a stage, and returns the one before.
    fn set_stage(&mut self, number: u64, stage: Stage) -> Option<Stage> {
        let connection = self.connections.get_mut(&number)?;
        let held = self.held.entry(connection.client).or_default();
        for (stage, sign) in [(&connection.stage, -1), (&stage, 1)] {
            if stage.has_turn() {
                held.turns = held.turns.wrapping_add_signed(sign);
                self.turns = self.turns.wrapping_add_signed(sign);
            }
            if matches!(stage, Stage::Waiting(_)) {
                self.waiting = self.waiting.wrapping_add_signed(sign);
            }
        }
        connection.since = Instant::now();
        Some(mem::replace(&mut connection.stage, stage))
    }

    /// Has a connection give way to a new one: one of `client`, if given, else of the client that has the most, so that whoever opens
    /// many keeps nobody else out. Of these the one that loses least, and the oldest of several. Clients with few are as one.
    fn make_room(&mut self, few: usize, client: Option<Client>) {
        let mut clients: Vec<_> = self.held.iter().map(|(client, held)| (held.connections, *client)).collect();
        clients.retain(|(connections, other)| client.map_or(*connections > few, |client| client == *other));
        clients.sort_unstable_by_key(|(connections, _)| Reverse(*connections));
        // All of the connections of one that has many may be busy.
        let of_one = clients.into_iter().find_map(|(_, client)| self.first_to_go(|other| other == client));
        if let Some(number) = of_one.or_else(|| self.first_to_go(|_| true)) {
            self.give_way(number);
        }
    }

    fn first_to_go(&self, is_concerned: impl Fn(Client) -> bool) -> Option<u64> {
        let concerned = self.connections.iter().filter(|(_, connection)| is_concerned(connection.client));
        let rank = |(number, connection): (&u64, &Connection)| Some((connection.order()?, connection.since, *number));
        concerned.filter_map(rank).min().map(|(.., number)| number)
    }

    fn give_way(&mut self, number: u64) {
        if let Some(leaving) = self.remove(number) {
            leaving.gives_way.notify_one();
        }
    }

    /// Gives turns to requests that wait, to the client with the fewest first, and the oldest of several. Where there is none to be
    /// had, a reader that has been slow for [`SENDING_FOR`] gives way: of the same client if that has all of its turns, else of the
    /// one with the most.
    fn deal(&mut self, shares: Shares) {
        while self.waiting > 0 {
            let rank = |(number, connection): (&u64, &Connection)| {
                let is_waiting = matches!(connection.stage, Stage::Waiting(_));
                is_waiting.then(|| (self.held_by(connection.client).turns, connection.since, *number, connection.client))
            };
            let Some((own, _, number, client)) = self.connections.iter().filter_map(rank).min() else { return };
            let has_all_of_its_own = own >= shares.requests_of_one;
            if !has_all_of_its_own && self.turns < shares.requests {
                self.give_turn(number);
                continue;
            }
            let of = has_all_of_its_own.then_some(client);
            let Some(slowest) = self.slowest_reader(of, Instant::now()) else { return };
            self.give_way(slowest);
        }
    }

    /// Returns the oldest slow reader of `client`, if given, else of the client with the most turns of those that have one.
    fn slowest_reader(&self, client: Option<Client>, now: Instant) -> Option<u64> {
        let slow = |(number, connection): (&u64, &Connection)| {
            let is_concerned = client.is_none_or(|client| client == connection.client);
            let is_slow = matches!(connection.stage, Stage::Sending) && now >= connection.since + SENDING_FOR;
            (is_concerned && is_slow).then(|| (Reverse(self.held_by(connection.client).turns), connection.since, *number))
        };
        self.connections.iter().filter_map(slow).min().map(|(.., number)| number)
    }

    fn give_turn(&mut self, number: u64) {
        if let Some(Stage::Waiting(granted)) = self.set_stage(number, Stage::Answering) {
            let _ = granted.send(()); // whoever waits no longer gives it back
        }
    }
}

/// A connection's place, given back when dropped.
#[derive(Debug)]
pub struct Place {
    number: u64,
    places: Arc<Places>,
    gives_way: Arc<Notify>,
}

impl Place {
    /// Waits until the connection has to give way to another.
    pub async fn gives_way(&self) {
        self.gives_way.notified().await;
    }

    /// Waits for a turn; `None` if there was none for [`TURN_WITHIN`].
    pub async fn turn(&self) -> Option<Turn> {
        let (grant, mut granted) = oneshot::channel();
        self.places.put(self.number, |_| Some(Stage::Waiting(grant)));
        let turn = Turn { number: self.number, places: Arc::clone(&self.places) };
        let given = async {
            loop {
                tokio::select! {
                    biased;
                    _ = &mut granted => return,
                    () = sleep(LOOK_AGAIN) => self.places.put(self.number, |_| None),
                }
            }
        };
        timeout(TURN_WITHIN, given).await.ok().map(|()| turn)
    }

    /// Marks the connection as one whose client has not read what was sent, until the returned guard is dropped.
    pub fn stalled(&self) -> Stalled {
        self.places.set_stalled(self.number, true);
        Stalled { number: self.number, places: Arc::clone(&self.places) }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        taken.remove(self.number);
        taken.deal(self.places.shares);
    }
}

/// A request's turn, or its wait for one, given back when dropped.
#[derive(Debug)]
pub struct Turn {
    number: u64,
    places: Arc<Places>,
}

impl Turn {
    /// Notes that the response is made, and its client alone is waited for.
    pub fn sending(&self) {
        self.places.put(self.number, |stage| matches!(stage, Stage::Answering).then_some(Stage::Sending));
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.places.put(self.number, |_| Some(Stage::Idle));
    }
}

/// A guard that marks a connection as stalled.
#[derive(Debug)]
pub struct Stalled {
    number: u64,
    places: Arc<Places>,
}

impl Drop for Stalled {
    fn drop(&mut self) {
        self.places.set_stalled(self.number, false);
    }
}

#[cfg(test)]
mod tests;
