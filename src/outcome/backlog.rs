//! The mail that lies in a folder: how much, and since when.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::json::{seconds_if_known, time_if_known};

/// The mail in one folder, as a run found it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BacklogFacts {
    /// The folder's name, as configured.
    pub folder: String,
    /// The number of messages.
    pub messages: Option<u64>,
    /// The number of messages not read yet; POP3 does not tell.
    pub unread: Option<u64>,
    /// The time at which the oldest message was received; `None` in an empty folder, and where the message does not tell.
    #[serde(rename = "oldest_message", with = "time_if_known")]
    pub oldest: Option<SystemTime>,
    /// The age of the oldest message.
    #[serde(rename = "oldest_message_seconds", with = "seconds_if_known")]
    pub age: Option<Duration>,
}

impl BacklogFacts {
    /// Returns the mail in `folder`, of which the oldest message was received at `oldest`. A time after `now` is that of a clock that
    /// runs fast, or a lie: such a message has just been received.
    pub fn new(folder: &str, messages: Option<u64>, unread: Option<u64>, oldest: Option<SystemTime>, now: SystemTime) -> Self {
        let oldest = oldest.map(|oldest| oldest.min(now));
        let age = oldest.map(|oldest| now.duration_since(oldest).unwrap_or_default());
        Self { folder: folder.to_owned(), messages, unread, oldest, age }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backlog_with_a_message_of_the_future_has_the_age_zero() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_796_000_000);
        let age = |oldest| BacklogFacts::new("INBOX", Some(1), None, oldest, now).age;
        assert_eq!(age(Some(now - Duration::from_secs(90))), Some(Duration::from_secs(90)));
        assert_eq!(age(Some(now + Duration::from_secs(90))), Some(Duration::ZERO));
        assert_eq!(age(None), None);
    }
}
