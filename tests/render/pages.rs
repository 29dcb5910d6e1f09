//! The status page: headline, counts, cells and days left say the same, whatever the limits are and however early it is.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use m365_probe::kind::Check;
use m365_probe::lang::Lang;
use m365_probe::levels::Limits;
use m365_probe::outcome::{Evidence, Outcome, Peer, Phase};
use m365_probe::reason::Reason;
use m365_probe::render::page::{self, Search, View};
use m365_probe::store::Store;

use crate::sample;

const DAY: Duration = Duration::from_secs(86_400);

fn view(lang: Lang, now: SystemTime) -> View<'static> {
    View { lang, chosen: true, paused: false, refresh: 10, path: "/", query: &[], notices: &[], now }
}

fn status(store: &Store) -> String {
    page::status(store, None, &Search::default(), &view(Lang::En, sample::now()))
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
        ("secret_days=60:", "secret_days=50:", "critical", "Client secret of contoso expires in 47 days", "critical"),
        ("secret_days=60:", "secret_days=7:", "warning", "Client secret of contoso expires in 47 days", "warning"),
        ("secret_days=~:", "secret_days=50:", "critical", "Client secret of contoso expires in 47 days", "critical"),
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
fn headline_names_whom_it_is_about_and_where() {
    let refused =
        |outcome: Outcome, reason| Outcome { verdict: sample::failed(Phase::Auth, reason, Evidence::default()), ..outcome };
    let mut dropped = sample::pop3();
    let evidence = Evidence { peer: Some(Peer::new("outlook.office365.com", 995)), ..Evidence::default() };
    dropped.verdict = sample::failed(Phase::Connect, Reason::ConnectTimedOut, evidence);
    let other = |mut outcome: Outcome| {
        outcome.probe.tenant = "fabrikam".to_owned();
        outcome
    };
    for (outcomes, headline) in [
        (vec![sample::secret_expired(), sample::pop3()], "contoso: the client secret has expired"),
        (
            vec![dropped.clone(), sample::ews()],
            "POP3 of contoso: the connection attempt got no answer (outlook.office365.com:995)",
        ),
        (
            vec![refused(sample::pop3(), Reason::ProtocolDisabled), sample::ews()],
            "POP3 of praxis: the protocol is switched off for the mailbox",
        ),
        (vec![sample::secret_expired(), other(dropped)], "2 problems: contoso and fabrikam"),
    ] {
        let page = status(&store(&outcomes, &[], None, "", ""));
        let shown = between(&page, "<h1 id=\"headline\">", "</h1>");
        assert!(shown.ends_with(&format!("</span> {headline}")), "{shown}\n{headline}");
    }
    let page = status(&store(&[sample::secret_expired()], &[], None, "", ""));
    assert!(page.contains("<span id=\"cause-contoso-client_secret_expired\"></span>"), "alerts lead there");
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
    assert!(failing.contains("1 of 2 checks fails, 1 still to run"));
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
    let page = page::status(&store, None, &Search::default(), &view(Lang::De, sample::now() + DAY));
    assert!(
        page.contains("0 von 2 Prüfungen funktionieren") && page.contains("contoso/token: kein Ergebnis seit 24 Stunden"),
        "{page}"
    );
}

#[test]
fn status_page_of_a_failure_that_only_this_machine_had_a_part_in_is_unknown() {
    let mut token = sample::token();
    token.verdict = sample::failed(Phase::Token, Reason::SecretUnreadable, Evidence::default());
    let page = status(&store(&[token], &[], None, "", ""));
    assert!(page.contains("contoso/token: unknown, secret_unreadable"));
}

/// Outcomes of `mailboxes` mailboxes in each of `tenants` tenants, three checks each: all well, or all refused.
fn many(tenants: usize, mailboxes: usize, refused: bool) -> Vec<Outcome> {
    let mut outcomes = Vec::with_capacity(tenants * mailboxes * 3);
    for tenant in 0..tenants {
        for mailbox in 0..mailboxes {
            for mut outcome in [Check::Pop3, Check::Imap, Check::Smtp].map(|check| with_check(sample::pop3(), check)) {
                let label = format!("reception.desk.{mailbox:05}@practice-{tenant:03}.contoso.example");
                outcome.probe.tenant = format!("practice-{tenant:03}.contoso.example");
                outcome.address = Some(label.clone());
                outcome.probe.mailbox = Some(label);
                if refused {
                    let evidence = Evidence { code: Some("5.7.3".to_owned()), ..Evidence::default() };
                    outcome.verdict = sample::failed(Phase::Auth, Reason::AuthRefused, evidence);
                }
                outcomes.push(outcome);
            }
        }
    }
    outcomes
}

fn with_check(mut outcome: Outcome, check: Check) -> Outcome {
    outcome.probe.check = check;
    outcome
}

/// The same in a store, each probe with a history as long as is kept.
fn store_of_many(tenants: usize, mailboxes: usize, refused: bool) -> Store {
    let mut store = store(&many(tenants, mailboxes, refused), &[], Some(sample::now() + 97 * DAY), "", "");
    if tenants * mailboxes <= 200 {
        for _ in 0..30 {
            for outcome in many(tenants, mailboxes, refused) {
                store.record(outcome);
            }
        }
    }
    store
}

fn searched(store: &Store, text: &str, tenant: Option<&str>, page: usize) -> String {
    let search = Search { text, tenant, page: NonZeroUsize::new(page) };
    page::status(store, None, &search, &view(Lang::De, sample::now()))
}

#[test]
fn status_page_of_thousands_of_probes_is_at_most_300_kb_well_or_refused() {
    for (tenants, mailboxes) in [(1, 49), (1, 200), (12, 4), (40, 5), (1, 400), (200, 2)] {
        for refused in [false, true] {
            let store = store_of_many(tenants, mailboxes, refused);
            let name = format!("{tenants} x {mailboxes}, refused: {refused}");
            let tenant = "practice-000.contoso.example";
            for (text, tenant, page) in
                [("", None, 1), ("", None, 2), ("imap", None, 1), ("practice auth_refused", None, 1), ("", Some(tenant), 1)]
            {
                let page = searched(&store, text, tenant, page);
                assert!(page.len() <= 300_000, "{name}: `{text}` of {tenant:?}: {} bytes", page.len());
            }
        }
    }
}

#[test]
fn status_page_of_many_tenants_has_a_line_for_each_with_problems_first() {
    let mut outcomes = many(60, 2, false);
    outcomes[3 * 2 * 41].verdict = sample::failed(Phase::Auth, Reason::AuthRefused, Evidence::default());
    let store = store(&outcomes, &[], None, "", "");
    let page = searched(&store, "", None, 1);
    let lines = between(&page, "<h2 id=\"tenants\">60 Mandanten</h2>", "</table>");
    let first = lines.find("practice-041").expect("the tenant with a problem");
    assert!(lines.find("practice-000").is_some_and(|well| first < well));
    assert!(lines.contains("href=\"./?tenant=practice-041.contoso.example&amp;lang=de\""), "{lines}");
    assert!(lines.contains("1 von 6 Prüfungen schlägt fehl") && lines.contains("6 von 6 Prüfungen funktionieren"));
    assert!(page.contains("<form class=\"search\" role=\"search\" action=\"./\">"));
}

#[test]
fn search_finds_by_mailbox_tenant_check_reason_and_code_and_all_words_must_match() {
    let mut outcomes = many(3, 40, false);
    outcomes[7].verdict =
        sample::failed(Phase::Auth, Reason::AuthRefused, Evidence { code: Some("5.7.3".to_owned()), ..Evidence::default() });
    let store = store(&outcomes, &[], None, "", "");
    for (text, tenant, found) in [
        ("DESK.00002@practice-000", None, 3),
        ("practice-001 imap", None, 40),
        ("auth_refused", None, 1),
        ("5.7.3", None, 1),
        ("auth_refused practice-001", None, 0),
        ("", Some("practice-002.contoso.example"), 120),
        ("smtp", Some("practice-002.contoso.example"), 40),
        ("<script>", None, 0),
    ] {
        let page = searched(&store, text, tenant, 1);
        assert!(page.contains(&format!("{found} von 360 Prüfungen gefunden")), "{text} {tenant:?}");
        assert!(!page.contains("<script>\""), "{text}");
        assert_eq!(
            page.contains("id=\"cause-1\""),
            text.contains("5.7.3") || text == "auth_refused" || text.starts_with("DESK"),
            "{text}"
        );
    }
}

#[test]
fn pages_of_a_large_tenant_together_show_each_probe_once() {
    let store = store(&many(1, 120, false), &[], None, "", "");
    let pages: Vec<String> = (1..=3).map(|page| searched(&store, "", None, page)).collect();
    let cells: usize = pages.iter().map(|page| page.matches(" href=\"./probes?").count()).sum();
    assert_eq!(cells, 360);
    assert!(pages[0].contains("Seite 1 von 3") && pages[0].contains("href=\"./?page=2&amp;lang=de\""));
    assert!(pages[2].contains("Seite 3 von 3") && !pages[2].contains("Nächste"));
}

#[test]
fn status_page_of_hundreds_of_probes_that_have_not_run_is_paged_and_small() {
    let mut later = Vec::new();
    for number in 0..100 {
        for base in [sample::pop3(), sample::ews()] {
            let mut outcome = base;
            outcome.probe.mailbox = Some(format!("mailbox{number}"));
            later.push(outcome);
        }
    }
    let page = status(&store(&[], &later, None, "", ""));
    assert!(page.len() < 300_000, "{}", page.len());
    assert!(page.contains("Page 1 of 2"));
    assert_eq!(page.matches("<td class=\"none\" data-of=").count(), 150);
}

#[test]
fn public_page_of_any_outcomes_has_states_and_nothing_of_whom_or_how() {
    for outcomes in [sample::all(), sample::failed_in_each_phase(), vec![sample::attacked()]] {
        let page = page::public(&store(&outcomes, &[], None, "", ""), &View { path: "/public", ..view(Lang::En, sample::now()) });
        let main = between(&page, "<main", "</main>");
        assert!(main.contains("contoso") && (main.contains("of 1 check ") || main.contains(" checks fail")), "{main}");
        let evidence = outcomes.iter().filter_map(|outcome| outcome.failure()).map(|failure| &failure.evidence);
        let told = evidence.flat_map(|evidence| evidence.heard.iter().chain(&evidence.said).chain(&evidence.code));
        let words = told.filter_map(|text| text.get(..12)).chain(["office365", "@", "praxis", "AADSTS", "2222-"]);
        let reasons = outcomes.iter().filter_map(|outcome| outcome.failure()).map(|failure| failure.reason.code());
        for word in words.chain(reasons) {
            assert!(!main.contains(word), "{word:?} in {main}");
        }
        assert!(!page.split("<footer").next().expect("a page").contains("href=\"./"), "no way to the other pages");
    }
}

#[test]
fn public_page_says_what_fails_and_since_when() {
    let mut other = with_check(sample::pop3(), Check::Imap);
    other.verdict = sample::failed(Phase::Auth, Reason::AuthRefused, Evidence::default());
    let before = Outcome { at: sample::now() - Duration::from_secs(600), ..other.clone() };
    let store = store(&[sample::pop3(), before, other], &[], None, "", "");
    let page = page::public(&store, &view(Lang::De, sample::now()));
    assert!(between(&page, "<h1", "</h1>").ends_with("Nicht alles funktioniert"), "{page}");
    let rows: Vec<&str> = page.split("<tr class=").skip(1).collect();
    assert!(rows[0].starts_with("\"ok\"") && rows[0].contains("1 von 1 Prüfung funktioniert") && !rows[0].contains("<time"));
    assert!(rows[1].starts_with("\"critical\"") && rows[1].contains("1 von 1 Prüfung schlägt fehl"));
    assert!(rows[1].contains("17:49:49 UTC</time> (vor 10 Minuten)"), "{}", rows[1]);
}
