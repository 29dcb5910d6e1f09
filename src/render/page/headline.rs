//! The headline of the status page: what is broken or ending, and whose it is.

use super::View;
use super::judged_probe::JudgedProbe;
use super::warnings;
use crate::cloud::host_port;
use crate::kind::Check;
use crate::lang::{Lang, fill, list};
use crate::levels::State;
use crate::report::expiry::Expiry;
use crate::report::root_cause::{self, RootCauseGroup};
use crate::report::term;

/// Names that a headline has room for.
const NAMES: usize = 2;

/// The one problem by its name and whose it is; of several, how many; without any, the worst warning.
pub fn headline(
    probes: &[&JudgedProbe<'_>],
    state: Option<State>,
    causes: &[RootCauseGroup],
    expiries: &[Expiry],
    view: &View<'_>,
) -> String {
    let texts = view.texts();
    let text = match (state, causes) {
        (_, [one]) => return of_cause(one, has_several_tenants(probes), view.lang),
        (_, [_, ..]) => return of_causes(causes, view),
        (None, _) if probes.is_empty() => texts.nothing_configured,
        (None, _) if probes.iter().all(|probe| probe.state.state().is_none()) => texts.nothing_yet,
        (None, _) => texts.still_to_run,
        (Some(State::Ok), _) => texts.all_well,
        (Some(state), _) => return of_warning(state, probes, expiries, view),
    };
    text.to_owned()
}

/// Reports whether the probes are of more than one tenant, so that each has to be named.
pub fn has_several_tenants(probes: &[&JudgedProbe<'_>]) -> bool {
    let mut tenants = probes.iter().map(|probe| &probe.id().tenant);
    let first = tenants.next();
    tenants.any(|tenant| Some(tenant) != first)
}

/// `POP3 of contoso: the connection attempt timed out (outlook.office365.com:995)`.
pub fn of_cause(cause: &RootCauseGroup, several_tenants: bool, lang: Lang) -> String {
    let peer = cause.evidence.peer.as_ref().filter(|_| root_cause::is_about_its_peer(cause));
    let place =
        peer.map(|peer| format!(" ({})", peer.port.map_or_else(|| peer.host.clone(), |port| host_port(&peer.host, port))));
    format!("{}: {}{}", subject(cause, several_tenants, lang), root_cause::headline(cause, lang), place.unwrap_or_default())
}

/// The tenant, or the mailboxes; with the protocol where a single one is concerned.
fn subject(cause: &RootCauseGroup, several_tenants: bool, lang: Lang) -> String {
    let name = match &cause.mailboxes[..] {
        [] => cause.tenant.clone(),
        mailboxes if several_tenants => format!("{} ({})", list(mailboxes, NAMES, lang), cause.tenant),
        mailboxes => list(mailboxes, NAMES, lang),
    };
    match only_check(cause).filter(|check| check.is_of_mailbox()) {
        Some(check) => fill(lang.texts().page.check_of, &[("check", term::check(check, lang)), ("name", &name)]),
        None => name,
    }
}

fn only_check(cause: &RootCauseGroup) -> Option<Check> {
    let first = cause.explains.first()?.check;
    cause.explains.iter().all(|probe| probe.check == first).then_some(first)
}

/// `3 problems: contoso and fabrikam`.
fn of_causes(causes: &[RootCauseGroup], view: &View<'_>) -> String {
    let mut tenants: Vec<String> = causes.iter().map(|cause| cause.tenant.clone()).collect();
    tenants.sort_unstable();
    tenants.dedup();
    let names = list(&tenants, NAMES, view.lang);
    view.texts().problems.with(causes.len(), &[("names", &names)])
}

/// The first expiry of the worst state, else the first probe of that state and what it says.
fn of_warning(state: State, probes: &[&JudgedProbe<'_>], expiries: &[Expiry], view: &View<'_>) -> String {
    let texts = view.texts();
    if let Some(expiry) = expiries.iter().find(|expiry| expiry.state == state) {
        return expiry.sentence(view.now, view.lang);
    }
    let probe = probes.iter().find(|probe| probe.state.state() == Some(state));
    let text = probe.map(|probe| warnings::headline(probe, view));
    text.unwrap_or_else(|| {
        match state {
            State::Critical => texts.limit_violated,
            State::Unknown => texts.unsure,
            State::Ok | State::Warning => texts.with_warnings,
        }
        .to_owned()
    })
}
