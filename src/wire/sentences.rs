//! Sentences of Microsoft's servers that have one meaning, whatever the protocol and the code that they come with.
//!
//! "Only code against error codes", says Microsoft; but an `ErrorInternalServerError` may say that the licence has run out, and
//! one sentence comes under several codes, under none, and from several services.

use crate::reason::Reason;

/// Returns the text as it is compared: in lower case, with one blank between words and straight apostrophes.
pub(super) fn normalized(text: &str) -> String {
    let text = text.to_lowercase().replace(['\u{2019}', '\u{2018}'], "'");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns the reason that a sentence in `text`, which is [`normalized`], gives; `None` for any other text.
pub(super) fn reason(text: &str) -> Option<Reason> {
    SENTENCES.iter().find(|(all, _)| all.iter().all(|part| text.contains(part))).map(|(_, reason)| *reason)
}

/// Rows of parts that the text contains in any order, and the reason. The first match wins.
const SENTENCES: &[(&[&str], Reason)] = &[
    (&["valid license"], Reason::LicenseInvalid), // also `invalid license`
    (&["valid licence"], Reason::LicenseInvalid),
    (&["mailbox", "not licensed"], Reason::LicenseInvalid),
    (&["tenant", "marked for removal"], Reason::TenantBlocked),
    (&["tenant guid", "does not exist"], Reason::TokenWrongTenant),
    // Continuous access evaluation, with or without the challenge in `WWW-Authenticate`.
    (&["continuous access evaluation", "challenge"], Reason::ConditionalAccessBlocked),
    (&["blocked by conditional access"], Reason::ConditionalAccessBlocked),
    (&["contains no permissions"], Reason::TokenRoleMissing),
    (&["contains not enough scope"], Reason::TokenRoleMissing),
    // An access policy: <https://learn.microsoft.com/en-us/graph/auth-limit-mailbox-access>
    (&["access to odata is disabled"], Reason::ImpersonationDenied),
    (&["apponly accesspolicy"], Reason::ImpersonationDenied),
    (&["identity of the calling application could not be established"], Reason::ServicePrincipalMissing),
    // Not the recipients of a day, and not the size of one message.
    (&["maximum mailbox size"], Reason::MailboxFull),
    (&["mailbox is full"], Reason::MailboxFull),
    (&["mailbox full"], Reason::MailboxFull),
    (&["mailbox", "over quota"], Reason::MailboxFull),
    (&["mailbox", "quota", "exceeded"], Reason::MailboxFull),
    (&["mailbox", "over its quota"], Reason::MailboxFull),
    (&["mailbox", "over its size limit"], Reason::MailboxFull),
    (&["exceeded storage allocation"], Reason::MailboxFull),
    (&["storedrv", ":quotaexceeded"], Reason::MailboxFull),
    (&["mailbox move in progress"], Reason::MailboxUnavailable),
    (&["mailbox is being moved"], Reason::MailboxUnavailable),
    (&["mailbox database is temporarily unavailable"], Reason::MailboxUnavailable),
    (&["mailbox database is offline"], Reason::MailboxUnavailable),
    (&["no mailbox associated"], Reason::MailboxNotFound),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Reason> {
        reason(&normalized(text))
    }

    #[test]
    fn reason_of_a_sentence_in_any_spelling_is_its_reason() {
        for (text, expected) in [
            ("Mailbox 'a' doesn't have a valid license.", Reason::LicenseInvalid),
            ("THE USER DOES NOT HAVE A VALID LICENSE", Reason::LicenseInvalid),
            ("The mailbox doesn\u{2019}t have a\r\n valid\tlicence", Reason::LicenseInvalid),
            ("550 5.2.253 Invalid license", Reason::LicenseInvalid),
            ("Tenant is marked for removal.", Reason::TenantBlocked),
            ("The tenant for tenant guid '0' does not exist.", Reason::TokenWrongTenant),
            (
                "Continuous access evaluation resulted in challenge with result: InteractionRequired",
                Reason::ConditionalAccessBlocked,
            ),
            ("Access to OData is disabled.", Reason::ImpersonationDenied),
            ("[RAOP] : Blocked by tenant configured AppOnly AccessPolicy settings.", Reason::ImpersonationDenied),
            ("Mailbox has exceeded maximum mailbox size.", Reason::MailboxFull),
            ("554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException", Reason::MailboxFull),
            ("The mailbox quota has been exceeded", Reason::MailboxFull),
            ("Mailbox  move  in progress. Try again later.", Reason::MailboxUnavailable),
            ("The SMTP address has no mailbox associated with it.", Reason::MailboxNotFound),
        ] {
            assert_eq!(read(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn reason_of_another_sentence_is_none() {
        for text in [
            "",
            "An internal server error occurred. The operation failed.",
            "Access is denied. Check credentials and try again.",
            "The resource does not exist.",
            "STOREDRV.Submission.Exception:SubmissionQuotaExceededException",
            "Message size exceeds fixed maximum message size",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
