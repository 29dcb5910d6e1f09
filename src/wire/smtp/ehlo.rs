//! The reply to EHLO: what the server offers, what something on the way has masked, and how the server sees us.

use std::net::IpAddr;

use super::{Reply, malformed, refusal};
use crate::outcome::Fault;
use crate::reason::Reason;
use crate::sanitize;
use crate::wire::Refusal;

/// What the server offers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Features {
    /// `STARTTLS`.
    pub starttls: bool,
    /// Mechanisms of `AUTH`, in upper case.
    pub mechanisms: Vec<String>,
    /// Our public address, from `Hello [..]`.
    pub public_address: Option<IpAddr>,
    /// The server's name.
    pub server: Option<String>,
    /// All of it, as evidence.
    shown: String,
    /// A keyword that something on the way has overwritten: `XXXXXXXA`, as mail inspection on Cisco firewalls does.
    masked: Option<String>,
}

/// The reply to EHLO.
pub fn ehlo(reply: &Reply) -> Result<Features, Refusal> {
    match reply.code {
        250 => Ok(Features::read(reply)),
        400..=599 => Err(refusal(reply, Reason::CommandRefused)),
        _ => Err(malformed(reply).into()),
    }
}

/// The reply to the EHLO ahead of STARTTLS.
pub fn first_ehlo(reply: &Reply) -> Result<Features, Refusal> {
    match reply.code {
        // Without EHLO there is no STARTTLS: a server from before ESMTP, or mail inspection that has it spoken to as one.
        500 | 502 | 504 => Err(refusal(reply, Reason::StarttlsNotOffered)),
        // Access is denied, to whatever: we are turned away as in a greeting.
        550..=559 if reply.enhanced().is_none_or(|code| code.starts_with("5.7.")) => Err(refusal(reply, Reason::GreetingRefused)),
        _ => ehlo(reply),
    }
}

impl Features {
    fn read(reply: &Reply) -> Self {
        let (hello, keywords) = reply.lines.split_first().map_or(("", &[][..]), |(hello, rest)| (hello.as_str(), rest));
        let mut features = Self {
            public_address: public_address(hello),
            server: reply.host(),
            shown: sanitize::reply(&reply.shown()),
            ..Self::default()
        };
        for line in keywords {
            // `AUTH=LOGIN` is the form from before RFC 2554, kept by servers for old clients.
            let mut words = line.split([' ', '=']).filter(|word| !word.is_empty()).map(str::to_ascii_uppercase);
            match words.next().as_deref() {
                Some("STARTTLS") => features.starttls = true,
                Some("AUTH") => features.mechanisms.extend(words.take(20)),
                Some(word) if is_masked(word) => features.masked = Some(sanitize::one_line(word, 40)),
                Some(_) | None => {}
            }
        }
        features
    }

    /// Goes on only where TLS can be asked for.
    pub fn require_starttls(&self) -> Result<(), Fault> {
        self.require(self.starttls, Reason::StarttlsNotOffered)
    }

    /// Goes on only where XOAUTH2 can be used.
    pub fn require_xoauth2(&self) -> Result<(), Fault> {
        self.require(self.mechanisms.iter().any(|mechanism| mechanism == "XOAUTH2"), Reason::MechanismNotOffered)
    }

    fn require(&self, offered: bool, reason: Reason) -> Result<(), Fault> {
        if offered {
            return Ok(());
        }
        let fault = Fault::heard(reason, self.shown.as_str());
        Err(if let Some(masked) = &self.masked { fault.code(masked.as_str()) } else { fault })
    }
}

/// `XXXXXXXA`: as many X as the keyword was long, and one letter.
fn is_masked(keyword: &str) -> bool {
    let xs = keyword.trim_end_matches(|c: char| c != 'X');
    xs.len() >= 4 && xs.len() + 1 >= keyword.len() && xs.bytes().all(|b| b == b'X')
}

/// The last address in `… Hello [2001:db8::1]`: Exim and Sendmail repeat the name we gave, a literal too, and add what they
/// see. What is good on this machine or in its own network alone is no address that Microsoft could see.
fn public_address(hello: &str) -> Option<IpAddr> {
    let (rest, _) = hello.rsplit_once(']')?;
    let (_, address) = rest.rsplit_once('[')?;
    let address: IpAddr = address.strip_prefix("IPv6:").unwrap_or(address).parse().ok()?;
    let is_own = match address {
        IpAddr::V4(address) => address.is_loopback() || address.is_private() || address.is_link_local(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local(),
    };
    (!is_own).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Features {
        ehlo(&Reply { code: 250, lines: lines.iter().map(|line| (*line).to_owned()).collect() }).expect("accepted")
    }

    #[test]
    fn what_exchange_offers_before_and_after_tls() {
        let before = read(&["DU2PR04CA0001.outlook.office365.com Hello [203.0.113.7]", "SIZE 157286400", "STARTTLS", "SMTPUTF8"]);
        assert_eq!(before.public_address, "203.0.113.7".parse().ok());
        assert_eq!(before.server.as_deref(), Some("DU2PR04CA0001.outlook.office365.com"));
        assert!(before.require_starttls().is_ok());
        let fault = before.require_xoauth2().expect_err("not yet");
        assert_eq!(fault.reason, Reason::MechanismNotOffered);
        assert!(fault.evidence.heard.is_some_and(|heard| heard.contains("STARTTLS / SMTPUTF8")));

        let after = read(&["x.outlook.office365.com Hello [2001:db8::7]", "auth login xoauth2", "CHUNKING"]);
        assert_eq!(after.public_address, "2001:db8::7".parse().ok());
        assert_eq!(after.mechanisms, ["LOGIN", "XOAUTH2"]);
        assert!(after.require_xoauth2().is_ok());
        assert_eq!(after.require_starttls().expect_err("gone").reason, Reason::StarttlsNotOffered);
    }

    #[test]
    fn a_server_that_knows_no_ehlo_has_no_starttls() {
        for (code, words, first) in [
            (502, "command not implemented", Reason::StarttlsNotOffered),
            (500, "5.5.1 Unrecognized command", Reason::StarttlsNotOffered),
            (550, "5.7.1 Access denied, [203.0.113.7]", Reason::GreetingRefused),
            (554, "go away", Reason::GreetingRefused),
            (550, "5.5.0 bad name", Reason::CommandRefused),
            (421, "4.3.2 Service not available", Reason::ServerUnavailable),
        ] {
            let reply = Reply { code, lines: vec![words.to_owned()] };
            assert_eq!(first_ehlo(&reply).expect_err("refused").fault.reason, first, "{code} {words}");
        }
    }

    #[test]
    fn odd_forms() {
        assert!(read(&["host", "AUTH=LOGIN XOAUTH2"]).require_xoauth2().is_ok());
        for (keyword, hidden) in
            [("XXXXXXXA", true), ("XXXXXXXX", true), ("X-EXPS", false), ("XOAUTH2", false), ("XXX", false), ("SIZE", false)]
        {
            let fault = read(&["host", keyword]).require_starttls().expect_err("not there");
            assert_eq!(fault.evidence.code.is_some(), hidden, "{keyword}");
        }
        for (hello, address) in [
            ("host Hello [unknown]", None),
            ("host Hello [127.0.0.1]", None),
            ("host Hello [10.0.0.7]", None),
            ("host Hello [fd00::7]", None),
            ("host Hello [127.0.0.1] [203.0.113.7]", Some("203.0.113.7")), // Exim
            ("host Hello nat.example [203.0.113.7], pleased to meet you", Some("203.0.113.7")), // Sendmail
            ("host Hello [IPv6:2001:db8::7]", Some("2001:db8::7")),
            ("host ] Hello [", None),
        ] {
            assert_eq!(read(&[hello]).public_address, address.and_then(|address| address.parse().ok()), "{hello}");
        }
        assert_eq!(read(&[""]).server, None);
        // The first line is a greeting, whatever it says.
        assert!(!read(&["STARTTLS"]).starttls);
    }
}
