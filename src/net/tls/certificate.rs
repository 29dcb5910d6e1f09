//! What a certificate says, for facts and evidence.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate, X509Name};
use x509_parser::time::ASN1Time;

use crate::outcome::CertificateFacts;
use crate::sanitize::{self, one_line};

use super::authority;

/// Microsoft's mail certificate has about thirty names; a hostile one could have a million.
const MAX_NAMES: usize = 50;

/// What the certificate `der` says; `None` if it cannot be read.
pub fn facts(der: &[u8], verified: bool) -> Option<CertificateFacts> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let validity = certificate.validity();
    let issuer_name = words(&certificate.issuer().to_string());
    Some(CertificateFacts {
        subject: words(&certificate.subject().to_string()),
        issuer: short(certificate.issuer()),
        product: authority::product(&issuer_name).map(str::to_owned),
        issuer_name,
        names: names(&certificate),
        not_before: system_time(validity.not_before),
        not_after: system_time(validity.not_after),
        fingerprint: openssl::sha::sha256(der).iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}"); // writing to a String cannot fail
            hex
        }),
        verified,
    })
}

/// What a person wants to know of a certificate that was refused, or was not expected.
pub fn described(certificate: &CertificateFacts) -> String {
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
    words(&format!("issuer {issuer}{product}; subject {subject}; SHA-256 {fingerprint}; valid {from} to {until}; {names}"))
}

/// Whose a certificate is, and for how long.
pub fn dated(certificate: &CertificateFacts) -> String {
    let (from, until) = (day(certificate.not_before), day(certificate.not_after));
    words(&format!("{}, valid {from} to {until}", one_line(&certificate.subject, 80)))
}

/// `2026-11-25`; far outside of any calendar, `unknown`.
fn day(at: SystemTime) -> String {
    const YEAR_9999: Duration = Duration::from_secs(253_402_300_799);
    let within = at.duration_since(SystemTime::UNIX_EPOCH).is_ok_and(|since| since <= YEAR_9999);
    let whole = if within { humantime::format_rfc3339_seconds(at).to_string() } else { "unknown".to_owned() };
    whole.split('T').next().unwrap_or_default().to_owned()
}

/// The issuer's common name, else its organisation, else all of it.
fn short(name: &X509Name<'_>) -> String {
    let first = name.iter_common_name().chain(name.iter_organization()).find_map(|part| part.as_str().ok());
    words(first.unwrap_or(&name.to_string()))
}

fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else { return Vec::new() };
    let text = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some(words(name)),
        GeneralName::IPAddress(bytes) => address(bytes).map(|address| address.to_string()),
        _ => None,
    };
    extension.value.general_names.iter().filter_map(text).take(MAX_NAMES).collect()
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let v4 = || <[u8; 4]>::try_from(bytes).ok().map(IpAddr::from);
    let v6 = || <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from);
    v4().or_else(v6)
}

fn words(text: &str) -> String {
    sanitize::evidence(text.as_bytes())
}

fn system_time(time: ASN1Time) -> SystemTime {
    let seconds = Duration::from_secs(time.timestamp().unsigned_abs());
    let shifted = if time.timestamp() < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(seconds)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(seconds)
    };
    shifted.unwrap_or(SystemTime::UNIX_EPOCH)
}
