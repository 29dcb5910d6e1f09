//! The application's registration as Microsoft Graph shows it.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::json::time_if_known;

/// The registration, where Graph was asked for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Registration {
    /// Graph showed it.
    Read {
        /// The time at which the application was registered.
        #[serde(default, with = "time_if_known")]
        created: Option<SystemTime>,
        /// Its secrets and certificates, in the order of the answer.
        credentials: Vec<CredentialFacts>,
    },
    /// The application may not read it: `Application.Read.All` of Microsoft Graph is not granted. Nothing is known then.
    NotPermitted,
    /// It is registered in another tenant, which alone can show it.
    Elsewhere,
    /// Graph could not be asked, or its answer not be read; in words.
    Unread(#[serde(with = "why")] String),
}

/// Serialises the obstacle of [`Registration::Unread`] under the key `why`.
mod why {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Why<T> {
        why: T,
    }

    pub fn serialize<S: Serializer>(why: &str, serializer: S) -> Result<S::Ok, S::Error> {
        Why { why }.serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
        Ok(Why::deserialize(deserializer)?.why)
    }
}

/// A secret or a certificate of an application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialFacts {
    /// The kind of credential: secret or certificate.
    #[serde(rename = "credential")]
    pub kind: CredentialKind,
    /// The time at which it expires; `None` where the answer does not say.
    #[serde(default, with = "time_if_known")]
    pub expires: Option<SystemTime>,
    /// True for the credential that we use, as far as its first characters tell.
    pub in_use: bool,
}

/// The kind of a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CredentialKind {
    /// A client secret.
    Secret,
    /// A certificate.
    Certificate,
}

impl CredentialKind {
    /// Both kinds.
    pub const ALL: &'static [Self] = &[Self::Secret, Self::Certificate];

    /// Its name in labels and in JSON.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Secret => "client_secret",
            Self::Certificate => "certificate",
        }
    }
}

impl Registration {
    /// Returns the time at which the secret in use expires: of several that begin alike, the first to end. One that has ended at
    /// `now` is not the one that a token was just issued for.
    pub fn in_use_expires(&self, now: SystemTime) -> Option<SystemTime> {
        let Self::Read { credentials, .. } = self else { return None };
        let alike = credentials.iter().filter(|credential| credential.in_use).filter_map(|credential| credential.expires);
        alike.filter(|expires| *expires > now).min()
    }

    /// Returns the earliest expiry after `now` among the credentials of `kind` that are not in use.
    pub fn next_of(&self, kind: CredentialKind, now: SystemTime) -> Option<SystemTime> {
        let Self::Read { credentials, .. } = self else { return None };
        let others = credentials.iter().filter(|credential| credential.kind == kind && !credential.in_use);
        others.filter_map(|credential| credential.expires).filter(|expires| *expires > now).min()
    }

    /// Returns the time at which the application was registered, where Graph showed it.
    pub fn created(&self) -> Option<SystemTime> {
        match self {
            Self::Read { created, .. } => *created,
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn in_use_expires_and_next_of_leave_out_expired_credentials() {
        let day = |days: u64| Some(SystemTime::UNIX_EPOCH + Duration::from_secs(86_400 * days));
        let one = |kind, days, in_use| CredentialFacts { kind, expires: day(days), in_use };
        let credentials = vec![
            one(CredentialKind::Secret, 40, true),
            one(CredentialKind::Secret, 30, true),
            one(CredentialKind::Secret, 9, true),
            one(CredentialKind::Secret, 5, false),
            one(CredentialKind::Secret, 20, false),
            one(CredentialKind::Certificate, 15, false),
        ];
        let read = Registration::Read { created: None, credentials };
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(86_400 * 10);
        assert_eq!(read.in_use_expires(now), day(30));
        assert_eq!(read.next_of(CredentialKind::Secret, now), day(20));
        assert_eq!(read.next_of(CredentialKind::Certificate, now), day(15));
        assert_eq!(Registration::NotPermitted.in_use_expires(now), None);
    }
}
