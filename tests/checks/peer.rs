//! Servers on loopback that play a script, with certificates made for the test.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use openssl::asn1::Asn1Time;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::x509::extension::{BasicConstraints, SubjectAlternativeName};
use openssl::x509::{X509, X509NameBuilder};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_native_tls::{TlsAcceptor, native_tls};

use m365_probe::check::Means;
use m365_probe::net::BoxStream;
use m365_probe::settings::Network;

/// A step of a scripted peer.
#[derive(Clone, Copy, Debug)]
pub enum Act {
    /// Sends this.
    Say(&'static str),
    /// Reads a line.
    Hear,
    /// Reads lines up to an empty one.
    HearHead,
    /// Accepts TLS.
    Tls,
    /// Connects further, to this port.
    Tunnel(u16),
    /// Hangs up. Without it the peer waits for the other side to do so.
    Close,
}

/// An authority, and a certificate of its for `localhost` and `login.example`.
pub struct Authority {
    acceptor: Arc<TlsAcceptor>,
    ca_file: PathBuf,
}

impl Drop for Authority {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.ca_file);
    }
}

impl Authority {
    pub fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let curve = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).expect("a curve");
        let key = PKey::from_ec_key(EcKey::generate(&curve).expect("a key")).expect("a key");
        let root = certificate("Test Root", &key, None, true);
        let leaf = certificate("localhost", &key, Some(&root), false);
        let pem = leaf.to_pem().expect("PEM");
        let identity =
            native_tls::Identity::from_pkcs8(&pem, &key.private_key_to_pem_pkcs8().expect("PEM")).expect("an identity");
        let acceptor = native_tls::TlsAcceptor::new(identity).expect("an acceptor");
        let name = format!("m365-probe-{}-{}.pem", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let ca_file = std::env::temp_dir().join(name);
        std::fs::write(&ca_file, root.to_pem().expect("PEM")).expect("written");
        Self { acceptor: Arc::new(acceptor.into()), ca_file }
    }

    /// A network that trusts this authority, and where `localhost` is the address these servers listen on: hosts files
    /// differ in whether it is `::1` too.
    pub fn trusted(&self) -> Network {
        let resolve = [("localhost".to_owned(), IpAddr::from([127, 0, 0, 1]))].into();
        Network { ca_file: Some(self.ca_file.clone()), resolve, ..Network::default() }
    }

    /// The means of such a network.
    pub fn means(&self) -> Means {
        Means::new(&self.trusted()).expect("a trust store")
    }

    /// A server that plays `acts` for everybody who connects; its port.
    pub async fn serve(&self, acts: &[Act]) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let (acts, acceptor) = (acts.to_vec(), Arc::clone(&self.acceptor));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acts, acceptor) = (acts.clone(), Arc::clone(&acceptor));
                tokio::spawn(async move { play(&acts, Box::new(stream), &acceptor).await });
            }
        });
        port
    }
}

/// `None` when the other side went away.
async fn play(acts: &[Act], mut stream: BoxStream, acceptor: &TlsAcceptor) -> Option<()> {
    for act in acts {
        match act {
            Act::Say(text) => stream.write_all(text.as_bytes()).await.ok()?,
            Act::Hear => hear(&mut stream, b"\n").await?,
            Act::HearHead => hear(&mut stream, b"\r\n\r\n").await?,
            Act::Tls => stream = Box::new(acceptor.accept(stream).await.ok()?),
            Act::Tunnel(port) => {
                let mut onward = TcpStream::connect(("127.0.0.1", *port)).await.ok()?;
                tokio::io::copy_bidirectional(&mut stream, &mut onward).await.ok()?;
            }
            Act::Close => return Some(()),
        }
    }
    tokio::io::copy(&mut stream, &mut tokio::io::sink()).await.ok().map(drop)
}

async fn hear(stream: &mut BoxStream, end: &[u8]) -> Option<()> {
    let mut received = Vec::new();
    while !received.ends_with(end) {
        received.push(stream.read_u8().await.ok()?);
    }
    Some(())
}

fn certificate(name: &str, key: &PKey<Private>, issuer: Option<&X509>, authority: bool) -> X509 {
    let mut subject = X509NameBuilder::new().expect("a name");
    subject.append_entry_by_nid(Nid::COMMONNAME, name).expect("a name");
    let subject = subject.build();
    let mut builder = X509::builder().expect("a builder");
    builder.set_version(2).expect("version 3");
    builder.set_subject_name(&subject).expect("a subject");
    builder.set_issuer_name(issuer.map_or(&subject, |issuer| issuer.subject_name())).expect("an issuer");
    builder.set_pubkey(key).expect("a key");
    builder.set_not_before(&Asn1Time::days_from_now(0).expect("a time")).expect("a time");
    builder.set_not_after(&Asn1Time::days_from_now(30).expect("a time")).expect("a time");
    if authority {
        builder.append_extension(BasicConstraints::new().critical().ca().build().expect("built")).expect("added");
    } else {
        let mut names = SubjectAlternativeName::new();
        names.dns("localhost").dns("login.example");
        let names = names.build(&builder.x509v3_context(None, None)).expect("built");
        builder.append_extension(names).expect("added");
    }
    builder.sign(key, MessageDigest::sha256()).expect("signed");
    builder.build()
}
