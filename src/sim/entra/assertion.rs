//! A client assertion in place of the secret: verified against the certificates that are registered with the application, or against
//! its federated credentials and the keys that their issuer publishes.

use std::time::{Duration, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD as BASE64, URL_SAFE_NO_PAD as BASE64URL};
use serde_json::Value;

use crate::sim::client_certificate::ClientCertificate;
use crate::sim::identifiers;
use crate::sim::state::State;
use crate::sim::tenant::{Application, Tenant};

use super::issuer_keys;
use super::refusal::Aadsts;

/// The only kind of assertion there is.
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Authenticates the application of `tenant` by an assertion, or refuses it in Entra's order: its form, its issuer, its key, its
/// signature, its time, its audience. Microsoft's own clients send an assertion more than once, so that none is refused for that,
/// unless the tenant says so; repetitions are counted.
pub(super) async fn verify(state: &State, assertion: &str, kind: Option<&str>, tenant: &Tenant) -> Result<(), Aadsts> {
    let application = &tenant.application;
    if kind != Some(JWT_BEARER) {
        return Err(Aadsts::parameter_missing("client_assertion_type"));
    }
    let jwt = Jwt::read(assertion).ok_or_else(Aadsts::jwt_malformed)?;
    let issuer = jwt.claim("iss");
    // Signed by another issuer, it wants a federated identity credential.
    if issuer.eq_ignore_ascii_case(&application.client_id) {
        require_registered(&jwt, tenant)?;
    } else {
        require_federated(&jwt, application)?;
        issuer_keys::require_signature(state, issuer, assertion).await?;
        require_time(&jwt, application.assertion_clock)?;
    }
    let name = jwt.name(assertion);
    if application.assertions_are_good_once && state.assertions.has(&name) {
        return Err(Aadsts::assertion_repeated());
    }
    let end = jwt.claims.get("exp").and_then(number).unwrap_or_default();
    state.assertions.add(&name, end, identifiers::unix_now());
    Ok(())
}

/// Refuses an assertion that no certificate of the application signed for this tenant.
fn require_registered(jwt: &Jwt, tenant: &Tenant) -> Result<(), Aadsts> {
    let application = &tenant.application;
    if jwt.claim("sub") != jwt.claim("iss") {
        return Err(Aadsts::assertion_subject_differs());
    }
    let thumbprint = jwt.thumbprint().ok_or_else(Aadsts::thumbprint_missing)?;
    let hex = identifiers::hex(&thumbprint).to_ascii_uppercase();
    let certificate = application.certificates.iter().find(|certificate| certificate.has_thumbprint(&thumbprint));
    let certificate = certificate.ok_or_else(|| Aadsts::assertion_unknown(Some(&hex), application))?;
    if !certificate.verifies(jwt.algorithm(), jwt.signed.as_bytes(), &jwt.signature) {
        return Err(Aadsts::assertion_signature_wrong(&hex, application));
    }
    require_time(jwt, application.assertion_clock)?;
    require_certificate(certificate)?;
    let audience = jwt.claim("aud");
    let is_ours = |name: &str| audience.split('/').any(|part| part.eq_ignore_ascii_case(name));
    let named = audience.starts_with("https://login.") && (is_ours(&tenant.id) || is_ours(&tenant.domain));
    if named { Ok(()) } else { Err(Aadsts::assertion_audience_wrong(audience)) }
}

/// Refuses the token of another issuer that no federated credential of the application matches, character by character.
fn require_federated(jwt: &Jwt, application: &Application) -> Result<(), Aadsts> {
    let (issuer, subject) = (jwt.claim("iss"), jwt.claim("sub"));
    let audiences: Vec<&str> = match jwt.claims.get("aud") {
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
        _ => vec![jwt.claim("aud")],
    };
    let known = &application.federated_credentials;
    if known.is_empty() {
        return Err(Aadsts::federated_credential_missing());
    }
    let of_issuer: Vec<_> = known.iter().filter(|credential| credential.issuer == issuer).collect();
    let of_subject: Vec<_> = of_issuer.iter().filter(|credential| credential.subject == subject).collect();
    let matching = of_subject.iter().any(|credential| audiences.contains(&&*credential.audience));
    match () {
        () if of_issuer.is_empty() => Err(Aadsts::assertion_issuer_unknown(issuer)),
        () if of_subject.is_empty() => Err(Aadsts::assertion_subject_unknown(subject)),
        () if !matching => Err(Aadsts::assertion_audience_unknown(audiences.first().copied().unwrap_or_default())),
        () => Ok(()),
    }
}

/// Refuses an assertion outside its time, by Entra's clock, which is `ahead` seconds ahead of this machine's.
fn require_time(jwt: &Jwt, ahead: i64) -> Result<(), Aadsts> {
    let second = |name: &str| number(jwt.claims.get(name)?);
    let (from, until) = (second("nbf").unwrap_or_default(), second("exp").unwrap_or_default());
    let now = identifiers::unix_now() + ahead;
    if until <= now || from > now + CLOCK_SKEW {
        return Err(Aadsts::assertion_expired(&time(now), &time(from), &time(until)));
    }
    Ok(())
}

/// Refuses a certificate that has ended, has not begun or was revoked.
fn require_certificate(certificate: &ClientCertificate) -> Result<(), Aadsts> {
    let ((from, until), now) = (certificate.validity, identifiers::unix_now());
    match () {
        () if certificate.revoked => Err(Aadsts::certificate_revoked()),
        () if until <= now => Err(Aadsts::certificate_expired()),
        () if now < from => Err(Aadsts::certificate_not_yet_valid()),
        () => Ok(()),
    }
}

/// Returns the refusal of an assertion that was good an hour ago.
pub(super) fn stale() -> Aadsts {
    const HOUR: i64 = 3600;
    let now = identifiers::unix_now();
    Aadsts::assertion_expired(&time(now), &time(now - HOUR - 600), &time(now - HOUR))
}

/// The time that a client's clock may be ahead of us, in seconds.
const CLOCK_SKEW: i64 = 300;

/// A compact JWT.
struct Jwt<'a> {
    header: Value,
    claims: Value,
    /// Header and claims as they were signed.
    signed: &'a str,
    signature: Vec<u8>,
}

impl<'a> Jwt<'a> {
    fn read(assertion: &'a str) -> Option<Self> {
        let (signed, signature) = assertion.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let json = |part: &str| serde_json::from_slice::<Value>(&BASE64URL.decode(part).ok()?).ok().filter(Value::is_object);
        let signature = BASE64URL.decode(signature).ok()?;
        Some(Self { header: json(header)?, claims: json(claims)?, signed, signature })
    }

    fn claim(&self, name: &str) -> &str {
        self.claims.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// The name that its issuer gives to it alone; the whole of it where it has none.
    fn name(&self, assertion: &str) -> String {
        let id = self.claims.get("jti").and_then(Value::as_str);
        id.map_or_else(|| assertion.to_owned(), |id| format!("{} {id}", self.claim("iss")))
    }

    fn algorithm(&self) -> &str {
        self.header.get("alg").and_then(Value::as_str).unwrap_or_default()
    }

    /// The certificate's thumbprint, SHA-1 or SHA-256, in any base64: all are seen.
    fn thumbprint(&self) -> Option<Vec<u8>> {
        let text = ["x5t", "x5t#S256"].iter().find_map(|name| self.header.get(name)?.as_str())?.trim_end_matches('=');
        BASE64URL.decode(text).or_else(|_| BASE64.decode(text)).ok()
    }
}

/// Reads a number as Entra takes it: an integer, a fraction, or digits in quotes.
fn number(value: &Value) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "seconds since 1970")]
    let whole = |number: f64| number as i64;
    value.as_i64().or_else(|| value.as_f64().map(whole)).or_else(|| value.as_str()?.parse().ok())
}

/// A time as the refusal tells it.
fn time(second: i64) -> String {
    // The last second of the year 9999, which is the last that can be written.
    let second = u64::try_from(second).unwrap_or_default().min(253_402_300_799);
    humantime::format_rfc3339(UNIX_EPOCH + Duration::from_secs(second)).to_string()
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use serde_json::json;

    use super::*;
    use crate::credential::{CertificateFiles, CertificateSource, Credential, SecretSource, TokenRequest};
    use crate::secret::Secret;
    use crate::sim::assertion_log::AssertionCounts;
    use crate::sim::jwt::SigningKey;
    use crate::sim::tenant::FederatedCredential;

    fn tenant() -> Tenant {
        Tenant::contoso().with_certificate().expect("a certificate")
    }

    /// Returns an assertion as the program makes it with the tenant's certificate.
    fn signed(tenant: &Tenant, endpoint: &str, now: SystemTime) -> String {
        let certificate = tenant.application.certificates.first().expect("a certificate");
        let files = CertificateFiles::Pem {
            certificate: SecretSource::InMemory(Secret::new(certificate.certificate.as_str())),
            key: Some(SecretSource::InMemory(certificate.key.clone())),
            password: None,
        };
        let request = TokenRequest { client_id: tenant.application.client_id.clone(), endpoint: endpoint.to_owned() };
        let reading = Credential::Certificate(CertificateSource::new(files, None)).present(&request, now);
        let proof = reading.proof.expect("a proof");
        proof.parameter.1.expose().to_owned()
    }

    /// Returns the number of the refusal by a tenant that listens, so that the keys of issuers can be fetched; `fault` is in force
    /// unless it is empty.
    async fn number_under(fault: &str, tenant: &Tenant, assertion: &str) -> Option<u32> {
        let running = crate::sim::start(tenant.clone()).await.expect("a tenant");
        if !fault.is_empty() {
            running.set_fault(fault).expect("a fault");
        }
        verify(&running.state, assertion, Some(JWT_BEARER), tenant).await.err().map(|refusal| refusal.number())
    }

    async fn number_of(tenant: &Tenant, assertion: &str) -> Option<u32> {
        number_under("", tenant, assertion).await
    }

    #[tokio::test]
    async fn assertion_of_the_registered_certificate_is_accepted_once_made_for_this_endpoint_and_time() {
        let tenant = tenant();
        let endpoint = format!("https://login.microsoftonline.com:20443/{}/oauth2/v2.0/token", tenant.id);
        let now = SystemTime::now();
        let good = signed(&tenant, &endpoint, now);
        assert_eq!(number_of(&tenant, &good).await, None);
        let hour = Duration::from_secs(3600);
        assert_eq!(number_of(&tenant, &signed(&tenant, &endpoint, now - hour)).await, Some(700_024));
        assert_eq!(number_of(&tenant, &signed(&tenant, &endpoint, now + hour)).await, Some(700_024));
        assert_eq!(
            number_of(&tenant, &signed(&tenant, "https://login.microsoftonline.com/other/token", now)).await,
            Some(700_023)
        );
        let (head, signature) = good.rsplit_once('.').expect("parts");
        let mut bytes = BASE64URL.decode(signature).expect("base64");
        bytes[0] ^= 1;
        assert_eq!(number_of(&tenant, &format!("{head}.{}", BASE64URL.encode(bytes))).await, Some(700_027));
        let running = crate::sim::start(tenant.clone()).await.expect("a tenant");
        let untyped = verify(&running.state, &good, None, &tenant).await;
        assert_eq!(untyped.err().map(|refusal| refusal.number()), Some(900_144));
    }

    #[tokio::test]
    async fn assertion_of_a_certificate_that_is_revoked_outside_its_dates_or_not_registered_is_refused() {
        let of = async |change: fn(&mut Tenant)| {
            let mut tenant = tenant();
            let endpoint = format!("https://login.microsoftonline.com/{}/oauth2/v2.0/token", tenant.domain);
            let assertion = signed(&tenant, &endpoint, SystemTime::now());
            change(&mut tenant);
            number_of(&tenant, &assertion).await
        };
        assert_eq!(of(|_| ()).await, None);
        assert_eq!(of(|tenant| tenant.application.certificates.clear()).await, Some(700_027));
        assert_eq!(of(|tenant| tenant.application.certificates[0].revoked = true).await, Some(7_000_214));
        assert_eq!(of(|tenant| tenant.application.certificates[0].validity = (0, 1)).await, Some(1_000_502));
        assert_eq!(
            of(|tenant| tenant.application.certificates[0].validity = (253_402_214_400, 253_402_300_799)).await,
            Some(1_000_502)
        );
        assert_eq!(of(|tenant| tenant.application.assertion_clock = 3600).await, Some(700_024));
    }

    /// Returns the token of a service account of the cluster, good for ten minutes unless `change` says otherwise.
    fn federated(key: &SigningKey, change: fn(&mut Value)) -> Secret {
        let FederatedCredential { issuer, subject, audience } = FederatedCredential::of_cluster();
        let now = identifiers::unix_now();
        let mut claims = json!({ "iss": issuer, "sub": subject, "aud": [audience], "nbf": now, "exp": now + 600, "jti": "7" });
        change(&mut claims);
        key.sign(&claims).expect("signed")
    }

    #[tokio::test]
    async fn federated_token_is_accepted_by_exact_issuer_subject_and_audience() {
        let of = async |change: fn(&mut Value), set_up: fn(&mut Application)| {
            let mut tenant = Tenant::contoso().with_federated_credential();
            set_up(&mut tenant.application);
            let token = federated(SigningKey::foreign().expect("a key"), change);
            number_of(&tenant, token.expose()).await
        };
        assert_eq!(of(|_| (), |_| ()).await, None);
        assert_eq!(of(|claims| claims["iss"] = json!("https://oidc.cluster.example/contoso"), |_| ()).await, Some(700_211));
        assert_eq!(
            of(|claims| claims["sub"] = json!("system:serviceaccount:Monitoring:m365-probe"), |_| ()).await,
            Some(700_213)
        );
        assert_eq!(of(|claims| claims["aud"] = json!("api://azureadtokenexchange"), |_| ()).await, Some(700_212));
        assert_eq!(of(|claims| claims["exp"] = json!(1), |_| ()).await, Some(700_024));
        assert_eq!(of(|_| (), |application| application.federated_credentials.clear()).await, Some(70_025));
    }

    #[tokio::test]
    async fn federated_token_is_accepted_by_a_key_that_its_issuer_publishes_now() {
        let tenant = Tenant::contoso().with_federated_credential();
        let good = federated(SigningKey::foreign().expect("a key"), |_| ());
        for (fault, number) in [
            ("", None),
            ("federated_issuer_unreachable", Some(90_061)),
            ("federated_keys_unreadable", Some(900_612)),
            ("federated_key_unknown", Some(7_000_272)),
        ] {
            assert_eq!(number_under(fault, &tenant, good.expose()).await, number, "{fault}");
        }
        let other = federated(SigningKey::shared().expect("a key"), |_| ());
        assert_eq!(number_of(&tenant, other.expose()).await, Some(7_000_272));
        let tampered = federated(SigningKey::foreign().expect("a key"), |claims| claims["jti"] = json!("8"));
        let (_, signature) = tampered.expose().rsplit_once('.').expect("parts");
        let (signed, _) = good.expose().rsplit_once('.').expect("parts");
        assert_eq!(number_of(&tenant, &format!("{signed}.{signature}")).await, Some(700_027));
    }

    #[tokio::test]
    async fn issuer_that_no_document_describes_is_unreachable() {
        let mut tenant = Tenant::contoso().with_federated_credential();
        for issuer in [
            "https://oidc.cluster.example/",
            "https://oidc.elsewhere.example/contoso/",
            "http://oidc.cluster.example/contoso/",
            "kubernetes",
        ] {
            tenant.application.federated_credentials[0].issuer = issuer.to_owned();
            let claims = json!({ "iss": issuer, "sub": FederatedCredential::of_cluster().subject, "aud": FederatedCredential::of_cluster().audience });
            let token = SigningKey::foreign().expect("a key").sign(&claims).expect("signed");
            assert_eq!(number_of(&tenant, token.expose()).await, Some(90_061), "{issuer}");
        }
    }

    /// Nothing is known of a refusal by Entra, so that repetitions are counted; a tenant may refuse them.
    #[tokio::test]
    async fn assertion_that_is_repeated_is_counted_and_refused_where_each_is_good_once() {
        let mut tenant = Tenant::contoso().with_federated_credential();
        let token = federated(SigningKey::foreign().expect("a key"), |_| ());
        let running = crate::sim::start(tenant.clone()).await.expect("a tenant");
        for repeated in 0..2 {
            assert!(verify(&running.state, token.expose(), Some(JWT_BEARER), &tenant).await.is_ok());
            assert_eq!(running.assertions(), AssertionCounts { accepted: repeated + 1, repeated });
        }
        tenant.application.assertions_are_good_once = true;
        let refused = verify(&running.state, token.expose(), Some(JWT_BEARER), &tenant).await;
        assert_eq!(refused.err().map(|refusal| refusal.number()), Some(7_999_998));
        let fresh = federated(SigningKey::foreign().expect("a key"), |claims| claims["jti"] = json!("8"));
        assert!(verify(&running.state, fresh.expose(), Some(JWT_BEARER), &tenant).await.is_ok());
    }

    #[tokio::test]
    async fn each_flaw_of_an_assertion_has_its_number() {
        let tenant = tenant();
        let (id, now) = (tenant.application.client_id.clone(), identifiers::unix_now());
        let jwt = |header: Value, claims: Value| {
            format!("{}.{}.c2ln", BASE64URL.encode(header.to_string()), BASE64URL.encode(claims.to_string()))
        };
        let header = json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": "q80" });
        let whole = json!({ "iss": id, "sub": id, "nbf": now, "exp": now + 600 });
        let foreign = json!({ "iss": "https://token.actions.githubusercontent.com", "nbf": now, "exp": now + 600 });
        for (assertion, number) in [
            (jwt(header.clone(), whole.clone()), 700_027),
            (jwt(json!({ "alg": "RS256", "x5t": "q80=" }), whole.clone()), 700_027),
            (jwt(json!({ "alg": "RS256" }), whole), 50_027),
            (jwt(header.clone(), json!({ "iss": id, "sub": "another" })), 50_048),
            (jwt(header, foreign), 70_025),
            ("a.b.c".to_owned(), 50_027),
            (String::new(), 50_027),
        ] {
            assert_eq!(number_of(&tenant, &assertion).await, Some(number), "{assertion}");
        }
        assert_eq!(time(i64::MAX), "9999-12-31T23:59:59Z");
        assert_eq!([json!(7), json!(7.9), json!("7")].map(|value| number(&value)), [Some(7); 3]);
    }
}
