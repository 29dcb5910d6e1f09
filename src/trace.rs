//! The cursor of a run: which phase is open, how long the closed ones took, and what was learnt on the way.
//!
//! Where a run fails is recorded here before each step, never inferred from an error afterwards.

use std::time::Duration;

use tokio::time::Instant;

use crate::outcome::{EndpointFacts, Facts, Fault, Line, Peer, Phase, Span, Speaker, Transcript};
use crate::reason::Reason;
use crate::sanitize;

/// The record of one run, kept outside the run's future so that it survives a deadline and a panic.
#[derive(Debug)]
pub struct Trace {
    /// What was learnt so far.
    pub facts: Facts,
    /// Whom we spoke to last.
    pub peer: Option<Peer>,
    /// What we said last, with `<secret>` in place of one.
    pub said: Option<String>,
    /// What they have said since, of what is not over yet: the last line, or the beginning of one. Cleaned of secrets.
    pub unfinished: Option<String>,
    began: Instant,
    open: Phase,
    since: Instant,
    deadline: Instant,
    spans: Vec<Span>,
    state: State,
}

/// The state of a run's clock and cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Each step is a phase of its own.
    Running,
    /// A token is fetched for another check: `step` is taken inside the token phase, which stays open.
    Fetching { step: Phase },
    /// The clock has stopped, at `step`.
    Finished { step: Phase },
    /// The clock has stopped, and [`Trace::blame`] has placed the failure of one of several parallel parts.
    Blamed,
}

impl Trace {
    /// A run that begins now in `first` and must end at `deadline`.
    pub fn begin(first: Phase, deadline: Instant) -> Self {
        Self {
            facts: Facts::default(),
            peer: None,
            said: None,
            unfinished: None,
            began: Instant::now(),
            open: first,
            since: Instant::now(),
            deadline,
            spans: Vec::with_capacity(Phase::ALL.len()),
            state: State::Running,
        }
    }

    /// Notes that we say `shown`, which has `<secret>` in place of one.
    pub fn say(&mut self, shown: String) {
        let line = self.line(Speaker::We, &shown);
        self.facts.transcript.push(line);
        self.said = Some(shown);
    }

    /// Notes what they say, already cleaned of secrets.
    pub fn hear(&mut self, cleaned: &str) {
        let line = self.line(Speaker::They, cleaned);
        self.facts.transcript.push(line);
    }

    /// Notes what happens between the lines.
    pub fn note(&mut self, happened: &str) {
        let line = self.line(Speaker::Nobody, happened);
        self.facts.transcript.push(line);
    }

    /// A line as it would be noted now.
    pub fn line(&self, speaker: Speaker, text: &str) -> Line {
        let text = sanitize::one_line(text, Transcript::WIDTH).into();
        Line { at: self.began.elapsed(), phase: self.open, speaker, text }
    }

    /// Opens `phase` and closes the one before it. Inside a token request the token phase stays open.
    pub fn enter(&mut self, phase: Phase) {
        match &mut self.state {
            State::Fetching { step } => *step = phase,
            State::Running if phase != self.open => {
                self.close(Instant::now());
                self.open = phase;
                self.unfinished = None;
            }
            State::Running | State::Finished { .. } | State::Blamed => {}
        }
    }

    /// Opens the token phase: until [`Trace::fetched`], dialing the token endpoint counts towards it.
    pub fn fetching(&mut self) {
        self.enter(Phase::Token);
        if !self.is_finished() {
            self.state = State::Fetching { step: Phase::Token };
        }
    }

    /// The token is there, or never will be.
    pub fn fetched(&mut self) {
        self.state = match self.state {
            State::Fetching { .. } => State::Running,
            State::Finished { .. } => State::Finished { step: self.open },
            other => other,
        };
    }

    /// Stops the clock: what follows (saying goodbye, looking at a refused certificate) is not measured.
    pub fn finish(&mut self) {
        if !self.is_finished() {
            self.close(Instant::now());
            self.state = State::Finished { step: self.step() };
        }
    }

    /// Whether the clock was stopped: nobody's silence matters any more.
    pub fn is_finished(&self) -> bool {
        matches!(self.state, State::Finished { .. } | State::Blamed)
    }

    /// Takes out of the open phase what went on since `began`: it was no part of the run.
    pub fn aside(&mut self, began: Instant) {
        if !self.is_finished() {
            self.since += began.elapsed();
        }
    }

    /// Moves the cursor to where a part of the run that went on in parallel has failed.
    pub fn blame(&mut self, phase: Phase) {
        self.finish();
        self.open = phase;
        self.state = State::Blamed;
    }

    /// The open phase: where a run that ends now has failed.
    pub fn open(&self) -> Phase {
        self.open
    }

    /// The step being taken: the open phase, or what happens inside it while a token is fetched.
    pub fn step(&self) -> Phase {
        match self.state {
            State::Fetching { step } | State::Finished { step } => step,
            State::Running | State::Blamed => self.open,
        }
    }

    /// The time left until the deadline.
    pub fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// The deadline itself.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// The closed phases, in order. Complete after [`Trace::finish`].
    pub fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// The address being tried, for its facts; `None` before the first, and where many were tried at a time.
    pub fn endpoint(&mut self) -> Option<&mut EndpointFacts> {
        self.facts.endpoints.last_mut().filter(|_| self.state != State::Blamed)
    }

    /// What it means that the deadline has passed now: silence is named after the step that met it. Who has begun to greet is
    /// not silent.
    pub fn silence(&self) -> Fault {
        match (&self.unfinished, silence_in(self.step())) {
            (None, reason) => Fault::new(reason),
            (Some(words), Reason::NoGreeting) => Fault::heard(Reason::ReplyTimedOut, words.clone()),
            (Some(words), reason) => Fault::heard(reason, words.clone()),
        }
    }

    fn close(&mut self, now: Instant) {
        self.spans.push(Span { phase: self.open, took: now - self.since });
        self.since = now;
    }
}

/// What a peer's silence in `step` is called.
pub const fn silence_in(step: Phase) -> Reason {
    match step {
        Phase::Dns => Reason::DnsNoAnswer,
        Phase::Connect => Reason::ConnectTimedOut,
        Phase::Proxy => Reason::ProxyTimedOut,
        Phase::Tls => Reason::TlsTimedOut,
        Phase::Greeting => Reason::NoGreeting,
        Phase::Token | Phase::Starttls | Phase::Auth | Phase::Mailbox => Reason::ReplyTimedOut,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;

    const MS: Duration = Duration::from_millis(1);

    fn begin(first: Phase) -> Trace {
        Trace::begin(first, Instant::now() + 1000 * MS)
    }

    #[tokio::test(start_paused = true)]
    async fn phases_entered_in_turn_add_up_to_the_total() {
        let mut trace = begin(Phase::Dns);
        for (phase, took) in [(Phase::Connect, 3), (Phase::Tls, 5), (Phase::Tls, 7), (Phase::Auth, 11)] {
            advance(took * MS).await;
            trace.enter(phase);
        }
        advance(13 * MS).await;
        trace.finish();
        advance(17 * MS).await;
        trace.enter(Phase::Mailbox);
        let spans: Vec<_> = trace.spans().iter().map(|span| (span.phase, span.took.as_millis())).collect();
        assert_eq!(spans, [(Phase::Dns, 3), (Phase::Connect, 5), (Phase::Tls, 18), (Phase::Auth, 13)]);
        assert_eq!(trace.open(), Phase::Auth);
    }

    #[tokio::test(start_paused = true)]
    async fn token_fetch_is_one_phase_and_silence_inside_it_keeps_its_name() {
        let mut trace = begin(Phase::Token);
        trace.fetching();
        trace.enter(Phase::Connect);
        advance(2 * MS).await;
        assert_eq!((trace.open(), trace.silence().reason), (Phase::Token, Reason::ConnectTimedOut));
        trace.fetched();
        assert_eq!(trace.silence().reason, Reason::ReplyTimedOut);
        trace.enter(Phase::Dns);
        trace.finish();
        assert_eq!(trace.spans()[0], Span { phase: Phase::Token, took: 2 * MS });
    }

    #[tokio::test(start_paused = true)]
    async fn finish_during_a_token_fetch_keeps_the_step_until_the_fetch_ends() {
        let mut trace = begin(Phase::Token);
        trace.fetching();
        trace.enter(Phase::Tls);
        trace.finish();
        trace.enter(Phase::Dns);
        assert_eq!((trace.open(), trace.step()), (Phase::Token, Phase::Tls));
        trace.fetched();
        assert_eq!((trace.step(), trace.is_finished()), (Phase::Token, true));
    }

    #[tokio::test(start_paused = true)]
    async fn blame_moves_the_cursor_and_leaves_no_endpoint() {
        let mut trace = begin(Phase::Dns);
        trace.facts.endpoints.push(EndpointFacts {
            host: "host".to_owned(),
            port: 995,
            address: None,
            connect: None,
            handshake: None,
            tls_version: None,
            certificate: None,
            failed: None,
        });
        assert!(trace.endpoint().is_some());
        trace.blame(Phase::Connect);
        assert_eq!((trace.open(), trace.step()), (Phase::Connect, Phase::Connect));
        assert!(trace.endpoint().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn time_set_aside_is_not_measured() {
        let mut trace = begin(Phase::Tls);
        advance(2 * MS).await;
        let began = Instant::now();
        advance(30 * MS).await;
        trace.aside(began);
        advance(3 * MS).await;
        trace.enter(Phase::Auth);
        assert_eq!(trace.spans(), [Span { phase: Phase::Tls, took: 5 * MS }]);
    }

    #[tokio::test(start_paused = true)]
    async fn silence_in_every_phase_has_a_reason() {
        for phase in Phase::ALL {
            assert_ne!(begin(*phase).silence().reason, Reason::TimedOut, "{phase}");
        }
    }
}
