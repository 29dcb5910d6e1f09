//! Round trips in the simulated tenant, by a clock of the test's own: what is sent, found, deleted, and what is left alone.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use m365_probe::check::Means;
use m365_probe::kind::Check;
use m365_probe::outcome::{Outcome, Phase};
use m365_probe::probe::{Probe, Slots};
use m365_probe::reason::Reason;
use m365_probe::round_trip::Ledger;
use m365_probe::settings::{ProbeSettings, RoundTrip};
use m365_probe::sim::{Delivery, Message, Running, SubmissionRefusal, Tenant, start};

use crate::peer::PRAXIS;
use crate::round_trip_by_graph::by_graph;

pub const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
pub const LABOR: &str = "labor@contoso.example";

/// A tenant, the probe of a round trip in it, and the clock of its ledger.
pub struct Lab {
    pub tenant: Running,
    pub settings: ProbeSettings,
    pub means: Means,
    now: Arc<Mutex<SystemTime>>,
    directory: tempdir::Directory,
}

mod tempdir {
    //! A directory of a test's own.

    use std::path::PathBuf;

    pub struct Directory(pub PathBuf);

    impl Directory {
        pub fn new() -> Self {
            use std::sync::atomic::{AtomicU32, Ordering};
            static SERIAL: AtomicU32 = AtomicU32::new(0);
            let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
            let path = std::env::temp_dir().join(format!("m365-probe-trips-{}-{serial}", std::process::id()));
            std::fs::create_dir_all(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Directory {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }
}

impl Lab {
    pub async fn new(round_trip: RoundTrip) -> Self {
        let tenant = start(Tenant::contoso()).await.unwrap();
        let directory = tempdir::Directory::new();
        let ca_file = tenant.write_ca(&directory.0).unwrap();
        let settings = tenant.settings(&ca_file);
        let is_ours = |probe: &ProbeSettings| probe.id.check == Check::RoundTrip && probe.address.as_deref() == Some(PRAXIS);
        let probe = settings.probes.iter().find(|probe| is_ours(probe)).unwrap().clone();
        let probe = ProbeSettings { interval: 15 * MINUTE, timeout: Duration::from_secs(60), round_trip, ..probe };
        let now = Arc::new(Mutex::new(SystemTime::now()));
        let means = Means::new(&settings.network).unwrap();
        let mut lab = Self { tenant, settings: probe, means, now, directory };
        lab.restart();
        lab
    }

    /// Takes the ledger from its directory, as a process does that starts.
    pub fn restart(&mut self) {
        let now = Arc::clone(&self.now);
        let ledger = Ledger::in_directory(self.path().join("trips")).with_clock(move || *now.lock().unwrap());
        self.means.ledger = Arc::new(ledger);
    }

    fn path(&self) -> &Path {
        &self.directory.0
    }

    pub fn wait(&self, time: Duration) {
        *self.now.lock().unwrap() += time;
    }

    pub async fn run(&self) -> Outcome {
        Probe::new(self.settings.clone(), &Slots::default()).unwrap().run(&self.means, None).await
    }

    pub fn set(&self, change: impl FnOnce(&mut m365_probe::sim::Mailbox)) {
        self.tenant.change(|tenant| change(tenant.mailbox_mut(PRAXIS).unwrap()));
    }

    /// Returns the mails of this program in inbox, junk folder and Sent Items of a mailbox.
    pub fn mails(&self, address: &str) -> [usize; 3] {
        let mut counts = [0; 3];
        self.tenant.change(|tenant| {
            let mailbox = tenant.mailbox(address).unwrap();
            counts = ["inbox", "junkemail", "sentitems"].map(|name| {
                let messages = mailbox.messages_of(mailbox.folder(name).unwrap());
                messages.iter().filter(|message| message.text.contains("X-M365-Probe-Round-Trip")).count()
            });
        });
        counts
    }
}

pub fn reason(outcome: &Outcome) -> Option<Reason> {
    outcome.failure().map(|failure| failure.reason)
}

#[tokio::test]
async fn mail_is_sent_in_one_run_and_found_and_deleted_in_the_next() {
    for by in [Check::Imap, Check::Pop3] {
        let lab = Lab::new(RoundTrip { by, ..RoundTrip::default() }).await;
        let sent = lab.run().await;
        assert_eq!((reason(&sent), sent.facts.round_trip.pending), (None, Some(1)), "{by}");
        assert_eq!(lab.mails(PRAXIS), [1, 0, 1]);
        lab.wait(3 * Duration::from_secs(1));
        let found = lab.run().await;
        let facts = &found.facts.round_trip;
        assert_eq!((reason(&found), facts.pending), (None, Some(0)), "{by}: {facts:?}");
        assert_eq!(facts.message_id, sent.facts.round_trip.message_id);
        assert!(facts.arrival.is_some_and(|took| took <= Duration::from_secs(3)) && facts.hops.len() == 3, "{facts:?}");
        // POP3 shows no other folder than the inbox.
        assert_eq!(lab.mails(PRAXIS), [0, 0, usize::from(by == Check::Pop3)]);
        let phases: Vec<Phase> = found.phases.iter().map(|span| span.phase).collect();
        assert!(phases.contains(&Phase::Arrive) && !phases.contains(&Phase::Submit), "{phases:?}");
        lab.wait(10 * MINUTE);
        assert_eq!(lab.run().await.facts.round_trip.pending, Some(0), "it is not time for the next one");
    }
}

#[tokio::test]
async fn process_that_ends_between_sending_and_finding_leads_to_no_second_mail() {
    let mut lab = Lab::new(RoundTrip::default()).await;
    lab.set(|mailbox| mailbox.delivery = Delivery::Lost);
    assert_eq!(lab.run().await.facts.round_trip.pending, Some(1));
    let sent = lab.run().await.facts.round_trip.message_id;
    for _ in 0..3 {
        lab.restart();
        lab.wait(19 * MINUTE);
        let outcome = lab.run().await;
        assert_eq!(outcome.facts.round_trip.message_id, sent, "no second mail");
    }
}

#[tokio::test]
async fn mail_found_by_the_next_process_is_deleted_wherever_it_lies() {
    let mut lab = Lab::new(RoundTrip::default()).await;
    let sent = lab.run().await;
    assert_eq!(lab.mails(PRAXIS), [1, 0, 1]);
    lab.restart();
    lab.wait(MINUTE);
    let found = lab.run().await;
    assert_eq!((reason(&found), found.facts.round_trip.pending), (None, Some(0)));
    assert_eq!(found.facts.round_trip.message_id, sent.facts.round_trip.message_id);
    assert_eq!(lab.mails(PRAXIS), [0, 0, 0]);
}

#[tokio::test]
async fn mail_that_is_junked_bounced_or_lost_is_told_under_its_name_until_one_arrives() {
    for (delivery, first, last) in [
        (Delivery::Junked, Some(Reason::MailJunked), Reason::MailJunked),
        (Delivery::Bounced, Some(Reason::MailBounced), Reason::MailBounced),
        (Delivery::Lost, None, Reason::MailLost),
    ] {
        let lab = Lab::new(RoundTrip::default()).await;
        lab.set(|mailbox| mailbox.delivery = delivery);
        lab.run().await;
        lab.wait(MINUTE);
        assert_eq!(reason(&lab.run().await), first, "{delivery:?}");
        lab.wait(5 * MINUTE);
        let late = if first.is_none() { Some(Reason::MailDelayed) } else { first };
        assert_eq!(reason(&lab.run().await), late, "{delivery:?}");
        lab.wait(55 * MINUTE);
        lab.set(|mailbox| mailbox.delivery = Delivery::Prompt);
        let told = lab.run().await;
        assert_eq!(reason(&told), Some(last), "{delivery:?}");
        assert_eq!(told.failure().unwrap().phase, Phase::Arrive);
        lab.wait(MINUTE);
        assert_eq!(reason(&lab.run().await), None, "{delivery:?}: the next one has arrived");
        assert_eq!(lab.mails(PRAXIS), [0, 0, 0], "{delivery:?}");
    }
}

#[tokio::test]
async fn refusal_for_good_suspends_sending_over_a_restart() {
    let mut lab = Lab::new(RoundTrip::default()).await;
    lab.set(|mailbox| mailbox.submission = Some(SubmissionRefusal::SendAsDenied));
    let mut attempts = 0;
    for pause in [HOUR, 6 * HOUR, 24 * HOUR] {
        let refused = lab.run().await;
        attempts += 1;
        assert_eq!(reason(&refused), Some(Reason::SendAsDenied));
        assert_eq!(refused.failure().unwrap().phase, Phase::Submit);
        assert!(refused.facts.warnings.is_empty() && refused.facts.round_trip.suspended_until.is_some());
        lab.restart();
        lab.wait(pause.saturating_sub(MINUTE));
        let held = lab.run().await;
        assert_eq!(reason(&held), Some(Reason::SendAsDenied), "the reason stays");
        assert_eq!(held.facts.warnings.first().map(|warning| warning.reason), Some(Reason::SendingSuspended));
        assert_eq!(held.phases.iter().filter(|span| span.phase == Phase::Auth).count(), 0, "nobody was asked");
        lab.wait(2 * MINUTE);
    }
    assert_eq!(attempts, 3);
    lab.set(|mailbox| mailbox.submission = None);
    assert_eq!(reason(&lab.run().await), None, "after the pause one is sent");
    lab.wait(MINUTE);
    let found = lab.run().await;
    assert_eq!((reason(&found), found.facts.round_trip.suspended_until), (None, None));
}

#[tokio::test]
async fn refusal_for_now_suspends_nothing() {
    let lab = Lab::new(RoundTrip::default()).await;
    lab.set(|mailbox| mailbox.submission = Some(SubmissionRefusal::Deferred));
    let refused = lab.run().await;
    assert_eq!((reason(&refused), refused.facts.round_trip.suspended_until), (Some(Reason::SubmissionDeferred), None));
    lab.set(|mailbox| mailbox.submission = None);
    lab.wait(15 * MINUTE);
    assert_eq!(lab.run().await.facts.round_trip.pending, Some(1));
}

#[tokio::test]
async fn mail_to_another_mailbox_is_found_there_and_its_copy_deleted_here() {
    let lab = Lab::new(RoundTrip { to: Some(LABOR.to_owned()), ..RoundTrip::default() }).await;
    lab.run().await;
    assert_eq!((lab.mails(PRAXIS), lab.mails(LABOR)), ([0, 0, 1], [1, 0, 0]));
    lab.wait(MINUTE);
    let found = lab.run().await;
    assert_eq!((reason(&found), found.facts.round_trip.deleted), (None, Some(2)));
    assert_eq!((lab.mails(PRAXIS), lab.mails(LABOR)), ([0; 3], [0; 3]));
    let outside = RoundTrip { to: Some("x@fabrikam.example".to_owned()), ..RoundTrip::default() };
    let outside = ProbeSettings { round_trip: outside, ..lab.settings.clone() };
    assert!(Probe::new(outside, &Slots::default()).unwrap_err().contains("allow_domain"));
}

#[tokio::test]
async fn mail_that_cannot_be_deleted_is_told_and_tried_again() {
    // Graph keeps no copy in Sent Items.
    for (round_trip, deleted) in [(RoundTrip::default(), 4), (by_graph(), 2)] {
        let lab = Lab::new(round_trip).await;
        lab.run().await;
        lab.wait(MINUTE);
        lab.set(|mailbox| mailbox.read_only = true);
        let found = lab.run().await;
        assert_eq!((reason(&found), found.facts.round_trip.pending), (None, Some(0)));
        assert_eq!(found.facts.warnings.first().map(|warning| warning.reason), Some(Reason::MailNotDeleted));
        lab.set(|mailbox| mailbox.read_only = false);
        lab.wait(15 * MINUTE);
        lab.run().await;
        lab.wait(MINUTE);
        assert_eq!((lab.run().await.facts.round_trip.deleted, lab.mails(PRAXIS)), (Some(deleted), [0; 3]));
    }
}

/// A mail as another instance of the program has sent it, and one that only quotes a mail of ours.
fn strangers(uid: u32, mark: &str) -> [Message; 2] {
    let other = format!(
        "Subject: m365-probe round trip\r\nMessage-ID: <{uid}@contoso.example>\r\nX-M365-Probe-Round-Trip: 99999999-2222-3333-4444-555555555555/\
         aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee/1\r\n\r\nx\r\n"
    );
    let quoting = format!(
        "Message-ID: <{uid}.q@contoso.example>\r\nSubject: Re: m365-probe round trip\r\n\r\nX-M365-Probe-Round-Trip: {mark}\r\n"
    );
    [other, quoting].map(|text| Message { uid, seen: false, received: SystemTime::now(), text })
}

#[tokio::test]
async fn many_round_trips_lose_none_leave_none_and_touch_nothing_of_others() {
    // A thousand take two minutes on two busy cores; `M365_ROUND_TRIPS=1000` makes so many.
    let trips = std::env::var("M365_ROUND_TRIPS").ok().and_then(|text| text.parse().ok()).unwrap_or(60_u32);
    for (round_trip, deleted) in [(RoundTrip::default(), 2), (by_graph(), 1)] {
        make_round_trips(trips, round_trip, deleted).await;
    }
}

/// Makes so many round trips one after the other, of each of which so many mails are deleted, between mails of others.
async fn make_round_trips(trips: u32, round_trip: RoundTrip, deleted: u64) {
    let mut lab = Lab::new(round_trip).await;
    lab.means.waits = true;
    let all_mails = |lab: &Lab| {
        let mut mails = Vec::new();
        lab.tenant.change(|tenant| {
            let mailbox = tenant.mailbox(PRAXIS).unwrap();
            mails.extend(mailbox.folders.iter().map(|folder| mailbox.messages_of(folder).to_vec()));
        });
        mails
    };
    let (mut sent, mut theirs) = (BTreeSet::new(), Vec::new());
    for number in 0..trips {
        if number.is_multiple_of(20) {
            let known = lab.means.ledger.read(&m365_probe::round_trip::PairKey::of(&lab.settings)).await.unwrap();
            for Message { text, .. } in strangers(number, &format!("{}/x", known.instance)) {
                lab.set(|mailbox| mailbox.add("inbox", text.clone(), false));
                lab.set(|mailbox| mailbox.add("sentitems", text, true));
            }
            theirs = all_mails(&lab);
            lab.restart();
        }
        let outcome = lab.run().await;
        let facts = &outcome.facts.round_trip;
        assert_eq!((reason(&outcome), facts.pending, facts.deleted), (None, Some(0), Some(deleted)), "{number}: {facts:?}");
        assert!(
            facts.arrival.is_some() && sent.insert(facts.message_id.clone()),
            "{number}: each is another mail, and arrives: {facts:?}"
        );
        lab.wait(15 * MINUTE);
    }
    assert_eq!(sent.len(), usize::try_from(trips).unwrap());
    assert_eq!(all_mails(&lab), theirs, "nothing of ours is left, and nothing of others' is changed");
}
