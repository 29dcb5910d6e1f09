//! Handshakes over a pipe with servers whose root is trusted here, is Microsoft's, or belongs to a device that inspects TLS.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::ssl::SslAcceptor;
use openssl::x509::extension::{BasicConstraints, SubjectAlternativeName};
use openssl::x509::{X509Name, X509NameBuilder};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};
use tokio::time::Instant;

use super::*;
use crate::outcome::Facts;

mod stapling;

const HOST: &str = "login.microsoftonline.com";

fn key() -> PKey<Private> {
    let curve = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).expect("a curve");
    PKey::from_ec_key(EcKey::generate(&curve).expect("a key")).expect("a key")
}

fn name(organisation: &str, common: &str) -> X509Name {
    let mut name = X509NameBuilder::new().expect("a name");
    name.append_entry_by_nid(Nid::ORGANIZATIONNAME, organisation).expect("an organisation");
    name.append_entry_by_nid(Nid::COMMONNAME, common).expect("a name");
    name.build()
}

/// An authority, or a server's certificate signed by one.
fn certificate(subject: &X509Name, own: &PKey<Private>, issuer: Option<(&X509, &PKey<Private>)>, host: Option<&str>) -> X509 {
    let mut builder = X509::builder().expect("a builder");
    builder.set_version(2).expect("version 3");
    builder.set_serial_number(&BigNum::from_u32(7).expect("a number").to_asn1_integer().expect("a serial")).expect("set");
    builder.set_subject_name(subject).expect("a subject");
    builder.set_issuer_name(issuer.map_or(subject, |(issuer, _)| issuer.subject_name())).expect("an issuer");
    builder.set_pubkey(own).expect("a key");
    builder.set_not_before(&Asn1Time::days_from_now(0).expect("a time")).expect("a time");
    builder.set_not_after(&Asn1Time::days_from_now(30).expect("a time")).expect("a time");
    match host {
        None => builder.append_extension(BasicConstraints::new().critical().ca().build().expect("built")).expect("added"),
        Some(host) => {
            let names = SubjectAlternativeName::new().dns(host).build(&builder.x509v3_context(None, None)).expect("built");
            builder.append_extension(names).expect("added");
        }
    }
    builder.sign(issuer.map_or(own, |(_, key)| key), MessageDigest::sha256()).expect("signed");
    builder.build()
}

/// Makes the OCSP response that a server staples, with the certificate and key of the server's issuer.
type Staple = fn(&X509, &PKey<Private>) -> Vec<u8>;

/// A server whose certificate comes from an intermediate authority of `organisation`, and a file with the root above it.
struct Server {
    acceptor: SslAcceptor,
    root: PathBuf,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.root);
    }
}

impl Server {
    fn issued_by(organisation: &str) -> Self {
        Self::new(organisation, None)
    }

    /// A server that staples what `staple` makes.
    fn stapling(organisation: &str, staple: Staple) -> Self {
        Self::new(organisation, Some(staple))
    }

    fn new(organisation: &str, staple: Option<Staple>) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let (root_key, middle_key, leaf_key) = (key(), key(), key());
        let root = certificate(&name("The Root of the Test", "Root"), &root_key, None, None);
        let middle = certificate(&name(organisation, "Issuing CA"), &middle_key, Some((&root, &root_key)), None);
        let leaf = certificate(&name("Server", HOST), &leaf_key, Some((&middle, &middle_key)), Some(HOST));
        let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).expect("a builder");
        builder.set_certificate(&leaf).expect("a certificate");
        if let Some(staple) = staple {
            let response = staple(&middle, &middle_key);
            let sends = move |ssl: &mut ssl::SslRef| ssl.set_ocsp_status(&response).map(|()| true);
            builder.set_status_callback(sends).expect("a callback");
        }
        builder.add_extra_chain_cert(middle).expect("a certificate");
        builder.set_private_key(&leaf_key).expect("a key");
        let file = format!("m365-tls-{}-{}.pem", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let file = std::env::temp_dir().join(file);
        std::fs::write(&file, root.to_pem().expect("PEM")).expect("written");
        Self { acceptor: builder.build(), root: file }
    }

    fn trusted(&self) -> Connector {
        Connector::new(&RootStore::default(), Some(&self.root)).expect("a trust store")
    }

    /// Opens a connection to the server, which accepts it in a task of its own.
    fn dialed(&self) -> BoxStream {
        let (ours, theirs) = duplex(16 * 1024);
        let acceptor = self.acceptor.clone();
        tokio::spawn(async move {
            let mut secured = SslStream::new(Ssl::new(acceptor.context())?, theirs)?;
            Pin::new(&mut secured).accept().await.map_err(io::Error::other)?;
            let _ = secured.read_u8().await;
            Ok::<_, io::Error>(())
        });
        Box::new(ours)
    }
}

/// A trust store without the authorities of these tests.
fn others_roots() -> RootStore {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/src/net/tls/microsoft_roots.pem");
    RootStore { file: Some(file.into()), directories: Vec::new() }
}

/// Secures a connection to `server` by `connector`, as to that port of the host, and returns the facts and the result.
async fn secured(connector: &Connector, server: &Server, port: u16) -> (Facts, Result<BoxStream, Fault>) {
    let mut trace = Trace::begin(Phase::Tls, Instant::now() + Duration::from_secs(5));
    trace.facts.endpoints.push(EndpointFacts::new(HOST, port, None));
    let result = connector.secure(&mut trace, HOST, server.dialed()).await;
    (trace.facts, result)
}

/// Returns the number of roots that `connector` has looked up.
fn looked_up(connector: &Connector) -> usize {
    connector.provenances.lock().expect("roots").len()
}

#[tokio::test]
async fn chain_to_a_root_added_here_is_tls_intercepted_whatever_its_name() {
    for organisation in ["Contoso Web Gateway", "Zscaler Inc.", "DigiCert Inc", "Microsoft Corporation"] {
        let server = Server::issued_by(organisation);
        let connector = server.trusted();
        for _ in 0..2 {
            let (facts, result) = secured(&connector, &server, 443).await;
            assert!(result.is_ok() && looked_up(&connector) == 1);
            let warning = facts.warnings.first().expect("a warning");
            assert_eq!(warning.reason, Reason::TlsIntercepted);
            let heard = warning.evidence.heard.as_deref().expect("the certificate");
            assert!(heard.contains(organisation) && heard.contains("SHA-256") && heard.contains(HOST), "{heard}");
            assert_eq!(heard.contains("(Zscaler)"), organisation.starts_with("Zscaler"), "{heard}");
        }
    }
}

#[tokio::test]
async fn chain_to_a_root_added_here_is_a_fact_and_no_warning_where_inspection_is_accepted() {
    let server = Server::issued_by("Contoso Web Gateway");
    let (facts, result) = secured(&server.trusted().with_inspection(Inspection::Accepted), &server, 443).await;
    let certificate = facts.endpoints[0].certificate.as_ref().expect("the certificate");
    assert!(result.is_ok() && facts.warnings.is_empty() && certificate.issuer_name.contains("Contoso Web Gateway"), "{facts:?}");
    let elsewhere = Connector::new(&others_roots(), None).expect("a trust store").with_inspection(Inspection::Accepted);
    let (_, result) = secured(&elsewhere, &server, 443).await;
    assert_eq!(result.err().map(|fault| fault.reason), Some(Reason::TlsCertificateUntrusted));
}

#[tokio::test]
async fn chain_to_a_known_root_or_to_a_laboratory_s_is_no_warning() {
    for (known, port) in [(true, 443), (false, 20443)] {
        let server = Server::issued_by("DigiCert Inc");
        let connector = server.trusted();
        if known {
            connector.microsoft_roots.set(connector.extra().to_vec()).expect("not used yet");
        }
        let (facts, result) = secured(&connector, &server, port).await;
        assert!(result.is_ok() && facts.warnings.is_empty(), "{port}");
    }
}

#[tokio::test]
async fn chain_to_an_unknown_root_is_tls_certificate_untrusted_or_tls_root_missing() {
    for (organisation, signed, reason) in [
        ("Contoso Web Gateway", false, Reason::TlsCertificateUntrusted),
        ("Fortinet", false, Reason::TlsCertificateUntrusted),
        ("DigiCert Inc", false, Reason::TlsCertificateUntrusted),
        ("DigiCert Inc", true, Reason::TlsRootMissing),
    ] {
        let server = Server::issued_by(organisation);
        let connector = Connector::new(&others_roots(), None).expect("a trust store");
        if signed {
            connector.microsoft_roots.set(server.trusted().extra().to_vec()).expect("not used yet");
        }
        let (facts, result) = secured(&connector, &server, 443).await;
        let fault = result.err().expect("not trusted");
        assert_eq!(fault.reason, reason, "{organisation}");
        let heard = fault.evidence.heard.expect("the certificate");
        let start = "certificate verify failed: unable to get local issuer certificate; issuer ";
        assert!(heard.starts_with(start) && heard.contains(organisation), "{heard}");
        let shown = facts.endpoints[0].certificate.as_ref().expect("seen");
        assert!(!shown.verified && heard.contains(&shown.fingerprint));
    }
}

#[tokio::test]
async fn chain_is_trusted_by_a_bundle_and_by_a_hashed_directory_that_hold_its_root() {
    let server = Server::issued_by("Contoso Web Gateway");
    let root = X509::from_pem(&std::fs::read(&server.root).expect("read")).expect("a root");
    let directory = server.root.with_extension("d");
    std::fs::create_dir(&directory).expect("made");
    let hashed = format!("{:08x}.0", root.subject_name_hash());
    std::fs::copy(&server.root, directory.join(hashed)).expect("copied");
    let bundle = RootStore { file: Some(server.root.clone()), directories: Vec::new() };
    let hashed = RootStore { file: None, directories: vec![directory.clone()] };
    for store in [bundle, hashed] {
        let connector = Connector::new(&store, None).expect("a trust store");
        let (_, result) = secured(&connector, &server, 443).await;
        assert!(result.is_ok(), "{store:?}: {:?}", result.err());
    }
    std::fs::remove_dir_all(&directory).expect("removed");
}

#[tokio::test]
async fn chain_met_with_a_store_that_holds_no_root_is_local_trust_store() {
    let server = Server::issued_by("DigiCert Inc");
    for store in [
        RootStore::default(),
        RootStore { file: Some("/dev/null".into()), directories: vec!["/nonexistent".into()] },
        RootStore { file: Some("/nonexistent".into()), directories: Vec::new() },
    ] {
        let connector = Connector::new(&store, None).expect("a trust store");
        let (_, result) = secured(&connector, &server, 443).await;
        assert_eq!(result.err().expect("not trusted").reason, Reason::LocalTrustStore, "{store:?}");
    }
}

#[tokio::test]
async fn unverified_handshake_presents_the_whole_chain() {
    let server = Server::issued_by("Contoso Web Gateway");
    let (version, chain) = unverified_handshake::presented(HOST, server.dialed()).await.expect("shown");
    assert_eq!((version, chain.len()), ("TLSv1.3", 2));
}

#[tokio::test]
async fn unverified_handshake_with_a_peer_that_lies_ends() {
    let connector = Connector::new(&RootStore::default(), None).expect("a trust store");
    for answer in [&b""[..], b"+OK ready\r\n", &[22, 3, 3, 255, 255], &[21, 3, 3, 0, 2, 2, 40]] {
        let dial = || {
            let (ours, mut theirs) = duplex(4096);
            tokio::spawn(async move {
                let _ = theirs.read(&mut [0; 4096]).await;
                theirs.write_all(answer).await
            });
            Box::new(ours)
        };
        assert!(unverified_handshake::presented(HOST, dial()).await.is_none(), "{answer:?}");
        for host in [None, Some(HOST)] {
            assert_eq!(connector.is_answered(host, dial()).await, answer.first() == Some(&22), "{answer:?}");
        }
    }
    let (ours, mut theirs) = duplex(4096);
    let endless = tokio::spawn(async move { while theirs.write_all(&[22, 3, 3, 1, 0].repeat(500)).await.is_ok() {} });
    assert!(unverified_handshake::presented(HOST, Box::new(ours)).await.is_none());
    endless.await.expect("over");
}

/// The behaviour of a peer on one connection.
#[derive(Clone, Copy)]
enum Behaviour {
    Answered,
    HungUp,
    Silent,
}

/// A peer that behaves by the number of a connection, the first of which has failed already, and by its ClientHello.
struct Peer {
    acceptor: SslAcceptor,
    behave: fn(usize, &[u8]) -> Behaviour,
    count: AtomicUsize,
}

impl Peer {
    fn speaking(newest: SslVersion, behave: fn(usize, &[u8]) -> Behaviour) -> Self {
        let own = key();
        let mut builder = SslAcceptor::mozilla_intermediate(SslMethod::tls()).expect("a builder");
        builder.set_cipher_list("ALL:@SECLEVEL=0").expect("ciphers");
        builder.set_min_proto_version(Some(SslVersion::TLS1)).expect("a version");
        builder.set_max_proto_version(Some(newest)).expect("a version");
        builder.set_certificate(&certificate(&name("Peer", HOST), &own, None, Some(HOST))).expect("a certificate");
        builder.set_private_key(&own).expect("a key");
        Self { acceptor: builder.build(), behave, count: AtomicUsize::new(1) }
    }
}

impl handshake_retry::Redial for Peer {
    async fn redial(&self) -> Option<BoxStream> {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let (behave, acceptor) = (self.behave, self.acceptor.clone());
        let (ours, mut theirs) = duplex(16 * 1024);
        tokio::spawn(async move {
            let mut hello = vec![0; 4096];
            let length = theirs.read(&mut hello).await?;
            hello.truncate(length);
            match behave(number, &hello) {
                Behaviour::HungUp => {}
                Behaviour::Silent => tokio::time::sleep(Duration::from_secs(60)).await,
                Behaviour::Answered => {
                    let (reading, writing) = tokio::io::split(theirs);
                    let whole = tokio::io::join(io::Cursor::new(hello).chain(reading), writing);
                    let mut secured = SslStream::new(Ssl::new(acceptor.context())?, whole)?;
                    Pin::new(&mut secured).accept().await.map_err(io::Error::other)?;
                    let _ = secured.read_u8().await;
                }
            }
            Ok::<_, io::Error>(())
        });
        Some(Box::new(ours))
    }
}

fn names_the_host(hello: &[u8]) -> bool {
    hello.windows(HOST.len()).any(|bytes| bytes == HOST.as_bytes())
}

/// Reports whether TLS 1.2, 1.1 and 1.0 stand in the list of versions.
fn takes_old_versions(hello: &[u8]) -> bool {
    hello.windows(6).any(|bytes| bytes == [3, 3, 3, 2, 3, 1])
}

#[tokio::test]
async fn handshake_retry_tells_why_a_handshake_was_not_answered() {
    use Behaviour::{Answered, HungUp, Silent};
    let once = "asked once more, the server begins to answer";
    let nameless = "a handshake that names no server is answered";
    let old = "a handshake that allows old versions is answered in TLSv1.1; issuer ";
    for (what, newest, behave, met, reason, words) in [
        (
            "one bad connection",
            SslVersion::TLS1_3,
            (|_, _| Answered) as fn(usize, &[u8]) -> Behaviour,
            "closed",
            Reason::TlsClosed,
            once,
        ),
        (
            "every other connection",
            SslVersion::TLS1_3,
            |n, _| if n % 2 == 0 { HungUp } else { Answered },
            "closed",
            Reason::TlsClosed,
            once,
        ),
        (
            "two of three connections",
            SslVersion::TLS1_3,
            |n, _| if n % 3 == 2 { Answered } else { HungUp },
            "closed",
            Reason::TlsClosed,
            "",
        ),
        (
            "a filter that hangs up",
            SslVersion::TLS1_3,
            |_, hello| if names_the_host(hello) { HungUp } else { Answered },
            "closed",
            Reason::TlsNameFiltered,
            nameless,
        ),
        (
            "a filter that is silent",
            SslVersion::TLS1_2,
            |_, hello| if names_the_host(hello) { Silent } else { Answered },
            "silent",
            Reason::TlsNameFiltered,
            nameless,
        ),
        (
            "an old device",
            SslVersion::TLS1_1,
            |_, hello| if takes_old_versions(hello) { Answered } else { HungUp },
            "closed",
            Reason::TlsProtocolTooOld,
            old,
        ),
        ("nobody", SslVersion::TLS1_3, |_, _| HungUp, "closed", Reason::TlsClosed, ""),
        ("nobody", SslVersion::TLS1_3, |_, _| Silent, "silent", Reason::TlsTimedOut, ""),
    ] {
        let connector = Connector::new(&RootStore::default(), None).expect("a trust store");
        let peer = Peer::speaking(newest, behave);
        let fault = Fault::new(if met == "silent" { Reason::TlsTimedOut } else { Reason::TlsClosed });
        let retry = handshake_retry::HandshakeRetry { tls: &connector, host: HOST, dial: peer, limit: Duration::from_secs(2) };
        let explained = retry.explain(fault, None).await;
        let heard = explained.evidence.heard.unwrap_or_default();
        assert_eq!(explained.reason, reason, "{what}: {heard}");
        assert!(heard.contains(words) && heard.is_empty() == words.is_empty(), "{what}: {heard}");
    }
}
