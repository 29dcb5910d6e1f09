//! What all pages have in common: the frame around them, and text that stays text.

use std::fmt::Write as _;
use std::time::SystemTime;

use super::time::clock;
use super::tongue::{with, words};
use super::{SCRIPT, STYLE, Visitor};
use crate::lang::Lang;
use crate::levels::State;

/// A page before it has its frame.
#[derive(Debug)]
pub struct Body {
    /// What stands in the browser's tab, as text.
    pub title: String,
    /// The colour of the tab's sign.
    pub state: Option<State>,
    /// Seconds after which the page refreshes itself.
    pub refresh: Option<u64>,
    /// The content, as HTML.
    pub main: String,
}

/// The whole document.
pub fn document(visitor: &Visitor<'_>, now: SystemTime, body: &Body) -> String {
    let (lang, words) = (visitor.lang, words(visitor.lang));
    let mut page = String::with_capacity(body.main.len() + STYLE.len() + SCRIPT.len() + 4096);
    let refresh = body.refresh.filter(|_| !visitor.paused);
    let every = refresh.map(|seconds| format!(" data-refresh=\"{seconds}\"")).unwrap_or_default();
    let title = escaped(&body.title);
    let icon = icon(body.state);
    let _ = write!(
        page,
        "<!DOCTYPE html>\n<html lang=\"{lang}\"{every}>\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n\
         <link rel=\"icon\" href=\"{icon}\">\n<style>{STYLE}</style>\n"
    );
    if let Some(seconds) = refresh {
        // With scripts the content is exchanged in place, and what is unfolded stays so.
        let _ = writeln!(page, "<noscript><meta http-equiv=\"refresh\" content=\"{seconds}\"></noscript>");
    }
    let _ = write!(page, "</head>\n<body>\n<a class=\"skip\" href=\"#main\">{}</a>\n<header>\n", words.skip);
    let home = visitor.link("/", "");
    let _ = writeln!(page, "<p class=\"brand\"><a href=\"{home}\">m365-probe</a> <span>{}</span></p>", words.purpose);
    navigation(&mut page, visitor);
    let _ = write!(
        page,
        "</header>\n<p id=\"stale\" class=\"banner critical\" role=\"alert\" hidden>{} <span></span></p>\n",
        words.stale
    );
    let _ = writeln!(page, "<p id=\"held\" class=\"banner\" role=\"status\" hidden>{} <strong></strong></p>", words.held);
    page.push_str("<p id=\"said\" class=\"unseen\" role=\"status\"></p>\n");
    let _ = write!(page, "<main id=\"main\" tabindex=\"-1\">\n{}</main>\n<footer>\n", body.main);
    let _ = writeln!(page, "<p id=\"as-of\">{} {}</p>", words.as_of, clock(now, now));
    if let Some(seconds) = body.refresh {
        let (told, action, to) = if visitor.paused {
            (words.paused.to_owned(), words.resume, visitor.here(lang, false))
        } else {
            (with(words.refreshes, [seconds]), words.pause, visitor.here(lang, true))
        };
        let _ = writeln!(page, "<p>{told} <a href=\"{to}\">{action}</a></p>");
    }
    let _ =
        write!(page, "<p>m365-probe {}</p>\n</footer>\n<script>{SCRIPT}</script>\n</body>\n</html>\n", env!("CARGO_PKG_VERSION"));
    page
}

fn navigation(page: &mut String, visitor: &Visitor<'_>) {
    let words = words(visitor.lang);
    let _ = write!(page, "<nav aria-label=\"{}\">\n<ul>\n", words.pages);
    let places = [
        ("/", words.overview),
        ("/reasons", words.reasons),
        ("/metrics", words.metrics),
        ("/api/v1/outcomes", words.as_json),
        ("/config", words.configuration),
    ];
    for (path, name) in places {
        let current = if path == visitor.path { " aria-current=\"page\"" } else { "" };
        let to = if ["/", "/reasons"].contains(&path) { visitor.link(path, "") } else { path.to_owned() };
        let _ = writeln!(page, "<li><a href=\"{to}\"{current}>{name}</a></li>");
    }
    let other = if visitor.lang == Lang::En { Lang::De } else { Lang::En };
    let to = visitor.here(other, visitor.paused);
    let name = words.other_language;
    let _ = write!(page, "<li><a href=\"{to}\" lang=\"{other}\" hreflang=\"{other}\">{name}</a></li>\n</ul>\n</nav>\n");
}

/// A dot in the colour of the state, for the browser's tab.
fn icon(state: Option<State>) -> String {
    let colour = match state {
        Some(State::Ok) => "%231a7f37",
        Some(State::Warning) => "%23bf8700",
        Some(State::Critical) => "%23cf222e",
        Some(State::Unknown) => "%238250df",
        None => "%236e7781",
    };
    format!(
        "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Ccircle cx='8' cy='8' r='7' fill='{colour}'/%3E%3C/svg%3E"
    )
}

/// Text that stays text, between tags and in an attribute.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// A sentence of ours, in which backquotes set off what is typed or named.
pub fn prose(sentence: &str) -> String {
    let mut out = String::new();
    for (place, piece) in sentence.split('`').enumerate() {
        let piece = escaped(piece);
        if place % 2 == 1 {
            let _ = write!(out, "<code>{piece}</code>");
        } else {
            out.push_str(&piece);
        }
    }
    out
}

/// A sentence as a title: its first letter large.
pub fn capital(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// The sign of a state, which nobody needs colours to see.
pub const fn sign(state: Option<State>) -> &'static str {
    match state {
        Some(State::Ok) => "✓",
        Some(State::Warning) => "!",
        Some(State::Critical) => "✕",
        Some(State::Unknown) => "?",
        None => "…",
    }
}

/// The class of a state in the style.
pub const fn class(state: Option<State>) -> &'static str {
    match state {
        Some(state) => state.code(),
        None => "none",
    }
}

/// A state as a small mark: its sign and its word.
pub fn badge(state: Option<State>, word: &str) -> String {
    format!("<span class=\"badge {}\"><span aria-hidden=\"true\">{}</span> {}</span>", class(state), sign(state), escaped(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        assert_eq!(escaped("<b a=\"x\" c='y'>&"), "&lt;b a=&quot;x&quot; c=&#39;y&#39;&gt;&amp;");
        assert_eq!(prose("set `a<b` & go"), "set <code>a&lt;b</code> &amp; go");
        assert_eq!(capital("ähnlich"), "Ähnlich");
        assert_eq!(capital(""), "");
    }
}
