//! The lab in which `benches/processes` measures.

use std::io::{self, Read};
use std::{env, fs};

use serde_json::json;

use crate::issuer::{CLIENT, TENANT};
use crate::lab::Lab;

/// Writes the lab's addresses to the file `M365_LAB`, in JSON, and keeps it running until standard input ends.
#[test]
#[ignore = "stands until its input ends; started by benches/processes"]
fn lab_runs_until_standard_input_ends() {
    let file = env::var_os("M365_LAB").expect("M365_LAB names a file");
    let mailboxes: Vec<_> = (0..100).map(|n| format!("user{n}@contoso.example")).collect();
    let Some(lab) = Lab::with_mailboxes(&mailboxes) else { panic!("`tests/run missing` tells what is not installed") };
    let setup = lab.setup();
    let registered = &lab.key.registered;
    let certificate = lab.scratch.file("client.pem", &registered.certificate);
    let private_key = lab.scratch.secret("client.key", registered.key.expose());
    let description = json!({
        "login": setup.login, "pop3": setup.pop3, "imap": setup.imap, "smtp": setup.smtp, "pop3s_port": lab.dovecot.pop3s,
        "ca_file": lab.ca_file, "secret": setup.secret, "tenant_id": TENANT, "client_id": CLIENT, "mailboxes": mailboxes,
        "certificate": certificate, "private_key": private_key,
    });
    let unfinished = lab.scratch.file("lab.json", description.to_string());
    fs::copy(&unfinished, &file).expect("write M365_LAB");
    io::stdin().read_to_end(&mut Vec::new()).expect("read until the end");
}
