//! The reply to EHLO (RFC 5321, 4.1.1.1): extensions, a keyword overwritten by a firewall, and our public address.

use std::net::IpAddr;

use super::{SmtpReply, malformed, refusal};
use crate::outcome::Fault;
use crate::reason::Reason;
use crate::sanitize;
use crate::wire::Refusal;

/// The extensions that the server offers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EhloResponse {
    /// True if `STARTTLS` is offered.
    pub starttls: bool,
    /// The mechanisms of `AUTH`, in upper case.
    pub mechanisms: Vec<String>,
    /// Our public address, from `Hello [..]`.
    pub public_address: Option<IpAddr>,
    /// The name that the reply begins with, if it is a host name.
    pub server: Option<String>,
    /// The whole reply, as evidence.
    evidence: String,
    /// A keyword that mail inspection on a firewall, Cisco's for one, has overwritten: `XXXXXXXA`.
    overwritten: Option<String>,
}

/// Parses the reply to EHLO.
///
/// # Errors
/// A refusal (`4xx`, `5xx`), and `reply_malformed` for another code.
pub fn parse_ehlo(reply: &SmtpReply) -> Result<EhloResponse, Refusal> {
    match reply.code {
        250 => Ok(EhloResponse::parse(reply)),
        400..=599 => Err(refusal(reply, Reason::CommandRefused)),
        _ => Err(malformed(reply).into()),
    }
}

/// Parses the reply to the EHLO before STARTTLS.
///
/// # Errors
/// As [`parse_ehlo`]; `starttls_not_offered` where EHLO is unknown, `greeting_refused` where access is denied.
pub fn parse_first_ehlo(reply: &SmtpReply) -> Result<EhloResponse, Refusal> {
    match reply.code {
        // Without EHLO there is no STARTTLS: a server older than ESMTP, or mail inspection that hides ESMTP.
        500 | 502 | 504 => Err(refusal(reply, Reason::StarttlsNotOffered)),
        // Access is denied before anything was asked for, as in a greeting.
        550..=559 if reply.enhanced_code().is_none_or(|code| code.starts_with("5.7.")) => {
            Err(refusal(reply, Reason::GreetingRefused))
        }
        _ => parse_ehlo(reply),
    }
}

impl EhloResponse {
    fn parse(reply: &SmtpReply) -> Self {
        let (hello, keywords) = reply.lines.split_first().map_or(("", &[][..]), |(hello, rest)| (hello.as_str(), rest));
        let mut response = Self {
            public_address: public_address(hello),
            server: reply.host_name(),
            evidence: sanitize::reply(&reply.to_string()),
            ..Self::default()
        };
        for line in keywords {
            // `AUTH=LOGIN` is older than RFC 2554, kept by servers for old clients.
            let mut words = line.split([' ', '=']).filter(|word| !word.is_empty()).map(str::to_ascii_uppercase);
            match words.next().as_deref() {
                Some("STARTTLS") => response.starttls = true,
                Some("AUTH") => response.mechanisms.extend(words.take(20)),
                Some(word) if is_overwritten(word) => response.overwritten = Some(sanitize::one_line(word, 40)),
                Some(_) | None => {}
            }
        }
        response
    }

    /// Checks that STARTTLS is offered.
    ///
    /// # Errors
    /// `starttls_not_offered`.
    pub fn require_starttls(&self) -> Result<(), Fault> {
        self.require(self.starttls, Reason::StarttlsNotOffered)
    }

    /// Checks that XOAUTH2 is offered.
    ///
    /// # Errors
    /// `mechanism_not_offered`.
    pub fn require_xoauth2(&self) -> Result<(), Fault> {
        self.require(self.mechanisms.iter().any(|mechanism| mechanism == "XOAUTH2"), Reason::MechanismNotOffered)
    }

    fn require(&self, offered: bool, reason: Reason) -> Result<(), Fault> {
        if offered {
            return Ok(());
        }
        let fault = Fault::heard(reason, self.evidence.as_str());
        Err(if let Some(keyword) = &self.overwritten { fault.code(keyword.as_str()) } else { fault })
    }
}

/// Reports whether the keyword is overwritten: `XXXXXXXA`, as many X as the keyword was long, and one letter.
fn is_overwritten(keyword: &str) -> bool {
    let xs = keyword.trim_end_matches(|c: char| c != 'X');
    xs.len() >= 4 && xs.len() + 1 >= keyword.len() && xs.bytes().all(|b| b == b'X')
}

/// Finds the last address in `… Hello [2001:db8::1]`: Exim and Sendmail repeat the name in EHLO, also a literal, and add the
/// address that they see. A loopback or private address is not public.
fn public_address(hello: &str) -> Option<IpAddr> {
    let (rest, _) = hello.rsplit_once(']')?;
    let (_, address) = rest.rsplit_once('[')?;
    let address: IpAddr = address.strip_prefix("IPv6:").unwrap_or(address).parse().ok()?;
    let is_private = match address {
        IpAddr::V4(address) => address.is_loopback() || address.is_private() || address.is_link_local(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local(),
    };
    (!is_private).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(lines: &[&str]) -> EhloResponse {
        parse_ehlo(&SmtpReply { code: 250, lines: lines.iter().map(|line| (*line).to_owned()).collect() }).expect("accepted")
    }

    #[test]
    fn parse_ehlo_of_exchange_before_and_after_tls() {
        let before =
            parsed(&["DU2PR04CA0001.outlook.office365.com Hello [203.0.113.7]", "SIZE 157286400", "STARTTLS", "SMTPUTF8"]);
        assert_eq!(before.public_address, "203.0.113.7".parse().ok());
        assert_eq!(before.server.as_deref(), Some("DU2PR04CA0001.outlook.office365.com"));
        assert!(before.require_starttls().is_ok());
        let fault = before.require_xoauth2().expect_err("not yet");
        assert_eq!(fault.reason, Reason::MechanismNotOffered);
        assert!(fault.evidence.heard.is_some_and(|heard| heard.contains("STARTTLS / SMTPUTF8")));

        let after = parsed(&["x.outlook.office365.com Hello [2001:db8::7]", "auth login xoauth2", "CHUNKING"]);
        assert_eq!(after.public_address, "2001:db8::7".parse().ok());
        assert_eq!(after.mechanisms, ["LOGIN", "XOAUTH2"]);
        assert!(after.require_xoauth2().is_ok());
        assert_eq!(after.require_starttls().expect_err("gone").reason, Reason::StarttlsNotOffered);
    }

    #[test]
    fn parse_first_ehlo_of_a_refusal_gives_its_reason() {
        for (code, text, reason) in [
            (502, "command not implemented", Reason::StarttlsNotOffered),
            (500, "5.5.1 Unrecognized command", Reason::StarttlsNotOffered),
            (550, "5.7.1 Access denied, [203.0.113.7]", Reason::GreetingRefused),
            (554, "go away", Reason::GreetingRefused),
            (550, "5.5.0 bad name", Reason::CommandRefused),
            (421, "4.3.2 Service not available", Reason::ServerUnavailable),
        ] {
            let reply = SmtpReply { code, lines: vec![text.to_owned()] };
            assert_eq!(parse_first_ehlo(&reply).expect_err("refused").fault.reason, reason, "{code} {text}");
        }
    }

    #[test]
    fn parse_ehlo_of_odd_forms() {
        assert!(parsed(&["host", "AUTH=LOGIN XOAUTH2"]).require_xoauth2().is_ok());
        for (keyword, hidden) in
            [("XXXXXXXA", true), ("XXXXXXXX", true), ("X-EXPS", false), ("XOAUTH2", false), ("XXX", false), ("SIZE", false)]
        {
            let fault = parsed(&["host", keyword]).require_starttls().expect_err("not there");
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
            assert_eq!(parsed(&[hello]).public_address, address.and_then(|address| address.parse().ok()), "{hello}");
        }
        assert_eq!(parsed(&[""]).server, None);
        // The first line is a greeting, whatever it says.
        assert!(!parsed(&["STARTTLS"]).starttls);
    }
}
