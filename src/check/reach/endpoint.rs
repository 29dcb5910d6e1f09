//! The hosts and ports a tenant's checks need, each once.

use crate::cloud::{Cloud, HttpsEndpoint, MailEndpoint, Security};

/// The protocol of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// HTTPS.
    Https,
    /// POP3.
    Pop3,
    /// IMAP.
    Imap,
    /// SMTP.
    Smtp,
}

/// A host and port, with what shows that the right server is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// DNS name or IP address, without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// The protocol that its server speaks.
    pub protocol: Protocol,
    /// The way in which TLS begins.
    pub security: Security,
    /// The path of the HTTPS request; empty for other protocols.
    pub path: String,
    /// Set if an HTTPS reply must bear a mark of Microsoft's: nobody else has a built-in cloud's hosts.
    pub marked: bool,
}

/// Returns the endpoints that the checks of a tenant in `cloud` connect to; the login host where `login` says that tokens come from
/// there.
pub fn all(cloud: &Cloud, login: bool) -> Vec<Endpoint> {
    let mut all: Vec<Endpoint> = Vec::new();
    let mail = [(Protocol::Pop3, &cloud.pop3), (Protocol::Imap, &cloud.imap), (Protocol::Smtp, &cloud.smtp)];
    let mail = mail.into_iter().filter_map(|(protocol, at)| at.as_ref().map(|at| mail_endpoint(protocol, at)));
    let https = login
        .then_some(&cloud.login)
        .into_iter()
        .chain(&cloud.ews)
        .map(|at| https_endpoint(at, cloud.is_microsoft_host(&at.host)));
    for endpoint in https.chain(mail) {
        if !all.iter().any(|known| known.port == endpoint.port && known.host.eq_ignore_ascii_case(&endpoint.host)) {
            all.push(endpoint);
        }
    }
    all
}

fn mail_endpoint(protocol: Protocol, at: &MailEndpoint) -> Endpoint {
    Endpoint { host: at.host.clone(), port: at.port, protocol, security: at.security, path: String::new(), marked: false }
}

fn https_endpoint(at: &HttpsEndpoint, marked: bool) -> Endpoint {
    let path = if at.path.is_empty() { "/".to_owned() } else { at.path.clone() };
    Endpoint { host: at.host.clone(), port: at.port, protocol: Protocol::Https, security: Security::Implicit, path, marked }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_endpoints_have_each_host_and_port_once() {
        let shown = |name| {
            let cloud = Cloud::built_in(name).expect("built in");
            all(&cloud, true).iter().map(|at| format!("{}:{}{}", at.host, at.port, at.path)).collect::<Vec<_>>()
        };
        assert_eq!(
            shown("global"),
            [
                "login.microsoftonline.com:443/",
                "outlook.office365.com:443/EWS/Exchange.asmx",
                "outlook.office365.com:995",
                "outlook.office365.com:993",
                "smtp.office365.com:587",
            ]
        );
        assert_eq!(
            shown("china"),
            ["login.partner.microsoftonline.cn:443/", "partner.outlook.cn:443/EWS/Exchange.asmx", "smtp.partner.outlook.cn:587"]
        );
        let mut one_port = Cloud::built_in("global").expect("built in");
        one_port.ews.clone_from(&Some(HttpsEndpoint::new("LOGIN.microsoftonline.com", "/EWS")));
        assert_eq!(all(&one_port, true).len(), 4);
        assert_eq!(all(&Cloud::built_in("global").expect("built in"), false).len(), 4);
    }
}
