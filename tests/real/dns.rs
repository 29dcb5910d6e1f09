//! The `dns` check against a resolver that answers rightly, wrongly, with an error or not at all.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::lab::Setup;
use crate::needs::UNSHARE;
use crate::scratch::Scratch;
use crate::unbound::{self, Manner, Unbound};
use crate::{needs, program};

fn check(scratch: &Scratch, resolver: String) -> program::CheckResult {
    let setup = Setup { resolvers: vec![resolver], ..Setup::unpinned() };
    program::check(&setup.write(scratch, "dns"), &["dns", "--timeout", "5s"])
}

#[test]
fn dns_of_an_honest_resolver_is_ok() {
    if !needs::all_there(&[unbound::PART]) {
        return;
    }
    let scratch = Scratch::new();
    let unbound = Unbound::start(&scratch, Manner::Honest);
    let result = check(&scratch, unbound.address());
    result.assert_ok("honest");
    let facts = result.outcome()["facts"].to_string();
    for fact in
        ["login.microsoftonline.com", "smtp.office365.com", "192.0.2.10", "192.0.2.11", "2001:db8::10", &unbound.address()]
    {
        assert!(facts.contains(fact), "{fact} is not in {facts}");
    }
}

#[test]
fn dns_of_a_failing_resolver_has_the_reason() {
    if !needs::all_there(&[unbound::PART]) {
        return;
    }
    let scratch = Scratch::new();
    for (manner, reason) in [
        (Manner::Empty, "dns_no_addresses"),
        (Manner::NameError, "dns_name_unknown"),
        (Manner::Sinkhole, "dns_sinkhole"),
        (Manner::Refuse, "dns_refused"),
        (Manner::ServerFailure, "dns_server_failure"),
        (Manner::Silent, "dns_no_answer"),
    ] {
        let unbound = Unbound::start(&scratch, manner);
        check(&scratch, unbound.address()).assert_failed(&format!("{manner:?}"), "dns", reason);
    }
}

/// Writes a configuration of Microsoft's own cloud. Its names are resolved, and it is never connected to.
fn global(scratch: &Scratch, resolvers: &[&str]) -> PathBuf {
    let secret = scratch.secret("global.secret", "secret");
    let configuration = json!({
        "network": { "resolvers": resolvers },
        "tenants": [ {
            "name": "contoso", "tenant_id": "contoso.example", "client_id": "11111111-2222-3333-4444-555555555555",
            "credential": { "client_secret_file": secret }, "checks": ["dns", "reach"],
        } ],
    });
    scratch.file("global.yml", format!("{configuration:#}\n"))
}

#[track_caller]
fn assert_warned(result: &program::CheckResult, name: &str, expected: &[&str]) {
    let outcome = result.outcome();
    let warnings = outcome["warnings"].as_array().expect("a list");
    let reasons: Vec<&str> = warnings.iter().filter_map(|warning| warning["reason"].as_str()).collect();
    assert_eq!(reasons, expected, "{name}: {:#}", result.report);
    let state = if expected.is_empty() { (0, "ok") } else { (1, "warning") };
    assert_eq!(
        (result.exit, outcome["state"].as_str(), &outcome["ok"]),
        (Some(state.0), Some(state.1), &Value::Bool(true)),
        "{name}"
    );
}

#[test]
fn dns_of_microsoft_hosts_outside_the_published_ranges_warns() {
    if !needs::all_there(&[unbound::PART]) {
        return;
    }
    let scratch = Scratch::new();
    let check_with = |manners: &[Manner]| {
        let servers: Vec<Unbound> = manners.iter().map(|manner| Unbound::start(&scratch, *manner)).collect();
        let addresses: Vec<String> = servers.iter().map(Unbound::address).collect();
        let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
        program::check(&global(&scratch, &addresses), &["dns", "--timeout", "8s"])
    };
    assert_warned(&check_with(&[Manner::Microsoft]), "honest", &[]);
    assert_warned(&check_with(&[Manner::BlockPage]), "a block page", &["dns_outside_published_ranges"]);
    let split = check_with(&[Manner::NameError, Manner::Microsoft]);
    assert_warned(&split, "one denies", &["dns_resolvers_disagree"]);
    let reply = split.outcome()["warnings"][0]["evidence"]["heard"].as_str().expect("both sides").to_owned();
    assert!(reply.contains(" says NXDOMAIN, ") && reply.contains(" says 20.190.141.1 2603:1046:2000::2"), "{reply}");
    assert_warned(&check_with(&[Manner::Microsoft, Manner::Private]), "one sends it elsewhere", &["dns_resolvers_disagree"]);
    check_with(&[Manner::Private]).assert_failed("private", "dns", "dns_sinkhole");
}

#[test]
fn dns_of_a_truncated_answer_uses_tcp_or_is_dns_tcp_blocked() {
    if !needs::all_there(&[unbound::PART]) {
        return;
    }
    let scratch = Scratch::new();
    let unbound = Unbound::start(&scratch, Manner::Many);
    let result = check(&scratch, unbound.address());
    result.assert_ok("over TCP");
    let facts = result.outcome()["facts"]["dns"].as_array().expect("a list");
    let longest = facts.iter().filter_map(|facts| Some(facts["addresses"].as_array()?.len())).max();
    assert_eq!(longest, Some(64), "of 200, no more than are of use");
    let unbound = Unbound::start(&scratch, Manner::ManyWithoutTcp);
    check(&scratch, unbound.address()).assert_failed("without TCP", "dns", "dns_tcp_blocked");
}

/// The program runs in a mount namespace of its own, with another hosts file in place of the system's.
#[test]
fn dns_of_a_hosts_file_entry_warns_or_is_dns_hosts_file_blocks() {
    if !needs::all_there(&[UNSHARE]) {
        return;
    }
    let scratch = Scratch::new();
    let hosts = |exchange: &str, login: &str| {
        let text = format!(
            "{exchange} outlook.office365.com smtp.office365.com\n{login} login.microsoftonline.com graph.microsoft.com\n"
        );
        scratch.file("hosts", text)
    };
    let configuration = global(&scratch, &["system"]);
    let check_with = |hosts: PathBuf, check| program::check_with_hosts(&hosts, &configuration, &[check, "--timeout", "8s"]);
    let Some(result) = check_with(hosts("52.97.97.162", "20.190.141.1"), "dns") else {
        return needs::leave_out("this machine lets nobody make a mount namespace");
    };
    assert_warned(&result, "fixed", &["dns_hosts_file"]);
    assert_eq!(result.outcome()["facts"]["dns"][0]["source"], "hosts_file");
    let blocked = hosts("0.0.0.0", "0.0.0.0");
    check_with(blocked.clone(), "dns").expect("again").assert_failed("blocked", "dns", "dns_hosts_file_blocks");
    check_with(blocked, "reach").expect("again").assert_failed("blocked", "dns", "dns_hosts_file_blocks");
}
