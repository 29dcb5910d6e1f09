//! Everything that is known to end, the nearest first: certificates, client secrets, Exchange Web Services.

use std::collections::BTreeMap;
use std::time::SystemTime;

use maud::{Markup, html};

use super::View;
use super::html::badge;
use crate::cloud::host_port;
use crate::kind::Check;
use crate::lang::fill;
use crate::levels::State;
use crate::report::text::time;
use crate::store::{ProbeEntry, Store, shown_certificates};

/// Ends that are farther away than this need no row of their own.
const FAR: u64 = 400;
/// Ends nearer than this are a warning, and critical.
const NEAR: [i64; 2] = [30, 7];

/// Renders a row for each of them, with the days that are left.
pub fn section(store: &Store, view: &View<'_>) -> Markup {
    let words = view.words();
    let ends = ends(store, view);
    html! {
        @if !ends.is_empty() {
            section aria-labelledby="left" {
                h2 #left { (words.left) }
                table.rows {
                    thead { tr { @for head in [words.what, words.days_left, words.ends] { th scope="col" { (head) } } } }
                    tbody { @for (at, what) in ends { (row(at, &what, view)) } }
                }
            }
        }
    }
}

/// When something ends, and what it is. Of servers that share a name and not a certificate, the first to end counts.
fn ends(store: &Store, view: &View<'_>) -> Vec<(SystemTime, String)> {
    let mut nearest: BTreeMap<String, SystemTime> = BTreeMap::new();
    let secrets = store.credentials().into_iter().map(|(tenant, at)| (at, fill(view.words().secret_of, &[("name", tenant)])));
    for (at, what) in secrets.chain(store.probes().iter().flat_map(|known| of_probe(known, view))) {
        nearest.entry(what).and_modify(|known| *known = at.min(*known)).or_insert(at);
    }
    let near = |at: &SystemTime| at.duration_since(view.now).map_or(true, |left| left.as_secs() < FAR * 86_400);
    let mut ends: Vec<_> = nearest.into_iter().map(|(what, at)| (at, what)).filter(|(at, _)| near(at)).collect();
    ends.sort();
    ends
}

fn row(at: SystemTime, what: &str, view: &View<'_>) -> Markup {
    let (state, days) = match at.duration_since(view.now) {
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
        Err(_) => (State::Critical, view.words().over.to_owned()),
    };
    let told = time(at);
    let date = told.get(..10).unwrap_or(&told);
    html! {
        tr {
            th scope="row" { (what) }
            td { (badge(Some(state), &days)) }
            td { time datetime=(told) { (date) } }
        }
    }
}

/// What of a probe ends, and when.
fn of_probe(known: &ProbeEntry, view: &View<'_>) -> Vec<(SystemTime, String)> {
    let words = view.words();
    let tenant = &known.settings.tenant;
    let mut ends = Vec::new();
    for (_, _, outcome) in known.certificates() {
        for (endpoint, certificate) in shown_certificates(outcome).filter(|(_, certificate)| certificate.verified) {
            let of = fill(words.certificate_of, &[("name", &host_port(&endpoint.host, endpoint.port))]);
            ends.push((certificate.not_after, of));
        }
    }
    let of_ews = tenant.cloud.ews_ends().filter(|_| known.settings.id.check == Check::Ews);
    ends.extend(of_ews.map(|at| (at, fill(words.ews_of, &[("name", &tenant.name)]))));
    ends
}
