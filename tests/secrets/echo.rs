//! Servers on loopback that repeat whatever they receive, and the secrets of earlier requests.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::TcpListener;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use openssl::asn1::Asn1Time;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::PKey;
use openssl::ssl::{SslAcceptor, SslMethod};
use openssl::x509::extension::SubjectAlternativeName;
use openssl::x509::{X509, X509NameBuilder};

use crate::scene::{CLIENT_SECRET, payload, token};

/// The behaviour of the token endpoint.
#[derive(Clone, Copy, Debug)]
pub enum Login {
    /// Refuses, and quotes the request.
    Refuses,
    /// Grants a token, and quotes the secret beside it.
    Grants,
}

pub trait Stream: Read + Write {}
impl<S: Read + Write> Stream for S {}

/// The self-signed certificate of all these servers, in whose subject the client secret stands.
pub struct Authority {
    acceptor: SslAcceptor,
    pem: Vec<u8>,
}

impl Authority {
    pub fn new() -> Self {
        let key = PKey::from_ec_key(EcKey::generate(&EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap()).unwrap()).unwrap();
        let mut name = X509NameBuilder::new().unwrap();
        name.append_entry_by_nid(Nid::COMMONNAME, CLIENT_SECRET).unwrap();
        let name = name.build();
        let mut builder = X509::builder().unwrap();
        builder.set_version(2).unwrap();
        builder.set_subject_name(&name).unwrap();
        builder.set_issuer_name(&name).unwrap();
        builder.set_pubkey(&key).unwrap();
        builder.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
        builder.set_not_after(&Asn1Time::days_from_now(1).unwrap()).unwrap();
        let names = SubjectAlternativeName::new().dns("localhost").build(&builder.x509v3_context(None, None)).unwrap();
        builder.append_extension(names).unwrap();
        builder.sign(&key, MessageDigest::sha256()).unwrap();
        let certificate = builder.build();
        let mut acceptor = SslAcceptor::mozilla_intermediate(SslMethod::tls()).unwrap();
        acceptor.set_private_key(&key).unwrap();
        acceptor.set_certificate(&certificate).unwrap();
        Self { acceptor: acceptor.build(), pem: certificate.to_pem().unwrap() }
    }

    pub fn pem(&self) -> &[u8] {
        &self.pem
    }

    /// Starts a token endpoint and returns its port.
    pub fn login(&self, login: Login) -> u16 {
        self.serve(move |stream| {
            let received = request(stream)?;
            let quoted = received.replace(['\r', '\n', '"', '\\'], " ");
            let headers = format!("x-ms-request-id: {CLIENT_SECRET}\r\nx-ms-ests-server: {quoted:.3000}\r\n");
            let (status, body) = match login {
                Login::Refuses => (
                    "401 Unauthorized",
                    format!(
                        r#"{{"error":"invalid_client","error_description":"AADSTS7000215: {quoted} {CLIENT_SECRET}","correlation_id":"{CLIENT_SECRET}","trace_id":"{quoted}"}}"#
                    ),
                ),
                Login::Grants => {
                    ("200 OK", format!(r#"{{"token_type":"Bearer","expires_in":3599,"access_token":"{}"}}"#, token()))
                }
            };
            answer(stream, status, &format!("{headers}content-type: application/json\r\n"), &body)
        })
    }

    /// Starts an EWS endpoint and returns its port.
    pub fn ews(&self) -> u16 {
        self.serve(|stream| {
            let received = request(stream)?;
            let quoted = received.replace(['\r', '\n'], " ");
            let headers = format!(
                "x-ms-diagnostics: 2000003;reason=\"{quoted}\"\r\nrequest-id: {}\r\nx-feserver: {}\r\n",
                token(),
                token()
            );
            answer(stream, "401 Unauthorized", &headers, &received)
        })
    }

    /// Starts a mail server that greets with `hello` and answers as POP3, IMAP and SMTP do; returns its port.
    pub fn mail(&self, hello: &'static str) -> u16 {
        self.serve(move |stream| {
            let mut reading = BufReader::new(stream);
            write!(reading.get_mut(), "{hello}{}.x {} ready\r\n", token(), payload())?;
            let mut received = String::new();
            loop {
                let mut line = String::new();
                if reading.read_line(&mut line)? == 0 {
                    return Ok(());
                }
                let line = line.trim_end();
                received += line;
                let encoded = BASE64_STANDARD.encode(format!("x{received}"));
                let reply = match line.split(' ').collect::<Vec<_>>()[..] {
                    ["AUTH", "XOAUTH2"] => "+ ".to_owned(),
                    ["EHLO", ..] => format!("250-{}.x Hello\r\n250-{encoded}\r\n250 AUTH XOAUTH2", token()),
                    ["AUTH", ..] => format!("334 {}", BASE64_STANDARD.encode(&received)),
                    [tag, "AUTHENTICATE", ..] => {
                        format!("* OK {received}\r\n{tag} NO [{received}] {encoded} [Error=\"{received}\" Proxy={received}]")
                    }
                    [""] => format!("535 5.7.3 {received} [{}.x 2023-02-06T21:34:15.820Z {}]", token(), token()),
                    _ => format!("-ERR [{received}] {encoded} {}", received.to_uppercase()),
                };
                write!(reading.get_mut(), "{reply}\r\n")?;
            }
        })
    }

    /// Starts a mail server that refuses everybody in its greeting, and quotes there the client secret, which it knows from elsewhere;
    /// returns its port.
    pub fn knowing(&self, refusal: &'static str) -> u16 {
        self.serve(move |stream| {
            let encoded = BASE64_STANDARD.encode(format!("xy{CLIENT_SECRET}"));
            write!(stream, "{refusal} {CLIENT_SECRET} {encoded} [{CLIENT_SECRET}.x]\r\n")?;
            stream.flush()
        })
    }

    pub fn serve(&self, converse: impl Fn(&mut dyn Stream) -> std::io::Result<()> + Send + 'static) -> u16 {
        listen(Some(self.acceptor.clone()), converse)
    }
}

/// Starts an HTTP proxy without TLS that refuses, and returns its port.
pub fn proxy() -> u16 {
    listen(None, |stream| {
        let received = request(stream)?;
        answer(stream, &format!("403 {}", received.replace(['\r', '\n'], " ")), "", "")
    })
}

/// Serves one client after the other until the test program ends.
pub fn listen(acceptor: Option<SslAcceptor>, converse: impl Fn(&mut dyn Stream) -> std::io::Result<()> + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = match &acceptor {
                Some(acceptor) => acceptor.accept(stream).map_or(Ok(()), |mut stream| converse(&mut stream)),
                None => converse(&mut stream),
            };
        }
    });
    port
}

/// Reads an HTTP request, head and body.
pub fn request(stream: &mut dyn Stream) -> std::io::Result<String> {
    let mut reading = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reading.read_line(&mut line)? == 0 || line == "\r\n" {
            break;
        }
        if let Some(count) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = count.trim().parse().unwrap_or(0);
        }
        head += &line;
    }
    let mut body = vec![0; length];
    reading.read_exact(&mut body)?;
    Ok(head + &String::from_utf8_lossy(&body))
}

pub fn answer(stream: &mut dyn Stream, status: &str, headers: &str, body: &str) -> std::io::Result<()> {
    write!(stream, "HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n{body}", body.len())?;
    stream.flush()
}
