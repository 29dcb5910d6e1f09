//! A connection for protocols of lines (POP3, IMAP, SMTP), with the cursor of the run.

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

/// Bytes of the longest line that is read. The longest of an honest server is an Exchange refusal with its diagnostic tail,
/// about 2 kB.
pub const MAX_LINE: usize = 16 * 1024;
/// The most lines of one conversation; EHLO and CAPABILITY have about a dozen.
const MAX_LINES: usize = 512;
/// The most bytes of one conversation: it takes about 2 kB, and an IMAP server may add untagged data.
pub const MAX_HEARD: usize = 128 * 1024;

/// One connection of one run: the stream, the bytes read ahead, the secrets that were sent, and the run's cursor.
pub struct Conn<'t> {
    record: TranscriptRecorder<'t>,
    stream: BoxStream,
    lines: usize,
    heard: usize,
}

impl<'t> Conn<'t> {
    /// Makes a connection over any stream: a dialed one, or a test's pipe. The secrets in `sent` are masked in all replies, also
    /// before they are sent here: the server may know them from another connection.
    pub fn over(stream: BoxStream, trace: &'t mut Trace, sent: &Sent) -> Self {
        Self { record: TranscriptRecorder::new(trace, sent), stream, lines: 0, heard: 0 }
    }

    /// Opens `phase`: a failure from now on belongs to it.
    pub fn enter(&mut self, phase: Phase) {
        self.record.trace.enter(phase);
    }

    /// Returns the facts learnt so far, to add to.
    pub fn facts(&mut self) -> &mut Facts {
        &mut self.record.trace.facts
    }

    /// Stops the run's clock: what follows, such as the logout, is not measured.
    pub fn finish(&mut self) {
        self.record.trace.finish();
    }

    /// Leaves an exchange that began at `began` out of the run: its time is not measured, and the last request of the run is
    /// `said` as before.
    pub fn aside(&mut self, began: Instant, said: Option<String>) {
        self.record.trace.aside(began);
        self.record.trace.said = said;
    }

    /// Returns `most`, or less where the run's deadline is nearer: nine tenths of the time left, so that the run ends with a
    /// reason of its own before the deadline ends it.
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

    /// Returns the request that was sent last, as evidence shows it.
    pub fn last_said(&self) -> Option<String> {
        self.record.trace.said.clone()
    }

    /// Sends the empty line after a challenge, for which the server then sends its refusal. The refused request stays the last
    /// one.
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

    /// Reads the next line, and returns it without its line ending.
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

    /// Reads exactly `count` bytes, as an IMAP literal announces them.
    ///
    /// # Errors
    /// As [`Conn::line`]; `reply_too_long` for more than [`MAX_LINE`] bytes.
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

    /// Makes a fault with the server's text as evidence, sanitized.
    pub fn heard(&self, reason: Reason, text: &str) -> Fault {
        Fault::heard(reason, self.sanitize(text))
    }

    /// Makes evidence of the server's text: one line, bounded, printable, without our secrets.
    pub fn sanitize(&self, text: &str) -> String {
        self.record.sent.sanitize(text.as_bytes())
    }

    /// Returns a parsed reply, or the fault of the refusal that the run ends with.
    ///
    /// # Errors
    /// The refusal's fault, redacted; the back-off that it asks for becomes a fact.
    pub fn judged<T>(&mut self, reply: Result<T, Refusal>) -> Result<T, Fault> {
        reply.map_err(|refusal| self.refused(refusal))
    }

    /// Returns a refusal's fault, as [`Conn::judged`] does.
    #[must_use]
    pub fn refused(&mut self, refusal: Refusal) -> Fault {
        self.record.trace.facts.back_off = refusal.back_off.or(self.record.trace.facts.back_off);
        refusal.fault.redacted(&self.record.sent)
    }

    /// Returns the plain stream once the server has agreed to TLS.
    ///
    /// # Errors
    /// `starttls_injection` when anything stands in the buffer, or has come since: it came in the clear and would be taken
    /// for a reply inside TLS. A server sends nothing before the handshake begins.
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

    /// Reads the bytes that are there already, without waiting.
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

    /// Makes the fault of a broken stream: before the first byte was read, that of a handshake refused late.
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

    /// Adds a line of the server to the transcript, and to the log at level `trace`.
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

    /// Reads a line, lets `behind` come after it in a segment of its own, and takes the plain stream.
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
