//! The facts of a round trip: what was sent, what is pending, what arrived.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::json::{seconds_if_known, time_if_known};

/// The knowledge of a run of a round trip, some of it from earlier runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RoundTripFacts {
    /// The Message-ID of the last mail.
    pub message_id: Option<String>,
    /// The time at which the last mail was sent.
    #[serde(with = "time_if_known")]
    pub sent: Option<SystemTime>,
    /// The number of mails that were sent and have not been found yet: 0 or 1.
    pub pending: Option<u64>,
    /// The time at which a mail arrived last.
    #[serde(with = "time_if_known")]
    pub arrived: Option<SystemTime>,
    /// The time from the server's acceptance to the arrival, of the mail that this run has found.
    #[serde(rename = "arrival_seconds", with = "seconds_if_known")]
    pub arrival: Option<Duration>,
    /// The folder that it was found in.
    pub folder: Option<String>,
    /// The servers that it passed, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hops: Vec<HopFacts>,
    /// The number of mails of this program that the run has deleted.
    pub deleted: Option<u64>,
    /// The mails of this program that a search has found, each with its folder.
    #[serde(skip)]
    pub listed: Vec<String>,
    /// The time until which nothing is sent, after a refusal.
    #[serde(with = "time_if_known")]
    pub suspended_until: Option<SystemTime>,
}

/// A server that a mail passed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HopFacts {
    /// Its name.
    pub server: String,
    /// The time since the hop before it, by the clocks of both; absent for the first, and where they run apart.
    #[serde(default, rename = "seconds", with = "seconds_if_known")]
    pub after: Option<Duration>,
}

impl RoundTripFacts {
    /// Reports whether nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
