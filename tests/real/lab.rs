//! A tenant made of real servers, and the configuration that leads our program to it.

use std::path::PathBuf;

use serde_json::json;

use crate::authority::{Authority, NAMES};
use crate::dovecot::{self, Dovecot};
use crate::issuer::{self, CLIENT, Issuer, SECRET, SigningKey, TENANT};
use crate::needs;
use crate::scratch::Scratch;

pub const MAILBOX: &str = "praxis@contoso.example";
pub const EMPTY_MAILBOX: &str = "empty@contoso.example";
pub const MESSAGES: usize = 12;

/// Loopback addresses at which Dovecot shows a bad certificate, each for Microsoft's names but the last.
pub const EXPIRED: &str = "127.0.0.2";
pub const UNTRUSTED: &str = "127.0.0.3";
pub const WRONG_NAME: &str = "127.0.0.4";

/// Dovecot and the issuer, running. Servers first: they end before their directory goes.
pub struct Lab {
    pub dovecot: Dovecot,
    pub issuer: Issuer,
    pub authority: Authority,
    pub key: SigningKey,
    pub ca_file: PathBuf,
    pub scratch: Scratch,
}

impl Lab {
    /// Starts the servers; `None`, and the calling test is listed as left out, where one is not installed.
    pub fn start() -> Option<Self> {
        Self::with_mailboxes(&[])
    }

    /// Starts the servers as [`Lab::start`] does, with more mailboxes, all empty.
    pub fn with_mailboxes(more: &[String]) -> Option<Self> {
        needs::all_there(&[dovecot::PART, issuer::PART]).then(|| Self::started(more))
    }

    fn started(more: &[String]) -> Self {
        let scratch = Scratch::new();
        let authority = Authority::new("Lab Root");
        let good = authority.identity(&scratch, "good", NAMES, 30);
        let expired = authority.identity(&scratch, "expired", NAMES, 0);
        let untrusted = Authority::new("Somebody Else").identity(&scratch, "untrusted", NAMES, 30);
        let wrong_name = authority.identity(&scratch, "wrong-name", &["mail.example"], 30);
        let key = SigningKey::new(&scratch);
        let identities = [("127.0.0.1", &good), (EXPIRED, &expired), (UNTRUSTED, &untrusted), (WRONG_NAME, &wrong_name)];
        let mut mailboxes = vec![(MAILBOX, MESSAGES), (EMPTY_MAILBOX, 0)];
        mailboxes.extend(more.iter().map(|mailbox| (mailbox.as_str(), 0)));
        Self {
            dovecot: Dovecot::start(&scratch, &key, &identities, &mailboxes),
            issuer: Issuer::start(&scratch, &key, &good, 3599),
            ca_file: authority.save(&scratch, "root"),
            authority,
            key,
            scratch,
        }
    }

    /// Returns settings with which every check succeeds.
    pub fn setup(&self) -> Setup {
        Setup {
            login: self.issuer.url(),
            pop3: format!("pop3s://outlook.office365.com:{}", self.dovecot.pop3s),
            imap: format!("imaps://outlook.office365.com:{}", self.dovecot.imaps),
            smtp: format!("smtp://smtp.office365.com:{}", self.dovecot.submission),
            mail_address: Some("127.0.0.1".into()),
            ca_file: Some(self.ca_file.clone()),
            secret: SECRET.into(),
            certificate: None,
            mailbox: MAILBOX.into(),
            resolvers: Vec::new(),
            interval: "60s".into(),
        }
    }
}

/// The settings that a test may change.
#[derive(Clone, Debug)]
pub struct Setup {
    pub login: String,
    pub pop3: String,
    pub imap: String,
    pub smtp: String,
    /// The address that both mail hosts are pinned to; the login host is pinned to 127.0.0.1. `None`: nothing is pinned.
    pub mail_address: Option<String>,
    pub ca_file: Option<PathBuf>,
    pub secret: String,
    /// The files of a certificate and of its private key, which take the secret's place.
    pub certificate: Option<(PathBuf, PathBuf)>,
    pub mailbox: String,
    pub resolvers: Vec<String>,
    /// The interval of `serve`, and the timeout of a run.
    pub interval: String,
}

impl Setup {
    /// Returns settings with Microsoft's own names and ports, for checks that never get as far as a connection.
    pub fn unpinned() -> Self {
        Self {
            login: "https://login.microsoftonline.com".into(),
            pop3: "pop3s://outlook.office365.com".into(),
            imap: "imaps://outlook.office365.com".into(),
            smtp: "smtp://smtp.office365.com".into(),
            mail_address: None,
            ca_file: None,
            secret: SECRET.into(),
            certificate: None,
            mailbox: MAILBOX.into(),
            resolvers: Vec::new(),
            interval: "60s".into(),
        }
    }

    /// Writes the configuration (JSON, hence YAML) and the secret beside it; returns the configuration's path.
    pub fn write(&self, scratch: &Scratch, name: &str) -> PathBuf {
        let secret = scratch.secret(&format!("{name}.secret"), &format!("{}\n", self.secret));
        let mut network = json!({});
        if let Some(address) = &self.mail_address {
            network["resolve"] = json!({
                "login.microsoftonline.com": "127.0.0.1",
                "outlook.office365.com": address,
                "smtp.office365.com": address,
            });
        }
        if let Some(ca_file) = &self.ca_file {
            network["ca_file"] = json!(ca_file);
        }
        if !self.resolvers.is_empty() {
            network["resolvers"] = json!(self.resolvers);
        }
        let credential = match &self.certificate {
            Some((certificate, key)) => json!({ "certificate_file": certificate, "private_key_file": key }),
            None => json!({ "client_secret_file": secret }),
        };
        let configuration = json!({
            "defaults": { "interval": self.interval, "timeout": self.interval },
            "network": network,
            "clouds": { "lab": {
                "login": self.login, "pop3": self.pop3, "imap": self.imap, "smtp": self.smtp,
                "scope": "https://outlook.office365.com/.default",
            } },
            "tenants": [ {
                "name": "contoso", "cloud": "lab", "tenant_id": TENANT, "client_id": CLIENT,
                "credential": credential,
                "checks": [{ "token": { "interval": self.interval } }, "dns", "reach"],
                "mailboxes": [ { "address": self.mailbox, "name": "praxis", "checks": ["pop3", "imap", "smtp"] } ],
            } ],
        });
        scratch.file(&format!("{name}.yml"), format!("{configuration:#}\n"))
    }
}
