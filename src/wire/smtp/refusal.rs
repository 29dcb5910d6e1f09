//! The refusals of an SMTP server: the reason by its text, then by its enhanced code, then by its code.

use super::SmtpReply;
use crate::outcome::{Fault, SupportId};
use crate::reason::Reason;
use crate::sanitize;
use crate::wire::{Refusal, sentences};

/// Parses a refusal (`4xx`, `5xx`); `otherwise` is the reason of this step where nothing is more specific.
pub(super) fn refusal(reply: &SmtpReply, otherwise: Reason) -> Refusal {
    let known = by_text(&reply.text()).or_else(|| by_enhanced_code(reply.enhanced_code()?));
    // An outage in the greeting is a refused greeting.
    let known = known.filter(|reason| (*reason, otherwise) != (Reason::ServerUnavailable, Reason::GreetingRefused));
    // In the greeting and for unknown commands the step is more specific than a bare code.
    let known = known.or_else(|| by_code(reply.code).filter(|_| otherwise == Reason::AuthRefused));
    let reason = known.unwrap_or(match reply.code {
        432 if otherwise == Reason::AuthRefused => Reason::Throttled,
        400..=499 if otherwise == Reason::SubmissionRefused => Reason::SubmissionDeferred,
        400..=499 if otherwise != Reason::GreetingRefused => Reason::ServerUnavailable,
        _ => otherwise,
    });
    with_evidence(reply, reason, known.is_none())
}

/// Parses a refusal of STARTTLS: unless the server as a whole is unavailable, TLS is refused.
pub(super) fn starttls_refusal(reply: &SmtpReply) -> Refusal {
    let known = by_text(&reply.text()).filter(|reason| *reason != Reason::ProtocolError);
    let outage = (reply.code == 421).then_some(Reason::ServerUnavailable);
    let known = known.or(outage);
    with_evidence(reply, known.unwrap_or(Reason::StarttlsRefused), known.is_none())
}

/// Reports whether the server found the token too long for the AUTH command: `500 5.5.2 Line too long` (Dovecot), `500 5.5.6`
/// (RFC 4954, 6). Then send [`super::AUTH`] alone, and the payload on its own line after the `334`.
pub fn is_line_too_long(reply: &SmtpReply) -> bool {
    reply.code == 500 && (reply.enhanced_code() == Some("5.5.6") || reply.text().to_ascii_lowercase().contains("too long"))
}

fn with_evidence(reply: &SmtpReply, reason: Reason, unrecognized: bool) -> Refusal {
    let code = reply.enhanced_code().map_or_else(|| reply.code.to_string(), str::to_owned);
    let mut fault = Fault::heard(reason, sanitize::reply(&reply.to_string())).code(code).unrecognized(unrecognized);
    if let Some(trailer) = reply.trailer() {
        fault = fault
            .id(SupportId::Server, trailer.server)
            .id(SupportId::Session, trailer.session)
            .id(SupportId::ServerTime, trailer.time);
    }
    fault.into()
}

/// Rows of words that the text contains in any order, and the reason. The first match wins. `5.7.139` alone stands for a dozen
/// causes.
/// <https://learn.microsoft.com/en-us/exchange/clients-and-mobile-in-exchange-online/authenticated-client-smtp-submission>
const TEXTS: &[(&[&str], Reason)] = &[
    (&["tls 1.0"], Reason::TlsProtocolTooOld),
    (&["smtpclientauthentication", "disabled", "for the mailbox"], Reason::SmtpAuthDisabledMailbox),
    (&["smtpclientauthentication", "disabled", "for the tenant"], Reason::SmtpAuthDisabledTenant),
    (&["smtpclientauthentication", "disabled", "mailbox"], Reason::SmtpAuthDisabledMailbox),
    (&["smtpclientauthentication", "disabled"], Reason::SmtpAuthDisabledTenant),
    (&["basic authentication"], Reason::BasicAuthBlocked),
    // Only a password login checks passwords and uses federated sign-in.
    (&["credentials were incorrect"], Reason::BasicAuthBlocked),
    (&["federated sts"], Reason::BasicAuthBlocked),
    (&["security defaults"], Reason::AuthPolicyBlocked),
    (&["did not meet the criteria"], Reason::AuthPolicyBlocked),
    (&["account", "locked"], Reason::AccountDisabled),
    (&["account", "disabled"], Reason::AccountDisabled),
    (&["connection", "limit"], Reason::TooManyConnections),
    (&["thread limit"], Reason::TooManyConnections),
    (&["too many", "connections"], Reason::TooManyConnections),
    (&["number of", "connections"], Reason::TooManyConnections),
    (&["throttl"], Reason::Throttled),
    (&["too many", "attempts"], Reason::Throttled),
    (&["too many", "messages"], Reason::Throttled),
    (&["message limit"], Reason::Throttled),
    (&["rate limit"], Reason::Throttled),
    (&["rate", "exceeded"], Reason::Throttled), // `Message submission rate for this client has exceeded the configured limit`
    (&["exceeded", "limit"], Reason::Throttled),
    (&["mailbox logon failure"], Reason::MailboxNotConnected),
    (&["cannot open mailbox"], Reason::MailboxNotConnected),
    (&["bad outbound sender"], Reason::SenderBlocked),
    (&["sendasdenied"], Reason::SendAsDenied),
    (&["permissions to send as"], Reason::SendAsDenied),
    (&["submissionquotaexceeded"], Reason::SubmissionQuotaExceeded), // recipients a day
    (&["server busy"], Reason::Throttled),                           // 4.7.500, of the client's address
    (&["shutting down"], Reason::ServerUnavailable),
    (&["service not available"], Reason::ServerUnavailable),
    (&["temporary server error"], Reason::ServerUnavailable),
    (&["temporary authentication failure"], Reason::ServerUnavailable),
    (&["authentication mechanism"], Reason::MechanismNotOffered), // Postfix: `Invalid authentication mechanism`
    (&["authentication not enabled"], Reason::MechanismNotOffered), // Postfix
];

fn by_text(text: &str) -> Option<Reason> {
    let words = sentences::normalized(text);
    let in_table = || TEXTS.iter().find(|(all, _)| all.iter().all(|part| words.contains(part))).map(|(_, reason)| *reason);
    sentences::reason(&words).or_else(in_table)
}

/// Returns the reason for an enhanced status code (RFC 3463), such as `5.7.3`; `None` for one that tells nothing.
pub fn by_enhanced_code(code: &str) -> Option<Reason> {
    Some(match code {
        // 5.7.139 stands for a dozen causes, which its text tells apart. 4.7.12 is a password that has to be changed
        // (RFC 4954, 6), for which 432 was meant.
        "5.7.3" | "5.7.8" | "5.7.57" | "5.7.139" | "4.7.12" => Reason::AuthRefused,
        "5.7.13" | "5.2.1" => Reason::AccountDisabled,
        // The numbers of three digits: Exchange has cut the mailbox's submissions off for that cause.
        "4.2.2" | "5.2.2" | "5.2.251" => Reason::MailboxFull,
        "5.2.253" => Reason::LicenseInvalid,
        "5.3.4" => Reason::MessageTooLarge,
        "5.7.30" => Reason::BasicAuthBlocked,
        "4.7.66" => Reason::TlsProtocolTooOld,
        _ => return None,
    })
}

/// Returns the reason for a code in reply to AUTH: RFC 4954, 6, and Exchange's own use.
fn by_code(code: u16) -> Option<Reason> {
    Some(match code {
        430 => Reason::MailboxNotConnected,
        500..=503 | 530 => Reason::ProtocolError,
        504 | 534 | 538 => Reason::MechanismNotOffered,
        535 => Reason::AuthRefused,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(line: &str, otherwise: Reason) -> Refusal {
        let reply = SmtpReply { code: line[..3].parse().expect("a code"), lines: vec![line[4..].to_owned()] };
        refusal(&reply, otherwise)
    }

    #[test]
    fn refusal_of_a_login_gives_its_reason() {
        for (line, reason) in [
            (
                "535 5.7.3 Authentication unsuccessful [GVYP.OUTLOOK.COM 2023-02-06T21:34:15.820Z 08DB0823FF6976E9]",
                Reason::AuthRefused,
            ),
            (
                "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. Visit https://aka.ms/smtp_auth_disabled for more information.",
                Reason::SmtpAuthDisabledTenant,
            ),
            (
                "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox. Visit https://aka.ms/smtp_auth_disabled",
                Reason::SmtpAuthDisabledMailbox,
            ),
            ("535 5.7.139 For the Mailbox, SmtpClientAuthentication is disabled", Reason::SmtpAuthDisabledMailbox),
            ("535 5.7.139 Authentication unsuccessful, basic authentication is disabled.", Reason::BasicAuthBlocked),
            (
                "535 5.7.139 Authentication unsuccessful, user is locked by your organization's security defaults policy. Contact your administrator.",
                Reason::AuthPolicyBlocked,
            ),
            (
                "535 5.7.139 Authentication unsuccessful, the request did not meet the criteria to be authenticated successfully. Contact your administrator.",
                Reason::AuthPolicyBlocked,
            ),
            ("535 5.7.139 Authentication unsuccessful, the user credentials were incorrect.", Reason::BasicAuthBlocked),
            ("535 5.7.139 Authentication unsuccessful, federated STS service was unreachable.", Reason::BasicAuthBlocked),
            ("535 5.7.139 something new", Reason::AuthRefused),
            ("535 5.7.8 Error: authentication failed", Reason::AuthRefused),
            ("535 no", Reason::AuthRefused),
            ("535 5.7.139 Authentication unsuccessful, account locked. Contact your administrator.", Reason::AccountDisabled),
            ("535 5.7.139 Authentication unsuccessful, your ACCOUNT  is temporarily locked", Reason::AccountDisabled),
            ("535 5.7.139 Authentication unsuccessful, the account is disabled.", Reason::AccountDisabled),
            ("432 4.3.2 STOREDRV.ClientSubmit; exceeded the message limit per account", Reason::Throttled),
            ("421 4.4.2 Message submission rate for this client has exceeded the configured limit", Reason::Throttled),
            ("450 4.7.0 Rate limit reached, slow down", Reason::Throttled),
            ("421 4.7.0 Too many messages from this client", Reason::Throttled),
            ("432 4.3.2 something new", Reason::Throttled),
            ("432 4.3.2 STOREDRV.ClientSubmit;  sender  thread  limit exceeded", Reason::TooManyConnections),
            ("552 5.2.2 Mailbox full", Reason::MailboxFull),
            ("452 4.2.2 no room", Reason::MailboxFull),
            ("550 5.2.253 cut off", Reason::LicenseInvalid),
            ("535 5.7.3 Authentication unsuccessful, the mailbox doesn't have a valid license", Reason::LicenseInvalid),
            ("550 5.7.30 Basic authentication is not supported for Client Submission.", Reason::BasicAuthBlocked),
            ("530 5.7.57 Client not authenticated to send mail", Reason::AuthRefused),
            ("530 5.7.0 Must issue a STARTTLS command first", Reason::ProtocolError),
            ("421 4.7.66 TLS 1.0 and 1.1 are not supported. Please upgrade/update your client", Reason::TlsProtocolTooOld),
            ("432 4.3.2 concurrent connection limit exceeded", Reason::TooManyConnections),
            (
                "432 4.3.2 Concurrent connections limit exceeded. Visit https://aka.ms/concurrent_sending",
                Reason::TooManyConnections,
            ),
            ("432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded", Reason::TooManyConnections),
            ("421 4.3.2 The maximum number of concurrent connections has exceeded a limit", Reason::TooManyConnections),
            ("430 4.2.0 STOREDRV; mailbox logon failure; Cannot open mailbox", Reason::MailboxNotConnected),
            ("550 5.1.8 Bad outbound sender", Reason::SenderBlocked),
            ("550 5.7.60 SMTP; Client does not have permissions to send as this sender", Reason::SendAsDenied),
            (
                "554 5.2.252 SendAsDenied; a@contoso.example not allowed to send as b@contoso.example; STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied",
                Reason::SendAsDenied,
            ),
            ("554 5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException", Reason::SendAsDenied),
            ("554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException", Reason::SubmissionQuotaExceeded),
            (
                "430 4.2.0 STOREDRV; mailbox logon failure; STOREDRV.Submission.Exception:ConnectionFailedTransientException.MapiExceptionLogonFailed; Failed to process message due to a transient exception with message Cannot open mailbox",
                Reason::MailboxNotConnected,
            ),
            ("451 4.7.0 Temporary server error. Please try again later. PRX2", Reason::ServerUnavailable),
            ("451 4.7.0 Temporary server error. Please try again later. PRX5", Reason::ServerUnavailable),
            ("535 5.7.139 Authentication unsuccessful, the federated STS URL does not support HTTPS.", Reason::BasicAuthBlocked),
            (
                "530 5.7.57 Client not authenticated to send mail; Error: 535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.",
                Reason::SmtpAuthDisabledTenant,
            ),
            ("451 4.7.0 Temporary server error. Please try again later. PRX4", Reason::ServerUnavailable),
            ("454 4.7.0 Temporary authentication failure", Reason::ServerUnavailable),
            ("421 4.3.2 Service not available", Reason::ServerUnavailable),
            ("451 4.7.500 Server busy. Please try again later.", Reason::Throttled),
            ("499 what", Reason::ServerUnavailable),
            ("503 5.5.1 Bad sequence of commands", Reason::ProtocolError),
            ("501 5.5.4 Invalid arguments", Reason::ProtocolError),
            ("504 5.7.4 Unrecognized authentication type", Reason::MechanismNotOffered),
            ("534 5.7.9 too weak", Reason::MechanismNotOffered),
            ("538 5.7.11 Encryption required", Reason::MechanismNotOffered),
            ("535 5.7.8 Error: authentication failed: Invalid authentication mechanism", Reason::MechanismNotOffered),
            ("432 4.7.12 A password transition is needed", Reason::AuthRefused),
            ("454 4.7.0 Too many login attempts, please try again later", Reason::Throttled),
            ("454 4.7.1 Try again later", Reason::ServerUnavailable),
            ("421 4.3.2 System is shutting down", Reason::ServerUnavailable),
            ("421 4.7.0 mail.example Error: too many connections from 192.0.2.7", Reason::TooManyConnections),
            ("535 5.7.13 User account disabled", Reason::AccountDisabled),
            ("550 5.2.1 Mailbox disabled, not accepting messages", Reason::AccountDisabled),
            ("535 5.7.9 Application-specific password required", Reason::AuthRefused),
            ("538 5.7.11 Encryption required for requested authentication mechanism", Reason::MechanismNotOffered),
            ("502 5.5.1 Command not implemented", Reason::ProtocolError),
            ("504 5.5.4 Unrecognized authentication type", Reason::MechanismNotOffered),
            ("599 what", Reason::AuthRefused),
        ] {
            assert_eq!(refused(line, Reason::AuthRefused).fault.reason, reason, "{line}");
        }
    }

    #[test]
    fn refusals_of_the_greeting_and_of_ehlo() {
        for (line, greeting, ehlo) in [
            ("421 come back later", Reason::GreetingRefused, Reason::ServerUnavailable),
            ("554 no SMTP service here", Reason::GreetingRefused, Reason::CommandRefused),
            ("421 4.3.2 Service not available", Reason::GreetingRefused, Reason::ServerUnavailable),
            ("421 too many connections", Reason::TooManyConnections, Reason::TooManyConnections),
            ("502 not implemented", Reason::GreetingRefused, Reason::CommandRefused),
        ] {
            assert_eq!(refused(line, Reason::GreetingRefused).fault.reason, greeting, "{line}");
            assert_eq!(refused(line, Reason::CommandRefused).fault.reason, ehlo, "{line}");
        }
    }

    #[test]
    fn refusal_keeps_text_code_and_trailer() {
        let line = "535 5.7.3 Authentication unsuccessful [GVYP.OUTLOOK.COM 2023-02-06T21:34:15.820Z 08DB0823FF6976E9]";
        let evidence = refused(line, Reason::AuthRefused).fault.evidence;
        assert_eq!(evidence.heard.as_deref(), Some(line));
        assert_eq!(evidence.code.as_deref(), Some("5.7.3"));
        assert_eq!(evidence.ids.get(&SupportId::Server).map(String::as_str), Some("GVYP.OUTLOOK.COM"));
        assert_eq!(evidence.ids.get(&SupportId::Session).map(String::as_str), Some("08DB0823FF6976E9"));
        assert_eq!(refused("535 no", Reason::AuthRefused).fault.evidence.code.as_deref(), Some("535"));
    }
}
