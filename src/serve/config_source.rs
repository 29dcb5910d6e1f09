//! Loads a service's configuration, at the start and for each reload.

use std::path::PathBuf;

use tracing::warn;

use crate::config::{self, Loaded};
use crate::settings::{RootStore, Settings};

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

impl Source {
    /// Reads the configuration and logs its warnings. Blocks on the file, also of a pipe the first time.
    ///
    /// # Errors
    /// Every mistake, a line each.
    pub(super) fn load(&self, again: bool) -> Result<Loaded, String> {
        match self {
            Self::File { path, roots } => {
                let read = if again { config::reload } else { config::load };
                let mut loaded = read(path).map_err(|mistakes| mistakes.to_string())?;
                for warning in &loaded.warnings {
                    warn!("{}", warning.line(&path.display().to_string()));
                }
                loaded.settings.network.roots.clone_from(roots);
                Ok(loaded)
            }
            Self::Given(settings) => Ok(Loaded {
                settings: Settings::clone(settings),
                warnings: Vec::new(),
                redacted: "# made by the program itself; there is no file\n".to_owned(),
            }),
        }
    }
}
