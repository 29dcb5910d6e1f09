//! The catalogue of reasons as a page, with an anchor for each code: where alerts' `runbook_url` leads.

use std::fmt::Write as _;
use std::time::SystemTime;

use super::Visitor;
use super::causes::{Level, steps};
use super::html::{Body, capital, document, escaped, prose};
use super::tongue::{self, with, words};
use crate::reason::Reason;
use crate::reason::text::{Ids, fill};

/// The whole page.
pub fn page(visitor: &Visitor<'_>, now: SystemTime) -> String {
    let words = words(visitor.lang);
    let mut main = String::with_capacity(256 * 1024);
    let about = with(words.catalogue_about, [Reason::ALL.len()]);
    let _ = write!(
        main,
        "<h1>{}</h1>\n<p>{about}</p>\n<details id=\"codes\"><summary>{}</summary>\n<ul class=\"codes\">\n",
        words.reasons, words.all_codes
    );
    for reason in Reason::ALL {
        let _ = writeln!(main, "<li><a href=\"#{reason}\"><code>{reason}</code></a></li>");
    }
    main.push_str("</ul>\n</details>\n");
    for reason in Reason::ALL {
        entry(&mut main, *reason, visitor);
    }
    let title = format!("{} · m365-probe", words.reasons);
    document(visitor, now, &Body { title, state: None, refresh: None, main })
}

fn entry(main: &mut String, reason: Reason, visitor: &Visitor<'_>) {
    let (lang, words) = (visitor.lang, words(visitor.lang));
    let text = reason.text(lang);
    let _ = write!(
        main,
        "<article class=\"card reason\" id=\"{reason}\">\n<h2>{} <a href=\"#{reason}\"><code>{reason}</code></a></h2>\n<dl class=\"key\">\n",
        escaped(&capital(text.title))
    );
    let owner = capital(tongue::owner(reason.owner(), lang));
    let severity = capital(tongue::severity(reason.severity(), lang));
    let _ = write!(
        main,
        "<div><dt>{}</dt><dd>{owner}</dd></div>\n<div><dt>{}</dt><dd>{severity}</dd></div>\n</dl>\n",
        words.acts, words.severity
    );
    let _ = writeln!(main, "<p>{}</p>", prose(&fill(text.meaning, &Ids::default())));
    let told: Vec<String> = text.steps.iter().map(|step| prose(&fill(step, &Ids::default()))).collect();
    steps(main, reason, &told, lang, Level::BelowTitle);
    if let Some(source) = text.source {
        let source = escaped(source);
        let linked =
            if source.starts_with("https://") { format!("<a href=\"{source}\" rel=\"noreferrer\">{source}</a>") } else { source };
        let _ = writeln!(main, "<p class=\"small\">{}: {linked}</p>", words.source);
    }
    main.push_str("</article>\n");
}
