//! `--web.config.file`: TLS, users and headers, changed while the service runs, and hostile clients.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use m365_probe::serve::{NotStarted, Options, Service, Source};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_native_tls::native_tls::{self, Protocol};
use tokio_native_tls::{TlsConnector, TlsStream};

use crate::certificate;
use crate::client::{Reply, connect, exchange, get, parse, request, rest};
use crate::fixtures::{Scratch, address, advance, options};

/// Time after which the files are checked again.
const RECHECK_AFTER: Duration = Duration::from_secs(1);

async fn start(web: PathBuf) -> Result<Service, NotStarted> {
    let listen = vec![SocketAddr::from(([127, 0, 0, 1], 0)).into()];
    Service::start(Options { web: Some(web), ..Options::new(Source::Given(Box::default()), listen) }).await
}

/// Hashes at bcrypt's lowest cost.
fn hash(password: &str) -> String {
    bcrypt::hash(password, 4).expect("a hash")
}

fn login(login: &str) -> String {
    format!("Authorization: Basic {}\r\n", STANDARD.encode(login))
}

/// Writes a certificate and its key into `scratch`, and a web configuration that names them, with `more` at its end.
fn secured(scratch: &Scratch, name: &str, more: &str) -> PathBuf {
    let (certificate, key) = certificate::new(name, false);
    scratch.file("server.crt", &certificate);
    scratch.file("server.key", &key);
    scratch.file("web.yml", &format!("tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n{more}"))
}

/// Connects by TLS to our service, whatever its certificate.
async fn tls(at: SocketAddr, newest: Protocol) -> Result<TlsStream<tokio::net::TcpStream>, native_tls::Error> {
    tls_as(at, newest, None).await
}

/// Connects by TLS, with a client certificate if given.
async fn tls_as(
    at: SocketAddr,
    newest: Protocol,
    own: Option<native_tls::Identity>,
) -> Result<TlsStream<tokio::net::TcpStream>, native_tls::Error> {
    let mut builder = native_tls::TlsConnector::builder();
    builder.danger_accept_invalid_certs(true).max_protocol_version(Some(newest));
    own.map(|own| builder.identity(own));
    TlsConnector::from(builder.build().expect("a connector")).connect("localhost", connect(at).await).await
}

/// Sends a GET over TLS, and returns the subject of the server's certificate with the reply.
async fn ask(at: SocketAddr, target: &str, headers: &str) -> (String, Reply) {
    let mut stream = tls(at, Protocol::Tlsv13).await.expect("TLS");
    let certificate = stream.get_ref().peer_certificate().expect("asked").expect("shown").to_der().expect("DER");
    let subject = openssl::x509::X509::from_der(&certificate).expect("a certificate");
    let name = subject.subject_name().entries().next().expect("a name").data().to_string().expect("text");
    let request = format!("GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.expect("write");
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer).await; // some end without TLS's own goodbye
    (name, parse(&answer))
}

#[tokio::test]
async fn every_page_but_health_without_a_login_is_401() {
    let scratch = Scratch::new();
    let users = format!("basic_auth_users:\n  prometheus: {}\n  zoë: {}\n", hash("pass:word"), hash("grüße"));
    let headers = "http_server_config:\n  headers:\n    X-Frame-Options: sameorigin\n    Strict-Transport-Security: max-age=60\n";
    let service = start(scratch.file("web.yml", &(users + headers))).await.expect("it starts");
    for path in ["/", "/metrics", "/config", "/-/reload", "/nothing"] {
        for fields in ["", &login("prometheus:wrong"), &login("nobody:pass:word"), "Authorization: Bearer x\r\n"] {
            let refused = request(address(&service), "GET", path, fields).await;
            assert_eq!(refused.status, 401, "{path} {fields}");
            assert!(refused.header("www-authenticate").is_some_and(|ask| ask.starts_with("Basic realm=")), "{path}");
            assert_eq!(refused.header("strict-transport-security"), Some("max-age=60"));
        }
    }
    // A supervisor of containers has no login, and learns nothing else.
    for (path, fields) in [("/-/healthy", ""), ("/-/ready", ""), ("/-/healthy", "Authorization: Bearer x\r\n")] {
        assert_eq!(request(address(&service), "GET", path, fields).await.status, 200, "{path} {fields}");
    }
    for who in ["prometheus:pass:word", "zoë:grüße"] {
        let reply = request(address(&service), "GET", "/sd", &login(who)).await;
        assert_eq!((reply.status, reply.body.as_str()), (200, "[]\n"), "{who}");
        assert_eq!(reply.header("x-frame-options"), Some("sameorigin"));
        assert_eq!(reply.head.matches("x-frame-options").count(), 1, "{}", reply.head);
    }
    assert_eq!(request(address(&service), "POST", "/-/reload", "").await.status, 401);
}

#[tokio::test]
async fn pages_are_served_over_tls_from_min_version() {
    let scratch = Scratch::new();
    let service = start(secured(&scratch, "one", "  min_version: TLS13\n")).await.expect("it starts");
    let (name, reply) = ask(address(&service), "/-/healthy", "").await;
    assert_eq!((name.as_str(), reply.status), ("one", 200));
    assert!(tls(address(&service), Protocol::Tlsv12).await.is_err(), "older than `min_version`");
    let plain = exchange(address(&service), "GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert!(!plain.contains("Healthy"), "{plain}");
}

/// Reports whether a request is answered: by TLS 1.3 a client learns that its certificate is refused only when it reads.
async fn answered(mut stream: TlsStream<tokio::net::TcpStream>) -> bool {
    let asked = stream.write_all(b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await;
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer).await;
    asked.is_ok() && answer.starts_with("HTTP/1.1 200 ")
}

#[tokio::test]
async fn client_auth_type_admits_clients_by_their_certificate() {
    let scratch = Scratch::new();
    let (known, known_key) = certificate::new("known", false);
    let (stranger, stranger_key) = certificate::new("stranger", false);
    let own = |certificate: &str, key: &str| native_tls::Identity::from_pkcs8(certificate.as_bytes(), key.as_bytes()).ok();
    scratch.file("clients.crt", &known);
    for (asks, issuers, with, without, unknown) in [
        ("NoClientCert", false, true, true, true),
        ("RequestClientCert", false, true, true, true),
        ("RequireAnyClientCert", false, true, false, true),
        ("VerifyClientCertIfGiven", true, true, true, false),
        ("RequireAndVerifyClientCert", true, true, false, false),
    ] {
        let issuers = if issuers { "  client_ca_file: clients.crt\n" } else { "" };
        let web = secured(&scratch, "one", &format!("  client_auth_type: {asks}\n{issuers}"));
        let service = start(web).await.expect("it starts");
        for (who, own, admitted) in [
            ("known", own(&known, &known_key), with),
            ("nobody", None, without),
            ("stranger", own(&stranger, &stranger_key), unknown),
        ] {
            for newest in [Protocol::Tlsv12, Protocol::Tlsv13] {
                let got = match tls_as(address(&service), newest, own.clone()).await {
                    Ok(stream) => answered(stream).await,
                    Err(_) => false,
                };
                assert_eq!(got, admitted, "{asks}, {who}, {newest:?}");
            }
        }
    }
}

#[tokio::test]
async fn key_file_in_pkcs_1_is_accepted() {
    let scratch = Scratch::new();
    let web = secured(&scratch, "one", "");
    let (certificate, key) = certificate::new("old form", true);
    assert!(key.contains("EC PRIVATE KEY"));
    scratch.file("server.crt", &certificate);
    scratch.file("server.key", &key);
    let service = start(web).await.expect("it starts");
    assert_eq!(ask(address(&service), "/-/healthy", "").await.0, "old form");
}

#[tokio::test]
async fn service_with_a_wrong_web_configuration_does_not_start() {
    let scratch = Scratch::new();
    let (certificate, _) = certificate::new("one", false);
    let (_, key) = certificate::new("other", false);
    for (what, certificate, key, expected) in [
        ("another's key", certificate.as_str(), key.as_str(), "the key does not belong to the first certificate"),
        ("no key", &certificate, "nothing", "no private key in PEM"),
        ("no certificate", "nothing", &key, "no certificate in PEM"),
    ] {
        scratch.file("server.crt", certificate);
        scratch.file("server.key", key);
        let web = scratch.file("web.yml", "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n");
        let refused = start(web).await.expect_err(what);
        assert!(
            matches!(&refused, NotStarted::Configuration(message) if message.contains(expected) && message.contains("web.yml:2:3: ")),
            "{what}: {refused}"
        );
    }
}

/// A renewed certificate and a new password are used without a restart; a wrong file changes nothing but a metric.
#[tokio::test]
async fn changed_certificate_and_password_are_used_without_a_restart() {
    let scratch = Scratch::new();
    let users = |password: &str| format!("basic_auth_users:\n  a: {}\n", hash(password));
    let service = start(secured(&scratch, "first", &users("old"))).await.expect("it starts");
    let at = address(&service);
    assert_eq!(ask(at, "/sd", &login("a:old")).await.0, "first");

    secured(&scratch, "second", &users("new"));
    advance(RECHECK_AFTER).await;
    assert_eq!(ask(at, "/sd", &login("a:new")).await.1.status, 200);
    let (name, reply) = ask(at, "/sd", &login("a:old")).await;
    assert_eq!((name.as_str(), reply.status), ("second", 401), "the old password is no longer good");

    scratch.file("server.key", "half a ke");
    advance(RECHECK_AFTER).await;
    let in_force = "m365_exporter_web_config_last_reload_successful";
    let metric_is = async |value: &str| {
        let metrics = ask(at, "/metrics", &login("a:new")).await.1.body;
        metrics.lines().any(|line| line == format!("{in_force} {value}"))
    };
    assert!(metric_is("0").await);
    assert_eq!(ask(at, "/sd", &login("a:new")).await.0, "second", "the old one stays in force");
    secured(&scratch, "third", &users("new"));
    advance(RECHECK_AFTER).await;
    assert!(metric_is("1").await);
    assert_eq!(ask(at, "/sd", &login("a:new")).await.0, "third");
}

/// On tokio's paused clock, which advances while everything waits.
#[tokio::test(start_paused = true)]
async fn handshake_that_never_ends_is_closed_after_5_s() {
    let scratch = Scratch::new();
    let service = start(secured(&scratch, "one", "")).await.expect("it starts");
    for beginning in [&b""[..], b"\x16\x03\x01\x02\x00", b"\x16"] {
        let mut stream = connect(address(&service)).await;
        let began = Instant::now();
        stream.write_all(beginning).await.expect("write");
        assert_eq!(rest(&mut stream).await, "");
        assert_eq!(began.elapsed().as_secs(), 5, "{beginning:?}");
    }
    let mut stream = connect(address(&service)).await;
    stream.write_all(&[b'x'; 4096]).await.expect("write");
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).await; // an alert, and the end
    assert!(bytes.len() < 100, "{bytes:?}");
}

/// Sixty wrong passwords wait for their turn, of which a hash is computed at a time; the scraper's login waits for none of them.
#[tokio::test]
async fn flood_of_wrong_passwords_delays_no_remembered_login() {
    let scratch = Scratch::new();
    let slow = bcrypt::hash("right", 10).expect("a hash"); // many times the work of a scrape
    let service = start(scratch.file("web.yml", &format!("basic_auth_users:\n  a: {slow}\n"))).await.expect("it starts");
    let at = address(&service);
    assert_eq!(request(at, "GET", "/metrics", &login("a:right")).await.status, 200);
    let (refused, one_more) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
    let mut guesses = tokio::task::JoinSet::new();
    for guess in 0..60 {
        let (refused, one_more) = (Arc::clone(&refused), Arc::clone(&one_more));
        guesses.spawn(async move {
            assert_eq!(request(at, "GET", "/metrics", &login(&format!("a:{guess}"))).await.status, 401);
            refused.fetch_add(1, Ordering::Relaxed);
            one_more.notify_one();
        });
    }
    one_more.notified().await; // the flood has begun
    for _ in 0..10 {
        let before = refused.load(Ordering::Relaxed);
        assert_eq!(request(at, "GET", "/metrics", &login("a:right")).await.status, 200);
        let meanwhile = refused.load(Ordering::Relaxed) - before;
        assert!(meanwhile < 10, "{meanwhile} wrong passwords were checked first");
    }
    assert!(refused.load(Ordering::Relaxed) < 60, "the flood has lasted to the end");
    guesses.abort_all(); // whoever hangs up is not waited for
    assert_eq!(get(at, "/metrics").await.status, 401);
}

const IN_FORCE: &str = "m365_exporter_web_config_last_reload_successful";

/// An editor, a template with an empty variable and a full disk leave such files: nobody gets in who did not before.
#[tokio::test]
async fn change_that_takes_protection_away_is_not_in_force() {
    let scratch = Scratch::new();
    let users = format!("basic_auth_users:\n  a: {}\n", hash("right"));
    let web = scratch.file("web.yml", &users);
    let service = start(web.clone()).await.expect("it starts");
    let at = address(&service);
    let with_login = async |path: &str| request(at, "GET", path, &login("a:right")).await.body;
    for emptied in ["", "basic_auth_users:\n", "basic_auth_users: {}\n", "# nothing\n"] {
        scratch.file("web.yml", emptied);
        advance(RECHECK_AFTER).await;
        assert_eq!(get(at, "/metrics").await.status, 401, "after {emptied:?}");
        assert!(with_login("/metrics").await.contains(&format!("{IN_FORCE} 0\n")), "{emptied:?}");
        assert!(with_login("/?lang=en").await.contains("The web configuration has changed and was refused"));
    }
    scratch.file("web.yml", &format!("{users}  b: {}\n", hash("other")));
    advance(RECHECK_AFTER).await;
    assert_eq!(request(at, "GET", "/metrics", &login("b:other")).await.status, 200, "more users are no loss");
    assert!(with_login("/metrics").await.contains(&format!("{IN_FORCE} 1\n")));
    scratch.file("web.yml", "");
    drop(service);
    let restarted = start(web).await.expect("it starts");
    assert_eq!(get(address(&restarted), "/sd").await.status, 200, "a restart takes the file as it is");
}

#[tokio::test]
async fn change_that_takes_tls_or_client_certificates_away_is_not_in_force() {
    let scratch = Scratch::new();
    let (known, _) = certificate::new("known", false);
    scratch.file("clients.crt", &known);
    let verified = "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: clients.crt\n";
    let service = start(secured(&scratch, "one", verified)).await.expect("it starts");
    for weaker in [
        "  client_auth_type: RequireAnyClientCert\n",
        "",
        "  client_auth_type: VerifyClientCertIfGiven\n  client_ca_file: clients.crt\n",
    ] {
        secured(&scratch, "one", weaker);
        advance(RECHECK_AFTER).await;
        let admitted = match tls(address(&service), Protocol::Tlsv13).await {
            Ok(stream) => answered(stream).await,
            Err(_) => false,
        };
        assert!(!admitted, "without a certificate, after {weaker:?}");
    }
    scratch.file("web.yml", "");
    advance(RECHECK_AFTER).await;
    let plain = exchange(address(&service), "GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert!(!plain.contains("Healthy"), "{plain}");
}

#[tokio::test]
async fn change_that_takes_protection_away_is_in_force_where_that_is_allowed() {
    let scratch = Scratch::new();
    let web = scratch.file("web.yml", &format!("basic_auth_users:\n  a: {}\n", hash("right")));
    let options = Options { web: Some(web), allow_unprotected: true, ..options(Source::Given(Box::default())) };
    let service = Service::start(options).await.expect("it starts");
    assert_eq!(get(address(&service), "/sd").await.status, 401);
    scratch.file("web.yml", "");
    advance(RECHECK_AFTER).await;
    assert_eq!(get(address(&service), "/sd").await.status, 200);
}

#[tokio::test]
async fn pages_beyond_loopback_without_users_say_so() {
    const NOTICE: &str = "no login is needed";
    let scratch = Scratch::new();
    let everywhere = || vec![SocketAddr::from(([0, 0, 0, 0], 0)).into()];
    let users = scratch.file("web.yml", &format!("basic_auth_users:\n  a: {}\n", hash("right")));
    for (listen, web, allow_unprotected, metric, notice) in [
        (everywhere(), None, false, "1", true),
        (everywhere(), None, true, "1", false),
        (everywhere(), Some(users), false, "0", false),
        (vec![SocketAddr::from(([127, 0, 0, 1], 0)).into()], None, false, "0", false),
    ] {
        let own = Options::new(Source::Given(Box::default()), listen);
        let service = Service::start(Options { web, allow_unprotected, ..own }).await.expect("it starts");
        let at = SocketAddr::from(([127, 0, 0, 1], address(&service).port()));
        let page = async |path: &str| request(at, "GET", path, &login("a:right")).await.body;
        assert!(page("/metrics").await.contains(&format!("m365_exporter_web_unprotected {metric}\n")));
        for path in ["/?lang=en", "/reasons?lang=en"] {
            assert_eq!(page(path).await.contains(NOTICE), notice, "{path}");
        }
    }
}
