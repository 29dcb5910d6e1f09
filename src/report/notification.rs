//! The texts of a notification: what a pager, a chat or an e-mail says of a root cause before anybody has opened a page.
//!
//! They become labels of a metric, so that they hold what labels may hold: names of the configuration, titles and steps of the
//! catalogue, ids of the application and the endpoint. No peer's words, and no address of a mailbox that has a name.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::outcome_index::OutcomeIndex;
use super::remedy::must_stay_closed;
use super::root_cause::{self, RootCauseGroup};
use super::term;
use super::text::{capital, count_of};
use crate::diagnosis::Confidence;
use crate::kind::Check;
use crate::lang::{Lang, fill, list};
use crate::outcome::{Outcome, Peer};
use crate::reason::CredentialForm;
use crate::sanitize;

/// Characters of a text message.
const SMS: usize = 160;
/// Characters between [`Notification::brief`] and [`Notification::act`]: `, since 29 Nov 14:02 UTC. `.
const SINCE: usize = 26;
/// Characters for both.
const ROOM: usize = SMS - SINCE;
/// Characters of the first step, with who must take it, for which the beginning is cut: fewer where that ends with the endpoint.
const MOST_STEP: usize = 60;
const LEAST_STEP: usize = 36;
/// Characters of a first step in full, several times what those of the catalogue have with the ids of one mailbox.
const STEP: usize = 1000;
/// The mark of what is left out.
const DOTS: &str = " ...";
/// Names in a list; of more, the number is given.
const NAMED: usize = 3;

/// Characters that may not stand in a URL's fragment.
const IN_FRAGMENT: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'<').add(b'>').add(b'`');

/// A root cause as a notification tells it, in English.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// The checks that fail, and whose: `POP3 of contoso/praxis, labor and empfang (3 checks)`.
    pub what: String,
    /// The reason, in words as sure as it is: `probably Exchange does not know the application`.
    pub problem: String,
    /// The host and port that it fails at, where that is known.
    pub endpoint: String,
    /// The owner, who must act: `the tenant's administrator (Entra, Exchange Online)`.
    pub who: &'static str,
    /// The confidence, and what that rests on.
    pub sure: &'static str,
    /// The first step, with the reader's own ids.
    pub step: String,
    /// The checks and the reason, for the beginning of a text message.
    pub brief: String,
    /// The owner and the first step, for its end: together with `brief` and the time in between at most 160 characters.
    pub act: String,
    /// The place of the root cause on the status page, as it stands in a URL behind `#`.
    pub fragment: String,
}

impl Notification {
    /// Tells of the root cause `group`, whose outcomes are in the `index`.
    pub fn new(group: &RootCauseGroup, index: &OutcomeIndex<'_>) -> Self {
        let endpoint = group.evidence.peer.as_ref().map(Peer::endpoint).unwrap_or_default();
        let names = root_cause::names(group, index);
        let credential = index.tenant(&group.tenant).configured.and_then(|application| application.credential);
        let (brief, act) = text_message(group, names.as_deref(), credential);
        let problem = root_cause::headline(group, Lang::En);
        let anchor = root_cause::anchor(&group.tenant, group.reason);
        Self {
            what: what(group),
            problem: names.map_or(problem.clone(), |names| format!("{problem} ({names})")),
            endpoint,
            who: term::owner(group.reason.owner(), Lang::En),
            sure: term::confidence(group.confidence, Lang::En),
            step: sanitize::one_line(&step(group, index), STEP),
            brief,
            act,
            fragment: utf8_percent_encode(&anchor, IN_FRAGMENT).to_string(),
        }
    }
}

/// `POP3 of contoso/praxis`, `POP3 of contoso/praxis, labor (2 checks)`, `16 checks of contoso`.
fn what(group: &RootCauseGroup) -> String {
    let (checks, place) = (checks(group), root_cause::place(group));
    match group.explains.len() + group.unlisted {
        count @ 2.. if !checks.starts_with(|c: char| c.is_ascii_digit()) => format!("{checks} of {place} ({count} checks)"),
        _ => format!("{checks} of {place}"),
    }
}

/// `POP3`, `POP3, IMAP and SMTP`, `16 checks`: of mailboxes where any are concerned, else of the tenant.
fn checks(group: &RootCauseGroup) -> String {
    let is_of_mailbox = group.explains.iter().any(|probe| probe.check.is_of_mailbox());
    let mut kinds: Vec<Check> = Vec::new();
    for probe in group.explains.iter().filter(|probe| probe.check.is_of_mailbox() == is_of_mailbox) {
        if !kinds.contains(&probe.check) {
            kinds.push(probe.check);
        }
    }
    match kinds.len() {
        ..=NAMED => {
            let titles: Vec<String> = kinds.iter().map(|kind| term::check(*kind, Lang::En).to_owned()).collect();
            list(&titles, NAMED, Lang::En)
        }
        _ => count_of((group.explains.len() + group.unlisted) as u64, "check"),
    }
}

/// `contoso`, `contoso/praxis`, `3 mailboxes of contoso`.
fn brief_place(group: &RootCauseGroup) -> String {
    match &group.mailboxes[..] {
        [] => group.tenant.clone(),
        [one] => format!("{}/{one}", group.tenant),
        several => format!("{} mailboxes of {}", several.len(), group.tenant),
    }
}

/// Returns both ends of a text message: of the ways to say what fails the longest that leaves room for the first step.
fn text_message(group: &RootCauseGroup, names: Option<&str>, credential: Option<CredentialForm>) -> (String, String) {
    let who = capital(term::brief_owner(group.reason.owner()));
    let step = brief_step(group, credential);
    let (whole, clause) = (plain(&format!("{who}: {step}")), plain(&format!("{who}: {}", first_clause(&step))));
    let ways = ways_to_say(group, names);
    // Of a command that does not fit, its name is left, and dots.
    let least = clause.find(" -").map_or(clause.len(), |option| option + DOTS.len());
    let fitting = ways.iter().find(|way| way.len() + least <= ROOM).or(ways.last());
    let most_step = if root_cause::is_about_its_peer(group) { LEAST_STEP } else { MOST_STEP };
    let brief = cut(fitting.map_or("", String::as_str), ROOM - least.min(most_step));
    let act = if brief.len() + whole.len() <= ROOM { whole } else { cut_step(&clause, ROOM - brief.len()) };
    (brief, act)
}

/// Returns the ways to say what fails and why, the longest first. The endpoint, or the names that it is about, stays where the network
/// has to act; elsewhere its host alone, and then the mailbox and the checks, say where.
fn ways_to_say(group: &RootCauseGroup, names: Option<&str>) -> Vec<String> {
    let title = group.reason.title();
    let title = title.strip_prefix("the ").unwrap_or(title);
    let problem = match group.confidence {
        Confidence::Certain => title.to_owned(),
        Confidence::Likely => fill(Lang::En.texts().common.probably, &[("title", title)]),
        Confidence::Possible => fill(Lang::En.texts().common.possibly, &[("title", title)]),
    };
    let peer = group.evidence.peer.as_ref();
    let at = names.map(ToOwned::to_owned).or_else(|| peer.map(Peer::endpoint));
    let at = at.map(|at| format!(" ({at})")).unwrap_or_default();
    let host = peer.map(|peer| format!(" ({})", peer.host)).unwrap_or_default();
    let (least, needed) = if root_cause::is_about_its_peer(group) { (&*at, &*at) } else { (&*host, "") };
    let place = brief_place(group);
    let (titles, number) = (checks(group), count_of((group.explains.len() + group.unlisted) as u64, "check"));
    let shorter = if number.len() < titles.len() { &number } else { &titles };
    let ways = [(&titles, &*at), (&titles, least), (shorter, least), (&titles, needed), (shorter, needed)];
    ways.map(|(checks, at)| plain(&format!("{checks} of {place}: {problem}{at}"))).into()
}

/// Returns the first step without the ids that only a page has room for.
fn brief_step(group: &RootCauseGroup, credential: Option<CredentialForm>) -> String {
    let cmdlets = root_cause::telling_cmdlets(group);
    let step = match (group.confidence, &cmdlets[..]) {
        (Confidence::Possible, [_, _, ..]) => return format!("check {}", cmdlets.join(", ")),
        _ => root_cause::first_step(group, credential),
    };
    let step = match &group.mailboxes[..] {
        [one] => step.replace("<mailbox>", one),
        _ => step,
    };
    let step: String = match step.find('<').and_then(|at| step.get(..at)) {
        Some(before) => before.split_inclusive(' ').take_while(|word| !word.starts_with('-')).collect(),
        None => step,
    };
    step.trim_end().to_owned()
}

/// `create a new client secret` of `create a new client secret (Entra > …) and configure it here`.
fn first_clause(step: &str) -> &str {
    let ends = [": ", "; ", " (", ", then "].into_iter().filter_map(|end| step.find(end));
    ends.min().and_then(|end| step.get(..end)).unwrap_or(step)
}

/// Returns the first step in full. An address of a mailbox that has a name is no label, and a name that is no address would be
/// another mailbox's: in its place stands whose address belongs there.
fn step(group: &RootCauseGroup, index: &OutcomeIndex<'_>) -> String {
    let mut addresses: Vec<String> = Vec::new();
    let mut first_name = None;
    let may_be_named = |outcome: &&Outcome| outcome.probe.mailbox.is_some() && !must_stay_closed(outcome, group.reason);
    for outcome in index.outcomes(&group.explains).into_iter().filter(may_be_named) {
        let (label, address) = (outcome.probe.mailbox_label(), outcome.address.as_deref());
        if address.is_some_and(|address| address != label) {
            first_name = first_name.or(Some(label));
        } else if !addresses.iter().any(|known| known == label) {
            addresses.push(label.to_owned());
        }
    }
    let concern = group.concern(index).naming(&addresses);
    let step = concern.remedy_lines(group.reason.text(Lang::En), Lang::En).into_iter().next().unwrap_or_default();
    match first_name {
        Some(name) => step.replace("<MAILBOX>", &format!("<address of {name}>")),
        None => step,
    }
}

/// Returns `text` in the characters that a text message has room for 160 of, as far as ours go.
fn plain(text: &str) -> String {
    let plain = text.replace('`', "").replace(['[', '{'], "(").replace([']', '}'], ")").replace('…', "...").replace('|', "/");
    sanitize::one_line(&plain, STEP)
}

/// Returns `text`, cut between words so that it has at most `most` bytes.
fn cut(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let end = (0..=most - DOTS.len()).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    let kept = text.get(..end).unwrap_or_default();
    let kept = if text.get(end..).is_some_and(|rest| rest.starts_with(' ')) {
        kept
    } else {
        kept.rsplit_once(' ').map_or(kept, |(words, _)| words)
    };
    kept.trim_end_matches([',', ';', ' ']).to_owned() + DOTS
}

/// The same of a step. Half of a command is none: it ends before its first option.
fn cut_step(step: &str, most: usize) -> String {
    let cut = cut(step, most);
    match cut.find(" -").filter(|_| cut.len() < step.len()) {
        Some(option) => cut.get(..option).unwrap_or_default().to_owned(),
        None => cut,
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::levels::Limits;
    use crate::outcome::{Evidence, Failure, Outcome, Phase, ProbeId, Verdict};
    use crate::reason::Reason;
    use crate::report::JudgedOutcome;

    fn probe(mailbox: &str, check: Check) -> ProbeId {
        ProbeId { tenant: "contoso".into(), mailbox: check.is_of_mailbox().then(|| mailbox.to_owned()), check }
    }

    fn group(reason: Reason, confidence: Confidence, mailboxes: &[&str], checks: &[Check]) -> RootCauseGroup {
        let explains = mailboxes.iter().flat_map(|mailbox| checks.iter().map(|check| probe(mailbox, *check)));
        RootCauseGroup {
            reason,
            confidence,
            tenant: "contoso".into(),
            mailboxes: mailboxes.iter().map(ToString::to_string).collect(),
            explains: explains.collect(),
            unlisted: 0,
            candidates: Vec::new(),
            evidence: Evidence { peer: Some(Peer::new("outlook.office365.com", 995)), ..Evidence::default() },
        }
    }

    /// The notification of a group of which nothing further is known.
    fn of(group: &RootCauseGroup) -> Notification {
        Notification::new(group, &OutcomeIndex::new(&[]))
    }

    #[test]
    fn text_message_of_every_reason_fits_160_characters_and_says_who_must_act() {
        let long = "a-mailbox-with-a-very-long-name.of-the-emergency-department@hospital.contoso.example";
        for reason in Reason::ALL {
            for confidence in Confidence::ALL {
                for mailboxes in [&["praxis"][..], &["praxis", "labor"], &[long]] {
                    let Notification { brief, act, .. } = of(&group(*reason, confidence, mailboxes, &[Check::Pop3, Check::Imap]));
                    let text = format!("{brief}, since 29 Nov 14:02 UTC. {act}");
                    assert!(text.len() <= SMS && text.is_ascii() && !text.contains('`'), "{}: {text}", text.len());
                    let owner = capital(term::brief_owner(reason.owner()));
                    assert!(act.starts_with(&format!("{owner}: ")) && act.len() > owner.len() + 5, "{text}");
                    assert!(!text.contains('<'), "a placeholder is nothing to type: {text}");
                }
            }
        }
    }

    #[test]
    fn text_message_of_a_closed_port_names_the_endpoint_and_the_step() {
        let Notification { brief, act, .. } =
            of(&group(Reason::ConnectTimedOut, Confidence::Certain, &["praxis"], &[Check::Pop3]));
        assert_eq!(brief, "POP3 of contoso/praxis: connection attempt got no answer (outlook.office365.com:995)");
        assert_eq!(act, "Network: open the port outbound in the firewall");
    }

    #[test]
    fn text_message_of_a_refusal_names_the_host_where_there_is_room() {
        let brief = |reason, confidence, checks: &[Check]| of(&group(reason, confidence, &["praxis"], checks)).brief;
        let all = [Check::Pop3, Check::Imap, Check::Smtp, Check::Ews];
        let ews = brief(Reason::EwsDisabled, Confidence::Certain, &[Check::Ews]);
        assert_eq!(ews, "EWS of contoso/praxis: EWS is disabled for the tenant or the mailbox (outlook.office365.com)");
        let no_room = brief(Reason::MailboxPermissionMissing, Confidence::Likely, &all);
        assert_eq!(no_room, "4 checks of contoso/praxis: probably application has no permission for the mailbox");
    }

    #[test]
    fn what_names_up_to_three_checks_and_else_counts_them() {
        let what =
            |mailboxes: &[&str], checks: &[Check]| of(&group(Reason::AuthRefused, Confidence::Certain, mailboxes, checks)).what;
        assert_eq!(what(&["praxis"], &[Check::Reach, Check::Pop3]), "POP3 of contoso/praxis (2 checks)");
        assert_eq!(what(&["praxis"], &[Check::Pop3]), "POP3 of contoso/praxis");
        let of_four = what(&["a", "b", "c", "d"], &[Check::Pop3, Check::Imap]);
        assert_eq!(of_four, "POP3 and IMAP of contoso/a, b, c and 1 more (8 checks)");
        let all = [Check::Pop3, Check::Imap, Check::Smtp, Check::Ews];
        assert_eq!(what(&["a", "b"], &all), "8 checks of contoso/a, b");
    }

    #[test]
    fn step_names_an_address_only_where_it_is_the_label() {
        let failed = |label: &str, address: &str| {
            let failure = Failure { phase: Phase::Auth, reason: Reason::MailboxNotFound, evidence: Evidence::default() };
            let outcome = Outcome::new(probe(label, Check::Pop3), SystemTime::UNIX_EPOCH, Verdict::Failed(failure));
            Outcome { address: Some(address.to_owned()), ..outcome }
        };
        for (label, address, named) in [
            ("praxis", "secret.name@contoso.example", "<address of praxis>"),
            ("praxis@contoso.example", "praxis@contoso.example", "praxis@contoso.example"),
        ] {
            let (outcome, limits) = (failed(label, address), Limits::default());
            let judged = [JudgedOutcome::new(&outcome, &limits, SystemTime::UNIX_EPOCH)];
            let group = group(Reason::MailboxNotFound, Confidence::Certain, &[label], &[Check::Pop3]);
            let step = Notification::new(&group, &OutcomeIndex::new(&judged)).step;
            assert!(step.contains(named) && (label == address || !step.contains(address)), "{step}");
        }
    }

    #[test]
    fn fragment_of_a_tenant_with_a_space_is_as_browsers_read_it() {
        let group = RootCauseGroup { tenant: "Con toso #1".into(), ..group(Reason::AuthRefused, Confidence::Certain, &[], &[]) };
        assert_eq!(of(&group).fragment, "cause-Con%20toso%20%231-auth_refused");
    }

    #[test]
    fn cut_leaves_whole_words() {
        assert_eq!(cut("create a new secret", 19), "create a new secret");
        assert_eq!(cut("create a new secret", 18), "create a new ...");
        assert_eq!(cut("create a new, secret", 17), "create a new ...");
        assert_eq!(first_clause("create a secret (Entra); copy it"), "create a secret");
        assert_eq!(cut_step("run Set-X -Y $true with care", 26), "run Set-X");
        assert_eq!(cut_step("run Set-X -Y $true", 26), "run Set-X -Y $true");
    }
}
