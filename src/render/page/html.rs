//! Building blocks of the pages' HTML. Every page is made with maud's `html!`, which escapes each value put into it, between tags
//! and in attributes; only our own style and script go in as they are, in `layout.rs`.

use maud::{Markup, html};

use crate::levels::State;

/// Renders a sentence of ours, in which backquotes set off what is typed or named.
pub fn prose(sentence: &str) -> Markup {
    html! {
        @for (place, piece) in sentence.split('`').enumerate() {
            @if place % 2 == 1 { code { (piece) } } @else { (piece) }
        }
    }
}

/// The names of mailboxes, which may be broken into lines behind the `@` of an address.
pub fn addresses(names: &str) -> Markup {
    html! {
        @for (place, part) in names.split('@').enumerate() {
            @if place > 0 { "@" wbr; }
            (part)
        }
    }
}

/// The sign of a state, which nobody needs colours to see; `None` is a probe that has not run.
pub const fn sign(state: Option<State>) -> &'static str {
    match state {
        Some(State::Ok) => "✓",
        Some(State::Warning) => "!",
        Some(State::Critical) => "✕",
        Some(State::Unknown) => "?",
        None => "…",
    }
}

/// The class of a state in the style sheet; `None` is a probe that has not run.
pub const fn class(state: Option<State>) -> &'static str {
    match state {
        Some(state) => state.code(),
        None => "none",
    }
}

/// A state as a small mark: its sign and a word.
pub fn badge(state: Option<State>, word: &str) -> Markup {
    html! { span class={ "badge " (class(state)) } { span aria-hidden="true" { (sign(state)) } " " (word) } }
}

/// Names and values.
pub fn pairs(pairs: &[(String, String)]) -> Markup {
    html! { dl.pairs { @for (name, value) in pairs { div { dt { (name) } dd { (value) } } } } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_with_markup_in_it_is_escaped() {
        assert_eq!(prose("set `a<b` & \"go\"").into_string(), "set <code>a&lt;b</code> &amp; &quot;go&quot;");
        let badge = badge(Some(State::Ok), "<b a=\"x\">").into_string();
        assert!(badge.ends_with("</span> &lt;b a=&quot;x&quot;&gt;</span>"), "{badge}");
    }
}
