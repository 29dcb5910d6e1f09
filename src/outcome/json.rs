//! The JSON forms of plain data: times in RFC 3339, durations in seconds, enums by their codes.
//!
//! Reading is lenient where a newer version may say more: a value that is not understood here is absent.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::{CredentialKind, DnsFacts, Family, NameSource, Phase, SupportId, SupportIds};
use crate::reason::Reason;

/// 10000-01-01T00:00:00Z, in seconds since 1970.
const YEAR_10000: u64 = 253_402_300_800;

/// RFC 3339, UTC, to the second: `2026-11-23T17:59:49Z`. `unknown` before 1970 and after 9999: a clock or a certificate
/// may be that wrong.
pub fn rfc3339(at: SystemTime) -> String {
    let is_written = at.duration_since(SystemTime::UNIX_EPOCH).is_ok_and(|since| since.as_secs() < YEAR_10000);
    if is_written { humantime::format_rfc3339_seconds(at).to_string() } else { "unknown".to_owned() }
}

/// Parses an RFC 3339 time; `None` where it is not one.
pub fn parse_rfc3339(text: &str) -> Option<SystemTime> {
    humantime::parse_rfc3339(text).ok()
}

/// Seconds to the microsecond: what lies below is noise.
pub fn seconds(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1e6
}

/// Parses seconds that are the length of something.
pub fn parse_seconds(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds).ok()
}

/// Gives enums that have `ALL` and `code()` their form in JSON: the code.
macro_rules! json_by_code {
    ($($name:ty),+) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.code())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let code = Cow::<str>::deserialize(deserializer)?;
                let known = Self::ALL.iter().copied().find(|one| one.code() == code);
                known.ok_or_else(|| D::Error::custom("a code that is not known here"))
            }
        }
    )+};
}

json_by_code!(CredentialKind, Family, NameSource, Phase, Reason, SupportId);

/// A time that is always there.
pub(super) mod time {
    use serde::de::Error as _;

    use super::{Cow, Deserialize, Deserializer, Serialize, Serializer, SystemTime, parse_rfc3339, rfc3339};

    pub fn serialize<S: Serializer>(at: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
        rfc3339(*at).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SystemTime, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        parse_rfc3339(&text).ok_or_else(|| D::Error::custom("a time that is not RFC 3339"))
    }
}

/// A time that may be absent; one that cannot be read is.
pub(super) mod time_if_known {
    use super::{Deserialize, Deserializer, Serialize, Serializer, SystemTime, parse_rfc3339, rfc3339};

    #[allow(clippy::ref_option)] // serde hands the field over as it is
    pub fn serialize<S: Serializer>(at: &Option<SystemTime>, serializer: S) -> Result<S::Ok, S::Error> {
        at.map(rfc3339).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SystemTime>, D::Error> {
        Ok(Option::<String>::deserialize(deserializer)?.as_deref().and_then(parse_rfc3339))
    }
}

/// A duration that may be absent, in seconds to the microsecond; one that cannot be read is.
pub(super) mod seconds_if_known {
    use super::{Deserialize, Deserializer, Duration, Serialize, Serializer, parse_seconds, seconds};

    #[allow(clippy::ref_option)] // serde hands the field over as it is
    pub fn serialize<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
        duration.map(seconds).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<f64>::deserialize(deserializer)?.and_then(parse_seconds))
    }
}

/// A duration of whole seconds that may be absent.
pub(super) mod whole_seconds_if_known {
    use super::{Deserialize, Deserializer, Duration, Serialize, Serializer};

    #[allow(clippy::ref_option)] // serde hands the field over as it is
    pub fn serialize<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
        duration.map(|duration| duration.as_secs()).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<u64>::deserialize(deserializer)?.map(Duration::from_secs))
    }
}

/// A phase and the reason it failed for, which may be absent.
pub(super) mod failed_step {
    use super::{Deserialize, Deserializer, Phase, Reason, Serialize, Serializer, if_understood};

    #[derive(Serialize, Deserialize)]
    struct Step {
        phase: Phase,
        reason: Reason,
    }

    #[allow(clippy::ref_option, clippy::trivially_copy_pass_by_ref)] // serde hands the field over as it is
    pub fn serialize<S: Serializer>(failed: &Option<(Phase, Reason)>, serializer: S) -> Result<S::Ok, S::Error> {
        failed.map(|(phase, reason)| Step { phase, reason }).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<(Phase, Reason)>, D::Error> {
        Ok(if_understood::<Step, D>(deserializer)?.map(|step| (step.phase, step.reason)))
    }
}

/// Reads what may say more in a newer version; what is not understood here is absent.
pub(super) fn if_understood<'de, T: DeserializeOwned, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    Ok(serde_json::from_value(Value::deserialize(deserializer)?).ok())
}

/// Reads a list without the items that are not understood here.
pub(super) fn items_understood<'de, T: DeserializeOwned, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let items = Vec::<Value>::deserialize(deserializer)?;
    Ok(items.into_iter().filter_map(|item| serde_json::from_value(item).ok()).collect())
}

/// Reads identifiers, without those that only another version knows.
pub(super) fn ids_understood<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SupportIds, D::Error> {
    let ids = serde_json::Map::deserialize(deserializer)?;
    let known = |code: &str| SupportId::ALL.iter().copied().find(|id| id.code() == code);
    Ok(ids.into_iter().filter_map(|(code, id)| Some((known(&code)?, id.as_str()?.to_owned()))).collect())
}

/// Writes identifiers in the alphabetical order of their names.
pub(super) fn ids_by_name<S: Serializer>(ids: &SupportIds, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(ids.iter().map(|(id, value)| (id.code(), value)).collect::<std::collections::BTreeMap<_, _>>())
}

/// Writes answers to DNS questions, each with what its chain of names shows.
pub(super) fn dns_with_chain<S: Serializer>(answers: &[DnsFacts], serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Answer<'a> {
        #[serde(flatten)]
        answer: &'a DnsFacts,
        first_hop: Option<&'a String>,
        front_end: Option<String>,
    }
    let shown = |answer: &'_ DnsFacts| -> Value {
        let shown = Answer { answer, first_hop: answer.chain.first(), front_end: answer.front_end() };
        serde_json::to_value(shown).unwrap_or_default()
    };
    serializer.collect_seq(answers.iter().map(shown))
}

/// Writes an object in the alphabetical order of its keys, without what is not known: `null`, at any depth.
///
/// # Errors
/// Those of the serializer.
pub fn known_by_name<T: Serialize, S: Serializer>(object: &T, serializer: S) -> Result<S::Ok, S::Error> {
    let mut object = serde_json::to_value(object).map_err(serde::ser::Error::custom)?;
    remove_nulls(&mut object);
    object.serialize(serializer)
}

fn remove_nulls(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.retain(|_, value| !value.is_null());
            object.values_mut().for_each(remove_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(remove_nulls),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc3339_of_a_time_outside_1970_to_9999_is_unknown() {
        assert_eq!(rfc3339(SystemTime::UNIX_EPOCH), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(SystemTime::UNIX_EPOCH - Duration::from_secs(1)), "unknown");
        assert_eq!(rfc3339(SystemTime::UNIX_EPOCH + Duration::from_secs(YEAR_10000)), "unknown");
    }

    #[test]
    fn facts_with_what_only_a_newer_version_knows_are_read_without_it() {
        let text = r#"{ "new": 1, "registration": { "state": "moved" }, "credential_expires": "soon",
            "token": { "cached": true, "new": [] }, "server": { "ids": { "session": "s", "moon": "m", "proxy": 1 } },
            "dns": [ { "host": "h", "resolver": "system", "family": "ipv6", "addresses": [], "chain": [], "failed": "eclipse" },
                     { "host": "h", "resolver": "system", "family": "ipv8", "addresses": [], "chain": [] } ],
            "endpoints": [ { "host": "h", "port": 1, "failed": { "phase": "tls", "reason": "eclipse" },
                             "certificate": { "subject": "s", "not_after": "unknown" } } ] }"#;
        let facts: super::super::Facts = serde_json::from_str(text).expect("readable");
        assert!(facts.token.is_some_and(|token| token.cached && token.roles.is_none()));
        assert_eq!((facts.registration, facts.credential_expires), (None, None));
        assert_eq!(facts.server.ids, SupportIds::from([(SupportId::Session, "s".to_owned())]));
        assert_eq!((facts.dns.len(), facts.dns[0].failed), (1, None));
        let [endpoint] = &facts.endpoints[..] else { panic!("{:?}", facts.endpoints) };
        assert_eq!((&endpoint.certificate, endpoint.failed), (&None, None));
    }
}
