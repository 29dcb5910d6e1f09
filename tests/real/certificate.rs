//! An application that signs in with a certificate: real servers take its token, and what is wrong with the pair is told.

use std::path::PathBuf;

use m365_probe::sim::ClientCertificate;

use crate::lab::{Lab, Setup};
use crate::postfix::{self, Postfix};
use crate::strict_issuer::{self, StrictIssuer};
use crate::{authority, needs, program};

fn write_pair(lab: &Lab, name: &str, certificate: &str, key: &str) -> (PathBuf, PathBuf) {
    (lab.scratch.file(&format!("{name}.pem"), certificate), lab.scratch.secret(&format!("{name}.key"), key))
}

fn setup(lab: &Lab, name: &str, pair: &ClientCertificate) -> Setup {
    Setup { certificate: Some(write_pair(lab, name, &pair.certificate, pair.key.expose())), ..lab.setup() }
}

#[test]
fn check_with_a_certificate_is_ok_at_dovecot_and_postfix() {
    let Some(lab) = needs::all_there(&[postfix::PART]).then(Lab::start).flatten() else { return };
    let identity = lab.authority.identity(&lab.scratch, "postfix", authority::NAMES, 30);
    let postfix = Postfix::start(&lab.scratch, &identity, &lab.dovecot.auth_socket());
    let good = setup(&lab, "registered", &lab.key.registered);
    let smtp = Setup { smtp: format!("smtp://smtp.office365.com:{}", postfix.submission), ..good.clone() };
    for (check, setup) in [("token", &good), ("pop3", &good), ("imap", &good), ("smtp", &good), ("smtp", &smtp)] {
        program::check(&setup.write(&lab.scratch, "certificate"), &[check]).assert_ok(check);
    }
}

#[test]
fn check_with_a_wrong_key_an_unregistered_or_an_expired_certificate_fails_in_token_and_says_why() {
    let Some(lab) = Lab::start() else { return };
    let foreign = ClientCertificate::foreign().expect("a certificate");
    let expired = ClientCertificate::new((-9, -2)).expect("a certificate");
    let unregistered = setup(&lab, "foreign", &foreign);
    let outdated = setup(&lab, "expired", &expired);
    let pair = write_pair(&lab, "mixed", &lab.key.registered.certificate, foreign.key.expose());
    let mixed = Setup { certificate: Some(pair), ..lab.setup() };
    for (setup, reason) in [
        (mixed, "client_key_mismatch"),
        (unregistered, "client_certificate_not_registered"),
        (outdated, "client_certificate_expired"),
    ] {
        let configuration = setup.write(&lab.scratch, reason);
        for check in ["token", "pop3"] {
            program::check(&configuration, &[check]).assert_failed(reason, "token", reason);
        }
    }
}

/// The code that authenticates us here is oidc-provider's, which knows nothing of Microsoft and takes each assertion once.
#[test]
fn check_with_a_certificate_is_ok_at_oidc_provider_whose_tokens_dovecot_takes() {
    let Some(lab) = needs::all_there(&[strict_issuer::PART]).then(Lab::start).flatten() else { return };
    let issuer = StrictIssuer::start(&lab);
    let setup = Setup { login: issuer.url(), ..setup(&lab, "registered", &lab.key.registered) };
    let configuration = setup.write(&lab.scratch, "strict");
    for check in ["token", "token", "pop3", "imap"] {
        program::check(&configuration, &[check]).assert_ok(check);
    }
}

#[test]
fn check_with_another_certificate_or_a_secret_is_refused_by_oidc_provider_and_fails_in_token() {
    let Some(lab) = needs::all_there(&[strict_issuer::PART]).then(Lab::start).flatten() else { return };
    let issuer = StrictIssuer::start(&lab);
    let foreign = setup(&lab, "foreign", &ClientCertificate::foreign().expect("a certificate"));
    for (setup, why) in
        [(foreign, "signature verification failed"), (lab.setup(), "does not match the registered client authentication method")]
    {
        let setup = Setup { login: issuer.url(), ..setup };
        let result = program::check(&setup.write(&lab.scratch, "strict"), &["token"]);
        result.assert_failed(why, "token", "client_credential_refused");
        assert_eq!(result.outcome()["owner"], "application_owner", "{why}");
        assert!(issuer.log().contains(why), "{}", issuer.log());
    }
}
