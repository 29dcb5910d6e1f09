//! Certificates before they are signed: what all of the tenant's have in common.

use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};
use openssl::x509::{X509, X509Builder, X509NameRef};

use super::identifiers;

const DAY: i64 = 86_400;

/// Returns the first and the last second of a certificate that is valid from and until so many days from now, since 1970.
pub(super) fn validity((from, until): (i64, i64)) -> (i64, i64) {
    let now = identifiers::unix_now();
    (now + from * DAY, now + until * DAY)
}

/// A certificate without extensions: who it is of and by, its key, and its first and last second since 1970.
pub(super) fn blank(
    key: &PKey<Private>,
    subject: &X509NameRef,
    issuer: &X509NameRef,
    (from, until): (i64, i64),
) -> Result<X509Builder, ErrorStack> {
    let mut builder = X509::builder()?;
    builder.set_version(2)?;
    // 127 bits: a serial number is positive (RFC 5280, section 4.1.2.2).
    let mut serial = identifiers::random::<16>();
    serial[0] &= 0x7f;
    builder.set_serial_number(&*BigNum::from_slice(&serial)?.to_asn1_integer()?)?;
    builder.set_subject_name(subject)?;
    builder.set_issuer_name(issuer)?;
    builder.set_not_before(&*Asn1Time::from_unix(from)?)?;
    builder.set_not_after(&*Asn1Time::from_unix(until)?)?;
    builder.set_pubkey(key)?;
    Ok(builder)
}
