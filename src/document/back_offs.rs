//! The back-offs that servers asked a single `check` for, as JSON, written and read: the next one must not log in meanwhile.

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

/// The back-offs. Times are RFC 3339 in UTC.
#[derive(Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct BackOffs {
    format: Cow<'static, str>,
    version: u64,
    back_offs: Vec<BackOff>,
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
        Self { format: FORMAT.into(), version: VERSION, back_offs: Vec::new() }
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

    /// Adds what servers asked for in `runs`, and drops what is over `now`. Returns false where they asked for nothing.
    pub fn note<'a>(&mut self, runs: impl IntoIterator<Item = (&'a ProbeSettings, &'a Outcome)>, now: SystemTime) -> bool {
        let asked: Vec<BackOff> = runs.into_iter().filter_map(|(settings, outcome)| BackOff::asked(settings, outcome)).collect();
        let targets: HashSet<&Target> = asked.iter().map(|back_off| &back_off.target).collect();
        self.back_offs.retain(|known| !targets.contains(&known.target) && known.remaining(now).is_some());
        let is_asked = !asked.is_empty();
        self.back_offs.extend(asked);
        self.back_offs.sort_by(|one, other| other.until.cmp(&one.until));
        self.back_offs.truncate(MOST);
        is_asked
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
    use crate::outcome::{Evidence, Failure, Phase, ProbeId, Verdict};
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
        assert!(noted.note([(&pop3, &throttled(&pop3, asked))], NOW));
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
    fn back_offs_are_bounded_and_one_that_is_too_long_is_none() {
        let probe = |number: usize| settings("contoso", &format!("mailbox{number}"), Check::Pop3);
        let probes: Vec<_> = (0..MOST + 10).map(probe).collect();
        let asked = |number: usize| Duration::from_secs(if number < 10 { 60 } else { 90 });
        let runs: Vec<_> = probes.iter().enumerate().map(|(number, probe)| throttled(probe, asked(number))).collect();
        let mut noted = BackOffs::default();
        assert!(noted.note(probes.iter().zip(&runs), NOW));
        assert_eq!(noted.back_offs.len(), MOST);
        assert!(noted.to_json().len() < 1 << 20);
        let found = [0, 9, 10, MOST + 9].map(|number| noted.of(&probe(number), NOW).is_some());
        assert_eq!(found, [false, false, true, true], "those that last longest are kept");
        noted.note([(&probes[10], &throttled(&probes[10], MAX_BACK_OFF * 3))], NOW);
        assert_eq!(noted.of(&probes[10], NOW), None);
        assert!(!noted.note([], NOW + Duration::from_secs(100)) && noted.back_offs.is_empty(), "all are over");
        for json in ["", "{}", "no JSON", "{\"format\":\"other\",\"version\":1,\"back_offs\":[]}"] {
            assert_eq!(BackOffs::from_json(json.as_bytes()), None, "{json}");
        }
    }
}
