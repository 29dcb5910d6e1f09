//! The probes that the command line selects: those of a configuration, or of one tenant given by options.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::args::Selection;
use crate::config::{self, LocalSystem, Mistakes, SERVICE_CREDENTIALS};
use crate::kind::Check;
use crate::levels::Limits;
use crate::settings::{Network, ProbeSettings, RootStore, Settings};

/// The probes selected, and how this machine reaches them.
#[derive(Debug)]
pub struct Selected {
    /// The network settings with which the probes run.
    pub network: Network,
    /// The probes to run; at least one.
    pub probes: Vec<ProbeSettings>,
    /// The state file of the service, where the configuration names one.
    pub state_file: Option<PathBuf>,
}

/// A command that takes a selection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// `check`: a plugin, whose first line is all that most people see, and which is not root.
    Check,
    /// `doctor`: a person.
    Doctor,
}

/// Returns the probes that `selection` and `checks` name, which trust `roots`. `all` stands for what is configured; a check that
/// is named is run on every mailbox selected, configured for it or not.
///
/// # Errors
/// A message for a person: every mistake in the configuration, or what is missing or unknown on the command line.
pub fn select(
    selection: &Selection,
    checks: &[String],
    timeout: Option<Duration>,
    roots: &RootStore,
    caller: Caller,
) -> Result<Selected, String> {
    let Settings { network, probes, state_file, .. } = match &selection.config {
        Some(path) => {
            refuse_ad_hoc_options(selection)?;
            let settings = config::load(path).map_err(|mistakes| explained(&mistakes, path, caller))?.settings;
            let probes = narrowed(settings.probes, selection)?;
            let all = checks.iter().any(|check| check == "all");
            Settings { probes: if all { probes } else { named(&probes, checks) }, ..settings }
        }
        None => config::from_selection(&ad_hoc_selection(selection, checks, timeout), &LocalSystem)
            .map_err(|mistakes| selection.ad_hoc_option().map_or_else(|| nothing_given(caller), |_| mistakes.to_string()))?,
    };
    if probes.is_empty() {
        return Err(format!(
            "nothing to run for `{}`; name a mailbox, or look at `checks` in the configuration",
            checks.join(" ")
        ));
    }
    Ok(Selected { network: Network { roots: roots.clone(), ..network }, probes, state_file })
}

/// Returns the mistakes of a configuration; where credentials are missing that only the service has, with the command that works.
fn explained(mistakes: &Mistakes, path: &Path, caller: Caller) -> String {
    let names = &mistakes.missing_credentials[..];
    let file = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let file = file.display();
    match caller {
        _ if names.is_empty() => mistakes.to_string(),
        Caller::Check => format!(
            "{file} names credentials that systemd hands over to the service alone; ask the service, with --from \
             http://127.0.0.1:10365 in place of --config\n{mistakes}"
        ),
        Caller::Doctor => {
            let handed_over: Vec<String> =
                names.iter().map(|name| format!("-p LoadCredential={name}:{SERVICE_CREDENTIALS}/{name} ")).collect();
            format!(
                "{mistakes}\n\nWhile the service runs, this runs the doctor with the service's credentials:\n\n    sudo systemd-run --pipe \
                 --wait --collect --quiet -p DynamicUser=yes {}m365-probe doctor --config {file}\n",
                handed_over.concat()
            )
        }
    }
}

/// Returns what to give where neither a configuration nor anything in its place was given.
fn nothing_given(caller: Caller) -> String {
    let or_ask = if caller == Caller::Check { "ask a running `serve` with --from URL, or " } else { "" };
    format!(
        "there is no configuration; name one with --config FILE (`m365-probe config init` writes a first one), or {or_ask}give \
         --tenant-id, --client-id, a credential such as --client-secret-file, and --mailbox"
    )
}

/// Refuses the options that take the place of a configuration where there is one, instead of ignoring them.
fn refuse_ad_hoc_options(selection: &Selection) -> Result<(), String> {
    match selection.ad_hoc_option() {
        Some(option) => Err(format!(
            "{option}: it takes the place of a configuration; leave it out, or --config and the variable M365_PROBE_CONFIG"
        )),
        None => Ok(()),
    }
}

fn ad_hoc_selection(selection: &Selection, checks: &[String], timeout: Option<Duration>) -> config::Selection {
    config::Selection {
        cloud: selection.cloud.clone(),
        tenant_id: selection.tenant_id.clone(),
        client_id: selection.client_id.clone(),
        client_secret_file: selection.client_secret_file.clone(),
        certificate_file: selection.certificate_file.clone(),
        private_key_file: selection.private_key_file.clone(),
        federated_token_file: selection.federated_token_file.clone(),
        managed_identity: selection.managed_identity.clone(),
        mailboxes: selection.mailbox.clone(),
        checks: checks.to_vec(),
        timeout,
        limits: Limits::default(),
    }
}

/// Narrows `probes` to the tenant and mailboxes of `selection`. With a mailbox named, the tenant's own checks stay out.
fn narrowed(probes: Vec<ProbeSettings>, selection: &Selection) -> Result<Vec<ProbeSettings>, String> {
    let of_tenant = |probe: &ProbeSettings| selection.tenant.as_ref().is_none_or(|name| *name == probe.id.tenant);
    let probes: Vec<_> = probes.into_iter().filter(of_tenant).collect();
    if let (Some(name), []) = (&selection.tenant, &probes[..]) {
        return Err(format!("--tenant: there is no tenant `{name}` in the configuration"));
    }
    if let Some(unknown) = selection.mailbox.iter().find(|mailbox| !probes.iter().any(|probe| probe.is_of_mailbox(mailbox))) {
        return Err(format!("--mailbox: there is no mailbox `{unknown}` in the configuration"));
    }
    let is_selected = |probe: &ProbeSettings| selection.mailbox.iter().any(|mailbox| probe.is_of_mailbox(mailbox));
    Ok(probes.into_iter().filter(|probe| selection.mailbox.is_empty() || is_selected(probe)).collect())
}

/// Returns the probes of the named checks on every tenant and mailbox of `probes`: as configured, else with the usual settings.
fn named(probes: &[ProbeSettings], checks: &[String]) -> Vec<ProbeSettings> {
    let mut chosen: Vec<ProbeSettings> = Vec::new();
    for check in Check::ALL.iter().filter(|check| checks.iter().any(|name| name == check.name())) {
        for about in probes {
            let mut settings = about.clone();
            settings.id.check = *check;
            if !check.is_of_mailbox() {
                (settings.id.mailbox, settings.address) = (None, None);
            } else if settings.address.is_none() {
                continue;
            }
            match probes.iter().find(|probe| probe.id == settings.id) {
                Some(configured) => settings = configured.clone(),
                // Nothing is sent from a mailbox that is not configured for it.
                None if *check == Check::RoundTrip => continue,
                None => (settings.limits, settings.backlog) = (Limits::default(), Vec::new()),
            }
            if !chosen.iter().any(|probe| probe.id == settings.id) {
                chosen.push(settings);
            }
        }
    }
    chosen
}
