//! Conditions of TLS: stalls and resets, wrong certificates, old versions, interception, roots that are missing.

use std::fs;

use crate::certificates::{Identity, authority, leaf};
use crate::condition::{ALL_OTHERS, Condition};
use crate::devices::{interceptor, interceptor_as, mail_interceptor, name_filter, tls_server};
use crate::world::World;

/// Returns the conditions of TLS.
pub fn conditions() -> Vec<Condition> {
    [handshakes(), certificates(), interception()].into_iter().flatten().collect()
}

/// Returns conditions of the handshake. A ClientHello is found by its length: packets before it are empty.
fn handshakes() -> Vec<Condition> {
    let filtered = |name, port: u16, verdict: &'static str, reason, fails: &[&'static str]| {
        Condition::new(name, move |world| {
            world.filter(&format!("tcp dport {port} ct state established meta length > 120 {verdict}"));
        })
        .reach("tls", reason)
        .fails(fails)
        .cause(reason, "network")
    };
    vec![
        filtered("993: the ClientHello is dropped", 993, "drop", "tls_timed_out", &["imap"]),
        filtered("995: reset after the ClientHello", 995, "reject with tcp reset", "tls_closed", &["pop3"]),
        filtered("443: the ClientHello is dropped", 443, "drop", "tls_timed_out", ALL_OTHERS),
        filtered("443: reset after the ClientHello", 443, "reject with tcp reset", "tls_closed", ALL_OTHERS),
        Condition::new("443: closed for one server's name", |world| {
            name_filter(world, "login.microsoftonline.com");
        })
        .reach("tls", "tls_name_filtered")
        .fails(ALL_OTHERS)
        .cause("tls_name_filtered", "network"),
        Condition::new("995: plain text on a TLS port", |world| {
            turn(world, "tcp dport 995", "52.97.20.18", "2603:1026:c0a:850::2", 587);
        })
        .reach("tls", "tls_not_spoken")
        .fails(&["pop3"])
        .cause("tls_not_spoken", "network")
        .shows("220 "),
        Condition::new("587: TLS on a plain port", |world| turn(world, "tcp dport 587", "52.98.1.2", "2603:1026:c03:5::2", 993))
            .reach("greeting", "greeting_unexpected")
            .fails(&["smtp"])
            .cause("greeting_unexpected", "network")
            .shows("begins with TLS"),
        Condition::new("993: connects, but never greets", |world| fault(world, "no_greeting@imap"))
            .reach("greeting", "no_greeting")
            .fails(&["imap"])
            .cause("no_greeting", "network"),
        Condition::new("587: connects, but never greets", |world| fault(world, "no_greeting@smtp"))
            .reach("greeting", "no_greeting")
            .fails(&["smtp"])
            .cause("no_greeting", "network"),
        Condition::new("587: mail inspection hides STARTTLS", |world| fault(world, "starttls_not_offered@smtp"))
            .reach("starttls", "starttls_not_offered")
            .fails(&["smtp"])
            .cause("starttls_not_offered", "network"),
    ]
}

fn certificates() -> Vec<Condition> {
    let wrong = |name, fault_name: &'static str, reason, fails: &[&'static str]| {
        Condition::new(name, move |world| fault(world, fault_name)).reach("tls", reason).fails(fails).cause(reason, "network")
    };
    vec![
        wrong("993: the certificate has expired", "tls_certificate_expired@imap", "tls_certificate_expired", &["imap"]),
        Condition::new("the certificates are not valid yet", |world| fault(world, "tls_certificate_not_yet_valid"))
            .reach("tls", "tls_certificate_not_yet_valid")
            .fails(ALL_OTHERS)
            .cause("tls_certificate_not_yet_valid", "here"),
        wrong("995: the certificate is another's", "tls_certificate_wrong_name@pop3", "tls_certificate_wrong_name", &["pop3"])
            .shows("mail.fabrikam.example"),
        wrong(
            "587: the certificate is self-signed",
            "tls_certificate_self_signed@smtp",
            "tls_certificate_self_signed",
            &["smtp"],
        ),
        Condition::new("995: a key of 1024 bits", |world| {
            let issuer = authority(world, "weak-root", "/O=Weak/CN=Weak Root");
            trust(world, &issuer.certificate);
            let weak = leaf(world, "weak", &issuer, 1024);
            tls_server(world, 995, &weak, &["-cipher", "DEFAULT@SECLEVEL=0"]);
        })
        .reach("tls", "tls_certificate_weak")
        .fails(&["pop3"])
        .cause("tls_certificate_weak", "network"),
        Condition::new("993: TLS 1.1 and no later", |world| {
            let issuer = authority(world, "old-root", "/O=Old/CN=Old Root");
            trust(world, &issuer.certificate);
            let old = leaf(world, "old", &issuer, 2048);
            tls_server(world, 993, &old, &["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"]);
        })
        .reach("tls", "tls_protocol_too_old")
        .fails(&["imap"])
        .cause("tls_protocol_too_old", "network"),
    ]
}

fn interception() -> Vec<Condition> {
    vec![
        Condition::new("443 intercepted by an unknown authority", |world| drop(interceptor(world, "")))
            .reach("tls", "tls_certificate_untrusted")
            .fails(ALL_OTHERS)
            .cause("tls_certificate_untrusted", "network")
            .shows("Contoso TLS Inspection"),
        Condition::new("443 intercepted by an authority trusted here", |world| {
            let authority = interceptor(world, "");
            world.network["ca_file"] = authority.certificate.display().to_string().into();
        })
        .warns(&["token", "reach", "ews", "graph"], "tls_intercepted")
        .shows("Contoso TLS Inspection"),
        Condition::new("443 intercepted by an authority trusted here, and accepted", |world| {
            let authority = interceptor(world, "");
            world.network["ca_file"] = authority.certificate.display().to_string().into();
            world.network["inspection"] = "accepted".into();
        })
        .shows("Contoso TLS Inspection"),
        Condition::new("443 intercepted by an unknown authority, and inspection accepted", |world| {
            drop(interceptor(world, ""));
            world.network["inspection"] = "accepted".into();
        })
        .reach("tls", "tls_certificate_untrusted")
        .fails(ALL_OTHERS)
        .cause("tls_certificate_untrusted", "network"),
        Condition::new("995 intercepted by an unknown authority", |world| mail_interceptor(world, 995, "52.98.1.2"))
            .reach("tls", "tls_certificate_untrusted")
            .fails(&["pop3"])
            .cause("tls_certificate_untrusted", "network")
            .shows("Contoso TLS Inspection"),
        Condition::new("993 intercepted by an unknown authority", |world| mail_interceptor(world, 993, "52.98.1.2"))
            .reach("tls", "tls_certificate_untrusted")
            .fails(&["imap"])
            .cause("tls_certificate_untrusted", "network"),
        Condition::new("443 intercepted by a forged DigiCert", |world| drop(forger(world)))
            .reach("tls", "tls_certificate_untrusted")
            .fails(ALL_OTHERS)
            .cause("tls_certificate_untrusted", "network")
            .shows("DigiCert Global G2 TLS RSA SHA256 2020 CA1"),
        Condition::new("443 intercepted by a forged DigiCert trusted here", |world| {
            let authority = forger(world);
            world.network["ca_file"] = authority.certificate.display().to_string().into();
        })
        .warns(&["token", "reach", "ews", "graph"], "tls_intercepted")
        .shows("DigiCert Global G2 TLS RSA SHA256 2020 CA1"),
    ]
}

/// Intercepts all on port 443 under the name of an authority that signs for Microsoft.
fn forger(world: &mut World) -> Identity {
    interceptor_as(world, "/C=US/O=DigiCert Inc/CN=DigiCert Global G2 TLS RSA SHA256 2020 CA1", "")
}

/// Makes the simulated tenant itself misbehave.
pub fn fault(world: &World, name: &str) {
    world.microsoft.running.set_fault(name).expect("a fault");
}

/// Leads what `matches` to another server of Microsoft's.
fn turn(world: &World, matches: &str, v4: &str, v6: &str, port: u16) {
    world.divert(&format!(
        "meta nfproto ipv4 {matches} dnat ip to {v4}:{port}\nmeta nfproto ipv6 {matches} dnat ip6 to [{v6}]:{port}"
    ));
}

/// Adds a root to those everybody trusts.
fn trust(world: &World, root: &std::path::Path) {
    let roots = &world.environment[0].1;
    let both = [roots.as_ref(), root].map(|path| fs::read_to_string(path).expect("read a root"));
    fs::write(roots, both.concat()).expect("write the roots");
}
