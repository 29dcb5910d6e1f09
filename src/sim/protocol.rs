//! The protocols that reach a mailbox, the permissions they need, and what a server can suffer from.

/// A way to reach a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Protocol {
    /// POP3.
    Pop3,
    /// IMAP4rev1.
    Imap,
    /// SMTP submission.
    Smtp,
    /// Exchange Web Services.
    Ews,
    /// Microsoft Graph.
    Graph,
}

impl Protocol {
    /// Every protocol.
    pub const ALL: &'static [Self] = &[Self::Pop3, Self::Imap, Self::Smtp, Self::Ews, Self::Graph];

    /// The application permissions it needs for all it can do, as they stand in the token's `roles` claim.
    pub const fn roles(self) -> &'static [&'static str] {
        match self {
            Self::Pop3 => &["POP.AccessAsApp"],
            Self::Imap => &["IMAP.AccessAsApp"],
            Self::Smtp => &["SMTP.SendAsApp"],
            Self::Ews => &["full_access_as_app"],
            Self::Graph => &["Mail.Read", "Mail.ReadWrite", "Mail.Send", "Calendars.Read"],
        }
    }
}

/// Trouble that a healthy configuration does not protect from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The client is asked to stay away for a while.
    Throttled,
    /// Other clients of this mailbox hold all its connections.
    TooManyConnections,
    /// The server fails.
    Unavailable,
    /// The account has just been changed: its sessions end.
    Invalidated,
    /// The mailbox has reached its quota.
    Full,
}
