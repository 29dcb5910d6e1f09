//! A loaded configuration at work: its probes and what they share, and what of it a reload keeps.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::task::spawn_blocking;

use super::super::Source;
use crate::check::Means;
use crate::config::Loaded;
use crate::file::Reads;
use crate::outcome::ProbeId;
use crate::probe::{Probe, Slots};
use crate::settings::{Network, ProbeSettings, Settings};

/// Time for reading a configuration anew. Ten thousand mailboxes take a second of CPU; a busy machine may need many.
const RELOAD_WITHIN: Duration = Duration::from_secs(30);

/// A loaded configuration: its probes and what they share.
#[derive(Debug)]
pub struct Work {
    /// The configuration as loaded, without secrets, for `/config`.
    pub redacted: String,
    /// The most runs at once.
    pub in_flight: NonZeroUsize,
    /// The probes, in the order of the configuration.
    pub probes: Vec<Arc<Probe>>,
    /// The same, by their ids.
    by_id: Vec<Arc<Probe>>,
    /// The means that all runs share. After a reload they have the tokens cached before it, but for tenants that changed: whoever
    /// reloads after a repair wants to see at once whether it helped, and not a refusal cached before it.
    pub means: Arc<Means>,
    /// The file in which the service keeps what must outlive a restart; only that of the start counts.
    pub state_file: Option<PathBuf>,
    /// The network that they were made from, and when the files of its trust store were changed last.
    network: (Network, Vec<Option<SystemTime>>),
}

impl Work {
    /// Loads the configuration on a blocking thread, because it reads files and the trust store.
    pub(super) async fn load(source: &Arc<Source>, slots: &Arc<Slots>) -> Result<Self, String> {
        let (source, slots) = (Arc::clone(source), Arc::clone(slots));
        let loading = spawn_blocking(move || Self::new(source.load(false)?, &slots, None));
        loading.await.unwrap_or_else(|_| Err("reading the configuration failed; see the log".to_owned()))
    }

    /// Loads the configuration once more, in at most [`RELOAD_WITHIN`]: a file system that hangs must not hold up later reloads. What
    /// has not changed since `before` is carried over.
    pub(super) async fn reload(
        source: &Arc<Source>,
        slots: &Arc<Slots>,
        reads: &Reads,
        before: Arc<Self>,
    ) -> Result<Self, String> {
        let (source, slots) = (Arc::clone(source), Arc::clone(slots));
        let loaded = reads.within(RELOAD_WITHIN, move || Self::new(source.load(true)?, &slots, Some(&before))).await;
        loaded.unwrap_or_else(|problem| Err(format!("reading the configuration {problem}")))
    }

    fn new(loaded: Loaded, slots: &Slots, before: Option<&Self>) -> Result<Self, String> {
        let Settings { network, in_flight, probes: settings, state_file } = loaded.settings;
        let changed_at = |path: &PathBuf| std::fs::metadata(path).and_then(|about| about.modified()).ok();
        let trusted =
            network.ca_file.iter().chain(&network.roots.file).chain(&network.roots.directories).map(changed_at).collect();
        let means = Means::new(&network)?;
        let means = if let Some(before) = before { means.with_caches_of(&before.means) } else { means };
        let mut changed = Vec::new();
        let (mut probes, mut mistakes) = (Vec::with_capacity(settings.len()), Vec::new());
        for settings in settings {
            match before.and_then(|before| before.probe(&settings.id)) {
                Some(probe) if *probe.settings == settings => {
                    probes.push(Arc::clone(probe));
                    continue;
                }
                Some(probe) if probe.settings.tenant != settings.tenant => changed.push(Arc::clone(&probe.settings.tenant)),
                _ => {}
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
        for tenant in &changed {
            means.tokens.forget(tenant);
        }
        let mut by_id = probes.clone();
        by_id.sort_by(|one, other| one.id().cmp(other.id()));
        Ok(Self {
            redacted: loaded.redacted,
            in_flight,
            probes,
            by_id,
            means: Arc::new(means),
            state_file,
            network: (network, trusted),
        })
    }

    /// Reports whether the same probes run in the same way as `before`.
    pub(super) fn runs_as(&self, before: &Self) -> bool {
        let mut pairs = self.probes.iter().zip(&before.probes);
        self.network == before.network
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
