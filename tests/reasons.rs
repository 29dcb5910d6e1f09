//! The catalogue of reasons: its pages are what the program prints, and a fault or a test leads to each of its reasons.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use hickory_proto::op::{Message, OpCode, ResponseCode};
use hyper::StatusCode;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use m365_probe::diagnosis::{Confidence, diagnose};
use m365_probe::kind::Check;
use m365_probe::outcome::{Failure, Family, Fault, Outcome, ProbeId, Verdict};
use m365_probe::phase::Phase;
use m365_probe::reason::Reason;
use m365_probe::sim;
use m365_probe::wire::dns::{Question, Received};
use m365_probe::wire::http::ResponseHead;
use m365_probe::wire::imap::Step;
use m365_probe::wire::smtp::SmtpReply;
use m365_probe::wire::{graph, imap, oauth, pop3, smtp, soap};

#[test]
fn reasons_pages_in_docs_are_what_the_program_prints() {
    for (lang, page) in [("en", "docs/reasons.md"), ("de", "docs/reasons.de.md")] {
        let mut program = Command::new(env!("CARGO_BIN_EXE_m365-probe"));
        let output = program.args(["reasons", "--output", "markdown", "--lang", lang]).output().unwrap();
        assert!(output.status.success());
        let printed = String::from_utf8(output.stdout).unwrap();
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&path, &printed).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            kept == printed,
            "{page} is not what `reasons --output markdown --lang {lang}` prints; UPDATE_GOLDEN=1 writes it"
        );
    }
}

/// Files whose tests name reasons only as examples, by the beginning of their paths.
const FOR_SHOW: &[&str] =
    &["src/reason", "src/render", "src/levels", "src/store", "src/remote", "tests/render", "tests/reasons.rs"];

/// A fault of the simulated tenant has the reason's name, or a test expects it, be it of a conversation with a peer that lies or
/// of the program in a network that misbehaves. Prints which.
#[test]
fn each_reason_is_reached_by_a_fault_or_a_test() {
    let tests: Vec<(String, String)> =
        ["src", "tests"].iter().flat_map(|below| rust_files(&root().join(below))).filter_map(|file| of_tests(&file)).collect();
    let mut unmet = Vec::new();
    for reason in Reason::ALL {
        let place = tests.iter().find(|(_, source)| expects(source, *reason)).map(|(file, _)| file.as_str());
        match (sim::Fault::from_name(reason.code()), place) {
            (Some(fault), _) => println!("{:<36} demo --fault {fault}", reason.code()),
            (None, Some(place)) => println!("{:<36} {place}", reason.code()),
            // Every phase has a better one; its code stays, because documents of other versions may name it.
            (None, None) if *reason == Reason::TimedOut => println!("{:<36} documents", reason.code()),
            (None, None) => unmet.push(reason.code()),
        }
    }
    assert!(unmet.is_empty(), "reasons that nothing is known to lead to: {}", unmet.join(", "));
}

/// Tells whether `source` expects the reason, by its name in the program or by its code.
fn expects(source: &str, reason: Reason) -> bool {
    let (code, name) = (format!("\"{reason}\""), format!("{reason:?}"));
    let named = |prefix: &str| {
        let name = format!("{prefix}{name}");
        source.match_indices(&name).any(|(at, _)| !source[at + name.len()..].starts_with(|c: char| c.is_alphanumeric()))
    };
    source.contains(&code) || named("Reason::") || named("R::")
}

/// Returns the path and tests of a file; `None` where it has none, or reasons are only examples in it.
fn of_tests(file: &Path) -> Option<(String, String)> {
    let name = file.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
    if FOR_SHOW.iter().any(|place| name.starts_with(place)) {
        return None;
    }
    let source = std::fs::read_to_string(file).unwrap();
    let whole = name.starts_with("tests/") || name.contains("tests");
    let tests = if whole { source } else { source.split_once("#[cfg(test)]")?.1.to_owned() };
    Some((name, tests))
}

fn rust_files(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let mut files = Vec::new();
    for path in entries {
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Texts in no table, as they stand, with a code of their protocol and beside words that mean something elsewhere.
const NONSENSE: &[&str] = &["", "Say what?", "[GREMLINS] 7.7.777 no", "ErrorOfTomorrow: the moon is in the wrong house"];

/// Statuses that say by themselves what is the matter: redirects, a path that is not there, a login at a proxy, too many requests,
/// a service that is away, EWS that is gone, an account that is locked.
const TELLING_STATUSES: &[u16] = &[301, 302, 303, 307, 308, 404, 407, 408, 410, 429, 440, 456, 503, 504, 511];

/// Codes by which SMTP says what is the matter (RFC 5321, RFC 4954): going away, encryption or another mechanism wanted.
const TELLING_CODES: &[u16] = &[421, 504, 534, 538];

/// A reason is a default where nothing in a reply is known: then it is a guess, and never certain.
#[test]
fn reply_that_is_in_no_table_gives_no_certain_reason() {
    let mut certain = Vec::new();
    let mut replies = 0;
    for words in NONSENSE {
        for (check, reply, fault) in web_replies(words).into_iter().chain(mail_replies(words)).chain(dns_replies()) {
            replies += 1;
            let reason = fault.reason;
            if confidence(check, fault) == Confidence::Certain {
                certain.push(format!("{check}: {reply}: {reason}"));
            }
        }
    }
    assert!(replies > 5000, "{replies}");
    assert!(certain.is_empty(), "defaults that are certain:\n{}", certain.join("\n"));
}

fn confidence(check: Check, fault: Fault) -> Confidence {
    let probe = ProbeId { tenant: "t".into(), mailbox: Some("m".into()), check };
    let failure = Failure { phase: Phase::Auth, reason: fault.reason, evidence: fault.evidence };
    diagnose([&Outcome::new(probe, SystemTime::UNIX_EPOCH, Verdict::Failed(failure))])[0].confidence
}

type Reply = (Check, String, Fault);

/// Replies of Microsoft's web servers with `words` in the body, with every status that tells nothing.
fn web_replies(words: &str) -> Vec<Reply> {
    let headers: HeaderMap = [(HeaderName::from_static("x-ms-request-id"), HeaderValue::from_static("r"))].into_iter().collect();
    let json = |error: serde_json::Value| serde_json::json!({ "error": error, "error_description": words });
    let graph = json(serde_json::json!({ "code": words, "message": words })).to_string();
    let entra = json(words.into()).to_string();
    let numbered = serde_json::json!({ "error": words, "error_codes": [424_242], "suberror": words }).to_string();
    let soap = format!(
        r#"<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>{words}</faultcode><faultstring>{words}</faultstring></s:Fault></s:Body></s:Envelope>"#
    );
    let statuses =
        (200..=599).filter(|status| !TELLING_STATUSES.contains(status)).filter_map(|status| StatusCode::from_u16(status).ok());
    let mut replies = Vec::new();
    for status in statuses {
        let head = ResponseHead { status, headers: &headers };
        for body in [words, &graph, &entra, &numbered, &soap] {
            let fault = oauth::parse_refusal(head, body.as_bytes(), true).fault;
            let refusals = [
                (Check::Token, Some(fault)),
                (Check::Graph, graph::parse_collection(head, body.as_bytes()).err().map(|refusal| refusal.fault)),
                (Check::Ews, soap::parse_find_folder(head, body.as_bytes()).err().map(|refusal| refusal.fault)),
            ];
            let named = |(check, fault): (Check, Option<Fault>)| Some((check, format!("{status} {body}"), fault?));
            replies.extend(refusals.into_iter().filter_map(named));
        }
    }
    replies
}

/// Codes by which a resolver says what is the matter: success, its own failure, no such name, refusal.
const TELLING_RCODES: [u16; 4] = [0, 2, 3, 5];

/// Responses of a resolver with every code that tells nothing.
fn dns_replies() -> impl Iterator<Item = Reply> {
    let question = Question::new(7, "outlook.office365.com", Family::V4).unwrap();
    let codes = (0..16).filter(|code| !TELLING_RCODES.contains(code));
    codes.filter_map(move |code| {
        let mut message = Message::response(7, OpCode::Query);
        message.metadata.response_code = ResponseCode::from(0, u8::try_from(code).unwrap());
        let Received::Response(response) = question.parse(&message.to_vec().unwrap()) else { return None };
        Some((Check::Dns, format!("RCODE {code}"), response.fault()?))
    })
}

/// Refusals of the mail protocols with `words`, at every step.
fn mail_replies(words: &str) -> Vec<Reply> {
    let mut replies = Vec::new();
    let err = format!("-ERR {words}");
    for refusal in [
        pop3::parse_greeting(&err).err(),
        pop3::parse_stls(&err).err(),
        pop3::parse_auth_continuation(&err).err(),
        pop3::parse_login(&err).err(),
        pop3::parse_stat(&err).err(),
    ] {
        replies.extend(refusal.map(|refusal| (Check::Pop3, err.clone(), refusal.fault)));
    }
    let bye = format!("* BYE {words}");
    replies.extend(imap::parse_greeting(&bye).err().map(|refusal| (Check::Imap, bye.clone(), refusal.fault)));
    for step in [Step::Starttls, Step::Login, Step::Mailbox] {
        for line in [format!("a1 NO {words}"), format!("a1 BAD {words}"), bye.clone()] {
            let refusal = imap::parse_response(&line, "a1", step).err();
            replies.extend(refusal.map(|refusal| (Check::Imap, line.clone(), refusal.fault)));
        }
    }
    for code in (400..=599).filter(|code| !TELLING_CODES.contains(code)) {
        let reply = SmtpReply { code, lines: vec![words.to_owned()] };
        for refusal in [
            smtp::parse_greeting(&reply).err(),
            smtp::parse_starttls(&reply).err(),
            smtp::parse_auth_continuation(&reply).err(),
            smtp::parse_login(&reply).err(),
        ] {
            replies.extend(refusal.map(|refusal| (Check::Smtp, format!("{code} {words}"), refusal.fault)));
        }
    }
    replies
}
