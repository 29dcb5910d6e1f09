//! The size of the page of metrics of a large service.

use m365_probe::kind::Check;
use m365_probe::outcome::{Evidence, Facts, Outcome, Peer, Phase, ProbeId, Verdict};
use m365_probe::reason::Reason;
use m365_probe::render::prometheus::{Exporter, Format, metrics};
use m365_probe::store::Store;

use crate::sample;

/// Ten thousand mailboxes with three checks each are to have a page of 30 MiB: 1048 bytes for each check.
#[test]
fn metrics_of_3000_mailboxes_take_at_most_1048_bytes_each() {
    let peer = Evidence { peer: Some(Peer::new("outlook.office365.com", 995)), ..Evidence::default() };
    let refused = sample::failed(Phase::Auth, Reason::AuthRefused, peer);
    // Few mailboxes have their backlog watched.
    let mut usual = Facts { backlog: Vec::new(), ..sample::pop3().facts };
    (usual.mailbox.quota, usual.mailbox.quota_used) = (None, None);
    // A login that is refused opens no mailbox.
    for (verdict, facts, at) in [(Verdict::Ok, usual, 0), (refused, Facts::default(), 1)] {
        let ids = (0..3000).map(|number| Some(format!("m{number:05}@t0.example")));
        let ids = ids.map(|mailbox| ProbeId { tenant: "t0".into(), mailbox, check: Check::Pop3 });
        let of = |probe| Outcome { probe, verdict: verdict.clone(), facts: facts.clone(), ..sample::pop3() };
        let outcomes: Vec<Outcome> = ids.map(of).collect();
        let mut store = Store::new(&outcomes.iter().map(|outcome| sample::settings(&outcome.probe)).collect::<Vec<_>>());
        for outcome in outcomes {
            store.record(outcome);
        }
        let page = metrics(&store, &[], &Exporter::new(), sample::now(), Format::Text).to_string();
        assert!(page.len() <= 3000 * 1048, "{} bytes each", page.len() / 3000);
        let shared = r#"endpoint_info{tenant="t0",mailbox="",check="pop3",endpoint="outlook.office365.com:995"} 1"#;
        let endpoints = [page.matches("m365_probe_endpoint_info{").count(), page.matches(shared).count()];
        assert_eq!(endpoints, [at, at]);
    }
}
