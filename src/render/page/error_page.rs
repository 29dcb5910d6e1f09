//! A page that says why there is nothing to show, and leads back.

use maud::html;

use super::View;
use super::layout::{Body, Frame, document};
use crate::lang::Lang;

/// The kind of cause for which there is nothing to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageError {
    /// The path leads nowhere.
    NotFound,
    /// The parameters cannot be understood.
    NotUnderstood,
    /// The request is not admitted.
    Refused,
    /// The address is there for programs, and does something else than to show a page.
    NoPage,
    /// The service cannot answer now.
    Failed,
}

/// Renders the whole page. `detail` is the line that programs are given, in English, which says more wherever a page was asked for.
pub fn page(error: PageError, detail: &str, view: &View<'_>) -> String {
    let texts = view.texts();
    let title = match error {
        PageError::NotFound => texts.no_such_page,
        PageError::NotUnderstood => texts.not_understood,
        PageError::Refused => texts.refused_here,
        PageError::NoPage => texts.no_page,
        PageError::Failed => texts.cannot_answer,
    };
    let details = if error == PageError::NotFound { "" } else { detail };
    let foreign = (view.lang != Lang::En).then_some(Lang::En);
    let main = html! {
        h1 { (title) }
        @for line in details.lines() { p lang=[foreign] { (line) } }
        p { a href=(view.link("/", "")) { (texts.back) } }
    };
    document(view, &Body { title: format!("{title} · m365-probe"), state: None, refreshes: false, frame: Frame::Whole, main })
}
