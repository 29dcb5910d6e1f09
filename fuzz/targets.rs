//! The fuzz targets: each hands bytes to the parsers of one kind of input, as the program does, and checks what comes out of them:
//! no panic, and evidence that is bounded and without control characters.
//!
//! `tests/fuzz.rs` runs each of them over its seeds.

use std::fmt::Debug;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{HeaderMap, Request, StatusCode};
use m365_probe::cloud::HttpsEndpoint;
use m365_probe::cloud::ranges::Ranges;
use m365_probe::config::{self, FileRead, Loaded, System};
use m365_probe::credential::{ARC_KEYS, EncodedPair, federated_token_flaw, read_arc_key};
use m365_probe::document::State;
use m365_probe::file::FileKind;
use m365_probe::levels::{Limits, Range};
use m365_probe::net::http::HttpExchange;
use m365_probe::net::proxy::{self, Target};
use m365_probe::net::resolv_conf::ResolvConf;
use m365_probe::net::{BoxStream, hosts, trust};
use m365_probe::outcome::{Family, Fault, Phase, SupportId};
use m365_probe::remote::{self, Selection};
use m365_probe::sanitize::MAX_REPLY;
use m365_probe::secret::{Secret, Sent};
use m365_probe::serve::{Options, Service, Source, load_web};
use m365_probe::settings::{Proxy, ProxyKind};
use m365_probe::store::Store;
use m365_probe::trace::Trace;
use m365_probe::wire::dns::{Question, Received};
use m365_probe::wire::http::ResponseHead;
use m365_probe::wire::imap::{self, Step};
use m365_probe::wire::oauth::{self, TokenResponse};
use m365_probe::wire::sasl::{AuthReply, Challenge};
use m365_probe::wire::smtp::{self, ReplyParser};
use m365_probe::wire::{MAX_BACK_OFF, Refusal, graph, http, jwt, mail, managed_identity as identity, pop3, soap};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};
use tokio::net::TcpSocket;
use tokio::runtime::{Builder, Runtime};
use tokio::time::Instant;

/// A target: a name, which is also that of its seeds and of a fuzzing binary, and what it does with bytes.
pub type FuzzTarget = (&'static str, fn(&[u8]));

/// All targets, in alphabetical order.
pub const TARGETS: &[FuzzTarget] = &[
    ("certificate", certificate),
    ("config", config),
    ("credential", credential),
    ("dns", dns),
    ("ews", ews),
    ("graph", graph),
    ("hosts", hosts),
    ("http_response", http_response),
    ("imap", imap),
    ("jwt", jwt),
    ("limits", limits),
    ("mail", mail),
    ("managed_identity", managed_identity),
    ("oauth", oauth),
    ("pop3", pop3),
    ("proxy", proxy),
    ("ranges", ranges),
    ("remote", remote),
    ("requests", requests),
    ("resolv_conf", resolv_conf),
    ("sasl", sasl),
    ("smtp", smtp),
    ("state", state),
    ("tls_record", tls_record),
    ("web_config", web_config),
];

/// Runs the target of that name over `data`.
pub fn run(name: &str, data: &[u8]) {
    let target = TARGETS.iter().find(|(known, _)| *known == name);
    let (_, target) = target.unwrap_or_else(|| panic!("there is no fuzz target `{name}`"));
    target(data);
}

/// Returns the lines as `Conn::read_line` hands them on: without their ends, and what is not UTF-8 replaced.
fn lines(data: &[u8]) -> Vec<String> {
    data.split(|byte| *byte == b'\n').map(|line| String::from_utf8_lossy(line).trim_end_matches('\r').to_owned()).collect()
}

/// Checks a text that was taken from a peer.
fn check_text(text: &str) {
    assert!(text.chars().count() <= MAX_REPLY, "a text of a peer is {} characters long", text.chars().count());
    assert!(!text.chars().any(char::is_control), "a text of a peer has control characters: {text:?}");
}

fn check_fault(fault: &Fault) {
    let evidence = &fault.evidence;
    evidence.heard.iter().chain(&evidence.code).for_each(|text| check_text(text));
    evidence.ids.iter().for_each(|(_, id)| check_text(id));
}

fn check_ids(ids: &[(SupportId, String)]) {
    for (_, id) in ids {
        check_text(id);
    }
}

fn check<T: Debug>(parsed: Result<T, Refusal>) -> Option<T> {
    parsed
        .inspect_err(|refusal| {
            check_fault(&refusal.fault);
            assert!(refusal.back_off.is_none_or(|back_off| back_off <= MAX_BACK_OFF), "{refusal:?}");
        })
        .ok()
}

fn check_login(reply: Result<AuthReply, Refusal>) {
    if let Some(AuthReply::Challenged(challenge)) = check(reply) {
        check_challenge(&challenge);
    }
}

fn check_challenge(challenge: &Challenge) {
    check(challenge.as_refusal().map_or(Ok(()), Err));
}

/// Splits data into a status, headers and body: a line with a status, lines with headers, an empty line. Without a status it is 200.
fn response(data: &[u8]) -> (StatusCode, HeaderMap, &[u8]) {
    let (head, body) = match data.windows(2).position(|pair| pair == b"\n\n") {
        Some(end) => (&data[..end], &data[end + 2..]),
        None => (&b""[..], data),
    };
    let mut head = head.split(|byte| *byte == b'\n');
    let status = head.next().and_then(|status| StatusCode::from_bytes(status).ok()).unwrap_or(StatusCode::OK);
    let field = |line: &[u8]| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?;
        Some((HeaderName::from_bytes(&line[..colon]).ok()?, value))
    };
    let mut headers = HeaderMap::new();
    for (name, value) in head.filter_map(field) {
        headers.append(name, value);
    }
    (status, headers, body)
}

/// Returns the process's runtime, on which targets that await run.
fn runtime() -> &'static Runtime {
    static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Builder::new_current_thread().enable_all().build().expect("a runtime"));
    &RUNTIME
}

/// Has `client` speak with a peer that waits for its first bytes, sends `data` and hangs up.
fn against_peer<T>(data: &[u8], client: impl AsyncFnOnce(BoxStream) -> T) -> T {
    let (ours, mut theirs) = duplex(64 * 1024);
    let peer = async move {
        let mut ignored = [0; 16 * 1024];
        let _ = theirs.read(&mut ignored).await; // a client that sends nothing has hung up
        let _ = theirs.write_all(data).await;
        let _ = theirs.shutdown().await;
        while theirs.read(&mut ignored).await.is_ok_and(|count| count > 0) {}
    };
    let own = Box::new(ours);
    runtime().block_on(async { tokio::join!(client(own), peer).0 })
}

fn trace(first: Phase) -> Trace {
    Trace::begin(first, Instant::now() + Duration::from_secs(60))
}

/// Writes data into a file of this process, for parsers that read files, and returns its path.
fn file(name: &str, data: &[u8]) -> PathBuf {
    let memory = Path::new("/dev/shm");
    let directory = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    let path = directory.join(format!("m365-probe-fuzz-{}-{name}", std::process::id()));
    std::fs::write(&path, data).expect("written");
    path
}

/// A POP3 server's lines, each in the place of every reply.
fn pop3(data: &[u8]) {
    for line in lines(data) {
        check(pop3::parse_greeting(&line));
        check(pop3::parse_stls(&line));
        check(pop3::parse_auth_continuation(&line));
        check_login(pop3::parse_login(&line));
        check(pop3::parse_stat(&line));
        check(pop3::parse_command(&line));
    }
}

/// The header of a mail, which anybody may have written.
fn mail(data: &[u8]) {
    let text = lines(data).join("\r\n");
    let _ = (mail::received_at(&text), mail::hops(&text), mail::parse_header(&text), mail::parse_internal_date(&text));
}

/// An IMAP server's lines, each in the place of every reply.
fn imap(data: &[u8]) {
    for line in lines(data) {
        check(imap::parse_greeting(&line));
        let _ = (imap::literal_length(&line), imap::is_bye(&line), imap::parse_capabilities(&line));
        for folder in [imap::INBOX, line.as_str()] {
            imap::parse_status(&line, folder).err().iter().for_each(check_fault);
        }
        imap::folder::parse_received(&line).err().iter().for_each(check_fault);
        let (_, quoted) = (imap::quota::parse_quota(&line), imap::folder_name(&line));
        assert!(quoted.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()), "a command of several lines: {quoted:?}");
        for step in [Step::Starttls, Step::Login, Step::Mailbox] {
            check(imap::parse_response(&line, "a2", step).map(|response| format!("{response:?}")));
        }
    }
}

/// An SMTP server's lines, made to replies, each in the place of every reply.
fn smtp(data: &[u8]) {
    for mut parser in [ReplyParser::default(), ReplyParser::for_greeting()] {
        for line in lines(data) {
            let reply = match parser.push(&line) {
                Ok(Some(reply)) => reply,
                Ok(None) => continue,
                Err(fault) => return check_fault(&fault),
            };
            let _ =
                (reply.enhanced_code(), reply.trailer(), reply.host_name(), smtp::asks_for_payload(&reply), reply.to_string());
            check(smtp::parse_greeting(&reply));
            check(smtp::parse_starttls(&reply));
            check(smtp::parse_auth_continuation(&reply));
            check_login(smtp::parse_login(&reply));
            for ehlo in [check(smtp::parse_ehlo(&reply)), check(smtp::parse_first_ehlo(&reply))].into_iter().flatten() {
                [ehlo.require_starttls(), ehlo.require_xoauth2()]
                    .iter()
                    .filter_map(|met| met.as_ref().err())
                    .for_each(check_fault);
            }
            parser = ReplyParser::default();
        }
    }
}

/// The challenge of XOAUTH2: an error as JSON, in base64 and as it is.
fn sasl(data: &[u8]) {
    check_challenge(&Challenge::parse(&String::from_utf8_lossy(data)));
    check_challenge(&Challenge::parse(&openssl::base64::encode_block(data)));
}

/// A response of the token endpoint: a token, or a refusal.
fn oauth(data: &[u8]) {
    let (status, headers, body) = response(data);
    let head = ResponseHead { status, headers: &headers };
    for is_microsoft_host in [false, true] {
        check::<()>(Err(oauth::parse_refusal(head, body, is_microsoft_host)));
    }
    if let Some(response) = http::parse_json::<TokenResponse>(body) {
        let _ = jwt::token_facts(&response.into_token());
    }
}

/// A response of an endpoint of managed identities: a token, a refusal, or the challenge of Azure Arc, which names a file to read.
fn managed_identity(data: &[u8]) {
    static KEYS: LazyLock<PathBuf> = LazyLock::new(|| {
        let keys = file("keys", b"").with_extension("d");
        std::fs::create_dir_all(keys.join("below")).expect("a directory");
        for name in ["a.key", "below/a.key", "a.txt"] {
            std::fs::write(keys.join(name), name).expect("a file");
        }
        keys
    });
    let (status, headers, body) = response(data);
    let head = ResponseHead { status, headers: &headers };
    check::<()>(Err(identity::parse_refusal(head, body)));
    if let Some(token) = identity::parse_token(head, body) {
        let _ = jwt::token_facts(&token.response.into_token());
    }
    let Some(named) = identity::challenged_file(head) else { return };
    check_text(&named);
    let keys = &*KEYS;
    match read_arc_key(&named.replace(ARC_KEYS, &keys.to_string_lossy()), keys) {
        Ok(key) => assert_eq!(key.expose(), "a.key", "{named} is none of the agent's keys"),
        Err(fault) => check_fault(&fault),
    }
}

/// A token: three parts in base64, of which the second is JSON.
fn jwt(data: &[u8]) {
    let claims = openssl::base64::encode_block(data).replace('+', "-").replace('/', "_").replace('=', "");
    for token in [String::from_utf8_lossy(data).into_owned(), format!("e30.{claims}.c2ln")] {
        let _ = jwt::token_facts(&Secret::new(token));
    }
}

/// A response of EWS.
fn ews(data: &[u8]) {
    let (status, headers, body) = response(data);
    let head = ResponseHead { status, headers: &headers };
    check(soap::parse_find_folder(head, body));
    check_ids(&soap::diagnostic_ids(head));
}

/// A response of Graph: a collection, messages and what is told of one, the answer to a mail, or the application's registration.
fn graph(data: &[u8]) {
    let (status, headers, body) = response(data);
    let head = ResponseHead { status, headers: &headers };
    check(graph::parse_collection(head, body));
    check(graph::folders::parse_folder(head, body));
    check(graph::folders::parse_oldest(head, body));
    check(graph::messages::parse_list(head, body));
    check(graph::messages::parse_text(head, body));
    check(graph::messages::parse_deleted(head, body));
    check(graph::sending::parse_sent(head, body).map_err(|refused| refused.refusal));
    if let Some(Some(header)) = check(graph::messages::parse_headers(head, body)) {
        let _ = (mail::parse_header(&header), mail::hops(&header));
    }
    check_ids(&graph::diagnostic_ids(head));
    let _ = graph::application::parse_registration(status, body, "abc");
}

/// The bytes of an HTTP server, from the status line on.
fn http_response(data: &[u8]) {
    let at = HttpsEndpoint { host: "login.example".to_owned(), port: 443, path: String::new() };
    let read = against_peer(data, async |stream| {
        let request = Request::get("/").body(Full::new(Bytes::new())).expect("a request");
        let mut trace = trace(Phase::Token);
        HttpExchange { at: &at, request, secrets: Sent::default() }.over(&mut trace, stream).await
    });
    match read {
        Ok(response) => {
            let head = response.head();
            let _ = (head.is_from_microsoft(), head.is_from_intermediary(response.text().as_bytes()), head.retry_after());
            check_text(&head.describe(response.text().as_bytes()));
            head.redirect_fault().iter().chain(&head.claims_challenge()).for_each(check_fault);
        }
        Err(fault) => check_fault(&fault),
    }
}

/// The bytes of a proxy: the first one says of which kind.
fn proxy(data: &[u8]) {
    let Some((kind, data)) = data.split_first() else { return };
    let kind = [ProxyKind::Http, ProxyKind::Socks5, ProxyKind::Socks5h][usize::from(*kind) % 3];
    let login = Some(("probe".to_owned(), Secret::new("password")));
    let proxy = Proxy { kind, host: "proxy.example".to_owned(), port: 3128, login };
    let target = Target { host: "outlook.office365.com", address: Some(Ipv4Addr::new(192, 0, 2, 1).into()), port: 995 };
    let connected = against_peer(data, async |stream| {
        let mut trace = trace(Phase::Proxy);
        proxy::connect(&mut trace, stream, &proxy, target).await.err()
    });
    connected.iter().for_each(check_fault);
}

/// A certificate with its private key, in PEM and in PKCS #12, and the token of another identity provider.
fn credential(data: &[u8]) {
    let (now, password) = (SystemTime::UNIX_EPOCH, Secret::new("password"));
    let pem = EncodedPair::Pem { certificates: data, key: data, password: Some(&password) };
    for encoded in [pem, EncodedPair::Pkcs12 { bytes: data, password: None }] {
        if let Err(fault) = encoded.decode() {
            check_fault(&fault);
        }
    }
    if let Ok(token) = std::str::from_utf8(data) {
        for login in ["", "login.microsoftonline.com"] {
            federated_token_flaw(&Secret::new(token), login, now).iter().for_each(check_fault);
        }
    }
}

/// A datagram of a resolver. Its first two bytes are made those of the question's id.
fn dns(data: &[u8]) {
    let mut data = data.to_vec();
    for (byte, id) in data.iter_mut().zip([0x12, 0x34]) {
        *byte = id;
    }
    for family in [Family::V4, Family::V6] {
        let question = Question::new(0x1234, "outlook.office365.com", family).expect("a question");
        match question.parse(&data) {
            Received::Response(response) => response.chain.iter().for_each(|alias| check_text(alias)),
            Received::Malformed(error) => check_text(&error),
            Received::Mismatch(mismatch) => check_text(&mismatch.to_string()),
            Received::Truncated => {}
        }
    }
}

/// The first bytes of a peer that may speak TLS.
fn tls_record(data: &[u8]) {
    let _ = m365_probe::net::tls::first_record::version(data);
    let _ = m365_probe::net::tls::first_record::requests_certificate(data);
    let _ = m365_probe::net::tls::first_record::alert_reason(data);
}

/// A certificate: DER as a peer sends it, and PEM as a person's file has it.
fn certificate(data: &[u8]) {
    use m365_probe::net::tls::certificate;
    let of_peer = openssl::x509::X509::from_der(data).into_iter();
    for certificate in of_peer.chain(trust::certificates(data).unwrap_or_default()) {
        let Some(facts) = certificate::facts(&certificate, false) else { continue };
        facts.names.iter().chain([&facts.subject, &facts.issuer, &facts.issuer_name]).for_each(|text| check_text(text));
        check_text(&certificate::describe(&facts));
        check_text(&certificate::subject_and_dates(&facts));
    }
}

/// A hosts file.
fn hosts(data: &[u8]) {
    let path = file("hosts", data);
    let names = vec!["outlook.office365.com".to_owned()];
    let entries = runtime().block_on(hosts::entries(&path, names));
    let _ = hosts::gives(&entries, "Outlook.Office365.com", &[Ipv4Addr::new(192, 0, 2, 1).into()]);
}

/// A `resolv.conf`.
fn resolv_conf(data: &[u8]) {
    let conf = ResolvConf::parse(&String::from_utf8_lossy(data));
    assert!(conf.servers().is_none_or(|servers| servers.len() <= 3));
    conf.misread.iter().for_each(|line| check_text(line));
}

/// Microsoft's list of address ranges.
fn ranges(data: &[u8]) {
    let Ok(ranges) = Ranges::parse(&String::from_utf8_lossy(data), "a file") else { return };
    let _ = ranges.days_old(SystemTime::now());
    if let Some(published) = ranges.for_host("outlook.office365.com") {
        let address = Ipv4Addr::new(52, 96, 1, 2).into();
        let _ = (published.contains(address), published.describe(address), ranges.to_json());
    }
}

/// Ranges and limits of the command line and the configuration.
fn limits(data: &[u8]) {
    let text = String::from_utf8_lossy(data).into_owned();
    if let Ok(range) = text.parse::<Range>() {
        assert_eq!(range.to_string().parse(), Ok(range), "a range is read as it is written");
    }
    let level = std::slice::from_ref(&text);
    let _ = Limits::parse(level, level);
}

/// A machine with one secret, one file of each kind that a configuration names, and nothing else.
#[derive(Debug)]
struct Machine;

impl System for Machine {
    fn variable(&self, name: &str) -> Option<String> {
        (name == "SECRET").then(|| "a-secret-of-forty-characters~0123456789a".to_owned())
    }

    fn file(&self, path: &Path) -> io::Result<FileRead> {
        if path.ends_with("secret") {
            return Ok(FileRead { bytes: b"a-secret-of-forty-characters~0123456789a\n".to_vec(), mode: Some(0o600) });
        }
        Err(io::ErrorKind::NotFound.into())
    }

    fn text(&self, path: &Path, _: FileKind, _most: usize) -> io::Result<Vec<u8>> {
        if path.ends_with("a.yml") { Ok(CONFIGURATION.as_bytes().to_vec()) } else { Err(io::ErrorKind::NotFound.into()) }
    }

    fn names(&self, _directory: &Path) -> io::Result<Vec<String>> {
        Ok(vec!["a.yml".to_owned(), "b.yml".to_owned(), "secret".to_owned()])
    }
}

/// A small configuration, for targets that need one.
const CONFIGURATION: &str = "clouds: { lab: { login: 'https://127.0.0.1:1' } }\n\
    tenants:\n  - { name: contoso, cloud: lab, tenant_id: contoso.example, client_id: aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee, \
    credential: { client_secret_env: SECRET }, checks: [token: { interval: 1d }] }\n";

fn read_configuration(text: &str) -> Result<Loaded, config::Mistakes> {
    config::parse(text, Path::new("m365-probe.yml"), &Machine)
}

/// A configuration. What `/config` shows of one is a configuration too.
fn config(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match read_configuration(text) {
        Ok(loaded) => assert!(!loaded.redacted.contains("forty-characters"), "a secret is shown:\n{}", loaded.redacted),
        Err(mistakes) => {
            let shown = mistakes.to_string();
            assert!(!shown.is_empty());
            let is_plain = |c: char| !c.is_control() || c == '\n';
            assert!(shown.chars().all(is_plain), "a message has control characters: {shown:?}");
        }
    }
}

/// A web configuration.
fn web_config(data: &[u8]) {
    let (_, read) = load_web(&file("web.yml", data), FileKind::Regular);
    if let Err(mistakes) = read {
        let shown = mistakes.to_string();
        assert!(shown.chars().all(|c| !c.is_control() || c == '\n'), "a message has control characters: {shown:?}");
    }
}

/// The state that the service keeps over a restart.
fn state(data: &[u8]) {
    static PROBES: LazyLock<Loaded> = LazyLock::new(|| read_configuration(CONFIGURATION).expect("right"));
    let Ok(state) = State::from_json(data) else { return };
    let mut store = Store::new(&PROBES.settings.probes);
    state.restore(&mut store);
    let written = State::new(&store, SystemTime::now()).to_json();
    assert!(State::from_json(&written).is_ok(), "what is written cannot be read");
}

/// The outcomes of another service, as `check --from` and `doctor --from` read them.
fn remote(data: &[u8]) {
    let _ = remote::read(data, &Selection { checks: vec!["all".to_owned()], ..Selection::default() });
}

/// A service of our own, with one probe whose server refuses connections.
static SERVICE: LazyLock<SocketAddr> = LazyLock::new(|| {
    let settings = read_configuration(CONFIGURATION).expect("right").settings;
    let options = Options::new(Source::Given(Box::new(settings)), vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()]);
    let (started, address) = std::sync::mpsc::channel();
    let serve = move || {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let service = Service::start(options).await.expect("it starts");
            started.send(service.addresses()[0].socket()).expect("somebody waits");
            std::future::pending::<()>().await;
        });
    };
    std::thread::spawn(serve);
    address.recv().expect("it starts").expect("a port")
});

/// The beginning of the complaint of a client's time limit.
const TIME_HEADER: &[u8] = b"the header x-prometheus-scrape-timeout-seconds is not";

/// The bytes of a client of our own pages.
fn requests(data: &[u8]) {
    static CLIENTS: AtomicU32 = AtomicU32::new(0);
    let service = *SERVICE;
    // Each client has an address of its own: a closed connection's port is not free again for a minute.
    let client = Ipv4Addr::from_bits(0x7f01_0000 + CLIENTS.fetch_add(1, Ordering::Relaxed) % 0x1_0000);
    let answer = runtime().block_on(async {
        let socket = TcpSocket::new_v4()?;
        socket.bind((client, 0).into())?;
        let mut stream = socket.connect(service).await?;
        let _ = stream.write_all(data).await; // it may have had enough before the end
        let _ = stream.shutdown().await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await; // a reset ends it as well
        io::Result::Ok(answer)
    });
    let answer = answer.expect("the service accepts connections");
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1."), "no answer: {}", answer.escape_ascii());
    // As blackbox_exporter answers a time that it cannot read.
    let is_unreadable_time = answer.windows(TIME_HEADER.len()).any(|part| part == TIME_HEADER);
    let has_failed = answer.windows(12).any(|part| part == b"HTTP/1.1 500") && !is_unreadable_time;
    assert!(!has_failed, "an answer failed: {}", answer.escape_ascii());
}
