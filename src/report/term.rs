//! The terms of owners, confidences and phases in the reader's language.

use crate::diagnosis::Confidence;
use crate::lang::Lang;
use crate::outcome::Phase;
use crate::reason::Owner;

/// Returns the term for those who must act: `the tenant's administrator (Entra, Exchange Online)`.
pub const fn owner(owner: Owner, lang: Lang) -> &'static str {
    let words = &lang.words().common;
    match owner {
        Owner::Here => words.here,
        Owner::Network => words.network,
        Owner::Microsoft => words.microsoft,
        Owner::TenantAdmin => words.tenant_admin,
        Owner::ApplicationOwner => words.application_owner,
    }
}

/// Returns the term for a confidence, with what it rests on.
pub const fn confidence(confidence: Confidence, lang: Lang) -> &'static str {
    let words = &lang.words().common;
    match confidence {
        Confidence::Certain => words.certain,
        Confidence::Likely => words.likely,
        Confidence::Possible => words.possible,
    }
}

/// Returns the term for the phase that a run failed in: `while logging in`.
pub const fn phase(phase: Phase, lang: Lang) -> &'static str {
    let words = &lang.words().common;
    match phase {
        Phase::Token => words.in_token,
        Phase::Dns => words.in_dns,
        Phase::Connect => words.in_connect,
        Phase::Proxy => words.in_proxy,
        Phase::Tls => words.in_tls,
        Phase::Greeting => words.in_greeting,
        Phase::Starttls => words.in_starttls,
        Phase::Auth => words.in_auth,
        Phase::Mailbox => words.in_mailbox,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn english_confidence_begins_with_its_code() {
        for one in [Confidence::Certain, Confidence::Likely, Confidence::Possible] {
            assert!(confidence(one, Lang::En).starts_with(one.code()));
        }
    }
}
