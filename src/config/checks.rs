//! Reads lists of checks into the settings of each.

use std::num::NonZeroUsize;
use std::time::Duration;

use crate::cloud::Cloud;
use crate::kind::Check;
use crate::levels::Limits;
use crate::settings::{Folder, ProbeSettings, RoundTrip, Settings};
use crate::spelling::did_you_mean;

use super::backlog;
use super::catalogue::{Level, Section, checks_of, level_of};
use super::ceilings::CeilingsRead;
use super::clouds::missing_endpoint;
use super::quoted::{self, Quoted};
use super::reader::{Fields, Found, Reader, invalid_value, numbered};
use super::round_trip;
use super::tree::{Content, Entry, Node};
use super::value::{self, InFlight, Interval, Limit, Timeout, Value as _};

/// Interval and timeout of checks that have none of their own, and the bounds of all.
#[derive(Clone, Copy)]
pub(super) struct Defaults {
    interval: Duration,
    timeout: Duration,
    /// The most runs at once, over all checks.
    pub in_flight: NonZeroUsize,
    /// The ceilings, and what belongs to them.
    pub ceilings: CeilingsRead,
}

impl Default for Defaults {
    fn default() -> Self {
        let (interval, timeout) = (ProbeSettings::INTERVAL, ProbeSettings::TIMEOUT);
        Self { interval, timeout, in_flight: Settings::IN_FLIGHT, ceilings: CeilingsRead::default() }
    }
}

/// The shortest inherited interval of `token`: a fresh token every minute from every probe would look like an attack, and five
/// minutes find a lost secret soon enough.
const TOKEN_INTERVAL: Duration = Duration::from_secs(300);

/// The settings of one check.
pub(super) struct CheckSettings {
    pub check: Check,
    pub interval: Duration,
    pub timeout: Duration,
    pub limits: Limits,
    pub folder: Folder,
    pub backlog: Vec<String>,
    pub round_trip: RoundTrip,
}

impl CheckSettings {
    /// Returns the checks whose servers it speaks to: a round trip has two, and none of its own.
    fn services(&self) -> Vec<Check> {
        match self.check {
            Check::RoundTrip => vec![self.round_trip.send_by, self.round_trip.by],
            check => vec![check],
        }
    }
}

impl Defaults {
    /// Reads the `defaults` section.
    pub(super) fn read(reader: &mut Reader<'_>, node: Option<&Node>) -> Self {
        let Some(node) = node else { return Self::default() };
        let fields = reader.section(node, Section::Defaults, "defaults");
        let (interval, timeout) = timing(reader, &fields, Self::default());
        let in_flight = reader.one::<InFlight>(&fields, "in_flight").map_or(Settings::IN_FLIGHT, |found| found.value.0);
        Self { interval, timeout, in_flight, ceilings: CeilingsRead::read(reader, &fields) }
    }

    /// Returns the settings of a check that has no options.
    pub(super) fn settings_for(self, check: Check) -> CheckSettings {
        let Self { interval, timeout, .. } = self.for_check(check);
        CheckSettings {
            check,
            interval,
            timeout: timeout.min(interval),
            limits: Limits::default(),
            folder: Folder::default(),
            backlog: Vec::new(),
            round_trip: RoundTrip::default(),
        }
    }

    fn for_check(self, check: Check) -> Self {
        let least = match check {
            Check::Token => TOKEN_INTERVAL,
            Check::RoundTrip => RoundTrip::INTERVAL,
            _ => Duration::ZERO,
        };
        let interval = self.interval.max(least);
        Self { interval, ..self }
    }

    /// Returns the same with another timeout, and an interval that is no shorter.
    pub(super) fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, interval: self.interval.max(timeout), ..self }
    }
}

/// Reads interval and timeout of a map. A run ends before the next one begins: a timeout that is written is at most the
/// interval, one that is inherited is cut to it.
fn timing(reader: &mut Reader<'_>, fields: &Fields<'_>, inherited: Defaults) -> (Duration, Duration) {
    let interval = reader.one::<Interval>(fields, "interval").map_or(inherited.interval, |found| found.value.0);
    let Some(Found { at, key, value: Timeout(timeout) }) = reader.one::<Timeout>(fields, "timeout") else {
        return (interval, inherited.timeout.min(interval));
    };
    if timeout > interval {
        let [timeout, interval] = [timeout, interval].map(humantime::format_duration);
        reader.mistake(
            at,
            &key,
            format!("`{timeout}` is longer than the interval, {interval}; a run ends before the next one begins"),
        );
    }
    (interval, timeout)
}

/// Reads `checks`; where it is absent, returns the level's default checks for which the cloud has a server.
///
/// `cloud` is `None` where it was not understood: then no check counts as missing from it.
pub(super) fn read(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    level: Level,
    defaults: Defaults,
    cloud: Option<&Cloud>,
) -> Vec<CheckSettings> {
    let mut checks = CheckReader { reader, level, defaults, cloud };
    match fields.entry("checks") {
        Some(entry) => checks.list(&entry.value, &fields.key("checks")),
        None => checks.by_default(fields),
    }
}

/// A reader of the checks of a tenant or of a mailbox. A check that is left out is wrong, and a mistake is recorded for it.
struct CheckReader<'r, 'a> {
    reader: &'r mut Reader<'a>,
    level: Level,
    defaults: Defaults,
    cloud: Option<&'r Cloud>,
}

impl CheckReader<'_, '_> {
    fn by_default(&mut self, fields: &Fields<'_>) -> Vec<CheckSettings> {
        let by_default = checks_of(self.level).filter(|check| check.kind().by_default && self.is_offered(*check));
        let checks: Vec<_> = by_default.map(|check| self.defaults.settings_for(check)).collect();
        if let (Some(cloud), true) = (self.cloud, checks.is_empty()) {
            let message = format!("the cloud `{}` names no server that a mailbox can be checked on", Quoted::value(&cloud.name));
            self.reader.mistake(fields.at, &fields.path, message);
        }
        checks
    }

    fn is_offered(&self, check: Check) -> bool {
        self.cloud.is_none_or(|cloud| check.is_offered_by(cloud))
    }

    fn list(&mut self, node: &Node, path: &str) -> Vec<CheckSettings> {
        let Content::List(items) = &node.content else {
            let message = format!("{} where a list of checks belongs; {}", node.content.name(), names(self.level));
            self.reader.mistake(node.at, path, message);
            return Vec::new();
        };
        if items.is_empty() && self.level == Level::Mailbox {
            self.reader.mistake(node.at, path, format!("the list is empty; {}", names(self.level)));
        }
        let mut checks: Vec<CheckSettings> = Vec::new();
        for (path, item) in numbered(path, items) {
            let Some(settings) = self.item(item, &path) else { continue };
            let check = settings.check;
            let missing = settings.services().into_iter().find(|check| !self.is_offered(*check));
            if let Some((cloud, missing)) = self.cloud.zip(missing) {
                self.reader.mistake(item.at, &path, missing_endpoint(cloud, missing));
            } else if checks.iter().any(|other| other.check == check) {
                self.reader.mistake(item.at, &path, format!("`{check}` occurs twice in this list"));
            } else {
                checks.push(settings);
            }
        }
        checks
    }

    /// Reads one item: a name, or a map of one name to its options.
    fn item(&mut self, item: &Node, path: &str) -> Option<CheckSettings> {
        match &item.content {
            Content::Scalar(name) => {
                let check = find(name, self.level).map_err(|message| self.reader.mistake(item.at, path, message));
                check.ok().map(|check| self.defaults.settings_for(check))
            }
            Content::Map(entries) => self.map(item, entries, path),
            other => {
                let message = format!("{} where a check belongs: a name, or a map of one name to its options", other.name());
                self.reader.mistake(item.at, path, message);
                None
            }
        }
    }

    fn map(&mut self, item: &Node, entries: &[Entry], path: &str) -> Option<CheckSettings> {
        match entries {
            [entry] => self.with_options(entry, path),
            [first, second, ..] if Check::from_name(&first.key).is_some() && matches!(first.value.content, Content::Empty) => {
                let message =
                    format!("indent `{}` further: the options of `{}` stand below it", Quoted::value(&second.key), first.key);
                self.reader.mistake(second.at, path, message);
                None
            }
            _ => {
                self.reader.mistake(item.at, path, "a check is a name, or a map of one name to its options");
                None
            }
        }
    }

    fn with_options(&mut self, entry: &Entry, path: &str) -> Option<CheckSettings> {
        let path = format!("{path}.{}", Quoted::value(&entry.key));
        let check = find(&entry.key, self.level).map_err(|message| self.reader.mistake(entry.at, &path, message)).ok();
        let fields = self.reader.section(&entry.value, Section::Check, &path);
        let inherited = check.map_or(self.defaults, |check| self.defaults.for_check(check));
        let (interval, timeout) = timing(self.reader, &fields, inherited);
        let folder = self.folder(&fields, check);
        let backlog = backlog::read(self.reader, &fields, check);
        let round_trip = round_trip::read(self.reader, &fields, check);
        if check == Some(Check::RoundTrip) && interval < RoundTrip::SPACING {
            let message = format!(
                "`{}` is too short; between two mails lie at least {}",
                humantime::format_duration(interval),
                humantime::format_duration(RoundTrip::SPACING)
            );
            self.reader.mistake(fields.at, &fields.key("interval"), message);
        }
        let limits = limits(self.reader, &fields);
        let check = check?;
        backlog::require(self.reader, &fields, check, &limits);
        Some(CheckSettings { check, interval, timeout, limits, folder, backlog, round_trip })
    }

    fn folder(&mut self, fields: &Fields<'_>, check: Option<Check>) -> Folder {
        let Some(found) = self.reader.one::<value::Folder>(fields, "folder") else { return Folder::default() };
        if let Some(check) = check.filter(|check| !check.is_api()) {
            let names: Vec<_> = Check::ALL.iter().filter(|check| check.is_api()).map(|check| check.name()).collect();
            let message = format!("`{check}` opens no folder; it is an option of {}", names.join(" and "));
            self.reader.mistake(found.at, &found.key, message);
        }
        found.value.0
    }
}

/// Returns the check of that name and level.
///
/// # Errors
/// The message for a name that is no check, or one of the other level.
pub(super) fn find(name: &str, level: Level) -> Result<Check, String> {
    match Check::from_name(name) {
        Some(check) if level_of(check) == level => Ok(check),
        Some(check) => {
            Err(format!("`{name}` is a check of a {}, not of a {}; {}", level_of(check).name(), level.name(), names(level)))
        }
        None => Err(unknown(name, &names(level), checks_of(level))),
    }
}

/// Returns the check of that name, whatever its level.
///
/// # Errors
/// The message for a name that is no check.
pub(super) fn find_any(name: &str) -> Result<Check, String> {
    let checks = Check::ALL.iter().copied();
    Check::from_name(name).ok_or_else(|| {
        let names = checks.clone().map(Check::name).collect::<Vec<_>>().join(", ");
        unknown(name, &format!("the checks are {names}"), checks)
    })
}

fn unknown(name: &str, allowed: &str, among: impl Iterator<Item = Check>) -> String {
    let hint = did_you_mean(name, among.map(Check::name));
    let hint = hint.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
    format!("`{}` is not a check; {allowed}{hint}", Quoted::value(name))
}

fn names(level: Level) -> String {
    let names: Vec<_> = checks_of(level).map(Check::name).collect();
    format!("the checks of a {} are {}", level.name(), names.join(", "))
}

fn limits(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Limits {
    let warning = ranges(reader, fields, "warning");
    let critical = ranges(reader, fields, "critical");
    match Limits::parse(&warning, &critical) {
        Ok(limits) => {
            limits.hints().iter().for_each(|hint| reader.warning(fields.at, &fields.path, hint));
            limits
        }
        Err(message) => {
            reader.mistake(fields.at, &fields.path, message);
            Limits::default()
        }
    }
}

/// Reads the ranges of one key, without those that are wrong by themselves.
fn ranges(reader: &mut Reader<'_>, fields: &Fields<'_>, name: &str) -> Vec<String> {
    let mut ranges = Vec::new();
    for (path, node) in reader.one_or_list(fields, name) {
        let Some(found) = reader.scalar::<Limit>(node, &path) else { continue };
        match Limits::parse(std::slice::from_ref(&found.value.0), &[]) {
            Ok(_) => ranges.push(found.value.0),
            // The parser of limits quotes what it does not understand.
            Err(_) if quoted::may_be_secret(&found.value.0) => {
                reader.mistake(found.at, &path, invalid_value(&found.value.0, &Limit::FORMAT, ""));
            }
            Err(message) => reader.mistake(found.at, &path, message),
        }
    }
    ranges
}
