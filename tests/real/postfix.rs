//! Postfix: submission whose logins Dovecot verifies.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::authority::Identity;
use crate::daemon::Daemon;
use crate::needs::Part;
use crate::port;
use crate::scratch::Scratch;

pub const PART: Part = Part { name: "Postfix", files: &["/usr/sbin/postfix", "/usr/lib/postfix/sbin/master"], as_root: true };

#[derive(Debug)]
pub struct Postfix {
    pub submission: u16,
    _daemon: Daemon,
}

impl Postfix {
    pub fn start(scratch: &Scratch, identity: &Identity, auth_socket: &Path) -> Self {
        Self::start_in("postfix", scratch, identity, auth_socket, "")
    }

    /// Starts another one, in a directory of that name, with the settings `overrides` in place of the usual ones.
    pub fn start_in(name: &str, scratch: &Scratch, identity: &Identity, auth_socket: &Path, overrides: &str) -> Self {
        let submission = port::free();
        let home = scratch.dir(name);
        let queue = scratch.dir(&format!("{name}/queue"));
        let data = scratch.dir(&format!("{name}/data"));
        owned_by_postfix(&data);
        fs::write(home.join("main.cf"), main_cf(&home, identity, auth_socket) + overrides).expect("write main.cf");
        fs::write(home.join("master.cf"), master_cf(submission)).expect("write master.cf");
        let made = Command::new("/usr/sbin/postfix").arg("-c").arg(&home).arg("check").output().expect("run postfix check");
        assert!(made.status.success() && queue.join("pid").exists(), "{}", String::from_utf8_lossy(&made.stderr));
        // `postfix start-fg` hides the master in another session, where it may outlive the test.
        let daemon = Daemon::start(
            "/usr/lib/postfix/sbin/master",
            |master| master.arg("-c").arg(&home).arg("-d").env("MAIL_CONFIG", &home),
            &home.join("output.log"),
        );
        Self { submission, _daemon: daemon.listening(submission) }
    }
}

fn owned_by_postfix(directory: &Path) {
    let given = Command::new("chown").arg("postfix").arg(directory).status().expect("run chown");
    assert!(given.success(), "no user `postfix`");
}

fn main_cf(home: &Path, identity: &Identity, auth_socket: &Path) -> String {
    format!(
        "compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
daemon_directory = /usr/lib/postfix/sbin
command_directory = /usr/sbin
maillog_file = {home}/log
maillog_file_prefixes = {home}
myhostname = smtp.office365.com
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
alias_database =
local_transport = discard:
default_transport = discard:
relay_transport = discard:
smtpd_tls_security_level = may
smtpd_tls_auth_only = yes
smtpd_tls_cert_file = {certificate}
smtpd_tls_key_file = {key}
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = {auth}
smtpd_sasl_security_options = noanonymous
smtpd_delay_reject = yes
smtpd_recipient_restrictions = permit_sasl_authenticated, reject
",
        home = home.display(),
        certificate = identity.certificate.display(),
        key = identity.key.display(),
        auth = auth_socket.display(),
    )
}

fn master_cf(submission: u16) -> String {
    format!(
        "127.0.0.1:{submission} inet n - n - - smtpd
postlog unix-dgram n - n - 1 postlogd
anvil unix - - n - 1 anvil
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
proxymap unix - - n - - proxymap
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
discard unix - - n - - discard
lmtp unix - - n - - lmtp
error unix - - n - - error
retry unix - - n - - error
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
showq unix n - n - - showq
"
    )
}
