//! Root causes as outputs show them: those that differ in the mailbox alone are one.

use std::collections::HashMap;

use super::outcome_index::OutcomeIndex;
use super::remedy::{self, Concern};
use super::text::{count_of, one_line};
use super::{JudgedOutcome, sentence};
use crate::diagnosis::{self, Confidence, RootCause};
use crate::lang::{Lang, fill, list};
use crate::outcome::{Evidence, ProbeId};
use crate::reason::text::Piece;
use crate::reason::{CredentialForm, Owner, Reason};

/// Names that are listed one by one; of more, the number is given.
const NAMED: usize = 3;

/// A root cause in one tenant with every mailbox it concerns: a hundred mailboxes that lack the same thing are one matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootCauseGroup {
    /// The reason.
    pub reason: Reason,
    /// The confidence that the evidence allows.
    pub confidence: Confidence,
    /// The tenant's name.
    pub tenant: String,
    /// The labels of the mailboxes concerned; empty where it concerns the tenant.
    pub mailboxes: Vec<String>,
    /// The failed probes it explains.
    pub explains: Vec<ProbeId>,
    /// The number of further probes that it explains, where not all are listed.
    pub unlisted: usize,
    /// Other possible reasons, the next best first.
    pub candidates: Vec<Reason>,
    /// The evidence of the failure that shows it best.
    pub evidence: Evidence,
}

impl RootCauseGroup {
    /// Joins with another of the same tenant and reason; as sure as the less sure one.
    fn join(&mut self, other: Self) {
        if self.mailboxes.is_empty() || other.mailboxes.is_empty() {
            self.mailboxes.clear();
        } else {
            self.mailboxes.extend(other.mailboxes);
        }
        self.explains.extend(other.explains);
        self.unlisted += other.unlisted;
        if other.confidence < self.confidence {
            (self.confidence, self.candidates) = (other.confidence, other.candidates);
        }
    }

    fn new(cause: RootCause) -> Self {
        let RootCause { reason, confidence, tenant, mailbox, explains, unlisted, candidates, evidence } = cause;
        Self { reason, confidence, tenant, mailboxes: mailbox.into_iter().collect(), explains, unlisted, candidates, evidence }
    }

    /// The subject of its remedy: whom and what it is about.
    pub fn concern<'a>(&self, index: &OutcomeIndex<'a>) -> Concern<'a> {
        let concern = Concern::new(&self.tenant, self.reason, index.outcomes(&self.explains), index);
        concern.among(suspects(self.confidence, self.reason, &self.candidates))
    }
}

/// The root causes of all that failed among `judged`.
pub fn diagnose(judged: &[JudgedOutcome<'_>]) -> Vec<RootCause> {
    diagnosis::diagnose(judged.iter().map(|one| one.outcome))
}

/// Joins the causes that differ in nothing but the mailbox.
pub fn group(causes: &[RootCause]) -> Vec<RootCauseGroup> {
    let mut groups: Vec<RootCauseGroup> = Vec::new();
    let mut places: HashMap<_, usize> = HashMap::new();
    for cause in causes {
        let kind = (&cause.tenant, cause.reason, cause.confidence, &cause.candidates);
        let known = if cause.mailbox.is_some() { *places.entry(kind).or_insert(groups.len()) } else { groups.len() };
        match groups.get_mut(known) {
            Some(same) => {
                same.mailboxes.extend(cause.mailbox.clone());
                same.explains.extend_from_slice(&cause.explains);
                same.unlisted += cause.unlisted;
            }
            None => groups.push(RootCauseGroup::new(cause.clone())),
        }
    }
    groups
}

/// Joins the causes of each tenant and reason, the first that were found first.
pub fn group_by_reason(causes: &[RootCause]) -> Vec<RootCauseGroup> {
    let mut groups: Vec<RootCauseGroup> = Vec::new();
    let mut places: HashMap<(String, Reason), usize> = HashMap::new();
    for group in group(causes) {
        let place = *places.entry((group.tenant.clone(), group.reason)).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(same) => same.join(group),
            None => groups.push(group),
        }
    }
    groups
}

/// Returns the place of a root cause on the status page, which stays the same while it lasts: where notifications lead.
pub fn anchor(tenant: &str, reason: Reason) -> String {
    format!("cause-{tenant}-{reason}")
}

/// Reports whether the host and port belong to what is wrong: whoever looks after the network has to know them first.
pub fn is_about_its_peer(group: &RootCauseGroup) -> bool {
    group.reason.owner() == Owner::Network
}

/// Returns the names that the cause is about, in English: `login.microsoftonline.com and 3 more`; `None` where it is about none.
pub fn names(group: &RootCauseGroup, index: &OutcomeIndex<'_>) -> Option<String> {
    const NAMED: usize = 1;
    let concern = remedy::is_about_names(group.reason).then(|| group.concern(index))?;
    let names: Vec<String> = concern.names().map(one_line).collect();
    (!names.is_empty()).then(|| list(&names, NAMED, Lang::En))
}

/// A root cause with the texts about it that rest on all that it explains, made once for however many outcomes that is.
#[derive(Debug)]
pub struct ToldCause<'a> {
    /// The root cause.
    pub group: &'a RootCauseGroup,
    /// The first step as the page of the root cause has it: where to go or what to type.
    pub whole_first_step: String,
    first_step: String,
    names: Option<String>,
}

impl<'a> ToldCause<'a> {
    /// Makes the texts about `group`, with the ids of `index`.
    pub fn new(group: &'a RootCauseGroup, index: &OutcomeIndex<'_>) -> Self {
        Self {
            group,
            whole_first_step: whole_first_step(group, index),
            first_step: first_step_with_ids(group, index),
            names: names(group, index),
        }
    }
}

/// Returns a run's result in a sentence. Where `explaining`, the root causes of a failure, say more than it does, the first that
/// does and its remedy take the place of the failure's own; one that is not certain says so in words. Who must act and since when
/// follow the remedy.
pub fn sentence(judged: &JudgedOutcome<'_>, explaining: &[&ToldCause<'_>]) -> String {
    sentence::sentence_with(judged, |failure| {
        let other = explaining.iter().find(|told| told.group.reason != failure.reason);
        let Some(ToldCause { group, first_step, names, .. }) = other.or(explaining.first()) else {
            return sentence::failure(judged, failure);
        };
        let headline = headline(group, Lang::En);
        let cause = match (other, group.confidence) {
            (Some(_), confidence) => {
                format!("; follows from {}: {} ({}): {headline}", place(group), group.reason, confidence.code())
            }
            (None, Confidence::Certain) => String::new(),
            (None, _) => format!("; {headline}"),
        };
        let names = names.as_ref().map(|names| format!(" ({names})")).unwrap_or_default();
        let consequence = sentence::reason_and_phase(failure) + &names;
        let (who, since) = (sentence::who_must_act(group.reason), sentence::since(judged, failure.reason));
        format!("{consequence}{cause}; {first_step}{who}{since}")
    })
}

/// Returns what it is, in words as sure as it is: the reason's title, `probably …`, or `one of: …; …`.
pub fn headline(group: &RootCauseGroup, lang: Lang) -> String {
    let title = |reason: Reason| reason.text(lang).title;
    let texts = &lang.texts().common;
    match (group.confidence, &group.candidates[..]) {
        (Confidence::Certain, _) => title(group.reason).to_owned(),
        (Confidence::Likely, _) => fill(texts.probably, &[("title", title(group.reason))]),
        (Confidence::Possible, []) => fill(texts.possibly, &[("title", title(group.reason))]),
        (Confidence::Possible, candidates) => {
            let titles: Vec<&str> = std::iter::once(&group.reason).chain(candidates).take(NAMED).copied().map(title).collect();
            let more = if candidates.len() >= NAMED { "; …" } else { "" };
            fill(texts.one_of, &[("titles", &(titles.join("; ") + more))])
        }
    }
}

/// Returns the first step in a line, where the application signs in with this `credential`: of a cause that is one of several, the
/// cmdlets whose output tells which.
pub fn first_step(group: &RootCauseGroup, credential: Option<CredentialForm>) -> String {
    let remedy = group.reason.remedy_with(credential);
    match (group.confidence, &telling_cmdlets(group)[..]) {
        (Confidence::Possible, cmdlets @ [_, _, ..]) => format!("see which it is: {}", cmdlets.join(", ")),
        (_, [cmdlet, ..]) if !remedy.contains(cmdlet) => format!("check {cmdlet}, then {remedy}"),
        _ => remedy.to_owned(),
    }
}

/// The same with the reader's own ids, as far as `index` has them.
pub fn first_step_with_ids(group: &RootCauseGroup, index: &OutcomeIndex<'_>) -> String {
    let concern = group.concern(index);
    concern.with_ids(&first_step(group, concern.credential()))
}

/// Returns the first step as the page of the root cause has it: where to go or what to type.
pub fn whole_first_step(group: &RootCauseGroup, index: &OutcomeIndex<'_>) -> String {
    let lines = group.concern(index).remedy_lines(group.reason.text(Lang::En), Lang::En);
    lines.into_iter().next().unwrap_or_default()
}

/// Returns the cmdlets whose output tells which of several reasons it is, that of the likeliest first; none where it is known.
pub fn telling_cmdlets(group: &RootCauseGroup) -> Vec<&'static str> {
    let signs = suspects(group.confidence, group.reason, &group.candidates);
    let mut cmdlets: Vec<&str> =
        signs.iter().filter_map(|reason| reason.sign(None, Lang::En)?.0.iter().find_map(Piece::cmdlet)).collect();
    cmdlets.dedup();
    cmdlets
}

/// Returns the reasons among which a cause that is not certain is still to be found, as far as each has a sign of its own; empty
/// where fewer than two have.
pub fn suspects(confidence: Confidence, reason: Reason, candidates: &[Reason]) -> Vec<Reason> {
    let all = std::iter::once(reason).chain(candidates.iter().copied());
    let signed: Vec<Reason> = all.filter(|one| confidence != Confidence::Certain && one.sign(None, Lang::En).is_some()).collect();
    if signed.len() < 2 { Vec::new() } else { signed }
}

/// The tenant, or the mailboxes in it, that it concerns: `contoso`, `contoso/praxis`, `contoso/praxis, labor and 3 more`.
pub fn place(group: &RootCauseGroup) -> String {
    let mailboxes = match &group.mailboxes[..] {
        [] => String::new(),
        mailboxes => format!("/{}", first_names(mailboxes)),
    };
    one_line(&format!("{}{mailboxes}", group.tenant))
}

fn first_names(names: &[String]) -> String {
    let shown = names.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// `client_secret_expired, certain`.
pub fn name(group: &RootCauseGroup) -> String {
    format!("{}, {}", group.reason, group.confidence.code())
}

/// Returns the codes of the other possible reasons, the next best first; `None` where there is no other.
pub fn candidates(group: &RootCauseGroup) -> Option<String> {
    let codes: Vec<&str> = group.candidates.iter().copied().map(Reason::code).collect();
    (!codes.is_empty()).then(|| codes.join(", "))
}

/// The probes that it explains, as `token; praxis, labor: pop3, imap`.
pub fn explained_probes(group: &RootCauseGroup) -> String {
    let parts = by_checks(&group.explains).into_iter().map(|(checks, mailboxes)| {
        let who = if mailboxes.is_empty() { String::new() } else { first_names(&mailboxes) + ": " };
        who + &checks.join(", ")
    });
    let further = (group.unlisted > 0).then(|| format!("and {} more", count_of(group.unlisted as u64, "check")));
    one_line(&parts.chain(further).collect::<Vec<_>>().join("; "))
}

/// The checks of the tenant, then those of its mailboxes: mailboxes with the same checks together.
pub fn by_checks(probes: &[ProbeId]) -> Vec<(Vec<&'static str>, Vec<String>)> {
    let mut order: Vec<Option<&str>> = Vec::new();
    let mut checks: HashMap<Option<&str>, Vec<&'static str>> = HashMap::new();
    for probe in probes {
        let mailbox = probe.mailbox.as_deref();
        let same = checks.entry(mailbox).or_default();
        if same.is_empty() {
            order.push(mailbox);
        }
        same.push(probe.check.name());
    }
    let mut groups: Vec<(Vec<&'static str>, Vec<String>)> = Vec::new();
    for mailbox in order {
        let checks = checks.remove(&mailbox).unwrap_or_default();
        let alike = groups.iter_mut().find(|(same, mailboxes)| *same == checks && !mailboxes.is_empty());
        match (mailbox, alike) {
            (Some(mailbox), Some((_, mailboxes))) => mailboxes.push(mailbox.to_owned()),
            (mailbox, _) => groups.push((checks, mailbox.into_iter().map(ToOwned::to_owned).collect())),
        }
    }
    groups
}

/// The numbers, from 1, of those among `groups` that explain each probe.
#[derive(Debug)]
pub struct CauseNumbers<'a> {
    groups: &'a [RootCauseGroup],
    of_probes: HashMap<&'a ProbeId, Vec<usize>>,
}

impl<'a> CauseNumbers<'a> {
    /// Looks them all up at once.
    pub fn new(groups: &'a [RootCauseGroup]) -> Self {
        let mut of_probes: HashMap<&ProbeId, Vec<usize>> = HashMap::new();
        for (number, group) in (1..).zip(groups) {
            group.explains.iter().for_each(|probe| of_probes.entry(probe).or_default().push(number));
        }
        Self { groups, of_probes }
    }

    /// Returns the root causes that explain one probe.
    pub fn groups(&self, probe: &ProbeId) -> Vec<&'a RootCauseGroup> {
        self.of_probe(probe).iter().filter_map(|number| self.groups.get(number.checked_sub(1)?)).collect()
    }

    /// Of one probe; empty where none explains it.
    pub fn of_probe(&self, probe: &ProbeId) -> &[usize] {
        self.of_probes.get(probe).map_or(&[], Vec::as_slice)
    }

    /// Of one probe: `1, 3`; `None` where none explains it.
    pub fn text(&self, probe: &ProbeId) -> Option<String> {
        let numbers: Vec<String> = self.of_probe(probe).iter().map(ToString::to_string).collect();
        (!numbers.is_empty()).then(|| numbers.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Check;

    fn probe(mailbox: &str, check: Check) -> ProbeId {
        ProbeId { tenant: "t".into(), mailbox: (!mailbox.is_empty()).then(|| mailbox.to_owned()), check }
    }

    fn group(mailboxes: &[&str], explains: Vec<ProbeId>) -> RootCauseGroup {
        RootCauseGroup {
            reason: Reason::MailboxPermissionMissing,
            confidence: Confidence::Likely,
            tenant: "t".into(),
            mailboxes: mailboxes.iter().map(ToString::to_string).collect(),
            explains,
            unlisted: 0,
            candidates: Vec::new(),
            evidence: Evidence::default(),
        }
    }

    #[test]
    fn explained_probes_joins_mailboxes_with_the_same_checks_and_names_three() {
        let mut explains = vec![probe("", Check::Token), probe("", Check::Reach)];
        for mailbox in ["a", "b", "c", "d", "e"] {
            explains.extend([probe(mailbox, Check::Pop3), probe(mailbox, Check::Imap)]);
        }
        explains.push(probe("f", Check::Smtp));
        assert_eq!(explained_probes(&group(&[], explains)), "token, reach; a, b, c and 2 more: pop3, imap; f: smtp");
    }

    #[test]
    fn place_of_four_mailboxes_names_the_first_three() {
        assert_eq!(place(&group(&[], Vec::new())), "t");
        assert_eq!(place(&group(&["a"], Vec::new())), "t/a");
        assert_eq!(place(&group(&["a", "b", "c", "d"], Vec::new())), "t/a, b, c and 1 more");
    }

    #[test]
    fn headline_and_first_step_are_as_sure_as_the_cause() {
        let of = |confidence, candidates: &[Reason]| {
            let group = RootCauseGroup { confidence, candidates: candidates.to_vec(), ..group(&[], Vec::new()) };
            (headline(&group, Lang::En), first_step(&group, None))
        };
        let title = Reason::MailboxPermissionMissing.title();
        let remedy = Reason::MailboxPermissionMissing.remedy().to_owned();
        let all = [Reason::ProtocolDisabled, Reason::MailboxNotFound, Reason::PropagationPending];
        assert_eq!(of(Confidence::Certain, &[]), (title.to_owned(), remedy.clone()));
        let look_first = format!("check Get-MailboxPermission, then {remedy}");
        assert_eq!(of(Confidence::Likely, &all), (format!("probably {title}"), look_first));
        assert_eq!(of(Confidence::Possible, &[]), (format!("possibly {title}"), remedy));
        let (headline, step) = of(Confidence::Possible, &all[..1]);
        assert_eq!(headline, format!("one of: {title}; {}", Reason::ProtocolDisabled.title()));
        assert_eq!(step, "see which it is: Get-MailboxPermission, Get-CASMailbox");
        assert!(of(Confidence::Possible, &all).0.ends_with("; …"));
    }

    #[test]
    fn suspects_of_a_certain_cause_are_none() {
        let (reason, others) = (Reason::MailboxPermissionMissing, [Reason::ProtocolDisabled]);
        assert_eq!(suspects(Confidence::Certain, reason, &others), []);
        assert_eq!(suspects(Confidence::Likely, reason, &[]), []);
        assert_eq!(suspects(Confidence::Likely, Reason::AuthRefused, &others), [], "one sign decides nothing");
        assert_eq!(suspects(Confidence::Likely, reason, &others), [reason, Reason::ProtocolDisabled]);
    }
}
