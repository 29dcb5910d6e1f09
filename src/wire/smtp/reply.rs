//! The parser of an SMTP reply from its lines, its enhanced code and Exchange's trailer.

use std::fmt;

use crate::outcome::Fault;
use crate::reason::Reason;
use crate::sanitize;

/// A whole reply. Displays as its code and the text of all lines: `535 5.7.3 a / b`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmtpReply {
    /// The code, from 200 to 599.
    pub code: u16,
    /// The text of each line after the code; at least one, which may be empty.
    pub lines: Vec<String>,
}

/// A parser that makes a reply of its lines: push them until it is whole.
#[derive(Clone, Debug, Default)]
pub struct ReplyParser {
    greeting: bool,
    code: Option<u16>,
    lines: Vec<String>,
}

impl ReplyParser {
    /// The most lines of one reply; Exchange's to EHLO has about ten.
    pub const MAX_LINES: usize = 100;

    /// Makes a parser for the first reply: what is no SMTP there comes from another kind of server on the port.
    pub fn for_greeting() -> Self {
        Self { greeting: true, ..Self::default() }
    }

    /// Takes the next line, without its CRLF; returns the reply when it was the last.
    ///
    /// # Errors
    /// `reply_malformed`, `reply_too_long`; `greeting_unexpected` in the first line of the first reply.
    pub fn push(&mut self, line: &str) -> Result<Option<SmtpReply>, Fault> {
        let reason = if self.greeting && self.code.is_none() { Reason::GreetingUnexpected } else { Reason::ReplyMalformed };
        let (code, is_last, text) = split(line).ok_or_else(|| Fault::heard(reason, sanitize::reply(line)))?;
        // RFC 5321, 4.2.1: the code is the same on every line.
        if self.code.is_some_and(|first| first != code) {
            return Err(Fault::heard(Reason::ReplyMalformed, sanitize::reply(line)));
        }
        if self.lines.len() >= Self::MAX_LINES {
            return Err(Fault::heard(Reason::ReplyTooLong, sanitize::reply(line)));
        }
        self.code = Some(code);
        self.lines.push(text.to_owned());
        Ok(is_last.then(|| SmtpReply { code, lines: std::mem::take(&mut self.lines) }))
    }
}

/// Splits `250-SIZE 1000` into code, whether it is the last line, and text. A bare `250` counts as a last line.
fn split(line: &str) -> Option<(u16, bool, &str)> {
    let digits = line.get(..3).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?;
    let code = digits.parse().ok().filter(|code| (200..600).contains(code))?;
    let rest = line.get(3..)?;
    match rest.chars().next() {
        None => Some((code, true, "")),
        Some(' ') => Some((code, true, rest.get(1..)?)),
        Some('-') => Some((code, false, rest.get(1..)?)),
        Some(_) => None,
    }
}

/// The trailer of Exchange's replies: `[GVYP280CA0011.SWEP280.PROD.OUTLOOK.COM 2023-02-06T21:34:15.820Z 08DB0823FF6976E9]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trailer {
    /// The server that replied.
    pub server: String,
    /// The server's time, in RFC 3339.
    pub time: String,
    /// The session id, for a support ticket.
    pub session: String,
}

impl fmt::Display for SmtpReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.lines.join(" / "))
    }
}

impl SmtpReply {
    /// Joins the text of all lines, without the trailer.
    pub fn text(&self) -> String {
        let whole = self.lines.join(" ");
        match self.trailer().and_then(|_| whole.rfind('[')) {
            Some(at) => whole.get(..at).unwrap_or_default().trim_end().to_owned(),
            None => whole,
        }
    }

    /// Parses the enhanced status code (RFC 3463): `5.7.139`. It repeats on every line, so the first is taken.
    pub fn enhanced_code(&self) -> Option<&str> {
        let word = self.lines.first()?.split(' ').next()?;
        let mut parts = word.split('.');
        let class = parts.next()?;
        let number = |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        let is_code = matches!(class, "2" | "4" | "5") && parts.next().is_some_and(number) && parts.next().is_some_and(number);
        (is_code && parts.next().is_none()).then_some(word)
    }

    /// Parses the trailer, where there is one.
    pub fn trailer(&self) -> Option<Trailer> {
        let (_, inside) = self.lines.last()?.trim_end().strip_suffix(']')?.rsplit_once('[')?;
        let words: Vec<&str> = inside.split(' ').collect();
        let [server, time, session] = words.as_slice() else { return None };
        let has_time = time.len() >= 20 && time.contains('T') && time.ends_with('Z');
        (has_time && server.contains('.')).then(|| Trailer {
            server: sanitize::one_line(server, 255),
            time: sanitize::one_line(time, 40),
            session: sanitize::one_line(session, 60),
        })
    }

    /// Returns the host name that a greeting or an EHLO reply begins with.
    pub fn host_name(&self) -> Option<String> {
        let host = self.lines.first()?.split(' ').next()?;
        let is_name = host.contains('.') && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
        (is_name && host.len() <= 255).then(|| host.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::smtp;

    fn parsed(lines: &[&str], mut parser: ReplyParser) -> Result<Option<SmtpReply>, Reason> {
        let mut whole = None;
        for line in lines {
            whole = parser.push(line).map_err(|fault| fault.reason)?;
        }
        Ok(whole)
    }

    #[test]
    fn push_of_lines_gives_a_reply_or_a_reason() {
        let reply =
            |code, lines: &[&str]| Ok(Some(SmtpReply { code, lines: lines.iter().map(|line| (*line).to_owned()).collect() }));
        for (lines, whole) in [
            (&["250 ok"][..], reply(250, &["ok"])),
            (&["250"], reply(250, &[""])),
            (&["250-a", "250-b", "250 c"], reply(250, &["a", "b", "c"])),
            (&["250-a", "250-b"], Ok(None)),
            (&["250-a", "220 b"], Err(Reason::ReplyMalformed)),
            (&["250-a", "b"], Err(Reason::ReplyMalformed)),
            (&["+OK ready"], Err(Reason::ReplyMalformed)),
            (&["25 ok"], Err(Reason::ReplyMalformed)),
            (&["2500 ok"], Err(Reason::ReplyMalformed)),
            (&["099 ok"], Err(Reason::ReplyMalformed)),
            (&["25€"], Err(Reason::ReplyMalformed)),
            (&[""], Err(Reason::ReplyMalformed)),
        ] {
            assert_eq!(parsed(lines, ReplyParser::default()), whole, "{lines:?}");
        }
        assert_eq!(parsed(&["250-x"; 101], ReplyParser::default()), Err(Reason::ReplyTooLong));
        assert_eq!(parsed(&["+OK ready"], ReplyParser::for_greeting()), Err(Reason::GreetingUnexpected));
        assert_eq!(parsed(&["220-a", "+OK"], ReplyParser::for_greeting()), Err(Reason::ReplyMalformed));
    }

    #[test]
    fn trailer_is_not_part_of_the_text() {
        let line = "5.7.3 Authentication unsuccessful [GVYP280CA0011.SWEP280.PROD.OUTLOOK.COM 2023-02-06T21:34:15.820Z 08DB0823FF6976E9]";
        let reply = SmtpReply { code: 535, lines: vec![line.to_owned()] };
        let trailer = reply.trailer().expect("there is one");
        assert_eq!(trailer.server, "GVYP280CA0011.SWEP280.PROD.OUTLOOK.COM");
        assert_eq!((trailer.time.as_str(), trailer.session.as_str()), ("2023-02-06T21:34:15.820Z", "08DB0823FF6976E9"));
        assert_eq!(reply.text(), "5.7.3 Authentication unsuccessful");
        assert_eq!(reply.enhanced_code(), Some("5.7.3"));
        for other in ["Hello [192.0.2.1]", "[a b]", "a.b 2023-02-06T21:34:15.820Z 1]", "5.7 no", "5.7.1234 no", ""] {
            let reply = SmtpReply { code: 250, lines: vec![other.to_owned()] };
            assert_eq!((reply.trailer(), reply.enhanced_code()), (None, None), "{other}");
            assert_eq!(reply.text(), other);
        }
    }

    proptest! {
        #[test]
        fn parsers_never_panic(line in any::<String>(), code in "[0-9]{3}[- ]|") {
            if let Ok(Some(reply)) = ReplyParser::default().push(&(code + &line)) {
                let _ = (reply.text(), reply.to_string(), reply.host_name(), reply.enhanced_code().map(str::len));
                let _ = (smtp::parse_greeting(&reply), smtp::parse_ehlo(&reply), smtp::parse_starttls(&reply), smtp::parse_auth_continuation(&reply), smtp::parse_login(&reply));
            }
        }
    }
}
