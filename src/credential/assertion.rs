//! The signed assertion that proves the possession of a certificate's private key (RFC 7523).
//! <https://learn.microsoft.com/en-us/entra/identity-platform/certificate-credentials>

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKeyRef, Private};
use openssl::rsa::Padding;
use openssl::sign::{RsaPssSaltlen, Signer};
use serde_json::{Value, json};

use super::TokenRequest;
use crate::random;
use crate::secret::Secret;

/// The parameter that holds an assertion (RFC 7521, section 4.2).
pub(super) const PARAMETER: &str = "client_assertion";
/// The parameter beside it that tells its kind, of which there is one (RFC 7523, section 2.2).
pub(super) const COMPANIONS: &[(&str, &str)] =
    &[("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")];

/// The life of an assertion: what Microsoft's own libraries take.
pub(super) const LIFE: Duration = Duration::from_secs(600);

/// Makes an assertion for `request`, signed with `key`; `fingerprint` is the SHA-256 of the certificate.
///
/// # Errors
/// Those of OpenSSL: it cannot sign with this key.
pub(super) fn sign(
    key: &PKeyRef<Private>,
    fingerprint: &[u8],
    request: &TokenRequest,
    now: SystemTime,
) -> Result<Secret, ErrorStack> {
    let header = json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": BASE64URL.encode(fingerprint) });
    let text = format!("{}.{}", BASE64URL.encode(header.to_string()), BASE64URL.encode(claims(request, now).to_string()));
    // PS256 (RFC 7518, section 3.5): the salt has the length of the digest, and MGF1 its function.
    let mut signer = Signer::new(MessageDigest::sha256(), key)?;
    signer.set_rsa_padding(Padding::PKCS1_PSS)?;
    signer.set_rsa_mgf1_md(MessageDigest::sha256())?;
    signer.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH)?;
    let signature = signer.sign_oneshot_to_vec(text.as_bytes())?;
    Ok(Secret::new(format!("{text}.{}", BASE64URL.encode(signature))))
}

/// Returns the claims: times in whole seconds, and a `jti` that occurs once.
fn claims(request: &TokenRequest, now: SystemTime) -> Value {
    let second = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    json!({
        "aud": request.endpoint,
        "iss": request.client_id,
        "sub": request.client_id,
        "jti": random::guid(),
        "nbf": second,
        "iat": second,
        "exp": second + LIFE.as_secs(),
    })
}
