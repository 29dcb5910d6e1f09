//! The facts of a certificate, and its description in evidence.

use std::net::IpAddr;
use std::ops::Range;
use std::time::SystemTime;

use openssl::nid::Nid;
use openssl::x509::{GeneralNameRef, X509NameRef, X509Ref};

use crate::outcome::{CertificateFacts, rfc3339};
use crate::sanitize::{self, one_line};
use crate::x509::{distinguished, system_time, text};

use super::inspection_products;

/// The most names that are kept. Microsoft's mail certificate has about thirty; a hostile one could have a million.
const MAX_NAMES: usize = 50;

/// Extracts the facts of `certificate`; `None` if its dates cannot be read.
pub fn facts(certificate: &X509Ref, verified: bool) -> Option<CertificateFacts> {
    let issuer_name = sanitized(&distinguished(certificate.issuer_name()));
    Some(CertificateFacts {
        subject: sanitized(&distinguished(certificate.subject_name())),
        issuer: short(certificate.issuer_name()).map_or_else(|| issuer_name.clone(), |name| sanitized(&name)),
        product: inspection_products::product(&issuer_name).map(str::to_owned),
        issuer_name,
        names: names(certificate),
        not_before: system_time(certificate.not_before()).ok()?,
        not_after: system_time(certificate.not_after()).ok()?,
        fingerprint: openssl::sha::sha256(&certificate.to_der().ok()?).map(|byte| format!("{byte:02x}")).concat(),
        verified,
    })
}

/// Returns the time in which all of `chain` are valid: from the latest beginning to the earliest end; `None` if a date cannot be read.
pub fn common_validity<'a>(chain: impl IntoIterator<Item = &'a X509Ref>) -> Option<Range<SystemTime>> {
    let each = chain.into_iter().map(|one| Some(system_time(one.not_before()).ok()?..system_time(one.not_after()).ok()?));
    each.reduce(|all, one| Some(all.clone()?.start.max(one.clone()?.start)..all?.end.min(one?.end))).flatten()
}

/// Describes a certificate that was refused or not expected: issuer, subject, fingerprint, dates, names.
pub fn describe(certificate: &CertificateFacts) -> String {
    let product = certificate.product.as_ref().map(|product| format!(" ({product})")).unwrap_or_default();
    let names = match certificate.names.as_slice() {
        [] => "for no name".to_owned(),
        [one] => format!("for {one}"),
        [one, two] => format!("for {one}, {two}"),
        [one, two, more @ ..] => format!("for {one}, {two} and {} more", more.len()),
    };
    // Short, so that a long name does not push the fingerprint out of the evidence.
    let (issuer, subject) = (one_line(&certificate.issuer_name, 100), one_line(&certificate.subject, 80));
    let fingerprint = &certificate.fingerprint;
    let (from, until) = (day(certificate.not_before), day(certificate.not_after));
    sanitized(&format!("issuer {issuer}{product}; subject {subject}; SHA-256 {fingerprint}; valid {from} to {until}; {names}"))
}

/// Describes a certificate by its subject and its dates.
pub fn subject_and_dates(certificate: &CertificateFacts) -> String {
    let (from, until) = (day(certificate.not_before), day(certificate.not_after));
    sanitized(&format!("{}, valid {from} to {until}", one_line(&certificate.subject, 80)))
}

/// Formats a date as `2026-11-25`; before 1970 or after 9999 as `unknown`.
fn day(at: SystemTime) -> String {
    rfc3339(at).split('T').next().unwrap_or_default().to_owned()
}

/// Returns the common name, else the organisation.
fn short(name: &X509NameRef) -> Option<String> {
    [Nid::COMMONNAME, Nid::ORGANIZATIONNAME].into_iter().flat_map(|nid| name.entries_by_nid(nid)).find_map(text)
}

/// Returns the DNS names and addresses that the certificate is valid for, at most [`MAX_NAMES`].
fn names(certificate: &X509Ref) -> Vec<String> {
    let address_or_name = |name: &GeneralNameRef| {
        name.dnsname().map(sanitized).or_else(|| name.ipaddress().and_then(address).map(|address| address.to_string()))
    };
    certificate.subject_alt_names().iter().flatten().filter_map(address_or_name).take(MAX_NAMES).collect()
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let v4 = || <[u8; 4]>::try_from(bytes).ok().map(IpAddr::from);
    let v6 = || <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from);
    v4().or_else(v6)
}

fn sanitized(text: &str) -> String {
    sanitize::evidence(text.as_bytes())
}

#[cfg(test)]
pub(super) mod tests {
    use openssl::asn1::Asn1Time;
    use openssl::bn::BigNum;
    use openssl::ec::{EcGroup, EcKey};
    use openssl::hash::MessageDigest;
    use openssl::pkey::PKey;
    use openssl::x509::extension::SubjectAlternativeName;
    use openssl::x509::{X509, X509NameBuilder};

    use super::*;

    pub(in crate::net::tls) fn certificate(from: &str, until: &str) -> X509 {
        let curve = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).expect("a curve");
        let key = PKey::from_ec_key(EcKey::generate(&curve).expect("a key")).expect("a key");
        let mut name = X509NameBuilder::new().expect("a name");
        for (attribute, value) in [("C", "DE"), ("O", "Prüfstelle, Nord"), ("1.3.6.1.4.1.55555.1", "own")] {
            name.append_entry_by_text(attribute, value).expect(attribute);
        }
        let name = name.build();
        let mut builder = X509::builder().expect("a builder");
        builder.set_version(2).expect("version 3");
        builder.set_serial_number(&BigNum::from_u32(7).expect("a number").to_asn1_integer().expect("a serial")).expect("set");
        builder.set_subject_name(&name).expect("a subject");
        builder.set_issuer_name(&name).expect("an issuer");
        builder.set_pubkey(&key).expect("a key");
        builder.set_not_before(&Asn1Time::from_str_x509(from).expect("a time")).expect("set");
        builder.set_not_after(&Asn1Time::from_str_x509(until).expect("a time")).expect("set");
        let mut names = SubjectAlternativeName::new();
        names.dns("a.example").ip("192.0.2.7").email("somebody@a.example").ip("2001:db8::7");
        for number in 0..2 * MAX_NAMES {
            names.dns(&format!("{number}.example"));
        }
        builder.append_extension(names.build(&builder.x509v3_context(None, None)).expect("built")).expect("added");
        builder.sign(&key, MessageDigest::sha256()).expect("signed");
        builder.build()
    }

    #[test]
    fn certificate_facts_hold_names_dates_and_fingerprint() {
        let certificate = certificate("20261125120000Z", "20261225120001Z");
        let facts = facts(&certificate, true).expect("facts");
        assert_eq!(facts.subject, "C=DE, O=Prüfstelle, Nord, 1.3.6.1.4.1.55555.1=own");
        assert_eq!((facts.issuer_name.as_str(), facts.issuer.as_str()), (facts.subject.as_str(), "Prüfstelle, Nord"));
        assert_eq!(facts.names.get(..3).expect("names"), ["a.example", "192.0.2.7", "2001:db8::7"]);
        assert_eq!(facts.names.len(), MAX_NAMES);
        let at = |time| humantime::format_rfc3339_seconds(time).to_string();
        assert_eq!(
            (at(facts.not_before).as_str(), at(facts.not_after).as_str()),
            ("2026-11-25T12:00:00Z", "2026-12-25T12:00:01Z")
        );
        let sha256 = openssl::sha::sha256(&certificate.to_der().expect("DER"));
        assert_eq!(facts.fingerprint, sha256.map(|byte| format!("{byte:02x}")).concat());
    }

    #[test]
    fn certificate_dates_outside_of_any_clock_are_read() {
        let facts = facts(&certificate("19500101000000Z", "99991231235959Z"), false).expect("facts");
        assert!(facts.not_before < SystemTime::UNIX_EPOCH);
        assert_eq!((day(facts.not_after).as_str(), day(facts.not_before).as_str()), ("9999-12-31", "unknown"));
    }
}
