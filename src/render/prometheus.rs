//! Prometheus's text formats: `/metrics` for the whole store, `/probe` for one run.
//!
//! Counts of a probe exist from the start, with 0; what only a run can tell comes with the first run, so that a restart looks
//! like no outage. What a run showed vanishes when it is too old to be shown as how things are, so that dashboards see absence;
//! times and counters stay. No label carries a peer's words, but for the issuer of a certificate, bounded and printable.

mod causes;
mod certificates;
mod exporter;
mod facts;
mod families;
mod format;
mod process;
mod run;
mod shared;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

pub use self::exporter::Exporter;
use self::families::{Families, Labelled, Labels};
pub use self::format::Format;
use self::shared::Shared;
use crate::ceiling::{Subject, Usage};
use crate::compressed::CompressedText;
use crate::fact::{MetricSpec, metrics};
use crate::kind::Check;
use crate::levels;
use crate::outcome::{CredentialKind, Outcome, SkipReason};
use crate::report::JudgedOutcome;
use crate::report::expiry::{self, Ending};
use crate::settings::ProbeSettings;
use crate::store::{ProbeEntry, Store};

metrics! {
    LATENCY: "m365_probe_latency_seconds", "Time of all runs, failed ones included, but for those in which this machine stood still.";
    ARRIVALS: "m365_roundtrip_arrival_duration_seconds", "Time from the acceptance of a mail to its arrival, of mails that arrived.";
    RUNS: "m365_probe_runs_total", "Runs.";
    FAILED_RUNS: "m365_probe_failed_runs_total", "Runs that failed.";
    FAILURES: "m365_probe_failures_total", "Runs that failed, by where and why; a series begins with its first failure.";
    LAST_RUN: "m365_probe_last_run_timestamp_seconds", "When the last run began, absent before the first.";
    LAST_SUCCESS: "m365_probe_last_success_timestamp_seconds",
        "When the last run that succeeded began, 0 while all have failed, absent before the first.";
    FAILING_SINCE: "m365_probe_failing_since_timestamp_seconds",
        "When the first of the failed runs began that no success has followed, absent while it succeeds and before the first run.";
    INTERVAL: "m365_probe_interval_seconds", "Time from one run to the next.";
    BACK_OFF: "m365_probe_back_off_until_timestamp_seconds", "Until when the server asked us to stay away, absent if it did not.";
    SKIPPED: "m365_probe_skipped_info", "1 while the last run did not take place, for this reason.";
    SKIPS: "m365_exporter_skipped_runs_total", "Runs that did not take place.";
    PROBE_SUCCESS: "probe_success", "Whether the probe was a success.";
    PROBE_DURATION: "probe_duration_seconds", "How long the probe took to complete.";
    PROBE_TIMEOUT: "probe_timeout_seconds", "The time the probe was given.";
    CACHED: "m365_probe_cached", "1: the outcome is that of an earlier run, given again; 0: the run took place for this request.";
    CACHED_AGE: "m365_probe_age_seconds", "Time since the run ended, 0 where it took place for this request.";
    LOGINS: "m365_exporter_mailbox_logins_last_hour", "Logins to the mailbox in the last hour, by scheduled runs and /probe together.";
    LOGINS_CEILING: "m365_exporter_mailbox_logins_ceiling", "The most logins to the mailbox in an hour.";
    TOKEN_REQUESTS: "m365_exporter_token_requests_last_hour",
        "Token requests of the tenant's application in the last hour, by scheduled runs and /probe together.";
    TOKEN_REQUESTS_CEILING: "m365_exporter_token_requests_ceiling", "The most token requests of the tenant's application in an hour.";
    CEILING_REFUSALS: "m365_exporter_ceiling_refusals_total", "Logins and token requests that a ceiling did not allow.";
}

/// The run that a page of `/probe` shows.
#[derive(Clone, Copy, Debug)]
pub struct ShownRun {
    /// The time that it was given.
    pub timeout: Duration,
    /// The time since it ended, where it is an earlier one's.
    pub age: Option<Duration>,
}

/// The usage of a tenant's application, or of one of its mailboxes, for the page of `/metrics`.
#[derive(Clone, Debug)]
pub struct AccountUsage {
    /// The tenant's name.
    pub tenant: String,
    /// The label of the mailbox; `None` for the application.
    pub mailbox: Option<String>,
    /// The numbers.
    pub usage: Usage,
}

/// The page of `/metrics`, with what was asked of each of the `accounts`.
pub fn metrics(store: &Store, accounts: &[AccountUsage], exporter: &Exporter, now: SystemTime, format: Format) -> CompressedText {
    let (mut families, mut shared) = (exporter.families(format), Shared::new(store));
    for entry in store.probes() {
        from_the_start(&mut families, entry);
        while_current(&mut families, entry, now);
        shared.add(&mut families, entry, now);
    }
    shared.write(&mut families, now);
    of_tenants(&mut families, store, now);
    causes::add(&mut families, store, now);
    totals(&mut families, store);
    ceilings(&mut families, accounts);
    families.page(&exporter.page(format))
}

/// Adds what is the tenant's: its credentials, its token endpoint and the end of EWS.
fn of_tenants(families: &mut Families, store: &Store, now: SystemTime) {
    let of_check = |check| store.probes().iter().filter(move |entry| entry.settings.id.check == check);
    for entry in store.probes() {
        if let Some(registration) = entry.last.as_ref().and_then(|outcome| outcome.facts.registration.as_ref()) {
            facts::other_credentials(families, &entry.settings.id.tenant, registration, now);
        }
    }
    for (entry, outcome) in token_endpoints(store) {
        facts::token_endpoint(
            families,
            &entry.settings,
            outcome,
            entry.is_current(outcome.at, now) || has_valid_token(outcome, now),
        );
    }
    for credential in expiry::credentials(store, now) {
        match &credential.ending {
            Ending::ClientSecret(tenant) => facts::credential(families, tenant, CredentialKind::Secret, credential.expires),
            Ending::ClientCertificate(tenant) => {
                facts::credential(families, tenant, CredentialKind::Certificate, credential.expires);
            }
            Ending::Certificate(_) | Ending::Ews(_) => {}
        }
    }
    let ends =
        of_check(Check::Ews).filter_map(|entry| Some((&*entry.settings.id.tenant, entry.settings.tenant.cloud.ews_ends()?)));
    for (tenant, ends) in ends.collect::<BTreeMap<_, _>>() {
        facts::ews_end(families, tenant, ends);
    }
}

/// Returns the last run that was shown a certificate at the token endpoint of each tenant, with the probe that ran: whichever
/// finds no token in the cache fetches one.
fn token_endpoints(store: &Store) -> Vec<(&ProbeEntry, &Outcome)> {
    let mut last: BTreeMap<&str, (&ProbeEntry, &Outcome)> = BTreeMap::new();
    for entry in store.probes() {
        for (.., outcome) in entry.certificates().filter(|(host, port, _)| facts::is_of_tenant(&entry.settings, host, *port)) {
            let known = last.entry(&*entry.settings.id.tenant).or_insert((entry, outcome));
            if known.1.at < outcome.at {
                *known = (entry, outcome);
            }
        }
    }
    last.into_values().collect()
}

/// Reports whether the token that the run brought is still in use: until then nobody has a cause to ask again.
fn has_valid_token(outcome: &Outcome, now: SystemTime) -> bool {
    outcome.facts.token.as_ref().and_then(|token| token.expires).is_some_and(|expires| now < expires)
}

/// Adds what is counted over all probes.
fn totals(families: &mut Families, store: &Store) {
    for (tenant, check, latencies) in store.latencies() {
        families.histogram(&LATENCY, &Labels::default().with("tenant", tenant).with("check", check), latencies);
    }
    for reason in SkipReason::CODES {
        let count = store.skips.get(reason).copied().unwrap_or_default();
        families.counter(&SKIPS, &Labels::default().with("reason", reason), count);
    }
}

/// Adds how near each account is to its ceiling, and per tenant how often one was reached. The refusals of a mailbox that has two
/// names count for both.
fn ceilings(families: &mut Families, accounts: &[AccountUsage]) {
    let mut refused: BTreeMap<(&str, Subject), u64> = BTreeMap::new();
    for AccountUsage { tenant, mailbox, usage } in accounts {
        let none = Labels::default();
        let labels = none.with("tenant", tenant);
        let subject = if let Some(mailbox) = mailbox {
            near(families, &labels.with("mailbox", mailbox), &LOGINS, &LOGINS_CEILING, *usage);
            Subject::Logins
        } else {
            near(families, &labels, &TOKEN_REQUESTS, &TOKEN_REQUESTS_CEILING, *usage);
            Subject::TokenRequests
        };
        *refused.entry((tenant, subject)).or_default() += usage.refused;
    }
    for ((tenant, subject), refused) in refused {
        let labels = Labels::default();
        families.counter(&CEILING_REFUSALS, &labels.with("tenant", tenant).with("ceiling", subject.code()), refused);
    }
}

/// Adds the number of the last hour and the ceiling.
fn near(families: &mut Families, labels: &impl Labelled, used: &MetricSpec, most: &MetricSpec, usage: Usage) {
    families.gauge(used, labels, f64::from(usage.used));
    families.gauge(most, labels, f64::from(usage.most));
}

/// The page of `/probe`: one outcome of the probe with these `settings` and nothing else, with blackbox_exporter's names too.
pub fn probe(judged: &JudgedOutcome<'_>, settings: &ProbeSettings, run: ShownRun, format: Format) -> String {
    let outcome = judged.outcome;
    let mut families = Families::new(format);
    families.gauge(&PROBE_SUCCESS, &Labels::default(), f64::from(u8::from(outcome.is_ok())));
    families.gauge(&PROBE_DURATION, &Labels::default(), outcome.took.as_secs_f64());
    families.gauge(&PROBE_TIMEOUT, &Labels::default(), run.timeout.as_secs_f64());
    families.gauge(&CACHED, &Labels::default(), f64::from(u8::from(run.age.is_some())));
    families.gauge(&CACHED_AGE, &Labels::default(), run.age.unwrap_or_default().as_secs_f64());
    if !skipped(&mut families, outcome) {
        run::add(&mut families, outcome, judged.warnings().iter().copied());
        run::phases(outcome).for_each(|(phase, took)| run::phase(&mut families, &outcome.probe, phase, took));
        if let Some(endpoint) = run::endpoint(outcome) {
            run::failed_at(&mut families, &outcome.probe, &endpoint);
        }
    }
    for group in facts::GROUPS {
        facts::gauges(&mut families, &outcome.probe, outcome, group, true);
    }
    facts::roles(&mut families, &outcome.probe, outcome);
    if let Some(expires) = outcome.facts.credential_expires.map(|date| levels::secret_expiry(date, outcome)) {
        facts::credential(&mut families, &outcome.probe.tenant, outcome.facts.credential_kind(), expires);
    }
    if let Some(ends) = outcome.facts.ews_ends {
        facts::ews_end(&mut families, &outcome.probe.tenant, ends);
    }
    let is_of_server = |host: &str, port| !facts::is_of_tenant(settings, host, port);
    certificates::of_run(&mut families, &outcome.probe, outcome, is_of_server, true);
    facts::token_endpoint(&mut families, settings, outcome, true);
    facts::addresses(&mut families, outcome);
    facts::backlog(&mut families, outcome);
    facts::dns(&mut families, outcome);
    causes::explain(&mut families, causes::named(outcome, judged.warnings().iter().copied()).collect());
    families.short_page()
}

/// Adds what exists from the start and stays.
fn from_the_start(families: &mut Families, entry: &ProbeEntry) {
    let labels = Labels::of_probe(&entry.settings.id);
    families.counter(&RUNS, &labels, entry.runs);
    families.counter(&FAILED_RUNS, &labels, entry.failures.values().map(|failures| failures.count).sum());
    if let Some(last) = &entry.last {
        families.timestamp(&LAST_RUN, &labels, Some(last.at));
        families.timestamp(&LAST_SUCCESS, &labels, entry.last_success);
    }
    for (spec, at) in [(&FAILING_SINCE, entry.last.as_ref().and(entry.failing_since)), (&BACK_OFF, entry.back_off_until)] {
        if at.is_some() {
            families.timestamp(spec, &labels, at);
        }
    }
    families.gauge(&INTERVAL, &labels, entry.interval().as_secs_f64());
    if entry.arrivals.count > 0 {
        families.histogram(&ARRIVALS, &labels, &entry.arrivals);
    }
    for ((phase, reason), failures) in &entry.failures {
        let labels = labels.with("phase", phase.code());
        families.counter_since(&FAILURES, &labels.with("reason", reason.code()), failures.count, failures.since);
    }
}

/// Adds what the last runs showed, as far as it is current.
fn while_current(families: &mut Families, entry: &ProbeEntry, now: SystemTime) {
    let current = |outcome: &Outcome| entry.is_current(outcome.at, now);
    if let Some(outcome) = entry.current_run(now) {
        run::add(families, outcome, levels::warnings(outcome, &entry.settings.limits, now));
        facts::addresses(families, outcome);
        facts::backlog(families, outcome);
        for group in facts::GROUPS_OF_THE_LAST_RUN {
            facts::gauges(families, &outcome.probe, outcome, group, true);
        }
    }
    if let Some(outcome) = entry.skipped.as_deref().filter(|skipped| current(skipped)) {
        skipped(families, outcome);
    }
    if let Some(outcome) = entry.dns.as_deref().filter(|dns| current(dns)) {
        facts::dns(families, outcome);
    }
    if let Some(outcome) = entry.mailbox.as_deref().filter(|mailbox| current(mailbox)) {
        facts::gauges(families, &outcome.probe, outcome, "mailbox", true);
    }
}

/// Adds why no run took place that tells of the far side, and returns true; returns false where one did.
fn skipped(families: &mut Families, outcome: &Outcome) -> bool {
    let Some(code) = outcome.skip_code() else { return false };
    families.gauge(&SKIPPED, &Labels::of_probe(&outcome.probe).with("reason", code), 1.0);
    true
}
