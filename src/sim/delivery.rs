//! Delivery: the way of a submitted mail to the folders of mailboxes, and the reports about mail that did not arrive.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::time::sleep;

use super::identifiers;
use super::mailbox::{Delivery, SubmissionRefusal};
use super::state::State;
use super::tenant::Tenant;

/// The sender of reports; the number is the same in every tenant.
const POSTMASTER: &str = "MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e";

/// A mail as it was submitted.
pub(super) struct Submission {
    /// The address of the mailbox that logged in.
    pub user: String,
    /// The sender of the envelope.
    pub sender: String,
    /// The recipients of the envelope.
    pub recipients: Vec<String>,
    /// The text, with CRLF line endings.
    pub text: String,
    /// Set if a copy is kept in the sender's Sent Items.
    pub keeps_copy: bool,
}

/// Takes a mail, keeps a copy in the sender's Sent Items where that is wanted, and delivers it; returns its Message-ID. A mail
/// without one gets one.
///
/// # Errors
/// The cause for which it is refused. A sender other than the mailbox that logged in may not send (`SendAs`).
pub(super) fn accept(state: &Arc<State>, submission: Submission) -> Result<String, SubmissionRefusal> {
    let view = state.view();
    let Submission { user, sender, recipients, text, keeps_copy } = submission;
    let mailbox = view.tenant.mailbox(&user).filter(|mailbox| mailbox.is_called(&sender));
    let mailbox = mailbox.ok_or(SubmissionRefusal::SendAsDenied)?;
    if let Some(refusal) = mailbox.submission {
        return Err(refusal);
    }
    let (id, text) = identified(text);
    state.change(|tenant| {
        if let Some(mailbox) = tenant.mailbox_mut(&user).filter(|_| keeps_copy) {
            mailbox.add("sentitems", text.clone(), true);
        }
    });
    for recipient in recipients {
        let fate = fate(&view.tenant, &recipient);
        route(state, fate, &user, &recipient, &text);
    }
    Ok(id)
}

/// Returns the fate of a mail to `recipient`: a mailbox that the tenant does not have bounces, and other domains are far away.
fn fate(tenant: &Tenant, recipient: &str) -> Delivery {
    let is_own = |domain: &str| domain.eq_ignore_ascii_case(&tenant.domain);
    match tenant.mailbox(recipient) {
        Some(mailbox) => mailbox.delivery,
        None if recipient.rsplit_once('@').is_some_and(|(_, domain)| is_own(domain)) => Delivery::Bounced,
        None => Delivery::Lost,
    }
}

fn route(state: &Arc<State>, fate: Delivery, sender: &str, recipient: &str, text: &str) {
    match fate {
        Delivery::Prompt => deliver(state, recipient, "inbox", text, Duration::ZERO),
        Delivery::Junked => deliver(state, recipient, "junkemail", text, Duration::ZERO),
        Delivery::Bounced => deliver(state, sender, "inbox", &report(sender, recipient, text), Duration::ZERO),
        Delivery::Lost => {}
        Delivery::Late(delay) => {
            let (state, recipient, text) = (Arc::downgrade(state), recipient.to_owned(), text.to_owned());
            tokio::spawn(async move {
                sleep(delay).await;
                if let Some(state) = state.upgrade() {
                    deliver(&state, &recipient, "inbox", &text, delay);
                }
            });
        }
    }
}

/// Puts a mail into a folder, with the hops of its way on top: it waited before the last one.
fn deliver(state: &State, recipient: &str, folder: &str, text: &str, waited: Duration) {
    let text = hops(SystemTime::now(), waited) + text;
    state.change(|tenant| {
        if let Some(mailbox) = tenant.mailbox_mut(recipient) {
            mailbox.add(folder, text, false);
        }
    });
}

fn hops(now: SystemTime, waited: Duration) -> String {
    let (front, back) = (identifiers::FRONT_END, identifiers::BACK_END);
    let last = identifiers::mail_date(now);
    let first = identifiers::mail_date(now.checked_sub(waited).unwrap_or(now));
    format!(
        "Received: from {back} (2603:10a6:d10::1)\r\n by {back} with HTTPS; {last}\r\n\
         Received: from {back} ([fe80::1])\r\n by {back} ([fe80::1%4]) with mapi id 15.20.8114.031;\r\n {first}\r\n\
         Received: from {front} (2603:10a6::2)\r\n by {back} (2603:10a6:d10::1) with Microsoft SMTP Server\r\n id 15.20.8114.31; {first}\r\n"
    )
}

/// Returns the Message-ID of a mail, and its text with it.
fn identified(text: String) -> (String, String) {
    if let Some(id) = field(&text, "message-id") {
        return (id.to_owned(), text);
    }
    let id = format!("<{}@{}>", identifiers::guid(), identifiers::BACK_END);
    let text = format!("Message-ID: {id}\r\n{text}");
    (id, text)
}

/// Returns the text of a header field, without what its further lines hold.
fn field<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let fields = header(text).lines().filter_map(|line| line.split_once(':'));
    fields.into_iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

fn header(text: &str) -> &str {
    text.split_once("\r\n\r\n").map_or(text, |(header, _)| header)
}

/// The report to the sender of a mail whose recipient does not exist (RFC 3464).
fn report(sender: &str, recipient: &str, text: &str) -> String {
    let domain = sender.rsplit_once('@').map_or("", |(_, domain)| domain);
    let (id, boundary) = (identifiers::guid(), identifiers::guid());
    let (original, date) = (field(text, "message-id").unwrap_or_default(), identifiers::mail_date(SystemTime::now()));
    let subject = field(text, "subject").unwrap_or_default();
    format!(
        "From: \"Microsoft Outlook\" <{POSTMASTER}@{domain}>\r\nTo: <{sender}>\r\nDate: {date}\r\nSubject: Undeliverable: {subject}\r\n\
         Message-ID: <{id}@{domain}>\r\nIn-Reply-To: {original}\r\nReferences: {original}\r\nAuto-Submitted: auto-replied\r\n\
         X-MS-Exchange-Message-Is-Ndr:\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status;\r\n boundary=\"{boundary}\"\r\n\r\n\
         --{boundary}\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n\
         Your message to {recipient} couldn't be delivered.\r\n{recipient} wasn't found at {domain}.\r\n\r\n\
         --{boundary}\r\nContent-Type: message/delivery-status\r\n\r\n\
         Reporting-MTA: dns;{back}\r\nReceived-From-MTA: dns;{back}\r\nArrival-Date: {date}\r\n\r\n\
         Final-Recipient: rfc822;{recipient}\r\nAction: failed\r\nStatus: 5.1.10\r\n\
         Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient {recipient} not found by SMTP address lookup\r\n\r\n\
         --{boundary}\r\nContent-Type: text/rfc822-headers\r\n\r\n{header}\r\n\r\n--{boundary}--\r\n",
        back = identifiers::BACK_END,
        header = header(text),
    )
}
