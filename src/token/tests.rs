//! The tokens in hand, against a token endpoint on loopback that counts and answers what the test wants.

use std::sync::atomic::{AtomicUsize, Ordering};

use openssl::asn1::Asn1Time;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::PKey;
use openssl::x509::X509;
use openssl::x509::X509NameBuilder;
use openssl::x509::extension::SubjectAlternativeName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_native_tls::TlsAcceptor;
use tokio_native_tls::native_tls::{self, Identity};

use super::*;
use crate::cloud::{Cloud, HttpsEndpoint};
use crate::credential::SecretSource;
use crate::outcome::Phase;
use crate::settings::Network;

const SECOND: Duration = Duration::from_secs(1);
const OPAQUE: &str = r#"{"token_type":"Bearer","expires_in":3599,"access_token":"EwBAAl3BAAUFFpUAo7J3Ve0bjLBWZWCclRC3EoAA"}"#;
const WRONG: &str =
    r#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided.","error_codes":[7000215]}"#;

/// A token endpoint, and a tenant that asks it.
struct Endpoint {
    asked: Arc<AtomicUsize>,
    answer: Arc<Mutex<(Duration, String)>>,
    tenant: Tenant,
    net: Net,
}

impl Endpoint {
    async fn new(status: u16, headers: &str, body: &str) -> Self {
        let (acceptor, ca_file) = authority();
        let net = Net::new(&Network { ca_file: Some(ca_file.clone()), ..Network::default() }).expect("a network");
        let _ = std::fs::remove_file(ca_file);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let login =
            HttpsEndpoint { host: "localhost".into(), port: listener.local_addr().expect("bound").port(), path: String::new() };
        let (asked, answer) =
            (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new((Duration::ZERO, response(status, headers, body)))));
        let (counted, answering) = (Arc::clone(&asked), Arc::clone(&answer));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, counted, answering) = (acceptor.clone(), Arc::clone(&counted), Arc::clone(&answering));
                tokio::spawn(async move {
                    let mut stream = acceptor.accept(stream).await.ok()?;
                    let mut request = [0; 4096];
                    stream.read(&mut request).await.ok().filter(|count| *count > 0)?;
                    counted.fetch_add(1, Ordering::Relaxed);
                    let (delay, answer) = answering.lock().expect("unpoisoned").clone();
                    sleep(delay).await;
                    stream.write_all(answer.as_bytes()).await.ok()?;
                    stream.shutdown().await.ok()
                });
            }
        });
        let cloud = Cloud { login, ..Cloud::built_in("global").expect("a cloud") };
        let secret = SecretSource::InMemory(Secret::new("marked-client-secret"));
        let tenant = Tenant::new("contoso", cloud, "contoso.example", "client", secret);
        Self { asked, answer, tenant, net }
    }

    fn answers(&self, delay: Duration, status: u16, headers: &str, body: &str) {
        *self.answer.lock().expect("unpoisoned") = (delay, response(status, headers, body));
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    async fn usable(&self, tokens: &Tokens, within: Duration) -> (Result<Token, Fault>, Trace) {
        let mut trace = Trace::begin(Phase::Token, Instant::now() + within);
        let token = tokens.usable(&mut trace, &self.net, &self.tenant, "scope").await;
        (token, trace)
    }

    async fn instead_of(&self, tokens: &Tokens, refused: &Token) -> Option<Result<Token, Fault>> {
        let mut trace = Trace::begin(Phase::Auth, Instant::now() + 10 * SECOND);
        let instead = tokens.instead_of(refused, &mut trace, &self.net, &self.tenant, "scope").await;
        if instead.is_none() {
            assert_eq!(trace.open(), Phase::Auth, "a refusal that stands, stands where it was");
        }
        instead
    }
}

fn response(status: u16, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status} Status\r\ncontent-type: application/json\r\n{headers}content-length: {}\r\n\r\n{body}", body.len())
}

fn authority() -> (TlsAcceptor, std::path::PathBuf) {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let curve = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).expect("a curve");
    let key = PKey::from_ec_key(EcKey::generate(&curve).expect("a key")).expect("a key");
    let mut name = X509NameBuilder::new().expect("a name");
    name.append_entry_by_nid(Nid::COMMONNAME, "localhost").expect("a name");
    let name = name.build();
    let mut builder = X509::builder().expect("a builder");
    builder.set_version(2).expect("version 3");
    builder.set_subject_name(&name).expect("a subject");
    builder.set_issuer_name(&name).expect("an issuer");
    builder.set_pubkey(&key).expect("a key");
    builder.set_not_before(&Asn1Time::days_from_now(0).expect("a time")).expect("set");
    builder.set_not_after(&Asn1Time::days_from_now(1).expect("a time")).expect("set");
    let names = SubjectAlternativeName::new().dns("localhost").build(&builder.x509v3_context(None, None)).expect("built");
    builder.append_extension(names).expect("added");
    builder.sign(&key, MessageDigest::sha256()).expect("signed");
    let pem = builder.build().to_pem().expect("PEM");
    let identity = Identity::from_pkcs8(&pem, &key.private_key_to_pem_pkcs8().expect("PEM")).expect("an identity");
    let file =
        std::env::temp_dir().join(format!("m365-tokens-{}-{}.pem", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed)));
    std::fs::write(&file, pem).expect("written");
    (native_tls::TlsAcceptor::new(identity).expect("an acceptor").into(), file)
}

/// Twenty users at once.
async fn twenty(endpoint: Endpoint, tokens: Tokens) -> (Arc<Endpoint>, Arc<Tokens>, Vec<(Result<Token, Fault>, Trace)>) {
    let (endpoint, tokens) = (Arc::new(endpoint), Arc::new(tokens));
    let mut users = JoinSet::new();
    for _ in 0..20 {
        let (endpoint, tokens) = (Arc::clone(&endpoint), Arc::clone(&tokens));
        users.spawn(async move { endpoint.usable(&tokens, 10 * SECOND).await });
    }
    let got = users.join_all().await;
    (endpoint, tokens, got)
}

#[tokio::test]
async fn usable_by_twenty_runs_makes_one_request_also_when_refused() {
    let (endpoint, tokens, got) = twenty(Endpoint::new(200, "", OPAQUE).await, Tokens::default()).await;
    assert!(got.iter().all(|(token, _)| token.is_ok()));
    assert_eq!(endpoint.asked(), 1);
    let (again, trace) = endpoint.usable(&tokens, SECOND).await;
    assert!(again.expect("in hand").facts.cached && trace.facts.token.is_some_and(|facts| facts.cached));
    assert_eq!(endpoint.asked(), 1);

    let (endpoint, tokens, got) = twenty(Endpoint::new(401, "", WRONG).await, Tokens::default()).await;
    for (token, _) in &got {
        let fault = token.as_ref().expect_err("refused");
        assert_eq!((fault.reason, fault.evidence.code.as_deref()), (Reason::ClientSecretWrong, Some("7000215")));
        assert!(fault.evidence.peer.is_some() && fault.evidence.said.is_some(), "reported to all with its evidence");
    }
    assert_eq!(endpoint.asked(), 1);
    assert!(endpoint.usable(&tokens, SECOND).await.0.is_err());
    assert_eq!(endpoint.asked(), 1, "a refusal is remembered");
    tokio::time::pause();
    tokio::time::advance(61 * SECOND).await;
    tokio::time::resume();
    endpoint.answers(Duration::ZERO, 200, "", OPAQUE);
    assert!(endpoint.usable(&tokens, SECOND).await.0.is_ok(), "for a minute");
}

#[tokio::test]
async fn usable_renews_a_token_before_it_expires() {
    for (expires_in, kept, renewed) in [(3599, 3298, 3300), (600, 449, 451), (60, 44, 46)] {
        let body = OPAQUE.replace("3599", &expires_in.to_string());
        let (endpoint, tokens) = (Endpoint::new(200, "", &body).await, Tokens::default());
        for (at, asked) in [(0, 1), (kept, 1), (renewed - kept, 2)] {
            tokio::time::pause();
            tokio::time::advance(at * SECOND).await;
            tokio::time::resume();
            assert!(endpoint.usable(&tokens, 10 * SECOND).await.0.is_ok());
            assert_eq!(endpoint.asked(), asked, "{expires_in} after {at}");
        }
    }
}

#[tokio::test]
async fn usable_takes_a_reply_with_a_byte_order_mark() {
    let (endpoint, tokens) = (Endpoint::new(200, "", &format!("\u{feff}{OPAQUE}")).await, Tokens::default());
    endpoint.usable(&tokens, SECOND).await.0.expect("a token");
}

#[tokio::test]
async fn usable_keeps_a_token_without_a_lifetime_for_a_minute() {
    let body = r#"{"token_type":"Bearer","access_token":"opaque"}"#;
    let (endpoint, tokens) = (Endpoint::new(200, "", body).await, Tokens::default());
    for _ in 0..3 {
        assert!(endpoint.usable(&tokens, 10 * SECOND).await.0.is_ok());
    }
    assert_eq!(endpoint.asked(), 1);
}

#[tokio::test]
async fn instead_of_replaces_a_cached_token_once_a_minute() {
    let (endpoint, tokens) = (Endpoint::new(200, "", OPAQUE).await, Tokens::default());
    let (first, _) = endpoint.usable(&tokens, 10 * SECOND).await;
    let first = first.expect("a token");
    assert!(endpoint.instead_of(&tokens, &first).await.is_none(), "fresh: its refusal is not about its age");
    let (cached, _) = endpoint.usable(&tokens, 10 * SECOND).await;
    let cached = cached.expect("a token");
    // Two who are refused at the same time share one replacement.
    let (one, other) = tokio::join!(endpoint.instead_of(&tokens, &cached), endpoint.instead_of(&tokens, &cached));
    let newer = one.expect("replaced").expect("a token");
    assert!(other.is_some_and(|token| token.is_ok_and(|token| token.serial == newer.serial)));
    assert_eq!(endpoint.asked(), 2);
    let (cached, _) = endpoint.usable(&tokens, 10 * SECOND).await;
    let cached = cached.expect("the newer one");
    assert!(endpoint.instead_of(&tokens, &cached).await.is_none(), "replaced a moment ago");
    tokio::time::pause();
    tokio::time::advance(61 * SECOND).await;
    tokio::time::resume();
    assert!(endpoint.instead_of(&tokens, &cached).await.is_some());
    assert_eq!(endpoint.asked(), 3);
}

#[tokio::test]
async fn usable_after_retry_after_fails_with_a_back_off_until_it_ends() {
    let (endpoint, tokens) = (Endpoint::new(429, "retry-after: 7\r\n", "Too Many Requests").await, Tokens::default());
    let (first, trace) = endpoint.usable(&tokens, 10 * SECOND).await;
    assert_eq!((first.is_err(), trace.facts.back_off), (true, Some(7 * SECOND)));
    endpoint.answers(Duration::ZERO, 200, "", OPAQUE);
    let (second, trace) = endpoint.usable(&tokens, 10 * SECOND).await;
    assert!(second.is_err() && trace.facts.back_off.is_some_and(|left| left <= 7 * SECOND));
    tokio::time::pause();
    tokio::time::advance(7 * SECOND).await;
    tokio::time::resume();
    assert!(endpoint.usable(&tokens, 10 * SECOND).await.0.is_ok());
    assert_eq!(endpoint.asked(), 2);
}

#[tokio::test]
async fn usable_after_a_cancelled_or_short_run_asks_again() {
    let (endpoint, tokens) = (Endpoint::new(200, "", OPAQUE).await, Tokens::default());
    endpoint.answers(Duration::from_millis(300), 200, "", OPAQUE);
    // Dropped while it fetches: the one behind it takes its turn.
    let cancelled = timeout(Duration::from_millis(100), endpoint.usable(&tokens, 10 * SECOND));
    let (cancelled, patient) = tokio::join!(cancelled, endpoint.usable(&tokens, 10 * SECOND));
    assert!(cancelled.is_err() && patient.0.is_ok());

    // Out of time while it fetches: who has more time asks again.
    let tokens = Tokens::default();
    let (short, patient) =
        tokio::join!(endpoint.usable(&tokens, Duration::from_millis(100)), endpoint.usable(&tokens, 10 * SECOND));
    assert_eq!(short.0.expect_err("too short").reason, Reason::ReplyTimedOut);
    assert!(patient.0.is_ok());
}

#[tokio::test]
async fn usable_by_two_runs_in_silence_makes_one_request() {
    let endpoint = Endpoint::new(200, "", OPAQUE).await;
    let tokens = Tokens::default();
    endpoint.answers(10 * SECOND, 200, "", OPAQUE);
    let limit = Duration::from_millis(400);
    let (one, other) = tokio::join!(endpoint.usable(&tokens, limit), endpoint.usable(&tokens, limit));
    for (token, _) in [one, other] {
        assert_eq!(token.expect_err("silence").reason, Reason::ReplyTimedOut);
    }
    assert_eq!(endpoint.asked(), 1);
}

#[tokio::test]
async fn usable_with_a_secret_that_entra_does_not_know_names_the_flaw_that_it_has() {
    let value = "Fk~8Q~3xampleExampleExampleExampleExampl";
    let mut endpoint = Endpoint::new(401, "", WRONG).await;
    for (secret, reason, flaw) in [
        (value.to_owned(), Reason::ClientSecretWrong, None),
        (format!("\"{value}\""), Reason::ClientSecretMalformed, Some("stands in quotes")),
        (format!("M365_SECRET={value}"), Reason::ClientSecretMalformed, Some("begins with a name and `=`")),
        ("01234567-89ab-cdef-0123-456789abcdef".to_owned(), Reason::ClientSecretWrong, Some("is a GUID, as a Secret ID is")),
    ] {
        endpoint.tenant.credential = SecretSource::InMemory(Secret::new(secret.as_str())).into();
        let fault = endpoint.usable(&Tokens::default(), 10 * SECOND).await.0.expect_err("refused");
        let said = fault.evidence.said.clone().expect("a request");
        assert_eq!(fault.reason, reason, "{said}");
        assert_eq!(said.split_once(" (the client secret ").map(|(_, flaw)| flaw), flaw.map(|flaw| format!("{flaw})")).as_deref());
        assert!(!format!("{fault:?}").contains(value), "{fault:?}");
    }
    let other = r#"{"error":"invalid_client","error_description":"AADSTS7000222: expired.","error_codes":[7000222]}"#;
    endpoint.answers(Duration::ZERO, 401, "", other);
    endpoint.tenant.credential = SecretSource::InMemory(Secret::new(format!("'{value}'"))).into();
    let fault = endpoint.usable(&Tokens::default(), 10 * SECOND).await.0.expect_err("refused");
    assert_eq!(fault.reason, Reason::ClientSecretExpired, "a secret that Entra knows has no flaw");
}

#[tokio::test]
async fn usable_with_each_malformed_reply_has_its_reason_and_shows_no_secret() {
    let long = "x".repeat(1_100_000);
    let echo = r#"{"error":"invalid_client","error_description":"AADSTS7000215: marked-client-secret"}"#;
    #[rustfmt::skip]
    let cases: &[(u16, &str, &str, Reason)] = &[
        (200, "", "", Reason::TokenReplyMalformed),
        (200, "", "{}", Reason::TokenReplyMalformed),
        (200, "", "[]", Reason::TokenReplyMalformed),
        (200, "", r#"{"token_type":"Bearer","expires_in":3599}"#, Reason::TokenReplyMalformed),
        (200, "", r#"{"access_token":"marked-client-secret","expires_in":}"#, Reason::TokenReplyMalformed),
        (200, "", &long, Reason::ReplyTooLong),
        (200, "content-encoding: gzip\r\n", "\u{1f}\u{8b}\u{8}", Reason::ReplyMalformed),
        (500, "", "oops", Reason::TokenServiceUnavailable),
        (302, "location: https://portal.example/\r\n", "", Reason::HttpRedirected),
        (401, "", echo, Reason::ClientSecretWrong),
        (101, "connection: upgrade\r\nupgrade: x\r\n", "", Reason::TokenReplyMalformed),
    ];
    let endpoint = Endpoint::new(200, "", "").await;
    for (status, headers, body, reason) in cases {
        endpoint.answers(Duration::ZERO, *status, headers, body);
        let (token, trace) = endpoint.usable(&Tokens::default(), 10 * SECOND).await;
        let fault = token.expect_err("no token");
        assert_eq!(fault.reason, *reason, "{status} {headers}: {fault:?}");
        assert!(!format!("{fault:?} {trace:?}").contains("marked-client"), "{fault:?}");
    }
    for (raw, reason) in [
        ("+OK ready\r\n\r\n".to_owned(), Reason::ReplyMalformed),
        ("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{".to_owned(), Reason::ConnectionClosed),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n".to_owned(), Reason::ReplyMalformed),
        (format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: y\r\n".repeat(200)), Reason::ReplyTooLong),
        (format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(100_000)), Reason::ReplyTooLong),
        (
            format!(
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{}",
                format!("4000\r\n{}\r\n", "x".repeat(0x4000)).repeat(70)
            ),
            Reason::ReplyTooLong,
        ),
        (String::new(), Reason::ConnectionClosed),
    ] {
        *endpoint.answer.lock().expect("unpoisoned") = (Duration::ZERO, raw.clone());
        let (token, _) = endpoint.usable(&Tokens::default(), 10 * SECOND).await;
        assert_eq!(token.expect_err("no token").reason, reason, "{}", raw.get(..60).unwrap_or(&raw));
    }
}

#[tokio::test]
async fn usable_redacts_a_secret_in_claims_and_headers() {
    use base64::Engine as _;
    let claims = r#"{"iss":"marked-client-secret","roles":["x marked-client-secret"],"tid":"t"}"#;
    let jwt = format!("e30.{}.c2ln", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(claims));
    let body = format!(r#"{{"token_type":"Bearer","expires_in":3599,"access_token":"{jwt}"}}"#);
    let headers = format!("x-ms-request-id: marked-client-secret\r\nx-ms-ests-server: {jwt}\r\n");
    let endpoint = Endpoint::new(200, &headers, &body).await;
    let (token, trace) = endpoint.usable(&Tokens::default(), 10 * SECOND).await;
    let shown = format!("{token:?} {trace:?}");
    assert_eq!(token.expect("a token").facts.tenant_id.as_deref(), Some("t"));
    assert!(!shown.contains("marked-client") && !shown.contains(&jwt[..30]), "{shown}");
}

#[tokio::test]
async fn usable_with_an_unreadable_secret_makes_no_request() {
    let mut entra = Endpoint::new(200, "", "{}").await;
    entra.tenant.credential = SecretSource::File("/does/not/exist".into()).into();
    let (token, _) = entra.usable(&Tokens::default(), 10 * SECOND).await;
    let fault = token.expect_err("no secret");
    assert_eq!(fault.reason, Reason::SecretUnreadable);
    assert!(fault.evidence.heard.is_some_and(|heard| heard.contains("/does/not/exist")));
    assert_eq!(entra.asked(), 0);
}

#[tokio::test(start_paused = true)]
async fn unexpired_token_serves_while_the_endpoint_of_managed_identities_fails_and_no_longer() {
    let (entry, mut trace) = (Entry::default(), Trace::begin(Phase::Token, Instant::now() + 1000 * SECOND));
    let facts = TokenFacts { expires_in: Some(400 * SECOND), ..TokenFacts::default() };
    entry.keep(&mut trace, Ok((Secret::new("token"), facts)), None).expect("kept");
    let mut after = async |elapsed: Duration, reason| {
        tokio::time::advance(elapsed).await;
        trace.facts.back_off = Some(SECOND);
        let token = entry.unexpired(Fault::new(reason), &mut trace);
        token.map(|token| (token.facts.cached, trace.facts.back_off)).map_err(|fault| fault.reason)
    };
    let due = 350 * SECOND;
    assert_eq!(after(due, Reason::ManagedIdentityUnavailable).await, Ok((true, None)));
    assert_eq!(after(Duration::ZERO, Reason::ManagedIdentityThrottled).await, Ok((true, None)));
    assert_eq!(after(Duration::ZERO, Reason::ManagedIdentityNotAssigned).await, Err(Reason::ManagedIdentityNotAssigned));
    assert_eq!(after(Duration::ZERO, Reason::TokenServiceUnavailable).await, Err(Reason::TokenServiceUnavailable));
    assert_eq!(after(51 * SECOND, Reason::ManagedIdentityUnavailable).await, Err(Reason::ManagedIdentityUnavailable));
}
