//! Dovecot: POP3, IMAP and submission with XOAUTH2, its tokens verified by its own `oauth2` passdb.

use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};

use crate::authority::Identity;
use crate::daemon::Daemon;
use crate::issuer::{AUDIENCE, KEY_ID, SigningKey, TENANT};
use crate::needs::Part;
use crate::port;
use crate::scratch::Scratch;

pub const PART: Part = Part {
    name: "Dovecot",
    files: &[
        "/usr/sbin/dovecot",
        "/usr/lib/dovecot/pop3-login",
        "/usr/lib/dovecot/imap-login",
        "/usr/lib/dovecot/submission-login",
    ],
    as_root: true,
};

/// The part that takes mail: a package of its own.
pub const LMTP: &str = "/usr/lib/dovecot/lmtp";

/// The user id of Debian's `nobody`, who owns the mail.
const NOBODY: u32 = 65_534;

/// Loopback addresses, each with the certificate that is shown there. The first is good.
pub type Identities<'a> = [(&'a str, &'a Identity)];

#[derive(Debug)]
pub struct Dovecot {
    pub pop3: u16,
    pub pop3s: u16,
    pub imap: u16,
    pub imaps: u16,
    pub submission: u16,
    home: PathBuf,
    _daemon: Daemon,
}

impl Dovecot {
    pub fn start(scratch: &Scratch, key: &SigningKey, identities: &Identities<'_>, mailboxes: &[(&str, usize)]) -> Self {
        Self::start_in("dovecot", scratch, key, identities, mailboxes, "")
    }

    /// Starts another one, in a directory of that name, with the settings `overrides` in place of the usual ones.
    pub fn start_in(
        name: &str,
        scratch: &Scratch,
        key: &SigningKey,
        identities: &Identities<'_>,
        mailboxes: &[(&str, usize)],
        overrides: &str,
    ) -> Self {
        let home = scratch.dir(name);
        for (mailbox, messages) in mailboxes {
            deliver(&home, mailbox, *messages);
        }
        let accounts: Vec<_> = mailboxes.iter().map(|(mailbox, _)| format!("{mailbox}:::::::nopassword=y\n")).collect();
        fs::write(home.join("users"), accounts.concat()).expect("write the list of mailboxes");
        let keys = scratch.dir(&format!("{name}/keys/default/RS256"));
        fs::write(keys.join(KEY_ID), key.public_pem()).expect("write the public key");
        fs::write(home.join("oauth2.conf"), passdb(&home)).expect("write the passdb");

        let [pop3, pop3s, imap, imaps, submission] = [(); 5].map(|()| port::free());
        let text = configuration(&home, identities, [pop3, pop3s, imap, imaps, submission]) + overrides;
        let file = home.join("dovecot.conf");
        fs::write(&file, text).expect("write the configuration");
        let log = home.join("output.log");
        let mut daemon = Daemon::start("/usr/sbin/dovecot", |dovecot| dovecot.arg("-F").arg("-c").arg(&file), &log);
        let socket = home.join("auth");
        daemon.wait_for("offer authentication", || socket.exists());
        Self { pop3, pop3s, imap, imaps, submission, home, _daemon: daemon.listening(submission).listening(pop3s) }
    }

    /// Returns the socket by which another server has a login verified.
    pub fn auth_socket(&self) -> PathBuf {
        self.home.join("auth")
    }

    /// Returns the directory of its settings, keys and mail.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// Returns the socket at which it takes mail, where the package for that is installed.
    pub fn lmtp_socket(&self) -> PathBuf {
        self.home.join("lmtp")
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.home.join("log")).unwrap_or_default()
    }
}

fn deliver(home: &Path, mailbox: &str, messages: usize) {
    let maildir = home.join("mail").join(mailbox);
    for folder in ["cur", "new", "tmp"] {
        fs::create_dir_all(maildir.join(folder)).expect("make a maildir");
        chown(maildir.join(folder), Some(NOBODY), Some(NOBODY)).expect("give a maildir away");
    }
    chown(&maildir, Some(NOBODY), Some(NOBODY)).expect("give a maildir away");
    for n in 0..messages {
        let message = format!("From: a@contoso.example\r\nTo: {mailbox}\r\nSubject: {n}\r\n\r\nHello\r\n");
        fs::write(maildir.join(format!("new/{n}.m365.lab")), message).expect("deliver a message");
    }
}

/// Returns the passdb's settings. An application's token names no mailbox, so `username_attribute` is a claim of every token.
fn passdb(home: &Path) -> String {
    format!(
        "introspection_mode = local\n\
         local_validation_key_dict = fs:posix:prefix={}/keys/\n\
         issuers = https://sts.windows.net/{TENANT}/\n\
         client_id = {AUDIENCE}\n\
         username_attribute = roles\n\
         username_format = any\n",
        home.display()
    )
}

fn configuration(home: &Path, identities: &Identities<'_>, ports: [u16; 5]) -> String {
    let [pop3, pop3s, imap, imaps, submission] = ports;
    let home = home.display();
    let addresses: Vec<_> = identities.iter().map(|(address, _)| *address).collect();
    let tls: Vec<_> = identities
        .iter()
        .map(|(address, identity)| {
            let (certificate, key) = (identity.certificate.display(), identity.key.display());
            format!("local {address} {{\n  ssl_cert = <{certificate}\n  ssl_key = <{key}\n}}\n")
        })
        .collect();
    let first = identities[0].1;
    format!(
        "protocols = pop3 imap submission{lmtp}
listen = {addresses}
base_dir = {home}/run
state_dir = {home}/state
log_path = {home}/log
default_vsz_limit = 0
mail_location = maildir:{home}/mail/%u
first_valid_uid = 1
ssl = required
ssl_cert = <{certificate}
ssl_key = <{key}
{tls}
auth_mechanisms = plain xoauth2 oauthbearer
auth_failure_delay = 0
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {home}/oauth2.conf
  result_success = continue
  result_failure = return-fail
}}
passdb {{
  driver = passwd-file
  args = username_format=%u {home}/users
}}
userdb {{
  driver = static
  args = uid={NOBODY} gid={NOBODY} home={home}/mail/%u
}}
service auth {{
  unix_listener {home}/auth {{
    mode = 0666
  }}
}}
# A test's refused logins are not to slow down its next ones.
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service lmtp {{
  unix_listener {home}/lmtp {{
    mode = 0666
  }}
}}
service pop3-login {{
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = {pop3s}
    ssl = yes
  }}
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service submission-login {{
  inet_listener submission {{
    port = {submission}
  }}
  inet_listener submissions {{
    port = 0
  }}
}}
# Known without asking the relay, which is then asked only when mail is sent: never.
submission_backend_capabilities =
submission_relay_host = 127.0.0.1
submission_relay_port = 9
hostname = smtp.office365.com
",
        addresses = addresses.join(" "),
        lmtp = if Path::new(LMTP).exists() { " lmtp" } else { "" },
        tls = tls.concat(),
        certificate = first.certificate.display(),
        key = first.key.display(),
    )
}
