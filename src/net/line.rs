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
pub const MAX_RECEIVED: usize = 128 * 1024;

/// One connection of one run: the stream, the bytes read ahead, the secrets that were sent, and the run's cursor.
pub struct Conn<'t> {
    recorder: TranscriptRecorder<'t>,
    stream: BoxStream,
    lines: usize,
    received: usize,
}

impl<'t> Conn<'t> {
    /// Makes a connection over any stream: a dialed one, or a test's pipe. The secrets in `sent` are masked in all replies, also
    /// before they are sent here: the server may know them from another connection. So are those of the trace.
    pub fn over(stream: BoxStream, trace: &'t mut Trace, sent: &Sent) -> Self {
        let mut all = trace.secrets.clone();
        all.add(sent);
        Self { recorder: TranscriptRecorder::new(trace, &all), stream, lines: 0, received: 0 }
    }

    /// Opens `phase`: a failure from now on belongs to it.
    pub fn enter(&mut self, phase: Phase) {
        self.recorder.trace.enter(phase);
    }

    /// Returns the facts learnt so far, to add to.
    pub fn facts(&mut self) -> &mut Facts {
        &mut self.recorder.trace.facts
    }

    /// Stops the run's clock: what follows, such as the logout, is not measured.
    pub fn finish(&mut self) {
        self.recorder.trace.finish();
    }

    /// Leaves an exchange that began at `began` out of the run: its time is not measured, and the last request of the run is
    /// `request` as before.
    pub fn exclude(&mut self, began: Instant, request: Option<String>) {
        self.recorder.trace.exclude(began);
        self.recorder.trace.request = request;
    }

    /// Returns `most`, or less where the run's deadline is nearer: nine tenths of the time left, so that the run ends with a
    /// reason of its own before the deadline ends it.
    pub fn time_limit(&self, most: Duration) -> Duration {
        most.min(self.recorder.trace.remaining().mul_f64(0.9))
    }

    /// Sends `text` and CRLF.
    ///
    /// # Errors
    /// `connection_closed`.
    pub async fn send(&mut self, text: &str) -> Result<(), Fault> {
        self.record_request(text.to_owned());
        self.write(format!("{text}\r\n").as_bytes()).await
    }

    /// Sends a text of several lines and CRLF; evidence and transcript have `shown` in its place.
    ///
    /// # Errors
    /// `connection_closed`.
    pub async fn send_text(&mut self, shown: &str, text: &str) -> Result<(), Fault> {
        self.record_request(shown.to_owned());
        self.write(format!("{text}\r\n").as_bytes()).await
    }

    /// Counts lines and bytes anew: a conversation that lists messages reads up to the limits with each list. The caller bounds
    /// their number.
    pub fn count_anew(&mut self) {
        (self.lines, self.received) = (0, self.received.min(1)); // one byte, as after any reply: the handshake is over
    }

    /// Returns the request that was sent last, as evidence shows it.
    pub fn last_request(&self) -> Option<String> {
        self.recorder.trace.request.clone()
    }

    /// Sends the empty line after a challenge, for which the server then sends its refusal. The refused request stays the last
    /// one.
    ///
    /// # Errors
    /// `connection_closed`.
    pub async fn send_empty_line(&mut self) -> Result<(), Fault> {
        trace!("> (an empty line)");
        self.recorder.note(Speaker::Nobody, "an empty line");
        self.write(b"\r\n").await
    }

    /// Sends `text`, `secret` and CRLF in one write; in evidence `<secret>` stands for the secret, which is one of those that the
    /// connection was made with: a server may know it before it is sent.
    ///
    /// # Errors
    /// `connection_closed`.
    pub async fn send_secret(&mut self, text: &str, secret: &Secret) -> Result<(), Fault> {
        self.record_request(format!("{text}{MASK}"));
        let whole = Secret::new(format!("{text}{}\r\n", secret.expose()));
        self.write(whole.expose().as_bytes()).await
    }

    /// Reads the next line, and returns it without its line ending.
    ///
    /// # Errors
    /// `connection_closed`; `reply_too_long` for an endless line or too many of them.
    pub async fn read_line(&mut self) -> Result<String, Fault> {
        let text = self.next_line().await?;
        self.record_reply(&text);
        if self.lines > MAX_LINES { Err(self.fault(Reason::ReplyTooLong, &text)) } else { Ok(text) }
    }

    /// Reads the next line, which is one of somebody's mail: neither transcript nor log nor evidence has it.
    ///
    /// # Errors
    /// As [`Conn::read_line`].
    pub async fn read_mail_line(&mut self) -> Result<String, Fault> {
        match self.next_line().await {
            Err(fault) if fault.reason != Reason::ReplyTooLong => Err(fault),
            Ok(text) if self.lines <= MAX_LINES => Ok(text),
            _ => Err(Self::mail_too_long()),
        }
    }

    /// Makes the fault of a mail of which more would have to be read than is, without its words.
    pub fn mail_too_long() -> Fault {
        Fault::heard(Reason::ReplyTooLong, "(lines of a mail)")
    }

    async fn next_line(&mut self) -> Result<String, Fault> {
        let mut scanned = 0;
        loop {
            let rest = self.unread();
            if let Some(end) = rest.iter().skip(scanned).position(|byte| *byte == b'\n') {
                let line = rest.get(..scanned + end).unwrap_or(&[]);
                let line = line.strip_suffix(b"\r").unwrap_or(line);
                let text = String::from_utf8_lossy(line).into_owned();
                self.recorder.used += scanned + end + 1;
                self.lines += 1;
                return Ok(text);
            }
            scanned = rest.len();
            if scanned > MAX_LINE {
                return Err(self.fault(Reason::ReplyTooLong, &String::from_utf8_lossy(rest)));
            }
            self.read_more().await?;
        }
    }

    /// Reads exactly `count` bytes, as an IMAP literal announces them.
    ///
    /// # Errors
    /// As [`Conn::read_line`]; `reply_too_long` for more than [`MAX_LINE`] bytes.
    pub async fn read_literal(&mut self, count: usize) -> Result<String, Fault> {
        if count > MAX_LINE {
            return Err(self.fault(Reason::ReplyTooLong, &format!("a literal of {count} bytes")));
        }
        while self.unread().len() < count {
            self.read_more().await?;
        }
        let text = String::from_utf8_lossy(self.unread().get(..count).unwrap_or(&[])).into_owned();
        self.recorder.used += count;
        self.record_reply(&text);
        Ok(text)
    }

    /// Makes a fault with the server's text as evidence, sanitized.
    pub fn fault(&self, reason: Reason, text: &str) -> Fault {
        Fault::heard(reason, self.sanitize(text))
    }

    /// Makes evidence of the server's text: one line, bounded, printable, without our secrets.
    pub fn sanitize(&self, text: &str) -> String {
        self.recorder.sent.sanitize(text.as_bytes())
    }

    /// Returns a parsed reply, or the fault of the refusal that the run ends with.
    ///
    /// # Errors
    /// The refusal's fault, redacted; the back-off that it asks for becomes a fact.
    pub fn accept<T>(&mut self, reply: Result<T, Refusal>) -> Result<T, Fault> {
        reply.map_err(|refusal| self.refusal_fault(refusal))
    }

    /// Returns a refusal's fault, as [`Conn::accept`] does.
    #[must_use]
    pub fn refusal_fault(&mut self, refusal: Refusal) -> Fault {
        self.recorder.trace.facts.back_off = refusal.back_off.or(self.recorder.trace.facts.back_off);
        refusal.fault.redacted(&self.recorder.sent)
    }

    /// Returns the plain stream once the server has agreed to TLS.
    ///
    /// # Errors
    /// `starttls_injection` when anything stands in the buffer, or has come since: it came in the clear and would be taken
    /// for a reply inside TLS. A server sends nothing before the handshake begins.
    pub fn into_plain(mut self) -> Result<BoxStream, Fault> {
        self.take_what_has_come();
        match self.unread() {
            [] => {
                self.recorder.last = None; // it has been answered
                Ok(self.stream)
            }
            extra => Err(self.fault(Reason::StarttlsInjection, &String::from_utf8_lossy(extra))),
        }
    }

    /// Reads the bytes that are there already, without waiting.
    fn take_what_has_come(&mut self) {
        let mut chunk = [0; 256];
        let mut buffer = ReadBuf::new(&mut chunk);
        let read = Pin::new(&mut self.stream).poll_read(&mut Context::from_waker(Waker::noop()), &mut buffer);
        // A connection that is closed or broken is TLS's to tell.
        if let Poll::Ready(Ok(())) = read {
            self.recorder.ahead.extend_from_slice(buffer.filled());
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

    fn unread(&self) -> &[u8] {
        self.recorder.unread()
    }

    async fn read_more(&mut self) -> Result<(), Fault> {
        self.recorder.ahead.drain(..self.recorder.used.min(self.recorder.ahead.len()));
        self.recorder.used = 0;
        let mut chunk = [0; 4096];
        let count = match self.stream.read(&mut chunk).await {
            Ok(count) => count,
            Err(error) => return Err(self.broken(&error)),
        };
        let fresh = chunk.get(..count).unwrap_or(&[]);
        self.recorder.ahead.extend_from_slice(fresh);
        self.received += count;
        let unread = String::from_utf8_lossy(&self.recorder.ahead);
        match count {
            0 if unread.is_empty() => Err(Fault::new(Reason::ConnectionClosed)),
            0 => Err(self.fault(Reason::ConnectionClosed, &unread)),
            _ if self.received > MAX_RECEIVED => Err(self.fault(Reason::ReplyTooLong, &unread)),
            _ => Ok(()),
        }
    }

    /// Makes the fault of a broken stream: before the first byte was read, that of a handshake refused late.
    fn broken(&mut self, error: &io::Error) -> Fault {
        if self.received == 0
            && let Some(fault) = tls::late_refusal(error)
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

    fn record_request(&mut self, shown: String) {
        trace!("> {shown}");
        self.recorder.note(Speaker::We, &shown);
        self.recorder.trace.request = Some(shown);
    }

    /// Adds a line of the server to the transcript, and to the log at level `trace`.
    fn record_reply(&mut self, reply: &str) {
        self.recorder.note(Speaker::They, reply);
        // Asked here, because cleaning costs more than the rest of a line.
        if enabled!(Level::TRACE) {
            trace!("< {}", self.sanitize(reply));
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::duplex;

    use super::*;

    /// Reads a line, lets `more` come after it in a segment of its own, and takes the plain stream.
    async fn plain_stream(more: &[u8]) -> Result<BoxStream, Fault> {
        let (ours, mut theirs) = duplex(1024);
        let mut trace = Trace::begin(Phase::Starttls, Instant::now() + Duration::from_secs(5));
        let mut conn = Conn::over(Box::new(ours), &mut trace, &Sent::default());
        theirs.write_all(b"220 go\r\n").await.expect("room");
        assert_eq!(conn.read_line().await.expect("a line"), "220 go");
        theirs.write_all(more).await.expect("room");
        conn.into_plain()
    }

    #[tokio::test]
    async fn conn_into_plain_with_bytes_behind_the_last_line_is_a_fault() {
        assert!(plain_stream(b"").await.is_ok());
        let fault = plain_stream(b"250 injected\r\n").await.err().expect("tampered with");
        assert_eq!((fault.reason, fault.evidence.heard.as_deref()), (Reason::StarttlsInjection, Some("250 injected")));
    }
}
