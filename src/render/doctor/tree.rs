//! The chain as a tree: tenant, mailbox, check, and the time of every phase in a column of its own.
//!
//! A check that is well takes a line; one that failed takes one more where it adds something to the root cause that explains it.
//! Mailboxes that fared alike are folded where there are many.

use std::collections::{HashMap, HashSet};

use super::cause::{best_evidence, column, exchange};
use super::layout::{Ink, Layout, Style};
use super::{columns::Columns, observations, shown};
use crate::kind::Check;
use crate::lang::{fill, list};
use crate::levels::{State, secret_refusal};
use crate::outcome::{Evidence, Failure, Outcome, SkipReason, Verdict};
use crate::reason::{Reason, Severity};
use crate::report::outcome_index::OutcomeIndex;
use crate::report::root_cause::{CauseNumbers, RootCauseGroup};
use crate::report::{JudgedOutcome, expiry, term, text};

/// Mailboxes of a tenant that are shown one by one, whatever they have in common.
const FEW: usize = 5;

/// Of mailboxes that fared alike, so many are shown.
const OF_MANY: usize = 1;

/// Names of folded mailboxes that are listed.
const NAMED: usize = 3;

/// The whole tree, each tenant with its own columns.
pub fn draw(out: &mut Layout, index: &OutcomeIndex<'_>, causes: &[RootCauseGroup], style: &Style) {
    let judged = index.judged();
    let texts = &style.lang.texts().doctor;
    if judged.is_empty() {
        return;
    }
    out.gap();
    out.heading(0, Ink::Head, texts.chain);
    let mut tree = Tree {
        out,
        numbers: CauseNumbers::new(causes),
        best: causes.iter().map(|cause| best_evidence(cause, index).0).collect(),
        written: HashSet::new(),
        heard: HashSet::new(),
        columns: Columns::default(),
        style,
    };
    for tenant in judged.chunk_by(|one, other| one.outcome.probe.tenant == other.outcome.probe.tenant) {
        tree.tenant(tenant);
    }
    out.gap();
    out.prose("", if causes.is_empty() { texts.legend_well } else { texts.legend });
    if !style.everything {
        out.prose("", texts.more_with_v);
    }
}

struct Tree<'a> {
    out: &'a mut Layout,
    numbers: CauseNumbers<'a>,
    /// The evidence that is shown of each root cause.
    best: Vec<&'a Evidence>,
    /// The lines that are not written again: of a root cause's number and a reason, the title once, and then what each check
    /// heard.
    written: HashSet<(usize, Reason, Option<Check>)>,
    /// The number of a case, and what some check heard.
    heard: HashSet<(Vec<usize>, Option<String>)>,
    columns: Columns,
    style: &'a Style,
}

impl Tree<'_> {
    fn tenant(&mut self, judged: &[JudgedOutcome<'_>]) {
        let name = judged.first().map(|one| text::one_line(&one.outcome.probe.tenant)).unwrap_or_default();
        let states = judged.iter().map(|one| state(one, self.numbers.of_probe(&one.outcome.probe), self.style).1);
        self.columns = Columns::fitting(judged, column(states.collect::<Vec<_>>().iter().map(String::as_str)), self.style);
        self.out.gap();
        for line in self.columns.head(&name, self.style) {
            let line = self.out.paint(Ink::Head, &line);
            self.out.line(&line);
        }
        // What the configuration says of a secret that Entra refuses is worth nothing.
        let is_refused = judged.iter().any(|one| secret_refusal(one.outcome).is_some());
        let secret = judged.iter().find_map(|one| expiry::secret_date(one, self.style.lang)).filter(|_| !is_refused);
        let own = judged.iter().take_while(|one| one.outcome.probe.mailbox.is_none()).count();
        let (own, mailboxes) = judged.split_at(own);
        let texts = &self.style.lang.texts().doctor;
        let certificate = judged.iter().find_map(|one| Some((one, one.outcome.facts.certificate.as_ref()?)));
        let certificate = certificate.map(|(one, certificate)| {
            let end = expiry::date_and_distance(certificate.not_after, one, self.style.lang);
            format!("{}: {end}", texts.client_certificate_expires)
        });
        let secret = secret.map(|secret| format!("{}: {secret}", texts.secret_expires));
        for line in secret.into_iter().chain(certificate) {
            let bar = if judged.is_empty() { "   " } else { "│  " };
            self.out.hanging(bar, bar, &line);
        }
        let groups: Vec<&[JudgedOutcome<'_>]> =
            mailboxes.chunk_by(|one, other| one.outcome.probe.mailbox == other.outcome.probe.mailbox).collect();
        for (index, one) in own.iter().enumerate() {
            self.check(one, "", index + 1 == own.len() && groups.is_empty());
        }
        self.mailboxes(&groups);
    }

    fn mailboxes(&mut self, groups: &[&[JudgedOutcome<'_>]]) {
        let folding = groups.len() > FEW && !self.style.everything;
        let mut alike: Vec<Vec<&[JudgedOutcome<'_>]>> = Vec::new();
        let mut places: HashMap<Vec<ProbeResult>, usize> = HashMap::new();
        for group in groups {
            let next = alike.len();
            let place = if folding { *places.entry(self.results(group)).or_insert(next) } else { next };
            match alike.get_mut(place) {
                Some(members) => members.push(group),
                None => alike.push(vec![group]),
            }
        }
        for (index, members) in alike.iter().enumerate() {
            let last = index + 1 == alike.len();
            let shown = if members.len() > OF_MANY + 1 { OF_MANY } else { members.len() };
            let (shown, folded) = members.split_at(shown);
            for (index, group) in shown.iter().enumerate() {
                self.mailbox(group, last && folded.is_empty() && index + 1 == shown.len());
            }
            self.folded(folded, last);
        }
    }

    fn folded(&mut self, groups: &[&[JudgedOutcome<'_>]], last: bool) {
        let names: Vec<String> = groups.iter().filter_map(|group| Some(group.first()?.outcome)).map(label).collect();
        if names.is_empty() {
            return;
        }
        let who = list(&names, NAMED, self.style.lang);
        let text = self.style.lang.texts().doctor.alike.with(names.len(), &[("who", &who)]);
        let below = if last { "   " } else { "│  " };
        self.out.hanging(branch(last), below, &text);
    }

    fn mailbox(&mut self, judged: &[JudgedOutcome<'_>], last: bool) {
        let Some(outcome) = judged.first().map(|one| one.outcome) else { return };
        let name = label(outcome);
        let address = outcome.address.as_deref().map(text::one_line).filter(|address| *address != name);
        let address = address.map(|address| format!("  {address}")).unwrap_or_default();
        self.out.line(&format!("{}{name}{address}", branch(last)));
        for (index, one) in judged.iter().enumerate() {
            self.check(one, if last { "   " } else { "│  " }, index + 1 == judged.len());
        }
    }

    fn check(&mut self, judged: &JudgedOutcome<'_>, before: &str, last: bool) {
        let outcome = judged.outcome;
        let numbers = self.numbers.of_probe(&outcome.probe).to_vec();
        let name = format!("{before}{}{}", branch(last), outcome.probe.check);
        let state = state(judged, &numbers, self.style);
        self.columns.row(self.out, &name, &state, outcome, self.style);
        let below = format!("{before}{}    ", if last { "   " } else { "│  " });
        match &outcome.verdict {
            Verdict::Failed(failure) => self.failure(outcome, failure, &numbers, &below),
            Verdict::Skipped(skip) => self.out.hanging(&below, &below, &skipped(skip, self.style)),
            Verdict::Ok => {}
        }
        if self.style.everything {
            self.transcript(outcome, &below);
            self.rows(observations::fact_lines(judged, self.style), &below);
        }
    }

    /// Writes the lines sent (`>`) and received (`<`), and what happened between them (`*`).
    fn transcript(&mut self, outcome: &Outcome, below: &str) {
        let texts = &self.style.lang.texts().doctor;
        for (line, left_out) in outcome.facts.transcript.lines() {
            self.out.line(&format!(
                "{below}{:>8} {} {}",
                line.phase.code(),
                text::mark(line.speaker),
                shown(&line.text, self.style)
            ));
            if left_out > 0 {
                self.out.line(&format!("{below}{:>8} {}", "", texts.left_out.of(left_out)));
            }
        }
    }

    /// Writes what the root cause has not said yet: another reason, another reply.
    fn failure(&mut self, outcome: &Outcome, failure: &Failure, numbers: &[usize], below: &str) {
        let texts = &self.style.lang.texts().doctor;
        let causes = self.numbers.groups(&outcome.probe);
        let is_new_reason = self.is_new(numbers, failure.reason, None);
        if self.style.everything || is_new_reason && !causes.iter().any(|cause| cause.reason == failure.reason) {
            let during = fill(texts.failed_in, &[("phase", term::phase(failure.phase, self.style.lang))]);
            let title = failure.reason.text(self.style.lang).title;
            self.out.hanging(below, below, &format!("{during}: {title} ({})", failure.reason));
        }
        let mut lines = exchange(&failure.evidence, self.style);
        if !self.style.everything {
            let mut best = numbers.iter().filter_map(|number| self.best.get(number.checked_sub(1)?));
            let known = best.any(|best| says_the_same(best, &failure.evidence));
            let new = self.is_new(numbers, failure.reason, Some(outcome.probe.check)) && !known;
            let new = new && self.heard.insert((numbers.to_vec(), failure.evidence.heard.clone()));
            lines.retain(|(name, _)| *name == texts.heard && new);
        }
        let ids = failure.evidence.ids.iter().filter(|_| self.style.everything);
        let ids = ids.map(|(name, value)| (name.label(self.style.lang).to_owned(), shown(value, self.style)));
        self.rows(lines.into_iter().map(|(name, value)| (name.to_owned(), value)).chain(ids).collect(), below);
    }

    fn is_new(&mut self, numbers: &[usize], reason: Reason, check: Option<Check>) -> bool {
        let numbers = if numbers.is_empty() { &[0] } else { numbers };
        let mut new = false;
        for number in numbers {
            new |= self.written.insert((*number, reason, check));
        }
        new
    }

    fn rows(&mut self, rows: Vec<(String, String)>, below: &str) {
        let names = column(rows.iter().map(|(name, _)| &**name));
        for (name, value) in rows {
            let name = self.out.paint(Ink::Faint, &format!("{name:<names$}"));
            self.out.line(&format!("{below}{name}  {value}"));
        }
    }

    /// Returns the results of a mailbox's checks: mailboxes with the same ones are folded into one line.
    fn results(&self, group: &[JudgedOutcome<'_>]) -> Vec<ProbeResult> {
        let results = |one: &JudgedOutcome<'_>| {
            let probe = &one.outcome.probe;
            let reason = one.outcome.failure().map(|failure| failure.reason);
            (probe.check, one.state(), reason, self.numbers.of_probe(probe).to_vec())
        };
        group.iter().map(results).collect()
    }
}

/// Check, state, reason and the numbers of what explains it.
type ProbeResult = (Check, State, Option<Reason>, Vec<usize>);

/// Reports whether two replies say the same: ids and times differ in each, and more may follow in one.
fn says_the_same(one: &Evidence, other: &Evidence) -> bool {
    let (heard, also) = (one.heard.as_deref().unwrap_or_default(), other.heard.as_deref().unwrap_or_default());
    one.code.is_some() && one.code == other.code || also == heard || !heard.is_empty() && also.starts_with(heard)
}

fn branch(last: bool) -> &'static str {
    if last { "└─ " } else { "├─ " }
}

/// The mailbox's name in the configuration.
fn label(outcome: &Outcome) -> String {
    text::one_line(outcome.probe.mailbox_label())
}

fn skipped(skip: &SkipReason, style: &Style) -> String {
    let texts = &style.lang.texts().doctor;
    match skip {
        SkipReason::BackOff { until, because } => {
            fill(texts.back_off, &[("until", &text::time(*until)), ("because", because.text(style.lang).title)])
        }
        SkipReason::Busy => texts.busy.to_owned(),
        SkipReason::Missed => texts.missed.to_owned(),
        SkipReason::Hanging => texts.hanging.to_owned(),
        SkipReason::Stale { since } => fill(texts.stale, &[("at", &text::time(*since))]),
        SkipReason::NotYet => texts.not_yet.to_owned(),
    }
}

/// Returns the state of a check for its column: a word with its colour, and the numbers of the root causes.
fn state(judged: &JudgedOutcome<'_>, numbers: &[usize], style: &Style) -> (Ink, String) {
    let texts = &style.lang.texts().doctor;
    let because: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    let because = if because.is_empty() { String::new() } else { format!(" → {}", because.join(", ")) };
    match &judged.outcome.verdict {
        Verdict::Failed(failure) if failure.reason.severity() == Severity::Degraded => {
            (Ink::Fair, texts.degraded.to_owned() + &because)
        }
        Verdict::Failed(_) => (Ink::Bad, texts.failed.to_owned() + &because),
        Verdict::Skipped(_) => (Ink::Odd, texts.not_run.to_owned()),
        Verdict::Ok => match judged.state() {
            State::Ok => (Ink::Good, texts.ok.to_owned()),
            State::Warning => (Ink::Fair, texts.warning.to_owned()),
            State::Critical => (Ink::Bad, texts.critical.to_owned()),
            State::Unknown => (Ink::Odd, texts.unknown.to_owned()),
        },
    }
}
