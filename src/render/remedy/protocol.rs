//! What the set-up calls the protocols that are concerned: switches of a mailbox, permissions, roles of RBAC for
//! Applications.

use crate::cloud::role;

/// A protocol, as those who set it up meet it.
struct Protocol {
    check: &'static str,
    /// What switches it on for a mailbox: a parameter of `Set-CASMailbox`.
    switch: Option<&'static str>,
    /// The least permission that opens a mailbox with it.
    permission: &'static str,
    /// Whose permission that is.
    api: &'static str,
    /// The same by RBAC for Applications, where it knows the protocol.
    /// <https://learn.microsoft.com/en-us/exchange/permissions-exo/application-rbac>
    role: Option<&'static str>,
}

const EXCHANGE: &str = "`Office 365 Exchange Online`";
const GRAPH: &str = "`Microsoft Graph`";

const PROTOCOLS: &[Protocol] = &[
    Protocol { check: "pop3", switch: Some("-PopEnabled $true"), permission: role::POP3.name, api: EXCHANGE, role: None },
    Protocol { check: "imap", switch: Some("-ImapEnabled $true"), permission: role::IMAP.name, api: EXCHANGE, role: None },
    Protocol {
        check: "smtp",
        switch: Some("-SmtpClientAuthenticationDisabled $false"),
        permission: role::SMTP.name,
        api: EXCHANGE,
        role: Some("Application SMTP.SendAsApp"),
    },
    Protocol {
        check: "ews",
        switch: Some("-EwsEnabled $true"),
        permission: role::EWS.name,
        api: EXCHANGE,
        role: Some("Application EWS.AccessAsApp"),
    },
    Protocol {
        check: "graph",
        switch: None,
        permission: "Mail.ReadBasic.All / Calendars.Read",
        api: GRAPH,
        role: Some("Application Mail.Read"),
    },
];

/// The protocols of some checks, each once and in the order of the table.
#[derive(Clone, Copy, Debug)]
pub struct Protocols<'a>(pub &'a [&'static str]);

impl Protocols<'_> {
    /// The parameters of `Set-CASMailbox` that switch them on; `None` if there is none.
    pub fn switches(self) -> Option<String> {
        let switches: Vec<_> = self.concerned().filter_map(|protocol| protocol.switch).collect();
        (!switches.is_empty()).then(|| switches.join(" "))
    }

    /// The permissions they need.
    pub fn permissions(self) -> Vec<String> {
        self.concerned().map(|protocol| protocol.permission.to_owned()).collect()
    }

    /// Whose permissions those are.
    pub fn apis(self) -> Vec<String> {
        let mut apis: Vec<_> = self.concerned().map(|protocol| protocol.api.to_owned()).collect();
        apis.dedup();
        apis
    }

    /// Their roles of RBAC for Applications.
    pub fn roles(self) -> Vec<&'static str> {
        self.concerned().filter_map(|protocol| protocol.role).collect()
    }

    fn concerned(self) -> impl Iterator<Item = &'static Protocol> {
        PROTOCOLS.iter().filter(move |protocol| self.0.contains(&protocol.check))
    }
}
