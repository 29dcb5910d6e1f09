//! A card for each root cause: what is broken, since when, who must act, what to do.

use std::collections::BTreeMap;
use std::time::SystemTime;

use maud::{Markup, html};

use super::View;
use super::headline;
use super::html::{addresses, class, pairs, prose};
use super::probe_table::{self, breakable};
use super::search::Search;
use super::time::{clock, lasting};
use crate::lang::{Lang, fill, list};
use crate::levels::{self, State};
use crate::outcome::{Evidence, ProbeId};
use crate::reason::Reason;
use crate::reason::text::Text;
use crate::render::doctor::{Style, evidence_rows};
use crate::report::outcome_index::OutcomeIndex;
use crate::report::remedy::{Concern, StepPart};
use crate::report::root_cause::{self, RootCauseGroup};
use crate::report::term;
use crate::report::text::capital;
use crate::store::{ProbeEntry, Store};

/// Affected checks that a card lists; of more, it says how many there are and leads to them.
const AFFECTED: usize = 10;
/// The same where there are several cards.
const AFFECTED_EACH: usize = 5;

/// A root cause, whom its remedy is about, and the probes it explains, as the store knows them.
pub struct CauseCard<'a> {
    cause: &'a RootCauseGroup,
    concern: Concern<'a>,
    explained: Vec<&'a ProbeEntry>,
    /// True if the title has to name the tenant of a mailbox.
    several_tenants: bool,
}

impl<'a> CauseCard<'a> {
    /// Looks up what the cause explains.
    pub fn new(cause: &'a RootCauseGroup, several_tenants: bool, index: &OutcomeIndex<'a>, store: &'a Store) -> Self {
        let explained = cause.explains.iter().filter_map(|probe| store.probe(probe)).collect();
        Self { cause, concern: cause.concern(index), explained, several_tenants }
    }

    /// Returns since when the first of the affected probes has been failing, and whether it may have failed before its first run
    /// here.
    fn since(&self) -> Option<(SystemTime, bool)> {
        self.explained.iter().filter_map(|entry| entry.since()).min_by_key(|(at, _)| *at)
    }

    /// Critical, or a warning while it may still pass by itself.
    fn state(&self, now: SystemTime) -> State {
        let is_serious = |entry: &&ProbeEntry| {
            entry.current_outcome(now).is_none_or(|outcome| levels::is_serious(self.cause.reason, outcome, now))
        };
        if self.explained.iter().any(is_serious) { State::Critical } else { State::Warning }
    }

    /// The reason's title, and whose it is.
    pub fn title(&self, lang: Lang) -> String {
        headline::of_cause(self.cause, self.several_tenants, lang)
    }

    /// The card's place on the page, which stays the same while the cause lasts: where alerts lead.
    pub fn anchor(&self) -> String {
        root_cause::anchor(&self.cause.tenant, self.cause.reason)
    }

    /// Renders the whole card; the only one has its title above it, others have a number.
    pub fn article(&self, number: Option<usize>, view: &View<'_>) -> Markup {
        let label = number.map_or_else(|| "headline".to_owned(), |number| format!("cause-{number}"));
        html! {
            article class={ "card " (class(Some(self.state(view.now)))) } aria-labelledby=(label) {
                span id=(self.anchor()) {}
                @if let Some(number) = number { h2 id=(label) { (number) ". " (self.title(view.lang)) } }
                (self.key_facts(view))
                (self.reservations(view))
                (self.remedy(if number.is_some() { Level::BelowTitle } else { Level::BelowHeadline }, view))
                (self.folded(number.unwrap_or(1), if number.is_some() { AFFECTED_EACH } else { AFFECTED }, view))
            }
        }
    }

    /// A line of the banner: what it is, who must act, since when.
    pub fn line(&self, number: usize, view: &View<'_>) -> Markup {
        html! {
            a href={ "#cause-" (number) } { (self.title(view.lang)) }
            br;
            small {
                (term::owner(self.cause.reason.owner(), view.lang))
                @if let Some(since) = self.since() { " · " (view.texts().since) " " (since_when(since, view)) }
            }
        }
    }

    fn key_facts(&self, view: &View<'_>) -> Markup {
        let texts = view.texts();
        html! {
            dl.key {
                div { dt { (view.lang.texts().common.who_must_act) } dd { (capital(term::owner(self.cause.reason.owner(), view.lang))) } }
                @if let Some(since) = self.since() { div { dt { (texts.since) } dd { (since_when(since, view)) } } }
                div.broken { dt { (texts.broken) } dd { (self.place(view.lang)) } }
            }
        }
    }

    fn remedy(&self, level: Level, view: &View<'_>) -> Markup {
        let text = self.cause.reason.text(view.lang);
        html! {
            (steps(self.cause.reason, &self.steps(text, view.lang), view.lang, level))
            p { (prose(&self.concern.meaning(text, view.lang))) }
        }
    }

    fn steps(&self, text: &Text, lang: Lang) -> Vec<Markup> {
        self.concern.remedy(text, lang).iter().map(|step| pasteable(step)).collect()
    }

    /// Renders where it fails: the tenant, its checks, and the mailboxes, those with the same checks together.
    fn place(&self, lang: Lang) -> Markup {
        let groups = root_cause::by_checks(&self.cause.explains);
        html! {
            strong { (self.cause.tenant) }
            @for (checks, mailboxes) in groups { br; (addresses(&mailbox_names(&mailboxes, lang))) (checks.join(", ")) }
        }
    }

    /// Renders the confidence, the other possible reasons and the reason's code.
    fn reservations(&self, view: &View<'_>) -> Markup {
        let texts = view.texts();
        html! {
            dl.small {
                div { dt { (texts.sure) } dd { (term::confidence(self.cause.confidence, view.lang)) } }
                @if !self.cause.candidates.is_empty() {
                    div {
                        dt { (texts.perhaps) }
                        dd {
                            @for (place, reason) in self.cause.candidates.iter().enumerate() {
                                @if place > 0 { ", " }
                                (reason_link(*reason, view))
                            }
                        }
                    }
                }
                div { dt { (view.lang.texts().common.reason) } dd { (code(self.cause.reason, view)) } }
            }
        }
    }

    /// Renders the evidence and the first of the affected checks, both folded.
    fn folded(&self, number: usize, listed: usize, view: &View<'_>) -> Markup {
        let texts = view.texts();
        let shown = self.explained.get(..listed).unwrap_or(&self.explained);
        let more = self.explained.len() - shown.len();
        html! {
            @if self.cause.evidence != Evidence::default() {
                details id={ "evidence-" (number) } {
                    summary { (texts.evidence) }
                    (pairs(&evidence_rows(&self.cause.evidence, &whole(view.lang))))
                }
            }
            details id={ "affected-" (number) } {
                summary { (texts.affected.of(self.explained.len())) }
                (probe_table::failing(shown, view))
                @if more > 0 { p { a href=(view.search(&of_cause(self.cause))) { (texts.and_more_checks.of(more)) } } }
            }
        }
    }
}

/// Root causes without a card of their own, as lines: each reason with the number of its tenants and the first of them.
pub fn further(causes: &[&RootCauseGroup], view: &View<'_>) -> Markup {
    /// Tenants that a line names.
    const TENANTS: usize = 8;
    let texts = view.texts();
    let mut by_reason: BTreeMap<Reason, Vec<&RootCauseGroup>> = BTreeMap::new();
    for cause in causes {
        by_reason.entry(cause.reason).or_default().push(cause);
    }
    html! {
        @if !causes.is_empty() {
            section aria-labelledby="further" {
                h2 #further { (texts.further_problems.of(causes.len())) }
                ul.look {
                    @for (reason, same) in &by_reason {
                        li {
                            strong { (capital(reason.text(view.lang).title)) } " " (code(*reason, view)) br;
                            @for (place, cause) in same.iter().take(TENANTS).enumerate() {
                                @if place > 0 { ", " }
                                a href=(view.search(&of_cause(cause))) { (cause.tenant) }
                            }
                            @if let Some(more @ 1..) = same.len().checked_sub(TENANTS) {
                                ", " a href=(view.search(&Search { text: reason.code(), ..Search::default() })) { (texts.more.of(more)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The search that finds what a root cause explains.
fn of_cause(cause: &RootCauseGroup) -> Search<'_> {
    Search { text: cause.reason.code(), ..Search::for_tenant(&cause.tenant) }
}

/// `praxis, labor and 3 more: `; of the tenant itself, nothing.
fn mailbox_names(mailboxes: &[String], lang: Lang) -> String {
    const FEW: usize = 3;
    if mailboxes.is_empty() { String::new() } else { list(mailboxes, FEW, lang) + ": " }
}

/// The heading above a small heading: a screen reader finds its way by their order.
#[derive(Clone, Copy, Debug)]
pub enum Level {
    /// The page's own headline.
    BelowHeadline,
    /// A section's or a card's.
    BelowTitle,
}

/// A step as its pieces stand on the page: each command in a line of its own.
fn pasteable(step: &[StepPart]) -> Markup {
    html! {
        @for (place, part) in step.iter().enumerate() {
            @if place > 0 { " " }
            @match part {
                StepPart::Prose(text) => (prose(text)),
                StepPart::Command(command) => span.paste { code.command { (command) } },
                StepPart::More(more) => span.small { "… (+" (more) ")" },
            }
        }
    }
}

/// A reason's steps for whom they concern.
pub fn steps_of(concern: &Concern<'_>, text: &Text, lang: Lang) -> Vec<Markup> {
    concern.steps(text, lang).iter().map(|step| pasteable(step)).collect()
}

/// Renders the steps of a remedy, and how long a change takes to apply.
pub fn steps(reason: Reason, steps: &[Markup], lang: Lang, level: Level) -> Markup {
    let texts = &lang.texts().page;
    html! {
        @match level {
            Level::BelowHeadline => h2.minor { (texts.to_do) },
            Level::BelowTitle => h3 { (texts.to_do) },
        }
        ol.steps { @for step in steps { li { (step) } } }
        @if let Some(applies) = reason.text(lang).applies { p { (texts.applies) ": " (prose(applies)) } }
    }
}

/// `14:02:10 UTC, for 12 minutes`; of what was broken when we first looked, nobody knows since when.
pub fn since_when((at, before): (SystemTime, bool), view: &View<'_>) -> Markup {
    let texts = view.texts();
    html! {
        strong { @if before { (texts.at_least) " " } (clock(at, view.now)) }
        ", " (fill(texts.for_time, &[("time", &lasting(at, view.now, view.lang))]))
    }
}

/// A reason's title, as a link to what there is to know of it.
pub fn reason_link(reason: Reason, view: &View<'_>) -> Markup {
    html! { a href=(view.reason(reason)) { (reason.text(view.lang).title) } }
}

/// A reason's code, as a link to what there is to know of it.
pub fn code(reason: Reason, view: &View<'_>) -> Markup {
    html! { a href=(view.reason(reason)) { code { (breakable(reason)) } } }
}

/// The style in which evidence and facts stand on a page: in `lang`, and in full.
pub fn whole(lang: Lang) -> Style {
    Style { lang, everything: true, ..Style::default() }
}

/// A probe's name, as a link to its page.
pub fn probe_link(id: &ProbeId, view: &View<'_>) -> Markup {
    html! { a href=(view.probe(id)) { (id) } }
}
