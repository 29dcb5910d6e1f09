//! The progress of the checks on a terminal: one line, drawn again and again, and erased when they have ended.

use std::io::IsTerminal as _;
use std::time::Duration;

use tokio::time::Instant;

use super::{charset, output, terminal};
use crate::lang::{Lang, fill};
use crate::report::text::one_line;
use crate::settings::ProbeSettings;

/// Time between two drawings.
pub const REDRAW_INTERVAL: Duration = Duration::from_millis(100);

/// Time after which the seconds are shown: a peer may be silent.
const SECONDS_SHOWN_AFTER: Duration = Duration::from_secs(2);

const SPINNER: [&str; 4] = ["|", "/", "-", "\\"];

/// Carriage return, and clear the line: ECMA-48.
const CLEAR_LINE: &str = "\r\u{1b}[2K";

/// The progress of a set of probes, drawn as one line.
#[derive(Debug)]
pub struct Progress {
    lang: Lang,
    /// Index and name of each probe that has not ended.
    waiting: Vec<(usize, String)>,
    all: usize,
    failed: usize,
    began: Instant,
    drawn: usize,
    width: usize,
    print: fn(&str),
}

impl Progress {
    /// Creates the progress of `probes` where standard error or else standard output is a terminal. A terminal that cannot move
    /// its cursor gets one line at the beginning and no progress.
    pub fn on_terminal(probes: &[ProbeSettings], lang: Lang) -> Option<Self> {
        let print: fn(&str) = match (std::io::stderr().is_terminal(), std::io::stdout().is_terminal()) {
            (true, _) => output::err,
            (false, true) => output::out,
            (false, false) => return None,
        };
        let texts = &lang.texts().doctor;
        if terminal::is_dumb() {
            print(&charset::text(&(texts.begun.of(probes.len()) + "\n")));
            return None;
        }
        let waiting = probes.iter().map(|probe| one_line(&probe.id.to_string())).enumerate().collect();
        let width = terminal::width().unwrap_or(80);
        Some(Self { lang, waiting, all: probes.len(), failed: 0, began: Instant::now(), drawn: 0, width, print })
    }

    /// Records that the probe with this index has ended, and draws the line anew.
    pub fn ended(&mut self, index: usize, failed: bool) {
        self.waiting.retain(|(waiting, _)| *waiting != index);
        self.failed += usize::from(failed);
        self.draw();
    }

    /// Draws the line anew.
    pub fn draw(&mut self) {
        let spinner = SPINNER[self.drawn % SPINNER.len()];
        self.drawn += 1;
        // The last column stays free: a full line would make some terminals go to the next.
        let line: String = format!("{spinner} {}", self.line()).chars().take(self.width.saturating_sub(1)).collect();
        (self.print)(&charset::text(&format!("{CLEAR_LINE}{line}")));
    }

    /// Formats `[#####·····] 9 of 18 checks done, 2 failed, 12 s; waiting for contoso/praxis/pop3, …`.
    fn line(&self) -> String {
        const BAR: usize = 20;
        let done = self.all - self.waiting.len();
        let full = (BAR * done).checked_div(self.all).unwrap_or(BAR);
        let bar = "#".repeat(full) + &"·".repeat(BAR - full);
        let texts = &self.lang.texts().doctor;
        let counted = fill(texts.running, &[("done", &done.to_string()), ("all", &self.lang.texts().common.checks.of(self.all))]);
        let mut line = format!("[{bar}] {counted}");
        if self.failed > 0 {
            line = line + ", " + &fill(texts.running_failed, &[("n", &self.failed.to_string())]);
        }
        if self.began.elapsed() >= SECONDS_SHOWN_AFTER {
            line = line + ", " + &self.began.elapsed().as_secs().to_string() + " s";
        }
        if !self.waiting.is_empty() {
            let names: Vec<&str> = self.waiting.iter().take(5).map(|(_, name)| name.as_str()).collect();
            line = line + "; " + &fill(texts.waiting_for, &[("who", &names.join(", "))]);
        }
        line
    }
}

/// Erases the line, however the run ends.
impl Drop for Progress {
    fn drop(&mut self) {
        (self.print)(CLEAR_LINE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn progress_line_has_bar_counts_seconds_and_waiting_probes() {
        let waiting = ["t/token", "t/a/pop3"].map(ToOwned::to_owned).into_iter().enumerate().collect();
        let print: fn(&str) = |_| {};
        let mut progress =
            Progress { lang: Lang::De, waiting, all: 2, failed: 0, began: Instant::now(), drawn: 0, width: 80, print };
        assert_eq!(progress.line(), "[····················] 0 von 2 Prüfungen fertig; warte auf t/token, t/a/pop3");
        tokio::time::advance(Duration::from_secs(12)).await;
        progress.ended(0, true);
        let expected = "[##########··········] 1 von 2 Prüfungen fertig, 1 fehlgeschlagen, 12 s; warte auf t/a/pop3";
        assert_eq!(progress.line(), expected);
        progress.ended(1, false);
        assert_eq!(progress.line(), "[####################] 2 von 2 Prüfungen fertig, 1 fehlgeschlagen, 12 s");
    }
}
