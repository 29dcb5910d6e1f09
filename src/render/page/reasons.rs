//! The catalogue of reasons: an index that can be searched, and a page for each, where alerts lead.

use maud::{Markup, html};

use super::View;
use super::cause_card::{Level, steps};
use super::html::prose;
use super::layout::{Body, Frame, document};
use super::probe_table::breakable;
use crate::lang::{Lang, fill};
use crate::reason::text::{self, Ids, Text};
use crate::reason::{Reason, Severity};
use crate::report::term;
use crate::report::text::capital;
use crate::wire::{oauth, smtp};

/// Renders the index of those reasons in which every word of `search` is found, or whose number it is.
pub fn index(search: &str, view: &View<'_>) -> String {
    let texts = view.texts();
    let found = find(search, view.lang);
    let main = html! {
        h1 { (texts.reasons) }
        p { (fill(texts.catalogue_about, &[("n", &Reason::ALL.len().to_string())])) }
        form .search role="search" action=(view.relative("/reasons")) {
            label for="q" { (texts.search_reasons) }
            input #q type="search" name="q" value=(search);
            @if view.chosen { input type="hidden" name="lang" value=(view.lang); }
            button { (texts.search) }
        }
        @if !search.trim().is_empty() {
            p {
                (fill(texts.reasons_found, &[("n", &found.len().to_string()), ("all", &Reason::ALL.len().to_string())]))
                " · " a href=(view.link("/reasons", "")) { (texts.show_all) }
            }
        }
        @if !found.is_empty() {
            table .rows .index {
                thead { tr { @for head in [view.lang.texts().common.reason, texts.code, view.lang.texts().common.who_must_act] { th scope="col" { (head) } } } }
                tbody { @for reason in found { (row(reason, view)) } }
            }
        }
    };
    document(
        view,
        &Body { title: format!("{} · m365-probe", texts.reasons), state: None, refreshes: false, frame: Frame::Whole, main },
    )
}

fn row(reason: Reason, view: &View<'_>) -> Markup {
    html! {
        tr id=(reason) {
            th scope="row" { a href=(view.reason(reason)) { (capital(reason.text(view.lang).title)) } }
            td { code { (breakable(reason)) } }
            td { (capital(term::owner(reason.owner(), view.lang))) }
        }
    }
}

/// Returns the reasons that `search` finds, in the order of the catalogue: by Entra's number, by an enhanced status code, or by
/// words in the code and the text.
fn find(search: &str, lang: Lang) -> Vec<Reason> {
    let words: Vec<String> = search.split_whitespace().map(str::to_lowercase).collect();
    let numbers: Vec<Option<Reason>> = words.iter().map(|word| by_number(word)).collect();
    let is_found = |reason: &Reason| {
        let text = searchable(*reason, reason.text(lang));
        words.iter().zip(&numbers).all(|(word, number)| *number == Some(*reason) || text.contains(word))
    };
    Reason::ALL.iter().copied().filter(is_found).collect()
}

/// Returns the reason of `AADSTS7000222`, `7000222` or `5.7.3`.
fn by_number(word: &str) -> Option<Reason> {
    let entra = word.strip_prefix("aadsts").unwrap_or(word).parse().ok().and_then(oauth::reason_of_number);
    entra.or_else(|| smtp::reason_of_enhanced_code(word))
}

/// Returns everything by which a reason may be found, in lower case.
fn searchable(reason: Reason, text: &Text) -> String {
    let steps: String = text.steps.iter().map(ToString::to_string).collect();
    format!("{reason} {} {} {steps}", text.title, text.meaning).to_lowercase()
}

/// Renders the page of one reason.
pub fn page(reason: Reason, view: &View<'_>) -> String {
    let (lang, texts) = (view.lang, view.texts());
    let text = reason.text(lang);
    let title = capital(text.title);
    let to_do: Vec<Markup> = text.steps.iter().map(|step| prose(&text::fill(&step.to_string(), &Ids::default()))).collect();
    let main = html! {
        h1 { (title) }
        article class="card reason" {
            dl.key {
                div { dt { (lang.texts().common.who_must_act) } dd { (capital(term::owner(reason.owner(), lang))) } }
                div { dt { (texts.severity) } dd { (capital(severity(reason.severity(), view))) } }
                div { dt { (texts.code) } dd { code { (breakable(reason)) } } }
            }
            (steps(reason, &to_do, lang, Level::BelowHeadline))
            p { (prose(&text::fill(text.meaning, &Ids::default()))) }
            @if let Some(source) = text.source {
                p.small {
                    (texts.source) ": "
                    @if source.starts_with("https://") { a href=(source) rel="noreferrer" { (source) } } @else { (source) }
                }
            }
        }
        p { a href=(view.link("/reasons", reason.code())) { (texts.all_reasons) } }
    };
    document(view, &Body { title: format!("{title} · m365-probe"), state: None, refreshes: false, frame: Frame::Whole, main })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn find_knows_codes_numbers_and_words() {
        for (search, reason) in [
            ("AADSTS7000222", Reason::ClientSecretExpired),
            ("7000222", Reason::ClientSecretExpired),
            ("5.7.30", Reason::BasicAuthBlocked),
            ("client_secret_expired", Reason::ClientSecretExpired),
            ("secret EXPIRED", Reason::ClientSecretExpired),
        ] {
            assert!(find(search, Lang::En).contains(&reason), "{search}");
        }
        assert_eq!(find("AADSTS7000222", Lang::De).first(), Some(&Reason::ClientSecretExpired));
        assert_eq!(find("", Lang::De).len(), Reason::ALL.len());
        assert!(find("frobnicate 5.7.30", Lang::En).is_empty());
    }
}
