//! Outcomes that every output must show: good ones, one failed in each phase, skipped ones, and a hostile server's.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use m365_probe::cloud::Cloud;
use m365_probe::credential::SecretSource;
use m365_probe::document::Document;
use m365_probe::kind::Check;
use m365_probe::lang::Lang;
use m365_probe::levels::Limits;
use m365_probe::outcome::{
    BacklogFacts, CertificateFacts, DnsFacts, EndpointFacts, Evidence, Facts, Failure, Family, Fault, MailboxFacts, Outcome,
    Phase, ProbeId, ServerFacts, SkipReason, Span, SupportId, SupportIds, TokenFacts, Verdict,
};
use m365_probe::reason::Reason;
use m365_probe::report::{JudgedOutcome, root_cause};
use m365_probe::settings::{ProbeSettings, Tenant};

const DAY: Duration = Duration::from_secs(86_400);

/// 2026-11-23T17:59:49Z.
pub fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_456_789)
}

/// Text with which a server could break an output's format: separators, line ends, escapes, quotes, and 10 kB of it.
pub fn hostile() -> String {
    let nasty = "-ERR a|b='c'\"d\" \\e\r\nf\tg\0\u{1b}[31mred\u{1b}[0m\u{9b}1m \u{202e}grüße 日本 ${x} <b>h</b> # HELP x\n0 \"svc\" a=1|b=2 done\n";
    nasty.repeat(10_000 / nasty.len() + 1)
}

/// The document of `judged` and of the root causes found in them.
pub fn json(judged: &[JudgedOutcome<'_>], lang: Lang) -> String {
    Document::of_runs(judged, &root_cause::diagnose(judged), now(), lang).to_json()
}

fn id(mailbox: &str, check: Check) -> ProbeId {
    let mailbox = (!mailbox.is_empty()).then(|| mailbox.to_owned());
    ProbeId { tenant: "contoso".into(), mailbox, check }
}

fn outcome(mailbox: &str, check: Check, spans: &[(Phase, u64)], facts: Facts, verdict: Verdict) -> Outcome {
    let phases: Vec<Span> =
        spans.iter().map(|(phase, micros)| Span { phase: *phase, took: Duration::from_micros(*micros) }).collect();
    Outcome {
        probe: id(mailbox, check),
        address: (!mailbox.is_empty()).then(|| format!("{mailbox}@contoso.example")),
        at: now() - Duration::from_secs(10),
        took: phases.iter().map(|span| span.took).sum(),
        phases,
        facts,
        verdict,
        interval: None,
    }
}

pub fn failed(phase: Phase, reason: Reason, evidence: Evidence) -> Verdict {
    Verdict::Failed(Failure { phase, reason, evidence })
}

fn certificate(issuer: &str, days: u32) -> CertificateFacts {
    CertificateFacts {
        subject: "CN=outlook.com".into(),
        issuer: issuer.into(),
        issuer_name: format!("C=US, O=DigiCert Inc, CN={issuer}"),
        product: None,
        names: vec!["outlook.com".into(), "*.office365.com".into()],
        not_before: now() - 100 * DAY,
        not_after: now() + days * DAY,
        fingerprint: "ab".repeat(32),
        verified: true,
    }
}

fn endpoint(port: u16, address: &str, days: u32) -> EndpointFacts {
    EndpointFacts {
        host: "outlook.office365.com".into(),
        port,
        address: address.parse().ok(),
        connect: Some(Duration::from_millis(12)),
        handshake: Some(Duration::from_millis(30)),
        tls_version: Some("TLSv1.3".into()),
        certificate: Some(certificate("DigiCert Cloud Services CA-1", days).into()),
        failed: None,
        server_clock: None,
    }
}

fn token_facts() -> TokenFacts {
    TokenFacts {
        expires: Some(now() + Duration::from_secs(3899)),
        expires_in: Some(Duration::from_secs(3899)),
        audience: Some("https://outlook.office.com".into()),
        issuer: Some("https://sts.windows.net/11111111-2222-3333-4444-555555555555/".into()),
        tenant_id: Some("11111111-2222-3333-4444-555555555555".into()),
        app_id: Some("aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee".into()),
        object_id: Some("99999999-8888-7777-6666-555555555555".into()),
        roles: Some(vec!["POP.AccessAsApp".into(), "IMAP.AccessAsApp".into()]),
        cached: false,
        clock_skew: Some(-1.25),
        request_id: Some("0f0f0f0f-1111-2222-3333-444444444444".into()),
        ests_server: Some("2.1.19000.5 - WEULR1".into()),
    }
}

/// `token`, all well.
pub fn token() -> Outcome {
    let spans = [(Phase::Dns, 4_200), (Phase::Connect, 11_000), (Phase::Tls, 32_500), (Phase::Token, 165_300)];
    let facts = Facts { token: Some(token_facts().into()), credential_expires: Some(now() + 98 * DAY), ..Facts::default() };
    outcome("", Check::Token, &spans, facts, Verdict::Ok)
}

/// `pop3`, all well.
pub fn pop3() -> Outcome {
    let spans = [
        (Phase::Token, 0),
        (Phase::Dns, 4_000),
        (Phase::Connect, 12_000),
        (Phase::Tls, 30_000),
        (Phase::Greeting, 41_000),
        (Phase::Auth, 290_000),
        (Phase::Mailbox, 35_000),
    ];
    let facts = Facts {
        token: Some(TokenFacts { cached: true, ..token_facts() }.into()),
        endpoints: vec![endpoint(995, "52.98.1.2", 120), endpoint(995, "2603:1026::2", 90)],
        mailbox: MailboxFacts {
            messages: Some(12),
            bytes: Some(345_678),
            quota: Some(1_073_741_824),
            quota_used: Some(345_678),
            ..MailboxFacts::default()
        },
        backlog: vec![
            BacklogFacts::new("INBOX", Some(12), Some(3), Some(now() - Duration::from_secs(5400)), now()),
            BacklogFacts::new("INBOX/Überfällig", Some(0), Some(0), None, now()),
        ],
        server: ServerFacts {
            name: Some("FR0P281CA0101.outlook.office365.com".into()),
            public_address: None,
            ids: SupportIds::from([(SupportId::Session, "08DE2A".into())]),
        },
        ..Facts::default()
    };
    outcome("praxis", Check::Pop3, &spans, facts, Verdict::Ok)
}

pub fn dns() -> Outcome {
    let answer = |resolver: &str, family, addresses: &[&str], failed: Option<Reason>| DnsFacts {
        took: failed.is_none().then(|| Duration::from_micros(4_125)),
        rcode: Some("NOERROR".into()),
        addresses: addresses.iter().filter_map(|address| address.parse().ok()).collect(),
        chain: vec!["ooc-g2.tm-4.office.com".into()],
        ttl: Some(Duration::from_secs(10)),
        failed,
        ..DnsFacts::new("outlook.office365.com", resolver, family)
    };
    let facts = Facts {
        dns: vec![
            answer("system", Family::V4, &["52.98.1.2", "52.98.1.3"], None),
            answer("system", Family::V6, &["2603:1026::2"], None),
            answer("9.9.9.9", Family::V4, &[], Some(Reason::DnsNoAnswer)),
            answer("system", Family::V6, &["2603:1026::2"], None),
        ],
        ..Facts::default()
    };
    outcome("", Check::Dns, &[(Phase::Dns, 8_250)], facts, Verdict::Ok)
}

/// `imap`, all well but for a device that reads along.
fn intercepted() -> Outcome {
    let spans =
        [(Phase::Token, 0), (Phase::Connect, 9_000), (Phase::Tls, 31_000), (Phase::Auth, 180_000), (Phase::Mailbox, 30_000)];
    let mut facts = Facts { endpoints: vec![endpoint(993, "52.98.1.2", 120)], ..Facts::default() };
    let heard = Fault::heard(Reason::TlsIntercepted, "issuer: CN=Contoso Web Gateway");
    facts.warn(heard.clone());
    facts.warn(heard);
    outcome("labor", Check::Imap, &spans, facts, Verdict::Ok)
}

/// `ews`, all well.
pub fn ews() -> Outcome {
    let spans =
        [(Phase::Token, 250_000), (Phase::Dns, 4_000), (Phase::Connect, 12_000), (Phase::Tls, 30_000), (Phase::Mailbox, 900_000)];
    let mailbox = MailboxFacts { folders: Some(1), ..MailboxFacts::default() };
    outcome("praxis", Check::Ews, &spans, Facts { mailbox, ..Facts::default() }, Verdict::Ok)
}

/// `token`, refused by Entra.
pub fn secret_expired() -> Outcome {
    let evidence = Evidence {
        peer: "login.microsoftonline.com:443".parse().ok(),
        said: Some("POST /contoso/oauth2/v2.0/token".into()),
        heard: Some("AADSTS7000222: The provided client secret keys for app are expired.".into()),
        code: Some("7000222".into()),
        unrecognized: false,
        ids: SupportIds::from([
            (SupportId::CorrelationId, "c0c0c0c0-0000-1111-2222-333333333333".into()),
            (SupportId::RequestId, "0f0f".into()),
        ]),
    };
    let spans = [(Phase::Dns, 4_000), (Phase::Connect, 12_000), (Phase::Tls, 30_000), (Phase::Token, 167_000)];
    outcome("", Check::Token, &spans, Facts::default(), failed(Phase::Token, Reason::ClientSecretExpired, evidence))
}

/// `pop3`, refused by somebody who wants to break the outputs.
pub fn attacked() -> Outcome {
    let evidence = Evidence {
        peer: "outlook.office365.com:995 [52.98.1.2]".parse().ok(),
        said: Some("AUTH XOAUTH2 <secret>".into()),
        heard: Some(hostile()),
        code: Some(hostile()),
        unrecognized: false,
        ids: SupportIds::from([(SupportId::Session, hostile())]),
    };
    let mut facts = Facts { endpoints: vec![endpoint(995, "52.98.1.2", 90)], ..Facts::default() };
    for shown in facts.endpoints.iter_mut().filter_map(|endpoint| endpoint.certificate.as_mut()) {
        Arc::make_mut(shown).issuer = hostile();
    }
    facts.server.name = Some(hostile());
    facts.token = Some(TokenFacts { roles: Some(vec![hostile()]), audience: Some(hostile()), ..TokenFacts::default() }.into());
    let spans =
        [(Phase::Token, 100), (Phase::Dns, 4_000), (Phase::Connect, 12_000), (Phase::Tls, 30_000), (Phase::Auth, 20_000_000)];
    outcome("attacked", Check::Pop3, &spans, facts, failed(Phase::Auth, Reason::AuthRefused, evidence))
}

fn skipped(mailbox: &str, skip: SkipReason) -> Outcome {
    outcome(mailbox, Check::Imap, &[], Facts::default(), Verdict::Skipped(skip))
}

/// A run that failed in each phase, by the reasons of that phase's most common trouble.
pub fn failed_in_each_phase() -> Vec<Outcome> {
    let reasons = [
        (Phase::Token, Reason::ClientSecretWrong),
        (Phase::Dns, Reason::DnsNoAnswer),
        (Phase::Connect, Reason::ConnectTimedOut),
        (Phase::Proxy, Reason::ProxyAuthRequired),
        (Phase::Tls, Reason::TlsCertificateUntrusted),
        (Phase::Greeting, Reason::NoGreeting),
        (Phase::Starttls, Reason::StarttlsNotOffered),
        (Phase::Auth, Reason::AuthRefused),
        (Phase::Mailbox, Reason::MailboxNotConnected),
    ];
    let run = |(phase, reason): (Phase, Reason)| {
        let heard = Evidence { heard: Some(format!("no {phase} today")), ..Evidence::default() };
        outcome(phase.code(), Check::Smtp, &[(phase, 1_500)], Facts::default(), failed(phase, reason, heard))
    };
    reasons.into_iter().map(run).collect()
}

/// All of them.
pub fn all() -> Vec<Outcome> {
    let back_off = SkipReason::BackOff { until: now() + Duration::from_secs(300), because: Reason::Throttled };
    let mut all = vec![token(), dns(), pop3(), ews(), intercepted(), attacked()];
    all.extend([skipped("throttled", back_off), skipped("busy", SkipReason::Busy), skipped("missed", SkipReason::Missed)]);
    all.push(skipped("hanging", SkipReason::Hanging));
    all.extend(failed_in_each_phase());
    let unreadable = failed(Phase::Token, Reason::SecretUnreadable, Evidence::default());
    all.push(outcome("unread", Check::Imap, &[(Phase::Token, 0)], Facts::default(), unreadable));
    all
}

/// Limits with a form of range each.
pub fn limits() -> Limits {
    let texts = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
    Limits::parse(&texts(&["0.4", "tls=@0.5:2", "certificate_days=100:"]), &texts(&["10", "secret_days=7:"])).expect("limits")
}

/// The probe of an outcome, as it would be configured.
pub fn settings(id: &ProbeId) -> ProbeSettings {
    let tenant = Tenant {
        credential_expires: Some(now() + 98 * DAY),
        ..Tenant::new(
            &id.tenant,
            Cloud::built_in("global").expect("built in"),
            "11111111-2222-3333-4444-555555555555",
            "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
            SecretSource::Variable("M365_PROBE_CLIENT_SECRET".into()),
        )
    };
    let address = id.mailbox.as_ref().map(|mailbox| format!("{mailbox}@contoso.example"));
    ProbeSettings { limits: limits(), ..ProbeSettings::new(id.clone(), Arc::new(tenant), address) }
}
