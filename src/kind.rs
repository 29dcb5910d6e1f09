//! The kinds of check, one row each: everything else that depends on a check's name is derived from this table.

use std::fmt;

use crate::cloud::role::{self, Role};
use crate::cloud::{Cloud, HttpsEndpoint, MailEndpoint, host_port};
use crate::lang::Common;
use crate::phase::Phase;

/// The properties of one kind of check.
#[derive(Debug)]
pub struct Kind {
    /// The name in the configuration, on the command line, in the `check` label and in JSON: `[a-z0-9_]`.
    pub name: &'static str,
    /// The name of what it speaks to, in a sentence.
    pub title: fn(&Common) -> &'static str,
    /// A short description of what a success proves.
    pub purpose: &'static str,
    /// True if it is made where the user names no checks; false for one that needs permissions of its own.
    pub by_default: bool,
    /// The phases it can enter, in their order: the first is open from the start, and each has its series before it ever fails.
    pub phases: &'static [Phase],
    /// Its family, with the endpoint in a cloud.
    pub family: Family,
    /// The rights that an administrator grants for it; `None` for checks of the tenant.
    pub access: Option<Access>,
}

/// A family of checks that are configured, held and judged alike.
#[derive(Clone, Copy, Debug)]
pub enum Family {
    /// The tenant as a whole: its application, its names, its hosts.
    Tenant,
    /// A mailbox, with a mail protocol that logs in with SASL.
    Mail {
        /// The protocol's host in a cloud, where known.
        endpoint: fn(&Cloud) -> Option<&MailEndpoint>,
    },
    /// A mailbox or its calendar, with a request over HTTPS.
    Api {
        /// The service in a cloud, where known.
        endpoint: fn(&Cloud) -> Option<&HttpsEndpoint>,
    },
}

/// A resource of Entra: the service that a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// Exchange Online: POP3, IMAP, SMTP and EWS.
    Exchange,
    /// Microsoft Graph.
    Graph,
}

/// The rights that a check needs, in the words of those who grant them.
#[derive(Debug)]
pub struct Access {
    /// The resource of its token.
    pub resource: Resource,
    /// The application permissions of which the token carries one, unless they are granted by RBAC for Applications.
    pub roles: &'static [&'static str],
    /// The application permissions of which one is needed for a calendar.
    pub calendar_roles: &'static [&'static str],
    /// The least permissions that a remedy asks for.
    pub permission: &'static str,
    /// The parameter of `Set-CASMailbox` that switches the protocol on for a mailbox, where there is one.
    pub switch: Option<&'static str>,
    /// The role of RBAC for Applications, where there is one.
    /// <https://learn.microsoft.com/en-us/exchange/permissions-exo/application-rbac>
    pub rbac_role: Option<&'static str>,
}

impl Access {
    /// The rights to submit mail.
    const SUBMISSION: Self =
        Self::exchange(&role::SMTP, "-SmtpClientAuthenticationDisabled $false", Some("Application SMTP.SendAsApp"));

    /// The rights to submit mail with Graph.
    pub const GRAPH_SUBMISSION: Self = Self::graph(role::GRAPH_SEND, "Mail.Send", "Application Mail.Send");
    /// The rights to find mail with Graph, and to delete it.
    pub const GRAPH_RETRIEVAL: Self = Self::graph(role::GRAPH_READ, "Mail.ReadWrite", "Application Mail.ReadWrite");

    /// Returns the rights for mail with Graph.
    const fn graph(roles: &'static [&'static str], permission: &'static str, rbac_role: &'static str) -> Self {
        let (resource, switch, rbac_role) = (Resource::Graph, None, Some(rbac_role));
        Self { resource, roles, calendar_roles: roles, permission, switch, rbac_role }
    }

    /// Returns the rights for a protocol of Exchange, which has one permission for all folders.
    const fn exchange(role: &'static Role, switch: &'static str, rbac_role: Option<&'static str>) -> Self {
        let roles = std::slice::from_ref(&role.name);
        Self {
            resource: Resource::Exchange,
            roles,
            calendar_roles: roles,
            permission: role.name,
            switch: Some(switch),
            rbac_role,
        }
    }
}

impl Resource {
    /// Returns the application id, which stands in place of the URL in version 2 tokens.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Exchange => "00000002-0000-0ff1-ce00-000000000000",
            Self::Graph => "00000003-0000-0000-c000-000000000000",
        }
    }

    /// Returns the name in Entra's portal, where permissions are chosen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exchange => "Office 365 Exchange Online",
            Self::Graph => "Microsoft Graph",
        }
    }
}

macro_rules! checks {
    ($( $(#[$doc:meta])* $variant:ident $kind:tt )*) => {
        /// A kind of check, in the order in which checks are shown.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Check { $( $(#[$doc])* $variant, )* }

        impl Check {
            /// Every kind of check, in the order in which they are shown.
            pub const ALL: &'static [Self] = &[ $( Self::$variant, )* ];

            /// Returns the row of the table.
            pub const fn kind(self) -> &'static Kind {
                match self { $( Self::$variant => const { &Kind $kind }, )* }
            }
        }
    };
}

checks! {
    /// A fresh access token.
    Token {
        name: "token",
        title: |_| "Entra",
        purpose: "a fresh access token from Entra for the application",
        by_default: true,
        phases: &[Phase::Dns, Phase::Connect, Phase::Proxy, Phase::Tls, Phase::Token],
        family: Family::Tenant,
        access: None,
    }
    /// The addresses of all hosts.
    Dns {
        name: "dns",
        title: |_| "DNS",
        purpose: "the addresses of all hosts, from every configured resolver",
        by_default: true,
        phases: &[Phase::Dns],
        family: Family::Tenant,
        access: None,
    }
    /// Every host and port on every address.
    Reach {
        name: "reach",
        title: |texts| texts.hosts_and_ports,
        purpose: "every host and port on every address: connection, TLS and first words",
        by_default: true,
        phases: &[Phase::Dns, Phase::Connect, Phase::Proxy, Phase::Tls, Phase::Greeting, Phase::Starttls],
        family: Family::Tenant,
        access: None,
    }
    /// A mailbox opened with POP3.
    Pop3 {
        name: "pop3",
        title: |_| "POP3",
        purpose: "POP3 login with XOAUTH2, and the mailbox opened",
        by_default: true,
        phases: Phase::OF_MAIL,
        family: Family::Mail { endpoint: |cloud| cloud.pop3.as_ref() },
        access: Some(Access::exchange(&role::POP3, "-PopEnabled $true", None)),
    }
    /// A mailbox opened with IMAP.
    Imap {
        name: "imap",
        title: |_| "IMAP",
        purpose: "IMAP login with XOAUTH2, and the inbox counted",
        by_default: true,
        phases: Phase::OF_MAIL,
        family: Family::Mail { endpoint: |cloud| cloud.imap.as_ref() },
        access: Some(Access::exchange(&role::IMAP, "-ImapEnabled $true", None)),
    }
    /// A login to send mail.
    Smtp {
        name: "smtp",
        title: |_| "SMTP",
        purpose: "SMTP login with XOAUTH2; no mail is sent",
        by_default: true,
        phases: Phase::Mailbox.all_before(),
        family: Family::Mail { endpoint: |cloud| cloud.smtp.as_ref() },
        access: Some(Access::SUBMISSION),
    }
    /// A mail to a mailbox, sent and found again.
    RoundTrip {
        name: "roundtrip",
        title: |texts| texts.mail_delivery,
        purpose: "a mail sent with SMTP or Graph, found again with IMAP, POP3 or Graph and deleted",
        by_default: false,
        phases: &[
            Phase::Token,
            Phase::Dns,
            Phase::Connect,
            Phase::Proxy,
            Phase::Tls,
            Phase::Greeting,
            Phase::Starttls,
            Phase::Auth,
            Phase::Submit,
            Phase::Arrive,
        ],
        family: Family::Mail { endpoint: |cloud| cloud.smtp.as_ref() },
        access: Some(Access::SUBMISSION),
    }
    /// A mailbox or calendar opened with Exchange Web Services.
    Ews {
        name: "ews",
        title: |_| "EWS",
        purpose: "EWS FindFolder in the mailbox or its calendar, by impersonation",
        by_default: true,
        phases: &[Phase::Token, Phase::Dns, Phase::Connect, Phase::Proxy, Phase::Tls, Phase::Mailbox],
        family: Family::Api { endpoint: |cloud| cloud.ews.as_ref() },
        access: Some(Access::exchange(&role::EWS, "-EwsEnabled $true", Some("Application EWS.AccessAsApp"))),
    }
    /// A mailbox or calendar opened with Microsoft Graph.
    Graph {
        name: "graph",
        title: |_| "Microsoft Graph",
        purpose: "Microsoft Graph mailFolders of the mailbox, or its calendarView",
        by_default: false,
        phases: &[Phase::Token, Phase::Dns, Phase::Connect, Phase::Proxy, Phase::Tls, Phase::Mailbox],
        family: Family::Api { endpoint: |cloud| cloud.graph.as_ref() },
        access: Some(Access {
            resource: Resource::Graph,
            roles: role::GRAPH_MAIL,
            calendar_roles: role::GRAPH_CALENDAR,
            permission: "Mail.ReadBasic.All / Calendars.Read",
            switch: None,
            rbac_role: Some("Application Mail.Read"),
        }),
    }
}

impl Check {
    /// Returns the check of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|check| check.name() == name)
    }

    /// Returns the name, as it stands in labels, keys and arguments.
    pub const fn name(self) -> &'static str {
        self.kind().name
    }

    /// Tells whether it is made for each mailbox; the others are made once for the tenant.
    pub const fn is_of_mailbox(self) -> bool {
        !matches!(self.kind().family, Family::Tenant)
    }

    /// Tells whether it logs in to a mail protocol.
    pub const fn is_mail(self) -> bool {
        matches!(self.kind().family, Family::Mail { .. })
    }

    /// Tells whether it opens a folder over HTTPS.
    pub const fn is_api(self) -> bool {
        matches!(self.kind().family, Family::Api { .. })
    }

    /// Tells whether `cloud` has the host that it speaks to; every cloud has those of the tenant's checks.
    pub fn is_offered_by(self, cloud: &Cloud) -> bool {
        !self.is_of_mailbox() || self.endpoint(cloud).is_some()
    }

    /// Returns the host and port that a check of a mailbox speaks to in `cloud`, where known.
    pub fn endpoint(self, cloud: &Cloud) -> Option<String> {
        match self.kind().family {
            Family::Tenant => None,
            Family::Mail { endpoint } => endpoint(cloud).map(|at| host_port(&at.host, at.port)),
            Family::Api { endpoint } => endpoint(cloud).map(|at| host_port(&at.host, at.port)),
        }
    }

    /// Tells whether it needs an access token.
    pub fn needs_token(self) -> bool {
        self.kind().phases.contains(&Phase::Token)
    }

    /// Tells whether it can count the mail of folders (`backlog`).
    pub const fn counts_folders(self) -> bool {
        matches!(self, Self::Pop3 | Self::Imap | Self::Graph)
    }

    /// Returns the application permissions of which its token carries one; none for checks of the tenant.
    pub const fn roles(self) -> &'static [&'static str] {
        match &self.kind().access {
            Some(access) => access.roles,
            None => &[],
        }
    }

    /// Returns the application permissions of which its token carries one where it opens a calendar.
    pub const fn calendar_roles(self) -> &'static [&'static str] {
        match &self.kind().access {
            Some(access) => access.calendar_roles,
            None => &[],
        }
    }
}

/// Writes the name.
impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_names_are_distinct_labels_and_lead_back_to_their_check() {
        for check in Check::ALL {
            let name = check.name();
            assert_eq!(Check::from_name(name), Some(*check), "{name} stands twice");
            assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'), "{name}");
        }
        assert_eq!(Check::from_name("pop"), None);
    }

    #[test]
    fn checks_of_a_mailbox_have_access_and_begin_with_the_token() {
        for check in Check::ALL {
            let kind = check.kind();
            assert_eq!(kind.access.is_some(), check.is_of_mailbox(), "{check}");
            assert_eq!(kind.phases.first() == Some(&Phase::Token), check.is_of_mailbox(), "{check}");
        }
    }

    #[test]
    fn global_cloud_offers_every_check_and_china_only_submission_of_the_mail_protocols() {
        let offered = |name| -> Vec<&str> {
            let cloud = Cloud::built_in(name).expect("built in");
            Check::ALL.iter().filter(|check| check.is_offered_by(&cloud)).map(|check| check.name()).collect()
        };
        assert_eq!(offered("global").len(), Check::ALL.len());
        assert_eq!(offered("china"), ["token", "dns", "reach", "smtp", "roundtrip", "ews", "graph"]);
    }
}
