//! The growth of everything that shows outcomes with their number: processor time of one rendering, healthy and in an incident.
//!
//! Every row should take about ten times as long with ten times the mailboxes. Nothing here passes or fails; the words of the
//! command line choose rows, as `cargo bench --bench growth -- metrics`.

#![allow(clippy::print_stdout)] // the table is all there is

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use m365_probe::cloud::Cloud;
use m365_probe::credential::SecretSource;
use m365_probe::document::Document;
use m365_probe::kind::Check;
use m365_probe::lang::Lang;
use m365_probe::outcome::{
    CertificateFacts, EndpointFacts, Evidence, Facts, Failure, MailboxFacts, Outcome, Peer, Phase, ProbeId, Span, Verdict,
};
use m365_probe::reason::Reason;
use m365_probe::render::doctor::Style;
use m365_probe::render::page::{self, Search, View};
use m365_probe::render::prometheus::{Exporter, Format, metrics};
use m365_probe::render::{checkmk, doctor, nagios};
use m365_probe::report::{self, root_cause};
use m365_probe::settings::{ProbeSettings, Tenant};
use m365_probe::store::Store;
use rustix::time::{ClockId, clock_gettime};

const CHECKS: [Check; 3] = [Check::Pop3, Check::Imap, Check::Smtp];

/// Tenants, and mailboxes of each.
const SHAPES: [(usize, usize); 5] = [(1, 1_000), (1, 3_000), (1, 10_000), (10, 1_000), (500, 20)];

/// The condition of the mailboxes.
#[derive(Clone, Copy, Debug)]
enum Condition {
    /// Every check works.
    Healthy,
    /// Every check is refused: one root cause for each tenant.
    Refused,
    /// Of each tenant one mailbox works and the others are refused: a root cause for each mailbox.
    RefusedOneByOne,
}

/// Renders something of a store, and returns its size in bytes.
type Rendering = fn(&Store, SystemTime) -> usize;

const RENDERINGS: [(&str, Rendering); 10] = [
    // A thousand of them, so that a millisecond in the table is a microsecond for one.
    ("snapshot", |store, _| (0..1000).map(|_| black_box(store.clone()).probes().len()).sum()),
    ("record", record),
    ("reload", reload),
    ("diagnosis", |store, now| root_cause::diagnose(&report::latest(store, now)).len()),
    ("status page", status_page),
    ("metrics", metrics_page),
    ("outcomes of all", |store, now| document(store, now, usize::MAX)),
    ("doctor", doctor_report),
    ("plugin", |store, now| nagios::report(&report::latest(store, now), 0).0.len()),
    ("checkmk", |store, now| checkmk::report(&report::latest(store, now)).len()),
];

fn main() {
    let (options, words): (Vec<String>, Vec<String>) = std::env::args().skip(1).partition(|word| word.starts_with('-'));
    if !options.iter().any(|option| option == "--bench") {
        return; // `cargo test` runs benchmarks too
    }
    let now = SystemTime::now();
    println!("{:18} {:16} {:>9} {:>10} {:>10} {:>8}", "", "", "mailboxes", "CPU ms", "us/probe", "KiB");
    for condition in [Condition::Healthy, Condition::Refused, Condition::RefusedOneByOne] {
        for (tenants, mailboxes) in SHAPES {
            let store = store(condition, tenants, mailboxes, now);
            for (name, render) in RENDERINGS {
                if words.is_empty() || words.iter().any(|word| name.contains(word.as_str())) {
                    row(name, condition, (tenants, mailboxes), &store, now, render);
                }
            }
        }
    }
}

fn row(
    name: &str,
    condition: Condition,
    (tenants, mailboxes): (usize, usize),
    store: &Store,
    now: SystemTime,
    render: Rendering,
) {
    let size = render(black_box(store), now);
    let times = [0; 3].map(|_| {
        let begun = cpu();
        black_box(render(black_box(store), now));
        cpu().saturating_sub(begun)
    });
    let time = times.into_iter().min().unwrap_or_default().as_secs_f64();
    let shape = if tenants == 1 { mailboxes.to_string() } else { format!("{tenants} x {mailboxes}") };
    let probes = (tenants * mailboxes * CHECKS.len()) as f64;
    println!("{name:18} {condition:16?} {shape:>9} {:>10.1} {:>10.2} {:>8}", time * 1e3, time * 1e6 / probes, size / 1024);
}

/// Processor time of this process.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.try_into().unwrap_or_default())
}

/// Records a run of each probe while somebody holds a snapshot, so that each entry is copied: the most that a record can take.
fn record(store: &Store, now: SystemTime) -> usize {
    let mut changed = store.clone();
    store.probes().iter().for_each(|entry| changed.record(outcome(&entry.settings, true, now)));
    changed.probes().len()
}

fn reload(store: &Store, _: SystemTime) -> usize {
    let settings: Vec<_> = store.probes().iter().map(|entry| Arc::clone(&entry.settings)).collect();
    let mut changed = store.clone();
    changed.adopt(&settings);
    changed.probes().len()
}

fn status_page(store: &Store, now: SystemTime) -> usize {
    let view = View { lang: Lang::En, chosen: false, paused: false, refresh: 10, path: "/", query: &[], notices: &[], now };
    page::status(store, None, &Search::default(), &view).len()
}

fn metrics_page(store: &Store, now: SystemTime) -> usize {
    metrics(store, &[], &Exporter::new(), now, Format::Text).len()
}

fn document(store: &Store, now: SystemTime, most: usize) -> usize {
    let judged = report::latest(store, now);
    let causes = root_cause::diagnose(&judged);
    let shown: Vec<_> = store.probes().iter().take(most).collect();
    Document::of_service(&shown, &causes, &judged, now).to_json().len()
}

fn doctor_report(store: &Store, now: SystemTime) -> usize {
    doctor::report(&report::latest(store, now), &Style::default()).len()
}

/// A store in which every probe has run once.
fn store(condition: Condition, tenants: usize, mailboxes: usize, now: SystemTime) -> Store {
    let probes: Vec<ProbeSettings> = (0..tenants).flat_map(|tenant| settings(&format!("t{tenant}"), mailboxes, now)).collect();
    let mut store = Store::new(&probes);
    for probe in &probes {
        let works = match condition {
            Condition::Healthy => true,
            Condition::Refused => false,
            Condition::RefusedOneByOne => probe.id.mailbox.as_deref() == Some("m00000"),
        };
        store.record(outcome(probe, works, now));
    }
    store
}

fn settings(tenant: &str, mailboxes: usize, now: SystemTime) -> Vec<ProbeSettings> {
    let cloud = Cloud::built_in("global").expect("built in");
    let secret = SecretSource::Variable("SECRET".into());
    let (tenant_id, client_id) = ("11111111-2222-3333-4444-555555555555", "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee");
    let tenant = Tenant { credential_expires: Some(now), ..Tenant::new(tenant, cloud, tenant_id, client_id, secret) };
    let tenant = Arc::new(tenant);
    let probe = |mailbox: usize, check| {
        let name = format!("m{mailbox:05}");
        let address = Some(format!("{name}@{}.example", tenant.name));
        let id = ProbeId { tenant: tenant.name.clone(), mailbox: Some(name), check };
        ProbeSettings::new(id, Arc::clone(&tenant), address)
    };
    (0..mailboxes).flat_map(|mailbox| CHECKS.map(|check| probe(mailbox, check))).collect()
}

fn outcome(probe: &ProbeSettings, works: bool, now: SystemTime) -> Outcome {
    let check = probe.id.check;
    let port = if check == Check::Pop3 { 995 } else { 993 };
    let evidence = Evidence {
        peer: Some(Peer::new("outlook.office365.com", port)),
        said: Some("AUTH XOAUTH2 <secret>".into()),
        heard: Some("-ERR Authentication failure: unknown user name or bad password.".into()),
        ..Evidence::default()
    };
    let refused = Failure { phase: Phase::Auth, reason: Reason::AuthRefused, evidence };
    let phases = check.kind().phases.iter().filter(|phase| works || **phase != Phase::Mailbox);
    let mailbox = MailboxFacts { messages: Some(12), bytes: Some(345_678), ..MailboxFacts::default() };
    Outcome {
        probe: probe.id.clone(),
        address: probe.address.as_deref().map(Into::into),
        at: now,
        took: Duration::from_micros(412_345),
        phases: phases.map(|phase| Span { phase: *phase, took: Duration::from_micros(51_543) }).collect(),
        facts: Facts {
            endpoints: vec![endpoint(port, now)],
            mailbox: if works { mailbox } else { MailboxFacts::default() },
            ..Facts::default()
        },
        verdict: if works { Verdict::Ok } else { Verdict::Failed(refused) },
        interval: None,
    }
}

fn endpoint(port: u16, now: SystemTime) -> EndpointFacts {
    let certificate = CertificateFacts {
        subject: "CN=outlook.com, O=Microsoft Corporation, L=Redmond, ST=Washington, C=US".into(),
        issuer: "DigiCert Cloud Services CA-1".into(),
        issuer_name: "C=US, O=DigiCert Inc".into(),
        product: None,
        names: vec!["outlook.com".into(), "*.office365.com".into()],
        not_before: now,
        not_after: now + Duration::from_secs(60 * 86_400),
        fingerprint: "ab".repeat(32),
        verified: true,
    };
    EndpointFacts {
        connect: Some(Duration::from_millis(12)),
        handshake: Some(Duration::from_millis(30)),
        tls_version: Some("TLSv1.3".into()),
        certificate: Some(certificate.into()),
        ..EndpointFacts::new("outlook.office365.com", port, "52.98.1.2".parse().ok())
    }
}
