//! The last failures, also of what works again by now.

use std::fmt::Write as _;
use std::time::SystemTime;

use super::Visitor;
use super::causes::{code, probe_link};
use super::html::escaped;
use super::spark::shown;
use super::time::clock;
use super::tongue::{self, words};
use crate::render::words::code as their_code;
use crate::store::{PastFailure, ProbeEntry, Store};

/// Failures that are shown for all probes together.
const SHOWN: usize = 25;

/// The last failures of all probes, the latest first, folded.
pub fn of_all(page: &mut String, store: &Store, visitor: &Visitor<'_>, now: SystemTime) {
    let words = words(visitor.lang);
    let mut past: Vec<(&ProbeEntry, &PastFailure)> =
        store.probes().iter().flat_map(|known| known.last_failures.iter().map(move |failure| (known, failure))).collect();
    past.sort_by_key(|(_, failure)| std::cmp::Reverse(failure.at));
    past.truncate(SHOWN);
    let _ = write!(page, "<section aria-labelledby=\"history\">\n<h2 id=\"history\">{}</h2>\n", words.history);
    if past.is_empty() {
        let _ = writeln!(page, "<p>{}</p>", words.history_none);
    } else {
        let _ = writeln!(page, "<details id=\"past\"><summary>{} ({})</summary>", words.history, past.len());
        rows(page, past.into_iter(), true, visitor, now);
        page.push_str("</details>\n");
    }
    page.push_str("</section>\n");
}

/// The last failures of one probe.
pub fn of_one(page: &mut String, known: &ProbeEntry, visitor: &Visitor<'_>, now: SystemTime) {
    let words = words(visitor.lang);
    let _ = write!(page, "<section aria-labelledby=\"history\">\n<h2 id=\"history\">{}</h2>\n", words.history);
    if known.last_failures.is_empty() {
        let _ = writeln!(page, "<p>{}</p>", words.history_none);
    } else {
        rows(page, known.last_failures.iter().map(|failure| (known, failure)), false, visitor, now);
    }
    page.push_str("</section>\n");
}

fn rows<'a>(
    page: &mut String,
    past: impl Iterator<Item = (&'a ProbeEntry, &'a PastFailure)>,
    named: bool,
    visitor: &Visitor<'_>,
    now: SystemTime,
) {
    let words = words(visitor.lang);
    let _ = write!(page, "<table class=\"rows\">\n<thead><tr><th scope=\"col\">{}</th>", words.when);
    if named {
        let _ = write!(page, "<th scope=\"col\">{}</th>", words.check);
    }
    let _ = write!(page, "<th scope=\"col\">{}</th><th scope=\"col\">{}</th></tr></thead>\n<tbody>\n", words.reason, words.took);
    for (known, PastFailure { at, took, failure }) in past {
        let _ = write!(page, "<tr><th scope=\"row\">{}</th>", clock(*at, now));
        if named {
            let id = &known.settings.id;
            let _ = write!(page, "<td>{}</td>", probe_link(id, &id.to_string(), visitor));
        }
        let theirs = their_code(failure).map(|code| format!(" ({})", escaped(&code))).unwrap_or_default();
        let _ = writeln!(
            page,
            "<td>{}{theirs}<br><small>{}</small></td><td>{}</td></tr>",
            code(failure.reason, visitor),
            tongue::phase(failure.phase, visitor.lang),
            shown(*took)
        );
    }
    page.push_str("</tbody>\n</table>\n");
}
