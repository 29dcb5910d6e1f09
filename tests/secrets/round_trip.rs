//! A round trip by a Graph that repeats the token in whatever it shows of a mail.

use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use crate::echo::{Authority, Login, answer, request};
use crate::program;
use crate::scene::{CLIENT_SECRET, Marks, Scene, payload, token};

/// The behaviour of Graph.
#[derive(Clone, Copy, Debug)]
pub enum Graph {
    /// It refuses the mail.
    Refuses,
    /// It shows it in the inbox.
    Delivers,
    /// It shows a report that it came back.
    Returns,
}

impl Authority {
    /// Starts a Graph and returns its port.
    pub fn graph(&self, graph: Graph) -> u16 {
        let sent: Arc<Mutex<String>> = Arc::default();
        self.serve(move |stream| {
            let received = request(stream)?;
            let token = token();
            let ids = format!("request-id: {token}\r\nx-ms-ags-diagnostic: {token}\r\ncontent-type: application/json\r\n");
            let path = received.split(' ').nth(1).unwrap_or_default();
            if path.ends_with("/sendMail") {
                let mark = received.split("X-M365-Probe-Round-Trip\",\"value\":\"").nth(1);
                mark.and_then(|rest| rest.split('"').next()).unwrap_or_default().clone_into(&mut sent.lock().unwrap());
                return match graph {
                    Graph::Refuses => {
                        let body = format!(r#"{{"error":{{"code":"ErrorSendAsDenied","message":"{token} {CLIENT_SECRET}"}}}}"#);
                        answer(stream, "403 Forbidden", &ids, &body)
                    }
                    Graph::Delivers | Graph::Returns => answer(stream, "202 Accepted", &ids, ""),
                };
            }
            let mark = sent.lock().unwrap().clone();
            let body = if path.ends_with("/$value") {
                format!(
                    "Content-Type: multipart/report\r\n\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp;550 no {token}\r\n\r\n\
                     X-M365-Probe-Round-Trip: {mark}\r\n"
                )
            } else if path.contains("internetMessageHeaders") {
                format!(
                    r#"{{"internetMessageHeaders":[{{"name":"X-M365-Probe-Round-Trip","value":"{mark}"}},{{"name":"Received",
                    "value":"from a by {token} with HTTPS; Mon, 23 Nov 2026 18:00:49 +0000"}}]}}"#
                )
            } else if path.contains("/mailFolders/") {
                let now = humantime::format_rfc3339_seconds(SystemTime::now());
                let sender = if matches!(graph, Graph::Returns) { "postmaster@contoso.example" } else { "box@contoso.example" };
                format!(
                    r#"{{"value":[{{"id":"{token}","subject":"m365-probe round trip {token}","internetMessageId":"<{token}@x>",
                    "from":{{"emailAddress":{{"address":"{sender}"}}}},"receivedDateTime":"{now}"}}]}}"#
                )
            } else {
                format!(r#"{{"error":{{"code":"ErrorAccessDenied","message":"{token}"}}}}"#)
            };
            answer(stream, if received.starts_with("DELETE") { "403 Forbidden" } else { "200 OK" }, &ids, &body)
        })
    }
}

#[test]
fn round_trip_by_a_graph_that_echoes_shows_no_secret_and_notes_none() {
    let marks = Marks::from_secrets(&[CLIENT_SECRET, &token(), &payload()]);
    for (graph, reason) in
        [(Graph::Refuses, "send_as_denied"), (Graph::Delivers, "mail_not_deleted"), (Graph::Returns, "mail_bounced")]
    {
        let scene = Scene::new();
        let config = scene.round_trip(Login::Grants, graph);
        let state = scene.directory().join("state");
        let run = |arguments: &[&str]| {
            let output = program().args(arguments).arg("--state-file").arg(&state).arg("--config").arg(&config).output().unwrap();
            String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
        };
        for arguments in [
            &["check", "roundtrip", "-vvv"][..],
            &["check", "roundtrip", "--output", "json"],
            &["roundtrip", "clean", "--dry-run"],
        ] {
            let text = run(arguments);
            marks.assert_absent(&text, arguments);
            let is_first = arguments.contains(&"-vvv");
            assert!(!is_first || text.contains(reason) && text.contains("<secret>"), "{graph:?}: {text}");
        }
        for entry in std::fs::read_dir(state.with_file_name("state.round-trips")).unwrap() {
            let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
            marks.assert_absent(&text, &["state"]);
        }
    }
}
