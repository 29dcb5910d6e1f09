//! A connection spoken to in lines, with the cursor that knows where we are.

use std::io;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::outcome::{Facts, Fault, Phase};
use crate::reason::Reason;
use crate::secret::{MASK, Secret, Sent};
use crate::trace::Trace;
use crate::wire::Refusal;

use super::{BoxStream, words};

/// The longest line an honest server sends is an Exchange refusal with its diagnostic tail, about 2 kB.
pub const MAX_LINE: usize = 16 * 1024;
/// More lines than this belong to no reply of the conversations here (EHLO and CAPABILITY have about a dozen).
const MAX_LINES: usize = 512;

/// One connection of one run: the stream, what was read ahead, the secrets it has sent, and the run's cursor.
pub struct Conn<'t> {
    trace: &'t mut Trace,
    stream: BoxStream,
    ahead: Vec<u8>,
    /// How much of `ahead` has been handed out.
    used: usize,
    lines: usize,
    sent: Sent,
}

impl<'t> Conn<'t> {
    /// A connection over any stream: a dialed one, or a test's pipe.
    pub fn over(stream: BoxStream, trace: &'t mut Trace) -> Self {
        Self { trace, stream, ahead: Vec::new(), used: 0, lines: 0, sent: Sent::default() }
    }

    /// Opens `phase`: what fails from now on failed there.
    pub fn enter(&mut self, phase: Phase) {
        self.trace.enter(phase);
    }

    /// What was learnt so far, to add to.
    pub fn facts(&mut self) -> &mut Facts {
        &mut self.trace.facts
    }

    /// Stops the run's clock: what follows is courtesy.
    pub fn finish(&mut self) {
        self.trace.finish();
    }

    /// Sends `text` and CRLF.
    ///
    /// # Errors
    /// `connection_closed`.
    pub async fn say(&mut self, text: &str) -> Result<(), Fault> {
        self.trace.said = Some(text.to_owned());
        self.write(format!("{text}\r\n").as_bytes()).await
    }

    /// Sends `text`, `secret` and CRLF in one write; in evidence `<secret>` stands for the secret.
    ///
    /// # Errors
    /// `connection_closed`.
    pub async fn say_secret(&mut self, text: &str, secret: &Secret) -> Result<(), Fault> {
        self.trace.said = Some(format!("{text}{MASK}"));
        self.keep_secret(secret);
        let whole = Secret::new(format!("{text}{}\r\n", secret.expose()));
        self.write(whole.expose().as_bytes()).await
    }

    /// Masks `secret` in whatever the server says from now on.
    pub fn keep_secret(&mut self, secret: &Secret) {
        self.sent.remember(secret);
    }

    /// The next line, without its line ending.
    ///
    /// # Errors
    /// `connection_closed`, `connect_reset`; `reply_too_long` for an endless line or too many of them.
    pub async fn line(&mut self) -> Result<String, Fault> {
        loop {
            let rest = self.ahead.get(self.used..).unwrap_or(&[]);
            if let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                let line = rest.get(..end).unwrap_or(&[]);
                let line = line.strip_suffix(b"\r").unwrap_or(line);
                let text = String::from_utf8_lossy(line).into_owned();
                self.used += end + 1;
                self.lines += 1;
                return if self.lines > MAX_LINES { Err(self.heard(Reason::ReplyTooLong, &text)) } else { Ok(text) };
            }
            if rest.len() > MAX_LINE {
                let start = String::from_utf8_lossy(rest.get(..words::MAX_HEARD).unwrap_or(rest)).into_owned();
                return Err(self.heard(Reason::ReplyTooLong, &start));
            }
            self.read_more().await?;
        }
    }

    /// Exactly `count` bytes, as an IMAP literal announces them.
    ///
    /// # Errors
    /// As [`Conn::line`]; `reply_too_long` for a literal no status reply needs.
    pub async fn literal(&mut self, count: usize) -> Result<String, Fault> {
        if count > MAX_LINE {
            return Err(self.heard(Reason::ReplyTooLong, &format!("a literal of {count} bytes")));
        }
        while self.ahead.len() - self.used < count {
            self.read_more().await?;
        }
        let bytes = self.ahead.get(self.used..self.used + count).unwrap_or(&[]);
        let text = String::from_utf8_lossy(bytes).into_owned();
        self.used += count;
        Ok(text)
    }

    /// A fault with what the server said, bounded and cleaned.
    pub fn heard(&self, reason: Reason, text: &str) -> Fault {
        Fault::heard(reason, self.clean(text))
    }

    /// The server's words as evidence: one line, bounded, printable, without our secrets.
    pub fn clean(&self, text: &str) -> String {
        words::printable(&self.sent, text.as_bytes())
    }

    /// What a reply was judged to be, or why the run ends with it.
    ///
    /// # Errors
    /// The refusal's fault, cleaned of what this connection has sent; the back-off it asks for becomes a fact.
    pub fn judged<T>(&mut self, reply: Result<T, Refusal>) -> Result<T, Fault> {
        reply.map_err(|refusal| self.refused(refusal))
    }

    /// A refusal's fault, as [`Conn::judged`] makes it.
    #[must_use]
    pub fn refused(&mut self, refusal: Refusal) -> Fault {
        self.trace.facts.back_off = refusal.back_off.or(self.trace.facts.back_off);
        words::cleaned(&self.sent, refusal.fault)
    }

    /// Gives the bare stream back at the moment the server has agreed to TLS.
    ///
    /// # Errors
    /// `starttls_injection` when anything stands in the buffer: it came in the clear and would be taken for the
    /// server's secured words.
    pub fn into_plain(self) -> Result<BoxStream, Fault> {
        match self.ahead.get(self.used..).unwrap_or(&[]) {
            [] => Ok(self.stream),
            extra => Err(self.heard(Reason::StarttlsInjection, &String::from_utf8_lossy(extra))),
        }
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let written = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        written.await.map_err(|error| broken(&error))
    }

    async fn read_more(&mut self) -> Result<(), Fault> {
        if self.used == self.ahead.len() {
            self.ahead.clear();
            self.used = 0;
        }
        let mut chunk = [0; 4096];
        match self.stream.read(&mut chunk).await {
            Ok(0) => {
                let begun = self.ahead.get(self.used..).unwrap_or(&[]).to_vec();
                let words = String::from_utf8_lossy(&begun).into_owned();
                let reason = Reason::ConnectionClosed;
                Err(if begun.is_empty() { Fault::new(reason) } else { self.heard(reason, &words) })
            }
            Ok(count) => {
                self.ahead.extend_from_slice(chunk.get(..count).unwrap_or(&[]));
                Ok(())
            }
            Err(error) => Err(broken(&error)),
        }
    }
}

/// What a broken stream means in mid-conversation.
fn broken(error: &io::Error) -> Fault {
    let reason = match error.kind() {
        io::ErrorKind::TimedOut => Reason::ReplyTimedOut,
        _ => Reason::ConnectionClosed,
    };
    Fault::heard(reason, error.to_string())
}
