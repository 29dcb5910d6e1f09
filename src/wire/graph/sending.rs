//! Microsoft Graph: the request that sends a mail, and the parser of its answer.
//!
//! The mail is described in JSON and known by its own header field: the answer tells no Message-ID, which Exchange makes later, and a
//! mail that is sent as MIME loses fields of its own where the mailbox does not know them yet (microsoft-graph-docs-contrib#424).
//! <https://learn.microsoft.com/en-us/graph/api/user-sendmail>

use std::time::SystemTime;

use hyper::StatusCode;
use serde_json::{Value, json};

use super::{MAX_RESPONSE, path_segment, refusal};
use crate::reason::Reason;
use crate::wire::http::{ResponseHead, parse_json};
use crate::wire::mail::{MARK, Mark, NO_ANSWER, SubmissionRefusal, TEXT};

/// Returns the path that a mail from the mailbox with that address is sent to.
pub fn send_mail_path(mailbox: &str) -> String {
    format!("/v1.0/users/{}/sendMail", path_segment(mailbox))
}

/// Writes the body of the request, in JSON, for a mail that is sent `now`. No copy of it stays in Sent Items.
pub fn send_mail_body(mark: &Mark, to: &str, now: SystemTime) -> String {
    let header = |name: &str, value: &str| json!({ "name": name, "value": value });
    let message = json!({
        "subject": mark.subject(),
        "body": { "contentType": "Text", "content": TEXT.join("\r\n") },
        "toRecipients": [{ "emailAddress": { "address": to } }],
        "internetMessageHeaders": [header(MARK, &mark.field(now)), header(NO_ANSWER.0, NO_ANSWER.1)],
    });
    json!({ "message": message, "saveToSentItems": false }).to_string()
}

/// Parses the response: accepted, which does not mean delivered.
///
/// # Errors
/// Every other response. What is refused before the mail is looked at (token, permission, mailbox, throttling, outage) is not for
/// good here, as a refused login is not.
pub fn parse_sent(head: ResponseHead<'_>, body: &[u8]) -> Result<(), SubmissionRefusal> {
    if head.status == StatusCode::ACCEPTED {
        return Ok(());
    }
    let response = Some(body).filter(|body| body.len() <= MAX_RESPONSE).and_then(parse_json::<Value>);
    let mut refusal = refusal::refusal(head, body, response.as_ref());
    let is_new = refusal.fault.evidence.unrecognized && head.status.is_client_error();
    if is_new && matches!(refusal.fault.reason, Reason::OperationFailed | Reason::RequestRejected) {
        refusal.fault = refusal.fault.renamed(Reason::SubmissionRefused);
    }
    let is_for_good = matches!(
        refusal.fault.reason,
        Reason::SendAsDenied
            | Reason::SenderBlocked
            | Reason::MailboxFull
            | Reason::SubmissionQuotaExceeded
            | Reason::MessageTooLarge
            | Reason::SubmissionRefused
            | Reason::RequestRejected
            | Reason::LicenseInvalid
    );
    Err(SubmissionRefusal { refusal, is_for_good })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::wire::http::tests::headers;

    #[test]
    fn send_mail_body_marks_the_mail_and_keeps_no_copy() {
        let mark =
            Mark { instance: "11111111-2222-3333-4444-555555555555".into(), id: "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee".into() };
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_796_000_000);
        let body: Value = serde_json::from_str(&send_mail_body(&mark, "o'neil@contoso.example", at)).expect("JSON");
        assert_eq!(body["message"]["toRecipients"][0]["emailAddress"]["address"], "o'neil@contoso.example");
        assert_eq!(body["message"]["subject"], "m365-probe round trip aaaaaaaa");
        assert_eq!(body["saveToSentItems"], false);
        let headers = body["message"]["internetMessageHeaders"].as_array().expect("a list");
        assert!(
            headers.len() <= 5 && headers.iter().all(|header| header["name"].as_str().is_some_and(|name| name.starts_with("X-")))
        );
        assert_eq!(Mark::parse(headers[0]["value"].as_str().expect("text")), Some(mark));
        assert_eq!(send_mail_path("a/b@contoso.example"), "/v1.0/users/a%2Fb@contoso.example/sendMail");
    }

    #[test]
    fn parse_sent_of_refusals_tells_those_for_good() {
        let lines = headers(&[("retry-after", "10")]);
        for (status, code, reason, for_good) in [
            (403, "ErrorSendAsDenied", Reason::SendAsDenied, true),
            (403, "ErrorMessageSubmissionBlocked", Reason::SenderBlocked, true),
            (403, "ErrorQuotaExceeded", Reason::MailboxFull, true),
            (507, "ErrorQuotaExceeded", Reason::MailboxFull, true),
            (403, "ErrorExceededMessageLimit", Reason::SubmissionQuotaExceeded, true),
            (429, "ErrorExceededMessageLimit", Reason::SubmissionQuotaExceeded, true),
            (400, "ErrorMessageSizeExceeded", Reason::MessageTooLarge, true),
            (400, "ErrorInvalidRecipients", Reason::SubmissionRefused, true),
            (409, "somethingNew", Reason::SubmissionRefused, true),
            (400, "BadRequest", Reason::RequestRejected, true),
            (403, "ErrorAccessDenied", Reason::AccessDenied, false),
            (401, "InvalidAuthenticationToken", Reason::TokenInvalid, false),
            (404, "ResourceNotFound", Reason::MailboxNotFound, false),
            (429, "ApplicationThrottled", Reason::Throttled, false),
            (503, "ErrorInternalServerTransientError", Reason::ServerUnavailable, false),
            (500, "somethingNew", Reason::ServerUnavailable, false),
        ] {
            let head = ResponseHead { status: StatusCode::from_u16(status).expect("a status"), headers: &lines };
            let refused = parse_sent(head, format!(r#"{{"error":{{"code":"{code}","message":"No."}}}}"#).as_bytes());
            let refused = refused.expect_err("no success");
            assert_eq!((refused.refusal.fault.reason, refused.is_for_good), (reason, for_good), "{status} {code}");
            let waits = matches!(reason, Reason::Throttled | Reason::ServerUnavailable);
            assert_eq!(refused.refusal.back_off.is_some(), waits, "{status} {code}");
        }
        let head = |status| ResponseHead { status, headers: &lines };
        assert!(parse_sent(head(StatusCode::ACCEPTED), b"").is_ok());
        for (body, reason) in [("<html>Welcome to the hotel</html>", Reason::HttpNotMicrosoft), ("", Reason::ReplyMalformed)] {
            let page = headers(&[("content-type", "text/html")]);
            let head = ResponseHead { status: StatusCode::OK, headers: if body.is_empty() { &lines } else { &page } };
            let refused = parse_sent(head, body.as_bytes()).expect_err("no success");
            assert_eq!((refused.refusal.fault.reason, refused.is_for_good), (reason, false), "{body}");
        }
    }
}
