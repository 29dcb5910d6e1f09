//! Replaces what differs from run to run in the simulated tenant's answers: times, ports, addresses and drawn ids. Reasons,
//! words, and the ids that a tenant keeps stay as they were answered.

use std::sync::Arc;
use std::time::Duration;

use m365_probe::outcome::{Evidence, Facts, Failure, Fault, Outcome, Phase, Span, Verdict};
use m365_probe::reason::Reason;
use m365_probe::sim::Ports;

use crate::sample;

/// The simulated tenant's own ids, which are the same in every run.
pub const CLIENT_ID: &str = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
pub const TENANT_ID: &str = "11111111-2222-3333-4444-555555555555";
const OBJECT_ID: &str = "0b1ec71d-0000-4000-8000-00000000e0a1";

/// In place of an id that was drawn.
const DRAWN: &str = "0f0f0f0f-1111-2222-3333-444444444444";
const SESSION: &str = "08DE2A3B4C5D6E7F";
const TIME: &str = "2026-11-23T17:59:40";

/// Returns the time that a phase is said to take.
pub fn time(phase: Phase) -> Duration {
    Duration::from_micros(match phase {
        Phase::Token => 165_300,
        Phase::Dns => 4_200,
        Phase::Connect => 12_100,
        Phase::Proxy => 9_300,
        Phase::Tls => 31_400,
        Phase::Greeting => 24_800,
        Phase::Starttls => 26_700,
        Phase::Auth => 288_900,
        Phase::Mailbox => 35_600,
        Phase::Submit => 61_700,
        Phase::Arrive => 48_300,
    })
}

/// Replaces values that differ from run to run by lasting ones.
#[derive(Debug, Default)]
pub struct Steady {
    /// Ports that the system chose, and those of Exchange Online.
    ports: Vec<(u16, u16)>,
}

impl Steady {
    /// For a tenant that listens on `ports`.
    pub fn new(ports: Ports) -> Self {
        let Ports { login, pop3s, pop3, imaps, imap, smtp, ews, graph, dns, identity } = ports;
        let ports = [
            (login, 443),
            (pop3s, 995),
            (pop3, 110),
            (imaps, 993),
            (imap, 143),
            (smtp, 587),
            (ews, 443),
            (graph, 443),
            (dns, 53),
            (identity, 80),
        ];
        Self { ports: ports.to_vec() }
    }

    /// The outcome as it would be every time.
    pub fn outcome(&self, mut outcome: Outcome) -> Outcome {
        outcome.at = sample::now() - Duration::from_secs(10);
        let mut phases: Vec<Phase> = Vec::new();
        for span in &outcome.phases {
            if !phases.contains(&span.phase) {
                phases.push(span.phase);
            }
        }
        outcome.phases = phases.into_iter().map(|phase| Span { phase, took: time(phase) }).collect();
        outcome.took = outcome.phases.iter().map(|span| span.took).sum();
        self.facts(&mut outcome.facts);
        if let Verdict::Failed(Failure { evidence, .. }) = &mut outcome.verdict {
            self.evidence(evidence);
        }
        outcome
    }

    fn facts(&self, facts: &mut Facts) {
        for endpoint in &mut facts.endpoints {
            endpoint.port = self.port(endpoint.port);
        }
        if let Some(token) = &mut facts.token {
            let token = Arc::make_mut(token);
            token.request_id = token.request_id.as_deref().map(|text| self.text(text));
        }
        for value in facts.server.ids.values_mut() {
            *value = self.text(value);
        }
        // The end of EWS is told, and one day no longer told, by the calendar of the day on which the test runs.
        facts.warnings.retain(|warning| warning.reason != Reason::EwsRetiring);
        (facts.ews_ends, facts.registration) = (None, None);
        for Fault { evidence, .. } in &mut facts.warnings {
            self.evidence(evidence);
        }
        facts.credential_expires = facts.credential_expires.map(|_| sample::now() + Duration::from_secs(98 * 86_400));
    }

    fn evidence(&self, evidence: &mut Evidence) {
        let Evidence { peer, said, heard, code, unrecognized: _, ids } = evidence;
        *peer = peer.as_ref().and_then(|peer| self.text(&peer.to_string()).parse().ok());
        for text in [said, heard, code].into_iter().flatten().chain(ids.values_mut()) {
            *text = self.text(text);
        }
    }

    fn port(&self, port: u16) -> u16 {
        self.ports.iter().find(|(chosen, _)| *chosen == port).map_or(port, |(_, usual)| *usual)
    }

    /// A text with its ports, addresses, drawn ids and times replaced.
    fn text(&self, text: &str) -> String {
        let mut text = text.replace("127.0.0.1", "192.0.2.1");
        for (chosen, usual) in self.ports.iter().filter(|(chosen, _)| *chosen != 0) {
            text = text.replace(&format!(":{chosen}"), &format!(":{usual}"));
        }
        drawn(&text)
    }
}

/// Ids and times are known by their shape.
fn drawn(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let bounded = !out.ends_with(|c: char| c.is_ascii_alphanumeric());
        let found = SHAPES.iter().find(|(shape, _)| bounded && has_shape(rest, shape));
        if let Some((shape, steady)) = found {
            let (was, behind) = rest.split_at(shape.len());
            out.push_str(if [CLIENT_ID, TENANT_ID, OBJECT_ID].contains(&was) { was } else { steady });
            rest = behind;
        } else {
            out.push(next);
            rest = &rest[next.len_utf8()..];
        }
    }
    out
}

/// `x` is a hexadecimal digit, `X` one without small letters, `9` a decimal one, all else itself.
const SHAPES: &[(&str, &str)] = &[
    ("xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", DRAWN),
    ("9999-99-99T99:99:99.999", "2026-11-23T17:59:40.000"),
    ("9999-99-99T99:99:99", TIME),
    ("9999-99-99 99:99:99", "2026-11-23 17:59:40"),
    ("XXXXXXXXXXXXXXXX", SESSION),
];

fn has_shape(text: &str, shape: &str) -> bool {
    let fits = |(c, wanted): (char, char)| match wanted {
        'x' => c.is_ascii_hexdigit(),
        'X' => c.is_ascii_digit() || ('A'..='F').contains(&c),
        '9' => c.is_ascii_digit(),
        other => c == other,
    };
    text.len() >= shape.len()
        && text.is_char_boundary(shape.len())
        && text.chars().zip(shape.chars()).all(fits)
        && !text[shape.len()..].starts_with(|c: char| c.is_ascii_hexdigit())
}

#[test]
fn steady_text_has_drawn_ids_times_and_ports_replaced_and_nothing_else() {
    let steady = Steady { ports: vec![(43210, 995)] };
    for (was, is) in [
        ("outlook.office365.com:43210 (127.0.0.1)", "outlook.office365.com:995 (192.0.2.1)"),
        ("app 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee'", "app 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee'"),
        ("Trace ID: 12345678-9abc-def0-1234-56789abcdef0 x", "Trace ID: 0f0f0f0f-1111-2222-3333-444444444444 x"),
        ("[A.COM 2030-01-02T03:04:05.678Z 0123456789ABCDEF]", "[A.COM 2026-11-23T17:59:40.000Z 08DE2A3B4C5D6E7F]"),
        ("AADSTS7000222 grüße", "AADSTS7000222 grüße"),
    ] {
        assert_eq!(steady.text(was), is);
    }
}
