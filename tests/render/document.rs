//! Documents written by a service and read by `check --from`: nothing that a monitoring system sees is lost on the way.

use std::time::{Duration, SystemTime};

use m365_probe::diagnosis::RootCause;
use m365_probe::document::Document;
use m365_probe::lang::Lang;
use m365_probe::outcome::{CredentialFacts, CredentialKind, Outcome, Peer, Registration, SkipReason, Verdict};
use m365_probe::reason::Reason;
use m365_probe::remote::{self, Selection};
use m365_probe::render::{checkmk, nagios};
use m365_probe::report::{JudgedOutcome, root_cause};
use m365_probe::store::Store;
use proptest::prelude::*;

use crate::sample;

/// A store of every sample, each a probe of its own, judged by limits; and one that has not run yet.
fn store() -> Store {
    let outcomes: Vec<Outcome> = (0..).zip(sample::all()).map(|(number, outcome)| numbered(outcome, number)).collect();
    let mut waiting = sample::pop3().probe;
    waiting.mailbox = Some("waiting".into());
    let ids = outcomes.iter().map(|outcome| &outcome.probe).chain([&waiting]);
    let settings = ids.map(|id| {
        let mut settings = sample::settings(id);
        settings.limits = sample::limits();
        settings
    });
    let mut store = Store::new(&settings.collect::<Vec<_>>());
    for outcome in outcomes {
        store.record(outcome);
    }
    store
}

fn numbered(mut outcome: Outcome, number: usize) -> Outcome {
    if let Some(mailbox) = &mut outcome.probe.mailbox {
        *mailbox = format!("{mailbox}-{number}");
    }
    outcome
}

fn document(store: &Store, now: SystemTime) -> String {
    let judged = m365_probe::report::latest(store, now);
    Document::of_service(&store.probes().iter().collect::<Vec<_>>(), &root_cause::diagnose(&judged), &judged, now).to_json()
}

fn all(mailbox: Option<&str>) -> Selection {
    let mailboxes = mailbox.iter().map(ToString::to_string).collect();
    Selection { tenant: None, mailboxes, checks: vec!["all".into()] }
}

fn judged(known: &remote::ServiceReport) -> Vec<JudgedOutcome<'_>> {
    let judged = known.outcomes.iter().zip(&known.limits).map(|(outcome, limits)| {
        let application = known.applications.get(&outcome.probe.tenant);
        JudgedOutcome { application: application.map(Into::into), ..JudgedOutcome::new(outcome, limits, known.at) }
    });
    judged.collect()
}

#[test]
fn outcomes_read_from_a_document_are_rendered_as_where_they_were_written() {
    let store = store();
    let known = remote::read(document(&store, sample::now()).as_bytes(), &all(None)).expect("readable");
    let (there, mut here) = (m365_probe::report::latest(&store, sample::now()), judged(&known));
    assert_eq!(known.at, sample::now());
    assert!(matches!(here.pop().expect("the last").outcome.verdict, Verdict::Skipped(SkipReason::NotYet)));
    assert_eq!(checkmk::report(&here), checkmk::report(&there));
    for verbosity in 0..=3 {
        assert_eq!(nagios::report_with_causes(&here, &known.causes, verbosity), nagios::report(&there, verbosity));
        for (one, other) in here.iter().zip(&there) {
            let (one, other) = (std::slice::from_ref(one), std::slice::from_ref(other));
            assert_eq!(nagios::report(one, verbosity), nagios::report(other, verbosity));
        }
    }
    assert_eq!(Document::of_runs(&here, &known.causes, known.at, Lang::En).to_json(), sample::json(&there, Lang::En));
}

/// Of a check that reads the registration, the service's answer has all that it was told.
#[test]
fn document_of_a_token_check_with_a_registration_is_read_back_whole() {
    let credential = CredentialFacts { kind: CredentialKind::Certificate, expires: Some(sample::now()), in_use: true };
    for registration in [
        Registration::Read { created: Some(sample::now()), credentials: vec![credential] },
        Registration::NotPermitted,
        Registration::Elsewhere,
        Registration::Unread("no answer".into()),
    ] {
        let mut outcome = sample::token();
        outcome.facts.registration = Some(registration.clone());
        let mut store = Store::new(&[sample::settings(&outcome.probe)]);
        store.record(outcome);
        let known = remote::read(document(&store, sample::now()).as_bytes(), &all(None)).expect("readable");
        assert_eq!(known.outcomes[0].facts.registration, Some(registration));
    }
}

#[test]
fn read_of_a_stale_outcome_is_unknown_without_numbers() {
    let (store, later) = (store(), sample::now() + Duration::from_secs(3600));
    let known = remote::read(document(&store, later).as_bytes(), &all(None)).expect("readable");
    let is_old = |outcome: &Outcome| matches!(outcome.verdict, Verdict::Skipped(SkipReason::Stale { .. } | SkipReason::NotYet));
    assert!(known.outcomes.iter().all(is_old), "{:#?}", known.outcomes);
    let (text, state) = nagios::report_with_causes(&judged(&known), &known.causes, 0);
    assert_eq!(state.exit_code(), 3);
    assert!(text.contains("no current result: the last run was at 2026-11-23T17:5") && !text.contains('='), "{text}");
}

/// The root causes that only the service could find take the place of what the one outcome says of itself.
#[test]
fn nagios_of_one_outcome_names_the_root_cause_that_the_service_found() {
    let store = store();
    let mut known = remote::read(document(&store, sample::now()).as_bytes(), &all(None)).expect("readable");
    let refused = known.outcomes.iter().position(|outcome| outcome.failure().is_some()).expect("a failure");
    let cause = RootCause {
        unlisted: 0,
        reason: Reason::ExchangeServicePrincipalMissing,
        mailbox: None,
        explains: vec![known.outcomes[refused].probe.clone(), sample::pop3().probe],
        ..known.causes.swap_remove(0)
    };
    let one = &judged(&known)[refused..=refused];
    let text = nagios::report_with_causes(one, &[cause], 0).0;
    let first = text.lines().next().unwrap_or_default();
    assert!(first.contains("; follows from contoso: exchange_service_principal_missing ("), "{text}");
    assert!(first.contains("New-ServicePrincipal"), "{text}");
    assert!(text.contains("\nroot cause 1: "), "{text}");
}

#[test]
fn read_of_a_selection_has_only_the_selected_probes() {
    let store = store();
    let text = document(&store, sample::now());
    let select = |tenant: Option<&str>, mailboxes: &[&str], checks: &[&str]| {
        let owned = |texts: &[&str]| texts.iter().map(ToString::to_string).collect();
        let selection = Selection { tenant: tenant.map(Into::into), mailboxes: owned(mailboxes), checks: owned(checks) };
        let known = remote::read(text.as_bytes(), &selection)?;
        Ok::<_, String>(known.outcomes.iter().map(|outcome| outcome.probe.to_string()).collect::<Vec<_>>())
    };
    assert_eq!(select(None, &[], &["all"]).expect("all").len(), store.probes().len());
    assert_eq!(select(Some("contoso"), &[], &["token"]).expect("one"), ["contoso/token"]);
    assert_eq!(select(None, &["WAITING"], &["all"]).expect("one"), ["contoso/waiting/pop3"]);
    let both = select(None, &["waiting"], &["pop3", "token"]).expect("two");
    assert_eq!(both, ["contoso/token", "contoso/waiting/pop3"], "a check of the tenant is that of the mailbox's tenant");
    for (tenant, mailboxes, checks, says) in [
        (Some("nobody"), &[][..], &["all"][..], "--tenant: it watches no tenant `nobody`"),
        (None, &["nobody"], &["all"], "--mailbox: it watches no mailbox `nobody`"),
        (None, &["waiting", "nobody"], &["pop3"], "--mailbox: it watches no mailbox `nobody`"),
        (None, &["waiting"], &["pop3", "graph"], "it makes no check `graph` of what is selected"),
    ] {
        let problem = select(tenant, mailboxes, checks).expect_err(says);
        assert!(problem.contains(says), "{problem}");
    }
}

#[test]
fn read_of_a_malformed_document_is_an_error_with_its_cause() {
    let well = document(&store(), sample::now());
    for (body, says) in [
        (String::new(), "is not that of m365-probe"),
        ("<html>".into(), "is not that of m365-probe"),
        ("{}".into(), "missing field `schema`"),
        ("[1]".into(), "is not that of m365-probe"),
        (r#"{"schema":2}"#.into(), "it speaks version 2 of the format, and this program 1"),
        (r#"{"schema":1,"at":"x"}"#.into(), "missing field `root_causes`"),
        (r#"{"schema":1,"at":"x","ok":true,"root_causes":[],"outcomes":[],"pending":[]}"#.into(), "lacks a readable `at`"),
        (r#"{"schema":1,"at":"2026-11-23T17:59:49Z","root_causes":[],"outcomes":[],"pending":[]}"#.into(), "watches nothing yet"),
        (well.replace("\"current\": true,", ""), "lacks a readable `current`"),
        (well.replace("\"check\": \"pop3\"", "\"check\": \"xmpp\""), "the check `xmpp` is not known here"),
        (
            well.replace("\"reason\": \"client_secret_wrong\"", "\"reason\": \"moon_phase\""),
            "the reason `moon_phase` is not known here",
        ),
        (well.replace("\"phase\": \"greeting\"", "\"phase\": \"handshake\""), "the phase `handshake` is not known here"),
        (well.replace("\"seconds\": 0.", "\"seconds\": -0."), "lacks a readable `seconds`"),
        (well.replace("\"total=0.4\"", "\"size=1\""), "limits cannot be read: unknown metric `size`"),
    ] {
        assert_ne!(body, well, "the sample has nothing to spoil for {says}");
        let problem = remote::read(body.as_bytes(), &all(None)).expect_err(says);
        assert!(problem.contains(says), "{problem}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn read_of_a_damaged_document_never_panics(cut in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let whole = document(&store(), sample::now()).into_bytes();
        let _ = remote::read(&whole[..cut.index(whole.len())], &all(None));
        let mut damaged = whole;
        let at = at.index(damaged.len());
        damaged[at] = byte;
        if let Ok(known) = remote::read(&damaged, &all(None)) {
            let (text, state) = nagios::report_with_causes(&judged(&known), &known.causes, 3);
            crate::nagios::well_formed(&text, state, true);
        }
    }
}

/// Any outcome of a service, at the resolution that JSON keeps: times to the second, durations to the microsecond.
pub mod generated {
    use std::net::IpAddr;
    use std::sync::Arc;

    use m365_probe::kind::Check;
    use m365_probe::outcome::{
        BacklogFacts, CertificateFacts, ClientCertificateFacts, DnsFacts, EndpointFacts, Evidence, Facts, Failure, Family, Fault,
        HopFacts, MailboxFacts, NameSource, ProbeId, RoundTripFacts, ServerClock, ServerFacts, Span, SupportId, SupportIds,
        TokenFacts, Transcript,
    };
    use m365_probe::phase::Phase;
    use proptest::collection::vec;
    use proptest::option::of;
    use proptest::sample::select;

    use super::*;

    fn text() -> impl Strategy<Value = String> + Clone {
        "\\PC{0,12}"
    }

    fn known_text() -> impl Strategy<Value = Option<String>> {
        of(text())
    }

    fn time() -> impl Strategy<Value = SystemTime> {
        (0..253_402_300_800_u64).prop_map(|seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
    }

    fn duration() -> impl Strategy<Value = Duration> {
        (0..1_000_000_000_000_u64).prop_map(Duration::from_micros)
    }

    fn phase() -> impl Strategy<Value = Phase> {
        select(Phase::ALL)
    }

    /// Any reason but those that a level makes of a number, which are judged anew.
    fn reason() -> impl Strategy<Value = Reason> {
        let is_derived_from_limit = m365_probe::levels::is_derived_from_limit;
        select(Reason::ALL.iter().copied().filter(|reason| !is_derived_from_limit(*reason)).collect::<Vec<_>>())
    }

    fn ids() -> impl Strategy<Value = SupportIds> {
        proptest::collection::btree_map(select(SupportId::ALL), text(), 0..4).prop_map(SupportIds::from_iter)
    }

    fn evidence() -> impl Strategy<Value = Evidence> {
        let parts = (known_text(), known_text(), known_text(), known_text(), any::<bool>(), ids());
        parts.prop_map(|(peer, said, heard, code, unrecognized, ids)| {
            let peer = peer.map(Peer::from);
            Evidence { peer, said, heard, code, unrecognized, ids }
        })
    }

    fn token() -> impl Strategy<Value = Arc<TokenFacts>> {
        let times = (of(time()), of(duration()), of((-1e6..1e6_f64).prop_map(|skew| (skew * 8.0).round() / 8.0)));
        let ids = (known_text(), known_text(), known_text(), known_text(), known_text());
        let more = (of(vec(text(), 0..3)), any::<bool>(), known_text(), known_text());
        (times, ids, more).prop_map(|(times, ids, more)| {
            let (expires, expires_in, clock_skew) = times;
            let (audience, issuer, tenant_id, app_id, object_id) = ids;
            let (roles, cached, request_id, ests_server) = more;
            TokenFacts {
                expires,
                expires_in,
                audience,
                issuer,
                tenant_id,
                app_id,
                object_id,
                roles,
                cached,
                clock_skew,
                request_id,
                ests_server,
            }
            .into()
        })
    }

    fn certificate() -> impl Strategy<Value = Arc<CertificateFacts>> {
        let texts = (text(), text(), text(), known_text(), vec(text(), 0..3), text());
        (texts, time(), time(), any::<bool>()).prop_map(|(texts, not_before, not_after, verified)| {
            let (subject, issuer, issuer_name, product, names, fingerprint) = texts;
            CertificateFacts { subject, issuer, issuer_name, product, names, not_before, not_after, fingerprint, verified }.into()
        })
    }

    fn endpoint() -> impl Strategy<Value = EndpointFacts> {
        let place = (text(), any::<u16>(), of(any::<IpAddr>()));
        let clock = ((-1e9..1e9_f64).prop_map(f64::round), any::<bool>())
            .prop_map(|(skew_seconds, makes_valid)| ServerClock { skew_seconds, makes_valid });
        let learnt = (of(duration()), of(duration()), known_text(), of(certificate()), of((phase(), reason())), of(clock));
        (place, learnt).prop_map(
            |((host, port, address), (connect, handshake, tls_version, certificate, failed, server_clock))| EndpointFacts {
                host,
                port,
                address,
                connect,
                handshake,
                tls_version,
                certificate,
                failed,
                server_clock,
            },
        )
    }

    fn dns() -> impl Strategy<Value = DnsFacts> {
        let question = (text(), text(), select(Family::ALL));
        let answer = (of(duration()), known_text(), vec(any::<IpAddr>(), 0..3), vec(text(), 0..3));
        let more = (of(0..100_000_u64), of(select(NameSource::ALL)), vec(any::<IpAddr>(), 0..2), of(reason()));
        (question, answer, more).prop_map(|(question, (took, rcode, addresses, chain), (ttl, source, outside, failed))| {
            let (host, resolver, family) = question;
            let ttl = ttl.map(Duration::from_secs);
            DnsFacts { host, resolver, family, took, rcode, addresses, chain, ttl, source, outside, failed }
        })
    }

    fn registration() -> impl Strategy<Value = Registration> {
        let credential = (select(CredentialKind::ALL), of(time()), any::<bool>())
            .prop_map(|(kind, expires, in_use)| CredentialFacts { kind, expires, in_use });
        let read =
            (of(time()), vec(credential, 0..3)).prop_map(|(created, credentials)| Registration::Read { created, credentials });
        let unread = text().prop_map(Registration::Unread);
        prop_oneof![read, Just(Registration::NotPermitted), Just(Registration::Elsewhere), unread]
    }

    fn facts() -> impl Strategy<Value = Facts> {
        let count = || of(any::<u64>());
        let mailbox = (count(), count(), count(), count(), count(), count()).prop_map(
            |(messages, unseen, bytes, quota, quota_used, folders)| MailboxFacts {
                messages,
                unseen,
                bytes,
                quota,
                quota_used,
                folders,
            },
        );
        let server =
            (known_text(), known_text(), ids()).prop_map(|(name, public_address, ids)| ServerFacts { name, public_address, ids });
        let warnings = vec((reason(), evidence()), 0..3);
        let learnt = (of(token()), vec(endpoint(), 0..3), vec(dns(), 0..3), mailbox, server, of(registration()), warnings);
        let times = (of(time()), of(time()), of(time()), of(time()), of(duration()), of(duration()));
        let certificate =
            of((text(), text(), text(), time(), time()).prop_map(|(subject, thumbprint, fingerprint, not_before, not_after)| {
                ClientCertificateFacts { subject, thumbprint, fingerprint, not_before, not_after }
            }));
        let answers = (of(select(vec![Reason::AuthRefused, Reason::AccessDenied])), of(any::<bool>()));
        (learnt, times, (certificate, round_trip(), vec(backlog(), 0..3), answers)).prop_map(
            |(
                (token, endpoints, dns, mailbox, server, registration, warnings),
                times,
                (certificate, round_trip, backlog, (stays_closed, ews_admits)),
            )| {
                let (credential_expires, ews_ends, last_worked, failing_since, back_off, stalled) = times;
                let transcript = Transcript::default(); // stays with the process that ran
                let mut facts = Facts {
                    token,
                    endpoints,
                    dns,
                    stays_closed,
                    mailbox,
                    backlog,
                    round_trip,
                    server,
                    registration,
                    certificate,
                    credential_expires,
                    ews_ends,
                    ews_admits,
                    last_worked,
                    failing_since,
                    back_off,
                    stalled,
                    transcript,
                    warnings: Vec::new(),
                };
                for (reason, evidence) in warnings {
                    facts.warn(Fault { reason, evidence });
                }
                facts
            },
        )
    }

    fn backlog() -> impl Strategy<Value = BacklogFacts> {
        (text(), of(any::<u64>()), of(any::<u64>()), of(time()), of(duration()))
            .prop_map(|(folder, messages, unread, oldest, age)| BacklogFacts { folder, messages, unread, oldest, age })
    }

    fn round_trip() -> impl Strategy<Value = RoundTripFacts> {
        let hops = vec((text(), of(duration())).prop_map(|(server, after)| HopFacts { server, after }), 0..3);
        let times = (of(time()), of(time()), of(time()), of(duration()));
        (of(text()), of(text()), of(0..2_u64), of(0..9_u64), times, hops).prop_map(
            |(message_id, folder, pending, deleted, (sent, arrived, suspended_until, arrival), hops)| RoundTripFacts {
                message_id,
                sent,
                pending,
                arrived,
                arrival,
                folder,
                hops,
                deleted,
                listed: Vec::new(),
                suspended_until,
            },
        )
    }

    fn verdict() -> impl Strategy<Value = Verdict> {
        let failed = (phase(), reason(), evidence())
            .prop_map(|(phase, reason, evidence)| Verdict::Failed(Failure { phase, reason, evidence }));
        prop_oneof![Just(Verdict::Ok), failed]
    }

    /// A run that took place: of one that did not, nothing but that is told.
    pub fn outcome() -> impl Strategy<Value = Outcome> {
        let who = (text(), of(text()), select(Check::ALL), of(text()));
        let when = (time(), duration(), vec((phase(), duration()), 0..4));
        (who, when, facts(), verdict()).prop_map(|((tenant, mailbox, check, address), (at, took, spans), facts, verdict)| {
            let phases = spans.into_iter().map(|(phase, took)| Span { phase, took }).collect();
            Outcome { probe: ProbeId { tenant, mailbox, check }, address, at, took, phases, facts, verdict, interval: None }
        })
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_outcome_written_to_a_document_is_read_back_as_it_was(outcome in generated::outcome()) {
        let now = outcome.at;
        let limits = sample::limits();
        let judged = [JudgedOutcome::new(&outcome, &limits, now)];
        let text = Document::of_runs(&judged, &[], now, Lang::En).to_json();
        // A service says besides whether an outcome is current.
        let text = text.replacen("\"state\":", "\"current\": true,\n      \"state\":", 1);
        let document = Document::from_json(text.as_bytes()).expect("readable");
        let entry = document.outcomes.into_iter().next().expect("one");
        prop_assert_eq!(entry.limits().expect("readable"), limits.clone());
        prop_assert_eq!(entry.into_outcome().expect("readable"), outcome);
    }
}
