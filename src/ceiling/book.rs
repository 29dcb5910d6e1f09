//! The accounts of all mailboxes and applications, one each, whichever and however many probes name it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Account, Accounts, Subject};
use crate::settings::{Ceilings, ProbeSettings};

/// The identity of an account: the cloud, and the mailbox's address or the tenant and the application. Not the labels: a mailbox
/// under two names is one to its server, and so is an application.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// The thing that is counted.
    pub subject: Subject,
    cloud: String,
    name: String,
}

impl Key {
    /// Returns the identity of the account to which the probe's runs are charged; `None` where they cause none of `subject`.
    fn new(subject: Subject, settings: &ProbeSettings) -> Option<Self> {
        let tenant = &settings.tenant;
        let name = match subject {
            Subject::Logins => settings.address.clone().filter(|_| settings.id.check.is_of_mailbox())?,
            Subject::TokenRequests => format!("{}/{}", tenant.tenant_id, tenant.client_id),
        };
        Some(Self { subject, cloud: tenant.cloud.name.clone(), name: name.to_ascii_lowercase() })
    }

    /// Returns the mailbox's address, or tenant and client id of the application.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Returns the number that the schedule needs of each account for all `probes` together, in the time over which is counted.
pub fn scheduled<'a>(probes: impl Iterator<Item = &'a ProbeSettings>) -> HashMap<Key, u32> {
    let mut scheduled: HashMap<Key, u32> = HashMap::new();
    for settings in probes {
        for subject in Subject::ALL {
            if let Some(key) = Key::new(subject, settings) {
                *scheduled.entry(key).or_default() += subject.scheduled(settings);
            }
        }
    }
    scheduled
}

/// All accounts. They outlive a reload, and so does what was counted.
#[derive(Debug, Default)]
pub struct Book(Mutex<HashMap<Key, Arc<Account>>>);

impl Book {
    /// Returns the accounts of a probe, new ones if there are none yet.
    pub fn accounts(&self, settings: &ProbeSettings) -> Accounts {
        let account = |subject| {
            let key = Key::new(subject, settings)?;
            let new = || Arc::new(Account::new(subject, key.name.clone()));
            Some(Arc::clone(self.all().entry(key.clone()).or_insert_with(new)))
        };
        Accounts { mailbox: account(Subject::Logins), application: account(Subject::TokenRequests) }
    }

    /// Sets the ceilings of the accounts that `probes` have.
    pub fn set_ceilings<'a>(&self, configured: Ceilings, probes: impl Iterator<Item = &'a ProbeSettings>) {
        let accounts = self.all();
        for (key, scheduled) in scheduled(probes) {
            if let Some(account) = accounts.get(&key) {
                account.set_ceiling(key.subject.ceiling(key.subject.configured(configured), scheduled));
            }
        }
    }

    /// Drops the accounts that no probe has any more, once their last hour is over.
    pub fn sweep(&self) {
        self.all().retain(|_, account| Arc::strong_count(account) > 1 || account.usage().used > 0);
    }

    fn all(&self) -> MutexGuard<'_, HashMap<Key, Arc<Account>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
