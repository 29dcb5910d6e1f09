//! The probes of the status page: every one where they are few, else a page of tenants or of rows.

use std::num::NonZeroUsize;

use maud::{Markup, html};

use super::View;
use super::html::{class, sign};
use super::judged_probe::JudgedProbe;
use super::probe_table::{self, Row, grouped};
use super::search::Search;
use super::status::{count, worst_state};
use crate::lang::fill;
use crate::levels::State;

/// Probes on one page at most: each takes about 800 bytes, and nobody reads more at once.
pub const PROBES: usize = 150;
/// Tenants on one page at most, where each has a line.
const TENANTS: usize = 100;

/// Renders what was found: everything, or the page of it that is looked for. Tenants with problems come first.
pub fn section(found: &[&JudgedProbe<'_>], search: &Search<'_>, view: &View<'_>) -> Markup {
    let mut tenants = grouped(found.iter().copied(), |id| &id.tenant);
    let well = |probes: &[&JudgedProbe<'_>]| probes.iter().all(|probe| probe.state.state() == Some(State::Ok));
    tenants.sort_by_cached_key(|(_, probes)| well(probes));
    if found.len() <= PROBES {
        html! { @for (name, probes) in &tenants { (tenant(name, &probe_table::of_tenant(probes, view))) } }
    } else if tenants.len() > 1 && search.text.trim().is_empty() {
        tenant_lines(&tenants, search, view)
    } else {
        rows(&tenants, search, view)
    }
}

fn tenant(name: &str, tables: &Markup) -> Markup {
    html! {
        section aria-labelledby={ "tenant-" (name) } {
            h2 id={ "tenant-" (name) } { (name) }
            (tables)
        }
    }
}

/// A line for each tenant: its state, how many of its checks fail, and the way to them.
fn tenant_lines(tenants: &[(&str, Vec<&JudgedProbe<'_>>)], search: &Search<'_>, view: &View<'_>) -> Markup {
    let texts = view.texts();
    let (shown, page) = Page::of(tenants, TENANTS, search);
    html! {
        section aria-labelledby="tenants" {
            h2 #tenants { (texts.tenants.of(tenants.len())) }
            table.rows {
                thead { tr { @for head in [texts.tenant, texts.checks] { th scope="col" { (head) } } } }
                tbody {
                    @for (name, probes) in shown {
                        @let state = worst_state(probes);
                        tr class=(class(state)) {
                            th scope="row" { a href=(view.search(&Search::for_tenant(name))) { (name) } }
                            td { span.sign aria-hidden="true" { (sign(state)) } " " (count(probes, view)) }
                        }
                    }
                }
            }
            (page.links(search, view))
        }
    }
}

/// The rows of one page, under their tenants.
fn rows(tenants: &[(&str, Vec<&JudgedProbe<'_>>)], search: &Search<'_>, view: &View<'_>) -> Markup {
    let rows: Vec<(&str, Row<'_>)> = tenants
        .iter()
        .flat_map(|(name, probes)| probe_table::sorted_rows(probes).into_iter().map(move |row| (*name, row)))
        .collect();
    let widest = rows.iter().map(|(_, row)| row.len()).max().unwrap_or(1);
    let (shown, page) = Page::of(&rows, (PROBES / widest).max(1), search);
    html! {
        @for of_tenant in shown.chunk_by(|(one, _), (other, _)| one == other) {
            @let rows: Vec<Row<'_>> = of_tenant.iter().map(|(_, row)| row.clone()).collect();
            (tenant(of_tenant[0].0, &probe_table::of_rows(&rows, view)))
        }
        (page.links(search, view))
    }
}

/// A page of a longer list: its number and how many there are, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Page {
    number: usize,
    count: usize,
}

impl Page {
    /// Cuts out the page that `search` is about; a number that is too high is that of the last page.
    fn of<'i, T>(items: &'i [T], size: usize, search: &Search<'_>) -> (&'i [T], Self) {
        let count = items.len().div_ceil(size).max(1);
        let number = search.page.map_or(1, NonZeroUsize::get).min(count);
        let shown = items.chunks(size).nth(number - 1).unwrap_or_default();
        (shown, Self { number, count })
    }

    /// Renders the links to the pages around it; nothing where it is the only one.
    fn links(self, search: &Search<'_>, view: &View<'_>) -> Markup {
        let (texts, Self { number, count }) = (view.texts(), self);
        let link = |to: usize, name: &str, rel: Option<&str>| {
            let address = view.search(&Search { page: NonZeroUsize::new(to), ..*search });
            html! { a href=(address) rel=[rel] { (name) } " " }
        };
        html! {
            @if count > 1 {
                p.pages {
                    @if number > 1 { (link(1, texts.first_page, None)) (link(number - 1, texts.previous_page, Some("prev"))) }
                    (fill(texts.page_of, &[("n", &number.to_string()), ("all", &count.to_string())])) " "
                    @if number < count { (link(number + 1, texts.next_page, Some("next"))) (link(count, texts.last_page, None)) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_of_a_number_that_is_too_high_is_the_last() {
        let items: Vec<usize> = (0..25).collect();
        for (asked, first, number) in [(None, 0, 1), (Some(1), 0, 1), (Some(3), 20, 3), (Some(99), 20, 3)] {
            let search = Search { page: asked.and_then(NonZeroUsize::new), ..Search::default() };
            let (shown, page) = Page::of(&items, 10, &search);
            assert_eq!((shown[0], page), (first, Page { number, count: 3 }), "{asked:?}");
        }
        assert_eq!(Page::of::<usize>(&[], 10, &Search::default()), (&[][..], Page { number: 1, count: 1 }));
    }
}
