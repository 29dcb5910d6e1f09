//! SASL XOAUTH2: the payload that POP3, IMAP and SMTP log in with, and the challenge that may refuse it.

use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD};
use secrecy::zeroize::Zeroizing;
use serde_json::Value;

use super::Refusal;
use crate::outcome::Fault;
use crate::reason::Reason;
use crate::sanitize;
use crate::secret::Secret;

/// Makes the payload: `base64("user=" mailbox ^A "auth=Bearer " token ^A ^A)`.
///
/// The user is the mailbox to open, also a shared one; the application is known from the token.
/// <https://learn.microsoft.com/en-us/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth>
pub fn xoauth2(mailbox: &str, token: &Secret) -> Secret {
    let parts = ["user=", mailbox, "\x01auth=Bearer ", token.expose(), "\x01\x01"];
    // With room for all of it, no half-written copy is left behind in memory by growing.
    let mut plain = Zeroizing::new(String::with_capacity(parts.iter().map(|part| part.len()).sum()));
    for part in parts {
        plain.push_str(part);
    }
    Secret::new(STANDARD.encode(plain.as_bytes()))
}

/// The reply to a payload that is no refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthReply {
    /// The token was accepted.
    Accepted,
    /// A challenge, which refuses the token: send an empty line and read the refusal.
    Challenged(Challenge),
}

/// The challenge that a server sends instead of accepting the payload. The client sends an empty line, and only then does the
/// server send its refusal. Google defines it as JSON (`status`, `schemes`, `scope`); Dovecot and others follow.
/// <https://developers.google.com/workspace/gmail/imap/xoauth2-protocol#error_response>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// The field `status`: `401`, `invalid_token` and the like.
    pub status: Option<String>,
    /// The whole challenge, decoded where it is base64, on one printable line of bounded length.
    pub text: String,
}

/// Base64 that may lack its padding: a challenge is evidence, not something to be strict about.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl Challenge {
    /// Parses the text after `+ ` or `334 `. Text that is no base64 is kept as it is.
    pub fn parse(encoded: &str) -> Self {
        let encoded = encoded.trim();
        let decoded = LENIENT.decode(encoded).unwrap_or_else(|_| encoded.as_bytes().to_vec());
        let status = match serde_json::from_slice::<Value>(&decoded) {
            Ok(json) => match json.get("status") {
                Some(Value::String(status)) => Some(sanitize::one_line(status, 40)),
                Some(Value::Number(status)) => Some(status.to_string()),
                _ => None,
            },
            Err(_) => None,
        };
        Self { status, text: sanitize::reply_bytes(&decoded) }
    }

    /// Makes a refusal of the challenge, for a server that sends no other; `None` where it has no status.
    pub fn as_refusal(&self) -> Option<Refusal> {
        let status = self.status.clone()?;
        Some(Fault::heard(Reason::AuthRefused, sanitize::reply(&format!("(challenge: {})", self.text))).code(status).into())
    }

    /// Adds the challenge to the evidence of the refusal that followed it.
    #[must_use]
    pub fn add_to(&self, mut refusal: Refusal) -> Refusal {
        let evidence = &mut refusal.fault.evidence;
        let heard = evidence.heard.take().unwrap_or_default();
        evidence.heard = Some(sanitize::reply(&format!("{heard} (challenge: {})", self.text)));
        evidence.code = evidence.code.take().or_else(|| self.status.clone());
        refusal
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn xoauth2_makes_the_payload_that_microsoft_documents() {
        let payload = xoauth2("test@contoso.onmicrosoft.com", &Secret::new("EwBAAl3BAAUFFpUAo7J3Ve0bjLBWZWCclRC3EoAA"));
        assert_eq!(
            payload.expose(),
            "dXNlcj10ZXN0QGNvbnRvc28ub25taWNyb3NvZnQuY29tAWF1dGg9QmVhcmVyIEV3QkFBbDNCQUFVRkZwVUFvN0ozVmUwYmpMQldaV0NjbFJDM0VvQUEBAQ=="
        );
    }

    #[test]
    fn challenge_keeps_status_and_text() {
        let google = STANDARD.encode(r#"{"status":"401","schemes":"Bearer","scope":"https://mail.google.com/"}"#);
        for (encoded, status, text) in [
            (google.as_str(), Some("401"), r#"{"status":"401","schemes":"Bearer","scope":"https://mail.google.com/"}"#),
            ("eyJzdGF0dXMiOjQwMH0", Some("400"), r#"{"status":400}"#),
            ("bm8=", None, "no"),
            ("not base64!", None, "not base64!"),
            ("", None, ""),
        ] {
            let challenge = Challenge::parse(encoded);
            assert_eq!((challenge.status.as_deref(), challenge.text.as_str()), (status, text));
        }
    }

    #[test]
    fn challenge_is_added_to_the_evidence_of_the_refusal() {
        let refusal =
            Challenge::parse("eyJzdGF0dXMiOiI0MDEifQ==").add_to(Fault::heard(Reason::AuthRefused, "535 5.7.3 no").into());
        assert_eq!(refusal.fault.evidence.heard.as_deref(), Some(r#"535 5.7.3 no (challenge: {"status":"401"})"#));
        assert_eq!(refusal.fault.evidence.code.as_deref(), Some("401"));
    }

    proptest! {
        #[test]
        fn challenge_parse_never_panics(encoded in any::<String>()) {
            Challenge::parse(&encoded);
        }
    }
}
