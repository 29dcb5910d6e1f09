//! Outcomes as JSON, both ways: `check --output json`, `doctor --output json` and `/api/v1/outcomes` write what
//! `check --from` reads.
//!
//! Each type here is written and read. What an outcome or a root cause says by itself is both; what is derived from it (its
//! state, titles, remedies) is written for those who read with other programs, and worked out anew where it is read. Keys
//! that are not known are passed over: a newer version may write more. Transcripts stay with the process that ran.

mod back_offs;
mod cause;
mod outcome;
mod state;

use std::borrow::Cow;
use std::io::Write as _;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

pub use self::back_offs::BackOffs;
pub use self::cause::{CauseEntry, KnownApplication};
pub use self::outcome::OutcomeEntry;
pub use self::state::{State, Unreadable};
use crate::compressed::{CompressedText, CompressingWriter};
use crate::diagnosis::RootCause;
use crate::kind::Check;
use crate::lang::Lang;
use crate::outcome::{Outcome, ProbeId, SkipReason, Verdict, parse_rfc3339, rfc3339, seconds};
use crate::phase::Phase;
use crate::reason::Reason;
use crate::report::JudgedOutcome;
use crate::report::outcome_index::OutcomeIndex;
use crate::report::probe_state::ProbeState;
use crate::sanitize::one_line;
use crate::store::ProbeEntry as StoredProbe;

/// The version of the format. Keys may be added under one version, never changed or removed.
const SCHEMA: u64 = 1;

/// A whole document. Times are RFC 3339 in UTC, durations are seconds.
#[derive(Debug, Serialize, Deserialize)]
pub struct Document<'a> {
    schema: u64,
    at: String,
    #[serde(skip_deserializing)]
    ok: bool,
    /// The root causes that the diagnosis found; empty where nothing failed.
    pub root_causes: Vec<CauseEntry<'a>>,
    /// The last outcome of each probe.
    pub outcomes: Vec<OutcomeEntry<'a>>,
    /// Probes of a service that have not run yet; `None` where no service speaks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pending: Option<Vec<ProbeEntry<'a>>>,
}

impl<'a> Document<'a> {
    /// The outcomes of one run each, and the root causes that were found in them or where more was known. Texts of root
    /// causes are in `lang`.
    pub fn of_runs(judged: &'a [JudgedOutcome<'a>], causes: &'a [RootCause], now: SystemTime, lang: Lang) -> Self {
        let outcomes = judged.iter().map(OutcomeEntry::new).collect();
        let index = OutcomeIndex::new(judged);
        Self::new(outcomes, causes.iter().map(|cause| CauseEntry::new(cause, &index, lang)).collect(), None, now)
    }

    /// A service's knowledge of `probes`: the last outcome of each, with its interval and whether it is current, and the probes
    /// that have not run yet. `judged` are all outcomes that the causes were found in.
    pub fn of_service(
        probes: &[&'a StoredProbe],
        causes: &'a [RootCause],
        judged: &'a [JudgedOutcome<'a>],
        now: SystemTime,
    ) -> Self {
        let (mut outcomes, mut pending) = (Vec::new(), Vec::new());
        for probe in probes {
            let (settings, state) = (&probe.settings, ProbeState::new(probe, now));
            match &state {
                ProbeState::NotRun => pending.push(ProbeEntry::new(&settings.id, settings.address.as_deref())),
                ProbeState::Current(last) | ProbeState::Stale(last) => {
                    let is_current = matches!(state, ProbeState::Current(_));
                    outcomes.push(OutcomeEntry::new(last).of_service(seconds(probe.interval()), is_current));
                }
            }
        }
        let index = OutcomeIndex::new(judged);
        let causes = causes.iter().map(|cause| CauseEntry::new(cause, &index, Lang::En));
        Self::new(outcomes, causes.collect(), Some(pending), now)
    }

    fn new(
        outcomes: Vec<OutcomeEntry<'a>>,
        root_causes: Vec<CauseEntry<'a>>,
        pending: Option<Vec<ProbeEntry<'a>>>,
        now: SystemTime,
    ) -> Self {
        let ok = !outcomes.is_empty() && outcomes.iter().all(OutcomeEntry::is_good);
        Self { schema: SCHEMA, at: rfc3339(now), ok, root_causes, outcomes, pending }
    }

    /// JSON, indented, to its last line feed.
    pub fn to_json(&self) -> String {
        // Strings, numbers and maps with text keys: there is nothing here that JSON cannot hold.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}

impl Document<'_> {
    /// The same as [`to_json`](Self::to_json), compressed while it is written.
    pub fn to_compressed_json(&self) -> CompressedText {
        let mut text = CompressingWriter::default();
        let _ = serde_json::to_writer_pretty(&mut text, self); // nothing can fail, see there
        let _ = text.write_all(b"\n");
        text.finish()
    }
}

impl Document<'static> {
    /// Parses JSON.
    ///
    /// # Errors
    /// For a person: it is no such document, or of another version of the format.
    pub fn from_json(body: &[u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Version {
            schema: u64,
        }
        let unreadable = |error: serde_json::Error| {
            format!("the answer is not that of m365-probe ({error}); is it m365-probe that listens there?")
        };
        let Version { schema } = serde_json::from_slice(body).map_err(unreadable)?;
        if schema != SCHEMA {
            return Err(format!(
                "it speaks version {schema} of the format, and this program {SCHEMA}; use the same version of both"
            ));
        }
        serde_json::from_slice(body).map_err(unreadable)
    }

    /// Returns the time at which the document was written, by its writer's clock.
    ///
    /// # Errors
    /// For a person: that is not readable.
    pub fn at(&self) -> Result<SystemTime, String> {
        time("at", &self.at)
    }
}

/// A probe: the keys that tell whose outcome something is.
#[derive(Debug, Serialize, Deserialize)]
pub struct ProbeEntry<'a> {
    /// The probe's path: `contoso/praxis/pop3`.
    pub probe: String,
    /// The tenant's name.
    pub tenant: Cow<'a, str>,
    /// The mailbox's label; `None` for checks of the tenant.
    pub mailbox: Option<Cow<'a, str>>,
    /// The mailbox's address.
    pub address: Option<Cow<'a, str>>,
    /// The check's name.
    pub check: Cow<'a, str>,
}

impl<'a> ProbeEntry<'a> {
    fn new(id: &'a ProbeId, address: Option<&'a str>) -> Self {
        Self {
            probe: id.to_string(),
            tenant: (&*id.tenant).into(),
            mailbox: id.mailbox.as_deref().map(Into::into),
            address: address.map(Into::into),
            check: id.check.name().into(),
        }
    }

    fn id(&self) -> Result<ProbeId, String> {
        let check = Check::from_name(&self.check).ok_or_else(|| unknown("check", &self.check))?;
        Ok(ProbeId { tenant: self.tenant.to_string(), mailbox: self.mailbox.as_deref().map(Into::into), check })
    }

    /// The outcome of a probe that had not run yet `at` that time.
    ///
    /// # Errors
    /// For a person: the check is not known here.
    pub fn not_run_yet(self, at: SystemTime) -> Result<Outcome, String> {
        let address = self.address.as_deref().map(Into::into);
        Ok(Outcome { address, ..Outcome::new(self.id()?, at, Verdict::Skipped(SkipReason::NotYet)) })
    }
}

fn missing(key: &str) -> String {
    format!("the answer lacks a readable `{key}`; use the same version of m365-probe there and here")
}

fn unknown(what: &str, code: &str) -> String {
    format!("the {what} `{}` is not known here; use the same version of m365-probe there and here", one_line(code, 60))
}

fn time(key: &str, text: &str) -> Result<SystemTime, String> {
    parse_rfc3339(text).ok_or_else(|| missing(key))
}

fn reason(code: &str) -> Result<Reason, String> {
    Reason::from_code(code).ok_or_else(|| unknown("reason", code))
}

fn phase(code: &str) -> Result<Phase, String> {
    Phase::ALL.iter().copied().find(|phase| phase.code() == code).ok_or_else(|| unknown("phase", code))
}
