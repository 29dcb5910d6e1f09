//! The places of runs in flight, dealt out by tenant and then by endpoint, so that one that hangs keeps nobody else waiting.
//!
//! A quarter of all places is each tenant's and each endpoint's, as far as places are free. Beyond its quarter it may take
//! what is free, as long as a reserve stays free for the others: what they lack of their own quarters, but no more than one
//! quarter. So a tenant that is alone has all places, and one that begins to hang with all its probes leaves a quarter to the
//! others. Among a tenant's endpoints it is the same with an eighth.
//!
//! Where the last run had no answer within its time, the next one is a trial, and all trials together have an eighth of the
//! places. Where [`HANGS_AFTER`] runs in a row had none, [`HANDFUL`] trials may be in flight at a time until one is answered; a
//! tenant whose own last run at that endpoint was answered is doubted, and all that are doubted share another eighth.
//!
//! Whoever holds the fewest places is served first: the tenant, then its endpoint, then the one served longest ago, and in a
//! lane in the order of arrival. A probe waits once at most, which bounds the queues.

use std::collections::{HashSet, VecDeque};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::table::Table;

/// Runs in a row without an answer after which an endpoint counts as hanging: one or two may be a lost packet.
const HANGS_AFTER: u32 = 5;
/// Runs in flight at an endpoint that hangs. With 30 s each, one begins every 7.5 s and finds out soon that it answers again.
const HANDFUL: usize = 4;

/// The places of all runs in flight; none until probes are adopted.
#[derive(Debug, Default)]
pub struct Places(Mutex<State>);

/// The number of a lane: the probes of one tenant that speak to one endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lane(usize);

/// The answer of an endpoint to a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It answered within the time of the run, whatever it said.
    InTime,
    /// It did not answer in time.
    Missing,
}

/// The standing of a lane with its endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Its last run was answered, or it has not run yet.
    Answered,
    /// Its last run was answered, but runs of others have had no answer since.
    Doubted,
    /// Its last run had no answer.
    Unanswered,
}

/// A place in flight. Dropping it gives it to whoever waits.
#[derive(Debug)]
pub struct Place {
    places: Arc<Places>,
    lane: Lane,
    /// The time from which it was held.
    pub since: Instant,
    /// The standing of its lane at that time.
    pub standing: Standing,
    answer: Option<Answer>,
}

#[derive(Debug, Default)]
struct State {
    limit: usize,
    in_flight: usize,
    /// Places held by runs, by the standing of their lane when they began.
    by_standing: [usize; 3],
    /// The places that tenants lack of their own, and those that endpoints lack.
    tenant_claims: usize,
    endpoint_claims: usize,
    /// Places given so far, which tells who was served longest ago.
    given: u64,
    tenants: Table<String, Group>,
    endpoints: Table<String, Group>,
    /// The lanes, by the numbers of their tenant and endpoint.
    lanes: Table<(usize, usize), LaneState>,
    /// The lanes in which somebody waits.
    waiting: Vec<Lane>,
}

/// The counts of a tenant, of an endpoint or of a lane.
#[derive(Debug, Default)]
struct Group {
    probes: usize,
    in_flight: usize,
    /// The value of `State::given` when it was served last.
    served: u64,
    /// Runs in a row without an answer.
    unanswered: u32,
    /// Places held by trials.
    trials: usize,
    /// Of a tenant: the places that its lanes lack of their own.
    lane_claims: usize,
}

#[derive(Debug)]
struct LaneState {
    tenant: usize,
    endpoint: usize,
    group: Group,
    waiters: VecDeque<oneshot::Sender<Place>>,
}

impl Places {
    /// Makes it `limit` places for `probes`, each given as tenant and endpoint, in place of the probes before them, and returns
    /// the lane of each. What is known of a lane stays, and whoever holds a place or waits in it goes on.
    pub fn adopt<'a>(self: &Arc<Self>, limit: NonZeroUsize, probes: impl IntoIterator<Item = (&'a str, String)>) -> Vec<Lane> {
        let lanes = self.state().adopt(limit.get(), probes);
        self.serve();
        lanes
    }

    /// Waits for a place in `lane`.
    pub async fn acquire(self: &Arc<Self>, lane: Lane) -> Place {
        loop {
            let place = {
                let mut state = self.state();
                if state.has_room(lane) {
                    return self.place(&mut state, lane);
                }
                state.wait(lane)
            };
            // The sender is kept as long as there are places.
            if let Ok(place) = place.await {
                return place;
            }
        }
    }

    /// Returns the standing of `lane` now.
    pub fn standing(&self, lane: Lane) -> Standing {
        self.state().standing(lane)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn place(self: &Arc<Self>, state: &mut State, lane: Lane) -> Place {
        let standing = state.standing(lane);
        state.give(lane, standing);
        Place { places: Arc::clone(self), lane, since: Instant::now(), standing, answer: None }
    }

    /// Gives what is free to those who wait.
    fn serve(self: &Arc<Self>) {
        let mut given = Vec::new();
        {
            let mut state = self.state();
            while let Some((lane, waiter)) = state.next_waiter() {
                // At the end of a schedule all who waited are gone, at a reload some.
                if !waiter.is_closed() {
                    given.push((waiter, self.place(&mut state, lane)));
                }
            }
        }
        // Without the lock: the place of one that no longer waits comes back at once.
        for (waiter, place) in given {
            drop(waiter.send(place));
        }
    }
}

impl Place {
    /// Gives the place back, with the endpoint's answer where the run was one that asked for it.
    pub fn end(mut self, answer: Option<Answer>) {
        self.answer = answer;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.state().take_back(self.lane, self.standing, self.answer);
        self.places.serve();
    }
}

impl State {
    fn adopt<'a>(&mut self, limit: usize, probes: impl IntoIterator<Item = (&'a str, String)>) -> Vec<Lane> {
        self.limit = limit;
        self.forget_probes();
        let lanes: Vec<Lane> = probes.into_iter().map(|(tenant, endpoint)| self.lane(tenant, endpoint)).collect();
        for lane in &lanes {
            self.groups(*lane).for_each(|group| group.probes += 1);
        }
        self.remove_idle();
        self.count_claims();
        lanes
    }

    fn forget_probes(&mut self) {
        for number in self.lanes.numbers().collect::<Vec<_>>() {
            self.groups(Lane(number)).for_each(|group| group.probes = 0);
            self.lanes[number].waiters.retain(|waiter| !waiter.is_closed());
        }
        let lanes = &self.lanes;
        self.waiting.retain(|lane| !lanes[lane.0].waiters.is_empty());
    }

    fn lane(&mut self, tenant: &str, endpoint: String) -> Lane {
        let tenant = self.tenants.number(tenant.to_owned(), Group::default);
        let endpoint = self.endpoints.number(endpoint, Group::default);
        let new = || LaneState { tenant, endpoint, group: Group::default(), waiters: VecDeque::new() };
        Lane(self.lanes.number((tenant, endpoint), new))
    }

    /// Removes the lanes that no probe is in any more and nobody holds a place or waits in, with their tenants and endpoints.
    fn remove_idle(&mut self) {
        self.lanes.retain(|_, LaneState { group, waiters, .. }| group.probes > 0 || group.in_flight > 0 || !waiters.is_empty());
        let lanes = self.lanes.numbers().map(|number| (self.lanes[number].tenant, self.lanes[number].endpoint));
        let (tenants, endpoints): (HashSet<usize>, HashSet<usize>) = lanes.unzip();
        self.tenants.retain(|number, _| tenants.contains(&number));
        self.endpoints.retain(|number, _| endpoints.contains(&number));
    }

    /// Counts what all lack.
    fn count_claims(&mut self) {
        let (quarter, eighth) = (self.share(4), self.share(8));
        self.tenant_claims = self.tenants.numbers().map(|number| self.tenants[number].claim(quarter)).sum();
        self.endpoint_claims = self.endpoints.numbers().map(|number| self.endpoints[number].claim(quarter)).sum();
        for number in self.tenants.numbers().collect::<Vec<_>>() {
            self.tenants[number].lane_claims = 0;
        }
        for number in self.lanes.numbers() {
            let LaneState { tenant, group, .. } = &self.lanes[number];
            self.tenants[*tenant].lane_claims += group.claim(eighth);
        }
    }

    /// The groups that a probe of `lane` counts in: tenant, endpoint and lane.
    fn groups(&mut self, lane: Lane) -> impl Iterator<Item = &mut Group> {
        let LaneState { tenant, endpoint, group, .. } = &mut self.lanes[lane.0];
        [&mut self.tenants[*tenant], &mut self.endpoints[*endpoint], group].into_iter()
    }

    fn standing(&self, lane: Lane) -> Standing {
        let LaneState { endpoint, group, .. } = &self.lanes[lane.0];
        match group.unanswered {
            0 if self.endpoints[*endpoint].is_hanging() => Standing::Doubted,
            0 => Standing::Answered,
            _ => Standing::Unanswered,
        }
    }

    /// Reports whether a run of `lane` may begin.
    fn has_room(&self, lane: Lane) -> bool {
        let standing = self.standing(lane);
        // Where many wait, most of them wait for this.
        if !self.may_try(lane, standing) {
            return false;
        }
        let LaneState { tenant, endpoint, group, .. } = &self.lanes[lane.0];
        let (tenant, endpoint) = (&self.tenants[*tenant], &self.endpoints[*endpoint]);
        let (free, quarter, eighth) = (self.limit.saturating_sub(self.in_flight), self.share(4), self.share(8));
        // The places that stay free for the others when one takes more than its share.
        let reserve = |group: &Group, claims: usize, share: usize| share.min(claims - group.claim(share));
        let for_tenants = reserve(tenant, self.tenant_claims, quarter);
        let for_endpoints = reserve(endpoint, self.endpoint_claims, quarter);
        let for_lanes = for_tenants + reserve(group, tenant.lane_claims, eighth);
        let fits = |group: &Group, share: usize, reserve: usize| {
            group.in_flight < share || standing == Standing::Answered && free > reserve
        };
        free > 0 && fits(tenant, quarter, for_tenants) && fits(endpoint, quarter, for_endpoints) && fits(group, eighth, for_lanes)
    }

    /// Reports whether a lane of this standing may be in flight beside those of the same standing that are.
    fn may_try(&self, lane: Lane, standing: Standing) -> bool {
        if standing == Standing::Answered {
            return true;
        }
        let LaneState { endpoint, group, .. } = &self.lanes[lane.0];
        let has_trial_left = |group: &Group| !group.is_hanging() || group.trials < HANDFUL;
        self.by_standing[standing as usize] < self.share(8)
            && (standing == Standing::Doubted || has_trial_left(&self.endpoints[*endpoint]) && has_trial_left(group))
    }

    /// The part of all places that is somebody's own.
    fn share(&self, part: usize) -> usize {
        self.limit.div_ceil(part)
    }

    fn give(&mut self, lane: Lane, standing: Standing) {
        self.given += 1;
        self.by_standing[standing as usize] += 1;
        self.in_flight += 1;
        let given = self.given;
        self.change(lane, |group| {
            group.in_flight += 1;
            group.trials += usize::from(standing == Standing::Unanswered);
            group.served = given;
        });
    }

    fn take_back(&mut self, lane: Lane, standing: Standing, answer: Option<Answer>) {
        self.by_standing[standing as usize] -= 1;
        self.in_flight -= 1;
        self.change(lane, |group| {
            group.in_flight -= 1;
            group.trials -= usize::from(standing == Standing::Unanswered);
            match answer {
                Some(Answer::InTime) => group.unanswered = 0,
                Some(Answer::Missing) => group.unanswered = group.unanswered.saturating_add(1),
                None => {}
            }
        });
    }

    /// Changes the groups of `lane`, and what is counted of their claims.
    fn change(&mut self, lane: Lane, change: impl Fn(&mut Group)) {
        let (quarter, eighth) = (self.share(4), self.share(8));
        let LaneState { tenant, endpoint, group, .. } = &mut self.lanes[lane.0];
        let (tenant, endpoint) = (&mut self.tenants[*tenant], &mut self.endpoints[*endpoint]);
        let changed = |group: &mut Group, claims: &mut usize, share: usize| {
            *claims -= group.claim(share);
            change(group);
            *claims += group.claim(share);
        };
        changed(group, &mut tenant.lane_claims, eighth);
        changed(tenant, &mut self.tenant_claims, quarter);
        changed(endpoint, &mut self.endpoint_claims, quarter);
    }

    fn wait(&mut self, lane: Lane) -> oneshot::Receiver<Place> {
        let (waiter, place) = oneshot::channel();
        let waiters = &mut self.lanes[lane.0].waiters;
        if waiters.is_empty() {
            self.waiting.push(lane);
        }
        waiters.push_back(waiter);
        place
    }

    /// Takes the waiter that is served next, with its lane; `None` where nobody waits or nobody may begin.
    fn next_waiter(&mut self) -> Option<(Lane, oneshot::Sender<Place>)> {
        if self.in_flight >= self.limit {
            return None;
        }
        let lanes = self.waiting.iter().copied().filter(|lane| self.has_room(*lane));
        let lane = lanes.min_by_key(|lane| self.precedence(*lane))?;
        let waiters = &mut self.lanes[lane.0].waiters;
        let waiter = waiters.pop_front()?;
        if waiters.is_empty() {
            self.waiting.retain(|waiting| *waiting != lane);
        }
        Some((lane, waiter))
    }

    /// The least is served first.
    fn precedence(&self, lane: Lane) -> [(usize, u64); 2] {
        let LaneState { tenant, group, .. } = &self.lanes[lane.0];
        [&self.tenants[*tenant], group].map(|group| (group.in_flight, group.served))
    }
}

impl Group {
    fn is_hanging(&self) -> bool {
        self.unanswered >= HANGS_AFTER
    }

    /// Returns the places that it lacks of its `share`, as far as it has probes for them.
    fn claim(&self, share: usize) -> usize {
        share.min(self.probes).saturating_sub(self.in_flight)
    }
}

#[cfg(test)]
mod tests;
