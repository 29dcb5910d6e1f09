//! Diagnosis of failures of name resolution: a dead resolver, a DNS filter, the hosts file.

use super::{EVERYTHING, Expected, assert_causes, tenant};
use crate::diagnosis::Confidence;
use crate::kind::Check;
use crate::outcome::{DnsFacts, Family, Fault, NameSource, Phase};
use crate::reason::Reason;

fn answer(host: &str, family: Family, failed: Option<Reason>) -> DnsFacts {
    DnsFacts { failed, ..DnsFacts::new(host, DnsFacts::SYSTEM, family) }
}

#[test]
fn dead_resolver_explains_all_failures() {
    let mut failing = vec![
        ("token", Phase::Dns, Reason::DnsNoAnswer),
        ("dns", Phase::Dns, Reason::DnsNoAnswer),
        ("reach", Phase::Dns, Reason::DnsServerFailure),
    ];
    failing.extend(EVERYTHING.iter().map(|one| (*one, Phase::Token, Reason::DnsNoAnswer)));
    let all: &[&str] = &["token", "dns", "reach", "*/pop3", "*/imap", "*/smtp", "*/ews"];
    let outcomes = tenant(&["a", "b"], &[Check::Pop3, Check::Imap, Check::Smtp, Check::Ews], &failing);
    assert_causes("dead", &outcomes, &[(Reason::DnsNoAnswer, Confidence::Certain, None, all)]);
}

#[test]
fn resolver_that_fails_partly_explains_dns_no_answer_of_other_checks() {
    for reason in [Reason::DnsOneServerFails, Reason::DnsOneFamilyFails] {
        let failing = [("reach", Phase::Dns, Reason::DnsNoAnswer), ("*/pop3", Phase::Token, Reason::DnsNoAnswer)];
        let mut outcomes = tenant(&["a"], &[Check::Pop3], &failing);
        let warning_about = |peer: &str| {
            let mut warning = Fault::new(reason);
            warning.evidence.peer = peer.parse().ok();
            warning
        };
        outcomes[1].facts.warnings = vec![warning_about("9.9.9.9:53")];
        let both: &[&str] = &["reach", "*/pop3"];
        assert_causes("another's", &outcomes, &[(Reason::DnsNoAnswer, Confidence::Certain, None, both)]);
        outcomes[1].facts.warnings = vec![warning_about("system")];
        assert_causes(reason.code(), &outcomes, &[(reason, Confidence::Likely, None, both)]);
    }
}

#[test]
fn resolver_that_denies_a_host_explains_failures_of_that_host_only() {
    for reason in [Reason::DnsNameUnknown, Reason::DnsSinkhole, Reason::DnsHostsFileBlocks] {
        let mut outcomes = tenant(
            &["a"],
            &[Check::Pop3, Check::Imap, Check::Ews],
            &[
                ("dns", Phase::Dns, reason),
                ("reach", Phase::Dns, reason),
                ("*/pop3", Phase::Connect, Reason::ConnectTimedOut),
                ("*/imap", Phase::Dns, reason),
            ],
        );
        outcomes[1].facts.dns = vec![
            answer("login", Family::V4, None),
            answer("outlook", Family::V4, Some(reason)),
            answer("outlook", Family::V6, Some(Reason::DnsNoAddresses)),
            // Another resolver, which knows the host: the dial asks the system's alone.
            DnsFacts { resolver: "9.9.9.9".to_owned(), ..answer("outlook", Family::V4, None) },
        ];
        let explained: &[&str] = &["dns", "reach", "*/pop3", "*/imap"];
        assert_causes(reason.code(), &outcomes, &[(reason, Confidence::Certain, None, explained)]);
    }
}

#[test]
fn proxy_without_an_address_explains_all_failures() {
    let mut failing = vec![
        ("token", Phase::Dns, Reason::ProxyUnreachable),
        ("dns", Phase::Dns, Reason::ProxyUnreachable),
        ("reach", Phase::Dns, Reason::ProxyUnreachable),
    ];
    failing.extend(EVERYTHING.iter().map(|one| (*one, Phase::Token, Reason::ProxyUnreachable)));
    let mut outcomes = tenant(&["a"], &[Check::Pop3, Check::Imap, Check::Smtp, Check::Ews], &failing);
    let proxy = "outlook"; // where the failures of these tests have met somebody
    outcomes[1].facts.dns = [Family::V4, Family::V6].map(|one| answer(proxy, one, Some(Reason::DnsNameUnknown))).to_vec();
    let all: &[&str] = &["token", "dns", "reach", "*/pop3", "*/imap", "*/smtp", "*/ews"];
    assert_causes("no proxy", &outcomes, &[(Reason::ProxyUnreachable, Confidence::Certain, None, all)]);
}

#[test]
fn denial_by_another_resolver_explains_nothing() {
    let mut outcomes = tenant(&["a"], &[Check::Pop3], &[("*/pop3", Phase::Connect, Reason::ConnectTimedOut)]);
    outcomes[1].facts.warn(Fault::new(Reason::DnsResolversDisagree));
    let denied = answer("outlook", Family::V4, Some(Reason::DnsNameUnknown));
    outcomes[1].facts.dns = vec![answer("outlook", Family::V4, None), DnsFacts { resolver: "9.9.9.9".to_owned(), ..denied }];
    assert_causes("the second", &outcomes, &[(Reason::ConnectTimedOut, Confidence::Certain, None, &["*/pop3"])]);
}

#[test]
fn hosts_file_entry_for_a_microsoft_host_explains_failures_of_that_host() {
    let failing = [
        ("*/pop3", Phase::Connect, Reason::ConnectTimedOut),
        ("*/imap", Phase::Tls, Reason::TlsCertificateNotYetValid),
        // An answer, of whomever: somebody was reached.
        ("*/smtp", Phase::Auth, Reason::ProtocolError),
    ];
    let mut outcomes = tenant(&["a"], &[Check::Pop3, Check::Imap, Check::Smtp], &failing);
    let fixed = DnsFacts { source: Some(NameSource::HostsFile), ..answer("outlook", Family::V4, None) };
    outcomes[1].facts.dns = vec![fixed];
    let own: &[Expected] = &[
        (Reason::ConnectTimedOut, Confidence::Certain, None, &["*/pop3"]),
        (Reason::TlsCertificateNotYetValid, Confidence::Certain, None, &["*/imap"]),
        (Reason::ProtocolError, Confidence::Likely, None, &["*/smtp"]),
    ];
    assert_causes("a host of the user's own", &outcomes, own);
    outcomes[1].facts.warn(Fault::new(Reason::DnsHostsFile));
    let expected: &[Expected] = &[
        (Reason::DnsHostsFile, Confidence::Likely, None, &["*/pop3", "*/imap"]),
        (Reason::ProtocolError, Confidence::Likely, None, &["*/smtp"]),
    ];
    assert_causes("a host of Microsoft's", &outcomes, expected);
}

#[test]
fn host_without_an_address_explains_failures_of_that_host() {
    let mut outcomes = tenant(
        &["a", "b"],
        &[Check::Pop3, Check::Ews],
        &[
            ("dns", Phase::Dns, Reason::DnsSinkhole),
            ("*/pop3", Phase::Connect, Reason::ConnectRefused),
            ("a/ews", Phase::Tls, Reason::TlsCertificateWrongName),
            ("b/ews", Phase::Mailbox, Reason::Throttled),
        ],
    );
    outcomes[1].facts.dns = vec![
        answer("outlook", Family::V4, Some(Reason::DnsSinkhole)),
        answer("outlook", Family::V6, None),
        answer("login", Family::V4, None),
        answer("login", Family::V6, Some(Reason::DnsNoAddresses)),
    ];
    let expected: [Expected; 2] = [
        (Reason::DnsSinkhole, Confidence::Certain, None, &["dns", "*/pop3", "a/ews"]),
        (Reason::Throttled, Confidence::Certain, Some("b"), &["b/ews"]),
    ];
    assert_causes("sinkhole", &outcomes, &expected);
}
