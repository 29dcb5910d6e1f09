//! The plugin's `-t`: how long a run may take, and what it is when it took longer.

use std::str::FromStr;
use std::time::Duration;

use super::State;

/// `SECONDS|DURATION[:STATE]`: `30`, `2.5`, `1m30s`, `10:unknown`, `10s:3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeout {
    /// What a run is given; never zero.
    pub after: Duration,
    /// What a run is that used it up: goes into [`Limits::timed_out`](super::Limits::timed_out).
    pub state: State,
}

impl Default for Timeout {
    /// Well under the 60 s after which Nagios kills a plugin.
    fn default() -> Self {
        Self { after: Duration::from_secs(30), state: State::Critical }
    }
}

impl FromStr for Timeout {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (time, state) = match text.split_once(':') {
            Some((time, state)) => (time, state.parse()?),
            None => (text, Self::default().state),
        };
        let wrong = || format!("`{time}` is no time to wait; write seconds (`30`) or a duration (`1m30s`), more than zero");
        // The plugin guidelines' bare number means seconds; humantime wants a unit.
        let after = match time.parse() {
            Ok(seconds) => Duration::try_from_secs_f64(seconds).ok(),
            Err(_) => humantime::parse_duration(time).ok(),
        };
        let after = after.filter(|after| !after.is_zero()).ok_or_else(wrong)?;
        Ok(Self { after, state })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_or_a_duration_and_perhaps_a_state() {
        for (text, millis, state) in [
            ("30", 30_000, State::Critical),
            ("2.5", 2_500, State::Critical),
            ("1m30s", 90_000, State::Critical),
            ("10:unknown", 10_000, State::Unknown),
            ("10s:3", 10_000, State::Unknown),
            ("500ms:WARNING", 500, State::Warning),
        ] {
            assert_eq!(text.parse(), Ok(Timeout { after: Duration::from_millis(millis), state }), "{text}");
        }
        for text in ["", "0", "-1", "nan", "inf", "1e400", "soon", ":critical", "10:", "10:4", "10:critical:1"] {
            assert!(text.parse::<Timeout>().is_err(), "{text}");
        }
    }
}
