//! The terms of owners, confidences and phases in the reader's language.

use crate::diagnosis::Confidence;
use crate::kind::Check;
use crate::lang::Lang;
use crate::outcome::Phase;
use crate::reason::Owner;

/// Returns the term for those who must act: `the tenant's administrator (Entra, Exchange Online)`.
pub const fn owner(owner: Owner, lang: Lang) -> &'static str {
    let texts = &lang.texts().common;
    match owner {
        Owner::Here => texts.here,
        Owner::Network => texts.network,
        Owner::Microsoft => texts.microsoft,
        Owner::TenantAdmin => texts.tenant_admin,
        Owner::ApplicationOwner => texts.application_owner,
    }
}

/// Returns the term for what a check speaks to: `POP3`, `hosts and ports`.
pub fn check(check: Check, lang: Lang) -> &'static str {
    (check.kind().title)(&lang.texts().common)
}

/// Returns the shortest English term for those who must act: what a text message and a plugin's line have room for.
pub const fn brief_owner(owner: Owner) -> &'static str {
    match owner {
        Owner::Here => "this machine's admin",
        Owner::Network => "network",
        Owner::Microsoft => "Microsoft",
        Owner::TenantAdmin => "tenant admin",
        Owner::ApplicationOwner => "application owner",
    }
}

/// Returns the term for a confidence, with what it rests on.
pub const fn confidence(confidence: Confidence, lang: Lang) -> &'static str {
    let texts = &lang.texts().common;
    match confidence {
        Confidence::Certain => texts.certain,
        Confidence::Likely => texts.likely,
        Confidence::Possible => texts.possible,
    }
}

/// Returns the term for the phase that a run failed in: `while logging in`.
pub const fn phase(phase: Phase, lang: Lang) -> &'static str {
    let texts = &lang.texts().common;
    match phase {
        Phase::Token => texts.in_token,
        Phase::Dns => texts.in_dns,
        Phase::Connect => texts.in_connect,
        Phase::Proxy => texts.in_proxy,
        Phase::Tls => texts.in_tls,
        Phase::Greeting => texts.in_greeting,
        Phase::Starttls => texts.in_starttls,
        Phase::Auth => texts.in_auth,
        Phase::Mailbox => texts.in_mailbox,
        Phase::Submit => texts.in_submit,
        Phase::Arrive => texts.in_arrive,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn english_confidence_begins_with_its_code() {
        for one in Confidence::ALL {
            assert!(confidence(one, Lang::En).starts_with(one.code()));
        }
    }
}
