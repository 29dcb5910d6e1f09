//! The servers themselves, tested with other people's clients, so that a failure elsewhere is our program's.

use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::issuer::{CLIENT, SECRET, TENANT};
use crate::lab::{EMPTY_MAILBOX, Lab, MAILBOX, MESSAGES};
use crate::postfix::{self, Postfix};
use crate::scratch::Scratch;
use crate::unbound::{self, Manner, Unbound};
use crate::{authority, needs};

#[test]
fn mail_servers_admit_python_clients() {
    let Some(lab) = needs::all_there(&[postfix::PART]).then(Lab::start).flatten() else { return };
    let identity = lab.authority.identity(&lab.scratch, "postfix", authority::NAMES, 30);
    let postfix = Postfix::start(&lab.scratch, &identity, &lab.dovecot.auth_socket());
    let ask = |mailbox: &str| {
        let request = json!({
            "login": lab.issuer.port, "pop3s": lab.dovecot.pop3s, "pop3": lab.dovecot.pop3, "imaps": lab.dovecot.imaps,
            "imap": lab.dovecot.imap, "submission": lab.dovecot.submission, "postfix": postfix.submission,
            "ca_file": lab.ca_file, "mailbox": mailbox, "tenant": TENANT, "client": CLIENT, "secret": SECRET,
        });
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/real/clients.py");
        let output = Command::new("python3").arg(script).arg(request.to_string()).output().unwrap();
        let (printed, complaint) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        serde_json::from_str::<Value>(&printed).unwrap_or_else(|_| panic!("{complaint}\n{}", lab.dovecot.log()))
    };
    let learnt = |messages: usize| {
        json!({ "pop3s": messages, "pop3": messages, "imaps": messages, "imap": messages,
                "dovecot_one_line": 500, "dovecot_two_lines": 235, "postfix": 235 })
    };
    assert_eq!(ask(MAILBOX), learnt(MESSAGES));
    assert_eq!(ask(EMPTY_MAILBOX), learnt(0));
}

#[test]
fn unbound_answers_in_each_manner() {
    if !needs::all_there(&[unbound::PART]) {
        return;
    }
    let scratch = Scratch::new();
    let (no_error, server_failure, name_error, refused) = (0, 2, 3, 5);
    for (manner, answer) in [
        (Manner::Honest, Some((no_error, 2))),
        (Manner::Empty, Some((no_error, 0))),
        (Manner::NameError, Some((name_error, 0))),
        (Manner::Sinkhole, Some((no_error, 1))),
        (Manner::Refuse, Some((refused, 0))),
        (Manner::ServerFailure, Some((server_failure, 0))),
        (Manner::Silent, None),
    ] {
        let limit = if answer.is_some() { Duration::from_secs(30) } else { Duration::from_millis(500) };
        assert_eq!(Unbound::start(&scratch, manner).ask(limit), answer, "{manner:?}");
    }
}
