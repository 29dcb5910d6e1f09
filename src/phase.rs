//! The phases of a run: timed parts of it, and also the places where it can fail.

use std::fmt;

/// A timed part of a run, and also where it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Phase {
    /// Getting an access token; in the `token` check, the token request itself.
    Token,
    /// Finding the addresses of a name.
    Dns,
    /// TCP connect, to the host or to the proxy.
    Connect,
    /// Asking the proxy to connect further.
    Proxy,
    /// TLS handshake.
    Tls,
    /// The server's first words; for HTTPS in the `reach` check, a harmless request and its answer.
    Greeting,
    /// Asking for TLS and, in SMTP, the EHLO before it.
    Starttls,
    /// Logging in; in SMTP, the EHLO before it too.
    Auth,
    /// Opening the mailbox: POP3 `STAT`, IMAP `STATUS`, EWS `FindFolder`.
    Mailbox,
    /// Submitting a mail: SMTP `MAIL`, `RCPT` and `DATA`.
    Submit,
    /// Looking for a mail that was submitted.
    Arrive,
}

impl Phase {
    /// Every phase, in the order of a run.
    pub const ALL: &'static [Self] = &[
        Self::Token,
        Self::Dns,
        Self::Connect,
        Self::Proxy,
        Self::Tls,
        Self::Greeting,
        Self::Starttls,
        Self::Auth,
        Self::Mailbox,
        Self::Submit,
        Self::Arrive,
    ];

    /// The phases of a run that logs in to a mail protocol and opens the mailbox.
    pub const OF_MAIL: &'static [Self] = Self::Submit.all_before();

    /// Returns the phases that come before it, in the order of a run.
    pub const fn all_before(self) -> &'static [Self] {
        Self::ALL.split_at(self as usize).0
    }

    /// Returns the value of the `phase` label.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Proxy => "proxy",
            Self::Tls => "tls",
            Self::Greeting => "greeting",
            Self::Starttls => "starttls",
            Self::Auth => "auth",
            Self::Mailbox => "mailbox",
            Self::Submit => "submit",
            Self::Arrive => "arrive",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
