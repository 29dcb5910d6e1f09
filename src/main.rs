//! The program: choose the trust store, then do what the command line says.

use std::process::ExitCode;

fn main() -> ExitCode {
    choose_the_trust_store();
    ExitCode::from(m365_probe::cli::run(std::env::args_os()))
}

/// OpenSSL finds its roots through variables, and variables may be set only while no other thread reads them.
#[allow(unsafe_code)]
fn choose_the_trust_store() {
    for (name, value) in m365_probe::net::trust::environment() {
        // SAFETY: this is the first thing `main` does, so there is one thread.
        unsafe { std::env::set_var(name, value) };
    }
}
