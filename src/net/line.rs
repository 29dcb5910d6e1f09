//! A connection spoken to in lines, with the cursor that knows where we are.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::io::{AsyncRead as _, AsyncReadExt as _, AsyncWriteExt as _, ReadBuf};
use tokio::time::Instant;
use tracing::{Level, enabled, trace};

use crate::outcome::{Facts, Fault, Phase, Speaker};
use crate::reason::Reason;
use crate::secret::{MASK, Secret, Sent};
use crate::trace::Trace;
use crate::wire::Refusal;

use super::transcript_recorder::TranscriptRecorder;
use super::{BoxStream, tls};

/// The longest line an honest server sends is an Exchange refusal with its diagnostic tail, about 2 kB.
pub const MAX_LINE: usize = 16 * 1024;
/// More lines than this belong to no conversation held here (EHLO and CAPABILITY have about a dozen).
const MAX_LINES: usize = 512;
/// More bytes than this neither: a conversation takes about 2 kB, and an IMAP server may have news for us.
pub const MAX_HEARD: usize = 128 * 1024;

/// One connection of one run: the stream, what was read ahead, the secrets it has sent, and the run's cursor.
pub struct Conn<'t> {
    record: TranscriptRecorder<'t>,
    stream: BoxStream,
    lines: usize,
    heard: usize,
}

impl<'t> Conn<'t> {
    /// A connection over any stream: a dialed one, or a test's pipe. Whatever of `sent` the server says is masked, also
    /// before it was sent: the server may know it from another connection.
    pub fn over(stream: BoxStream, trace: &'t mut Trace, sent: &Sent) -> Self {
        Self { record: TranscriptRecorder::new(trace, sent), stream, lines: 0, heard: 0 }
    }

    /// Opens `phase`: what fails from now on failed there.
    pub fn enter(&mut self, phase: Phase) {
        self.record.trace.enter(phase);
    }

    /// The facts learnt so far, to add to.
    pub fn facts(&mut self) -> &mut Facts {
        &mut self.record.trace.facts
    }

    /// Stops the run's clock: what follows is courtesy.
    pub fn finish(&mut self) {
        self.record.trace.finish();
    }

    /// Leaves out of the run what was said and heard since `began`: its time, and that it was said last, which is `said`
    /// still.
    pub fn aside(&mut self, began: Instant, said: Option<String>) {
        self.record.trace.aside(began);
        self.record.trace.said = said;
    }

    /// `most`, or what may be spent of the time left so that the run still ends with its own words.
    pub fn patience(&self, most: Duration) -> Duration {
        most.min(self.record.trace.remaining().mul_f64(0.9))
    }

    /// Sends `text` and CRLF.
    ///
    /// # Errors
    /// `connection_closed`.
    pub async fn say(&mut self, text: &str) -> Result<(), Fault> {
        self.said(text.to_owned());
        self.write(format!("{text}\r\n").as_bytes()).await
    }

    /// The request that was sent last, as evidence shows it.
    pub fn last_said(&self) -> Option<String> {
        self.record.trace.said.clone()
    }

    /// Sends an empty line, which gives way to a refusal. What was said last remains what is refused.
    ///
    /// # Errors
    /// `connection_closed`.
    pub async fn give_way(&mut self) -> Result<(), Fault> {
        trace!("> (an empty line)");
        self.record.note(Speaker::Nobody, "an empty line");
        self.write(b"\r\n").await
    }

    /// Sends `text`, `secret` and CRLF in one write; in evidence `<secret>` stands for the secret.
    ///
    /// # Errors
    /// `connection_closed`.
    pub async fn say_secret(&mut self, text: &str, secret: &Secret) -> Result<(), Fault> {
        self.said(format!("{text}{MASK}"));
        self.record.sent.remember(secret);
        let whole = Secret::new(format!("{text}{}\r\n", secret.expose()));
        self.write(whole.expose().as_bytes()).await
    }

    /// The next line, without its line ending.
    ///
    /// # Errors
    /// `connection_closed`; `reply_too_long` for an endless line or too many of them.
    pub async fn line(&mut self) -> Result<String, Fault> {
        let mut looked = 0;
        loop {
            let rest = self.rest();
            if let Some(end) = rest.iter().skip(looked).position(|byte| *byte == b'\n') {
                let line = rest.get(..looked + end).unwrap_or(&[]);
                let line = line.strip_suffix(b"\r").unwrap_or(line);
                let text = String::from_utf8_lossy(line).into_owned();
                self.record.used += looked + end + 1;
                self.lines += 1;
                self.show(&text);
                return if self.lines > MAX_LINES { Err(self.heard(Reason::ReplyTooLong, &text)) } else { Ok(text) };
            }
            looked = rest.len();
            if looked > MAX_LINE {
                return Err(self.heard(Reason::ReplyTooLong, &String::from_utf8_lossy(rest)));
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
        while self.rest().len() < count {
            self.read_more().await?;
        }
        let text = String::from_utf8_lossy(self.rest().get(..count).unwrap_or(&[])).into_owned();
        self.record.used += count;
        self.show(&text);
        Ok(text)
    }

    /// A fault with what the server said, bounded and cleaned.
    pub fn heard(&self, reason: Reason, text: &str) -> Fault {
        Fault::heard(reason, self.sanitize(text))
    }

    /// The server's words as evidence: one line, bounded, printable, without our secrets.
    pub fn sanitize(&self, text: &str) -> String {
        self.record.sent.sanitize(text.as_bytes())
    }

    /// Passes on what a reply was judged to be, or the fault that the run ends with.
    ///
    /// # Errors
    /// The refusal's fault, cleaned of what this connection has sent; the back-off it asks for becomes a fact.
    pub fn judged<T>(&mut self, reply: Result<T, Refusal>) -> Result<T, Fault> {
        reply.map_err(|refusal| self.refused(refusal))
    }

    /// A refusal's fault, as [`Conn::judged`] makes it.
    #[must_use]
    pub fn refused(&mut self, refusal: Refusal) -> Fault {
        self.record.trace.facts.back_off = refusal.back_off.or(self.record.trace.facts.back_off);
        refusal.fault.redacted(&self.record.sent)
    }

    /// Gives the bare stream back at the moment the server has agreed to TLS.
    ///
    /// # Errors
    /// `starttls_injection` when anything stands in the buffer, or has come since: it came in the clear and would be taken
    /// for the server's secured words. The server has nothing to say before we begin.
    pub fn into_plain(mut self) -> Result<BoxStream, Fault> {
        self.take_what_has_come();
        match self.rest() {
            [] => {
                self.record.last = None; // it has been answered
                Ok(self.stream)
            }
            extra => Err(self.heard(Reason::StarttlsInjection, &String::from_utf8_lossy(extra))),
        }
    }

    /// Reads what is there already, and waits for nothing.
    fn take_what_has_come(&mut self) {
        let mut chunk = [0; 256];
        let mut buffer = ReadBuf::new(&mut chunk);
        let read = Pin::new(&mut self.stream).poll_read(&mut Context::from_waker(Waker::noop()), &mut buffer);
        // A connection that is closed or broken is TLS's to tell.
        if let Poll::Ready(Ok(())) = read {
            self.record.ahead.extend_from_slice(buffer.filled());
        }
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let written = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        match written.await {
            Ok(()) => Ok(()),
            Err(error) => Err(self.broken(&error)),
        }
    }

    fn rest(&self) -> &[u8] {
        self.record.rest()
    }

    async fn read_more(&mut self) -> Result<(), Fault> {
        self.record.ahead.drain(..self.record.used.min(self.record.ahead.len()));
        self.record.used = 0;
        let mut chunk = [0; 4096];
        let count = match self.stream.read(&mut chunk).await {
            Ok(count) => count,
            Err(error) => return Err(self.broken(&error)),
        };
        let fresh = chunk.get(..count).unwrap_or(&[]);
        self.record.ahead.extend_from_slice(fresh);
        self.heard += count;
        let words = String::from_utf8_lossy(&self.record.ahead);
        match count {
            0 if words.is_empty() => Err(Fault::new(Reason::ConnectionClosed)),
            0 => Err(self.heard(Reason::ConnectionClosed, &words)),
            _ if self.heard > MAX_HEARD => Err(self.heard(Reason::ReplyTooLong, &words)),
            _ => Ok(()),
        }
    }

    /// The fault of a broken stream: before the first word, that the handshake was refused after all.
    fn broken(&mut self, error: &io::Error) -> Fault {
        if self.heard == 0
            && let Some(fault) = tls::refused_late(error)
        {
            self.enter(Phase::Tls);
            return fault;
        }
        let reason = match error.kind() {
            io::ErrorKind::TimedOut => Reason::ReplyTimedOut,
            _ => Reason::ConnectionClosed,
        };
        Fault::heard(reason, error.to_string())
    }

    fn said(&mut self, shown: String) {
        trace!("> {shown}");
        self.record.note(Speaker::We, &shown);
        self.record.trace.said = Some(shown);
    }

    /// Keeps for the transcript what the server said, and shows it to whoever reads the log at `trace`.
    fn show(&mut self, heard: &str) {
        self.record.note(Speaker::They, heard);
        // Asked here, because cleaning costs more than the rest of a line.
        if enabled!(Level::TRACE) {
            trace!("< {}", self.sanitize(heard));
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::duplex;

    use super::*;

    /// A line, then what comes behind it in a segment of its own, as the bare stream is handed over.
    async fn handed_over(behind: &[u8]) -> Result<BoxStream, Fault> {
        let (ours, mut theirs) = duplex(1024);
        let mut trace = Trace::begin(Phase::Starttls, Instant::now() + Duration::from_secs(5));
        let mut conn = Conn::over(Box::new(ours), &mut trace, &Sent::default());
        theirs.write_all(b"220 go\r\n").await.expect("room");
        assert_eq!(conn.line().await.expect("a line"), "220 go");
        theirs.write_all(behind).await.expect("room");
        conn.into_plain()
    }

    #[tokio::test]
    async fn conn_into_plain_with_bytes_behind_the_last_line_is_a_fault() {
        assert!(handed_over(b"").await.is_ok());
        let fault = handed_over(b"250 injected\r\n").await.err().expect("tampered with");
        assert_eq!((fault.reason, fault.evidence.heard.as_deref()), (Reason::StarttlsInjection, Some("250 injected")));
    }
}
