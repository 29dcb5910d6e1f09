//! Selects the probes that the parameters of a request name; a message lists which there are.

use std::collections::HashSet;
use std::sync::Arc;

use super::engine::Work;
use super::query::Query;
use crate::kind::Check;
use crate::outcome::ProbeId;
use crate::probe::Probe;
use crate::report::text::one_line;
use crate::store::{ProbeEntry, Store};

/// Number of allowed values that a message lists.
const LISTED: usize = 20;

/// Returns the one probe that `check`, `tenant` and `mailbox` name. Tenant and mailbox may be left out where there is only one;
/// a mailbox is given by its name or its address.
///
/// # Errors
/// A message: no probe or several match, and which there are.
pub fn select<'a>(work: &'a Work, query: &Query) -> Result<&'a Arc<Probe>, String> {
    let (check, tenant, mailbox) = (query.one("check")?, query.one("tenant")?, query.one("mailbox")?);
    if let Some(probe) = by_id(work, check, tenant, mailbox) {
        return Ok(probe);
    }
    let every: Vec<&Arc<Probe>> = work.probes.iter().collect();
    let check = check.ok_or_else(|| missing("check", &every, |probe| probe.id().check.name()))?;
    let of_check = narrow("check", &every, Some(check), |probe| probe.id().check.name())?;
    let of_tenant = narrow("tenant", &of_check, tenant, |probe| &probe.id().tenant)?;
    if let Some(mailbox) = mailbox.filter(|_| of_tenant.iter().all(|probe| probe.id().mailbox.is_none())) {
        return Err(format!("`{check}` is a check of the tenant; leave out the mailbox `{}`", one_line(mailbox)));
    }
    let label = mailbox.map(|mailbox| label_of(&of_tenant, mailbox));
    let of_mailbox = narrow("mailbox", &of_tenant, label, |probe| probe.id().mailbox_label())?;
    of_mailbox.into_iter().next().ok_or_else(|| "no probe is configured".to_owned())
}

/// Returns the probe that `/sd` names so, without a look at the others: of ten thousand mailboxes each is asked for in its turn.
fn by_id<'a>(work: &'a Work, check: Option<&str>, tenant: Option<&str>, mailbox: Option<&str>) -> Option<&'a Arc<Probe>> {
    let (check, mailbox) = (Check::from_name(check?)?, mailbox.map(ToOwned::to_owned));
    work.probe(&ProbeId { tenant: tenant?.to_owned(), mailbox, check })
}

/// Returns the probes of `store` that have one of the tenants, one of the mailboxes (by name or address) and one of the checks that
/// the query names; a parameter that it leaves out does not narrow them.
///
/// # Errors
/// A message: a value that no probe has.
pub fn filter<'a>(store: &'a Store, query: &Query) -> Result<Vec<&'a ProbeEntry>, String> {
    let (tenants, mailboxes) = (query.all("tenant"), query.all("mailbox"));
    let mut left: Vec<&ProbeEntry> = match (&tenants[..], &mailboxes[..]) {
        ([tenant], []) => store.of_tenant(tenant).collect(),
        (_, []) => store.probes().iter().collect(),
        (_, mailboxes) => store.of_mailboxes(mailboxes).collect(),
    };
    for (parameter, is) in NARROWING {
        let values = query.all(parameter);
        let has = |value: &&str| match parameter {
            "tenant" => store.has_tenant(value),
            _ => left.iter().any(|entry| is(entry, value)),
        };
        if let Some(unknown) = values.iter().find(|value| !has(value)) {
            return Err(format!("there is no {parameter} `{}` among these probes; see /sd for all of them", one_line(unknown)));
        }
        left.retain(|entry| values.is_empty() || values.iter().any(|value| is(entry, value)));
    }
    Ok(left)
}

/// A parameter, and the function that reports whether a probe matches a value of it.
type Narrowing = (&'static str, fn(&ProbeEntry, &str) -> bool);

/// The parameters in the order in which they narrow: a mailbox is looked for in its tenant and a check on its mailbox.
const NARROWING: [Narrowing; 3] = [
    ("tenant", |entry, value| entry.settings.id.tenant == value),
    ("mailbox", |entry, value| entry.settings.is_of_mailbox(value)),
    ("check", |entry, value| entry.settings.id.check.name() == value),
];

/// Returns the label of the mailbox that has `name` for a label or an address, which Exchange compares without case.
fn label_of<'a>(probes: &[&'a Arc<Probe>], name: &'a str) -> &'a str {
    let named = probes.iter().any(|probe| probe.id().mailbox_label() == name);
    let by_address = |probe: &&&Arc<Probe>| probe.settings.address.as_ref().is_some_and(|it| it.eq_ignore_ascii_case(name));
    let addressed = probes.iter().find(by_address).filter(|_| !named);
    addressed.map_or(name, |probe| probe.id().mailbox_label())
}

/// Returns those of `probes` that have the given value; without one, all of them must have the same.
fn narrow<'a>(
    parameter: &str,
    probes: &[&'a Arc<Probe>],
    wanted: Option<&str>,
    value: impl Fn(&'a Probe) -> &'a str,
) -> Result<Vec<&'a Arc<Probe>>, String> {
    let only = || probes.first().map(|first| value(first)).filter(|only| probes.iter().all(|probe| value(probe) == *only));
    let Some(wanted) = wanted.or_else(only) else { return Err(missing(parameter, probes, value)) };
    let narrowed: Vec<&Arc<Probe>> = probes.iter().copied().filter(|probe| value(probe) == wanted).collect();
    if narrowed.is_empty() {
        return Err(format!("there is no {parameter} `{}` to probe; {}", one_line(wanted), one_of(probes, value)));
    }
    Ok(narrowed)
}

fn missing<'a>(parameter: &str, probes: &[&'a Arc<Probe>], value: impl Fn(&'a Probe) -> &'a str) -> String {
    format!("the parameter `{parameter}` is missing; {}", one_of(probes, value))
}

/// Lists the values that `probes` have, each once and in their order.
fn one_of<'a>(probes: &[&'a Arc<Probe>], value: impl Fn(&'a Probe) -> &'a str) -> String {
    let mut seen = HashSet::new();
    let known: Vec<&str> = probes.iter().map(|probe| value(probe)).filter(|value| seen.insert(*value)).collect();
    let listed: Vec<&str> = known.iter().take(LISTED).copied().collect();
    match known.len().saturating_sub(LISTED) {
        _ if known.is_empty() => "no probe is configured".to_owned(),
        0 => format!("one of {}", listed.join(", ")),
        more => format!("one of {} and {more} more, see /sd", listed.join(", ")),
    }
}
