//! Access tokens: signed as Entra signs them, and read back as Exchange reads them.

use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use openssl::bn::BigNum;
use openssl::error::ErrorStack;
use openssl::hash::{MessageDigest, hash};
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::sign::{Signer, Verifier};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::secret::Secret;

/// The part of a token's claims that decides about access.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
pub struct Claims {
    /// The resource it is for.
    pub aud: String,
    /// `https://sts.windows.net/{tenant id}/`.
    pub iss: String,
    /// Tenant id.
    pub tid: String,
    /// Client id.
    pub appid: String,
    /// Object id of the service principal.
    pub oid: String,
    /// Application permissions.
    #[serde(default)]
    pub roles: Vec<String>,
    /// Valid from, in seconds since 1970.
    pub nbf: i64,
    /// Valid until, in seconds since 1970.
    pub exp: i64,
    /// The token's own id.
    pub uti: String,
}

/// The reason why a token's claims cannot be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Not three base64url parts with JSON in them, or not RS256.
    Unreadable,
    /// Not signed with this tenant's key.
    BadSignature,
}

/// The claims of a token that a client presented, or why they cannot be believed.
pub type PresentedToken = Result<Claims, Flaw>;

/// A key tokens are signed with.
pub struct SigningKey {
    key: PKey<Private>,
    id: String,
    modulus: String,
    exponent: String,
}

/// The key of every tenant in this process, as Entra's are shared by its tenants; made once, for it takes a while.
static SHARED: OnceLock<SigningKey> = OnceLock::new();
/// A key of somebody who is not Entra.
static FOREIGN: OnceLock<SigningKey> = OnceLock::new();

impl SigningKey {
    /// The key of every tenant.
    pub fn shared() -> Result<&'static Self, ErrorStack> {
        Self::once(&SHARED)
    }

    /// A key that Exchange does not know.
    pub fn foreign() -> Result<&'static Self, ErrorStack> {
        Self::once(&FOREIGN)
    }

    fn once(made: &'static OnceLock<Self>) -> Result<&'static Self, ErrorStack> {
        if let Some(key) = made.get() {
            return Ok(key);
        }
        let key = Self::new()?;
        Ok(made.get_or_init(|| key))
    }

    /// A fresh RSA key of 2048 bits.
    pub fn new() -> Result<Self, ErrorStack> {
        let rsa = Rsa::generate(2048)?;
        let (modulus, exponent) = (BASE64URL.encode(rsa.n().to_vec()), BASE64URL.encode(rsa.e().to_vec()));
        let key = PKey::from_rsa(rsa)?;
        // Entra's `kid` equals `x5t`, the SHA-1 thumbprint of a certificate; here that of the public key.
        let id = BASE64URL.encode(hash(MessageDigest::sha1(), &key.public_key_to_der()?)?);
        Ok(Self { key, id, modulus, exponent })
    }

    /// `claims` as a signed compact JWT.
    pub fn sign(&self, claims: &Value) -> Result<Secret, ErrorStack> {
        let header = json!({ "typ": "JWT", "alg": "RS256", "x5t": self.id, "kid": self.id });
        let text = format!("{}.{}", BASE64URL.encode(header.to_string()), BASE64URL.encode(claims.to_string()));
        let mut signer = Signer::new(MessageDigest::sha256(), &self.key)?;
        let signature = signer.sign_oneshot_to_vec(text.as_bytes())?;
        Ok(Secret::new(format!("{text}.{}", BASE64URL.encode(signature))))
    }

    /// The claims of a token this key has signed.
    pub fn verify(&self, token: &str) -> Result<Claims, Flaw> {
        let (signed, signature) = token.rsplit_once('.').ok_or(Flaw::Unreadable)?;
        let (header, payload) = signed.split_once('.').ok_or(Flaw::Unreadable)?;
        let header: Value = decode(header)?;
        let claims = decode(payload)?;
        if header.get("alg") != Some(&json!("RS256")) {
            return Err(Flaw::Unreadable);
        }
        // A token cut short counts as badly signed, wherever the cut falls.
        let signature = BASE64URL.decode(signature).map_err(|_| Flaw::BadSignature)?;
        match self.verifies(signed.as_bytes(), &signature) {
            Ok(true) => Ok(claims),
            Ok(false) | Err(_) => Err(Flaw::BadSignature),
        }
    }

    fn verifies(&self, signed: &[u8], signature: &[u8]) -> Result<bool, ErrorStack> {
        Verifier::new(MessageDigest::sha256(), &self.key)?.verify_oneshot(signature, signed)
    }

    /// The public key as published at `discovery/v2.0/keys`.
    pub fn published(&self) -> Value {
        json!({ "keys": [{
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.id, "x5t": self.id, "n": self.modulus, "e": self.exponent,
        }] })
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The id of the key that signed a token, as its header tells.
pub(super) fn key_id(token: &str) -> Option<String> {
    let header: Value = decode(token.split('.').next()?).ok()?;
    Some(header.get("kid")?.as_str()?.to_owned())
}

/// Tells whether a published key (RFC 7517) signed a token by RS256, whatever its claims.
pub(super) fn is_signed_by(token: &str, published: &Value) -> bool {
    let verified = || {
        let (signed, signature) = token.rsplit_once('.')?;
        let header: Value = decode(signed.split('.').next()?).ok()?;
        let number = |name: &str| BigNum::from_slice(&BASE64URL.decode(published.get(name)?.as_str()?).ok()?).ok();
        let key = PKey::from_rsa(Rsa::from_public_components(number("n")?, number("e")?).ok()?).ok()?;
        let mut verifier = Verifier::new(MessageDigest::sha256(), &key).ok()?;
        let is_right = verifier.verify_oneshot(&BASE64URL.decode(signature).ok()?, signed.as_bytes()).ok()?;
        Some(is_right && header.get("alg") == Some(&json!("RS256")))
    };
    verified().unwrap_or_default()
}

fn decode<T: serde::de::DeserializeOwned>(part: &str) -> Result<T, Flaw> {
    let bytes = BASE64URL.decode(part).map_err(|_| Flaw::Unreadable)?;
    serde_json::from_slice(&bytes).map_err(|_| Flaw::Unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_believed_only_as_it_was_signed() {
        let (key, other) = (SigningKey::new().expect("a key"), SigningKey::new().expect("a key"));
        let claims = json!({
            "aud": "a", "iss": "i", "tid": "t", "appid": "c", "oid": "o", "roles": ["r"], "nbf": 1, "exp": 2, "uti": "u",
        });
        let token = key.sign(&claims).expect("signs").expose().to_owned();
        assert_eq!(key.verify(&token).expect("believed").roles, ["r"]);
        assert_eq!(other.verify(&token), Err(Flaw::BadSignature));

        let parts: Vec<&str> = token.split('.').collect();
        let [header, payload, signature] = parts.as_slice() else { panic!("three parts") };
        let forged = BASE64URL.encode(claims.to_string().replace("\"r\"", "\"s\""));
        let unsigned = BASE64URL.encode(r#"{"typ":"JWT","alg":"none"}"#);
        for (token, flaw) in [
            (format!("{header}.{forged}.{signature}"), Flaw::BadSignature),
            (format!("{header}.{payload}."), Flaw::BadSignature),
            (format!("{unsigned}.{payload}."), Flaw::Unreadable),
            (format!("{header}.{payload}"), Flaw::Unreadable),
            (format!("{header}.{payload}.!"), Flaw::BadSignature),
            (token.chars().take(100).collect(), Flaw::Unreadable),
            (String::new(), Flaw::Unreadable),
        ] {
            assert_eq!(key.verify(&token), Err(flaw), "{token}");
        }
    }
}
