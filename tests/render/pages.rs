//! The status page: headline, counts, cells and days left say the same, whatever the limits are and however early it is.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use m365_probe::lang::Lang;
use m365_probe::levels::Limits;
use m365_probe::outcome::{Evidence, Outcome, Phase};
use m365_probe::reason::Reason;
use m365_probe::render::page::{self, View};
use m365_probe::store::Store;

use crate::sample;

const DAY: Duration = Duration::from_secs(86_400);

fn view(lang: Lang, now: SystemTime) -> View<'static> {
    View { lang, chosen: true, paused: false, refresh: 10, path: "/", query: &[], now }
}

fn status(store: &Store) -> String {
    page::status(store, None, &view(Lang::En, sample::now()))
}

/// A store that knows `outcomes`, and beside them only that `later` are configured; the client secret was declared to end at
/// `expires`, and the levels of every probe are `warning` and `critical`.
fn store(outcomes: &[Outcome], later: &[Outcome], expires: Option<SystemTime>, warning: &str, critical: &str) -> Store {
    let level = |text: &str| if text.is_empty() { Vec::new() } else { vec![text.to_owned()] };
    let settings = outcomes.iter().chain(later).map(|outcome| {
        let mut settings = sample::settings(&outcome.probe);
        settings.limits = Limits::parse(&level(warning), &level(critical)).expect("limits");
        let mut tenant = (*settings.tenant).clone();
        tenant.credential_expires = expires;
        settings.tenant = Arc::new(tenant);
        settings
    });
    let mut store = Store::new(&settings.collect::<Vec<_>>());
    for outcome in outcomes {
        store.record(outcome.clone());
    }
    store
}

/// The part of `page` from `begin` to the next `end`.
#[track_caller]
fn between<'a>(page: &'a str, begin: &str, end: &str) -> &'a str {
    let (_, rest) = page.split_once(begin).unwrap_or_else(|| panic!("no {begin} on the page"));
    rest.split_once(end).unwrap_or_else(|| panic!("no {end} behind {begin}")).0
}

/// The state in which the banner, the cell of `token` and the days left of the client secret are shown.
fn states(page: &str) -> [&str; 3] {
    let cell = between(page, "<table class=\"matrix\">", "</td>");
    let days = between(page, "Client secret of contoso", "</td>");
    [between(page, "<div class=\"banner ", "\""), between(cell, "<td class=\"", "\""), between(days, "class=\"badge ", "\"")]
}

#[test]
fn status_page_by_any_limits_of_the_secret_shows_one_state_everywhere() {
    let expires = sample::now() + 47 * DAY + Duration::from_secs(60);
    let mut token = sample::token();
    token.facts.credential_expires = Some(expires);
    for (warning, critical, state, headline, word) in [
        ("secret_days=60:", "secret_days=50:", "critical", "A critical limit is violated", "critical"),
        ("secret_days=60:", "secret_days=7:", "warning", "It works, with warnings", "warning"),
        ("secret_days=~:", "secret_days=50:", "critical", "A critical limit is violated", "critical"),
        ("secret_days=40:", "secret_days=7:", "ok", "Everything works", "ok"),
        ("", "", "ok", "Everything works", "ok"),
    ] {
        let store = store(&[token.clone(), sample::ews()], &[], Some(expires), warning, critical);
        let page = status(&store);
        assert_eq!(states(&page), [state; 3], "{warning} {critical}");
        assert!(between(&page, "<h1 id=\"headline\">", "</h1>").ends_with(headline), "{warning} {critical}");
        assert!(page.contains(&format!("aria-label=\"contoso/token: {word}, 213 ms, ")), "{warning} {critical}");
        let counted = if state == "critical" { "1 of 2 checks critical" } else { "2 of 2 checks work" };
        assert!(page.contains(counted), "{warning} {critical}");
        if state != "ok" {
            let badge = between(&page, "<ul class=\"look\">", "<strong>");
            assert!(badge.contains(&format!("badge {state}")) && badge.contains(&format!("{word}</span>")), "{badge}");
        }
    }
}

#[test]
fn status_page_of_a_secret_that_entra_calls_expired_never_shows_its_declared_days_as_good() {
    let expires = sample::now() + 97 * DAY;
    let store = store(&[sample::secret_expired()], &[], Some(expires), "", "");
    let page = status(&store);
    let days = between(&page, "Client secret of contoso", "</tr>");
    assert!(days.contains("badge critical") && days.contains("expired") && !days.contains("96"), "{days}");
}

#[test]
fn status_page_before_every_check_has_run_says_so_and_is_not_green() {
    let late = |name: &str| {
        let mut outcome = sample::pop3();
        outcome.probe.mailbox = Some(name.to_owned());
        outcome
    };
    let later = [late("labor"), late("empfang")];
    let some = status(&store(&[sample::token(), sample::pop3()], &later, None, "", ""));
    assert_eq!(between(&some, "<div class=\"banner ", "\""), "none");
    assert!(between(&some, "<h1 id=\"headline\">", "</h1>").ends_with("Checks are still to run"));
    assert!(some.contains("2 of 4 checks work, 2 still to run"));
    assert!(some.contains("aria-label=\"contoso/labor/pop3: not yet run\""));
    let none = status(&store(&[], &later, None, "", ""));
    assert!(none.contains("Waiting for the first results") && none.contains("0 of 2 checks work, 2 still to run"));
    let failing = status(&store(&[sample::secret_expired()], &later[..1], None, "", ""));
    assert_eq!(between(&failing, "<div class=\"banner ", "\""), "critical");
    assert!(failing.contains("1 of 2 checks fail, 1 still to run"));
}

#[test]
fn status_page_does_not_count_mailboxes_that_have_not_run_among_those_without_problems() {
    let mailbox = |number: usize| {
        let mut outcome = sample::pop3();
        outcome.probe.mailbox = Some(format!("mailbox{number}"));
        outcome
    };
    let (run, later): (Vec<_>, Vec<_>) = ((0..20).map(mailbox).collect(), (20..50).map(mailbox).collect());
    let page = status(&store(&run, &later, None, "", ""));
    assert!(page.contains("<summary>20 mailboxes without problems</summary>"));
    assert!(page.contains("<summary>30 mailboxes whose checks are still to run</summary>"));
}

#[test]
fn status_page_of_a_result_that_is_too_old_does_not_count_it_as_working() {
    let store = store(&[sample::token(), sample::pop3()], &[], None, "", "");
    let page = page::status(&store, None, &view(Lang::De, sample::now() + DAY));
    assert!(page.contains("0 von 2 Prüfungen funktionieren") && page.contains("Nicht alles konnte geprüft werden"));
}

#[test]
fn status_page_of_a_failure_that_only_this_machine_had_a_part_in_is_unknown() {
    let mut token = sample::token();
    token.verdict = sample::failed(Phase::Token, Reason::SecretUnreadable, Evidence::default());
    let page = status(&store(&[token], &[], None, "", ""));
    assert!(page.contains("contoso/token: unknown, secret_unreadable"));
}

#[test]
fn status_page_of_hundreds_of_probes_that_have_not_run_is_folded_and_small() {
    let mut later = Vec::new();
    for number in 0..100 {
        for base in [sample::pop3(), sample::ews()] {
            let mut outcome = base;
            outcome.probe.mailbox = Some(format!("mailbox{number}"));
            later.push(outcome);
        }
    }
    let page = status(&store(&[], &later, None, "", ""));
    assert!(page.len() < 500_000, "{}", page.len());
    assert!(page.contains("<summary>100 mailboxes whose checks are still to run</summary>"));
    assert_eq!(page.matches("<td class=\"none\">").count(), later.len());
}
