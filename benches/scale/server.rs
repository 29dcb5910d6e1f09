//! A light server for `benches/scale/run`: a token endpoint, POP3, IMAP and SMTP for any mailbox, as cheap as can be.
//!
//! `scale_server DIRECTORY healthy|refused` makes one certificate, writes it and the ports as JSON into the directory, and serves
//! until its standard input ends. TLS is OpenSSL's own, so a build without optimisation does.

#![allow(clippy::print_stdout)] // its usage

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::ssl::{SslAcceptor, SslMethod};
use openssl::x509::extension::{BasicConstraints, SubjectAlternativeName};
use openssl::x509::{X509, X509NameBuilder};

const NAMES: [&str; 3] = ["login.microsoftonline.com", "outlook.office365.com", "smtp.office365.com"];

/// A conversation over TLS.
type Talk = fn(&mut dyn Stream, bool) -> io::Result<()>;

trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [directory, mode] = &arguments[..] else {
        println!("usage: scale_server DIRECTORY healthy|refused; benches/scale/run runs it");
        return;
    };
    let (certificate, key) = certificate().expect("a certificate");
    fs::write(Path::new(directory).join("ca.pem"), certificate.to_pem().expect("PEM")).expect("the directory is writable");
    let acceptor = Arc::new(acceptor(&certificate, &key).expect("an acceptor"));
    let works = mode == "healthy";
    let ports = [
        ("login", listen(&acceptor, works, token)),
        ("pop3", listen(&acceptor, works, pop3)),
        ("imap", listen(&acceptor, works, imap)),
        ("smtp", listen_smtp(&acceptor, works)),
        ("hanging", listen_silent()),
    ];
    let ports: serde_json::Map<_, _> = ports.into_iter().map(|(name, port)| (name.to_owned(), port.into())).collect();
    fs::write(Path::new(directory).join("ports.json"), serde_json::Value::from(ports).to_string()).expect("written");
    let _ = io::copy(&mut io::stdin(), &mut io::sink());
}

/// Serves each connection to a port of its own on a thread, and returns the port.
fn serve(connection: impl Fn(TcpStream) + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    let connection = Arc::new(connection);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let connection = Arc::clone(&connection);
            let _ = stream.set_nodelay(true);
            // Where no thread is to be had, the client meets a closed connection.
            let _ = thread::Builder::new().stack_size(256 * 1024).spawn(move || connection(stream));
        }
    });
    port
}

fn listen(acceptor: &Arc<SslAcceptor>, works: bool, talk: Talk) -> u16 {
    let acceptor = Arc::clone(acceptor);
    serve(move |stream| {
        if let Ok(mut stream) = acceptor.accept(stream) {
            let _ = talk(&mut stream, works);
            let _ = stream.shutdown();
        }
    })
}

fn listen_smtp(acceptor: &Arc<SslAcceptor>, works: bool) -> u16 {
    let acceptor = Arc::clone(acceptor);
    serve(move |mut stream| {
        let begun = smtp_in_the_clear(&mut stream);
        if let (Ok(()), Ok(mut stream)) = (begun, acceptor.accept(stream)) {
            let _ = smtp(&mut stream, works);
            let _ = stream.shutdown();
        }
    })
}

/// Accepts connections and never says a word, until the client has hung up.
fn listen_silent() -> u16 {
    serve(|mut stream| {
        let _ = io::copy(&mut stream, &mut io::sink());
    })
}

/// Calls `reply` with each line of the client and writes what it returns; the last one is that to QUIT or LOGOUT.
fn converse(stream: &mut dyn Stream, mut reply: impl FnMut(&str) -> Option<String>) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let Some(text) = reply(line.trim_end()) else { return Ok(()) };
        reader.get_mut().write_all(text.as_bytes())?;
    }
}

fn token(stream: &mut dyn Stream, _: bool) -> io::Result<()> {
    let mut reader = BufReader::new(&mut *stream);
    let (mut line, mut length) = (String::new(), 0);
    while reader.read_line(&mut line)? > 2 {
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        line.clear();
    }
    io::copy(&mut reader.take(length), &mut io::sink())?;
    let expires = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + Duration::from_secs(3599);
    let claims = format!(
        r#"{{"aud":"https://outlook.office365.com","exp":{},"roles":["POP.AccessAsApp","IMAP.AccessAsApp","SMTP.SendAsApp"]}}"#,
        expires.as_secs()
    );
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let token = format!("{}.{}.{}", part(r#"{"alg":"RS256","typ":"JWT"}"#), part(&claims), part("signature"));
    let body = format!(r#"{{"token_type":"Bearer","expires_in":3599,"access_token":"{token}"}}"#);
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nConnection: close\r\n";
    write!(stream, "{head}Content-Length: {}\r\n\r\n{body}", body.len())
}

fn pop3(stream: &mut dyn Stream, works: bool) -> io::Result<()> {
    stream.write_all(b"+OK The Microsoft Exchange POP3 service is ready.\r\n")?;
    converse(stream, |line| {
        let reply = match line {
            "AUTH XOAUTH2" => "+ \r\n",
            "STAT" => "+OK 12 345678\r\n",
            "QUIT" => "+OK\r\n",
            _ if works => "+OK User successfully authenticated.\r\n",
            _ => "-ERR Authentication failure: unknown user name or bad password.\r\n",
        };
        Some(reply.to_owned())
    })
}

fn imap(stream: &mut dyn Stream, accepts: bool) -> io::Result<()> {
    stream.write_all(b"* OK The Microsoft Exchange IMAP4 service is ready.\r\n")?;
    let mut tag = String::new();
    converse(stream, |line| {
        let mut words = line.split(' ');
        let (first, command) = (words.next().unwrap_or_default(), words.next().unwrap_or_default().to_ascii_uppercase());
        if !command.is_empty() {
            first.clone_into(&mut tag);
        }
        Some(match &*command {
            "CAPABILITY" => format!("* CAPABILITY IMAP4rev1 AUTH=XOAUTH2 SASL-IR\r\n{tag} OK done\r\n"),
            "AUTHENTICATE" if words.next().is_some() && words.next().is_none() => "+ \r\n".to_owned(),
            "STATUS" => format!("* STATUS INBOX (MESSAGES 12 UNSEEN 3)\r\n{tag} OK done\r\n"),
            "LOGOUT" => format!("* BYE\r\n{tag} OK done\r\n"),
            _ if accepts => format!("{tag} OK done\r\n"),
            _ => format!("{tag} NO AUTHENTICATE failed.\r\n"),
        })
    })
}

fn smtp_in_the_clear(stream: &mut TcpStream) -> io::Result<()> {
    stream.write_all(b"220 smtp.office365.com ready\r\n")?;
    let mut upgrade = false;
    while !upgrade {
        // One byte at a time: what comes behind STARTTLS is TLS's.
        let (mut line, mut byte) = (Vec::new(), [0]);
        while !line.ends_with(b"\n") {
            stream.read_exact(&mut byte)?;
            line.push(byte[0]);
        }
        upgrade = line.eq_ignore_ascii_case(b"STARTTLS\r\n");
        stream.write_all(if upgrade { b"220 go on\r\n" } else { b"250-smtp.office365.com\r\n250 STARTTLS\r\n" })?;
    }
    Ok(())
}

fn smtp(stream: &mut dyn Stream, accepts: bool) -> io::Result<()> {
    converse(stream, |line| {
        let reply = match line.get(..4).unwrap_or(line) {
            "EHLO" => "250-smtp.office365.com\r\n250 AUTH XOAUTH2\r\n",
            "QUIT" => "221 bye\r\n",
            _ if line == "AUTH XOAUTH2" => "334 \r\n",
            _ if accepts => "235 2.7.0 Authentication successful\r\n",
            _ => "535 5.7.3 Authentication unsuccessful\r\n",
        };
        Some(reply.to_owned())
    })
}

/// A certificate for every name, which is its own authority.
fn certificate() -> Result<(X509, PKey<Private>), ErrorStack> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
    let key = PKey::from_ec_key(EcKey::generate(&group)?)?;
    let mut name = X509NameBuilder::new()?;
    name.append_entry_by_text("CN", "m365-probe benches/scale")?;
    let name = name.build();
    let mut builder = X509::builder()?;
    builder.set_version(2)?;
    builder.set_serial_number(&*BigNum::from_u32(1)?.to_asn1_integer()?)?;
    builder.set_subject_name(&name)?;
    builder.set_issuer_name(&name)?;
    builder.set_pubkey(&key)?;
    builder.set_not_before(&*Asn1Time::days_from_now(0)?)?;
    builder.set_not_after(&*Asn1Time::days_from_now(60)?)?;
    builder.append_extension(BasicConstraints::new().critical().ca().build()?)?;
    let mut names = SubjectAlternativeName::new();
    for name in NAMES {
        names.dns(name);
    }
    let names = names.build(&builder.x509v3_context(None, None))?;
    builder.append_extension(names)?;
    builder.sign(&key, MessageDigest::sha256())?;
    Ok((builder.build(), key))
}

fn acceptor(certificate: &X509, key: &PKey<Private>) -> Result<SslAcceptor, ErrorStack> {
    let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server())?;
    acceptor.set_certificate(certificate)?;
    acceptor.set_private_key(key)?;
    Ok(acceptor.build())
}
