//! The laws of every mail protocol: a good run succeeds however its bytes arrive, and each lie has its end.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use super::{Delivery, TIMEOUT, TOKEN, Talk, Turn, clear, lying, payload, talk};
use crate::check::mail::Session;
use crate::outcome::Phase;
use crate::reason::Reason;

/// A part of a conversation, which one script plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// From the greeting to the consent to TLS.
    Clear,
    /// From the greeting, or from what follows TLS, to the goodbye, which is the last turn.
    Secured,
}

impl Part {
    pub async fn play<S: Session>(self, turns: &[Turn], delivery: Delivery) -> Talk {
        match self {
            Self::Clear => clear::<S>(turns, delivery).await,
            Self::Secured => talk::<S>(turns, delivery).await,
        }
    }

    /// Tells whether the run is over before turn `at`: nothing in it can fail any more.
    fn is_over(self, good: &[Turn], at: usize) -> bool {
        self == Self::Secured && at + 1 == good.len()
    }
}

/// Every law, for one good conversation.
pub async fn hold<S: Session>(part: Part, good: &[Turn]) {
    a_good_run_is_good_however_it_comes::<S>(part, good).await;
    phases_are_true::<S>(part, good).await;
    for at in 0..good.len() {
        silence_has_a_name::<S>(part, good, at).await;
        a_hang_up_is_one::<S>(part, good, at).await;
        nothing_is_endless::<S>(part, good, at).await;
        garbage_is_garbage::<S>(part, good, at).await;
        no_echo_is_shown::<S>(part, good, at).await;
    }
}

/// A run in which turn `at` of a good conversation is answered with `lie` ends in `phase` for `reason`.
pub async fn a_lie_ends<S: Session>(part: Part, good: &[Turn], at: usize, lie: &str, phase: Phase, reason: Reason) {
    let talk = part.play::<S>(&lying(good, at, lie), Delivery::Whole).await;
    assert_eq!(talk.ended(), (phase, Err(reason)), "{lie}");
}

async fn a_good_run_is_good_however_it_comes<S: Session>(part: Part, good: &[Turn]) {
    let whole = part.play::<S>(good, Delivery::Whole).await;
    assert!(whole.result.is_ok(), "{whole:?}");
    let bytewise = part.play::<S>(good, Delivery::Bytewise).await;
    assert_eq!(bytewise.ended(), whole.ended());
    assert_eq!((&bytewise.facts.mailbox, &bytewise.facts.server), (&whole.facts.mailbox, &whole.facts.server));
}

/// Checks that each phase takes as long as its turns with a slow server, the goodbye aside.
async fn phases_are_true<S: Session>(part: Part, good: &[Turn]) {
    const DELAY: Duration = Duration::from_millis(70);
    let slow = part.play::<S>(good, Delivery::After(DELAY)).await;
    assert!(slow.result.is_ok(), "{slow:?}");
    for phase in Phase::ALL {
        let turns = (0..good.len()).filter(|at| good[*at].phase == *phase && !part.is_over(good, *at)).count();
        let took: Duration = slow.spans.iter().filter(|span| span.phase == *phase).map(|span| span.took).sum();
        assert_eq!(took, DELAY * u32::try_from(turns).unwrap(), "{phase}");
    }
}

async fn silence_has_a_name<S: Session>(part: Part, good: &[Turn], at: usize) {
    let talk = part.play::<S>(&lying(good, at, "SILENCE"), Delivery::Whole).await;
    let phase = good[at].phase;
    let reason = if phase == Phase::Greeting { Reason::NoGreeting } else { Reason::ReplyTimedOut };
    if part.is_over(good, at) {
        assert_eq!(talk.ended().1, Ok(()));
    } else {
        assert_eq!(talk.ended(), (phase, Err(reason)), "silence in turn {at}");
        assert_eq!(talk.spans.iter().map(|span| span.took).sum::<Duration>(), TIMEOUT);
    }
}

async fn a_hang_up_is_one<S: Session>(part: Part, good: &[Turn], at: usize) {
    let half: String = good[at].answers.chars().take(good[at].answers.chars().count() / 2).collect();
    for lie in ["EOF".to_owned(), format!("{half}EOF")] {
        let talk = part.play::<S>(&lying(good, at, &lie), Delivery::Whole).await;
        if part.is_over(good, at) {
            assert_eq!(talk.ended().1, Ok(()));
        } else {
            assert_eq!(talk.ended(), (good[at].phase, Err(Reason::ConnectionClosed)), "{lie} in turn {at}");
        }
    }
}

async fn nothing_is_endless<S: Session>(part: Part, good: &[Turn], at: usize) {
    let first = good[at].answers.lines().next().unwrap_or_default();
    let long = "250-".to_owned() + &"x".repeat(10_000);
    for lie in ["ENDLESS x", "ENDLESS \u{0}", "LINES * 1 FETCH", &format!("LINES * {}", "x".repeat(16_000)), "LINES 250-x"]
        .map(str::to_owned)
        .into_iter()
        .chain([format!("LINES {first}"), format!("LINES {long}")])
    {
        let turns = lying(good, at, &lie);
        let talk = part.play::<S>(&turns, Delivery::Whole).await;
        let good_line = lie == format!("LINES {first}");
        match talk.result {
            Ok(()) => assert!(part.is_over(good, at) || good_line, "{lie} in turn {at}"),
            Err(ref fault) if lie.starts_with("ENDLESS") => {
                assert_eq!((talk.phase, fault.reason), (good[at].phase, Reason::ReplyTooLong), "{lie} in turn {at}");
            }
            Err(ref fault) => assert!(
                matches!(fault.reason, Reason::ReplyTooLong | Reason::ReplyMalformed | Reason::GreetingUnexpected)
                    || good_line
                    || fault.reason == Reason::StarttlsInjection,
                "{lie} in turn {at}: {fault:?}"
            ),
        }
    }
}

async fn garbage_is_garbage<S: Session>(part: Part, good: &[Turn], at: usize) {
    let talk = part.play::<S>(&lying(good, at, "GARBAGE"), Delivery::Whole).await;
    let reason = if good[at].phase == Phase::Greeting { Reason::GreetingUnexpected } else { Reason::ReplyMalformed };
    if part.is_over(good, at) {
        assert_eq!(talk.ended().1, Ok(()));
    } else {
        assert_eq!(talk.ended(), (good[at].phase, Err(reason)), "garbage in turn {at}");
    }
}

/// Checks that no piece of token and payload is shown that a server sends back, in whatever form.
async fn no_echo_is_shown<S: Session>(part: Part, good: &[Turn], at: usize) {
    for echo in echoes() {
        for shape in ["-ERR ECHO", "+ ECHO", "* BYE [ECHO]", "a1 NO [ECHO] ECHO", "535 5.7.3 ECHO", "220 ECHO.x"] {
            let lie = shape.replace("ECHO", &echo);
            // Whatever it leads us to say is accepted; what matters is what we show.
            let turns = [&lying(good, at, &lie)[..], &anything()].concat();
            let talk = part.play::<S>(&turns, Delivery::Whole).await;
            assert_no_piece(&talk.shown(), &lie);
        }
    }
}

fn anything() -> Vec<Turn> {
    let turn = Turn { phase: Phase::Auth, expects: "ANYTHING".to_owned(), answers: "EOF".to_owned() };
    vec![turn]
}

fn echoes() -> Vec<String> {
    let payload = payload();
    let secrets = [TOKEN, payload.expose()];
    let mut echoes: Vec<String> = Vec::new();
    for secret in secrets {
        echoes.push(secret.to_owned());
        echoes.push(secret.to_ascii_uppercase());
        echoes.push(secret.get(20..60).unwrap().to_owned());
        echoes.push(STANDARD.encode(secret));
        echoes.push(STANDARD.encode(format!("x{secret}")));
        echoes.push(STANDARD.encode(format!("xy{secret}")));
        echoes.push(format!("{}{secret}", "x".repeat(390)));
        echoes.push(format!("{} {secret}", "y".repeat(4080)));
    }
    echoes
}

/// Asserts that `shown` has no 16 characters in a row of a secret: such a row holds one of the pieces looked for.
#[track_caller]
pub fn assert_no_piece(shown: &str, lie: &str) {
    let shown = shown.to_ascii_lowercase();
    let payload = payload();
    for secret in [TOKEN.to_owned(), payload.expose().to_owned(), STANDARD.encode(TOKEN), STANDARD.encode(payload.expose())] {
        let secret = secret.to_ascii_lowercase();
        for start in (0..secret.len() - 12).step_by(4) {
            let piece = &secret[start..start + 12];
            assert!(!shown.contains(piece), "`{piece}` of a secret is shown after `{lie}`: {shown}");
        }
    }
}

/// A server that says anything at all at any turn, for a while: the run ends by itself, in bounds.
pub fn anything_ends<S: Session>(part: Part, good: &[Turn]) {
    let answer = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..300).prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
        "(\\+OK|-ERR|\\+|\\* (OK|BYE|STATUS|CAPABILITY)|a[1-3] (OK|NO|BAD)|[2-5][0-9]{2}[- ]|334) ?.{0,80}",
        "\\* STATUS (INBOX|\\{[0-9]{1,6}\\})( \\(MESSAGES [0-9]{1,25}\\))?",
    ];
    let lies = proptest::collection::vec(answer, 1..6);
    let config = ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    proptest!(config, |(at in 0..good.len(), lies in lies)| {
        let mut turns = good[..at].to_vec();
        for lie in lies {
            turns.push(Turn { phase: good[at].phase, expects: "ANYTHING".to_owned(), answers: lie });
        }
        runtime.block_on(part.play::<S>(&turns, Delivery::Whole));
    });
}
