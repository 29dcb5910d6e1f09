//! Where a service's configuration comes from, at the start and whenever it is told to reload.

use std::path::PathBuf;

use tracing::warn;

use crate::config::{self, Loaded};
use crate::settings::Settings;

/// Where a service's configuration comes from.
#[derive(Debug)]
pub enum Source {
    /// A file, read anew for a reload.
    File(PathBuf),
    /// Settings already in hand; there is nothing to reload.
    Given(Settings),
}

impl Source {
    /// Reads the configuration and logs what may surprise in it. Blocks on the file.
    ///
    /// # Errors
    /// Every mistake, a line each.
    pub(super) fn load(&self) -> Result<Loaded, String> {
        match self {
            Self::File(path) => {
                let loaded = config::load(path).map_err(|mistakes| mistakes.to_string())?;
                for warning in &loaded.warnings {
                    warn!("{}", warning.line(&path.display().to_string()));
                }
                Ok(loaded)
            }
            Self::Given(settings) => Ok(Loaded {
                settings: settings.clone(),
                warnings: Vec::new(),
                masked: "# made by the program itself; there is no file\n".to_owned(),
            }),
        }
    }
}
