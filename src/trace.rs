//! The cursor of a run: the open phase, the times of the closed ones, and the facts learnt so far.
//!
//! The phase is recorded here before each step, so where a run failed is never inferred from an error afterwards.

mod delivery;

use std::time::Duration;

use tokio::time::Instant;

pub use self::delivery::{Delivery, DeliveryRecord};

use crate::ceiling::Allowance;
use crate::outcome::{EndpointFacts, Facts, Fault, Line, Peer, Phase, Span, Speaker, Transcript};
use crate::reason::Reason;
use crate::sanitize;
use crate::secret::Sent;

/// The record of one run, kept outside the run's future so that it survives a deadline and a panic.
#[derive(Debug)]
pub struct Trace {
    /// The facts learnt so far.
    pub facts: Facts,
    /// The peer that was spoken to last.
    pub peer: Option<Peer>,
    /// The last request, with `<secret>` in place of a secret.
    pub request: Option<String>,
    /// The reply to it as far as it has come: its last line, or the beginning of one. Redacted.
    pub unfinished: Option<String>,
    /// The kernel's figures of the connection that was made last.
    pub delivery: DeliveryRecord,
    /// The logins and token requests that the run may cause.
    pub allowance: Allowance,
    /// The secrets that no text of the run may show: those of the tenant and of the proxy, also before they are sent.
    pub secrets: Sent,
    /// The time after which the probe shall run again, where that is sooner than its interval.
    pub again_in: Option<Duration>,
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
    /// Begins the trace of a run that starts now in the phase `first` and must end at `deadline`. Nothing that it asks for is counted
    /// until it is given an allowance.
    pub fn begin(first: Phase, deadline: Instant) -> Self {
        Self {
            facts: Facts::default(),
            peer: None,
            request: None,
            unfinished: None,
            delivery: DeliveryRecord::default(),
            allowance: Allowance::default(),
            secrets: Sent::default(),
            again_in: None,
            began: Instant::now(),
            open: first,
            since: Instant::now(),
            deadline,
            spans: Vec::with_capacity(Phase::ALL.len()),
            state: State::Running,
        }
    }

    /// Adds a request to the transcript; `shown` has `<secret>` in place of a secret.
    pub fn record_request(&mut self, shown: String) {
        let line = self.transcript_line(Speaker::We, &shown);
        self.facts.transcript.push(&line);
        self.request = Some(shown);
    }

    /// Adds a reply to the transcript; it must be redacted already.
    pub fn record_reply(&mut self, cleaned: &str) {
        let line = self.transcript_line(Speaker::They, cleaned);
        self.facts.transcript.push(&line);
    }

    /// Adds an event to the transcript that is neither request nor reply.
    pub fn record_event(&mut self, event: &str) {
        let line = self.transcript_line(Speaker::Nobody, event);
        self.facts.transcript.push(&line);
    }

    /// Makes a line of the transcript, with the time since the run began and the open phase.
    pub fn transcript_line(&self, speaker: Speaker, text: &str) -> Line<'static> {
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

    /// Ends the token request, whether it brought a token or not.
    pub fn fetched(&mut self) {
        self.state = match self.state {
            State::Fetching { .. } => State::Running,
            State::Finished { .. } => State::Finished { step: self.open },
            other => other,
        };
    }

    /// Stops the clock: what follows (logging out, a look at a refused certificate) is not measured.
    pub fn finish(&mut self) {
        if !self.is_finished() {
            self.close(Instant::now());
            self.state = State::Finished { step: self.step() };
        }
    }

    /// Reports whether the clock was stopped; after that a peer's silence is no failure.
    pub fn is_finished(&self) -> bool {
        matches!(self.state, State::Finished { .. } | State::Blamed)
    }

    /// Leaves the time since `began` out of the open phase: it was no part of the run.
    pub fn exclude(&mut self, began: Instant) {
        if !self.is_finished() {
            self.since += began.elapsed();
        }
    }

    /// Stops the clock and moves the cursor to the phase in which one of several parallel parts has failed.
    pub fn blame(&mut self, phase: Phase) {
        self.finish();
        self.open = phase;
        self.state = State::Blamed;
    }

    /// Returns the open phase: the one in which a run that ends now has failed.
    pub fn open(&self) -> Phase {
        self.open
    }

    /// Returns the step being taken: the open phase, or while a token is fetched the step inside it.
    pub fn step(&self) -> Phase {
        match self.state {
            State::Fetching { step } | State::Finished { step } => step,
            State::Running | State::Blamed => self.open,
        }
    }

    /// Returns the time left until the deadline.
    pub fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Returns the time at which the run must end.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Returns the closed phases, in order. Complete after [`Trace::finish`].
    pub fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// Returns the facts of the address being tried; `None` before the first, and where several were tried in parallel.
    pub fn endpoint(&mut self) -> Option<&mut EndpointFacts> {
        self.facts.endpoints.last_mut().filter(|_| self.state != State::Blamed)
    }

    /// Makes the fault of a run whose deadline passes now, named after the step that waited. A peer that has begun its greeting
    /// is not silent, and one that our data does not reach, or whose reply is lost in part, is not to blame. A ClientHello that nobody
    /// acknowledges is left to the reason of the handshake: no MTU stops a packet so small, a firewall that looks into it does.
    pub fn silence(&self) -> Fault {
        let step = self.step();
        let delivery = self.delivery.latest();
        let is_conversation = !matches!(step, Phase::Dns | Phase::Connect);
        if is_conversation && (delivery.has_gap() || delivery.is_lost() && step != Phase::Tls) {
            return Fault::heard(Reason::DataNotDelivered, delivery.to_string());
        }
        match (&self.unfinished, silence_in(step)) {
            (None, reason) => Fault::new(reason),
            (Some(reply), Reason::NoGreeting) => Fault::heard(Reason::ReplyTimedOut, reply.clone()),
            (Some(reply), reason) => Fault::heard(reason, reply.clone()),
        }
    }

    fn close(&mut self, now: Instant) {
        self.spans.push(Span { phase: self.open, took: now - self.since });
        self.since = now;
    }
}

/// Returns the reason for a peer that stays silent in `step`.
pub const fn silence_in(step: Phase) -> Reason {
    match step {
        Phase::Dns => Reason::DnsNoAnswer,
        Phase::Connect => Reason::ConnectTimedOut,
        Phase::Proxy => Reason::ProxyTimedOut,
        Phase::Tls => Reason::TlsTimedOut,
        Phase::Greeting => Reason::NoGreeting,
        Phase::Token | Phase::Starttls | Phase::Auth | Phase::Mailbox | Phase::Submit | Phase::Arrive => Reason::ReplyTimedOut,
    }
}

/// Reports whether `reason` is that of a peer that stayed silent, in whatever step, or that was not reached.
pub fn is_silence(reason: Reason) -> bool {
    reason == Reason::DataNotDelivered || Phase::ALL.iter().any(|step| silence_in(*step) == reason)
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
    async fn enter_of_phases_in_turn_adds_their_times_up() {
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
        trace.facts.endpoints.push(EndpointFacts::new("host", 995, None));
        assert!(trace.endpoint().is_some());
        trace.blame(Phase::Connect);
        assert_eq!((trace.open(), trace.step()), (Phase::Connect, Phase::Connect));
        assert!(trace.endpoint().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn time_excluded_from_a_phase_is_not_measured() {
        let mut trace = begin(Phase::Tls);
        advance(2 * MS).await;
        let began = Instant::now();
        advance(30 * MS).await;
        trace.exclude(began);
        advance(3 * MS).await;
        trace.enter(Phase::Auth);
        assert_eq!(trace.spans(), [Span { phase: Phase::Tls, took: 5 * MS }]);
    }

    #[tokio::test(start_paused = true)]
    async fn silence_of_a_peer_that_data_does_not_reach_is_the_network_s_once_secured() {
        for (phase, unacknowledged, retransmits, held_back, expected) in [
            (Phase::Auth, 2, 5, 0, Reason::DataNotDelivered),
            (Phase::Greeting, 1, 2, 0, Reason::DataNotDelivered),
            (Phase::Tls, 1, 2, 0, Reason::TlsTimedOut),
            (Phase::Auth, 1, 1, 0, Reason::ReplyTimedOut),
            (Phase::Auth, 0, 0, 0, Reason::ReplyTimedOut),
            (Phase::Connect, 2, 5, 0, Reason::ConnectTimedOut),
            (Phase::Dns, 2, 5, 0, Reason::DnsNoAnswer),
            (Phase::Tls, 0, 0, 1384, Reason::DataNotDelivered),
            (Phase::Mailbox, 0, 0, 1384, Reason::DataNotDelivered),
            (Phase::Dns, 0, 0, 1384, Reason::DnsNoAnswer),
        ] {
            let trace = begin(phase);
            trace.delivery.set(Delivery { unacknowledged, retransmits, segment_size: 1448, held_back });
            let fault = trace.silence();
            let heard = fault.evidence.heard.unwrap_or_default();
            let figures = if held_back > 0 { "earlier ones have not (1384 bytes" } else { "1448 bytes" };
            assert_eq!((fault.reason, heard.contains(figures)), (expected, expected == Reason::DataNotDelivered), "{heard}");
            assert!(is_silence(fault.reason));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn silence_in_every_phase_has_a_reason_of_its_own() {
        for phase in Phase::ALL {
            assert_ne!(begin(*phase).silence().reason, Reason::TimedOut, "{phase}");
        }
    }
}
