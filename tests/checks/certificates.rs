//! Peers whose TLS is as Microsoft's, or wrong in one way, below OpenSSL's own standards where it must be.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use openssl::asn1::Asn1Time;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::ssl::{SslAcceptor, SslMethod, SslVerifyMode, SslVersion};
use openssl::x509::extension::{BasicConstraints, ExtendedKeyUsage, SubjectAlternativeName};
use openssl::x509::{X509, X509NameBuilder};

/// A flaw of a server's TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    Expired,
    NotYetValid,
    WrongName,
    SelfSigned,
    Untrusted,
    /// The right name in the subject, and no alternative name.
    NameInSubject,
    /// A key of 1024 bits.
    Weak,
    /// A certificate for clients, not for servers.
    WrongPurpose,
    /// That of the authority in between has expired.
    ExpiredAuthority,
    /// That of the authority in between is not shown.
    Alone,
    /// A good certificate with TLS 1.1 as the newest version.
    Old,
    /// A good certificate, and with TLS 1.2 one is wanted from clients.
    Demanding12,
    /// The same with TLS 1.3.
    Demanding13,
}

/// A certificate authority, trusted by those who are given its file.
pub struct Trusted {
    key: PKey<Private>,
    root: X509,
    file: PathBuf,
}

impl Drop for Trusted {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.file);
    }
}

impl Trusted {
    pub fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let key = strong();
        let root = certificate("Trusted Root", &key, None, (-400, 30), &[]);
        let file = format!("m365-flaws-{}-{}.pem", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let file = std::env::temp_dir().join(file);
        std::fs::write(&file, root.to_pem().unwrap()).unwrap();
        Self { key, root, file }
    }

    pub fn file(&self) -> &Path {
        &self.file
    }

    fn acceptor(&self, flaw: Option<Flaw>) -> SslAcceptor {
        let stranger = strong();
        let strange_root = certificate("Inspecting Device", &stranger, None, (-1, 30), &[]);
        let own = if flaw == Some(Flaw::Weak) { PKey::from_rsa(Rsa::generate(1024).unwrap()).unwrap() } else { strong() };
        let between = strong();
        let days = if flaw == Some(Flaw::ExpiredAuthority) { (-30, -1) } else { (-1, 30) };
        let authority = certificate("Authority In Between", &between, Some((&self.root, &self.key)), days, &[]);
        let issuer = match flaw {
            Some(Flaw::SelfSigned) => None,
            Some(Flaw::Untrusted) => Some((&strange_root, &stranger)),
            Some(Flaw::ExpiredAuthority | Flaw::Alone) => Some((&authority, &between)),
            _ => Some((&self.root, &self.key)),
        };
        let days = match flaw {
            Some(Flaw::Expired) => (-30, -1),
            Some(Flaw::NotYetValid) => (1, 30),
            _ => (-1, 30),
        };
        let name = if flaw == Some(Flaw::WrongName) { "mail.fabrikam.example" } else { "localhost" };
        let purpose = (flaw == Some(Flaw::WrongPurpose)).then_some("clientAuth");
        let leaf = match flaw {
            Some(Flaw::NameInSubject) => certificate("localhost", &own, issuer, days, &[]),
            _ => made("The Peer", &own, issuer, days, &[name], purpose),
        };
        // The older of these two profiles still has TLS 1.1; the newer one alone has 1.3.
        let mut builder = match flaw {
            Some(flaw) if flaw != Flaw::Demanding13 => SslAcceptor::mozilla_intermediate(SslMethod::tls()).unwrap(),
            _ => SslAcceptor::mozilla_intermediate_v5(SslMethod::tls()).unwrap(),
        };
        builder.set_cipher_list("ALL:@SECLEVEL=0").unwrap();
        if flaw == Some(Flaw::Old) {
            builder.set_min_proto_version(Some(SslVersion::TLS1)).unwrap();
            builder.set_max_proto_version(Some(SslVersion::TLS1_1)).unwrap();
        }
        if matches!(flaw, Some(Flaw::Demanding12 | Flaw::Demanding13)) {
            builder.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
        }
        if flaw == Some(Flaw::ExpiredAuthority) {
            builder.add_extra_chain_cert(authority).unwrap();
        }
        builder.set_private_key(&own).unwrap();
        builder.set_certificate(&leaf).unwrap();
        builder.build()
    }

    /// A peer with that flaw; its port. `before` are the answers it has before TLS, `after` those behind it: the first to
    /// nothing, each further one to a line.
    pub fn serve(&self, flaw: Option<Flaw>, before: &'static [&'static str], after: &'static [&'static str]) -> u16 {
        let acceptor = self.acceptor(flaw);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        // Ends with the test program; a client that goes away is answered no more.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let _ = converse(&stream, &acceptor, before, after);
            }
        });
        port
    }
}

fn converse(stream: &TcpStream, acceptor: &SslAcceptor, before: &[&str], after: &[&str]) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    play(&mut stream.try_clone()?, before)?;
    if let Ok(mut secured) = acceptor.accept(stream.try_clone()?) {
        play(&mut secured, after)?;
        secured.read_to_end(&mut Vec::new())?;
    }
    Ok(())
}

fn play(stream: &mut (impl Read + Write), answers: &[&str]) -> std::io::Result<()> {
    for (at, answer) in answers.iter().enumerate() {
        let mut line = Vec::new();
        while at > 0 && !line.ends_with(b"\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte)?;
            line.extend(byte);
        }
        stream.write_all(answer.as_bytes())?;
    }
    Ok(())
}

fn strong() -> PKey<Private> {
    let curve = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    PKey::from_ec_key(EcKey::generate(&curve).unwrap()).unwrap()
}

/// An authority where it has no `names`, else a server's certificate.
fn certificate(
    name: &str,
    key: &PKey<Private>,
    issuer: Option<(&X509, &PKey<Private>)>,
    days: (i64, i64),
    names: &[&str],
) -> X509 {
    made(name, key, issuer, days, names, None)
}

/// The same for a purpose of its own.
fn made(
    name: &str,
    key: &PKey<Private>,
    issuer: Option<(&X509, &PKey<Private>)>,
    days: (i64, i64),
    names: &[&str],
    purpose: Option<&str>,
) -> X509 {
    let mut subject = X509NameBuilder::new().unwrap();
    subject.append_entry_by_nid(Nid::COMMONNAME, name).unwrap();
    let subject = subject.build();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs().cast_signed();
    let day = |days: i64| Asn1Time::from_unix(now + days * 86_400).unwrap();
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    builder.set_subject_name(&subject).unwrap();
    builder.set_issuer_name(issuer.map_or(&subject, |(issuer, _)| issuer.subject_name())).unwrap();
    builder.set_pubkey(key).unwrap();
    builder.set_not_before(&day(days.0)).unwrap();
    builder.set_not_after(&day(days.1)).unwrap();
    if names.is_empty() {
        builder.append_extension(BasicConstraints::new().critical().ca().build().unwrap()).unwrap();
    } else {
        let mut alternatives = SubjectAlternativeName::new();
        for name in names {
            alternatives.dns(name);
        }
        let alternatives = alternatives.build(&builder.x509v3_context(None, None)).unwrap();
        builder.append_extension(alternatives).unwrap();
    }
    if let Some(purpose) = purpose {
        builder.append_extension(ExtendedKeyUsage::new().other(purpose).build().unwrap()).unwrap();
    }
    builder.sign(issuer.map_or(key, |(_, key)| key), MessageDigest::sha256()).unwrap();
    builder.build()
}
