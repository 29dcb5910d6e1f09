//! The number of logins and token requests of the last hour, for each mailbox and application that probes name.

use std::collections::HashSet;
use std::sync::Arc;

use crate::outcome::ProbeId;
use crate::probe::Probe;
use crate::render::prometheus::AccountUsage;

/// Returns how much was asked of each application and mailbox, in the order of the probes, each once.
pub fn of_probes(probes: &[Arc<Probe>]) -> Vec<AccountUsage> {
    let (mut usage, mut seen) = (Vec::new(), HashSet::new());
    for probe in probes {
        let (ProbeId { tenant, mailbox, .. }, accounts) = (probe.id(), &probe.accounts);
        for (mailbox, account) in [(None, &accounts.application), (mailbox.as_ref(), &accounts.mailbox)] {
            if let Some(account) = account.as_ref().filter(|_| seen.insert((tenant, mailbox))) {
                usage.push(AccountUsage { tenant: tenant.clone(), mailbox: mailbox.cloned(), usage: account.usage() });
            }
        }
    }
    usage
}
