//! The program: settle its memory and keep it private, choose the trust store, set the environment, then do what the command line says.

use std::process::ExitCode;

use m365_probe::heap;
use m365_probe::net::trust;
use m365_probe::secret::{self, ZeroingAllocator};
use m365_probe::settings::RootStore;

#[global_allocator]
static ALLOCATOR: ZeroingAllocator = ZeroingAllocator;

fn main() -> ExitCode {
    heap::give_back_large_blocks();
    secret::keep_private(); // before anything secret is read; the environment may hold one already
    let roots = trust::root_store(|name| std::env::var_os(name));
    set_environment(&roots);
    ExitCode::from(m365_probe::cli::run(std::env::args_os(), &roots))
}

/// The variable that holds the path of the configuration; see `--config`.
const CONFIGURATION: &str = "M365_PROBE_CONFIG";

/// Sets the variables that the TLS layer under reqwest reads, because it takes no paths, and unsets an empty
/// `M365_PROBE_CONFIG`. The environment may be changed only while there is one thread.
#[allow(unsafe_code)]
fn set_environment(roots: &RootStore) {
    for (name, value) in trust::variables(roots) {
        // SAFETY: this is the first thing `main` does, so there is one thread.
        unsafe { std::env::set_var(name, value) };
    }
    // Set to nothing, as a unit's `Environment=` or an empty `.env` has it, is not set.
    if std::env::var_os(CONFIGURATION).is_some_and(|path| path.is_empty()) {
        // SAFETY: as above.
        unsafe { std::env::remove_var(CONFIGURATION) };
    }
}
