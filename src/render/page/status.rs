//! The page at `/`: what is broken, since when, who must act and what to do; below it, how every probe is doing.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::SystemTime;

use super::causes::Case;
use super::html::{Body, class, document, escaped, sign};
use super::time::ago;
use super::tongue::{with, words};
use super::{Offer, Visitor, faults, history, table, watch};
use crate::levels::State;
use crate::render::{cause, judged};
use crate::store::{ProbeEntry, Store};

/// The whole page. `offers` are the faults that can be made to happen: none but in the demonstration.
pub fn page(store: &Store, offers: Option<&[Offer]>, visitor: &Visitor<'_>, now: SystemTime) -> String {
    let judged = judged(store, now);
    let found = cause::cases(&cause::of(&judged));
    let cases: Vec<Case<'_>> = found.iter().map(|cause| Case::new(cause, &judged, store)).collect();
    let state = overall(store, &cases, now);
    let headline = headline(store, state, &cases, visitor);
    let mut main = String::with_capacity(64 * 1024);
    banner(&mut main, store, (state, &headline), &cases, visitor, now);
    for (number, case) in (1_usize..).zip(&cases) {
        case.card(&mut main, (cases.len() > 1).then_some(number), visitor, now);
    }
    if let Some(offers) = offers {
        faults::section(&mut main, offers, visitor);
    }
    watch::look(&mut main, store, visitor, now);
    tenants(&mut main, store, visitor, now);
    watch::ends(&mut main, store, visitor, now);
    history::of_all(&mut main, store, visitor, now);
    document(visitor, now, &Body { title: format!("{headline} · m365-probe"), state, refresh: Some(visitor.refresh), main })
}

/// How everything is together; `None` while nothing is known.
fn overall(store: &Store, cases: &[Case<'_>], now: SystemTime) -> Option<State> {
    if !cases.is_empty() {
        return Some(State::Critical);
    }
    let states = || store.probes().iter().filter_map(|known| table::state(known, now));
    states().next()?;
    let worst = states().reduce(State::worse)?;
    Some(if worst == State::Ok && watch::anything(store, now) { State::Warning } else { worst })
}

/// The one problem by its name; of several, how many.
fn headline(store: &Store, state: Option<State>, cases: &[Case<'_>], visitor: &Visitor<'_>) -> String {
    let words = words(visitor.lang);
    match (state, cases) {
        (_, [one]) => one.title(visitor.lang),
        (_, [_, ..]) => with(words.problems, [cases.len()]),
        (None, _) if store.probes().is_empty() => words.nothing_configured.to_owned(),
        (None, _) => words.nothing_yet.to_owned(),
        (Some(State::Ok), _) => words.all_well.to_owned(),
        (Some(State::Warning | State::Critical), _) => words.worth.to_owned(),
        (Some(State::Unknown), _) => words.unsure.to_owned(),
    }
}

/// One sentence for who has a second, of several problems a line each, and how many checks stand behind it.
fn banner(
    main: &mut String,
    store: &Store,
    (state, headline): (Option<State>, &str),
    cases: &[Case<'_>],
    visitor: &Visitor<'_>,
    now: SystemTime,
) {
    let words = words(visitor.lang);
    let all = store.probes().len();
    let failing = store.probes().iter().filter(|known| known.failing_since.is_some()).count();
    let working = store.probes().iter().filter(|known| known.failing_since.is_none() && known.last.is_some()).count();
    let counted = if failing > 0 { with(words.of_checks_fail, [failing, all]) } else { with(words.checks_work, [working, all]) };
    let last = store.probes().iter().filter_map(|known| known.last.as_ref()).map(|last| last.at).max();
    let last = last.map(|at| format!(" · {} {}", words.last_run, ago(at, now, visitor.lang))).unwrap_or_default();
    let _ = write!(
        main,
        "<div class=\"banner {}\">\n<h1 id=\"headline\"><span aria-hidden=\"true\">{}</span> {}</h1>\n<p>{counted}{last}</p>\n",
        class(state),
        sign(state),
        escaped(headline)
    );
    if cases.len() > 1 {
        let lines = (1..).zip(cases).map(|(number, case)| format!("<li>{}</li>\n", case.line(number, visitor, now)));
        let _ = write!(main, "<ol>\n{}</ol>\n", lines.collect::<String>());
    }
    main.push_str("</div>\n");
}

/// A section for each tenant, those with problems first.
fn tenants(main: &mut String, store: &Store, visitor: &Visitor<'_>, now: SystemTime) {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut tenants: Vec<(&str, Vec<&ProbeEntry>)> = Vec::new();
    for known in store.probes() {
        let name = &*known.settings.id.tenant;
        let place = *places.entry(name).or_insert(tenants.len());
        match tenants.get_mut(place) {
            Some((_, probes)) => probes.push(known),
            None => tenants.push((name, vec![known])),
        }
    }
    let well = |probes: &[&ProbeEntry]| probes.iter().all(|known| table::state(known, now) == Some(State::Ok));
    tenants.sort_by_key(|(_, probes)| well(probes));
    for (name, probes) in tenants {
        let name = escaped(name);
        let _ = write!(main, "<section aria-labelledby=\"tenant-{name}\">\n<h2 id=\"tenant-{name}\">{name}</h2>\n");
        table::tenant(main, &probes, visitor, now);
        main.push_str("</section>\n");
    }
}
