//! The frame that all pages share: head, navigation, footer.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::time::clock;
use super::{SCRIPT, STYLE, View, notices};
use crate::lang::Lang;
use crate::levels::State;

/// A page before it has its frame.
#[derive(Debug)]
pub struct Body {
    /// The title in the browser's tab.
    pub title: String,
    /// The state whose colour the tab's icon has.
    pub state: Option<State>,
    /// True if the page refreshes itself, unless it is paused.
    pub refreshes: bool,
    /// The surroundings of the content.
    pub frame: Frame,
    /// The content between header and footer.
    pub main: Markup,
}

/// The surroundings of a page's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame {
    /// Links to the other pages, and what is to be said of the service itself.
    Whole,
    /// Neither: for those who are to see this page alone.
    Bare,
}

/// Renders the whole document.
pub fn document(view: &View<'_>, body: &Body) -> String {
    let texts = view.texts();
    let refresh = (body.refreshes && !view.paused).then_some(view.refresh);
    let page = html! {
        (DOCTYPE)
        html lang=(view.lang) data-refresh=[refresh] data-copy=(texts.copy) data-copied=(texts.copied) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (body.title) }
                link rel="icon" href=(icon(body.state));
                style { (PreEscaped(STYLE)) }
                // With scripts the content is exchanged in place, and what is unfolded stays so.
                @if let Some(seconds) = refresh { noscript { meta http-equiv="refresh" content=(seconds); } }
            }
            body {
                a.skip href="#main" { (texts.skip) }
                header {
                    @if body.frame == Frame::Whole {
                        p.brand { a href=(view.link("/", "")) { "m365-probe" } " " span { (texts.purpose) } }
                        (navigation(view))
                    } @else {
                        p.brand { "m365-probe " span { (texts.purpose) } }
                    }
                }
                p #stale .banner.critical role="alert" hidden { (texts.stale) " " span {} }
                p #held .banner role="status" hidden { (texts.held) " " strong {} }
                p #said .unseen role="status" {}
                main #main tabindex="-1" { @if body.frame == Frame::Whole { (notices::banners(view)) } (body.main) }
                footer {
                    p #as-of { (texts.as_of) " " (clock(view.now, view.now)) }
                    @if body.refreshes { (refreshing(view)) }
                    p { "m365-probe " (env!("CARGO_PKG_VERSION")) }
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string()
}

fn navigation(view: &View<'_>) -> Markup {
    let texts = view.texts();
    let places = [
        (view.link("/", ""), "/", texts.overview),
        (view.link("/reasons", ""), "/reasons", texts.reasons),
        (view.relative("/metrics"), "/metrics", texts.metrics),
        (view.relative("/api/v1/outcomes"), "/api/v1/outcomes", texts.as_json),
        (view.relative("/config"), "/config", texts.configuration),
    ];
    let current = |path| (path == view.path).then_some("page");
    html! {
        nav aria-label=(texts.pages) {
            ul {
                @for (to, path, name) in places { li { a href=(to) aria-current=[current(path)] { (name) } } }
                @for other in Lang::ALL.into_iter().filter(|other| *other != view.lang) {
                    li { a href=(view.here(other, view.paused)) lang=(other) hreflang=(other) { (other.texts().page.own_name) } }
                }
            }
        }
    }
}

/// Renders whether the page refreshes itself, and the link that changes that.
fn refreshing(view: &View<'_>) -> Markup {
    let texts = view.texts();
    html! {
        p {
            @if view.paused {
                (texts.paused) " " a href=(view.here(view.lang, false)) { (texts.resume) }
            } @else {
                (texts.refreshes.of(view.refresh)) " " a href=(view.here(view.lang, true)) { (texts.pause) }
            }
        }
    }
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
