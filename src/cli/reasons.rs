//! `reasons`: the catalogue of failures, for a person or a machine.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::args::{Reasons, ReasonsOutput};
use super::{GOOD, charset, output, terminal};
use crate::lang::Lang;
use crate::reason::text::{Ids, fill};
use crate::reason::{Reason, Severity};
use crate::report::term::owner;
use crate::report::text::capital;

/// Prints the catalogue in the format and language asked for, and returns the exit code.
pub fn run(arguments: &Reasons) -> u8 {
    // Machines and pages are made somewhere for use elsewhere: the locale of this machine says nothing about them.
    let locale = || if arguments.output == ReasonsOutput::Text { terminal::lang() } else { Lang::default() };
    let lang = arguments.lang.unwrap_or_else(locale);
    match arguments.output {
        ReasonsOutput::Text => {
            let entries: Vec<_> = Reason::ALL.iter().map(|reason| entry(*reason, lang)).collect();
            output::out(&charset::text(&entries.join("\n")));
        }
        ReasonsOutput::Markdown => output::out(&page(lang)),
        ReasonsOutput::Json => {
            let rows: Vec<_> = Reason::ALL.iter().map(|reason| row(*reason, lang)).collect();
            output::out(&format!("{:#}\n", json!({ "schema": 1, "reasons": rows })));
        }
    }
    GOOD
}

/// Renders the whole catalogue as Markdown: a heading for each reason, so that others can link to it by its code.
fn page(lang: Lang) -> String {
    let texts = &lang.texts().catalogue;
    let mut page = format!("# {}\n\n{}\n", texts.title, texts.intro);
    for reason in Reason::ALL {
        let text = reason.text(lang);
        let _ = write!(page, "\n## {reason}\n\n**{}.** {}\n\n", capital(text.title), escaped(text.meaning));
        for (number, step) in (1..).zip(text.steps) {
            let _ = writeln!(page, "{number}. {}", escaped(&step.to_string()));
        }
        page.push('\n');
        let severity = (texts.severity, severity(reason.severity(), lang));
        for (label, value) in std::iter::once(severity).chain(properties(*reason, lang)) {
            let link = if value.starts_with("https://") { format!("<{value}>") } else { value.to_owned() };
            let _ = writeln!(page, "- {label}: {link}");
        }
    }
    page
}

/// Returns the labels and values of a reason's owner, and of its time to take effect and its source where it has them.
fn properties(reason: Reason, lang: Lang) -> impl Iterator<Item = (&'static str, &'static str)> {
    let (text, texts) = (reason.text(lang), &lang.texts().catalogue);
    let owner = (texts.owner, Some(owner(reason.owner(), lang)));
    let values = [owner, (texts.applies, text.applies), (texts.source, text.source)];
    values.into_iter().filter_map(|(label, value)| Some((label, value?)))
}

/// Fills a sentence's placeholders and escapes them for Markdown: outside code, `<HOST>` would be a tag.
fn escaped(sentence: &str) -> String {
    let filled = fill(sentence, &Ids::default());
    let outside = |(at, part): (usize, &str)| if at % 2 == 0 { part.replace('<', "\\<") } else { part.to_owned() };
    filled.split('`').enumerate().map(outside).collect::<Vec<_>>().join("`")
}

/// Renders one reason for a person. Lines are not wrapped, so that a command can be copied whole.
fn entry(reason: Reason, lang: Lang) -> String {
    let text = reason.text(lang);
    let meaning = fill(text.meaning, &Ids::default());
    let mut entry = format!("{reason} ({}): {}\n  {meaning}\n", severity(reason.severity(), lang), text.title);
    for (number, step) in (1..).zip(text.steps) {
        let _ = writeln!(entry, "  {number}. {}", fill(&step.to_string(), &Ids::default()));
    }
    for (label, value) in properties(reason, lang) {
        let _ = writeln!(entry, "  {label}: {value}");
    }
    entry
}

/// Renders one reason as JSON: meaning and steps keep their placeholders, such as `{client_id}`.
fn row(reason: Reason, lang: Lang) -> Value {
    let text = reason.text(lang);
    json!({
        "reason": reason, "owner": reason.owner(), "severity": reason.severity(),
        "title": text.title, "meaning": text.meaning, "steps": text.steps, "applies": text.applies, "source": text.source,
    })
}

const fn severity(severity: Severity, lang: Lang) -> &'static str {
    let texts = &lang.texts().catalogue;
    match severity {
        Severity::Failed => texts.failed,
        Severity::Degraded => texts.degraded,
        Severity::Transient => texts.transient,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entry_of_every_reason_has_no_unfilled_placeholder() {
        for (reason, lang) in Reason::ALL.iter().flat_map(|reason| Lang::ALL.map(|lang| (*reason, lang))) {
            let entry = entry(reason, lang);
            assert!(entry.starts_with(reason.code()) && !entry.contains('{'), "{entry}");
        }
    }

    #[test]
    fn row_as_json_has_every_key() {
        let row = row(Reason::AuthRefused, Lang::De);
        let keys = ["reason", "owner", "severity", "title", "meaning", "steps", "applies", "source"];
        assert!(keys.iter().all(|key| !row[key].is_null()), "{row:#}");
        assert_eq!(row["owner"], "tenant_admin");
    }
}
