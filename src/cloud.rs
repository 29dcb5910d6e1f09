//! Hosts, ports and scopes of each Microsoft cloud.
//!
//! Sources: Microsoft's published endpoint lists and the tables Microsoft's own tools carry (CSS-Exchange
//! `Get-CloudServiceEndpoint.ps1`, MSAL `AzureCloud.cs`). A value that no source has is `None`: using it is an error that says
//! so, never a guess.

pub mod ranges;
pub mod role;

use std::fmt;
use std::time::{Duration, SystemTime};

/// The way in which TLS begins on a mail port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Security {
    /// TLS from the first byte: `pop3s://`, `imaps://`, `smtps://`.
    Implicit,
    /// A plain greeting, then `STLS` or `STARTTLS`: `pop3://`, `imap://`, `smtp://`.
    Upgrade,
}

/// The host and port of a mail server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MailEndpoint {
    /// DNS name or IP address, without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// The way in which TLS begins.
    pub security: Security,
}

impl MailEndpoint {
    /// Creates an endpoint with TLS from the first byte.
    pub fn implicit(host: &str, port: u16) -> Self {
        Self { host: host.to_owned(), port, security: Security::Implicit }
    }

    /// Creates an endpoint that begins in the clear and is upgraded.
    pub fn upgrade(host: &str, port: u16) -> Self {
        Self { host: host.to_owned(), port, security: Security::Upgrade }
    }
}

/// The host, port and path of an HTTPS server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HttpsEndpoint {
    /// DNS name or IP address, without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Path with its leading slash; empty for a bare host.
    pub path: String,
}

impl HttpsEndpoint {
    /// Creates the endpoint `https://host:443path`.
    pub fn new(host: &str, path: &str) -> Self {
        Self { host: host.to_owned(), port: 443, path: path.to_owned() }
    }

    /// Returns the authority for the `Host` header and for URLs: the port only where it is not 443, IPv6 in brackets.
    pub fn authority(&self) -> String {
        let host = bracketed(&self.host);
        if self.port == 443 { host } else { format!("{host}:{}", self.port) }
    }
}

impl fmt::Display for HttpsEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "https://{}{}", self.authority(), self.path)
    }
}

/// Returns `host:port` for labels and messages, IPv6 in brackets.
pub fn host_port(host: &str, port: u16) -> String {
    format!("{}:{port}", bracketed(host))
}

fn bracketed(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.to_owned() }
}

/// A Microsoft cloud, built in or configured: the hosts that issue tokens and those that accept them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cloud {
    /// The name used in the configuration.
    pub name: String,
    /// The host of the token endpoint; the path is made from the tenant.
    pub login: HttpsEndpoint,
    /// POP3, where known.
    pub pop3: Option<MailEndpoint>,
    /// IMAP, where known.
    pub imap: Option<MailEndpoint>,
    /// SMTP submission, where known.
    pub smtp: Option<MailEndpoint>,
    /// Exchange Web Services, with its path.
    pub ews: Option<HttpsEndpoint>,
    /// Microsoft Graph.
    pub graph: Option<HttpsEndpoint>,
    /// OAuth scope of POP3, IMAP, SMTP and EWS.
    pub scope: String,
    /// OAuth scope of Graph, where Graph is known.
    pub graph_scope: Option<String>,
}

/// Path of Exchange Web Services on every Exchange host.
pub const EWS_PATH: &str = "/EWS/Exchange.asmx";

/// 2027-04-01T00:00:00Z, since 1970.
const EWS_RETIREMENT: Duration = Duration::from_secs(1_806_537_600);

/// One row of Microsoft's clouds. Resource names (`https://HOST/.default`) are documented for the global cloud; for the
/// others they follow from its rule, and from what Microsoft's own tools ask for.
struct Row {
    name: &'static str,
    login: &'static str,
    exchange: &'static str,
    /// POP3 and IMAP host; `None` where no source names it.
    mail: Option<&'static str>,
    /// Submission host; `None` where no source names it.
    smtp: Option<&'static str>,
    graph: &'static str,
}

// Singapore's government cloud is missing: of its hosts only login.sovcloud-identity.sg is known (MSAL).
const TABLE: &[Row] = &[
    // Published endpoint list, IDs 1, 2 and 56.
    Row {
        name: "global",
        login: "login.microsoftonline.com",
        exchange: "outlook.office365.com",
        mail: Some("outlook.office365.com"),
        smtp: Some("smtp.office365.com"),
        graph: "graph.microsoft.com",
    },
    // The government lists have 143, 25, 587, 993 and 995 on the name that EWS has. smtp.office365.us is heard of, but in
    // no list.
    Row {
        name: "us-gov-high",
        login: "login.microsoftonline.us",
        exchange: "outlook.office365.us",
        mail: Some("outlook.office365.us"),
        smtp: Some("outlook.office365.us"),
        graph: "graph.microsoft.us",
    },
    // webmail.apps.mil is another name of the same.
    Row {
        name: "us-gov-dod",
        login: "login.microsoftonline.us",
        exchange: "outlook-dod.office365.us",
        mail: Some("outlook-dod.office365.us"),
        smtp: Some("outlook-dod.office365.us"),
        graph: "dod-graph.microsoft.us",
    },
    // 21Vianet's list opens 587, 993 and 995 to names below partner.outlook.cn (ID 20) without telling them. Submission is
    // commonly known as smtp.partner.outlook.cn; of the others no name is.
    Row {
        name: "china",
        login: "login.partner.microsoftonline.cn",
        exchange: "partner.outlook.cn",
        mail: None,
        smtp: Some("smtp.partner.outlook.cn"),
        graph: "microsoftgraph.chinacloudapi.cn",
    },
    // Of the sovereign clouds Microsoft's tools name login, Exchange and Graph, and no mail ports.
    Row {
        name: "bleu",
        login: "login.sovcloud-identity.fr",
        exchange: "outlook.sovcloud.fr",
        mail: None,
        smtp: None,
        graph: "graph.svc.sovcloud.fr",
    },
    Row {
        name: "delos",
        login: "login.sovcloud-identity.de",
        exchange: "outlook.sovcloud.de",
        mail: None,
        smtp: None,
        graph: "graph.svc.sovcloud.de",
    },
];

/// Returns each host once, whatever its case, in their order.
fn distinct<'a>(all: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut hosts: Vec<&str> = Vec::new();
    for host in all {
        if !hosts.iter().any(|known| known.eq_ignore_ascii_case(host)) {
            hosts.push(host);
        }
    }
    hosts
}

impl Cloud {
    /// Makes a cloud with an endpoint for tokens, the worldwide service's scope, and nothing else.
    pub fn new(name: &str, login: HttpsEndpoint) -> Self {
        Self {
            name: name.to_owned(),
            login,
            pop3: None,
            imap: None,
            smtp: None,
            ews: None,
            graph: None,
            scope: "https://outlook.office365.com/.default".to_owned(),
            graph_scope: None,
        }
    }

    /// Returns the names of the built-in clouds, the usual one first.
    pub fn built_in_names() -> impl Iterator<Item = &'static str> {
        TABLE.iter().map(|row| row.name)
    }

    /// Returns the built-in cloud of that name.
    pub fn built_in(name: &str) -> Option<Self> {
        TABLE.iter().find(|row| row.name == name).map(Row::cloud)
    }

    /// Returns the time at which EWS ends for good, where Microsoft has announced it: in the worldwide service on 2027-04-01. The
    /// other clouds have schedules of their own, which are announced in their message centers.
    /// <https://learn.microsoft.com/en-us/exchange/clients-and-mobile-in-exchange-online/deprecation-of-ews-exchange-online>
    pub fn ews_ends(&self) -> Option<SystemTime> {
        let host = self.ews.as_ref()?.host.to_ascii_lowercase();
        let worldwide = ["outlook.office365.com", "outlook.office.com"].contains(&host.as_str());
        worldwide.then(|| SystemTime::UNIX_EPOCH + EWS_RETIREMENT)
    }

    /// Returns the names or addresses of its hosts, each once, the one that issues tokens first.
    pub fn hosts(&self) -> Vec<&str> {
        distinct(std::iter::once(self.login.host.as_str()).chain(self.service_hosts()))
    }

    /// Returns the hosts that accept tokens, without the one that issues them, each once.
    pub fn service_hosts(&self) -> Vec<&str> {
        let mail = [&self.pop3, &self.imap, &self.smtp].into_iter().flatten().map(|at| at.host.as_str());
        let https = [&self.ews, &self.graph].into_iter().flatten().map(|at| at.host.as_str());
        distinct(mail.chain(https))
    }

    /// Tells whether `host` is Microsoft's own, with public addresses: a host of the built-in cloud, not one that the user
    /// configured in its place.
    pub fn is_microsoft_host(&self, host: &str) -> bool {
        let own = Self::built_in(&self.name);
        own.is_some_and(|own| own.hosts().iter().any(|known| known.eq_ignore_ascii_case(host)))
    }
}

/// Tells whether `host` is a host of a built-in cloud: only Microsoft has these names.
pub fn is_microsoft_host(host: &str) -> bool {
    let is_host = |known: &str| known.eq_ignore_ascii_case(host);
    TABLE.iter().any(|row| [row.login, row.exchange, row.graph].into_iter().chain(row.mail).chain(row.smtp).any(is_host))
}

/// Tells whether `host:port` is an endpoint of a built-in cloud: only Microsoft has these names, and a laboratory that uses
/// them seldom has the ports.
pub fn is_microsoft_endpoint(host: &str, port: u16) -> bool {
    let mail = |row: &Row| row.mail.is_some_and(|known| host == known && matches!(port, 993 | 995));
    let smtp = |row: &Row| row.smtp.is_some_and(|known| host == known && port == 587);
    let https = |row: &Row| port == 443 && [row.login, row.exchange, row.graph].contains(&host);
    TABLE.iter().any(|row| https(row) || mail(row) || smtp(row))
}

impl Row {
    fn cloud(&self) -> Cloud {
        Cloud {
            pop3: self.mail.map(|host| MailEndpoint::implicit(host, 995)),
            imap: self.mail.map(|host| MailEndpoint::implicit(host, 993)),
            smtp: self.smtp.map(|host| MailEndpoint::upgrade(host, 587)),
            ews: Some(HttpsEndpoint::new(self.exchange, EWS_PATH)),
            graph: Some(HttpsEndpoint::new(self.graph, "")),
            scope: format!("https://{}/.default", self.exchange),
            graph_scope: Some(format!("https://{}/.default", self.graph)),
            ..Cloud::new(self.name, HttpsEndpoint::new(self.login, ""))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_global_is_as_documented() {
        let cloud = Cloud::built_in("global").expect("built in");
        assert_eq!(cloud.login.to_string(), "https://login.microsoftonline.com");
        assert_eq!(cloud.pop3, Some(MailEndpoint::implicit("outlook.office365.com", 995)));
        assert_eq!(cloud.imap, Some(MailEndpoint::implicit("outlook.office365.com", 993)));
        assert_eq!(cloud.smtp, Some(MailEndpoint::upgrade("smtp.office365.com", 587)));
        assert_eq!(cloud.ews.expect("known").to_string(), "https://outlook.office365.com/EWS/Exchange.asmx");
        assert_eq!(cloud.scope, "https://outlook.office365.com/.default");
    }

    #[test]
    fn ews_ends_only_where_microsoft_announced_it() {
        let end = Cloud::built_in("global").expect("built in").ews_ends().expect("a day");
        assert_eq!(humantime::format_rfc3339(end).to_string(), "2027-04-01T00:00:00Z");
        assert_eq!(Cloud::built_in("us-gov-high").expect("built in").ews_ends(), None);
    }

    /// The hosts, cloud by cloud.
    #[test]
    fn built_in_clouds_have_the_documented_hosts_only() {
        let filled = |cloud: &Cloud| {
            let mail = [&cloud.pop3, &cloud.imap, &cloud.smtp].map(|at| at.as_ref().map_or("-", |at| &at.host).to_owned());
            let https = [&cloud.ews, &cloud.graph].map(|at| at.as_ref().map_or("-", |at| &at.host).to_owned());
            format!("{} {} {} {}", cloud.name, cloud.login.host, mail.join(" "), https.join(" "))
        };
        let table: Vec<String> = Cloud::built_in_names().filter_map(Cloud::built_in).map(|cloud| filled(&cloud)).collect();
        assert_eq!(
            table,
            [
                "global login.microsoftonline.com outlook.office365.com outlook.office365.com smtp.office365.com outlook.office365.com graph.microsoft.com",
                "us-gov-high login.microsoftonline.us outlook.office365.us outlook.office365.us outlook.office365.us outlook.office365.us graph.microsoft.us",
                "us-gov-dod login.microsoftonline.us outlook-dod.office365.us outlook-dod.office365.us outlook-dod.office365.us outlook-dod.office365.us dod-graph.microsoft.us",
                "china login.partner.microsoftonline.cn - - smtp.partner.outlook.cn partner.outlook.cn microsoftgraph.chinacloudapi.cn",
                "bleu login.sovcloud-identity.fr - - - outlook.sovcloud.fr graph.svc.sovcloud.fr",
                "delos login.sovcloud-identity.de - - - outlook.sovcloud.de graph.svc.sovcloud.de",
            ]
        );
        assert_eq!(Cloud::built_in("mars"), None);
    }

    #[test]
    fn built_in_clouds_have_scopes_of_their_own_hosts_and_standard_ports() {
        for cloud in Cloud::built_in_names().filter_map(Cloud::built_in) {
            let (ews, graph) = (cloud.ews.expect("known"), cloud.graph.expect("known"));
            assert_eq!(cloud.scope, format!("https://{}/.default", ews.host));
            assert_eq!(cloud.graph_scope, Some(format!("https://{}/.default", graph.host)));
            assert_eq!((ews.port, ews.path.as_str(), graph.port, cloud.login.port), (443, EWS_PATH, 443, 443));
            let mail = [(cloud.pop3, 995, Security::Implicit), (cloud.imap, 993, Security::Implicit)];
            for (at, port, security) in mail.into_iter().chain([(cloud.smtp, 587, Security::Upgrade)]) {
                assert!(at.is_none_or(|at| (at.port, at.security) == (port, security)), "{}", cloud.name);
            }
        }
    }

    #[test]
    fn is_microsoft_host_in_its_own_cloud_only() {
        let global = Cloud::built_in("global").expect("built in");
        assert_eq!(
            global.hosts(),
            ["login.microsoftonline.com", "outlook.office365.com", "smtp.office365.com", "graph.microsoft.com"]
        );
        assert!(global.is_microsoft_host("Outlook.Office365.com"));
        assert!(!global.is_microsoft_host("mail.contoso.example"));
        assert!(!Cloud { name: "lab".to_owned(), ..global }.is_microsoft_host("outlook.office365.com"));
    }

    #[test]
    fn is_microsoft_endpoint_of_every_built_in_endpoint() {
        for name in Cloud::built_in_names() {
            let cloud = Cloud::built_in(name).expect("built in");
            let https = [Some(&cloud.login), cloud.ews.as_ref(), cloud.graph.as_ref()].into_iter().flatten();
            let mail = [&cloud.pop3, &cloud.imap, &cloud.smtp].into_iter().flatten();
            let all = https.map(|at| (at.host.as_str(), at.port)).chain(mail.map(|at| (at.host.as_str(), at.port)));
            all.for_each(|(host, port)| assert!(is_microsoft_endpoint(host, port), "{host}:{port}"));
        }
        for (host, port) in [("login.microsoftonline.com", 20443), ("outlook.office365.com", 25), ("localhost", 443)] {
            assert!(!is_microsoft_endpoint(host, port), "{host}:{port}");
        }
    }

    #[test]
    fn ipv6_stands_in_brackets() {
        assert_eq!(host_port("::1", 995), "[::1]:995");
        assert_eq!(HttpsEndpoint { host: "::1".into(), port: 8443, path: "/x".into() }.to_string(), "https://[::1]:8443/x");
    }
}
