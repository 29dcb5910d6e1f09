//! The built program and the signals that an init system sends it.

use crate::fixtures::{Scratch, configuration, refused, silent};
use crate::program::Serving;

#[tokio::test]
async fn sighup_reloads_and_sigterm_ends_the_service() {
    let (scratch, login) = (Scratch::new(), refused().await);
    let mut serving = Serving::start(&scratch, &configuration("contoso", login));
    scratch.file("m365-probe.yml", "tenants: 1\n");
    serving.signal("HUP");
    serving.wait_for("configuration not reloaded");
    scratch.file("m365-probe.yml", &configuration("fabrikam", login));
    serving.signal("HUP");
    serving.wait_for("configuration reloaded");
    serving.signal("TERM");
    assert!(serving.ended().success());
}

#[tokio::test]
async fn sigint_ends_the_service_during_a_run() {
    let (peer, at) = silent().await;
    let scratch = Scratch::new();
    let mut serving = Serving::start(&scratch, &configuration("contoso", at));
    let _held = peer.accept().await.expect("the first scheduled run has begun");
    serving.signal("INT");
    assert!(serving.ended().success());
}
