//! The root causes that requests for some probes share: a tenant with thousands of refused mailboxes is not diagnosed for each.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use crate::diagnosis::{RootCause, diagnose};
use crate::kind::Check;
use crate::outcome::{Outcome, ProbeId};
use crate::report::probe_state::ProbeState;
use crate::store::{ProbeEntry, Store};

/// Time for which a diagnosis is used again, for each probe of the tenant: twenty times what it takes. So a small tenant is always
/// diagnosed anew, and a large one takes a twentieth of a core at most, however many ask.
const LASTS: Duration = Duration::from_micros(30);
/// Probes beside the selected ones that a root cause lists as explained.
const LISTED: usize = 20;

/// The last diagnosis of each tenant that was asked for.
#[derive(Debug, Default)]
pub struct SharedDiagnosis(Mutex<HashMap<String, Arc<TenantDiagnosis>>>);

/// The root causes in a tenant.
#[derive(Debug)]
struct TenantDiagnosis {
    at: SystemTime,
    lasts: Duration,
    causes: Vec<RootCause>,
    /// Of each probe, the causes that explain it, and its place among what each explains.
    places: HashMap<ProbeId, Vec<(usize, usize)>>,
}

impl SharedDiagnosis {
    /// Returns the root causes of what fails among `selected`. Each lists the selected probes that it explains and a few others,
    /// and counts the rest.
    pub fn causes(&self, store: &Store, selected: &[&ProbeEntry], now: SystemTime) -> Vec<RootCause> {
        let mut tenants: BTreeMap<&str, Vec<&ProbeId>> = BTreeMap::new();
        for entry in selected.iter().filter(|entry| shown(entry, now).is_some_and(|outcome| outcome.failure().is_some())) {
            tenants.entry(&entry.settings.id.tenant).or_default().push(&entry.settings.id);
        }
        let mut causes: Vec<RootCause> = Vec::new();
        for (tenant, failing) in tenants {
            let mut diagnosis = self.of_tenant(store, tenant, now);
            if failing.iter().any(|probe| !diagnosis.places.contains_key(*probe)) {
                // It has failed since. What is selected explains itself until the next diagnosis.
                diagnosis = Arc::new(TenantDiagnosis::new(
                    selected.iter().copied().filter(|entry| entry.settings.id.tenant == tenant),
                    now,
                ));
            }
            causes.extend(diagnosis.explaining(&failing));
        }
        causes.sort_by_key(|cause| std::cmp::Reverse((cause.confidence, cause.explains.len() + cause.unlisted)));
        causes
    }

    fn of_tenant(&self, store: &Store, tenant: &str, now: SystemTime) -> Arc<TenantDiagnosis> {
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = known().get(tenant).cloned();
        if let Some(last) = last.filter(|last| now.duration_since(last.at).is_ok_and(|age| age < last.lasts)) {
            return last;
        }
        let made = Arc::new(TenantDiagnosis::new(store.of_tenant(tenant), now));
        let mut known = known();
        known.retain(|tenant, _| store.has_tenant(tenant));
        known.insert(tenant.to_owned(), Arc::clone(&made));
        made
    }
}

impl TenantDiagnosis {
    fn new<'a>(entries: impl Iterator<Item = &'a ProbeEntry>, now: SystemTime) -> Self {
        let outcomes: Vec<&Outcome> = entries.filter_map(|entry| shown(entry, now)).collect();
        let lasts = LASTS.saturating_mul(outcomes.len().try_into().unwrap_or(u32::MAX));
        let causes = diagnose(outcomes);
        let mut places: HashMap<ProbeId, Vec<(usize, usize)>> = HashMap::new();
        for (number, cause) in causes.iter().enumerate() {
            for (place, probe) in cause.explains.iter().enumerate() {
                places.entry(probe.clone()).or_default().push((number, place));
            }
        }
        Self { at: now, lasts, causes, places }
    }

    /// Returns the causes that explain any of `probes`.
    fn explaining(&self, probes: &[&ProbeId]) -> Vec<RootCause> {
        let mut listed: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for (number, place) in probes.iter().filter_map(|probe| self.places.get(*probe)).flatten() {
            listed.entry(*number).or_default().insert(*place);
        }
        let shortened = |(number, mut places): (usize, BTreeSet<usize>)| {
            let RootCause { reason, confidence, tenant, mailbox, explains, unlisted, candidates, evidence } =
                self.causes.get(number)?;
            let others = (0..explains.len()).filter(|place| !places.contains(place)).take(LISTED).collect::<Vec<_>>();
            places.extend(others);
            Some(RootCause {
                reason: *reason,
                confidence: *confidence,
                tenant: tenant.clone(),
                mailbox: mailbox.clone(),
                explains: places.iter().filter_map(|place| explains.get(*place)).cloned().collect(),
                unlisted: unlisted + explains.len() - places.len(),
                candidates: candidates.clone(),
                evidence: evidence.clone(),
            })
        };
        listed.into_iter().filter_map(shortened).collect()
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
    use crate::reason::Reason;
    use crate::settings::{ProbeSettings, Tenant};

    const NOW: SystemTime = SystemTime::UNIX_EPOCH;

    fn id(mailbox: usize) -> ProbeId {
        ProbeId { tenant: "contoso".into(), mailbox: Some(format!("m{mailbox:03}")), check: Check::Pop3 }
    }

    fn outcome(mailbox: usize, works: bool) -> Outcome {
        let failure = Failure { phase: Phase::Token, reason: Reason::ClientSecretExpired, evidence: Evidence::default() };
        Outcome::new(id(mailbox), NOW, if works { Verdict::Ok } else { Verdict::Failed(failure) })
    }

    /// A tenant of 100 mailboxes, all of which fail but the last.
    fn store() -> Store {
        let cloud = Cloud::built_in("global").expect("built in");
        let tenant = Arc::new(Tenant::new("contoso", cloud, "tenant", "client", SecretSource::Variable("SECRET".into())));
        let settings: Vec<_> = (0..100).map(|mailbox| ProbeSettings::new(id(mailbox), Arc::clone(&tenant), None)).collect();
        let mut store = Store::new(&settings);
        (0..100).for_each(|mailbox| store.record(outcome(mailbox, mailbox == 99)));
        store
    }

    #[test]
    fn root_cause_of_one_of_99_failing_mailboxes_lists_it_and_counts_the_others() {
        let (store, shared) = (store(), SharedDiagnosis::default());
        let causes = shared.causes(&store, &[store.probe(&id(70)).expect("stored")], NOW);
        let [cause] = &causes[..] else { panic!("{causes:?}") };
        assert_eq!((cause.reason, cause.explains.len(), cause.unlisted), (Reason::ClientSecretExpired, LISTED + 1, 98 - LISTED));
        assert!(cause.explains.contains(&id(70)) && cause.explains.is_sorted());
        assert!(shared.causes(&store, &[store.probe(&id(99)).expect("stored")], NOW).is_empty());
    }

    #[test]
    fn diagnosis_is_shared_for_a_while_and_a_probe_that_failed_since_explains_itself() {
        let (mut store, shared) = (store(), SharedDiagnosis::default());
        let first = shared.of_tenant(&store, "contoso", NOW);
        store.record(outcome(99, false));
        assert!(Arc::ptr_eq(&first, &shared.of_tenant(&store, "contoso", NOW)));
        let causes = shared.causes(&store, &[store.probe(&id(99)).expect("stored")], NOW);
        assert_eq!(causes.iter().map(|cause| &cause.explains[..]).collect::<Vec<_>>(), [&[id(99)]]);
        let later = NOW + LASTS * 100;
        assert!(!Arc::ptr_eq(&first, &shared.of_tenant(&store, "contoso", later)));
        let causes = shared.causes(&store, &[store.probe(&id(99)).expect("stored")], later);
        assert_eq!(causes.first().map(|cause| cause.unlisted), Some(99 - LISTED));
    }
}
