//! Tests of the ledger and of what a pair's state allows.

use super::*;
use crate::outcome::Evidence;
use crate::settings::RoundTrip;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const INTERVAL: Duration = Duration::from_secs(15 * 60);

fn at(minutes: u32) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_796_000_000) + minutes * MINUTE
}

fn mail(id: &str, sent: SystemTime) -> Pending {
    Pending {
        id: id.to_owned(),
        message_ids: vec![format!("<{id}@contoso.example>")],
        sent: Some(sent),
        accepted: None,
        looked: None,
    }
}

fn refusal() -> Fault {
    Fault::heard(Reason::SendAsDenied, "554 5.2.252 SendAsDenied")
}

#[test]
fn mail_is_sent_once_an_interval_and_never_while_one_is_pending() {
    let mut state = PairState::new();
    assert_eq!(state.claim(mail("1", at(0)), at(0), INTERVAL), Ok(()));
    assert_eq!(state.claim(mail("2", at(60)), at(60), INTERVAL), Err(NotSent::Pending));
    state.accept("1", Some("<given@contoso.example>".into()), at(0));
    assert_eq!(state.pending.as_ref().map(|pending| pending.message_ids.len()), Some(2));
    state.end(Some(at(1)), None);
    assert_eq!((state.arrived, &state.problem), (Some(at(1)), &None));
    for (minutes, expected) in [(1, Err(NotSent::Early)), (14, Err(NotSent::Early)), (15, Ok(()))] {
        assert_eq!(state.may_send(at(minutes), INTERVAL), expected, "{minutes}");
    }
    assert_eq!(state.may_send(at(15) - Duration::from_millis(900), INTERVAL), Ok(()), "a turn may come early by a moment");
    assert_eq!(state.spacing_left(at(3), RoundTrip::SPACING), 2 * MINUTE);
    assert_eq!(state.spacing_left(at(5), RoundTrip::SPACING), Duration::ZERO);
}

#[test]
fn clock_that_was_far_ahead_does_not_hold_up_sending() {
    let mut state = PairState::new();
    assert_eq!(state.claim(mail("1", at(9_000_000)), at(9_000_000), INTERVAL), Ok(()));
    state.end(None, None);
    assert_eq!(state.may_send(at(0), INTERVAL), Ok(()));
    assert_eq!(state.spacing_left(at(0), RoundTrip::SPACING), Duration::ZERO);
}

#[test]
fn refusals_for_good_suspend_sending_for_1_6_and_24_hours_and_an_accepted_mail_ends_that() {
    let mut state = PairState::new();
    let mut now = at(0);
    for hours in [1, 6, 24, 24] {
        assert_eq!(state.claim(mail("1", now), now, INTERVAL), Ok(()));
        let until = state.refuse(&refusal(), true, now);
        assert_eq!(until, Some(now + hours * HOUR));
        let held = state.may_send(now + hours * HOUR - MINUTE, INTERVAL);
        assert!(matches!(held, Err(NotSent::Suspended(suspension)) if suspension.because.fault() == refusal()), "{hours}");
        now += hours * HOUR;
    }
    assert_eq!(state.claim(mail("2", now), now, INTERVAL), Ok(()));
    state.accept("2", None, now);
    assert_eq!(state.suspension, None);
    state.end(Some(now), None);
    assert_eq!(state.claim(mail("3", now + INTERVAL), now + INTERVAL, INTERVAL), Ok(()));
    assert_eq!(state.refuse(&refusal(), false, now + INTERVAL), None);
    assert_eq!(state.may_send(now + 2 * INTERVAL, INTERVAL), Ok(()), "a refusal for now suspends nothing");
}

#[test]
fn pending_mail_is_looked_for_often_at_first_and_given_up_in_the_end() {
    let settings = RoundTrip::default();
    let mut state = PairState::new();
    assert_eq!(state.next_look(at(0), settings.arrive_within), None);
    assert_eq!(state.claim(mail("1", at(0)), at(0), INTERVAL), Ok(()));
    let seconds = |seconds| at(0) + Duration::from_secs(seconds);
    for (age, next) in [(0, 3), (3, 7), (10, 20), (45, 15), (60, 60), (299, 60), (300, 300), (3000, 300)] {
        let looked = state.next_look(seconds(age), settings.arrive_within);
        assert_eq!(looked, Some(Duration::from_secs(next)), "after {age} s");
    }
    let pending = state.pending.clone().expect("claimed");
    assert!(pending.is_given_up(at(5), &settings), "nobody knows that it was accepted");
    state.accept("1", None, at(0));
    let mut pending = state.pending.clone().expect("claimed");
    assert!(!pending.is_given_up(at(59), &settings) && pending.is_given_up(at(60), &settings));
    assert_eq!(pending.arrival(at(2), None), 2 * MINUTE);
    assert_eq!(pending.arrival(at(2), Some(MINUTE)), MINUTE, "by the clocks of the servers");
    pending.looked = Some(at(1));
    for (transit, took) in [(0, MINUTE), (90, Duration::from_secs(90)), (900, 2 * MINUTE)] {
        assert_eq!(pending.arrival(at(2), Some(Duration::from_secs(transit))), took, "{transit}");
    }
}

/// A directory below the temporary one, removed when dropped.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("m365-probe-ledger-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn pair(name: &str) -> PairKey {
    PairKey(name.to_owned())
}

#[tokio::test]
async fn ledger_in_a_directory_is_the_same_to_the_next_process() {
    let directory = Directory::new("kept");
    let ledger = Ledger::in_directory(directory.0.clone());
    let fault = Fault { reason: Reason::MailLost, evidence: Evidence { code: Some("x".into()), ..Evidence::default() } };
    let change = move |state: &mut PairState| {
        state.refuse(&refusal(), true, at(0));
        state.problem = Some(Problem::from(&fault));
        state.marks.insert("a/INBOX".into(), FolderMark { validity: 1, from: 2 });
        state.claim(mail("1", at(90)), at(90), INTERVAL)
    };
    let (written, claimed) = ledger.update(&pair("a"), change).await.expect("written");
    assert_eq!(claimed, Ok(()));
    let next = Ledger::in_directory(directory.0.clone());
    assert_eq!(next.read(&pair("a")).await.expect("readable"), written);
    let other = next.read(&pair("b")).await.expect("readable");
    assert!(other.instance != written.instance && other.pending.is_none());
    let again = next.update(&pair("a"), |state| state.claim(mail("2", at(200)), at(200), INTERVAL)).await.expect("readable");
    assert_eq!(again.1, Err(NotSent::Pending), "no second mail");
}

#[tokio::test]
async fn ledger_that_cannot_be_read_or_written_is_state_unusable() {
    let directory = Directory::new("damaged");
    let ledger = Ledger::in_directory(directory.0.clone());
    ledger.read(&pair("a")).await.expect("new");
    let file = std::fs::read_dir(&directory.0).expect("a directory").next().expect("a file").expect("readable").path();
    for content in ["", "{}", "{\"format\":\"other\",\"version\":1,\"pair\":\"a\",\"instance\":\"x\"}"] {
        std::fs::write(&file, content).expect("written");
        let fault = ledger.read(&pair("a")).await.expect_err("damaged");
        assert_eq!(fault.reason, Reason::StateUnusable, "{content}");
    }
    let nowhere = Ledger::in_directory(directory.0.join("missing/deeper"));
    assert_eq!(nowhere.read(&pair("a")).await.expect_err("no directory").reason, Reason::StateUnusable);
    assert!(!Ledger::in_memory().is_kept() && nowhere.is_kept());
}

#[tokio::test]
async fn ledger_of_two_processes_lets_one_of_them_send() {
    let directory = Directory::new("two");
    let ledgers = [Ledger::in_directory(directory.0.clone()), Ledger::in_directory(directory.0.clone())];
    let pair = pair("a");
    let claim = |id: &'static str| move |state: &mut PairState| state.claim(mail(id, at(0)), at(0), INTERVAL).is_ok();
    let (one, other) = tokio::join!(ledgers[0].update(&pair, claim("1")), ledgers[1].update(&pair, claim("2")));
    assert!(one.expect("written").1 != other.expect("written").1, "exactly one");
}
