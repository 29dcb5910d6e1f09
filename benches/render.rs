//! The cost of a scrape of `/metrics` with three hundred probes, at most 5 ms; and of the status page for them.

#![allow(missing_docs)] // criterion's macros make an undocumented item

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use criterion::{Criterion, criterion_group, criterion_main};
use m365_probe::cloud::Cloud;
use m365_probe::credential::SecretSource;
use m365_probe::kind::Check;
use m365_probe::lang::Lang;
use m365_probe::outcome::{
    CertificateFacts, EndpointFacts, Facts, MailboxFacts, Outcome, Phase, ProbeId, Span, TokenFacts, Verdict,
};
use m365_probe::render::page::{self, Search, View};
use m365_probe::render::prometheus::{Exporter, Format, metrics};
use m365_probe::settings::{ProbeSettings, Tenant};
use m365_probe::store::Store;

const CHECKS: [Check; 3] = [Check::Pop3, Check::Smtp, Check::Ews];

fn probes(now: SystemTime) -> Vec<ProbeSettings> {
    let tenant = Arc::new(Tenant {
        credential_expires: Some(now),
        ..Tenant::new(
            "contoso",
            Cloud::built_in("global").expect("built in"),
            "11111111-2222-3333-4444-555555555555",
            "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
            SecretSource::Variable("SECRET".into()),
        )
    });
    let ids = (0..100).flat_map(|mailbox| CHECKS.map(|check| (format!("mailbox{mailbox:03}"), check)));
    let probe = |(mailbox, check): (String, Check)| {
        let address = Some(format!("{mailbox}@contoso.example"));
        let id = ProbeId { tenant: "contoso".into(), mailbox: Some(mailbox), check };
        ProbeSettings::new(id, Arc::clone(&tenant), address)
    };
    ids.map(probe).collect()
}

fn outcome(id: &ProbeId, now: SystemTime) -> Outcome {
    let certificate = CertificateFacts {
        subject: "CN=outlook.com, O=Microsoft Corporation, L=Redmond, ST=Washington, C=US".into(),
        issuer: "DigiCert Cloud Services CA-1".into(),
        issuer_name: "C=US, O=DigiCert Inc".into(),
        product: None,
        names: (0..60).map(|name| format!("name{name}.office365.example")).collect(),
        not_before: now,
        not_after: now,
        fingerprint: "ab".repeat(32),
        verified: true,
    };
    let endpoint = EndpointFacts {
        connect: Some(Duration::from_millis(12)),
        handshake: Some(Duration::from_millis(30)),
        tls_version: Some("TLSv1.3".into()),
        certificate: Some(certificate.into()),
        ..EndpointFacts::new("outlook.office365.com", 995, "52.98.1.2".parse().ok())
    };
    Outcome {
        probe: id.clone(),
        address: None,
        at: now,
        took: Duration::from_millis(412),
        phases: phases(Check::Pop3).iter().map(|phase| Span { phase: *phase, took: Duration::from_micros(51_500) }).collect(),
        facts: Facts {
            token: Some(
                TokenFacts { expires: Some(now), roles: Some(Vec::new()), clock_skew: Some(0.2), ..TokenFacts::default() }.into(),
            ),
            endpoints: vec![endpoint],
            mailbox: MailboxFacts { messages: Some(12), bytes: Some(345_678), ..MailboxFacts::default() },
            ..Facts::default()
        },
        verdict: Verdict::Ok,
        interval: None,
    }
}

fn phases(_check: Check) -> &'static [Phase] {
    use Phase::{Auth, Connect, Dns, Greeting, Mailbox, Proxy, Tls, Token};
    &[Token, Dns, Connect, Proxy, Tls, Greeting, Auth, Mailbox]
}

fn scrape(bench: &mut Criterion) {
    let now = SystemTime::now();
    let probes = probes(now);
    let mut store = Store::new(&probes);
    for probe in &probes {
        store.record(outcome(&probe.id, now));
    }
    let exporter = Exporter::new();
    for (name, format) in [("metrics_of_300_probes", Format::Text), ("openmetrics_of_300_probes", Format::OpenMetrics)] {
        bench.bench_function(name, |bench| bench.iter(|| metrics(black_box(&store), &[], &exporter, now, format)));
    }
    let sample = outcome(&ProbeId { tenant: "contoso".into(), mailbox: Some("mailbox000".into()), check: Check::Pop3 }, now);
    bench.bench_function("record", |bench| bench.iter(|| store.record(black_box(sample.clone()))));
}

fn status_page(bench: &mut Criterion) {
    let now = SystemTime::now();
    let probes = probes(now);
    let mut store = Store::new(&probes);
    for probe in &probes {
        store.record(outcome(&probe.id, now));
    }
    let view = View { lang: Lang::En, chosen: false, paused: false, refresh: 10, path: "/", query: &[], notices: &[], now };
    bench.bench_function("status_page_of_300_probes", |bench| {
        bench.iter(|| page::status(black_box(&store), None, &Search::default(), &view));
    });
}

criterion_group!(benches, scrape, status_page);
criterion_main!(benches);
