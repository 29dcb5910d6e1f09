//! A server that follows a script over a pipe: the lines it expects, its replies, and every way in which it can lie.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream, duplex};
use tokio::time::{Instant, sleep, timeout_at};

use crate::net::{Conn, Stream};
use crate::outcome::{Facts, Fault, Phase, Span};
use crate::reason::Reason;
use crate::secret::{Secret, Sent};
use crate::trace::Trace;
use crate::wire::sasl;

use super::mail::{self, Session};

pub mod laws;

/// The token of every scripted conversation.
pub const TOKEN: &str =
    "eyJ0eXAiOiJKV1QiLCJub25jZSI6Im1hcmtlZCJ9.eyJhdWQiOiJodHRwczovL291dGxvb2sifQ.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg";
/// The timeout of a run.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// Returns the XOAUTH2 payload of the scripted mailbox and [`TOKEN`].
pub fn payload() -> Secret {
    sasl::xoauth2("box@contoso.example", &Secret::new(TOKEN))
}

/// One turn: in `phase` the server expects a line (in the first turn none: it greets) and answers.
///
/// In an expected line `<payload>` stands for the payload, and `ANYTHING` for anything or nothing. A reply is sent with its line
/// ending, but for these: `SILENCE` never comes; `… EOF` is cut short by the end of the connection, `… HANG` by silence;
/// `ENDLESS …` goes on without a line ending, `LINES …` repeats a line for ever; `GARBAGE` is bytes that are no text. `ECHO` in
/// a reply stands for the lines received.
#[derive(Clone, Debug)]
pub struct Turn {
    pub phase: Phase,
    pub expects: String,
    pub answers: String,
}

/// Makes turns of `(phase, expects, answers)`.
pub fn script(turns: &[(Phase, &str, &str)]) -> Vec<Turn> {
    let turn = |(phase, expects, answers): &(Phase, &str, &str)| Turn {
        phase: *phase,
        expects: (*expects).to_owned(),
        answers: (*answers).to_owned(),
    };
    turns.iter().map(turn).collect()
}

/// Returns `good` up to turn `at`, where the server answers with `lie` instead: `answer | expects | answer | …`.
pub fn lying(good: &[Turn], at: usize, lie: &str) -> Vec<Turn> {
    let mut turns = good[..=at].to_vec();
    let mut words = lie.split(" | ");
    turns[at].answers = words.next().unwrap().to_owned();
    while let (Some(expects), Some(answers)) = (words.next(), words.next()) {
        turns.push(Turn { phase: good[at].phase, expects: expects.to_owned(), answers: answers.to_owned() });
    }
    turns
}

/// The way in which the server's replies arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    Whole,
    /// A byte at a time, each in a read of its own.
    Bytewise,
    /// Each reply this long after the request.
    After(Duration),
}

/// The result of a scripted conversation.
#[derive(Debug)]
pub struct Talk {
    pub result: Result<(), Fault>,
    pub phase: Phase,
    pub spans: Vec<Span>,
    pub facts: Facts,
    /// The request in the evidence.
    pub said: Option<String>,
    /// The number of lines that the client sent.
    pub turns: usize,
}

impl Talk {
    /// Returns the phase in which it ended, and the reason if it failed.
    pub fn ended(&self) -> (Phase, Result<(), Reason>) {
        (self.phase, self.result.as_ref().copied().map_err(|fault| fault.reason))
    }

    /// Returns everything that anybody could ever print of it.
    pub fn shown(&self) -> String {
        format!("{self:?}")
    }
}

/// Holds the secured conversation of `S` with a server that follows `turns`.
pub async fn talk<S: Session>(turns: &[Turn], delivery: Delivery) -> Talk {
    talk_of_backlog::<S>(turns, delivery, &[]).await
}

/// Holds the same, with the mail in these folders counted.
pub async fn talk_of_backlog<S: Session>(turns: &[Turn], delivery: Delivery, backlog: &[String]) -> Talk {
    let server = Server { turns: turns.to_vec(), delivery, heard: Vec::new() };
    watched(server, async |stream, trace| {
        let mut conn = Conn::over(stream, trace, &secrets());
        let mut session = S::default();
        mail::greet(&mut session, &mut conn).await?;
        mail::speak(&mut session, &mut conn, &payload(), backlog).await
    })
    .await
}

/// Holds the conversation in the clear, up to the server's consent to TLS.
pub async fn clear<S: Session>(turns: &[Turn], delivery: Delivery) -> Talk {
    let server = Server { turns: turns.to_vec(), delivery, heard: Vec::new() };
    watched(server, async |stream, trace| mail::consent(&mut S::default(), Conn::over(stream, trace, &secrets())).await.map(drop))
        .await
}

/// Drives `run` under a deadline against `server`, and ends and stamps it as `Probe::run` does.
async fn watched(server: Server, run: impl AsyncFnOnce(Box<dyn Stream>, &mut Trace) -> Result<(), Fault>) -> Talk {
    let (ours, theirs) = duplex(4096);
    let peer = tokio::spawn(server.play(theirs));
    let deadline = Instant::now() + TIMEOUT;
    let mut trace = Trace::begin(Phase::Greeting, deadline);
    let result = timeout_at(deadline, run(Box::new(ours), &mut trace)).await;
    let result = result.unwrap_or_else(|_| Err(trace.silence()));
    trace.finish();
    let turns = peer.await.unwrap().unwrap_or_else(|mismatch| panic!("{mismatch}; the run ended with {result:?}"));
    let (phase, spans, said) = (trace.open(), trace.spans().to_vec(), trace.request.take());
    Talk { result, phase, spans, facts: trace.facts, said, turns }
}

fn secrets() -> Sent {
    let mut sent = Sent::default();
    sent.remember(&Secret::new(TOKEN));
    sent.remember(&payload());
    sent
}

struct Server {
    turns: Vec<Turn>,
    delivery: Delivery,
    /// The lines that the client sent.
    heard: Vec<String>,
}

impl Server {
    /// Plays to the end, and returns the number of lines received.
    ///
    /// # Errors
    /// The line that came in place of the expected one.
    async fn play(mut self, stream: DuplexStream) -> Result<usize, String> {
        let (reading, mut writing) = tokio::io::split(stream);
        let mut reading = BufReader::new(reading);
        // Against lines without end, a client may believe the first and go on.
        let free = |turn: &Turn| turn.expects == "ANYTHING" || turn.answers.starts_with("LINES ");
        let anything = self.turns.iter().any(free);
        for (at, turn) in std::mem::take(&mut self.turns).into_iter().enumerate() {
            // A server greets without having been asked.
            if at > 0 && turn.expects != "ANYTHING" {
                self.hear(&mut reading, &turn).await?;
            }
            if let Delivery::After(delay) = self.delivery {
                sleep(delay).await;
            }
            // A client that has heard enough hangs up, and is right to.
            if !self.answer(&mut writing, &turn.answers).await.unwrap_or(false) {
                break;
            }
        }
        let mut rest = Vec::new();
        let _ = reading.read_to_end(&mut rest).await;
        match &rest[..] {
            [] => Ok(self.heard.len()),
            _ if anything => Ok(self.heard.len()),
            more => Err(format!("the script is over, and the client said `{}`", String::from_utf8_lossy(more).trim_end())),
        }
    }

    async fn hear(&mut self, reading: &mut (impl tokio::io::AsyncBufRead + Unpin), turn: &Turn) -> Result<(), String> {
        let mut line = String::new();
        reading.read_line(&mut line).await.map_err(|error| format!("expected `{}`: {error}", turn.expects))?;
        let expected = turn.expects.replace("<payload>", payload().expose()) + "\r\n";
        self.heard.push(line.trim_end().to_owned());
        if line == expected { Ok(()) } else { Err(format!("expected {expected:?}, heard {line:?}")) }
    }

    /// Sends `answer`, and returns whether the conversation goes on.
    async fn answer(&self, writing: &mut (impl tokio::io::AsyncWrite + Unpin), answer: &str) -> std::io::Result<bool> {
        if let Some(piece) = answer.strip_prefix("ENDLESS ") {
            loop {
                writing.write_all(piece.as_bytes()).await?;
            }
        }
        if let Some(line) = answer.strip_prefix("LINES ") {
            loop {
                writing.write_all(format!("{line}\r\n").as_bytes()).await?;
            }
        }
        let whole = match answer {
            "SILENCE" => return Ok(false),
            "GARBAGE" => b"\x00\xff\xfe\xc3\x28\x80 \x1b[2J\r\n".to_vec(),
            answer if answer.ends_with("HANG") => answer.trim_end_matches("HANG").as_bytes().to_vec(),
            answer => match answer.strip_suffix("EOF") {
                Some(begun) => begun.as_bytes().to_vec(),
                None => format!("{}\r\n", answer.replace("ECHO", &self.heard.join(" ")).replace('\n', "\r\n")).into_bytes(),
            },
        };
        let pieces = if self.delivery == Delivery::Bytewise { 1 } else { whole.len().max(1) };
        for piece in whole.chunks(pieces) {
            writing.write_all(piece).await?;
            tokio::task::yield_now().await;
        }
        if answer.ends_with("EOF") {
            writing.shutdown().await?;
            return Ok(false);
        }
        Ok(!answer.ends_with("HANG"))
    }
}
