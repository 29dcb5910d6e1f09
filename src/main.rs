//! The program: settle the environment, then do what the command line says.

use std::process::ExitCode;

fn main() -> ExitCode {
    settle_the_environment();
    ExitCode::from(m365_probe::cli::run(std::env::args_os()))
}

/// Names the configuration; see `--config`.
const CONFIGURATION: &str = "M365_PROBE_CONFIG";

/// OpenSSL finds its roots through variables, and variables may be set only while no other thread reads them.
#[allow(unsafe_code)]
fn settle_the_environment() {
    for (name, value) in m365_probe::net::trust::environment() {
        // SAFETY: this is the first thing `main` does, so there is one thread.
        unsafe { std::env::set_var(name, value) };
    }
    // Set to nothing, as a unit's `Environment=` or an empty `.env` has it, is not set.
    if std::env::var_os(CONFIGURATION).is_some_and(|path| path.is_empty()) {
        // SAFETY: as above.
        unsafe { std::env::remove_var(CONFIGURATION) };
    }
}
