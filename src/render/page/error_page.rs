//! A page that says why there is nothing to show, and leads back.

use maud::html;

use super::View;
use super::layout::{Body, Frame, document};

/// The cause for which there is nothing to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageError<'a> {
    /// The path leads nowhere.
    NotFound,
    /// The parameters cannot be understood, and why.
    Refused(&'a str),
}

/// Renders the whole page.
pub fn page(error: PageError<'_>, view: &View<'_>) -> String {
    let texts = view.texts();
    let (title, detail) = match error {
        PageError::NotFound => (texts.no_such_page, ""),
        PageError::Refused(detail) => (texts.not_understood, detail),
    };
    let main = html! {
        h1 { (title) }
        @if !detail.is_empty() { p { (detail) } }
        p { a href=(view.link("/", "")) { (texts.back) } }
    };
    document(view, &Body { title: format!("{title} · m365-probe"), state: None, refreshes: false, frame: Frame::Whole, main })
}
