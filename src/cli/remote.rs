//! `check --from`: fetches the results of a running service.

use super::args::{Check, Selection};
use super::run_once;
use crate::credential::SecretSource;
use crate::remote::{self, Service, ServiceReport};

/// Fetches the outcomes that the service at `url` has for the probes that the command line selects.
///
/// # Errors
/// A message for a person: an option that does not go with `--from`, or what is wrong with the service.
pub fn fetch(url: &str, arguments: &Check) -> Result<ServiceReport, String> {
    let Check { selection, from, .. } = arguments;
    refuse_local_options(selection)?;
    let login = match (&from.user, &from.password_file) {
        (Some(user), Some(path)) => {
            let password = SecretSource::File(path.clone()).read_once();
            Some((user.clone(), password.map_err(|problem| format!("--from-password-file: {problem}"))?))
        }
        _ => None,
    };
    let service = Service { url: url.to_owned(), ca_file: from.ca_file.clone(), login };
    let (tenant, mailboxes) = (selection.tenant.clone(), selection.mailbox.clone());
    let selected = remote::Selection { tenant, mailboxes, checks: arguments.checks.clone() };
    run_once::block_on(remote::fetch(&service, &selected, arguments.timeout.limit))?
}

/// Refuses the options of a local configuration, which the service's own would override in silence. A configuration named by
/// `M365_PROBE_CONFIG` is no such option: it is meant for commands without `--from`.
fn refuse_local_options(selection: &Selection) -> Result<(), String> {
    let environment = std::env::var_os("M365_PROBE_CONFIG");
    let has_config = selection.config.as_ref().is_some_and(|path| Some(path.as_os_str()) != environment.as_deref());
    match if has_config { Some("--config") } else { selection.ad_hoc_option() } {
        Some(option) => Err(format!("{option}: with --from the service's own configuration holds; leave one of them out")),
        None => Ok(()),
    }
}
