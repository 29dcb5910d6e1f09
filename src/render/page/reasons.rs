//! The catalogue of reasons as a page, with an anchor for each code: where alerts' `runbook_url` leads.

use maud::{Markup, html};

use super::View;
use super::cause_card::{Level, steps};
use super::html::prose;
use super::layout::{Body, document};
use crate::lang::fill;
use crate::reason::text::{self, Ids};
use crate::reason::{Reason, Severity};
use crate::report::term;
use crate::report::text::capital;

/// Renders the whole page.
pub fn page(view: &View<'_>) -> String {
    let texts = view.texts();
    let main = html! {
        h1 { (texts.reasons) }
        p { (fill(texts.catalogue_about, &[("n", &Reason::ALL.len().to_string())])) }
        details #codes {
            summary { (texts.all_codes) }
            ul.codes { @for reason in Reason::ALL { li { a href={ "#" (reason) } { code { (reason) } } } } }
        }
        @for reason in Reason::ALL { (entry(*reason, view)) }
    };
    document(view, &Body { title: format!("{} · m365-probe", texts.reasons), state: None, refreshes: false, main })
}

fn entry(reason: Reason, view: &View<'_>) -> Markup {
    let (lang, texts) = (view.lang, view.texts());
    let text = reason.text(lang);
    let to_do: Vec<Markup> = text.steps.iter().map(|step| prose(&text::fill(&step.to_string(), &Ids::default()))).collect();
    html! {
        article class="card reason" id=(reason) {
            h2 { (capital(text.title)) " " a href={ "#" (reason) } { code { (reason) } } }
            dl.key {
                div { dt { (lang.texts().common.who_must_act) } dd { (capital(term::owner(reason.owner(), lang))) } }
                div { dt { (texts.severity) } dd { (capital(severity(reason.severity(), view))) } }
            }
            p { (prose(&text::fill(text.meaning, &Ids::default()))) }
            (steps(reason, &to_do, lang, Level::BelowTitle))
            @if let Some(source) = text.source {
                p.small {
                    (texts.source) ": "
                    @if source.starts_with("https://") { a href=(source) rel="noreferrer" { (source) } } @else { (source) }
                }
            }
        }
    }
}

/// Returns a severity's explanation for the reader.
fn severity(severity: Severity, view: &View<'_>) -> &'static str {
    let texts = view.texts();
    match severity {
        Severity::Failed => texts.severity_failed,
        Severity::Degraded => texts.severity_degraded,
        Severity::Transient => texts.severity_transient,
    }
}
