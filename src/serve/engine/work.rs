//! A loaded configuration at work: its probes and what they share, and what of it a reload keeps.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::spawn_blocking;

use super::super::config_source::SourceReader;
use crate::check::Means;
use crate::config::Loaded;
use crate::file::{FileKind, Reads, Stamp, stamp};
use crate::kind::Check;
use crate::outcome::ProbeId;
use crate::probe::{Probe, Slots};
use crate::round_trip::Ledger;
use crate::settings::{Ceilings, Network, ProbeSettings, Settings, Tenant};

/// Time for reading a configuration anew. Ten thousand mailboxes take a second of CPU; a busy machine may need many.
const RELOAD_WITHIN: Duration = Duration::from_secs(30);

/// A loaded configuration: its probes and what they share.
#[derive(Debug)]
pub struct Work {
    /// The configuration as loaded, without secrets, for `/config`.
    pub redacted: String,
    /// The most runs at once.
    pub in_flight: NonZeroUsize,
    /// The ceilings that are configured.
    pub(super) ceilings: Ceilings,
    /// The age up to which `/probe` gives an outcome again, where it is configured.
    pub probe_max_age: Option<Duration>,
    /// The probes, in the order of the configuration.
    pub probes: Vec<Arc<Probe>>,
    /// The same, by their ids.
    by_id: Vec<Arc<Probe>>,
    /// The means that all runs share. After a reload they have the tokens cached before it, but for tenants that changed: whoever
    /// reloads after a repair wants to see at once whether it helped, and not a refusal cached before it.
    pub means: Arc<Means>,
    /// The file in which the service keeps what must outlive a restart; only that of the start counts.
    pub state_file: Option<PathBuf>,
    /// The network that they were made from, and the stamps of its trust store's files.
    network: (Network, Vec<Option<Stamp>>),
    /// The tenants by name, and the stamps of their credentials' files.
    tenants: HashMap<String, (Arc<Tenant>, Vec<Option<Stamp>>)>,
}

/// The knowledge that a reload makes obsolete.
#[derive(Debug, Default)]
pub struct Obsolete {
    /// The tenants before it that are gone, or whose application or credential is another one now.
    tenants: Vec<Arc<Tenant>>,
    /// The probes after it that may be refused no longer.
    refusals: Vec<Arc<Probe>>,
}

impl Obsolete {
    /// Forgets it: cached tokens, and that logins were refused.
    pub fn forget(&self, means: &Means) {
        self.tenants.iter().for_each(|tenant| means.tokens.forget(tenant));
        self.refusals.iter().for_each(|probe| probe.hurry());
    }
}

impl Work {
    /// Loads the configuration on a blocking thread, because it reads files and the trust store.
    pub(super) async fn load(source: &SourceReader, slots: &Arc<Slots>) -> Result<Self, String> {
        let (source, slots) = (source.clone(), Arc::clone(slots));
        let loading = spawn_blocking(move || Self::new(source.load(FileKind::Any)?, &source, &slots, None));
        loading.await.unwrap_or_else(|_| Err("reading the configuration failed; see the log".to_owned()))
    }

    /// Loads the configuration once more, in at most [`RELOAD_WITHIN`]: a file system that hangs must not hold up later reloads. What
    /// has not changed since `before` is carried over; what is obsolete is returned too.
    pub(super) async fn reload(
        source: &SourceReader,
        slots: &Arc<Slots>,
        reads: &Reads,
        before: Arc<Self>,
    ) -> Result<(Self, Obsolete), String> {
        let (source, slots) = (source.clone(), Arc::clone(slots));
        let load = move || {
            let work = Self::new(source.load(FileKind::Regular)?, &source, &slots, Some(&before))?;
            let obsolete = work.obsolete(&before);
            Ok((work, obsolete))
        };
        let loaded = reads.within(RELOAD_WITHIN, load).await;
        loaded.unwrap_or_else(|problem| Err(format!("reading the configuration {problem}")))
    }

    fn new(loaded: Loaded, source: &SourceReader, slots: &Slots, before: Option<&Self>) -> Result<Self, String> {
        let Settings { network, in_flight, ceilings, probe_max_age, probes: settings, state_file } = loaded.settings;
        let trusted = network.ca_file.iter().chain(&network.roots.file).chain(&network.roots.directories).map(stamp).collect();
        let network = (network, trusted);
        let state_file = state_file.or_else(|| source.default_state_file());
        let means = means(&network, state_file.as_deref(), before)?;
        let sends = settings.iter().find(|settings| settings.id.check == Check::RoundTrip);
        if let Some(sends) = sends.filter(|_| source.is_file() && !means.ledger.is_kept()) {
            return Err(format!(
                "{}: set `state_file`, and start anew: what was sent must outlive a restart, so that none sends too often",
                sends.id
            ));
        }
        let tenants = tenants(&settings, before);
        let (mut probes, mut mistakes) = (Vec::with_capacity(settings.len()), Vec::new());
        for mut settings in settings {
            if let Some((tenant, _)) = tenants.get(&settings.id.tenant).filter(|(tenant, _)| *tenant == settings.tenant) {
                settings.tenant = Arc::clone(tenant);
            }
            if let Some(same) = before.and_then(|before| before.probe(&settings.id)).filter(|probe| *probe.settings == settings) {
                probes.push(Arc::clone(same));
                continue;
            }
            let id = settings.id.clone();
            match Probe::new(settings, slots) {
                Ok(probe) => probes.push(Arc::new(probe)),
                Err(problem) => mistakes.push(format!("{id}: {problem}")),
            }
        }
        if !mistakes.is_empty() {
            return Err(mistakes.join("\n"));
        }
        let mut by_id = probes.clone();
        by_id.sort_by(|one, other| one.id().cmp(other.id()));
        let redacted = loaded.redacted;
        Ok(Self { redacted, in_flight, ceilings, probe_max_age, probes, by_id, means, state_file, network, tenants })
    }

    /// Returns what was known with `before` and says nothing about this configuration.
    fn obsolete(&self, before: &Self) -> Obsolete {
        let is_known = |name: &String, (tenant, files): &(Arc<Tenant>, _)| {
            before.tenants.get(name).is_some_and(|(known, before)| Arc::ptr_eq(known, tenant) && before == files)
        };
        let has_changed = |name: &String| self.tenants.get(name).is_none_or(|tenant| !is_known(name, tenant));
        let changed = before.tenants.iter().filter(|(name, _)| has_changed(name)).map(|(_, (tenant, _))| Arc::clone(tenant));
        let may_be_let_in = |probe: &Arc<Probe>| {
            self.network != before.network
                || has_changed(&probe.id().tenant)
                || before.probe(probe.id()).is_none_or(|before| !before.is_continued_by(probe))
        };
        let refusals = self.probes.iter().filter(|probe| probe.refusals() > 0 && may_be_let_in(probe)).cloned();
        Obsolete { tenants: changed.collect(), refusals: refusals.collect() }
    }

    /// Reports whether the same probes run in the same way as `before`.
    pub(super) fn runs_as(&self, before: &Self) -> bool {
        let mut pairs = self.probes.iter().zip(&before.probes);
        Arc::ptr_eq(&self.means, &before.means)
            && self.in_flight == before.in_flight
            && self.probes.len() == before.probes.len()
            && pairs.all(|(one, other)| Arc::ptr_eq(one, other))
    }

    /// Returns the probe that has this id.
    pub fn probe(&self, id: &ProbeId) -> Option<&Arc<Probe>> {
        self.by_id.binary_search_by(|probe| probe.id().cmp(id)).ok().and_then(|index| self.by_id.get(index))
    }

    pub(super) fn settings(&self) -> Vec<Arc<ProbeSettings>> {
        self.probes.iter().map(|probe| Arc::clone(&probe.settings)).collect()
    }
}

/// Returns the means of `before` where the network is the same, else new ones with what those have cached. The ledger is that of
/// the first, beside the state file.
fn means(
    network: &(Network, Vec<Option<Stamp>>),
    state_file: Option<&Path>,
    before: Option<&Work>,
) -> Result<Arc<Means>, String> {
    Ok(match before {
        Some(before) if before.network == *network => Arc::clone(&before.means),
        Some(before) => Arc::new(Means::new(&network.0)?.with_caches_of(&before.means)),
        None => {
            let ledger = Arc::new(state_file.map_or_else(Ledger::in_memory, Ledger::beside));
            Arc::new(Means { ledger, ..Means::new(&network.0)? })
        }
    })
}

/// Returns the tenants of probes by name, those of `before` where they are the same, with the stamps of their credentials' files.
fn tenants(settings: &[ProbeSettings], before: Option<&Work>) -> HashMap<String, (Arc<Tenant>, Vec<Option<Stamp>>)> {
    let mut tenants = HashMap::new();
    for ProbeSettings { tenant, .. } in settings {
        tenants.entry(tenant.name.clone()).or_insert_with(|| {
            let known = before.and_then(|before| before.tenants.get(&tenant.name)).map(|(known, _)| known);
            let tenant = known.filter(|known| *known == tenant).unwrap_or(tenant);
            (Arc::clone(tenant), tenant.credential.files().into_iter().map(stamp).collect())
        });
    }
    tenants
}
