//! A client assertion in place of the secret: what is wrong with it. This tenant's application has a secret only.

use std::time::{Duration, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use serde_json::Value;

use crate::sim::identifiers;
use crate::sim::tenant::Application;

use super::refusal::Aadsts;

/// The only kind of assertion there is.
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Finds why an assertion does not authenticate `application`, in Entra's order: its form, its issuer, its key, its time.
pub(super) fn refusal(assertion: &str, kind: Option<&str>, application: &Application) -> Aadsts {
    if kind != Some(JWT_BEARER) {
        return Aadsts::parameter_missing("client_assertion_type");
    }
    let Some((header, claims)) = read(assertion) else { return Aadsts::jwt_malformed() };
    let issuer = claims.get("iss").and_then(Value::as_str).unwrap_or_default();
    // Signed by another issuer, it wants a federated identity credential.
    if !issuer.eq_ignore_ascii_case(&application.client_id) {
        return Aadsts::assertion_issuer_unknown(issuer);
    }
    let thumbprint = ["x5t", "x5t#S256"].iter().find_map(|name| header.get(name)?.as_str());
    let Some(thumbprint) = thumbprint.and_then(|text| BASE64URL.decode(text.trim_end_matches('=')).ok()) else {
        return Aadsts::thumbprint_missing();
    };
    let second = |name: &str| claims.get(name).and_then(Value::as_i64);
    let (from, until) = (second("nbf").unwrap_or_default(), second("exp").unwrap_or_default());
    let now = identifiers::unix_now();
    if until <= now || from > now + CLOCK_SKEW {
        return Aadsts::assertion_expired(&time(now), &time(from), &time(until));
    }
    Aadsts::assertion_unknown(Some(&identifiers::hex(&thumbprint).to_ascii_uppercase()), application)
}

/// Returns the refusal of an assertion that was good an hour ago.
pub(super) fn stale() -> Aadsts {
    const HOUR: i64 = 3600;
    let now = identifiers::unix_now();
    Aadsts::assertion_expired(&time(now), &time(now - HOUR - 600), &time(now - HOUR))
}

/// The time that a client's clock may be ahead of us, in seconds.
const CLOCK_SKEW: i64 = 300;

/// Header and claims of a compact JWT.
fn read(assertion: &str) -> Option<(Value, Value)> {
    let mut parts = assertion.split('.');
    let (header, claims, signature) = (parts.next()?, parts.next()?, parts.next()?);
    let json = |part: &str| serde_json::from_slice::<Value>(&BASE64URL.decode(part).ok()?).ok().filter(Value::is_object);
    BASE64URL.decode(signature).ok()?;
    parts.next().is_none().then_some((json(header)?, json(claims)?))
}

/// A time as the refusal tells it.
fn time(second: i64) -> String {
    // The last second of the year 9999, which is the last that can be written.
    let second = u64::try_from(second).unwrap_or_default().min(253_402_300_799);
    humantime::format_rfc3339(UNIX_EPOCH + Duration::from_secs(second)).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sim::tenant::Tenant;

    #[test]
    fn each_flaw_of_an_assertion_has_its_number() {
        let application = Tenant::contoso().application;
        let (id, now) = (application.client_id.clone(), identifiers::unix_now());
        let jwt = |header: Value, claims: Value| {
            format!("{}.{}.c2ln", BASE64URL.encode(header.to_string()), BASE64URL.encode(claims.to_string()))
        };
        let signed = json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": "q80" });
        let told = |assertion: &str, kind| refusal(assertion, kind, &application).number();
        let whole = json!({ "iss": id, "sub": id, "nbf": now, "exp": now + 600 });
        let old = json!({ "iss": id, "nbf": now - 1200, "exp": now - 600 });
        let foreign = json!({ "iss": "https://token.actions.githubusercontent.com", "nbf": now, "exp": now + 600 });
        for (assertion, number) in [
            (jwt(signed.clone(), whole.clone()), 700_027),
            (jwt(json!({ "alg": "RS256", "x5t": "q80=" }), whole.clone()), 700_027),
            (jwt(json!({ "alg": "RS256" }), whole.clone()), 50_027),
            (jwt(signed.clone(), old), 700_024),
            (jwt(signed.clone(), foreign), 700_211),
            ("a.b.c".to_owned(), 50_027),
            (String::new(), 50_027),
        ] {
            assert_eq!(told(&assertion, Some(JWT_BEARER)), number, "{assertion}");
        }
        assert_eq!(told(&jwt(signed, whole), None), 900_144);
        assert_eq!(time(i64::MAX), "9999-12-31T23:59:59Z");
    }
}
