//! The search on the status page: a plain form, and the probes that it finds.

use std::collections::HashMap;
use std::num::NonZeroUsize;

use maud::{Markup, html};

use super::View;
use super::judged_probe::JudgedProbe;
use crate::lang::fill;
use crate::outcome::ProbeId;
use crate::reason::Reason;
use crate::report::root_cause::RootCauseGroup;
use crate::report::sentence::peer_code;

/// The probes that a reader looks for, and the page of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Search<'a> {
    /// Words that must all be found in a probe's tenant, mailbox, address, check, reason or the peer's code; in any case.
    pub text: &'a str,
    /// The one tenant whose probes are shown.
    pub tenant: Option<&'a str>,
    /// The page, from 1; `None` for the first.
    pub page: Option<NonZeroUsize>,
}

impl<'a> Search<'a> {
    /// Returns a search for all probes of a tenant.
    pub fn for_tenant(tenant: &'a str) -> Self {
        Self { tenant: Some(tenant), ..Self::default() }
    }

    /// Reports whether it looks for anything but all probes.
    pub fn is_narrow(&self) -> bool {
        self.tenant.is_some() || !self.text.trim().is_empty()
    }

    /// Reports whether it is about a page after the first one, which only continues the list of the probes.
    pub fn is_continued(&self) -> bool {
        self.page.is_some_and(|page| page.get() > 1)
    }

    /// Returns it as the parameters of an address.
    pub fn parameters(&self) -> Vec<(&'static str, String)> {
        let text = (!self.text.is_empty()).then(|| ("q", self.text.to_owned()));
        let tenant = self.tenant.map(|tenant| ("tenant", tenant.to_owned()));
        let page = self.page.filter(|page| page.get() > 1).map(|page| ("page", page.to_string()));
        [text, tenant, page].into_iter().flatten().collect()
    }

    /// Returns the probes that it finds, in their order. The reason of a failed probe is its own and that of a root cause.
    pub fn find<'p>(&self, probes: &'p [JudgedProbe<'p>], causes: &[RootCauseGroup]) -> Vec<&'p JudgedProbe<'p>> {
        let words: Vec<String> = self.text.split_whitespace().map(str::to_lowercase).collect();
        let reasons = if words.is_empty() { HashMap::new() } else { explained(causes) };
        let of_tenant = probes.iter().filter(|probe| self.tenant.is_none_or(|tenant| probe.id().tenant == tenant));
        let mut text = String::new();
        let has_words = |probe: &&JudgedProbe<'_>| {
            searchable(probe, reasons.get(probe.id()).copied(), &mut text);
            words.iter().all(|word| text.contains(word))
        };
        if words.is_empty() { of_tenant.collect() } else { of_tenant.filter(has_words).collect() }
    }
}

/// The reason of the root cause of each probe that one explains.
fn explained(causes: &[RootCauseGroup]) -> HashMap<&ProbeId, Reason> {
    causes.iter().flat_map(|cause| cause.explains.iter().map(|probe| (probe, cause.reason))).collect()
}

/// Writes everything by which a probe may be found into `text`, in lower case, a line each.
fn searchable(probe: &JudgedProbe<'_>, cause: Option<Reason>, text: &mut String) {
    let (id, failure) = (probe.id(), probe.state.failure());
    text.clear();
    let names = [Some(&*id.tenant), id.mailbox.as_deref(), probe.entry.settings.address.as_deref(), Some(id.check.name())];
    let reasons = [cause.map(Reason::code), failure.map(|failure| failure.reason.code())];
    let code = failure.and_then(peer_code);
    for part in names.into_iter().chain(reasons).chain([code.as_deref()]).flatten() {
        text.push_str(part);
        text.push('\n');
    }
    if text.is_ascii() { text.make_ascii_lowercase() } else { *text = text.to_lowercase() }
}

/// Renders the form, which works without scripts.
pub fn form(search: &Search<'_>, view: &View<'_>) -> Markup {
    let texts = view.texts();
    html! {
        form .search role="search" action=(view.relative("/")) {
            label for="q" { (texts.search_for) }
            input #q type="search" name="q" value=(search.text);
            @if let Some(tenant) = search.tenant { input type="hidden" name="tenant" value=(tenant); }
            @if view.chosen { input type="hidden" name="lang" value=(view.lang); }
            button { (texts.search) }
        }
    }
}

/// Renders how many probes were found, and the way back to all of them.
pub fn found(search: &Search<'_>, found: usize, all: usize, view: &View<'_>) -> Markup {
    let texts = view.texts();
    html! {
        p {
            @if let Some(tenant) = search.tenant { (texts.tenant) " " strong { (tenant) } ": " }
            (fill(texts.found, &[("n", &found.to_string()), ("all", &view.lang.texts().common.checks.of(all))]))
            " · " a href=(view.link("/", "")) { (texts.show_all) }
        }
    }
}
