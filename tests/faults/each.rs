//! Each fault of the simulated tenant alone.

use m365_probe::reason::Reason;
use m365_probe::sim::Fault;

use crate::report::Cause;
use crate::tenants::diagnosed_by_doctor;

/// Returns the faults that a doctor finds without sending a mail: the tenants here have no round trip. See `together.rs` for the others.
fn of_access() -> impl Iterator<Item = Fault> {
    Fault::ALL.iter().copied().filter(|fault| fault.services().iter().any(|service| !fault.befalls_mail(*service)))
}

/// Prints a table of the faults and the doctor's root causes.
#[test]
fn each_fault_alone_is_the_only_root_cause() {
    assert_named(&of_access().map(|fault| fault.to_string()).collect::<Vec<_>>());
}

/// The fault is one mailbox's of three; the others are not affected.
#[test]
fn each_fault_of_one_mailbox_is_the_only_root_cause_and_names_the_mailbox() {
    let names: Vec<String> = of_access().filter(|fault| fault.is_per_mailbox()).map(|fault| format!("{fault}@labor")).collect();
    for (name, causes) in names.iter().zip(assert_named(&names)) {
        assert_eq!(causes[0].mailbox.as_deref(), Some("labor"), "{name}: {causes:#?}");
        assert!(causes[0].explains.iter().all(|probe| probe.starts_with("contoso/labor/")), "{name}: {causes:#?}");
    }
}

/// Prints the report on each fault, and asserts that it names that fault, at least as likely, and nothing else.
fn assert_named(names: &[String]) -> Vec<Vec<Cause>> {
    let sets: Vec<_> = names.iter().map(|name| vec![name.clone()]).collect();
    let reports = diagnosed_by_doctor(&sets);
    let mut wrong = Vec::new();
    for (name, causes) in names.iter().zip(&reports) {
        let row: Vec<_> = causes
            .iter()
            .map(|cause| {
                let whom = cause.mailbox.as_deref().unwrap_or("all");
                let others =
                    if cause.candidates.is_empty() { String::new() } else { format!(" or {}", cause.candidates.join(", ")) };
                format!("{} ({}, {whom}, explains {}){others}", cause.reason, cause.confidence, cause.explains.len())
            })
            .collect();
        let row = format!("{name:<44} {}", row.join("; "));
        println!("{row}");
        let expected = name.split('@').next().unwrap();
        assert!(Reason::from_code(expected).is_some(), "{name}");
        let first = causes.first().is_some_and(|cause| cause.reason == expected && cause.confidence != "possible");
        if !first || causes.len() != 1 {
            wrong.push(row);
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    reports
}
