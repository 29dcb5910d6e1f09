//! Loads a service's configuration, at the start and for each reload.

use std::path::PathBuf;
use std::sync::Arc;

use tracing::warn;

use crate::config::{self, Loaded, System};
use crate::file::FileKind;
use crate::settings::{RootStore, Settings};

use super::systemd;

/// The source of a service's configuration.
#[derive(Debug)]
pub enum Source {
    /// A file, read anew for a reload.
    File {
        /// The file's path.
        path: PathBuf,
        /// The system's root certificates, which no configuration names.
        roots: RootStore,
    },
    /// Settings made by the program; there is nothing to reload.
    Given(Box<Settings>),
}

/// A source, and the system whose files and variables it is read from.
#[derive(Clone, Debug)]
pub(super) struct SourceReader {
    pub source: Arc<Source>,
    pub system: Arc<dyn System>,
}

impl SourceReader {
    /// Reports whether it is a file.
    pub fn is_file(&self) -> bool {
        matches!(*self.source, Source::File { .. })
    }

    /// Returns the state file where the configuration names none: in the directory that systemd makes for it.
    pub fn default_state_file(&self) -> Option<PathBuf> {
        let directory = self.is_file().then(systemd::state_directory).flatten();
        directory.map(|directory| directory.join("state.json"))
    }

    /// Reads the configuration from a file of this kind and logs its warnings. Blocks on the file.
    ///
    /// # Errors
    /// Every mistake, a line each.
    pub fn load(&self, kind: FileKind) -> Result<Loaded, String> {
        match &*self.source {
            Source::File { path, roots } => {
                let loaded = config::load_from(path, kind, &*self.system);
                let mut loaded = loaded.map_err(|mistakes| mistakes.to_string())?;
                for warning in &loaded.warnings {
                    warn!("{}", warning.line(&path.display().to_string()));
                }
                loaded.settings.network.roots.clone_from(roots);
                Ok(loaded)
            }
            Source::Given(settings) => Ok(Loaded {
                settings: Settings::clone(settings),
                warnings: Vec::new(),
                redacted: "# made by the program itself; there is no file\n".to_owned(),
            }),
        }
    }
}
