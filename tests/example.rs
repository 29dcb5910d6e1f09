//! The example program, as a reader would run it.

#[path = "../examples/root_cause.rs"]
mod root_cause;

#[test]
fn example_with_its_own_fault_succeeds() {
    assert_eq!(root_cause::main(), Ok(()));
}

#[tokio::test]
async fn example_with_a_refused_port_names_it_as_the_only_root_cause() {
    let causes = root_cause::root_causes("connect_refused@pop3").await.expect("a simulated tenant");
    assert_eq!(causes.iter().map(|cause| cause.reason.code()).collect::<Vec<_>>(), ["connect_refused"]);
}
