//! A token of another identity provider as a credential (identity federation): Kubernetes, GitHub, GitLab, SPIFFE write it to a file.
//! <https://learn.microsoft.com/en-us/entra/workload-id/workload-identity-federation>

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use serde_json::Value;

use super::assertion::{COMPANIONS, PARAMETER};
use super::{Explained, Proof, Reading, SecretSource, Unreadable};
use crate::outcome::{Fault, rfc3339};
use crate::reason::Reason;
use crate::sanitize::{self, one_line};
use crate::secret::Secret;

/// The audiences that Entra expects in its clouds.
const AUDIENCES: &[(&str, &str)] = &[
    ("login.microsoftonline.com", "api://AzureADTokenExchange"),
    ("login.microsoftonline.us", "api://AzureADTokenExchangeUSGov"),
    ("login.partner.microsoftonline.cn", "api://AzureADTokenExchangeChina"),
    ("login.chinacloudapi.cn", "api://AzureADTokenExchangeChina"),
];

/// Returns the audience that Entra at `host` expects: that of the global cloud where no other is known.
pub(super) fn audience(host: &str) -> &'static str {
    let of_cloud = AUDIENCES.iter().find(|(login, _)| host.eq_ignore_ascii_case(login));
    of_cloud.map_or("api://AzureADTokenExchange", |(_, audience)| audience)
}

/// The claims that Entra compares with those of a federated credential.
#[derive(Debug, PartialEq, Eq)]
struct Claims {
    issuer: String,
    subject: String,
    audiences: Vec<String>,
    expires: Option<SystemTime>,
}

impl Claims {
    /// Reads the claims of a JWT, whose signature is Entra's to verify; `None` where it is none.
    fn from_jwt(token: &Secret) -> Option<Self> {
        let parts: Vec<&str> = token.expose().split('.').collect();
        let [header, payload, _] = parts[..] else { return None };
        let json = |part: &str| serde_json::from_slice::<Value>(&BASE64URL.decode(part).ok()?).ok().filter(Value::is_object);
        json(header)?;
        let claims = json(payload)?;
        let text = |value: &Value| value.as_str().map(|text| one_line(&sanitize::evidence(text.as_bytes()), 120));
        let of = |name: &str| claims.get(name).and_then(text).unwrap_or_default();
        let audiences = match claims.get("aud") {
            Some(Value::Array(all)) => all.iter().filter_map(text).take(2).collect(),
            Some(one) => text(one).into_iter().collect(),
            None => Vec::new(),
        };
        let expires = claims.get("exp").and_then(Value::as_f64).and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let expires = expires.and_then(|since| SystemTime::UNIX_EPOCH.checked_add(since));
        Some(Self { issuer: of("iss"), subject: of("sub"), audiences, expires })
    }

    /// The three values that stand in the portal, and the end.
    fn describe(&self) -> String {
        let until = self.expires.map_or_else(|| "an unknown time".to_owned(), rfc3339);
        let Self { issuer, subject, audiences, .. } = self;
        format!(
            "a token of issuer `{issuer}` for subject `{subject}` and audience `{}`, valid until {until}",
            audiences.join("`, `")
        )
    }

    /// Returns the reason for which Entra at `host` cannot take the token, whatever is set up there.
    fn flaw(&self, place: &str, host: &str, now: SystemTime) -> Option<Fault> {
        let fault = |reason, why: String| Some(Fault::heard(reason, format!("{place} holds {}; {why}", self.describe())));
        let expected = AUDIENCES.iter().find(|(login, _)| host.eq_ignore_ascii_case(login)).map(|(_, audience)| *audience);
        let is_foreign = |audience: &String| {
            let of_cloud = AUDIENCES.iter().any(|(_, known)| known == audience) && Some(audience.as_str()) != expected;
            expected.is_some() && of_cloud || audience.contains("kubernetes.default.svc")
        };
        if !self.audiences.is_empty() && self.audiences.iter().all(is_foreign) {
            let wanted = match expected {
                Some(audience) => format!("the audience for this cloud is `{audience}`"),
                None => format!("the audience has to be that of the federated credential, usually `{}`", AUDIENCES[0].1),
            };
            return fault(Reason::FederatedTokenUnusable, wanted);
        }
        if self.expires.is_some_and(|expires| expires <= now) {
            return fault(Reason::FederatedTokenStale, format!("by this machine's clock it is {}", rfc3339(now)));
        }
        None
    }
}

/// Reads the token.
pub(super) fn present(source: &SecretSource, host: &str, now: SystemTime) -> Reading {
    let token = source.read().map_err(Unreadable::fault);
    Reading { certificate: None, proof: token.and_then(|token| proof(token, &source.to_string(), host, now)) }
}

/// Makes the proof of a token from `place`, for Entra at `host`.
pub(super) fn proof(token: Secret, place: &str, host: &str, now: SystemTime) -> Result<Proof, Fault> {
    let claims = Claims::from_jwt(&token)
        .ok_or_else(|| Fault::heard(Reason::FederatedTokenUnusable, format!("{place} does not hold a JWT")))?;
    if let Some(fault) = claims.flaw(place, host, now) {
        return Err(fault);
    }
    Ok(Proof { companions: COMPANIONS, shown: Some(claims.describe()), ..Proof::new(PARAMETER, token) })
}

/// Tells which token was refused: its issuer, subject and audience are what is compared in the portal.
pub(super) fn explain(fault: Fault, proof: &Proof) -> Explained {
    Explained { fault, shown: proof.shown.clone() }
}

/// Returns what makes a token of no use to Entra at the host `login`, for who reads it before it is sent; `None` where it may be
/// accepted. With an empty host, it is what makes it of no use in any cloud.
pub fn flaw(token: &Secret, login: &str, now: SystemTime) -> Option<Fault> {
    match Claims::from_jwt(token) {
        Some(claims) => claims.flaw("the file", login, now),
        None => Some(Fault::heard(Reason::FederatedTokenUnusable, "the file does not hold a JWT")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const LOGIN: &str = "login.microsoftonline.com";

    fn token(claims: &Value) -> Secret {
        Secret::new(format!("{}.{}.c2ln", BASE64URL.encode(r#"{"alg":"RS256"}"#), BASE64URL.encode(claims.to_string())))
    }

    fn presented(token: Secret, host: &str) -> Result<Proof, Fault> {
        present(&SecretSource::InMemory(token), host, SystemTime::UNIX_EPOCH + Duration::from_secs(1_000)).proof
    }

    #[test]
    fn present_of_a_token_sends_it_as_it_is_and_shows_what_is_compared_in_the_portal() {
        let claims = json!({ "iss": "https://oidc.example/", "sub": "system:serviceaccount:ns:name", "aud": ["api://AzureADTokenExchange"], "exp": 2000 });
        let proof = presented(token(&claims), LOGIN).expect("a proof");
        assert_eq!((proof.parameter.0, proof.parameter.1 == token(&claims)), ("client_assertion", true));
        assert_eq!(
            proof.shown.as_deref(),
            Some(
                "a token of issuer `https://oidc.example/` for subject `system:serviceaccount:ns:name` and audience \
                 `api://AzureADTokenExchange`, valid until 1970-01-01T00:33:20Z"
            )
        );
        assert!(presented(token(&json!({ "aud": "our own audience", "exp": 2000 })), LOGIN).is_ok(), "Entra decides");
    }

    #[test]
    fn present_of_a_token_that_entra_cannot_take_is_refused_before_it_is_sent() {
        let of = |claims: Value, host| presented(token(&claims), host).map(|_| ()).map_err(|fault| fault.reason);
        let (stale, unusable) = (Err(Reason::FederatedTokenStale), Err(Reason::FederatedTokenUnusable));
        for (claims, host, expected) in [
            (json!({ "aud": "api://AzureADTokenExchange", "exp": 999.5 }), LOGIN, stale),
            (json!({ "aud": "api://AzureADTokenExchange", "exp": 2000 }), "login.microsoftonline.us", unusable),
            (json!({ "aud": "api://AzureADTokenExchangeUSGov", "exp": 2000 }), "login.microsoftonline.us", Ok(())),
            (json!({ "aud": ["https://kubernetes.default.svc.cluster.local"], "exp": 2000 }), LOGIN, unusable),
            (json!({ "aud": "api://AzureADTokenExchangeChina", "exp": 2000 }), "login.lab.example", Ok(())),
        ] {
            assert_eq!(of(claims.clone(), host), expected, "{claims} {host}");
        }
        for text in ["not a token", "a.b", "e30.e30", "bnVsbA.bnVsbA.x"] {
            let fault = presented(Secret::new(text), LOGIN).expect_err("no JWT");
            assert_eq!(fault.reason, Reason::FederatedTokenUnusable, "{text}");
            assert!(!format!("{fault:?}").contains(text), "{fault:?}");
        }
    }
}
