//! The recorder of the lines sent and received over one connection, for the run's transcript.

use crate::outcome::{Line, Speaker, Transcript};
use crate::sanitize;
use crate::secret::Sent;
use crate::trace::Trace;

/// Characters of a line that are kept: twice what is shown, because redaction may shorten it.
const KEPT: usize = 2 * Transcript::WIDTH;

/// The run's cursor, the secrets of the connection, and its lines.
///
/// Redacting a line costs time in proportion to the length of the secrets. So all lines are redacted together, when the
/// connection is dropped, which a deadline or a panic does too.
pub(super) struct TranscriptRecorder<'t> {
    /// The run's cursor.
    pub trace: &'t mut Trace,
    /// The secrets that were sent, and must not be shown.
    pub sent: Sent,
    /// The lines that are not redacted yet.
    raw: Vec<Raw>,
    /// The last line of the server since our last request, not redacted.
    pub last: Option<String>,
    /// The bytes that were read ahead.
    pub ahead: Vec<u8>,
    /// The number of those that have been handed out.
    pub used: usize,
}

struct Raw {
    line: Line<'static>,
    text: String,
    cut: bool,
}

impl<'t> TranscriptRecorder<'t> {
    /// Makes a recorder that adds to the transcript of `trace` and redacts `sent`.
    pub fn new(trace: &'t mut Trace, sent: &Sent) -> Self {
        Self { trace, sent: sent.clone(), raw: Vec::new(), last: None, ahead: Vec::new(), used: 0 }
    }

    /// Records a line; of an endless conversation, no more are held than fit into a transcript.
    pub fn note(&mut self, speaker: Speaker, line: &str) {
        if self.raw.len() == Transcript::LINES {
            self.flush();
        }
        self.last = (speaker == Speaker::They).then(|| line.to_owned());
        let text: String = match line.len() {
            ..=KEPT => line.replace('\n', " "),
            _ => line.chars().map(|c| if c == '\n' { ' ' } else { c }).take(KEPT).collect(),
        };
        let cut = text.len() < line.len();
        self.raw.push(Raw { line: self.trace.transcript_line(speaker, ""), text, cut });
    }

    /// Returns the bytes that were read and not handed out yet.
    pub fn unread(&self) -> &[u8] {
        self.ahead.get(self.used..).unwrap_or(&[])
    }

    fn flush(&mut self) {
        let raw = std::mem::take(&mut self.raw);
        let texts: Vec<&str> = raw.iter().map(|raw| raw.text.as_str()).collect();
        let whole = self.sent.redact(&texts.join("\n"));
        let together: Vec<&str> = whole.split('\n').collect();
        // A mask takes a line's end with it only where a secret has one.
        let apart = together.len() != raw.len();
        for (place, Raw { line, text, cut }) in raw.into_iter().enumerate() {
            let mut clean =
                if apart { self.sent.redact(&text) } else { together.get(place).copied().unwrap_or_default().to_owned() };
            if cut {
                // What stands at the cut may be the beginning of a secret, too short to be known as one.
                let keep = clean.chars().count().saturating_sub(Sent::PIECE);
                clean = clean.chars().take(keep).collect::<String>() + "…";
            }
            let text = sanitize::one_line(&clean, Transcript::WIDTH).into();
            self.trace.facts.transcript.push(&Line { text, ..line });
        }
    }
}

impl Drop for TranscriptRecorder<'_> {
    fn drop(&mut self) {
        self.flush();
        // To clean it once more costs as much as all the lines before; of a run that is over nobody asks.
        if self.trace.is_finished() {
            return;
        }
        let begun = (!self.unread().is_empty()).then(|| self.unread());
        let last = begun.or(self.last.as_deref().map(str::as_bytes));
        self.trace.unfinished = last.map(|bytes| self.sent.sanitize(bytes));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::*;
    use crate::outcome::Phase;
    use crate::secret::Secret;

    const SECRET: &str = "marked-secret-of-some-length-0123456789";

    fn transcript(secret: &str, lines: &[&str]) -> Vec<String> {
        let mut trace = Trace::begin(Phase::Auth, Instant::now() + Duration::from_secs(1));
        let mut sent = Sent::default();
        sent.remember(&Secret::new(secret));
        let mut record = TranscriptRecorder::new(&mut trace, &sent);
        for line in lines {
            record.note(Speaker::They, line);
        }
        drop(record);
        trace.facts.transcript.lines().map(|(line, _)| line.text.to_string()).collect()
    }

    #[tokio::test]
    async fn transcript_masks_an_echoed_secret_in_every_line() {
        let echo = format!("-ERR {SECRET} no");
        assert_eq!(transcript(SECRET, &["+OK", &echo, "bye"]), ["+OK", "-ERR <secret> no", "bye"]);
        let two_lines = "first-line-of-it\nsecond-line-of-it";
        let split = transcript(two_lines, &["first-line-of-it", "second-line-of-it", two_lines]);
        assert!(split.iter().all(|line| line.contains("<secret>") && !line.contains("line-of")), "{split:?}");
    }

    #[tokio::test]
    async fn transcript_line_cut_within_a_secret_shows_no_part_of_it() {
        for before in KEPT - 60..KEPT {
            // Once the piece in front is masked, what stands at the cut moves into sight.
            let hidden = SECRET.repeat(13);
            let line = format!("{hidden}{}{SECRET}", "y".repeat(before - hidden.len()));
            let lines = transcript(SECRET, &[&line]);
            assert!(lines.iter().all(|line| !line.contains("marked")), "{before}: {lines:?}");
        }
    }

    #[tokio::test]
    async fn transcript_of_a_peer_that_talks_without_end_is_bounded() {
        let long = "x".repeat(10_000);
        let lines = transcript(SECRET, &vec![long.as_str(); 1000]);
        assert_eq!(lines.len(), Transcript::LINES);
        assert!(lines.iter().all(|line| line.chars().count() <= Transcript::WIDTH));
    }
}
