//! Accepts TLS for our own pages.
//!
//! Through OpenSSL itself: native-tls, and with it async-native-tls, switches TLS 1.3 off where it accepts, and asks for no
//! client certificates.

use std::io;
use std::pin::Pin;

use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};
use openssl::ssl::{Ssl, SslAcceptor, SslAcceptorBuilder, SslMethod, SslOptions, SslVerifyMode, SslVersion};
use openssl::x509::X509;
use openssl::x509::store::X509StoreBuilder;
use tokio_openssl::SslStream;

use crate::config::{ClientCertificate, TlsTerms, TlsVersion};
use crate::net::{BoxStream, Stream};

/// An acceptor of TLS connections, built once and shared.
#[derive(Clone)]
pub struct Acceptor(SslAcceptor);

impl std::fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Acceptor")
    }
}

impl From<TlsVersion> for SslVersion {
    fn from(version: TlsVersion) -> Self {
        match version {
            TlsVersion::Tls10 => Self::TLS1,
            TlsVersion::Tls11 => Self::TLS1_1,
            TlsVersion::Tls12 => Self::TLS1_2,
            TlsVersion::Tls13 => Self::TLS1_3,
        }
    }
}

impl Acceptor {
    /// Builds an acceptor on these terms.
    ///
    /// # Errors
    /// A message: certificate or key cannot be read, or they do not belong together.
    pub fn new(terms: &TlsTerms) -> Result<Self, String> {
        // Without a callback OpenSSL would ask for the password of a key at the terminal.
        let key = PKey::private_key_from_pem_callback(terms.key.expose().as_bytes(), |_| Ok(0));
        let key = key.map_err(|_| "the file of `key_file` holds no private key in PEM; it must have no password")?;
        let chain = certificates(&terms.chain).ok_or("the file of `cert_file` holds no certificate in PEM")?;
        if !chain.first().is_some_and(|own| own.public_key().is_ok_and(|public| public.public_eq(&key))) {
            return Err("the key does not belong to the first certificate; put the server's own certificate first".to_owned());
        }
        let issuers = match &terms.issuers {
            None => Vec::new(),
            Some(pem) => certificates(pem).ok_or("the file of `client_ca_file` holds no certificate in PEM")?,
        };
        let built = build(&chain, &key, terms, issuers);
        built.map(Self).map_err(|error| format!("cannot accept TLS with this certificate: {error}"))
    }

    /// Accepts TLS over `stream`.
    ///
    /// # Errors
    /// OpenSSL's error for a handshake that failed.
    pub async fn accept(&self, stream: impl Stream + 'static) -> io::Result<BoxStream> {
        let ssl = Ssl::new(self.0.context()).map_err(io::Error::other)?;
        let mut secured = SslStream::new(ssl, stream).map_err(io::Error::other)?;
        Pin::new(&mut secured).accept().await.map_err(io::Error::other)?;
        Ok(Box::new(secured))
    }
}

fn certificates(pem: &[u8]) -> Option<Vec<X509>> {
    X509::stack_from_pem(pem).ok().filter(|certificates| !certificates.is_empty())
}

/// Builds the acceptor by Mozilla's intermediate recommendation, version 5, with the versions asked for.
fn build(chain: &[X509], key: &PKey<Private>, terms: &TlsTerms, issuers: Vec<X509>) -> Result<SslAcceptor, ErrorStack> {
    let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server())?;
    builder.clear_options(SslOptions::NO_TLSV1 | SslOptions::NO_TLSV1_1);
    let (oldest, newest) = terms.versions;
    builder.set_min_proto_version(Some(oldest.into()))?;
    builder.set_max_proto_version(Some(newest.into()))?;
    for (index, certificate) in chain.iter().enumerate() {
        if index == 0 {
            builder.set_certificate(certificate)?;
        } else {
            builder.add_extra_chain_cert(certificate.clone())?;
        }
    }
    builder.set_private_key(key)?;
    ask_clients(&mut builder, terms.clients, issuers)?;
    Ok(builder.build())
}

fn ask_clients(builder: &mut SslAcceptorBuilder, clients: ClientCertificate, issuers: Vec<X509>) -> Result<(), ErrorStack> {
    if clients == ClientCertificate::None {
        return Ok(());
    }
    // Where certificates are asked for, OpenSSL resumes a session only if it knows whose it was.
    builder.set_session_id_context(b"m365-probe")?;
    let mut store = X509StoreBuilder::new()?;
    for issuer in issuers {
        builder.add_client_ca(&issuer)?;
        store.add_cert(issuer)?;
    }
    builder.set_verify_cert_store(store.build())?;
    let mut mode = SslVerifyMode::PEER;
    if matches!(clients, ClientCertificate::Any | ClientCertificate::Verified) {
        mode |= SslVerifyMode::FAIL_IF_NO_PEER_CERT;
    }
    if clients.is_verified() {
        builder.set_verify(mode);
    } else {
        builder.set_verify_callback(mode, |_, _| true); // whoever issued it
    }
    Ok(())
}
