//! Graph's `sendMail`, in JSON and as MIME. Its answer tells no Message-ID: Exchange makes one when the mail is sent.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::StatusCode;
use serde_json::Value;

use crate::sim::delivery::{self, Submission};
use crate::sim::http::{HttpRequest, HttpResponse};
use crate::sim::identifiers;
use crate::sim::mailbox::{Mailbox, SubmissionRefusal};
use crate::sim::state::State;

use super::Error;
use super::messages::{address, field};

/// The most header fields of its own that a mail may have.
const MOST_HEADERS: usize = 5;

const MALFORMED: Error = Error(400, "RequestBodyRead", "The request body could not be read.");
const NO_RECIPIENT: Error = Error(400, "ErrorInvalidRecipients", "At least one recipient is not valid.");

/// Takes the mail of a request from a mailbox and sends it on its way.
pub(super) fn send(state: &Arc<State>, mailbox: &Mailbox, request: &HttpRequest) -> Result<HttpResponse, Error> {
    let user = mailbox.address.clone();
    let is_mime = request.header("content-type").is_some_and(|media| media.starts_with("text/plain"));
    let submission = if is_mime { from_mime(user, &request.body)? } else { from_json(user, &request.body)? };
    match delivery::accept(state, submission) {
        Ok(_) => Ok(HttpResponse::new(StatusCode::ACCEPTED)),
        Err(refusal) => Err(refused(refusal)),
    }
}

fn from_mime(user: String, body: &[u8]) -> Result<Submission, Error> {
    let invalid = Error(400, "ErrorMimeContentInvalidBase64String", "Invalid base64 string for MIME content.");
    let encoded: Vec<u8> = body.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let text = STANDARD.decode(encoded).ok().and_then(|bytes| String::from_utf8(bytes).ok()).ok_or(invalid)?;
    let text = text.lines().collect::<Vec<_>>().join("\r\n") + "\r\n";
    let sender = field(&text, "from").map_or_else(|| user.clone(), |from| address(&from).to_owned());
    let recipient = field(&text, "to").map(|to| address(&to).to_owned()).ok_or(NO_RECIPIENT)?;
    Ok(Submission { user, sender, recipients: vec![recipient], text, keeps_copy: true })
}

fn from_json(user: String, body: &[u8]) -> Result<Submission, Error> {
    let request: Value = serde_json::from_slice(body).map_err(|_| MALFORMED)?;
    let message = request.get("message").ok_or(MALFORMED)?;
    let of = |recipient: &Value| recipient.pointer("/emailAddress/address")?.as_str().map(str::to_owned);
    let list = |name: &str| message.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let recipients: Vec<String> = list("toRecipients").iter().map(of).collect::<Option<_>>().ok_or(NO_RECIPIENT)?;
    if recipients.is_empty() || recipients.iter().any(|recipient| !recipient.contains('@')) {
        return Err(NO_RECIPIENT);
    }
    let sender = message.get("from").and_then(of).unwrap_or_else(|| user.clone());
    let text = |pointer: &str| message.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let date = identifiers::mail_date(SystemTime::now());
    let mut mail = format!("Date: {date}\r\nFrom: <{sender}>\r\nTo: <{}>\r\n", recipients.join(">, <"));
    let _ = write!(mail, "Subject: {}\r\n{}", text("/subject"), own_headers(list("internetMessageHeaders"))?);
    let _ = write!(mail, "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n");
    for line in text("/body/content").lines() {
        let _ = write!(mail, "{line}\r\n");
    }
    let keeps_copy = request.get("saveToSentItems").is_none_or(|saves| *saves != Value::Bool(false) && *saves != "false");
    Ok(Submission { user, sender, recipients, text: mail, keeps_copy })
}

/// Writes the header fields that the client has chosen: a few, whose names begin with `x-`.
fn own_headers(headers: &[Value]) -> Result<String, Error> {
    if headers.len() > MOST_HEADERS {
        return Err(Error(
            400,
            "ErrorInvalidInternetHeaders",
            "The number of Internet message headers exceeds the maximum allowed.",
        ));
    }
    let mut text = String::new();
    for header in headers {
        let part = |name: &str| header.get(name).and_then(Value::as_str).ok_or(MALFORMED);
        let (name, value) = (part("name")?, part("value")?);
        if !name.to_ascii_lowercase().starts_with("x-") {
            let wrong = "The internet message header name should start with 'x-' or 'X-'.";
            return Err(Error(400, "InvalidInternetMessageHeader", wrong));
        }
        let _ = write!(text, "{name}: {value}\r\n");
    }
    Ok(text)
}

fn refused(refusal: SubmissionRefusal) -> Error {
    match refusal {
        SubmissionRefusal::SendAsDenied => Error(
            403,
            "ErrorSendAsDenied",
            "The user account which was used to submit this request does not have the right to send mail on behalf of the \
             specified sending account., Cannot submit message.",
        ),
        SubmissionRefusal::SenderBlocked => {
            Error(403, "ErrorMessageSubmissionBlocked", "Cannot send mail. The account has been blocked from sending mail.")
        }
        SubmissionRefusal::MailboxFull => Error(403, "ErrorQuotaExceeded", "Mailbox has exceeded maximum mailbox size."),
        SubmissionRefusal::QuotaReached => {
            Error(403, "ErrorExceededMessageLimit", "Cannot send mail. Daily Message/Recipient limit exceeded.")
        }
        SubmissionRefusal::TooLarge => {
            Error(400, "ErrorMessageSizeExceeded", "The message exceeds the maximum supported size., Cannot submit message.")
        }
        SubmissionRefusal::CutOff => Error(429, "TooManyRequests", "Too many requests."),
        SubmissionRefusal::Deferred => {
            Error(503, "ErrorInternalServerTransientError", "An internal server error occurred. Try again later.")
        }
    }
}
