//! The names and dates of X.509 certificates, whosever they are.

use std::time::{Duration, SystemTime};

use openssl::asn1::{Asn1Time, Asn1TimeRef};
use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::x509::{X509NameEntryRef, X509NameRef};

/// Formats a distinguished name: `C=US, O=DigiCert Inc, CN=DigiCert Global Root G2`. It may hold anything.
pub fn distinguished(name: &X509NameRef) -> String {
    name.entries().map(|entry| format!("{}={}", attribute(entry), text(entry).unwrap_or_default())).collect::<Vec<_>>().join(", ")
}

/// Returns the short name of an attribute, such as `CN`; its object identifier where it has none.
fn attribute(entry: &X509NameEntryRef) -> String {
    let object = entry.object();
    let known = Some(object.nid()).filter(|nid| *nid != Nid::UNDEF);
    known.and_then(|nid| nid.short_name().ok()).map_or_else(|| object.to_string(), str::to_owned)
}

/// Returns the value of an attribute; `None` where it is no text.
pub fn text(entry: &X509NameEntryRef) -> Option<String> {
    entry.data().to_string().ok()
}

/// Converts a date.
///
/// # Errors
/// Those of OpenSSL: it is no date.
pub fn system_time(time: &Asn1TimeRef) -> Result<SystemTime, ErrorStack> {
    let since = Asn1Time::from_unix(0)?.diff(time)?; // both parts have one sign
    let seconds = i64::from(since.days) * 86_400 + i64::from(since.secs);
    let distance = Duration::from_secs(seconds.unsigned_abs());
    let epoch = SystemTime::UNIX_EPOCH;
    let shifted = if seconds < 0 { epoch.checked_sub(distance) } else { epoch.checked_add(distance) };
    Ok(shifted.unwrap_or(epoch))
}
