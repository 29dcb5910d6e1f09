//! Everything that is known to end, the nearest first: certificates, client secrets, Exchange Web Services.

use std::time::{Duration, SystemTime};

use maud::{Markup, html};

use super::View;
use super::html::badge;
use crate::report::expiry::Expiry;
use crate::report::text::time;

/// Ends that are farther away than this need no row of their own.
const FAR: Duration = Duration::from_secs(400 * 86_400);

/// Expiries that have a row at most, the nearest.
const ROWS: usize = 25;

/// Renders a row for each of them, with the days that are left.
pub fn section<'a>(expiries: impl IntoIterator<Item = &'a Expiry>, view: &View<'_>) -> Markup {
    let texts = view.texts();
    let is_shown = |expiry: &&Expiry| expiry.refused.is_some() || is_within(expiry.date, FAR, view.now);
    let mut expiries: Vec<&Expiry> = expiries.into_iter().filter(is_shown).collect();
    let more = expiries.len().saturating_sub(ROWS);
    expiries.truncate(ROWS);
    html! {
        @if !expiries.is_empty() {
            section aria-labelledby="left" {
                h2 #left { (texts.left) }
                table.rows {
                    thead { tr { @for head in [texts.what, texts.days_left, texts.ends] { th scope="col" { (head) } } } }
                    tbody { @for expiry in expiries { (row(expiry, view)) } }
                }
                @if more > 0 { p { (texts.end_later.of(more)) } }
            }
        }
    }
}

fn is_within(date: SystemTime, time: Duration, now: SystemTime) -> bool {
    date.duration_since(now).map_or(true, |left| left < time)
}

fn row(expiry: &Expiry, view: &View<'_>) -> Markup {
    let timestamp = time(expiry.date);
    let date = timestamp.get(..10).unwrap_or(&timestamp);
    html! {
        tr {
            th scope="row" { (expiry.name(view.lang)) }
            td { (badge(Some(expiry.state), &expiry.days_left(view.now, view.lang))) }
            td {
                time datetime=(timestamp) { (date) }
                @if let Some(contradiction) = expiry.contradiction(view.now, view.lang) { br; small { (contradiction) } }
            }
        }
    }
}
