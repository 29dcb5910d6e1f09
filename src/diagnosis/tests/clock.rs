//! Diagnosis of certificates that are outside their time by this machine's clock.

use super::*;
use crate::outcome::{CertificateFacts, ServerClock};

/// An endpoint that presented a certificate of its own, and the failure that it met there.
fn endpoint(host: &str, failed: Option<Reason>) -> EndpointFacts {
    let certificate = CertificateFacts {
        subject: format!("CN={host}"),
        issuer: "DigiCert".to_owned(),
        issuer_name: "CN=DigiCert".to_owned(),
        product: None,
        names: vec![host.to_owned()],
        not_before: SystemTime::UNIX_EPOCH,
        not_after: SystemTime::UNIX_EPOCH,
        fingerprint: host.to_owned(),
        verified: failed.is_none(),
    };
    let failed = failed.map(|reason| (Phase::Tls, reason));
    EndpointFacts { certificate: Some(certificate.into()), failed, ..EndpointFacts::new(host, 443, None) }
}

/// A tenant whose token, `reach` and POP3 checks failed in TLS for `reason`, at the endpoints that `reach` has found.
fn failing(reason: Reason, endpoints: &[EndpointFacts]) -> Vec<Outcome> {
    let all = [("token", Phase::Tls, reason), ("reach", Phase::Tls, reason), ("*/pop3", Phase::Tls, reason)];
    let mut outcomes = tenant(&["a"], &[Check::Pop3], &all);
    outcomes[2].facts.endpoints = endpoints.to_vec();
    outcomes
}

#[test]
fn certificates_that_are_all_outside_their_time_are_a_wrong_clock_likely() {
    for reason in [Reason::TlsCertificateExpired, Reason::TlsCertificateNotYetValid] {
        let both = [endpoint("login", Some(reason)), endpoint("outlook", Some(reason))];
        let outcomes = failing(reason, &both);
        assert_causes(reason.code(), &outcomes, &[(Reason::ClockWrong, Confidence::Likely, None, &["token", "reach", "*/pop3"])]);
        assert_eq!(diagnose(&outcomes)[0].candidates, [reason], "the other explanation");
    }
}

/// The endpoints of two servers with certificates outside their time, one of which told its clock.
fn told(reason: Reason, skew_seconds: f64, makes_valid: bool) -> [EndpointFacts; 2] {
    let clock = ServerClock { skew_seconds, makes_valid };
    [EndpointFacts { server_clock: Some(clock), ..endpoint("login", Some(reason)) }, endpoint("outlook", Some(reason))]
}

#[test]
fn clock_that_a_server_tells_decides_whether_certificates_or_this_machine_are_wrong() {
    let reason = Reason::TlsCertificateExpired;
    for (skew_seconds, makes_valid, cause) in
        [(-86_400.0, true, Reason::ClockWrong), (0.5, false, reason), (-60.0, true, reason), (-86_400.0, false, reason)]
    {
        let endpoints = told(reason, skew_seconds, makes_valid);
        for endpoints in [&endpoints[..], &endpoints[..1]] {
            let causes = diagnose(&failing(reason, endpoints));
            assert_eq!(causes.iter().map(|cause| cause.reason).collect::<Vec<_>>(), [cause], "{skew_seconds} {makes_valid}");
        }
    }
}

#[test]
fn certificate_outside_its_time_beside_a_good_one_or_alone_is_its_own_cause() {
    let expired = Reason::TlsCertificateExpired;
    let other = Reason::TlsCertificateUntrusted;
    for (case, endpoints) in [
        ("a good one", vec![endpoint("login", Some(expired)), endpoint("outlook", None)]),
        ("one that is untrusted", vec![endpoint("login", Some(expired)), endpoint("outlook", Some(other))]),
        ("the same one twice", vec![endpoint("login", Some(expired)), endpoint("login", Some(expired))]),
    ] {
        let causes = diagnose(&failing(expired, &endpoints));
        assert!(causes.iter().all(|cause| cause.reason != Reason::ClockWrong), "{case}: {causes:?}");
        assert_eq!(causes[0].reason, expired, "{case}");
    }
}
