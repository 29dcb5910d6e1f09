//! The OCSP response that a server staples to its certificate (RFC 6066 section 8, RFC 6960): its authority's word on a revocation.
//!
//! Nobody is asked who was not going to be spoken to anyway. A server that staples nothing, or something that its authority has
//! not signed, is told from no other: a revoked certificate can hide like that, which no client can help.

use openssl::hash::MessageDigest;
use openssl::ocsp::{OcspCertId, OcspCertStatus, OcspFlag, OcspResponse, OcspResponseStatus, OcspRevokedStatus, OcspStatus};
use openssl::ssl::{SslRef, StatusType};
use openssl::stack::Stack;
use openssl::x509::X509;

/// Has the client's side of a handshake ask for the response.
///
/// # Errors
/// OpenSSL's, for want of memory.
pub fn request(ssl: &mut SslRef) -> Result<(), openssl::error::ErrorStack> {
    ssl.set_status_type(StatusType::OCSP)
}

/// Returns the description of the revocation that the server of a completed handshake has stapled: `revoked since Nov  1 00:00:00
/// 2026 GMT (key compromise)`. `None` where there is none that an authority in the verified chain has signed. How old the response
/// is does not matter: no certificate becomes good again.
pub fn stapled(ssl: &SslRef) -> Option<String> {
    let response = OcspResponse::from_der(ssl.ocsp_status()?).ok()?;
    if response.status() != OcspResponseStatus::SUCCESSFUL {
        return None;
    }
    let response = response.basic().ok()?;
    let chain: Vec<X509> = ssl.verified_chain()?.iter().map(ToOwned::to_owned).collect();
    let [leaf, issuer, ..] = chain.as_slice() else { return None };
    // The digest by which the response names the certificate is the responder's choice: nearly always the first.
    let revocation = [MessageDigest::sha1(), MessageDigest::sha256()].into_iter().find_map(|digest| {
        let id = OcspCertId::from_cert(digest, leaf, issuer).ok()?;
        describe(&response.find_status(&id)?)
    })?;
    // Last, because nearly every response says that all is well, and to verify that would cost each handshake a signature.
    let mut signers = Stack::new().ok()?;
    for certificate in chain.into_iter().skip(1) {
        signers.push(certificate).ok()?;
    }
    response.verify(&signers, ssl.ssl_context().cert_store(), OcspFlag::empty()).ok()?;
    Some(revocation)
}

fn describe(status: &OcspStatus<'_>) -> Option<String> {
    if status.status != OcspCertStatus::REVOKED {
        return None;
    }
    let since = status.revocation_time.map(|time| format!(" since {time}")).unwrap_or_default();
    let why = reason(status.reason).map(|reason| format!(" ({reason})")).unwrap_or_default();
    Some(format!("revoked{since}{why}"))
}

/// Names the reason of a revocation (RFC 5280 section 5.3.1); `None` where none is given or it says nothing.
fn reason(reason: OcspRevokedStatus) -> Option<&'static str> {
    match reason {
        OcspRevokedStatus::KEY_COMPROMISE => Some("key compromise"),
        OcspRevokedStatus::CA_COMPROMISE => Some("compromise of the authority"),
        OcspRevokedStatus::AFFILIATION_CHANGED => Some("affiliation changed"),
        OcspRevokedStatus::STATUS_SUPERSEDED => Some("superseded"),
        OcspRevokedStatus::STATUS_CESSATION_OF_OPERATION => Some("cessation of operation"),
        OcspRevokedStatus::STATUS_CERTIFICATE_HOLD => Some("on hold"),
        _ => None,
    }
}
