//! `demo`: everything against an embedded simulated tenant; no account, no configuration, no network.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::args::{Demo, DemoCredential};
use super::doctor::ReportOptions;
use super::logging::Log;
use super::{FAULT, GOOD, USAGE, failed, output, run_once, serve};
use crate::document::BackOffs;
use crate::render::page::FaultSwitch;
use crate::round_trip::Ledger;
use crate::serve::{BoundAddress, Faults, Options, Source};
use crate::settings::Settings;
use crate::sim::{self, MachineKind, Running};

/// Serves the demonstration, or runs it once and prints it.
pub fn run(arguments: &Demo, log: &Log) -> u8 {
    if arguments.fault.iter().any(|fault| fault == "list") {
        list();
        return GOOD;
    }
    match TemporaryDirectory::new() {
        Ok(scratch) if arguments.once => run_once_and_print(arguments, &scratch),
        Ok(scratch) => serve_demo(arguments, &scratch, log),
        Err(problem) => failed(false, FAULT, &problem),
    }
}

fn list() {
    output::out(
        "--fault NAME affects all it can, NAME@SERVICE one service, NAME@MAILBOX one mailbox, NAME@SERVICE@MAILBOX one\n\
         service of one mailbox, where the list says that it may. The mailboxes are praxis, labor and empfang, and personal,\n\
         which must stay closed to the application.\n\n",
    );
    for fault in sim::Fault::ALL {
        let places = fault.places();
        let places = if places.is_empty() { places } else { format!(" ({places})") };
        output::out(&format!("{:<34} {}{places}\n", fault.name(), fault.text()));
    }
}

fn run_once_and_print(arguments: &Demo, scratch: &TemporaryDirectory) -> u8 {
    let options = ReportOptions::from(arguments);
    let ended = run_once::block_on(async {
        let (_running, settings) = start(arguments, &scratch.0).await?;
        if options.is_text() {
            output::out(&format!("{}\n\n", options.lang().texts().doctor.simulated));
        }
        let progress = options.progress(&settings.probes);
        let back_offs = BackOffs::default();
        let means = run_once::means(&settings.network, Ledger::in_memory()).map_err(|problem| (FAULT, problem))?;
        let outcomes = run_once::run(means, &settings.probes, arguments.timeout, progress, &back_offs).await;
        Ok((settings.probes, outcomes.map_err(|problem| (FAULT, problem))?))
    });
    match ended.unwrap_or_else(|problem| Err((FAULT, problem))) {
        Ok((probes, outcomes)) => options.report(&probes, &outcomes),
        Err((code, problem)) => failed(false, code, &problem),
    }
}

fn serve_demo(arguments: &Demo, scratch: &TemporaryDirectory, log: &Log) -> u8 {
    serve::with_runtime(log, async {
        let (running, settings) = start(arguments, &scratch.0).await?;
        let config = running.write_config(&scratch.0).map_err(|error| cannot_write(&scratch.0, &error))?;
        let faults = Some(Arc::new(FaultSwitches(running)) as Arc<dyn Faults>);
        let source = Source::Given(Box::new(settings));
        let known = serve::options(source, &arguments.listen, &arguments.names);
        let options = Options { faults, log_lines_lost: log.lost(), ..known };
        crate::serve::run(options, |addresses| print_addresses(addresses, &config)).await.map_err(serve::exit_code)
    })
}

/// The simulated tenant's faults as the page's buttons.
#[derive(Debug)]
struct FaultSwitches(Running);

impl Faults for FaultSwitches {
    fn switches(&self) -> Vec<FaultSwitch> {
        let on = self.0.faults();
        let switch = |fault: &sim::Fault| FaultSwitch { name: fault.name(), about: fault.text(), on: on.contains(fault) };
        sim::Fault::ALL.iter().map(switch).collect()
    }

    fn toggle(&self, name: &str) -> Result<(), String> {
        let fault = sim::Fault::from_name(name).ok_or_else(|| format!("there is no fault `{name}`"))?;
        if self.0.faults().contains(&fault) {
            self.0.end_fault(fault);
            return Ok(());
        }
        self.0.set_fault(name)
    }

    fn clear(&self) {
        self.0.clear_faults();
    }
}

fn print_addresses(addresses: &[BoundAddress], config: &Path) {
    output::out("Serving the simulated tenant `contoso`; Ctrl-C ends it.\n\n");
    for address in addresses {
        output::out(&match address {
            BoundAddress::Socket(address) => format!("  page     http://{address}/\n  metrics  http://{address}/metrics\n"),
            BoundAddress::Unix(path) => format!("  metrics  curl --unix-socket {} http://localhost/metrics\n", path.display()),
        });
    }
    output::out(&format!(
        "\nOther programs may log in too. Hosts, ports, ids, mailboxes, and the files of the credential and of the authority to\n\
         trust stand, as long as it runs, in {}\n",
        config.display()
    ));
    output::out("\nSee a fault found:  m365-probe demo --once --fault client_secret_expired   (--fault list names them)\n");
}

/// Starts the simulated tenant with the faults asked for, and returns it with the settings of every check of it.
///
/// # Errors
/// Exit code and message: an unknown fault, no free port, or its CA's certificate cannot be written to `directory`.
async fn start(arguments: &Demo, directory: &Path) -> Result<(Running, Settings), (u8, String)> {
    let contoso = sim::Tenant::contoso().with_closed_mailbox();
    let tenant = match arguments.credential.unwrap_or_else(|| default_credential(&arguments.fault)) {
        DemoCredential::ClientSecret => Ok(contoso),
        DemoCredential::Certificate => contoso.with_certificate(),
        DemoCredential::Federated => Ok(contoso.with_federated_credential()),
        DemoCredential::ManagedIdentity => Ok(contoso.with_managed_identity(MachineKind::VirtualMachine)),
    };
    let running = sim::start(tenant.map_err(|problem| (FAULT, problem))?).await.map_err(|problem| (FAULT, problem))?;
    let ca_file = running.write_ca(directory);
    let ca_file = ca_file.map_err(|error| cannot_write(directory, &error))?;
    for fault in &arguments.fault {
        running.set_fault(fault).map_err(|problem| (USAGE, format!("--fault: {problem}; `--fault list` names them all")))?;
    }
    let settings = running.settings(&ca_file);
    Ok((running, settings))
}

/// Returns the credential of a demonstration that names none: one that meets the faults asked for.
fn default_credential(faults: &[String]) -> DemoCredential {
    let is_of_identity = |name: &String| sim::Fault::from_name(name).is_some_and(sim::Fault::is_of_managed_identity);
    if faults.iter().any(is_of_identity) { DemoCredential::ManagedIdentity } else { DemoCredential::ClientSecret }
}

fn cannot_write(directory: &Path, error: &io::Error) -> (u8, String) {
    (FAULT, format!("cannot write to `{}`: {error}", directory.display()))
}

/// A temporary directory of this process, removed when dropped.
struct TemporaryDirectory(PathBuf);

impl TemporaryDirectory {
    fn new() -> Result<Self, String> {
        let path = std::env::temp_dir().join(format!("m365-probe-demo-{}", std::process::id()));
        std::fs::create_dir_all(&path).map_err(|error| format!("cannot make `{}`: {error}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for TemporaryDirectory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0); // what stays is a public certificate in the temporary directory
    }
}
