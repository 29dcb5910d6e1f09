//! The root causes that requests for some probes share: a tenant with thousands of refused mailboxes is not diagnosed for each.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::Notify;
use tokio::time::sleep;

use super::rendering::in_background;
use crate::diagnosis::{RootCause, diagnose};
use crate::kind::Check;
use crate::outcome::{Outcome, ProbeId};
use crate::reason::Reason;
use crate::report::probe_state::ProbeState;
use crate::store::{ProbeEntry, PublishedStore, Store};

/// Probes of a tenant up to which it is diagnosed anew for each request, which takes a fraction of a millisecond.
const SMALL: usize = 200;
/// Age up to which the diagnosis of a larger tenant is used. While somebody asks, it is renewed long before.
const LASTS: Duration = Duration::from_secs(30);
/// Time after the last request for which it is renewed: a plugin asks every minute, some every five.
const KEPT: Duration = Duration::from_secs(330);
/// Time between two renewals, as a multiple of what the last one took: a fiftieth of a core, however many ask.
const REST: u32 = 50;
/// The same at least.
const REST_AT_LEAST: Duration = Duration::from_secs(1);
/// Probes beside the selected ones that a root cause lists as explained.
const LISTED: usize = 20;

/// The last diagnosis of each larger tenant that was asked for.
#[derive(Debug, Default)]
pub struct SharedDiagnosis {
    known: Mutex<HashMap<String, Known>>,
    asked: Notify,
}

/// A diagnosis, and the last time at which it was asked for.
#[derive(Debug)]
struct Known {
    diagnosis: Arc<TenantDiagnosis>,
    asked: SystemTime,
}

/// The root causes in a tenant.
#[derive(Debug)]
struct TenantDiagnosis {
    at: SystemTime,
    /// The number of outcomes that the store had recorded.
    recorded: u64,
    causes: Vec<RootCause>,
    /// The places at which probes are explained, in the order of the probes.
    places: Vec<Place>,
}

/// A place among what a cause explains, by numbers.
#[derive(Clone, Copy, Debug)]
struct Place {
    cause: usize,
    place: usize,
    /// The failure's own reason, where the probe itself has failed.
    failure: Option<Reason>,
}

impl SharedDiagnosis {
    /// Returns the root causes of what fails among `selected`. Each lists the selected probes that it explains and a few others,
    /// and counts the rest.
    pub fn causes(&self, store: &Store, selected: &[&ProbeEntry], now: SystemTime) -> Vec<RootCause> {
        let mut tenants: BTreeMap<&str, Vec<&Outcome>> = BTreeMap::new();
        for outcome in selected.iter().filter_map(|entry| shown(entry, now)).filter(|outcome| outcome.failure().is_some()) {
            tenants.entry(&outcome.probe.tenant).or_default().push(outcome);
        }
        let mut causes: Vec<RootCause> = Vec::new();
        for (tenant, failing) in tenants {
            let mut diagnosis = self.of_tenant(store, tenant, now);
            if failing.iter().any(|outcome| !diagnosis.knows(outcome)) {
                // It has failed since, or otherwise. What is selected explains itself until the next diagnosis.
                let alone = selected.iter().copied().filter(|entry| entry.settings.id.tenant == tenant);
                diagnosis = Arc::new(TenantDiagnosis::new(alone, store.recorded(), now));
            }
            causes.extend(diagnosis.explaining(&failing));
        }
        causes.sort_by_key(|cause| std::cmp::Reverse((cause.confidence, cause.explains.len() + cause.unlisted)));
        causes
    }

    fn of_tenant(&self, store: &Store, tenant: &str, now: SystemTime) -> Arc<TenantDiagnosis> {
        if store.of_tenant(tenant).count() <= SMALL {
            return Arc::new(TenantDiagnosis::of_tenant(store, tenant, now));
        }
        let last = self.known().get_mut(tenant).map(|known| {
            known.asked = now;
            Arc::clone(&known.diagnosis)
        });
        if let Some(last) = last.filter(|last| is_within(LASTS, last.at, now)) {
            return last;
        }
        let diagnosis = Arc::new(TenantDiagnosis::of_tenant(store, tenant, now));
        self.known().insert(tenant.to_owned(), Known { diagnosis: Arc::clone(&diagnosis), asked: now });
        self.asked.notify_one();
        diagnosis
    }

    /// Renews what is asked for, in the background, for as long as the service runs.
    pub async fn keep_up(self: Arc<Self>, store: Arc<PublishedStore>) {
        loop {
            if self.known().is_empty() {
                self.asked.notified().await;
            }
            let (shared, store) = (Arc::clone(&self), Arc::clone(&store));
            let took = in_background(move || {
                let begun = Instant::now();
                shared.renew(&store.snapshot(), SystemTime::now());
                begun.elapsed()
            });
            sleep(took.await.unwrap_or_default().saturating_mul(REST).max(REST_AT_LEAST)).await;
        }
    }

    /// Diagnoses the tenants that were asked for lately, and forgets the others.
    fn renew(&self, store: &Store, now: SystemTime) {
        self.known().retain(|tenant, known| store.has_tenant(tenant) && is_within(KEPT, known.asked, now));
        let outdated = |known: &Known| known.diagnosis.recorded != store.recorded();
        let outdated: Vec<String> =
            self.known().iter().filter(|(_, known)| outdated(known)).map(|(tenant, _)| tenant.clone()).collect();
        for tenant in outdated {
            let diagnosis = Arc::new(TenantDiagnosis::of_tenant(store, &tenant, now));
            if let Some(known) = self.known().get_mut(&tenant) {
                known.diagnosis = diagnosis;
            }
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reports whether `now` is at most so long after `then`, and not before it.
fn is_within(time: Duration, then: SystemTime, now: SystemTime) -> bool {
    now.duration_since(then).is_ok_and(|age| age <= time)
}

impl TenantDiagnosis {
    fn of_tenant(store: &Store, tenant: &str, now: SystemTime) -> Self {
        Self::new(store.of_tenant(tenant), store.recorded(), now)
    }

    fn new<'a>(entries: impl Iterator<Item = &'a ProbeEntry>, recorded: u64, now: SystemTime) -> Self {
        let outcomes: Vec<&Outcome> = entries.filter_map(|entry| shown(entry, now)).collect();
        let failures: HashMap<&ProbeId, Reason> =
            outcomes.iter().filter_map(|outcome| Some((&outcome.probe, outcome.failure()?.reason))).collect();
        let causes = diagnose(outcomes);
        let mut places: Vec<(&ProbeId, Place)> = Vec::new();
        for (number, cause) in causes.iter().enumerate() {
            places.extend(
                cause
                    .explains
                    .iter()
                    .enumerate()
                    .map(|(place, probe)| (probe, Place { cause: number, place, failure: failures.get(probe).copied() })),
            );
        }
        places.sort_by_key(|(probe, _)| *probe);
        let places = places.into_iter().map(|(_, place)| place).collect();
        Self { at: now, recorded, causes, places }
    }

    /// Returns the places at which a probe is explained.
    fn places(&self, probe: &ProbeId) -> &[Place] {
        let explained = |place: &Place| self.causes.get(place.cause).and_then(|cause| cause.explains.get(place.place));
        let begin = self.places.partition_point(|place| explained(place) < Some(probe));
        let rest = self.places.get(begin..).unwrap_or_default();
        rest.get(..rest.partition_point(|place| explained(place) == Some(probe))).unwrap_or_default()
    }

    /// Reports whether this failure of the probe was diagnosed, or one for the same reason.
    fn knows(&self, outcome: &Outcome) -> bool {
        let reason = outcome.failure().map(|failure| failure.reason);
        self.places(&outcome.probe).first().is_some_and(|place| place.failure == reason)
    }

    /// Returns the causes that explain any of the `failing` probes.
    fn explaining(&self, failing: &[&Outcome]) -> Vec<RootCause> {
        let mut listed: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for place in failing.iter().flat_map(|outcome| self.places(&outcome.probe)) {
            listed.entry(place.cause).or_default().insert(place.place);
        }
        listed.into_iter().filter_map(|(number, places)| Some(shortened(self.causes.get(number)?, places))).collect()
    }
}

/// Returns the cause with what stands at these places of what it explains and a few others, and with the number of the rest.
fn shortened(cause: &RootCause, mut places: BTreeSet<usize>) -> RootCause {
    let RootCause { reason, confidence, tenant, mailbox, explains, unlisted, candidates, evidence } = cause;
    let others = (0..explains.len()).filter(|place| !places.contains(place)).take(LISTED).collect::<Vec<_>>();
    places.extend(others);
    RootCause {
        reason: *reason,
        confidence: *confidence,
        tenant: tenant.clone(),
        mailbox: mailbox.clone(),
        explains: places.iter().filter_map(|place| explains.get(*place)).cloned().collect(),
        unlisted: unlisted + explains.len() - places.len(),
        candidates: candidates.clone(),
        evidence: evidence.clone(),
    }
}

/// Returns the entries that texts about `causes` are made of: what they explain, and the checks of their tenants, which know more of
/// the application than a mailbox does.
pub fn concerned<'a>(store: &'a Store, causes: &[RootCause]) -> Vec<&'a ProbeEntry> {
    let tenants: BTreeSet<&str> = causes.iter().map(|cause| &*cause.tenant).collect();
    let of_tenant = |tenant: &str| {
        Check::ALL.iter().map(|check| ProbeId { tenant: tenant.to_owned(), mailbox: None, check: *check }).collect::<Vec<_>>()
    };
    let ids = tenants.into_iter().flat_map(of_tenant);
    let explained: BTreeSet<&ProbeId> = causes.iter().flat_map(|cause| &cause.explains).collect();
    let ids: BTreeSet<ProbeId> = ids.chain(explained.into_iter().cloned()).collect();
    ids.iter().filter_map(|id| store.probe(id)).collect()
}

/// The outcome that a probe is shown with.
fn shown(entry: &ProbeEntry, now: SystemTime) -> Option<&Outcome> {
    ProbeState::new(entry, now).into_judged().map(|judged| judged.outcome)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::Cloud;
    use crate::credential::SecretSource;
    use crate::outcome::{Evidence, Failure, Phase, Verdict};
    use crate::settings::{ProbeSettings, Tenant};

    const NOW: SystemTime = SystemTime::UNIX_EPOCH;

    fn id(mailbox: usize) -> ProbeId {
        ProbeId { tenant: "contoso".into(), mailbox: Some(format!("m{mailbox:03}")), check: Check::Pop3 }
    }

    fn failed(mailbox: usize, reason: Reason) -> Outcome {
        let failure = Failure { phase: Phase::Token, reason, evidence: Evidence::default() };
        Outcome::new(id(mailbox), NOW, Verdict::Failed(failure))
    }

    /// A tenant of so many mailboxes, all of which fail but the last.
    fn store(mailboxes: usize) -> Store {
        let cloud = Cloud::built_in("global").expect("built in");
        let tenant = Arc::new(Tenant::new("contoso", cloud, "tenant", "client", SecretSource::Variable("SECRET".into())));
        let settings: Vec<_> = (0..mailboxes).map(|mailbox| ProbeSettings::new(id(mailbox), Arc::clone(&tenant), None)).collect();
        let mut store = Store::new(&settings);
        (1..mailboxes).for_each(|mailbox| store.record(failed(mailbox - 1, Reason::ClientSecretExpired)));
        store.record(Outcome::new(id(mailboxes - 1), NOW, Verdict::Ok));
        store
    }

    fn causes(shared: &SharedDiagnosis, store: &Store, mailbox: usize, now: SystemTime) -> Vec<RootCause> {
        shared.causes(store, &[store.probe(&id(mailbox)).expect("stored")], now)
    }

    #[test]
    fn root_cause_of_one_of_299_failing_mailboxes_lists_it_and_counts_the_others() {
        let (store, shared) = (store(300), SharedDiagnosis::default());
        let found = causes(&shared, &store, 270, NOW);
        let [cause] = &found[..] else { panic!("{found:?}") };
        assert_eq!((cause.reason, cause.explains.len(), cause.unlisted), (Reason::ClientSecretExpired, LISTED + 1, 298 - LISTED));
        assert!(cause.explains.contains(&id(270)) && cause.explains.is_sorted());
        assert!(causes(&shared, &store, 299, NOW).is_empty());
    }

    #[test]
    fn diagnosis_of_a_large_tenant_is_used_until_it_is_renewed_or_thirty_seconds_old() {
        let (mut store, shared) = (store(300), SharedDiagnosis::default());
        assert_eq!(causes(&shared, &store, 0, NOW).first().map(|cause| cause.unlisted), Some(298 - LISTED));
        (1..100).for_each(|mailbox| store.record(Outcome::new(id(mailbox), NOW, Verdict::Ok)));
        assert_eq!(causes(&shared, &store, 0, NOW).first().map(|cause| cause.unlisted), Some(298 - LISTED), "as before");
        shared.renew(&store, NOW);
        assert_eq!(causes(&shared, &store, 0, NOW).first().map(|cause| cause.unlisted), Some(199 - LISTED), "renewed");
        store.record(Outcome::new(id(100), NOW, Verdict::Ok));
        let later = NOW + LASTS + Duration::from_secs(1);
        assert_eq!(causes(&shared, &store, 0, later).first().map(|cause| cause.unlisted), Some(198 - LISTED), "too old");
    }

    #[test]
    fn probe_that_failed_since_the_diagnosis_or_for_another_reason_explains_itself() {
        let (mut store, shared) = (store(300), SharedDiagnosis::default());
        assert_eq!(causes(&shared, &store, 0, NOW).len(), 1);
        store.record(failed(299, Reason::ClientSecretExpired));
        store.record(failed(0, Reason::TenantNotFound));
        for (mailbox, reason) in [(299, Reason::ClientSecretExpired), (0, Reason::TenantNotFound)] {
            let found = causes(&shared, &store, mailbox, NOW);
            assert_eq!(
                found.iter().map(|cause| (cause.reason, &cause.explains[..])).collect::<Vec<_>>(),
                [(reason, &[id(mailbox)][..])]
            );
        }
    }

    #[test]
    fn diagnosis_that_nobody_asks_for_any_more_is_forgotten() {
        let (store, shared) = (store(300), SharedDiagnosis::default());
        assert_eq!(causes(&shared, &store, 0, NOW).len(), 1);
        shared.renew(&store, NOW + KEPT);
        assert_eq!(shared.known().len(), 1);
        shared.renew(&store, NOW + KEPT + Duration::from_secs(1));
        assert!(shared.known().is_empty());
    }

    #[test]
    fn small_tenant_is_diagnosed_for_each_request() {
        let (mut store, shared) = (store(SMALL), SharedDiagnosis::default());
        assert_eq!(causes(&shared, &store, 0, NOW).first().map(|cause| cause.unlisted), Some(SMALL - 2 - LISTED));
        store.record(Outcome::new(id(1), NOW, Verdict::Ok));
        assert_eq!(causes(&shared, &store, 0, NOW).first().map(|cause| cause.unlisted), Some(SMALL - 3 - LISTED));
    }
}
