//! The selection of a service's probes: as a query, and applied to the answer.

use std::collections::HashSet;

use super::ServiceReport;
use crate::diagnosis::RootCause;
use crate::document::{CauseEntry, Document, ProbeEntry};
use crate::kind::Check;
use crate::levels::Limits;
use crate::sanitize::one_line;

/// A choice of a service's probes.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Only those of this tenant.
    pub tenant: Option<String>,
    /// Only those of these mailboxes, by address or name. A check of the tenant is that of the mailboxes' tenants.
    pub mailboxes: Vec<String>,
    /// Names of checks, or `all` for every check there is.
    pub checks: Vec<String>,
}

/// Parses what a service answered, and takes of it what `selection` selects.
///
/// # Errors
/// For a person: it is not the answer of such a service, or nothing of what is selected is in it.
pub fn read(body: &[u8], selection: &Selection) -> Result<ServiceReport, String> {
    let document = Document::from_json(body)?;
    let at = document.at()?;
    let pending = document.pending.ok_or("the answer is not that of a service: it lacks `pending`")?;
    let probes = document.outcomes.iter().map(|entry| &entry.probe).chain(&pending).collect();
    let selected: HashSet<String> = selection.select(probes)?.into_iter().map(|entry| entry.probe.clone()).collect();
    let (mut outcomes, mut limits) = (Vec::with_capacity(selected.len()), Vec::with_capacity(selected.len()));
    for entry in document.outcomes.into_iter().filter(|entry| selected.contains(&entry.probe.probe)) {
        limits.push(entry.limits()?);
        outcomes.push(entry.into_outcome()?);
    }
    for entry in pending.into_iter().filter(|entry| selected.contains(&entry.probe)) {
        limits.push(Limits::default());
        outcomes.push(entry.not_run_yet(at)?);
    }
    let applications = document.root_causes.iter().filter_map(CauseEntry::application).collect();
    let causes = document.root_causes.into_iter().map(CauseEntry::into_root_cause).collect::<Result<Vec<_>, _>>()?;
    let explains_one = |cause: &RootCause| outcomes.iter().any(|outcome| cause.explains.contains(&outcome.probe));
    Ok(ServiceReport { at, causes: causes.into_iter().filter(explains_one).collect(), applications, outcomes, limits })
}

impl Selection {
    /// Tells whether every check is selected.
    fn has_all_checks(&self) -> bool {
        self.checks.iter().any(|check| check == "all")
    }

    /// The query parameters that select on the service's side. A check of a tenant that is known by one of its mailboxes
    /// takes seeing both.
    pub(super) fn query(&self) -> Vec<(&str, &str)> {
        let of_mailbox = |check: &String| Check::from_name(check).is_some_and(Check::is_of_mailbox);
        let (mailboxes, checks) = match (self.has_all_checks(), self.checks.iter().all(of_mailbox), self.mailboxes.is_empty()) {
            (true, ..) => (&self.mailboxes[..], &[][..]),
            (_, true, _) | (_, _, true) => (&self.mailboxes[..], &self.checks[..]),
            _ => (&[][..], &[][..]),
        };
        let tenant = self.tenant.iter().map(|tenant| ("tenant", tenant.as_str()));
        let mailboxes = mailboxes.iter().map(|mailbox| ("mailbox", mailbox.as_str()));
        tenant.chain(mailboxes).chain(checks.iter().map(|check| ("check", check.as_str()))).collect()
    }

    /// Those of `probes` that are selected: at least one, and one for everything that was named.
    fn select<'a>(&self, mut probes: Vec<&'a ProbeEntry<'a>>) -> Result<Vec<&'a ProbeEntry<'a>>, String> {
        if let Some(tenant) = &self.tenant {
            probes.retain(|probe| probe.tenant == **tenant);
            if probes.is_empty() {
                return Err(format!("--tenant: it watches no tenant `{}`", one_line(tenant, 100)));
            }
        }
        if let Some(unknown) = self.mailboxes.iter().find(|mailbox| !probes.iter().any(|probe| is_named(probe, mailbox))) {
            return Err(format!("--mailbox: it watches no mailbox `{}`", one_line(unknown, 100)));
        }
        if self.has_all_checks() {
            probes.retain(|probe| self.has_mailbox(probe));
        } else {
            let tenants: HashSet<&str> =
                probes.iter().filter(|probe| self.has_mailbox(probe)).map(|probe| &*probe.tenant).collect();
            probes.retain(|probe| {
                let has_check = self.checks.iter().any(|check| *check == probe.check);
                has_check && (self.has_mailbox(probe) || probe.mailbox.is_none() && tenants.contains(&*probe.tenant))
            });
            if let Some(check) = self.checks.iter().find(|check| !probes.iter().any(|probe| probe.check == ***check)) {
                return Err(format!("it makes no check `{check}` of what is selected; see `checks` in its configuration"));
            }
        }
        if probes.is_empty() { Err("it watches nothing yet; see its configuration".to_owned()) } else { Ok(probes) }
    }

    fn has_mailbox(&self, probe: &ProbeEntry<'_>) -> bool {
        self.mailboxes.is_empty() || self.mailboxes.iter().any(|mailbox| is_named(probe, mailbox))
    }
}

fn is_named(probe: &ProbeEntry<'_>, mailbox: &str) -> bool {
    [&probe.mailbox, &probe.address].into_iter().flatten().any(|name| name.eq_ignore_ascii_case(mailbox))
}
