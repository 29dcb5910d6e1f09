//! The laws of every mail protocol: a good run succeeds however its bytes arrive, and each lie has its end.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use super::{Delivery, TIMEOUT, TOKEN, Talk, Turn, clear, lying, payload, script, talk};
use crate::check::mail::Session;
use crate::outcome::Phase;
use crate::reason::Reason;

/// A mail protocol with the scripts of its good conversations.
pub trait Scripted: Session {
    /// `(phase, expects, answers)` from the greeting to the consent to TLS.
    const CLEAR: &[(Phase, &str, &str)];
    /// `(phase, expects, answers)` from the greeting, or from what follows TLS, to the goodbye.
    const SECURED: &[(Phase, &str, &str)];

    /// Returns the turns of the secured conversation.
    fn secured() -> Vec<Turn> {
        script(Self::SECURED)
    }
}

/// A row of a table of lies: the turn that is answered otherwise, the answer (see [`lying`]), and the phase and reason of the
/// end. One that ends in phase `starttls` is a lie in the clear.
pub type Lie<'a> = (usize, &'a str, Phase, Reason);

/// A part of a conversation, which one script plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The part from the greeting to the consent to TLS.
    Clear,
    /// The part from the greeting, or from what follows TLS, to the goodbye, which is the last turn.
    Secured,
}

impl Part {
    const ALL: [Self; 2] = [Self::Clear, Self::Secured];

    /// Returns the turns of the good conversation.
    fn good<S: Scripted>(self) -> Vec<Turn> {
        match self {
            Self::Clear => script(S::CLEAR),
            Self::Secured => S::secured(),
        }
    }

    /// Holds this part of the conversation with a server that follows `turns`.
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

/// Checks every law with both good conversations.
pub async fn check<S: Scripted>() {
    for part in Part::ALL {
        check_script::<S>(part, &part.good::<S>()).await;
    }
}

/// Checks every law with one good conversation.
pub async fn check_script<S: Session>(part: Part, good: &[Turn]) {
    good_run_succeeds_however_its_bytes_arrive::<S>(part, good).await;
    phases_take_the_time_of_their_turns::<S>(part, good).await;
    for at in 0..good.len() {
        silence_has_its_reason::<S>(part, good, at).await;
        hang_up_is_connection_closed::<S>(part, good, at).await;
        endless_reply_ends_the_run::<S>(part, good, at).await;
        garbage_is_malformed::<S>(part, good, at).await;
        echoed_secret_is_not_shown::<S>(part, good, at).await;
    }
}

/// Checks that a good conversation in which one turn is answered with a lie ends as the row of the lie says.
pub async fn check_lies<S: Scripted>(lies: &[Lie<'_>]) {
    for (at, lie, phase, reason) in lies {
        let part = if *phase == Phase::Starttls { Part::Clear } else { Part::Secured };
        let talk = part.play::<S>(&lying(&part.good::<S>(), *at, lie), Delivery::Whole).await;
        assert_eq!(talk.ended(), (*phase, Err(*reason)), "{lie}");
    }
}

/// Holds the secured conversation in which turn `at` is answered with `lie`.
pub async fn talk_with_lie<S: Scripted>(at: usize, lie: &str) -> Talk {
    talk::<S>(&lying(&S::secured(), at, lie), Delivery::Whole).await
}

async fn good_run_succeeds_however_its_bytes_arrive<S: Session>(part: Part, good: &[Turn]) {
    let whole = part.play::<S>(good, Delivery::Whole).await;
    assert!(whole.result.is_ok(), "{whole:?}");
    let bytewise = part.play::<S>(good, Delivery::Bytewise).await;
    assert_eq!(bytewise.ended(), whole.ended());
    assert_eq!((&bytewise.facts.mailbox, &bytewise.facts.server), (&whole.facts.mailbox, &whole.facts.server));
}

/// Checks that each phase takes as long as its turns with a slow server, the goodbye aside.
async fn phases_take_the_time_of_their_turns<S: Session>(part: Part, good: &[Turn]) {
    const DELAY: Duration = Duration::from_millis(70);
    let slow = part.play::<S>(good, Delivery::After(DELAY)).await;
    assert!(slow.result.is_ok(), "{slow:?}");
    for phase in Phase::ALL {
        let turns = (0..good.len()).filter(|at| good[*at].phase == *phase && !part.is_over(good, *at)).count();
        let took: Duration = slow.spans.iter().filter(|span| span.phase == *phase).map(|span| span.took).sum();
        assert_eq!(took, DELAY * u32::try_from(turns).unwrap(), "{phase}");
    }
}

async fn silence_has_its_reason<S: Session>(part: Part, good: &[Turn], at: usize) {
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

async fn hang_up_is_connection_closed<S: Session>(part: Part, good: &[Turn], at: usize) {
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

async fn endless_reply_ends_the_run<S: Session>(part: Part, good: &[Turn], at: usize) {
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

async fn garbage_is_malformed<S: Session>(part: Part, good: &[Turn], at: usize) {
    let talk = part.play::<S>(&lying(good, at, "GARBAGE"), Delivery::Whole).await;
    let reason = if good[at].phase == Phase::Greeting { Reason::GreetingUnexpected } else { Reason::ReplyMalformed };
    if part.is_over(good, at) {
        assert_eq!(talk.ended().1, Ok(()));
    } else {
        assert_eq!(talk.ended(), (good[at].phase, Err(reason)), "garbage in turn {at}");
    }
}

/// Checks that no piece of token and payload is shown that a server sends back, in whatever form.
async fn echoed_secret_is_not_shown<S: Session>(part: Part, good: &[Turn], at: usize) {
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
fn assert_no_piece(shown: &str, lie: &str) {
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

/// Checks that a run ends by itself, in bounds, with a server that says anything at all at any turn.
pub fn check_arbitrary_replies<S: Scripted>() {
    let answer = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..300).prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
        "(\\+OK|-ERR|\\+|\\* (OK|BYE|STATUS|CAPABILITY)|a[1-3] (OK|NO|BAD)|[2-5][0-9]{2}[- ]|334) ?.{0,80}",
        "\\* STATUS (INBOX|\\{[0-9]{1,6}\\})( \\(MESSAGES [0-9]{1,25}\\))?",
    ];
    let lies = proptest::collection::vec(answer, 1..6);
    let config = ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    for part in Part::ALL {
        let good = part.good::<S>();
        proptest!(config.clone(), |(at in 0..good.len(), lies in &lies)| {
            let mut turns = good[..at].to_vec();
            for lie in lies {
                turns.push(Turn { phase: good[at].phase, expects: "ANYTHING".to_owned(), answers: lie });
            }
            runtime.block_on(part.play::<S>(&turns, Delivery::Whole));
        });
    }
}
