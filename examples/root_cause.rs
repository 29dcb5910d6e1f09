//! Runs every check against a simulated tenant whose client secret has expired, and prints the root causes.
//!
//! `cargo run --example root_cause`; no account and no network is needed.

use m365_probe::check::Means;
use m365_probe::diagnosis::{RootCause, diagnose};
use m365_probe::outcome::Outcome;
use m365_probe::probe::{Probe, Slots};
use m365_probe::sim::{self, Tenant};

/// Prints each root cause: its title, its confidence, the number of probes it explains and the first step of its remedy.
///
/// # Errors
/// Those of [`root_causes`], in words.
#[expect(clippy::print_stdout, reason = "the program is read by a person")]
#[tokio::main(flavor = "current_thread")]
pub async fn main() -> Result<(), String> {
    for cause in root_causes("client_secret_expired").await? {
        println!("{} ({}), explains {} probes", cause.reason.title(), cause.confidence.code(), cause.explains.len());
        println!("  {}", cause.reason.remedy());
    }
    Ok(())
}

/// Runs every check while `fault` is in force, and returns the root causes of the failures.
///
/// # Errors
/// There is no such fault, no port is free, or the authority's certificate cannot be written; in words.
pub async fn root_causes(fault: &str) -> Result<Vec<RootCause>, String> {
    let tenant = sim::start(Tenant::contoso()).await?;
    let directory = std::env::temp_dir().join(format!("m365-probe-example-{}", tenant.ports().login));
    std::fs::create_dir_all(&directory).map_err(|error| error.to_string())?;
    let ca_file = tenant.write_ca(&directory).map_err(|error| error.to_string())?;
    let settings = tenant.settings(&ca_file);
    let means = Means::new(&settings.network)?; // reads the certificate
    std::fs::remove_dir_all(&directory).map_err(|error| error.to_string())?;

    tenant.set_fault(fault)?;
    let slots = Slots::default();
    let mut outcomes: Vec<Outcome> = Vec::new();
    for probe in settings.probes {
        outcomes.push(Probe::new(probe, &slots)?.run(&means, None).await);
    }
    Ok(diagnose(&outcomes))
}
