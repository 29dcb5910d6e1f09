//! Reads the ceilings, and the age up to which `/probe` gives an outcome again.

use std::time::Duration;

use crate::ceiling::{self, Subject};
use crate::settings::{Ceilings, ProbeSettings};

use super::mistake::Position;
use super::quoted::Quoted;
use super::reader::{Fields, Reader};
use super::value::{MaxAge, PerHour};

/// The ceilings in `defaults`, and their places in the file.
#[derive(Clone, Copy, Default)]
pub(super) struct CeilingsRead {
    /// The ceilings that are written.
    pub ceilings: Ceilings,
    /// The age up to which `/probe` gives an outcome again.
    pub probe_max_age: Option<Duration>,
    places: [Option<Position>; Subject::ALL.len()],
}

impl CeilingsRead {
    pub(super) fn read(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Self {
        let found = Subject::ALL.map(|subject| reader.one::<PerHour>(fields, subject.key()));
        let places = found.each_ref().map(|found| found.as_ref().map(|found| found.at));
        let [logins_per_hour, token_requests_per_hour] = found.map(|found| found.map(|found| found.value.0));
        let probe_max_age = reader.one::<MaxAge>(fields, "probe_max_age").map(|found| found.value.0);
        Self { ceilings: Ceilings { logins_per_hour, token_requests_per_hour }, probe_max_age, places }
    }

    /// Warns of a ceiling below what the schedule needs: some of its runs will not take place.
    pub(super) fn warn_low(&self, reader: &mut Reader<'_>, probes: &[ProbeSettings]) {
        if self.places.iter().all(Option::is_none) {
            return;
        }
        let scheduled = ceiling::scheduled(probes.iter());
        for (subject, at) in Subject::ALL.into_iter().zip(self.places) {
            let of_subject = scheduled.iter().filter(|(key, _)| key.subject == subject);
            let most = of_subject.max_by_key(|(key, needed)| (**needed, std::cmp::Reverse(key.name())));
            let ceiling = subject.configured(self.ceilings);
            let Some((ceiling, (key, needed))) = ceiling.zip(most).filter(|(ceiling, (_, needed))| ceiling < needed) else {
                continue;
            };
            let name = Quoted::value(key.name());
            let message = format!(
                "`{ceiling}` is less than what the checks of `{name}` need by themselves, {needed}; some of their runs will not take place"
            );
            reader.warning(at, &format!("defaults.{}", subject.key()), message);
        }
    }
}
