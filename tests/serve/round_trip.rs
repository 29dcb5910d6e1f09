//! Round trips of the built program: killed between sending and arrival, and cleaned up after.

use std::path::PathBuf;
use std::process::{Command, Output};

use m365_probe::secret::Secret;
use m365_probe::sim::{Delivery, Running, Tenant, start};
use tokio::task::{spawn_blocking, yield_now};

use crate::client::{exchange, get};
use crate::fixtures::{SECRET, Scratch};
use crate::program::Serving;

const PRAXIS: &str = "praxis@contoso.example";
const ROUND_TRIP: &str = "/probe?check=roundtrip&tenant=contoso&mailbox=praxis";
/// Each request for `/probe` is a run. How often a mail is sent is another matter: every fifteen minutes.
const DEFAULTS: &str = "defaults: { interval: 15m, timeout: 60s, probe_max_age: 0s, logins_per_hour: 1000000, \
                        token_requests_per_hour: 1000000 }";
const CHECKS: &str = "    checks: []\n    mailboxes:\n      - address: praxis@contoso.example\n        name: praxis\n        checks: [ { roundtrip: { send_by: SENT, by: BY } } ]\n";

/// A simulated tenant in which no mail arrives unless the test says so, and the program's files.
struct Scene {
    tenant: Running,
    scratch: Scratch,
    configuration: String,
}

impl Scene {
    async fn new() -> Self {
        Self::by("smtp", "imap").await
    }

    /// The same where mail is sent and looked for by these.
    async fn by(send_by: &str, by: &str) -> Self {
        let mut tenant = Tenant::contoso();
        tenant.application.secret = Secret::new(SECRET);
        tenant.mailbox_mut(PRAXIS).expect("known").delivery = Delivery::Lost;
        let (tenant, scratch) = (start(tenant).await.expect("a tenant"), Scratch::new());
        let path = tenant.write_config(&scratch.0).expect("a configuration");
        let written = std::fs::read_to_string(path).expect("read").replace("defaults: { interval: 30s, timeout: 30s }", DEFAULTS);
        let before = written.split("    checks: [").next().expect("a tenant");
        let configuration = format!("state_file: state.json\n{before}{}", CHECKS.replace("SENT", send_by).replace("BY", by));
        Self { tenant, scratch, configuration }
    }

    fn serve(&self) -> Serving {
        Serving::start(&self.scratch, &self.configuration)
    }

    /// Waits until the server has accepted a mail, and returns its text: the copy in Sent Items, which the next look deletes.
    async fn sent(&self) -> String {
        loop {
            let mut text = None;
            self.tenant.change(|tenant| {
                let mailbox = tenant.mailbox(PRAXIS).expect("known");
                let sent = mailbox.messages_of(mailbox.folder("sentitems").expect("a folder"));
                text = sent.first().map(|message| message.text.clone());
            });
            match text {
                Some(text) => return text,
                None => yield_now().await,
            }
        }
    }

    /// Forgets the copy in Sent Items, if it is still there.
    fn forget_the_copy(&self) {
        self.tenant.change(|tenant| {
            let mailbox = tenant.mailbox_mut(PRAXIS).expect("known");
            mailbox.messages_of_mut("Sent Items").expect("a folder").clear();
        });
    }

    /// Has a mail arrive in a folder.
    fn deliver(&self, text: &str, folder: &str) {
        self.tenant.change(|tenant| tenant.mailbox_mut(PRAXIS).expect("known").add(folder, text.to_owned(), false));
    }

    /// Adds a mail with the mark of another instance to a folder.
    fn add_a_stranger(&self, folder: &str) {
        let mark = "99999999-2222-3333-4444-555555555555/aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee/1";
        let text = format!(
            "Subject: m365-probe round trip\r\nMessage-ID: <other@contoso.example>\r\nX-M365-Probe-Round-Trip: {mark}\r\n\r\nx\r\n"
        );
        self.deliver(&text, folder);
    }

    /// Returns the marked mails in inbox, junk folder and Sent Items.
    fn mails(&self) -> [usize; 3] {
        let mut counts = [0; 3];
        self.tenant.change(|tenant| {
            let mailbox = tenant.mailbox(PRAXIS).expect("known");
            counts = ["inbox", "junkemail", "sentitems"].map(|name| {
                let messages = mailbox.messages_of(mailbox.folder(name).expect("a folder"));
                messages.iter().filter(|message| message.text.contains("X-M365-Probe-Round-Trip")).count()
            });
        });
        counts
    }

    /// Returns what the program has noted of round trips, to be shown where that is not what the mailbox holds.
    fn states(&self) -> String {
        let entries = std::fs::read_dir(self.scratch.0.join("state.json.round-trips")).expect("a directory");
        entries.map(|entry| std::fs::read_to_string(entry.expect("an entry").path()).expect("text")).collect()
    }

    /// Runs `roundtrip clean`, while the tenant answers it.
    async fn clean(&self, options: &'static [&'static str]) -> Output {
        let file: PathBuf = self.scratch.0.join("m365-probe.yml");
        let mut command = Command::new(env!("CARGO_BIN_EXE_m365-probe"));
        command.args(["roundtrip", "clean", "--config"]).arg(file).args(options);
        command.env_remove("RUST_LOG").env_remove("M365_PROBE_STATE_FILE");
        spawn_blocking(move || command.output()).await.expect("no panic").expect("started")
    }
}

/// The moment at which the program is killed.
#[derive(Clone, Copy, Debug)]
enum Killed {
    /// The server has accepted the mail; its reply may not have been read yet.
    Accepted,
    /// The run that sent it has ended.
    Ended,
}

#[tokio::test]
async fn serve_killed_between_sending_and_arrival_sends_no_second_mail_and_deletes_the_first() {
    for moment in [Killed::Accepted, Killed::Ended] {
        let scene = Scene::new().await;
        let mut killed = scene.serve();
        let address = killed.address;
        let asked = tokio::spawn(async move { exchange(address, &request()).await }); // nothing is answered by what is killed
        let sent = scene.sent().await;
        if let Killed::Ended = moment {
            assert!(asked.await.expect("an answer").contains("\nprobe_success 1\n"));
        }
        killed.child.kill().expect("killed");
        killed.child.wait().expect("ended");

        let next = scene.serve();
        let page = get(next.address, ROUND_TRIP).await.body;
        assert!(page.contains("\nprobe_success 1\n"), "{moment:?}: {page}");
        assert_eq!(scene.mails(), [0, 0, 0], "{moment:?}: no second mail, and the copy of the first is deleted");
        scene.deliver(&sent, "inbox");
        let page = get(next.address, ROUND_TRIP).await.body;
        assert!(page.contains("\nprobe_success 1\n"), "{moment:?}: {page}");
        assert_eq!(scene.mails(), [0, 0, 0], "{moment:?}: found and deleted");
        assert!(get(next.address, ROUND_TRIP).await.body.contains("\nprobe_success 1\n"));
        assert_eq!(scene.mails(), [0, 0, 0], "{moment:?}: it is not time for the next one");
    }
}

#[tokio::test]
async fn serve_killed_after_sending_by_graph_sends_no_second_mail_and_deletes_the_first() {
    let scene = Scene::by("graph", "graph").await;
    scene.tenant.change(|tenant| tenant.mailbox_mut(PRAXIS).expect("known").delivery = Delivery::Prompt);
    let mut killed = scene.serve();
    let page = get(killed.address, ROUND_TRIP).await.body;
    assert!(page.contains("\nprobe_success 1\n"), "{page}");
    // The schedule may have found it already.
    let [inbox, junk, sent] = scene.mails();
    assert!(inbox <= 1 && (junk, sent) == (0, 0), "no copy in Sent Items: {inbox} {junk} {sent}");
    killed.child.kill().expect("killed");
    killed.child.wait().expect("ended");

    let next = scene.serve();
    for when in ["found and deleted", "it is not time for the next one"] {
        let page = get(next.address, ROUND_TRIP).await.body;
        assert!(page.contains("\nprobe_success 1\n"), "{when}: {page}");
        assert_eq!(scene.mails(), [0, 0, 0], "{when}");
    }
}

fn request() -> String {
    format!("GET {ROUND_TRIP} HTTP/1.1\r\nHost: localhost:10365\r\nConnection: close\r\n\r\n")
}

#[tokio::test]
async fn roundtrip_clean_lists_or_deletes_the_mails_of_its_instance_in_every_folder_and_no_other() {
    for by in ["imap", "graph"] {
        clean_up(Scene::by("smtp", by).await).await;
    }
}

async fn clean_up(scene: Scene) {
    let serving = scene.serve();
    let address = serving.address;
    let asked = tokio::spawn(async move { exchange(address, &request()).await });
    let sent = scene.sent().await;
    drop(serving);
    asked.abort();
    scene.forget_the_copy();
    for folder in ["inbox", "junkemail", "sentitems"] {
        scene.deliver(&sent, folder);
    }
    for folder in ["inbox", "junkemail", "sentitems"] {
        scene.add_a_stranger(folder);
    }
    assert_eq!(scene.mails(), [2, 2, 2]);

    let listed = scene.clean(&["--dry-run"]).await;
    let text = String::from_utf8(listed.stdout).expect("UTF-8");
    let mut lines = text.lines();
    let wanted = "contoso/praxis/roundtrip: 3 mails would be deleted";
    assert_eq!(lines.next(), Some(wanted), "{text}{}{sent}", scene.states());
    let folders: Vec<&str> = lines.filter_map(|line| line.trim_start().split(':').next()).collect();
    assert_eq!(folders, ["INBOX", "Junk Email", "Sent Items"], "{text}");
    assert_eq!((listed.status.code(), scene.mails()), (Some(0), [2, 2, 2]));

    let nowhere = scene.clean(&["--state-file", "/dev/null"]).await;
    let text = String::from_utf8(nowhere.stderr).expect("UTF-8");
    assert!(text.contains("`/dev/null` is no regular file"), "{text}");
    assert_eq!((nowhere.status.code(), scene.mails()), (Some(2), [2, 2, 2]));

    for deleted in ["3 mails", "0 mails"] {
        let output = scene.clean(&[]).await;
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        assert_eq!(text, format!("contoso/praxis/roundtrip: {deleted} deleted\n"));
        assert_eq!((output.status.code(), scene.mails()), (Some(0), [1, 1, 1]));
    }
}
