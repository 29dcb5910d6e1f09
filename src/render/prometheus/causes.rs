//! The metrics of root causes, and the catalogue's entry of every reason that a page names.

use std::collections::BTreeSet;
use std::time::SystemTime;

use super::families::{Families, Labelled as _, Labels};
use crate::diagnosis::{RootCause, diagnose};
use crate::fact::metrics;
use crate::levels;
use crate::outcome::{Fault, Outcome};
use crate::reason::Reason;
use crate::report::notification::Notification;
use crate::report::outcome_index::OutcomeIndex;
use crate::report::{self, root_cause};
use crate::store::Store;

metrics! {
    ROOT_CAUSE: "m365_root_cause_info",
        "1 while the diagnosis holds this to be why the last runs failed; mailbox is empty where the tenant is concerned.";
    SINCE: "m365_root_cause_since_timestamp_seconds",
        "Since when the probes have been failing that this root cause explains; of several, the first.";
    FAILING_SINCE: "m365_root_cause_failing_since_timestamp_seconds",
        "Since when the probes have been failing that this root cause explains, for whatever reason; of several, the first.";
    CRITICAL: "m365_root_cause_critical",
        "Whether this root cause is critical now: at once where it will not pass by itself, after 30 minutes where it may.";
    TEXT: "m365_root_cause_text_info",
        "1 for the root causes of a tenant with one reason, with what a notification says of them; to be joined by tenant and reason.";
    EXPLAINED: "m365_root_cause_failing_probes", "Probes whose failure this root cause explains.";
    REASON: "m365_reason_info",
        "1 for every reason that this page names, with what the catalogue says of it; to be joined by reason.";
}

/// Adds the root causes of the failures that are current, and every reason that has been met so far.
pub fn add(families: &mut Families, store: &Store, now: SystemTime) {
    let causes = diagnose(store.probes().iter().filter_map(|entry| entry.current_outcome(now)));
    for cause in &causes {
        root_cause(families, store, cause, now);
    }
    if !causes.is_empty() {
        texts(families, store, &causes, now);
    }
    let counted = store.probes().iter().flat_map(|entry| entry.failures.keys().map(|(_, reason)| *reason));
    let shown = store.probes().iter().filter_map(|entry| {
        let last = entry.last.as_deref()?;
        Some(named(last, levels::warnings(last, &entry.settings.limits, now)))
    });
    let inferred = causes.iter().map(|cause| cause.reason);
    explain(families, counted.chain(shown.flatten()).chain(inferred).collect());
}

/// The reasons that the metrics of a run and its `warnings` name.
pub fn named<'a>(outcome: &'a Outcome, warnings: impl Iterator<Item = &'a Fault>) -> impl Iterator<Item = Reason> {
    let failure = outcome.failure().map(|failure| failure.reason);
    failure.into_iter().chain(warnings.map(|warning| warning.reason))
}

/// Adds what the catalogue says of `reasons`: so that a query may tell apart what will pass from what somebody must mend.
pub fn explain(families: &mut Families, reasons: BTreeSet<Reason>) {
    for reason in reasons {
        let labels = Labels::default();
        let labels = labels.with("reason", reason.code());
        let labels = labels.with("owner", reason.owner().code());
        let labels = labels.with("severity", reason.severity().code());
        families.gauge(&REASON, &labels.with("title", reason.title()).with("remedy", reason.remedy()), 1.0);
    }
}

fn root_cause(families: &mut Families, store: &Store, cause: &RootCause, now: SystemTime) {
    let labels = Labels::default();
    let labels = labels.with("tenant", &cause.tenant);
    let labels = labels.with("mailbox", cause.mailbox.as_deref().unwrap_or(""));
    let labels = labels.with("reason", cause.reason.code());
    let labels = labels.with("owner", cause.owner().code());
    families.gauge(&ROOT_CAUSE, &labels.with("confidence", cause.confidence.code()), 1.0);
    families.gauge(&EXPLAINED, &labels, cause.explains.len() as f64);
    let explained = || cause.explains.iter().filter_map(|probe| store.probe(probe));
    families.timestamp(&SINCE, &labels, explained().filter_map(|entry| entry.reason_since).min());
    let outcomes = || explained().filter_map(|entry| entry.current_outcome(now));
    families.timestamp(&FAILING_SINCE, &labels, outcomes().filter_map(|outcome| outcome.facts.failing_since).min());
    let is_critical = outcomes().any(|outcome| levels::is_serious(cause.reason, outcome, now));
    families.gauge(&CRITICAL, &labels, f64::from(u8::from(is_critical)));
}

/// Adds a series for each tenant and reason, however many mailboxes are concerned.
fn texts(families: &mut Families, store: &Store, causes: &[RootCause], now: SystemTime) {
    let judged = report::latest(store, now);
    let index = OutcomeIndex::new(&judged);
    for group in root_cause::group_by_reason(causes) {
        let text = Notification::new(&group, &index);
        let labels = Labels::default();
        let labels = labels.with("tenant", &group.tenant);
        let labels = labels.with("reason", group.reason.code());
        let labels = labels.with("owner", group.reason.owner().code());
        let labels = labels.with("what", &text.what);
        let labels = labels.with("problem", &text.problem);
        let labels = labels.with("endpoint", &text.endpoint);
        let labels = labels.with("who", text.who);
        let labels = labels.with("sure", text.sure);
        let labels = labels.with("step", &text.step);
        let labels = labels.with("brief", &text.brief);
        let labels = labels.with("act", &text.act);
        families.gauge(&TEXT, &labels.with("fragment", &text.fragment), 1.0);
    }
}
