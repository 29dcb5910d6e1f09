//! What works and is worth a look all the same: warnings, limits that were left, results that are missing, and ends that come near.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::SystemTime;

use super::Visitor;
use super::causes::{code, probe_link};
use super::html::{badge, capital, escaped};
use super::table::{state, state_badge};
use super::time::lasting;
use super::tongue::{self, with, words};
use crate::cloud::host_port;
use crate::kind::Check;
use crate::lang::Lang;
use crate::levels::{self, State};
use crate::reason::Reason;
use crate::render::words::{sentence, time};
use crate::render::{Judged, ends};
use crate::store::{ProbeEntry, Store, shown_certificates};

/// Ends that are farther away than this need no row of their own.
const FAR: u64 = 400;
/// Ends nearer than this are a warning, and critical.
const NEAR: [i64; 2] = [30, 7];

/// Probes whose state is neither well nor failing: a line each; and, for every probe, what it warns of, each reason once.
pub fn look(page: &mut String, store: &Store, visitor: &Visitor<'_>, now: SystemTime) {
    let words = words(visitor.lang);
    let mut lines: Vec<String> = Vec::new();
    for known in store.probes() {
        lines.extend(line(known, visitor, now));
    }
    for (reason, Warned { state, count, first, told }) in warned(store, visitor.lang, now) {
        let (title, owner) = (capital(&told), tongue::owner(reason.owner(), visitor.lang));
        let more = if count > 1 { format!(" (+{})", count - 1) } else { String::new() };
        let place = probe_link(&first.settings.id, &first.settings.id.to_string(), visitor);
        lines.push(format!(
            "{} <strong>{}</strong> {}<br>{place}{more}; {}: {owner}",
            badge(Some(state), tongue::state(State::Warning, visitor.lang)), // how bad it is, and yet it works
            escaped(&title),
            code(reason, visitor),
            words.acts
        ));
    }
    if lines.is_empty() {
        return;
    }
    let _ = write!(page, "<section aria-labelledby=\"look\">\n<h2 id=\"look\">{}</h2>\n<ul class=\"look\">\n", words.look);
    for line in lines {
        let _ = writeln!(page, "<li>{line}</li>");
    }
    page.push_str("</ul>\n</section>\n");
}

/// Whether anything would stand there.
pub fn anything(store: &Store, now: SystemTime) -> bool {
    store.probes().iter().any(|known| matters(known, now).is_some()) || !warned(store, Lang::En, now).is_empty()
}

/// The state of what neither is well nor fails, where no warning says so already.
fn matters(known: &ProbeEntry, now: SystemTime) -> Option<State> {
    let state = state(known, now).filter(|state| *state != State::Ok)?;
    let only_warned = known.last.as_ref().filter(|last| last.is_ok() && known.is_current(last.at, now)).is_some_and(|last| {
        let judgement = levels::judge(last, &known.settings.limits, now);
        judgement.warnings.iter().any(|warning| judgement.weight(warning) != State::Ok)
            && judgement.breaches.iter().all(|breach| judgement.tells_of(breach))
    });
    let failed = known.last.as_ref().is_some_and(|last| last.failure().is_some());
    (!only_warned && !failed).then_some(state)
}

fn line(known: &ProbeEntry, visitor: &Visitor<'_>, now: SystemTime) -> Option<String> {
    let state = matters(known, now)?;
    let outcome = known.last.as_deref().or(known.skipped.as_deref())?;
    let told = if known.is_current(outcome.at, now) {
        sentence(&Judged::new(outcome, &known.settings.limits, now))
    } else {
        with(words(visitor.lang).too_old, [lasting(outcome.at, now, visitor.lang)])
    };
    let id = &known.settings.id;
    Some(format!("{} {}: {}", state_badge(Some(state), visitor), probe_link(id, &id.to_string(), visitor), escaped(&told)))
}

/// A reason that current runs warn of.
struct Warned<'a> {
    /// The worst that a level makes of it.
    state: State,
    /// How many probes warn of it.
    count: usize,
    first: &'a ProbeEntry,
    /// What it is, as the first of them has it.
    told: String,
}

/// Each reason that current runs warn of.
fn warned(store: &Store, lang: Lang, now: SystemTime) -> BTreeMap<Reason, Warned<'_>> {
    let mut warned = BTreeMap::new();
    for known in store.probes() {
        let Some(last) = known.last.as_ref().filter(|last| known.is_current(last.at, now)) else { continue };
        let judged = Judged::new(last, &known.settings.limits, now);
        let weighed = judged.warnings().iter().map(|warning| (warning.reason, judged.judgement.weight(warning)));
        for (reason, state) in weighed.filter(|(_, state)| *state != State::Ok) {
            let told = || ends::told(reason, &judged, lang).unwrap_or_else(|| reason.text(lang).title.to_owned());
            let same = warned.entry(reason).or_insert_with(|| Warned { state, count: 0, first: known, told: told() });
            (same.state, same.count) = (same.state.worse(state), same.count + 1);
        }
    }
    warned
}

/// Everything that is known to end, the nearest first.
pub fn ends(page: &mut String, store: &Store, visitor: &Visitor<'_>, now: SystemTime) {
    let words = words(visitor.lang);
    // Of servers that share a name and not a certificate, the first to end counts.
    let mut nearest: BTreeMap<String, SystemTime> = BTreeMap::new();
    let secrets = store.credentials().into_iter().map(|(tenant, at)| (at, with(words.secret_of, [tenant])));
    for (at, what) in secrets.chain(store.probes().iter().flat_map(|known| of_probe(known, visitor))) {
        nearest.entry(what).and_modify(|known| *known = at.min(*known)).or_insert(at);
    }
    let near = |at: &SystemTime| at.duration_since(now).map_or(true, |left| left.as_secs() < FAR * 86_400);
    let mut ends: Vec<(SystemTime, String)> =
        nearest.into_iter().map(|(what, at)| (at, what)).filter(|(at, _)| near(at)).collect();
    if ends.is_empty() {
        return;
    }
    ends.sort();
    let _ = write!(
        page,
        "<section aria-labelledby=\"left\">\n<h2 id=\"left\">{}</h2>\n<table class=\"rows\">\n<thead><tr><th scope=\"col\">{}</th>\
         <th scope=\"col\">{}</th><th scope=\"col\">{}</th></tr></thead>\n<tbody>\n",
        words.left, words.what, words.days, words.ends
    );
    for (at, what) in ends {
        let (state, days) = match at.duration_since(now) {
            Ok(left) => {
                let days = i64::try_from(left.as_secs() / 86_400).unwrap_or(i64::MAX);
                let state = if days < NEAR[1] {
                    State::Critical
                } else if days < NEAR[0] {
                    State::Warning
                } else {
                    State::Ok
                };
                (state, days.to_string())
            }
            Err(_) => (State::Critical, words.over.to_owned()),
        };
        let told = time(at);
        let date = told.get(..10).unwrap_or(&told);
        let _ = writeln!(
            page,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td><time datetime=\"{told}\">{date}</time></td></tr>",
            escaped(&what),
            badge(Some(state), &days)
        );
    }
    page.push_str("</tbody>\n</table>\n</section>\n");
}

/// What of a probe ends, and when.
fn of_probe(known: &ProbeEntry, visitor: &Visitor<'_>) -> Vec<(SystemTime, String)> {
    let words = words(visitor.lang);
    let tenant = &known.settings.tenant;
    let mut ends = Vec::new();
    for (_, _, outcome) in known.certificates() {
        for (endpoint, certificate) in shown_certificates(outcome).filter(|(_, certificate)| certificate.verified) {
            let of = with(words.certificate_of, [host_port(&endpoint.host, endpoint.port)]);
            ends.push((certificate.not_after, of));
        }
    }
    let of_ews = tenant.cloud.ews_ends().filter(|_| known.settings.id.check == Check::Ews);
    ends.extend(of_ews.map(|at| (at, with(words.ews_of, [&tenant.name]))));
    ends
}
