//! The claims of an access token (RFC 7519), for people to read: nothing is verified, and nothing depends on a claim.
//!
//! Formally an access token is opaque to a client. Exchange's are plain JWTs, and their claims tell why a login may fail.
//! <https://learn.microsoft.com/en-us/entra/identity-platform/access-token-claims-reference>

use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};

use crate::outcome::TokenFacts;
use crate::sanitize;
use crate::secret::Secret;

/// Bytes of the largest token that is parsed; Exchange's run to 2.5 kB.
const MAX_TOKEN: usize = 64 * 1024;

/// The most roles that are kept; Exchange Online has fewer.
const MAX_ROLES: usize = 100;

const URL_SAFE: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Parses the token's claims; `None` for a token that is no JWT, which is no fault.
pub fn token_facts(token: &Secret) -> Option<TokenFacts> {
    let claims = claims(token.expose())?;
    let text = |name: &str| claims.get(name).and_then(text);
    Some(TokenFacts {
        expires: claims.get("exp").and_then(numeric_date),
        audience: text("aud"),
        issuer: text("iss"),
        tenant_id: text("tid"),
        // Version 1 tokens say `appid`, version 2 tokens `azp`.
        app_id: text("appid").or_else(|| text("azp")),
        object_id: text("oid"),
        // Entra leaves the claim out when there is nothing to put into it.
        roles: Some(claims.get("roles").map(texts).unwrap_or_default()),
        ..TokenFacts::default()
    })
}

fn claims(token: &str) -> Option<Map<String, Value>> {
    if token.len() > MAX_TOKEN {
        return None;
    }
    let mut parts = token.split('.');
    let (_header, payload, _signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None; // five parts are an encrypted token
    }
    serde_json::from_slice(&URL_SAFE.decode(payload).ok()?).ok()
}

/// Returns a string, or the first of several: RFC 7519 (4.1.3) lets `aud` be either.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(value) => Some(sanitize::one_line(value, 200)).filter(|line| !line.is_empty()),
        Value::Array(all) => all.first().filter(|first| first.is_string()).and_then(text),
        _ => None,
    }
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(all) => all.iter().filter(|value| value.is_string()).filter_map(text).take(MAX_ROLES).collect(),
        other => text(other).into_iter().collect(),
    }
}

/// Parses seconds since 1970 (RFC 7519, `NumericDate`), as a number or as digits; `None` from the year 10000 on.
fn numeric_date(value: &Value) -> Option<SystemTime> {
    const YEAR_10000: u64 = 253_402_300_800;
    let seconds = match value {
        Value::Number(_) => value.as_u64().or_else(|| whole_seconds(value.as_f64()?))?,
        Value::String(digits) => digits.trim().parse().ok()?,
        _ => return None,
    };
    (seconds < YEAR_10000).then(|| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
}

/// Rounds seconds down: RFC 7519 allows fractions.
fn whole_seconds(seconds: f64) -> Option<u64> {
    Duration::try_from_secs_f64(seconds).ok().map(|since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn token(payload: &str) -> Secret {
        Secret::new(format!("e30.{}.c2ln", URL_SAFE.encode(payload)))
    }

    #[test]
    fn token_facts_of_an_application_token() {
        let facts = token_facts(&token(
            r#"{"aud":"https://outlook.office365.com","iss":"https://sts.windows.net/t/","exp":1795460000,"appid":"app",
                "oid":"object","tid":"t","roles":["POP.AccessAsApp","full_access_as_app"],"ver":"1.0"}"#,
        ))
        .expect("readable");
        assert_eq!(facts.audience.as_deref(), Some("https://outlook.office365.com"));
        assert_eq!(facts.issuer.as_deref(), Some("https://sts.windows.net/t/"));
        assert_eq!(facts.expires, Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_460_000)));
        assert_eq!([facts.app_id, facts.object_id, facts.tenant_id].map(Option::unwrap_or_default), ["app", "object", "t"]);
        assert_eq!(facts.roles, Some(vec!["POP.AccessAsApp".to_owned(), "full_access_as_app".to_owned()]));
    }

    #[test]
    fn token_facts_of_odd_claims_keep_the_others() {
        let parsed = |payload: &str| token_facts(&token(payload)).expect("readable");
        assert_eq!(parsed("{}").roles, Some(vec![]));
        assert_eq!(parsed(r#"{"roles":"one"}"#).roles, Some(vec!["one".to_owned()]));
        assert_eq!(parsed(r#"{"roles":[1,"two",["three"]]}"#).roles, Some(vec!["two".to_owned()]));
        assert_eq!(parsed(r#"{"aud":["a","b"],"azp":"v2"}"#).audience.as_deref(), Some("a"));
        assert_eq!(parsed(r#"{"azp":"v2"}"#).app_id.as_deref(), Some("v2"));
        let at = |seconds| Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
        for (exp, expires) in [
            ("7", at(7)),
            ("7.9", at(7)),
            ("\"7\"", at(7)),
            ("-7", None),
            ("1e300", None),
            ("253402300800", None),
            ("null", None),
        ] {
            assert_eq!(parsed(&format!(r#"{{"exp":{exp}}}"#)).expires, expires, "{exp}");
        }
    }

    #[test]
    fn token_facts_of_an_opaque_token_is_none() {
        for opaque in ["", "EwBAAl3BAAUF", "a.b", "a.b.c", "e30.bm8.c2ln", "e30.W10.c2ln", "e30.e30.c2ln.x.y"] {
            assert_eq!(token_facts(&Secret::new(opaque)), None, "{opaque}");
        }
        assert_eq!(token_facts(&Secret::new(format!("e30.{}.c2ln", "A".repeat(MAX_TOKEN)))), None);
    }

    proptest! {
        #[test]
        fn token_facts_never_panics(any in any::<String>(), payload in any::<Vec<u8>>(), exp in any::<f64>()) {
            token_facts(&Secret::new(any));
            token_facts(&Secret::new(format!("e30.{}.c2ln", URL_SAFE.encode(payload))));
            token_facts(&token(&format!(r#"{{"exp":{exp}}}"#)));
        }
    }
}
