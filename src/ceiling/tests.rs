//! Ceilings on a clock that stands still between two steps.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::advance;

use super::*;

const MINUTE: Duration = Duration::from_secs(60);

fn account(most: u32, scheduled: u32) -> Account {
    let account = Account::new(Subject::Logins, "praxis@contoso.example".to_owned());
    account.set_ceiling(Ceiling { most, scheduled });
    account
}

/// Charges until it is refused, and returns how often that went well.
fn flood(account: &Account, origin: Origin) -> usize {
    (0..10_000).take_while(|_| account.charge(origin).is_ok()).count()
}

#[tokio::test(start_paused = true)]
async fn requests_leave_the_schedule_what_it_needs_and_all_together_stay_below_the_ceiling() {
    let account = account(100, 60);
    assert_eq!(flood(&account, Origin::Request), 40);
    assert_eq!(flood(&account, Origin::Schedule), 60);
    assert_eq!((flood(&account, Origin::Request), flood(&account, Origin::Schedule)), (0, 0));
    assert_eq!(account.usage(), Usage { used: 100, most: 100, refused: 4 });
    let full = account.charge(Origin::Schedule).expect_err("full");
    assert_eq!(full.reason, Reason::CeilingReached);
    assert_eq!(full.evidence.heard.as_deref(), Some("100 logins in the last hour, of 100 that `logins_per_hour` allows"));
}

#[tokio::test(start_paused = true)]
async fn no_hour_of_a_flood_has_more_than_the_ceiling() {
    let account = account(50, 10);
    let mut charged = Vec::new();
    for minute in 0_usize..300 {
        charged.extend(std::iter::repeat_n(minute, flood(&account, Origin::Request)));
        charged.extend(std::iter::repeat_n(minute, usize::from(account.charge(Origin::Schedule).is_ok())));
        advance(MINUTE).await;
    }
    let most = (0..240).map(|from| charged.iter().filter(|at| (from..from + 60).contains(*at)).count()).max();
    assert_eq!(most, Some(50), "the ceiling is reached and never exceeded");
    assert!(charged.len() > 200, "and there is room again in each hour: {}", charged.len());
}

#[tokio::test(start_paused = true)]
async fn count_is_forgotten_after_an_hour_and_five_minutes_at_the_latest() {
    let account = account(10, 0);
    advance(4 * MINUTE).await;
    assert_eq!(flood(&account, Origin::Request), 10);
    advance(59 * MINUTE).await;
    assert_eq!(flood(&account, Origin::Request), 0);
    advance(6 * MINUTE).await;
    assert_eq!(flood(&account, Origin::Request), 10);
    advance(1000 * MINUTE).await;
    assert_eq!(account.usage().used, 0);
}

#[tokio::test(start_paused = true)]
async fn what_did_not_take_place_is_taken_back_for_the_schedule_alone() {
    for (origin, used) in [(Origin::Schedule, 0), (Origin::Request, 2)] {
        let mailbox = Arc::new(account(10, 0));
        let application = Arc::new(account(10, 0));
        let accounts = Accounts { mailbox: Some(Arc::clone(&mailbox)), application: Some(Arc::clone(&application)) };
        let mut allowance = Allowance::new(accounts, origin);
        for _ in 0..2 {
            allowance.login().expect("room");
            allowance.token_request().expect("room");
        }
        allowance.logged_in_nowhere();
        allowance.token_request_unsent();
        allowance.token_request_unsent();
        assert_eq!((mailbox.usage().used, application.usage().used), (used, used), "{origin:?}");
    }
}

#[test]
fn default_ceiling_is_at_least_twice_what_the_schedule_needs() {
    for (interval, turns_of_one) in [(60, 66), (10, 391), (1, 3901), (86_400, 2), (3900, 2)] {
        assert_eq!(turns(Duration::from_secs(interval)), turns_of_one, "{interval}");
    }
    let ceiling = |subject: Subject, configured, scheduled| {
        let ceiling = subject.ceiling(configured, scheduled);
        (ceiling.most, ceiling.scheduled)
    };
    assert_eq!(ceiling(Subject::Logins, None, 5 * 66), (1200, 330));
    assert_eq!(ceiling(Subject::Logins, None, 5 * 391), (3910, 1955));
    assert_eq!(ceiling(Subject::Logins, Some(100), 330), (100, 330));
    assert_eq!(ceiling(Subject::TokenRequests, None, 14), (300, 146));
    assert_eq!(ceiling(Subject::TokenRequests, None, 3901), (8066, 4033));
}

#[tokio::test(start_paused = true)]
async fn account_without_a_ceiling_refuses_nothing() {
    let account = Account::new(Subject::TokenRequests, "contoso".to_owned());
    assert_eq!(flood(&account, Origin::Request), 10_000);
}
