//! The SMTP conversation with servers that are good, odd, and hostile.

use super::Session;
use crate::check::script::laws::{self, Lie, Scripted};
use crate::check::script::{Delivery, lying, talk};
use crate::outcome::Phase::{self, Auth, Greeting, Starttls};
use crate::outcome::{SupportId, SupportIds};
use crate::reason::Reason;

const HELLO: &str =
    "220 GV2PEPF000000F3.outlook.office365.com Microsoft ESMTP MAIL Service ready at Tue, 4 Apr 2023 20:49:44 +0000";
const EHLO: &str = "EHLO [127.0.0.1]";
const FEATURES: &str =
    "250-GV2PEPF000000F3.outlook.office365.com Hello [192.0.2.7]\n250-SIZE 157286400\n250-AUTH LOGIN XOAUTH2\n250 SMTPUTF8";
const TRAILED: &str =
    "235 2.7.0 Authentication successful [GVYP280CA0011.SWEP280.PROD.OUTLOOK.COM 2023-02-06T21:34:15.820Z 08DB0823FF6976E9]";

impl Scripted for Session {
    /// The session as after STARTTLS, with a greeting first, as on port 465.
    const SECURED: &[(Phase, &str, &str)] = &[
        (Greeting, "", HELLO),
        (Auth, EHLO, FEATURES),
        (Auth, "AUTH XOAUTH2 <payload>", TRAILED),
        (Auth, "QUIT", "221 2.0.0 Service closing transmission channel"),
    ];

    const CLEAR: &[(Phase, &str, &str)] = &[
        (Greeting, "", HELLO),
        (Starttls, EHLO, "250-smtp.example Hello [192.0.2.7]\n250-STARTTLS\n250 SIZE 1"),
        (Starttls, "STARTTLS", "220 2.0.0 SMTP server ready"),
    ];
}

#[tokio::test(start_paused = true)]
async fn smtp_session_with_a_good_server_logs_in() {
    let talk = talk::<Session>(&Session::secured(), Delivery::Whole).await;
    assert_eq!(talk.ended(), (Auth, Ok(())));
    assert_eq!(talk.facts.server.public_address.as_deref(), Some("192.0.2.7"));
    assert_eq!(talk.facts.server.name.as_deref(), Some("GVYP280CA0011.SWEP280.PROD.OUTLOOK.COM"));
    assert_eq!(talk.facts.server.ids, SupportIds::from([(SupportId::Session, "08DB0823FF6976E9".to_owned())]));
    assert_eq!(talk.turns, 2 + 1, "EHLO, AUTH; and a goodbye");
}

#[tokio::test(start_paused = true)]
async fn smtp_session_keeps_the_laws_of_mail_protocols() {
    laws::check::<Session>().await;
}

#[test]
fn smtp_session_with_arbitrary_replies_ends() {
    laws::check_arbitrary_replies::<Session>();
}

#[tokio::test(start_paused = true)]
async fn smtp_login_with_the_token_on_a_line_of_its_own_succeeds() {
    for exchange in [
        "500 5.5.2 Line too long | AUTH XOAUTH2 | 334  | <payload> | 235 2.7.0 in",
        "500 5.5.6 no | AUTH XOAUTH2 | 334 go ahead | <payload> | 235 2.7.0 in",
        "334 | <payload> | 235 2.7.0 in",
        "334  | <payload> | 235 2.7.0 in",
    ] {
        let turns = [&lying(&Session::secured(), 2, exchange)[..], &Session::secured()[3..]].concat();
        let talk = talk::<Session>(&turns, Delivery::Whole).await;
        assert_eq!(talk.ended(), (Auth, Ok(())), "{exchange}");
    }
}

#[tokio::test(start_paused = true)]
async fn smtp_session_with_each_lie_ends_in_its_phase_with_its_reason() {
    #[rustfmt::skip]
    let lies: &[Lie<'_>] = &[
        (0, "+OK POP3 ready", Greeting, Reason::GreetingUnexpected),
        (0, "421 4.3.2 Service not available", Greeting, Reason::GreetingRefused),
        (0, "554 no SMTP service here", Greeting, Reason::GreetingRefused),
        (0, "220-a\n221 b", Greeting, Reason::ReplyMalformed),
        (1, "502 5.5.1 not implemented", Auth, Reason::CommandRefused),
        (1, "250-a\n251 b", Auth, Reason::ReplyMalformed),
        (1, "250-a\n250 AUTH PLAIN LOGIN", Auth, Reason::MechanismNotOffered),
        (1, "250-a\nEOF", Auth, Reason::ConnectionClosed),
        (2, "535 5.7.3 Authentication unsuccessful", Auth, Reason::AuthRefused),
        (2, "535-5.7.139 Authentication unsuccessful,\n535 5.7.139 SmtpClientAuthentication is disabled for the Mailbox.", Auth, Reason::SmtpAuthDisabledMailbox),
        (2, "334 eyJzdGF0dXMiOiI0MDAifQ== |  | 535-5.7.8 Username and Password not accepted.\n535 5.7.8 see support", Auth, Reason::AuthRefused),
        (2, "334 eyJzdGF0dXMiOiI0MDAifQ== |  | 235 2.7.0 after all", Auth, Reason::ReplyMalformed),
        (2, "334 eyJzdGF0dXMiOiI0MDAifQ== |  | 334 again", Auth, Reason::ReplyMalformed),
        (2, "334 | <payload> | 334 |  | 535 5.7.8 no", Auth, Reason::AuthRefused),
        (2, "500 5.5.2 Line too long | AUTH XOAUTH2 | 500 5.5.2 Line too long", Auth, Reason::ProtocolError),
        (2, "500 5.5.2 Line too long | AUTH XOAUTH2 | 334 | <payload> | 500 5.5.2 Line too long", Auth, Reason::ProtocolError),
        (2, "500 5.5.2 Line too long | AUTH XOAUTH2 | EOF", Auth, Reason::ConnectionClosed),
        (2, "250 what", Auth, Reason::ReplyMalformed),
        (2, "421 4.7.66 TLS 1.0 and 1.1 are not supported.", Auth, Reason::TlsProtocolTooOld),
        (1, "250-a\n250 XXXXXXXA", Starttls, Reason::StarttlsNotOffered),
        (1, "250 a", Starttls, Reason::StarttlsNotOffered),
        (2, "454 4.7.0 TLS not available", Starttls, Reason::StarttlsRefused),
        (2, "220 go\n250 injected", Starttls, Reason::StarttlsInjection),
        (2, "220-go\n220 on\n", Starttls, Reason::StarttlsInjection),
        (2, "250 what", Starttls, Reason::ReplyMalformed),
    ];
    laws::check_lies::<Session>(lies).await;
}
