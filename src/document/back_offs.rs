//! The memory that a single `check` leaves to the next one, as JSON, written and read: the back-offs that servers asked for, since it must not
//! log in meanwhile, and since when what failed has been failing.

use std::borrow::Cow;
use std::collections::HashSet;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::{reason, time};
use crate::kind::Check;
use crate::outcome::{Outcome, rfc3339};
use crate::reason::Reason;
use crate::settings::ProbeSettings;
use crate::wire::MAX_BACK_OFF;

/// The mark of the format, by which a file of another program is told.
const FORMAT: &str = "m365-probe back-offs";
/// The version of the format.
const VERSION: u64 = 1;
/// Back-offs kept, those that last longest: some 300 bytes each, so that a whole file stays within 1 MiB.
const MOST: usize = 3000;

/// The time after which a failure that nobody has looked at again is forgotten: who checks less often than once a week does not ask
/// for how long something has lasted.
const REMEMBERED: Duration = Duration::from_secs(7 * 86_400);

/// The back-offs and the failures. Times are RFC 3339 in UTC.
#[derive(Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct BackOffs {
    format: Cow<'static, str>,
    version: u64,
    back_offs: Vec<BackOff>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    failing: Vec<Failing>,
}

/// A failure that goes on: of whom, since when, and when it was seen last.
#[derive(Debug, Serialize, Deserialize, PartialEq, Eq)]
struct Failing {
    #[serde(flatten)]
    target: Target,
    since: String,
    seen: String,
}

/// A back-off: who shall stay away from where, until when and why.
#[derive(Debug, Serialize, Deserialize, PartialEq, Eq)]
struct BackOff {
    #[serde(flatten)]
    target: Target,
    until: String,
    because: String,
}

/// The application and mailbox that an endpoint asked to stay away. Names of the configuration say nothing here: another one may
/// have others for the same.
#[derive(Debug, Serialize, Deserialize, PartialEq, Eq, Hash)]
struct Target {
    mailbox: Option<String>,
    check: String,
    endpoint: String,
    tenant_id: String,
    client_id: String,
}

impl Default for BackOffs {
    fn default() -> Self {
        Self { format: FORMAT.into(), version: VERSION, back_offs: Vec::new(), failing: Vec::new() }
    }
}

impl BackOffs {
    /// Parses JSON; `None` if it is damaged, or of another program or version.
    pub fn from_json(json: &[u8]) -> Option<Self> {
        serde_json::from_slice(json).ok().filter(|read: &Self| read.format == FORMAT && read.version == VERSION)
    }

    /// JSON, in one line.
    pub fn to_json(&self) -> Vec<u8> {
        let mut json = serde_json::to_vec(self).unwrap_or_default(); // texts and a number: JSON holds them all
        json.push(b'\n');
        json
    }

    /// Returns how long a probe shall stay away from `now` on, and why; `None` if it need not.
    pub fn of(&self, settings: &ProbeSettings, now: SystemTime) -> Option<(Duration, Reason)> {
        let target = Target::new(settings);
        let known = self.back_offs.iter().find(|back_off| back_off.target == target)?;
        Some((known.remaining(now)?, reason(&known.because).ok()?))
    }

    /// Returns the start of the first failed run of a probe that no success has followed; `None` if none is known.
    pub fn failing_since(&self, settings: &ProbeSettings) -> Option<SystemTime> {
        let target = Target::new(settings);
        let known = self.failing.iter().find(|failing| failing.target == target)?;
        time("since", &known.since).ok()
    }

    /// Reports whether a run has something to add or to take away.
    pub fn is_changed_by(&self, settings: &ProbeSettings, outcome: &Outcome) -> bool {
        outcome.failure().is_some() || outcome.is_ok() && self.failing_since(settings).is_some()
    }

    /// Adds what servers asked for in `runs` and which of them failed, and drops what is over `now`.
    pub fn note<'a>(&mut self, runs: &[(&'a ProbeSettings, &'a Outcome)], now: SystemTime) {
        self.note_failing(runs, now);
        let asked: Vec<BackOff> = runs.iter().filter_map(|(settings, outcome)| BackOff::asked(settings, outcome)).collect();
        let targets: HashSet<&Target> = asked.iter().map(|back_off| &back_off.target).collect();
        self.back_offs.retain(|known| !targets.contains(&known.target) && known.remaining(now).is_some());
        self.back_offs.extend(asked);
        self.back_offs.sort_by(|one, other| other.until.cmp(&one.until));
        self.back_offs.truncate(MOST);
    }

    fn note_failing(&mut self, runs: &[(&ProbeSettings, &Outcome)], now: SystemTime) {
        let ran = runs.iter().filter(|(_, outcome)| !outcome.is_skipped());
        let failing: Vec<(Target, Option<Failing>)> =
            ran.map(|(settings, outcome)| (Target::new(settings), self.failing_with(settings, outcome))).collect();
        let targets: HashSet<&Target> = failing.iter().map(|(target, _)| target).collect();
        let is_remembered = |seen: &str| {
            let age = time("seen", seen).map(|seen| now.duration_since(seen).unwrap_or_default());
            age.is_ok_and(|age| age <= REMEMBERED)
        };
        self.failing.retain(|known| !targets.contains(&known.target) && is_remembered(&known.seen));
        self.failing.extend(failing.into_iter().filter_map(|(_, failing)| failing));
        self.failing.sort_by(|one, other| other.seen.cmp(&one.seen));
        self.failing.truncate(MOST);
    }

    /// Returns the failure that a run begins or continues; `None` where it succeeded. A clock that was set back begins anew.
    fn failing_with(&self, settings: &ProbeSettings, outcome: &Outcome) -> Option<Failing> {
        outcome.failure()?;
        let since = self.failing_since(settings).filter(|since| *since <= outcome.at).unwrap_or(outcome.at);
        Some(Failing { target: Target::new(settings), since: rfc3339(since), seen: rfc3339(outcome.at) })
    }
}

impl BackOff {
    /// Returns what the server asked for in a run.
    fn asked(settings: &ProbeSettings, outcome: &Outcome) -> Option<Self> {
        let (failure, asked) = (outcome.failure()?, outcome.facts.back_off?);
        // Whole seconds are written: it must not end early.
        let until = rfc3339(outcome.at + outcome.took + asked + Duration::from_millis(999));
        Some(Self { target: Target::new(settings), until, because: failure.reason.code().to_owned() })
    }

    /// Returns the rest of it; `None` if it is over, or longer than any can be: then the clock was set.
    fn remaining(&self, now: SystemTime) -> Option<Duration> {
        let left = time("until", &self.until).ok()?.duration_since(now).ok()?;
        Some(left).filter(|left| !left.is_zero() && *left <= MAX_BACK_OFF + Duration::from_secs(1))
    }
}

impl Target {
    fn new(settings: &ProbeSettings) -> Self {
        let check: Check = settings.id.check;
        Self {
            mailbox: settings.address.as_ref().map(|address| address.to_ascii_lowercase()),
            check: check.name().to_owned(),
            endpoint: settings.endpoint(),
            tenant_id: settings.tenant.tenant_id.clone(),
            client_id: settings.tenant.client_id.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::cloud::Cloud;
    use crate::credential::SecretSource;
    use crate::outcome::{Evidence, Failure, Phase, ProbeId, SkipReason, Verdict};
    use crate::secret::Secret;
    use crate::settings::Tenant;

    const NOW: SystemTime = SystemTime::UNIX_EPOCH;

    fn settings(tenant: &str, mailbox: &str, check: Check) -> ProbeSettings {
        let cloud = Cloud::built_in("global").expect("built in");
        let secret = SecretSource::InMemory(Secret::new("secret"));
        let tenant = Tenant::new(tenant, cloud, "contoso.example", "client", secret);
        let id = ProbeId { tenant: tenant.name.clone(), mailbox: Some(mailbox.to_owned()), check };
        ProbeSettings::new(id, Arc::new(tenant), Some(format!("{mailbox}@contoso.example")))
    }

    fn throttled(settings: &ProbeSettings, asked: Duration) -> Outcome {
        let failure = Failure { phase: Phase::Auth, reason: Reason::Throttled, evidence: Evidence::default() };
        let mut outcome = Outcome::new(settings.id.clone(), NOW, Verdict::Failed(failure));
        outcome.facts.back_off = Some(asked);
        outcome
    }

    #[test]
    fn back_off_is_of_the_same_mailbox_and_check_under_any_name_until_it_is_over() {
        let (asked, pop3) = (Duration::from_secs(300), settings("contoso", "praxis", Check::Pop3));
        let mut noted = BackOffs::default();
        noted.note(&[(&pop3, &throttled(&pop3, asked))], NOW);
        let read = BackOffs::from_json(&noted.to_json()).expect("as written");
        assert_eq!(read, noted);
        for (name, mailbox, check, is_asked) in [
            ("contoso", "praxis", Check::Pop3, true),
            ("other", "PRAXIS", Check::Pop3, true),
            ("contoso", "praxis", Check::Imap, false),
            ("contoso", "info", Check::Pop3, false),
        ] {
            let settings = settings(name, mailbox, check);
            for (seconds, expected) in [(0, is_asked), (299, is_asked), (301, false)] {
                let found = read.of(&settings, NOW + Duration::from_secs(seconds));
                assert_eq!(found.is_some(), expected, "{name} {mailbox} {check} {seconds}");
                assert!(found.is_none_or(|(left, because)| left <= asked && because == Reason::Throttled));
            }
        }
    }

    #[test]
    fn failing_since_of_a_probe_is_its_first_failure_until_it_succeeds_or_is_forgotten() {
        let (pop3, other) = (settings("contoso", "praxis", Check::Pop3), settings("contoso", "praxis", Check::Imap));
        let at = |minutes: u64| NOW + Duration::from_secs(minutes * 60);
        let failed = |minutes| Outcome { at: at(minutes), ..throttled(&pop3, Duration::ZERO) };
        let mut noted = BackOffs::default();
        noted.note(&[(&pop3, &failed(0))], at(0));
        noted.note(&[(&pop3, &failed(5)), (&other, &Outcome::new(other.id.clone(), at(5), Verdict::Ok))], at(5));
        let read = BackOffs::from_json(&noted.to_json()).expect("as written");
        assert_eq!((read.failing_since(&pop3), read.failing_since(&other)), (Some(at(0)), None));
        let worked = Outcome::new(pop3.id.clone(), at(6), Verdict::Ok);
        assert!(read.is_changed_by(&pop3, &worked) && !read.is_changed_by(&other, &worked));
        let skip = Verdict::Skipped(SkipReason::BackOff { until: at(9), because: Reason::Throttled });
        noted.note(&[(&pop3, &Outcome::new(pop3.id.clone(), at(6), skip))], at(6));
        assert_eq!(noted.failing_since(&pop3), Some(at(0)), "a turn that was skipped ends nothing");
        noted.note(&[(&pop3, &worked)], at(6));
        assert_eq!(noted.failing_since(&pop3), None);
        noted.note(&[(&pop3, &failed(7))], at(7));
        noted.note(&[], at(8 * 24 * 60));
        assert_eq!(noted.failing_since(&pop3), None, "nobody has looked for a week");
    }

    #[test]
    fn back_offs_are_bounded_and_one_that_is_too_long_is_none() {
        let probe = |number: usize| settings("contoso", &format!("mailbox{number}"), Check::Pop3);
        let probes: Vec<_> = (0..MOST + 10).map(probe).collect();
        let asked = |number: usize| Duration::from_secs(if number < 10 { 60 } else { 90 });
        let runs: Vec<_> = probes.iter().enumerate().map(|(number, probe)| throttled(probe, asked(number))).collect();
        let mut noted = BackOffs::default();
        noted.note(&probes.iter().zip(&runs).collect::<Vec<_>>(), NOW);
        assert_eq!(noted.back_offs.len(), MOST);
        assert_eq!(noted.failing.len(), MOST);
        assert!(noted.to_json().len() < 2 << 20);
        let found = [0, 9, 10, MOST + 9].map(|number| noted.of(&probe(number), NOW).is_some());
        assert_eq!(found, [false, false, true, true], "those that last longest are kept");
        noted.note(&[(&probes[10], &throttled(&probes[10], MAX_BACK_OFF * 3))], NOW);
        assert_eq!(noted.of(&probes[10], NOW), None);
        noted.note(&[], NOW + Duration::from_secs(100));
        assert!(noted.back_offs.is_empty(), "all are over");
        for json in ["", "{}", "no JSON", "{\"format\":\"other\",\"version\":1,\"back_offs\":[]}"] {
            assert_eq!(BackOffs::from_json(json.as_bytes()), None, "{json}");
        }
    }
}
