//! The `dns` check against a resolver that tells the truth, lies, fails or says nothing.

use crate::lab::Setup;
use crate::scratch::Scratch;
use crate::unbound::{self, Manner, Unbound};
use crate::{needs, program};

fn check(scratch: &Scratch, resolver: String) -> program::Answer {
    let setup = Setup { resolvers: vec![resolver], ..Setup::unpinned() };
    program::check(&setup.write(scratch, "dns"), &["dns", "--timeout", "5s"])
}

#[test]
fn an_honest_resolver_is_believed() {
    if !needs::all_there(&[unbound::PART]) {
        return;
    }
    let scratch = Scratch::new();
    let unbound = Unbound::start(&scratch, Manner::Honest);
    let answer = check(&scratch, unbound.address());
    answer.assert_ok("honest");
    let facts = answer.outcome()["facts"].to_string();
    for fact in
        ["login.microsoftonline.com", "smtp.office365.com", "192.0.2.10", "192.0.2.11", "2001:db8::10", &unbound.address()]
    {
        assert!(facts.contains(fact), "{fact} is not in {facts}");
    }
}

#[test]
fn each_other_manner_has_its_reason() {
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
