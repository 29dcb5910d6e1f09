//! An SMTP reply put together from its lines, and what Exchange writes around the words.

use crate::outcome::Fault;
use crate::reason::Reason;
use crate::sanitize;

/// A whole reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The three-digit code.
    pub code: u16,
    /// The text of each line after the code; at least one, which may be empty.
    pub lines: Vec<String>,
}

/// A reply in the making: push lines until it is whole.
#[derive(Clone, Debug, Default)]
pub struct Assembly {
    greeting: bool,
    code: Option<u16>,
    lines: Vec<String>,
}

impl Assembly {
    /// An EHLO reply of Exchange has about ten lines; one of more than this is none.
    pub const MOST_LINES: usize = 100;

    /// For the first reply on a connection: what is no SMTP there comes from something else that listens on the port.
    pub fn greeting() -> Self {
        Self { greeting: true, ..Self::default() }
    }

    /// Takes the next line, without its CRLF. `Some` when it was the last of the reply.
    pub fn push(&mut self, line: &str) -> Result<Option<Reply>, Fault> {
        let foreign = if self.greeting && self.code.is_none() { Reason::GreetingUnexpected } else { Reason::ReplyMalformed };
        let (code, last, words) = split(line).ok_or_else(|| Fault::heard(foreign, sanitize::reply(line)))?;
        // RFC 5321, 4.2.1: the code is the same on every line.
        if self.code.is_some_and(|first| first != code) {
            return Err(Fault::heard(Reason::ReplyMalformed, sanitize::reply(line)));
        }
        if self.lines.len() >= Self::MOST_LINES {
            return Err(Fault::heard(Reason::ReplyTooLong, sanitize::reply(line)));
        }
        self.code = Some(code);
        self.lines.push(words.to_owned());
        Ok(last.then(|| Reply { code, lines: std::mem::take(&mut self.lines) }))
    }
}

/// `250-SIZE 1000` into code, whether it is the last line, and text. A bare `250` counts as a last line.
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

/// What Exchange ends its replies with: `[GVYP280CA0011.SWEP280.PROD.OUTLOOK.COM 2023-02-06T21:34:15.820Z 08DB0823FF6976E9]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trailer {
    /// The server that answered.
    pub server: String,
    /// Its clock.
    pub time: String,
    /// The session, for a support ticket.
    pub session: String,
}

impl Reply {
    /// The text of all lines in one, without the trailer.
    pub fn words(&self) -> String {
        let whole = self.lines.join(" ");
        match self.trailer().and_then(|_| whole.rfind('[')) {
            Some(at) => whole.get(..at).unwrap_or_default().trim_end().to_owned(),
            None => whole,
        }
    }

    /// Code and text of all lines, as evidence shows them.
    pub fn shown(&self) -> String {
        format!("{} {}", self.code, self.lines.join(" / "))
    }

    /// The enhanced status code (RFC 3463): `5.7.139`. It repeats on every line, so the first will do.
    pub fn enhanced(&self) -> Option<&str> {
        let word = self.lines.first()?.split(' ').next()?;
        let mut parts = word.split('.');
        let class = parts.next()?;
        let number = |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        let good = matches!(class, "2" | "4" | "5") && parts.next().is_some_and(number) && parts.next().is_some_and(number);
        (good && parts.next().is_none()).then_some(word)
    }

    /// The trailer, where there is one.
    pub fn trailer(&self) -> Option<Trailer> {
        let (_, inside) = self.lines.last()?.trim_end().strip_suffix(']')?.rsplit_once('[')?;
        let words: Vec<&str> = inside.split(' ').collect();
        let [server, time, session] = words.as_slice() else { return None };
        let stamped = time.len() >= 20 && time.contains('T') && time.ends_with('Z');
        (stamped && server.contains('.')).then(|| Trailer {
            server: sanitize::one_line(server, 255),
            time: sanitize::one_line(time, 40),
            session: sanitize::one_line(session, 60),
        })
    }

    /// The host name that a greeting or an EHLO reply begins with.
    pub fn host(&self) -> Option<String> {
        let host = self.lines.first()?.split(' ').next()?;
        let named = host.contains('.') && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
        (named && host.len() <= 255).then(|| host.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::smtp;

    fn read(lines: &[&str], mut assembly: Assembly) -> Result<Option<Reply>, Reason> {
        let mut whole = None;
        for line in lines {
            whole = assembly.push(line).map_err(|fault| fault.reason)?;
        }
        Ok(whole)
    }

    #[test]
    fn lines_become_a_reply_or_a_reason() {
        let reply = |code, lines: &[&str]| Ok(Some(Reply { code, lines: lines.iter().map(|line| (*line).to_owned()).collect() }));
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
            assert_eq!(read(lines, Assembly::default()), whole, "{lines:?}");
        }
        assert_eq!(read(&["250-x"; 101], Assembly::default()), Err(Reason::ReplyTooLong));
        assert_eq!(read(&["+OK ready"], Assembly::greeting()), Err(Reason::GreetingUnexpected));
        assert_eq!(read(&["220-a", "+OK"], Assembly::greeting()), Err(Reason::ReplyMalformed));
    }

    #[test]
    fn the_trailer_is_kept_apart_from_the_words() {
        let line = "5.7.3 Authentication unsuccessful [GVYP280CA0011.SWEP280.PROD.OUTLOOK.COM 2023-02-06T21:34:15.820Z 08DB0823FF6976E9]";
        let reply = Reply { code: 535, lines: vec![line.to_owned()] };
        let trailer = reply.trailer().expect("there is one");
        assert_eq!(trailer.server, "GVYP280CA0011.SWEP280.PROD.OUTLOOK.COM");
        assert_eq!((trailer.time.as_str(), trailer.session.as_str()), ("2023-02-06T21:34:15.820Z", "08DB0823FF6976E9"));
        assert_eq!(reply.words(), "5.7.3 Authentication unsuccessful");
        assert_eq!(reply.enhanced(), Some("5.7.3"));
        for other in ["Hello [192.0.2.1]", "[a b]", "a.b 2023-02-06T21:34:15.820Z 1]", "5.7 no", "5.7.1234 no", ""] {
            let reply = Reply { code: 250, lines: vec![other.to_owned()] };
            assert_eq!((reply.trailer(), reply.enhanced()), (None, None), "{other}");
            assert_eq!(reply.words(), other);
        }
    }

    proptest! {
        #[test]
        fn no_line_panics(line in any::<String>(), code in "[0-9]{3}[- ]|") {
            if let Ok(Some(reply)) = Assembly::default().push(&(code + &line)) {
                let _ = (reply.words(), reply.shown(), reply.host(), reply.enhanced().map(str::len));
                let _ = (smtp::greeting(&reply), smtp::ehlo(&reply), smtp::starttls(&reply), smtp::invitation(&reply), smtp::login(&reply));
            }
        }
    }
}
