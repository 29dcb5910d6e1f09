//! The metrics of root causes, and the catalogue's entry of every reason that a page names.

use std::collections::BTreeSet;
use std::time::SystemTime;

use super::families::{Families, Labelled as _, Labels};
use crate::diagnosis::{RootCause, diagnose};
use crate::fact::metrics;
use crate::levels;
use crate::outcome::{Fault, Outcome};
use crate::reason::Reason;
use crate::store::Store;

metrics! {
    ROOT_CAUSE: "m365_root_cause_info",
        "1 while the diagnosis holds this to be why the last runs failed; mailbox is empty where the tenant is concerned.";
    SINCE: "m365_root_cause_since_timestamp_seconds",
        "Since when the probes have been failing that this root cause explains; of several, the first.";
    EXPLAINED: "m365_root_cause_failing_probes", "Probes whose failure this root cause explains.";
    REASON: "m365_reason_info",
        "1 for every reason that this page names, with what the catalogue says of it; to be joined by reason.";
}

/// Adds the root causes of the failures that are current, and every reason that has been met so far.
pub fn add(families: &mut Families, store: &Store, now: SystemTime) {
    let causes = diagnose(store.probes().iter().filter_map(|entry| entry.current_outcome(now)));
    for cause in &causes {
        root_cause(families, store, cause);
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

fn root_cause(families: &mut Families, store: &Store, cause: &RootCause) {
    let labels = Labels::default();
    let labels = labels.with("tenant", &cause.tenant);
    let labels = labels.with("mailbox", cause.mailbox.as_deref().unwrap_or(""));
    let labels = labels.with("reason", cause.reason.code());
    let labels = labels.with("owner", cause.owner().code());
    families.gauge(&ROOT_CAUSE, &labels.with("confidence", cause.confidence.code()), 1.0);
    families.gauge(&EXPLAINED, &labels, cause.explains.len() as f64);
    let since = cause.explains.iter().filter_map(|probe| store.probe(probe)?.reason_since).min();
    families.timestamp(&SINCE, &labels, since);
}
