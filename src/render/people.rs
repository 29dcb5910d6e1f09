//! Who acts, how sure it is and where it failed, in the words of the reader's language.

use crate::diagnosis::Confidence;
use crate::outcome::Phase;
use crate::reason::Owner;
use crate::reason::text::Lang;

/// Whose move it is.
pub const fn owner(owner: Owner, lang: Lang) -> &'static str {
    match (lang, owner) {
        (Lang::En, Owner::Here) => "whoever runs this program on this machine",
        (Lang::En, Owner::Network) => "whoever runs the network between here and Microsoft",
        (_, Owner::Microsoft) => "Microsoft",
        (Lang::En, Owner::TenantAdmin) => "the tenant's administrator (Entra, Exchange Online)",
        (Lang::En, Owner::ApplicationOwner) => "the owner of the app registration",
        (Lang::De, Owner::Here) => "wer dieses Programm auf diesem Rechner betreibt",
        (Lang::De, Owner::Network) => "wer das Netz zwischen hier und Microsoft betreibt",
        (Lang::De, Owner::TenantAdmin) => "die Administration des Mandanten (Entra, Exchange Online)",
        (Lang::De, Owner::ApplicationOwner) => "der Besitzer der App-Registrierung",
    }
}

/// How far the evidence carries, and why.
pub const fn confidence(confidence: Confidence, lang: Lang) -> &'static str {
    match (lang, confidence) {
        (Lang::En, Confidence::Certain) => "certain: the other side said so, or it was measured",
        (Lang::En, Confidence::Likely) => "likely: it explains best what was seen, but nobody said so outright",
        (Lang::En, Confidence::Possible) => "possible: one of several explanations, none better supported",
        (Lang::De, Confidence::Certain) => "sicher: die Gegenseite hat es gesagt, oder es wurde gemessen",
        (Lang::De, Confidence::Likely) => {
            "wahrscheinlich: Es erklärt das Beobachtete am besten, aber niemand hat es ausdrücklich gesagt"
        }
        (Lang::De, Confidence::Possible) => "möglich: eine von mehreren Erklärungen, keine besser belegt als die anderen",
    }
}

/// When something failed: `while logging in`.
pub const fn phase(phase: Phase, lang: Lang) -> &'static str {
    match (lang, phase) {
        (Lang::En, Phase::Token) => "while getting the token",
        (Lang::En, Phase::Dns) => "while resolving the name",
        (Lang::En, Phase::Connect) => "while connecting",
        (Lang::En, Phase::Proxy) => "at the proxy",
        (Lang::En, Phase::Tls) => "in the TLS handshake",
        (Lang::En, Phase::Greeting) => "at the server's greeting",
        (Lang::En, Phase::Starttls) => "when asking for TLS",
        (Lang::En, Phase::Auth) => "while logging in",
        (Lang::En, Phase::Mailbox) => "while opening the mailbox",
        (Lang::De, Phase::Token) => "beim Abruf des Tokens",
        (Lang::De, Phase::Dns) => "bei der Namensauflösung",
        (Lang::De, Phase::Connect) => "beim Verbindungsaufbau",
        (Lang::De, Phase::Proxy) => "am Proxy",
        (Lang::De, Phase::Tls) => "beim TLS-Handshake",
        (Lang::De, Phase::Greeting) => "bei der Begrüßung durch den Server",
        (Lang::De, Phase::Starttls) => "bei der Umstellung auf TLS",
        (Lang::De, Phase::Auth) => "bei der Anmeldung",
        (Lang::De, Phase::Mailbox) => "beim Öffnen des Postfachs",
    }
}
