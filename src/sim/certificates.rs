//! The certificates: an authority made at start, the certificate everything is served with, and the wrong ones.

use async_native_tls::TlsAcceptor;
use openssl::ec::{EcGroup, EcKey};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkcs12::Pkcs12;
use openssl::pkey::{PKey, Private};
use openssl::x509::extension::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAlternativeName, SubjectKeyIdentifier,
};
use openssl::x509::{X509, X509Name, X509NameBuilder};

use super::blank_certificate::{blank, validity};
use super::fault::{Fault, Service};
use super::tenant::CLUSTER;

/// Names the tenant plays: Microsoft's own, and those of this machine.
pub(super) const NAMES: &[&str] = &[
    "login.microsoftonline.com",
    "login.windows.net",
    "outlook.office365.com",
    "outlook.office.com",
    "smtp.office365.com",
    "graph.microsoft.com",
    "localhost",
];

/// The owner of these certificates.
const ORGANISATION: &str = "m365-probe simulated tenant";

/// The acceptors of TLS connections, each of which is built once.
pub(super) struct Certificates {
    /// The authority's certificate, PEM.
    pub authority: String,
    good: TlsAcceptor,
    wrong: Vec<(Fault, TlsAcceptor)>,
}

impl Certificates {
    /// A new authority of that organisation and name, and all it issues.
    pub(super) async fn new((organisation, name): &(String, String)) -> Result<Self, String> {
        let (authority, shapes) = issue(organisation, name).map_err(|error| format!("cannot make certificates: {error}"))?;
        let mut acceptors = Vec::new();
        for (fault, pkcs12) in shapes {
            let acceptor = TlsAcceptor::new(pkcs12.as_slice(), "").await;
            acceptors.push((fault, acceptor.map_err(|error| format!("cannot accept TLS: {error}"))?));
        }
        let (_, good) = acceptors.remove(0);
        let wrong = acceptors.into_iter().filter_map(|(fault, acceptor)| Some((fault?, acceptor))).collect();
        Ok(Self { authority, good, wrong })
    }

    /// Returns the acceptor of TLS while the faults that `has` confirms are in force.
    pub(super) fn acceptor(&self, service: Service, has: impl Fn(Service, Fault) -> bool) -> &TlsAcceptor {
        let wrong = self.wrong.iter().find(|(fault, _)| has(service, *fault));
        wrong.map_or(&self.good, |(_, acceptor)| acceptor)
    }
}

/// An issuer: its certificate and its key.
struct Issuer {
    certificate: X509,
    key: PKey<Private>,
}

/// The difference of a certificate from the good one.
struct Shape<'i> {
    fault: Option<Fault>,
    issuer: Option<&'i Issuer>,
    names: &'i [&'i str],
    /// Days from now that it is valid from and until.
    days: (i64, i64),
}

/// The authority's PEM, and each certificate with its key as PKCS #12; the good one first.
#[expect(clippy::type_complexity, reason = "used once, right above")]
fn issue(organisation: &str, name: &str) -> Result<(String, Vec<(Option<Fault>, Vec<u8>)>), ErrorStack> {
    let authority = Issuer::new(organisation, name)?;
    let stranger = Issuer::new(ORGANISATION, "Contoso TLS Inspection")?;
    let good = Shape { fault: None, issuer: Some(&authority), names: NAMES, days: (-1, 100) };
    let shapes = [
        Shape { ..good },
        Shape { fault: Some(Fault::TlsCertificateExpired), days: (-101, -1), ..good },
        Shape { fault: Some(Fault::TlsCertificateNotYetValid), days: (1, 101), ..good },
        Shape { fault: Some(Fault::TlsCertificateWrongName), names: &["mail.fabrikam.example"], ..good },
        Shape { fault: Some(Fault::TlsCertificateUntrusted), issuer: Some(&stranger), ..good },
        Shape { fault: Some(Fault::TlsCertificateSelfSigned), issuer: None, ..good },
    ];
    let key = new_key()?;
    let mut issued = Vec::new();
    for shape in shapes {
        issued.push((shape.fault, shape.pkcs12(&key)?));
    }
    Ok((String::from_utf8_lossy(&authority.certificate.to_pem()?).into_owned(), issued))
}

impl Issuer {
    fn new(organisation: &str, name: &str) -> Result<Self, ErrorStack> {
        let key = new_key()?;
        let name = subject(organisation, name)?;
        let mut builder = blank(&key, &name, &name, validity((-1, 365)))?;
        builder.append_extension(BasicConstraints::new().critical().ca().build()?)?;
        builder.append_extension(KeyUsage::new().critical().key_cert_sign().crl_sign().build()?)?;
        let identifier = SubjectKeyIdentifier::new().build(&builder.x509v3_context(None, None))?;
        builder.append_extension(identifier)?;
        builder.sign(&key, MessageDigest::sha256())?;
        Ok(Self { certificate: builder.build(), key })
    }
}

impl Shape<'_> {
    fn pkcs12(&self, key: &PKey<Private>) -> Result<Vec<u8>, ErrorStack> {
        let name = subject(ORGANISATION, self.names.first().copied().unwrap_or_default())?;
        let issuer = self.issuer.map_or(&*name, |issuer| issuer.certificate.subject_name());
        let mut builder = blank(key, &name, issuer, validity(self.days))?;
        builder.append_extension(BasicConstraints::new().build()?)?;
        builder.append_extension(KeyUsage::new().critical().digital_signature().build()?)?;
        builder.append_extension(ExtendedKeyUsage::new().server_auth().build()?)?;
        let mut alternatives = SubjectAlternativeName::new();
        for name in self.names {
            alternatives.dns(name);
        }
        if self.names == NAMES {
            alternatives.dns(CLUSTER).ip("127.0.0.1").ip("::1");
        }
        let alternatives = alternatives.build(&builder.x509v3_context(None, None))?;
        builder.append_extension(alternatives)?;
        let identifier = SubjectKeyIdentifier::new().build(&builder.x509v3_context(None, None))?;
        builder.append_extension(identifier)?;
        // Who reads RFC 5280 strictly, as Python does since 3.13, wants both identifiers.
        if let Some(issuer) = self.issuer {
            let identifier =
                AuthorityKeyIdentifier::new().keyid(true).build(&builder.x509v3_context(Some(&issuer.certificate), None))?;
            builder.append_extension(identifier)?;
        }
        builder.sign(self.issuer.map_or(key, |issuer| &issuer.key), MessageDigest::sha256())?;
        Pkcs12::builder().name("simulated tenant").pkey(key).cert(&builder.build()).build2("")?.to_der()
    }
}

fn new_key() -> Result<PKey<Private>, ErrorStack> {
    PKey::from_ec_key(EcKey::generate(&*EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?)?)
}

fn subject(organisation: &str, name: &str) -> Result<X509Name, ErrorStack> {
    let mut builder = X509NameBuilder::new()?;
    builder.append_entry_by_nid(Nid::COMMONNAME, name)?;
    builder.append_entry_by_nid(Nid::ORGANIZATIONNAME, organisation)?;
    Ok(builder.build())
}

#[cfg(test)]
mod tests {
    use openssl::stack::Stack;
    use openssl::x509::X509StoreContext;
    use openssl::x509::store::X509StoreBuilder;
    use openssl::x509::verify::X509VerifyFlags;

    use super::*;

    /// Python since 3.13 and other strict readers of RFC 5280 refuse what lacks a key identifier.
    #[test]
    fn the_good_certificate_stands_up_to_the_strictest_reading() {
        let (authority, shapes) = issue(ORGANISATION, "Root").expect("certificates");
        let mut store = X509StoreBuilder::new().expect("a store");
        store.add_cert(X509::from_pem(authority.as_bytes()).expect("PEM")).expect("taken");
        store.set_flags(X509VerifyFlags::X509_STRICT).expect("taken");
        let store = store.build();
        let (_, pkcs12) = shapes.first().expect("the good one");
        let parsed = Pkcs12::from_der(pkcs12).and_then(|pkcs12| pkcs12.parse2("")).expect("PKCS #12");
        let (certificate, none) = (parsed.cert.expect("a certificate"), Stack::new().expect("a stack"));
        let mut context = X509StoreContext::new().expect("a context");
        let verified = context.init(&store, &certificate, &none, |context| Ok((context.verify_cert()?, context.error())));
        let (verified, error) = verified.expect("a verdict");
        assert!(verified, "{error}");
    }
}
