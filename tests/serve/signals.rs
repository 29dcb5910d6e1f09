//! The built program and the signals that an init system sends it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::fixtures::{SECRET, Scratch, configuration, refused, silent};
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

#[tokio::test]
async fn sigterm_ends_a_service_that_waits_for_its_configuration() {
    let scratch = Scratch::new();
    let pipe = pipe(&scratch.0.join("m365-probe.yml"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_m365-probe"));
    let mut serving = Serving::spawn(command.args(["serve", "--listen", "127.0.0.1:0", "--config"]).arg(&pipe));
    // Opening a pipe for writing waits for its reader, and holding it open makes the reader wait.
    let _writing = std::fs::OpenOptions::new().write(true).open(&pipe).expect("the program reads its configuration");
    serving.signal("TERM");
    assert!(serving.ended().success());
}

#[tokio::test]
async fn reload_from_a_pipe_is_refused_and_a_later_one_works() {
    let (scratch, login) = (Scratch::new(), refused().await);
    let mut serving = Serving::start(&scratch, &configuration("contoso", login));
    let path = scratch.0.join("m365-probe.yml");
    std::fs::remove_file(&path).expect("removed");
    pipe(&path);
    serving.signal("HUP");
    serving.wait_for("m365-probe.yml: cannot be read: it is not a regular file");
    std::fs::remove_file(&path).expect("removed");
    scratch.file("m365-probe.yml", &configuration("fabrikam", login));
    serving.signal("HUP");
    serving.wait_for("configuration reloaded");
}

#[tokio::test]
async fn configuration_from_a_pipe_is_read_at_the_start() {
    let scratch = Scratch::new();
    let secret = scratch.file("client.secret", SECRET);
    let text = configuration("contoso", refused().await).replace("client.secret", &secret.display().to_string());
    let mut command = Command::new(env!("CARGO_BIN_EXE_m365-probe"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--config", "/dev/stdin"]).stdin(Stdio::piped());
    let mut serving = Serving::spawn(&mut command);
    serving.child.stdin.take().expect("piped").write_all(text.as_bytes()).expect("written");
    serving.wait_for("listening on http://127.0.0.1:");
    serving.signal("HUP");
    serving.wait_for("/dev/stdin: cannot be read: it is not a regular file");
    serving.signal("TERM");
    assert!(serving.ended().success());
}

/// Makes a named pipe.
fn pipe(path: &Path) -> PathBuf {
    assert!(Command::new("mkfifo").arg(path).status().expect("mkfifo").success());
    path.to_owned()
}
