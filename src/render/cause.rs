//! What lies behind the failures in words, for every output that a person reads: causes that ask for the same move told once.

use std::collections::{HashMap, HashSet};

use super::remedy::Concern;
use super::{Judged, words};
use crate::diagnosis::{Confidence, RootCause, diagnose};
use crate::outcome::{Evidence, Outcome, ProbeId};
use crate::reason::Reason;

/// Names that are told one by one; of more, the number is.
const NAMED: usize = 3;

/// One reason in one tenant, with every mailbox it befell: a hundred mailboxes that lack the same thing are one matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// What it is.
    pub reason: Reason,
    /// How sure that is.
    pub confidence: Confidence,
    /// The tenant's name.
    pub tenant: String,
    /// The labels of the mailboxes it befell; empty where it concerns the tenant.
    pub mailboxes: Vec<String>,
    /// The failed probes it explains.
    pub explains: Vec<ProbeId>,
    /// What else it may be, the next best first.
    pub candidates: Vec<Reason>,
    /// What was seen where it shows best.
    pub evidence: Evidence,
}

impl Case {
    fn new(cause: RootCause) -> Self {
        let RootCause { reason, confidence, tenant, mailbox, explains, candidates, evidence } = cause;
        Self { reason, confidence, tenant, mailboxes: mailbox.into_iter().collect(), explains, candidates, evidence }
    }

    /// Whether `cause` is the same in another mailbox.
    fn is_alike(&self, cause: &RootCause) -> bool {
        let same = (self.reason, self.confidence, &self.tenant) == (cause.reason, cause.confidence, &cause.tenant);
        same && !self.mailboxes.is_empty() && cause.mailbox.is_some() && self.candidates == cause.candidates
    }

    /// The failed outcomes among `judged` that it explains.
    pub fn outcomes<'a>(&self, judged: &'a [Judged<'a>]) -> Vec<&'a Outcome> {
        outcomes(&self.explains, judged)
    }

    /// Whom and what its remedy is about.
    pub fn concern<'a>(&self, judged: &'a [Judged<'a>]) -> Concern<'a> {
        Concern::new(&self.tenant, self.reason, self.outcomes(judged), judged)
    }
}

/// Those of `probes` among `judged`.
pub fn outcomes<'a>(probes: &[ProbeId], judged: &'a [Judged<'a>]) -> Vec<&'a Outcome> {
    let wanted: HashSet<&ProbeId> = probes.iter().collect();
    judged.iter().map(|one| one.outcome).filter(|outcome| wanted.contains(&outcome.probe)).collect()
}

/// The root causes of all that failed among `judged`.
pub fn of(judged: &[Judged<'_>]) -> Vec<RootCause> {
    diagnose(judged.iter().map(|one| one.outcome))
}

/// The same causes, those that differ in nothing but the mailbox told as one.
pub fn cases(causes: &[RootCause]) -> Vec<Case> {
    let mut told: Vec<Case> = Vec::new();
    for cause in causes {
        match told.iter_mut().find(|known| known.is_alike(cause)) {
            Some(known) => {
                known.mailboxes.extend(cause.mailbox.clone());
                known.explains.extend_from_slice(&cause.explains);
            }
            None => told.push(Case::new(cause.clone())),
        }
    }
    told
}

/// What a run came to, in a sentence. Where others showed what lies behind a failure, that and its remedy take the place of its
/// own.
pub fn sentence(judged: &Judged<'_>, cases: &[Case]) -> String {
    words::told(judged, |failure| {
        let behind = |case: &&Case| case.explains.contains(&judged.outcome.probe) && case.reason != failure.reason;
        match cases.iter().find(behind) {
            Some(case) => {
                let what = format!("{} ({}): {}", case.reason, case.confidence.code(), case.reason.title());
                format!("{}; follows from {}: {what}; {}", words::cause(failure), place(case), case.reason.remedy())
            }
            None => words::failed(failure),
        }
    })
}

/// The tenant, or the mailboxes in it, that it concerns: `contoso`, `contoso/praxis`, `contoso/praxis, labor and 3 more`.
pub fn place(case: &Case) -> String {
    let mailboxes = match &case.mailboxes[..] {
        [] => String::new(),
        mailboxes => format!("/{}", some(mailboxes)),
    };
    words::one_line(&format!("{}{mailboxes}", case.tenant))
}

fn some(names: &[String]) -> String {
    let shown = names.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// `client_secret_expired, certain`.
pub fn name(case: &Case) -> String {
    format!("{}, {}", case.reason, case.confidence.code())
}

/// What else it may be, the next best first; `None` where nothing else is.
pub fn candidates(case: &Case) -> Option<String> {
    let codes: Vec<&str> = case.candidates.iter().copied().map(Reason::code).collect();
    (!codes.is_empty()).then(|| codes.join(", "))
}

/// The probes that it explains, as `token; praxis, labor: pop3, imap`.
pub fn explained(case: &Case) -> String {
    let told = by_checks(&case.explains).into_iter().map(|(checks, mailboxes)| {
        let who = if mailboxes.is_empty() { String::new() } else { some(&mailboxes) + ": " };
        who + &checks.join(", ")
    });
    words::one_line(&told.collect::<Vec<_>>().join("; "))
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

/// The numbers, from 1, of those among `cases` that explain each probe.
#[derive(Debug)]
pub struct Numbers<'a>(HashMap<&'a ProbeId, Vec<usize>>);

impl<'a> Numbers<'a> {
    /// Looks them all up at once.
    pub fn of(cases: &'a [Case]) -> Self {
        let mut numbers: HashMap<&ProbeId, Vec<usize>> = HashMap::new();
        for (number, case) in (1..).zip(cases) {
            case.explains.iter().for_each(|probe| numbers.entry(probe).or_default().push(number));
        }
        Self(numbers)
    }

    /// Of one probe; empty where none explains it.
    pub fn each(&self, probe: &ProbeId) -> &[usize] {
        self.0.get(probe).map_or(&[], Vec::as_slice)
    }

    /// Of one probe: `1, 3`; `None` where none explains it.
    pub fn told(&self, probe: &ProbeId) -> Option<String> {
        let numbers: Vec<String> = self.each(probe).iter().map(ToString::to_string).collect();
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

    fn case(mailboxes: &[&str], explains: Vec<ProbeId>) -> Case {
        Case {
            reason: Reason::MailboxPermissionMissing,
            confidence: Confidence::Likely,
            tenant: "t".into(),
            mailboxes: mailboxes.iter().map(ToString::to_string).collect(),
            explains,
            candidates: Vec::new(),
            evidence: Evidence::default(),
        }
    }

    #[test]
    fn mailboxes_with_the_same_checks_are_told_together_and_only_so_many() {
        let mut explains = vec![probe("", Check::Token), probe("", Check::Reach)];
        for mailbox in ["a", "b", "c", "d", "e"] {
            explains.extend([probe(mailbox, Check::Pop3), probe(mailbox, Check::Imap)]);
        }
        explains.push(probe("f", Check::Smtp));
        assert_eq!(explained(&case(&[], explains)), "token, reach; a, b, c and 2 more: pop3, imap; f: smtp");
    }

    #[test]
    fn a_place_names_the_first_mailboxes() {
        assert_eq!(place(&case(&[], Vec::new())), "t");
        assert_eq!(place(&case(&["a"], Vec::new())), "t/a");
        assert_eq!(place(&case(&["a", "b", "c", "d"], Vec::new())), "t/a, b, c and 1 more");
    }
}
