//! The series that the mailboxes of a tenant share on `/metrics`, under the tenant's name: the certificates of their servers, their
//! token, and in a large service times of phases and the endpoints at which they fail.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use super::certificates::Presented;
use super::families::Families;
use super::{facts, run};
use crate::kind::Check;
use crate::outcome::{Outcome, Phase, ProbeId};
use crate::store::{ProbeEntry, Store, shown_certificates};

/// Probes from which on what mailboxes have in common stands once for each tenant and check: the phases before a login and those of
/// failed runs, as the mean, and the endpoints of failures. For ten thousand mailboxes they would be half of the page.
const MANY: usize = 3_000;

/// The series that are common to several probes, collected while their own series are written.
#[derive(Debug, Default)]
pub struct Shared<'a> {
    has_many: bool,
    certificates: BTreeMap<(&'a str, Check, &'a str, u16), Presented<'a>>,
    /// The times of each phase, and how many runs entered it.
    phases: BTreeMap<(&'a str, Check, Phase), (Duration, u32)>,
    /// The endpoints at which runs failed.
    endpoints: BTreeSet<(&'a str, Check, String)>,
    /// The last run that had a token for Exchange, else for Graph.
    tokens: BTreeMap<&'a str, (&'a ProbeEntry, &'a Outcome)>,
    /// Tenants whose token the check `token` shows.
    with_token_check: BTreeSet<&'a str>,
}

impl<'a> Shared<'a> {
    /// Begins for the probes of `store`.
    pub fn new(store: &'a Store) -> Self {
        let ids = store.probes().iter().map(|entry| &entry.settings.id);
        let with_token_check = ids.filter(|id| id.check == Check::Token).map(|id| &*id.tenant).collect();
        Self { has_many: store.probes().len() >= MANY, with_token_check, ..Self::default() }
    }

    /// Collects what `entry` has in common with others, and writes the phases and the token that it has not.
    pub fn add(&mut self, families: &mut Families, entry: &'a ProbeEntry, now: SystemTime) {
        if let Some(outcome) = entry.current_run(now) {
            self.phases(families, outcome);
            self.endpoint(families, outcome);
        }
        self.certificates(entry, now);
        self.token(families, entry, now);
    }

    fn phases(&mut self, families: &mut Families, outcome: &'a Outcome) {
        let probe = &outcome.probe;
        for (phase, took) in run::phases(outcome) {
            let is_own = outcome.is_ok() && matches!(phase, Phase::Auth | Phase::Mailbox);
            if is_own || !self.has_many || probe.mailbox.is_none() {
                run::phase(families, probe, phase, took);
            } else {
                let (sum, count) = self.phases.entry((&probe.tenant, probe.check, phase)).or_default();
                (*sum, *count) = (sum.saturating_add(took), *count + u32::from(!took.is_zero()));
            }
        }
    }

    fn endpoint(&mut self, families: &mut Families, outcome: &'a Outcome) {
        let (probe, Some(endpoint)) = (&outcome.probe, run::endpoint(outcome)) else { return };
        if self.has_many && probe.mailbox.is_some() {
            self.endpoints.insert((&probe.tenant, probe.check, endpoint));
        } else {
            run::failed_at(families, probe, &endpoint);
        }
    }

    /// Collects the certificates of servers; that of the token endpoint is the tenant's already.
    fn certificates(&mut self, entry: &'a ProbeEntry, now: SystemTime) {
        let id = &entry.settings.id;
        for (host, port, outcome) in
            entry.certificates().filter(|(host, port, _)| !facts::is_of_tenant(&entry.settings, host, *port))
        {
            let is_current = entry.is_current(outcome.at, now);
            for (endpoint, certificate) in shown_certificates(outcome).filter(|(at, _)| (&*at.host, at.port) == (host, port)) {
                let presented = || Presented::new(endpoint, certificate, outcome.at, is_current);
                let known = self.certificates.entry((&id.tenant, id.check, host, port));
                known.and_modify(|known| known.add(presented())).or_insert_with(presented);
            }
        }
    }

    /// Writes the token of the check `token`; of a tenant without that check, the last token of its mailboxes stands for all.
    fn token(&mut self, families: &mut Families, entry: &'a ProbeEntry, now: SystemTime) {
        let (id, Some(outcome)) = (&entry.settings.id, entry.token.as_deref()) else { return };
        if id.check == Check::Token {
            token(families, id, outcome, entry.is_current(outcome.at, now));
        } else if !self.with_token_check.contains(&*id.tenant) {
            let last = self.tokens.entry(&id.tenant).or_insert((entry, outcome));
            // Graph has a token of its own, without Exchange's roles.
            let rank = |outcome: &Outcome| (outcome.probe.check != Check::Graph, outcome.at);
            if rank(last.1) < rank(outcome) {
                *last = (entry, outcome);
            }
        }
    }

    /// Writes what was collected.
    pub fn write(self, families: &mut Families, now: SystemTime) {
        for ((tenant, check, phase), (sum, count)) in self.phases {
            run::phase(families, &facts::of_tenant(tenant, check), phase, sum / count.max(1));
        }
        for (tenant, check, endpoint) in self.endpoints {
            run::failed_at(families, &facts::of_tenant(tenant, check), &endpoint);
        }
        for ((tenant, check, host, port), presented) in self.certificates {
            presented.write(families, &facts::of_tenant(tenant, check), (host, port));
        }
        for (tenant, (entry, outcome)) in self.tokens {
            token(families, &facts::of_tenant(tenant, Check::Token), outcome, entry.is_current(outcome.at, now));
        }
    }
}

/// Adds a token as that of `probe`: when it expires, and while that is current the rest.
fn token(families: &mut Families, probe: &ProbeId, outcome: &Outcome, is_current: bool) {
    facts::gauges(families, probe, outcome, "token", is_current);
    if is_current {
        facts::roles(families, probe, outcome);
    }
}
