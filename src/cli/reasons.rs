//! `reasons`: the catalogue of failures, for a person or a machine.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::args::{Reasons, TextOrJson};
use super::{GOOD, print};
use crate::reason::text::{Ids, Lang, fill};
use crate::reason::{Reason, Severity};
use crate::sink::doctor::words::owner;

/// `reasons`
pub fn run(arguments: &Reasons) -> u8 {
    let lang = arguments.lang;
    match arguments.output {
        TextOrJson::Text => {
            let entries: Vec<_> = Reason::ALL.iter().map(|reason| entry(*reason, lang)).collect();
            print::out(&entries.join("\n"));
        }
        TextOrJson::Json => {
            let rows: Vec<_> = Reason::ALL.iter().map(|reason| row(*reason, lang)).collect();
            print::out(&format!("{:#}\n", json!({ "schema": 1, "reasons": rows })));
        }
    }
    GOOD
}

/// One reason for a person. Lines are not wrapped, so that a command can be copied whole.
fn entry(reason: Reason, lang: Lang) -> String {
    let text = reason.text(lang);
    let words = words(lang);
    let meaning = fill(text.meaning, &Ids::default());
    let mut entry = format!("{reason} ({}): {}\n  {meaning}\n", severity(reason.severity(), lang), text.title);
    for (number, step) in (1..).zip(text.steps) {
        let _ = writeln!(entry, "  {number}. {}", fill(step, &Ids::default()));
    }
    let told = [(words.owner, Some(owner(reason.owner(), lang))), (words.applies, text.applies), (words.source, text.source)];
    for (label, said) in told {
        if let Some(said) = said {
            let _ = writeln!(entry, "  {label}: {said}");
        }
    }
    entry
}

/// One reason for a machine: meaning and steps keep their placeholders, such as `{client_id}`.
fn row(reason: Reason, lang: Lang) -> Value {
    let text = reason.text(lang);
    json!({
        "reason": reason, "owner": reason.owner(), "severity": reason.severity(),
        "title": text.title, "meaning": text.meaning, "steps": text.steps, "applies": text.applies, "source": text.source,
    })
}

/// The labels of an entry.
struct Words {
    owner: &'static str,
    applies: &'static str,
    source: &'static str,
}

const fn words(lang: Lang) -> Words {
    match lang {
        Lang::En => Words { owner: "who acts", applies: "applies after", source: "source" },
        Lang::De => Words { owner: "zuständig", applies: "wirkt nach", source: "Quelle" },
    }
}

const fn severity(severity: Severity, lang: Lang) -> &'static str {
    match (lang, severity) {
        (Lang::En, Severity::Failed) => "failed",
        (Lang::En, Severity::Degraded) => "degraded",
        (Lang::En, Severity::Transient) => "transient",
        (Lang::De, Severity::Failed) => "gestört",
        (Lang::De, Severity::Degraded) => "eingeschränkt",
        (Lang::De, Severity::Transient) => "vorübergehend",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_for_a_person_shows_no_raw_placeholder() {
        for (reason, lang) in Reason::ALL.iter().flat_map(|reason| Lang::ALL.map(|lang| (*reason, lang))) {
            let entry = entry(reason, lang);
            assert!(entry.starts_with(reason.code()) && !entry.contains('{'), "{entry}");
        }
    }

    #[test]
    fn a_row_for_a_machine_has_every_key() {
        let row = row(Reason::AuthRefused, Lang::De);
        let keys = ["reason", "owner", "severity", "title", "meaning", "steps", "applies", "source"];
        assert!(keys.iter().all(|key| !row[key].is_null()), "{row:#}");
        assert_eq!(row["owner"], "tenant_admin");
    }
}
