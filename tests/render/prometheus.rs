//! Prometheus's pages: read by a small strict parser and by promtool.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use m365_probe::ceiling::Usage;
use m365_probe::kind::Check;
use m365_probe::levels::Limits;
use m365_probe::outcome::{Evidence, Facts, Outcome, Peer, Phase, ProbeId};
use m365_probe::reason::Reason;
use m365_probe::render::prometheus::{AccountUsage, Exporter, Format, ShownRun, metrics, probe};
use m365_probe::report::JudgedOutcome;
use m365_probe::store::Store;

use crate::golden::assert_golden;
use crate::sample;

fn store() -> Store {
    let outcomes = sample::all();
    let probes: Vec<_> = outcomes.iter().map(|outcome| sample::settings(&outcome.probe)).collect();
    let mut store = Store::new(&probes);
    for outcome in outcomes {
        store.record(outcome);
    }
    store
}

fn exporter() -> Exporter {
    let exporter = Exporter::new();
    exporter.reloaded(true, sample::now());
    exporter.probes_in_flight.set(2);
    exporter.set_probe_requests([("run", 870), ("shared", 3), ("cached", 9000)]);
    exporter.set_lag([("queue", 0.003, 7), ("endpoint", 0.0, 2), ("machine", 0.001, 0)]);
    exporter
}

/// The usage of a tenant's application and of two of its mailboxes, one of which clients asked for too often.
fn accounts() -> [AccountUsage; 3] {
    let of = |mailbox: Option<&str>, used, most, refused| AccountUsage {
        tenant: "contoso".to_owned(),
        mailbox: mailbox.map(ToOwned::to_owned),
        usage: Usage { used, most, refused },
    };
    [of(None, 17, 300, 0), of(Some("praxis"), 1200, 1200, 38), of(Some("labor"), 264, 1200, 0)]
}

fn page(store: &Store) -> String {
    metrics(store, &accounts(), &exporter(), sample::now(), Format::Text).to_string()
}

/// The page of `/probe`.
fn alone(outcome: &Outcome, format: Format) -> String {
    let limits = sample::limits();
    let judged = JudgedOutcome::new(outcome, &limits, sample::now());
    probe(&judged, &sample::settings(&outcome.probe), ShownRun { timeout: Duration::from_secs(30), age: None }, format)
}

/// Name and labels as written → value. Fails on anything that is not the text format as Prometheus reads it.
pub fn read(page: &str) -> HashMap<&str, f64> {
    let (mut series, mut family, mut seen) = (HashMap::new(), "", HashSet::new());
    let mut lines = page.split_terminator('\n').peekable(); // a carriage return is a character like any other
    while let Some(line) = lines.next() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            family = help.split(' ').next().expect(line);
            assert!(seen.insert(family), "{family} stands apart from itself");
            assert!(lines.peek().is_some_and(|line| line.starts_with(&format!("# TYPE {family} "))), "{family} has no type");
            lines.next();
            continue;
        }
        let (name, value) = line.rsplit_once(' ').expect(line);
        let bare = name.split('{').next().expect(line);
        let of = ["", "_bucket", "_sum", "_count"].iter().any(|suffix| bare.strip_suffix(suffix) == Some(family));
        assert!(of, "{bare} does not belong to {family}");
        assert!(series.insert(name, value.parse().expect(line)).is_none(), "{name} stands twice");
    }
    series
}

fn promtool_accepts(page: &str) {
    let tool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut tool) = tool else {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "promtool is missing: apt install prometheus");
        return;
    };
    tool.stdin.take().expect("piped").write_all(page.as_bytes()).expect("promtool reads");
    let done = tool.wait_with_output().expect("promtool ends");
    let said = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success() && said.trim().is_empty(), "{said}");
}

#[test]
fn metrics_of_a_whole_store_equal_the_golden_file_and_pass_promtool() {
    let page = page(&store());
    read(&page);
    promtool_accepts(&page);
    assert_golden("metrics.prom", &page);
}

/// The lines that hold samples.
fn samples(page: &str) -> Vec<&str> {
    page.lines().filter(|line| !line.starts_with('#')).collect()
}

/// `tests/clients` has it read by a strict parser that nobody here wrote.
#[test]
fn metrics_in_openmetrics_have_the_same_samples_as_in_text() {
    let page = metrics(&store(), &accounts(), &exporter(), sample::now(), Format::OpenMetrics).to_string();
    let headings: String = page.split_inclusive('\n').filter(|line| line.starts_with('#')).collect();
    assert_golden("metrics.openmetrics", &headings);
    let text = self::page(&store());
    let (created, others): (Vec<_>, Vec<_>) = samples(&page).into_iter().partition(|line| line.contains("_created{"));
    assert_eq!(others, samples(&text));
    assert_eq!(created.len(), page.matches("\nm365_probe_failures_total{").count());
    let at = sample::pop3().at.duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs();
    assert!(!created.is_empty() && created.iter().all(|line| line.ends_with(&format!(" {at}"))), "{created:?}");
    assert!(page.ends_with("\n# EOF\n") && page.matches("# EOF").count() == 1);
    for outcome in sample::all() {
        let of_one = |format| alone(&outcome, format);
        let (open_metrics, text) = (of_one(Format::OpenMetrics), of_one(Format::Text));
        assert_eq!(samples(&open_metrics), samples(&text), "{}", outcome.probe);
        assert!(open_metrics.ends_with("\n# EOF\n"));
    }
}

#[test]
fn probe_page_of_each_sample_equals_the_golden_file_and_passes_promtool() {
    let mut pages = String::new();
    for outcome in sample::all() {
        let page = alone(&outcome, Format::Text);
        let series = read(&page);
        promtool_accepts(&page);
        assert_eq!(series.get("probe_success"), Some(&f64::from(u8::from(outcome.is_ok()))), "{page}");
        assert_eq!(series.get("probe_timeout_seconds"), Some(&30.0));
        assert!(!page.contains("m365_exporter_"), "{page}");
        pages.extend(["=== ", &outcome.probe.to_string(), "\n", &page]);
    }
    assert_golden("probe.prom", &pages);
}

#[test]
fn metrics_before_the_first_run_have_counts_and_no_result() {
    let id = ProbeId { tenant: "contoso".into(), mailbox: Some("praxis".into()), check: Check::Pop3 };
    let page = page(&Store::new(&[sample::settings(&id)]));
    let series = read(&page);
    promtool_accepts(&page);
    let of = r#"{tenant="contoso",mailbox="praxis",check="pop3""#;
    for name in ["m365_probe_runs_total", "m365_probe_failed_runs_total"] {
        assert_eq!(series.get(&*format!("{name}{of}}}")), Some(&0.0), "{name}");
    }
    assert_eq!(series.get(&*format!("m365_probe_interval_seconds{of}}}")), Some(&60.0));
    for name in [
        "success",
        "duration_seconds",
        "phase_duration",
        "last_run",
        "last_success",
        "failures_total",
        "endpoint_info",
        "failing",
        "back_off",
    ] {
        assert!(!page.contains(&format!("m365_probe_{name}")), "{name}");
    }
    assert!(!page.contains("m365_reason_info"), "{page}");
    assert_eq!(series.get(r#"m365_probe_latency_seconds_count{tenant="contoso",check="pop3"}"#), Some(&0.0));
    assert_eq!(series.get(r#"m365_exporter_skipped_runs_total{reason="busy"}"#), Some(&0.0));
}

#[test]
fn metrics_of_a_failure_count_it_and_name_its_endpoint_until_a_success() {
    let refused = Outcome {
        verdict: sample::failed(
            Phase::Connect,
            Reason::ConnectRefused,
            Evidence { peer: Some(Peer::new("outlook.office365.com", 995)), ..Evidence::default() },
        ),
        ..sample::pop3()
    };
    let mut store = Store::new(&[sample::settings(&refused.probe)]);
    let of = r#"{tenant="contoso",mailbox="praxis",check="pop3""#;
    let endpoint = format!(r#"m365_probe_endpoint_info{of},endpoint="outlook.office365.com:995"}}"#);
    let failures = format!(r#"m365_probe_failures_total{of},phase="connect",reason="connect_refused"}}"#);
    for outcome in [sample::pop3(), refused.clone(), refused.clone()] {
        store.record(outcome);
    }
    let page = page(&store);
    let series = read(&page);
    assert_eq!(series.get(&*endpoint), Some(&1.0));
    assert_eq!(read(&alone(&refused, Format::Text)).get(&*endpoint), Some(&1.0));
    assert_eq!(series.get(&*failures), Some(&2.0));
    assert_eq!(series.get(&*format!("m365_probe_failed_runs_total{of}}}")), Some(&2.0));
    assert_eq!(series.get(&*format!("m365_probe_runs_total{of}}}")), Some(&3.0));
    store.record(sample::pop3());
    let page = self::page(&store);
    let series = read(&page);
    assert!(!page.contains("m365_probe_endpoint_info"), "{page}");
    assert_eq!(series.get(&*failures), Some(&2.0));
}

#[test]
fn metrics_of_a_run_that_this_machine_was_too_slow_for_say_so_and_keep_the_result_before() {
    let verdict = sample::failed(Phase::Auth, Reason::MachineTooSlow, Evidence::default());
    let mut missed = Outcome { verdict, ..sample::pop3() };
    missed.facts.stalled = Some(Duration::from_secs(240));
    let mut store = Store::new(&[sample::settings(&missed.probe)]);
    for outcome in [sample::pop3(), missed.clone()] {
        store.record(outcome);
    }
    let of = r#"{tenant="contoso",mailbox="praxis",check="pop3""#;
    let skipped = format!(r#"m365_probe_skipped_info{of},reason="machine_too_slow"}}"#);
    let page = page(&store);
    let series = read(&page);
    assert_eq!(series.get(&*skipped), Some(&1.0));
    assert_eq!(series.get(&*format!("m365_probe_success{of}}}")), Some(&1.0));
    assert_eq!(series.get(&*format!("m365_probe_failed_runs_total{of}}}")), Some(&0.0));
    assert_eq!(series.get(r#"m365_exporter_skipped_runs_total{reason="missed"}"#), Some(&1.0));
    assert!(!page.contains("m365_root_cause_info"), "{page}");
    let alone = alone(&missed, Format::Text);
    let series = read(&alone);
    assert_eq!((series.get(&*skipped), series.get("probe_success")), (Some(&1.0), Some(&0.0)));
    assert!(!alone.contains("m365_probe_success") && !alone.contains("m365_probe_failure_info"), "{alone}");
    // Where it lasts, it is told as what it is.
    let mut store = Store::new(&[sample::settings(&missed.probe)]);
    store.record(missed);
    let cause = r#"m365_root_cause_info{tenant="contoso",mailbox="",reason="machine_too_slow",owner="here",confidence="likely"}"#;
    let mailbox = cause.replace(r#"mailbox="""#, r#"mailbox="praxis""#);
    let page = self::page(&store);
    assert!(page.contains(cause) || page.contains(&mailbox), "{page}");
}

#[test]
fn certificate_of_the_token_endpoint_is_the_tenants_whichever_probe_fetched_the_token() {
    let cloud = &sample::settings(&sample::pop3().probe).tenant.cloud;
    let login = |mut outcome: Outcome, ago: u64, issuer: &str| {
        let mut endpoint = sample::pop3().facts.endpoints[0].clone();
        (endpoint.host, endpoint.port) = (cloud.login.host.clone(), cloud.login.port);
        Arc::make_mut(endpoint.certificate.as_mut().expect("presented")).issuer = issuer.to_owned();
        outcome.facts.endpoints.push(endpoint);
        outcome.at -= Duration::from_secs(ago);
        outcome
    };
    let mut imap = sample::pop3();
    (imap.probe.check, imap.probe.mailbox) = (Check::Imap, Some("labor".to_owned()));
    let outcomes = [login(sample::pop3(), 0, "now"), login(imap, 60, "before")];
    let mut store = Store::new(&outcomes.each_ref().map(|outcome| sample::settings(&outcome.probe)));
    for outcome in &outcomes {
        store.record(outcome.clone());
    }
    let of = r#"{tenant="contoso",mailbox="",check="token",endpoint="login.microsoftonline.com:443""#;
    let info = format!(r#"m365_tls_info{of},version="TLSv1.3",issuer="now"}}"#);
    for page in [page(&store), alone(&outcomes[0], Format::Text)] {
        let at_login: Vec<_> = samples(&page).into_iter().filter(|line| line.contains("login.microsoftonline.com")).collect();
        assert_eq!(at_login.len(), 3, "{at_login:?}");
        assert!(at_login.iter().all(|line| line.contains(of)), "{at_login:?}");
        assert_eq!(read(&page).get(&*info), Some(&1.0), "{at_login:?}");
    }
    // It stays for as long as nobody asks the endpoint again.
    let later = sample::now() + Duration::from_secs(1800);
    let later = metrics(&store, &accounts(), &exporter(), later, Format::Text).to_string();
    assert!(later.contains(&*info) && later.matches("m365_tls_info{").count() == 1, "{later}");
}

#[test]
fn metrics_after_a_failed_run_keep_facts_and_lose_results_that_are_too_old() {
    let mut store = Store::new(&[sample::settings(&sample::pop3().probe)]);
    store.record(sample::pop3());
    store.record(Outcome {
        facts: Facts::default(),
        verdict: sample::failed(Phase::Dns, Reason::DnsNoAnswer, Evidence::default()),
        ..sample::pop3()
    });
    let shown = |after: u64| {
        metrics(&store, &accounts(), &exporter(), sample::now() + Duration::from_secs(after), Format::Text).to_string()
    };
    let fresh = shown(0);
    for name in [
        "m365_probe_success{",
        "m365_probe_failure_info{",
        "m365_tls_info{",
        "m365_mailbox_messages{",
        "m365_token_role_granted{",
    ] {
        assert!(fresh.contains(name), "{name}");
        assert!(!shown(171).contains(name), "{name}");
    }
    for name in [
        "m365_tls_certificate_not_after_timestamp_seconds{",
        "m365_token_expiry_timestamp_seconds{",
        "m365_probe_last_run_timestamp_seconds{",
    ] {
        assert!(shown(100_000).contains(name), "{name}");
    }
}

#[test]
fn probe_page_of_a_hostile_peer_has_its_text_only_in_a_bounded_issuer() {
    let page = alone(&sample::attacked(), Format::Text);
    let told: Vec<&str> = page.lines().filter(|line| line.contains("ERR")).collect();
    assert!(told.len() == 1 && told.iter().all(|line| line.starts_with("m365_tls_info") && line.len() < 300), "{told:?}");
}

/// The `reason` of every line that begins with `name`.
fn reasons<'a>(page: &'a str, named: impl Fn(&str) -> bool) -> BTreeSet<&'a str> {
    let reason = |line: &'a str| Some(line.split_once("reason=\"")?.1.split_once('"')?.0);
    page.lines().filter(|line| named(line)).filter_map(reason).collect()
}

#[test]
fn expiry_of_a_secret_that_entra_calls_expired_is_the_time_of_the_run_at_the_latest() {
    let mut token = sample::secret_expired();
    let settings = sample::settings(&token.probe); // declares a date 98 days ahead
    token.facts.credential_expires = settings.tenant.credential_expires;
    let mut store = Store::new(&[settings]);
    store.record(token.clone());
    let at = token.at.duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs();
    for page in [page(&store), alone(&token, Format::Text)] {
        let is_expiry = |line: &&str| line.starts_with("m365_credential_expiry_timestamp_seconds{");
        let expiry = page.lines().find(is_expiry).and_then(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
        assert!(expiry.is_some_and(|expiry| expiry < (at + 1) as f64), "{page}");
    }
}

#[test]
fn metrics_of_a_credential_near_its_expiry_have_a_warning_and_its_reason() {
    let mut token = sample::token();
    token.facts.credential_expires = Some(sample::now() + Duration::from_secs(5 * 86_400));
    let mut settings = sample::settings(&token.probe);
    settings.limits = Limits::default();
    let mut store = Store::new(&[settings]);
    store.record(token.clone());
    for page in [page(&store), alone(&token, Format::Text)] {
        let warned = reasons(&page, |line| line.starts_with("m365_probe_warning_info{"));
        let explained = reasons(&page, |line| line.starts_with("m365_reason_info{"));
        assert!(warned.contains("credential_expiring") && explained.contains("credential_expiring"), "{page}");
    }
}

#[test]
fn metrics_that_name_a_reason_have_its_reason_info() {
    let of_one = sample::all().into_iter().map(|outcome| alone(&outcome, Format::Text));
    for page in of_one.chain([page(&store()), page(&Store::new(&[sample::settings(&sample::pop3().probe)]))]) {
        let explained = reasons(&page, |line| line.starts_with("m365_reason_info{"));
        let skips = |line: &str| line.contains("skip"); // those have reasons of their own
        assert_eq!(explained, reasons(&page, |line| !skips(line)), "{page}");
    }
}

#[test]
fn metrics_of_a_root_cause_have_the_time_since_which_its_probes_fail() {
    let failure = sample::secret_expired();
    let mut store = Store::new(&[sample::settings(&failure.probe)]);
    for ago in [120, 60, 0] {
        store.record(Outcome { at: sample::now() - Duration::from_secs(ago), ..failure.clone() });
    }
    let page = page(&store);
    let series = read(&page);
    let of = r#"{tenant="contoso",mailbox="",reason="client_secret_expired",owner="application_owner""#;
    let value = |name: &str| series.get(&*format!("{name}{of}}}")).copied();
    assert_eq!(series.get(&*format!(r#"m365_root_cause_info{of},confidence="certain"}}"#)), Some(&1.0));
    assert_eq!(value("m365_root_cause_failing_probes"), Some(1.0));
    assert_eq!(value("m365_root_cause_since_timestamp_seconds"), Some(1_795_456_669.0));
}

#[test]
fn probe_page_of_reach_has_addresses_and_times_of_each_family() {
    let mut reach = sample::pop3();
    (reach.probe.check, reach.probe.mailbox) = (Check::Reach, None);
    let mut dead = reach.facts.endpoints[0].clone();
    (dead.connect, dead.handshake, dead.failed) = (None, None, Some((Phase::Connect, Reason::ConnectTimedOut)));
    let mut slow = reach.facts.endpoints[0].clone();
    slow.connect = Some(Duration::from_millis(80));
    reach.facts.endpoints.extend([dead, slow]);
    let page = alone(&reach, Format::Text);
    let series = read(&page);
    for (name, family, value) in [
        ("addresses", "ipv4", 3.0),
        ("addresses_working", "ipv4", 2.0),
        ("connect_duration_seconds", "ipv4", 0.08),
        ("handshake_duration_seconds", "ipv4", 0.03),
        ("addresses", "ipv6", 1.0),
        ("addresses_working", "ipv6", 1.0),
        ("connect_duration_seconds", "ipv6", 0.012),
    ] {
        let of = r#"tenant="contoso",mailbox="",check="reach",endpoint="outlook.office365.com:995""#;
        let line = format!(r#"m365_endpoint_{name}{{{of},family="{family}"}}"#);
        assert_eq!(series.get(&*line), Some(&value), "{line}\n{page}");
    }
}

/// A store of mailboxes of one tenant with one check, each of which has run once.
fn mailboxes(count: usize) -> Store {
    let probe = |number: usize| ProbeId { mailbox: Some(format!("m{number}")), ..sample::pop3().probe };
    let outcomes: Vec<_> = (0..count).map(|number| Outcome { probe: probe(number), ..sample::pop3() }).collect();
    let mut store = Store::new(&outcomes.iter().map(|outcome| sample::settings(&outcome.probe)).collect::<Vec<_>>());
    for outcome in outcomes {
        store.record(outcome);
    }
    store
}

#[test]
fn metrics_of_two_mailboxes_have_the_certificate_and_the_token_of_the_tenant_once() {
    let page = page(&mailboxes(2));
    let of = r#"{tenant="contoso",mailbox="",check="pop3",endpoint="outlook.office365.com:995""#;
    for name in ["m365_tls_certificate_not_after_timestamp_seconds", "m365_tls_certificate_verified", "m365_tls_info"] {
        assert_eq!(page.matches(&format!("\n{name}{{")).count(), 1, "{name}");
        assert!(page.contains(&format!("\n{name}{of}")), "{page}");
    }
    let expiry = r#"m365_token_expiry_timestamp_seconds{tenant="contoso",mailbox="",check="token"}"#;
    assert!(page.contains(expiry) && page.matches("m365_token_expiry_timestamp_seconds{").count() == 1, "{page}");
}

#[test]
fn metrics_of_3000_mailboxes_have_the_phases_before_the_login_once_for_the_tenant() {
    for (count, tls, auth) in [(2, 2, 2), (3000, 1, 3000)] {
        let page = page(&mailboxes(count));
        let of = |phase: &str| page.lines().filter(|line| line.contains(&format!("phase=\"{phase}\"}}"))).count();
        assert_eq!((of("tls"), of("auth"), of("starttls")), (tls, auth, tls));
        let shared = r#"m365_probe_phase_duration_seconds{tenant="contoso",mailbox="",check="pop3",phase="tls"}"#;
        let value = read(&page).get(shared).copied();
        let took = sample::pop3().phase(Phase::Tls).expect("entered").as_secs_f64();
        assert_eq!(value, (tls == 1).then_some(took));
    }
}

#[test]
fn metrics_of_a_tenant_have_one_token_expiry() {
    let page = page(&store());
    let expiries = page.lines().filter(|line| line.starts_with("m365_token_expiry_timestamp_seconds{")).count();
    assert_eq!(expiries, 1);
}
