//! Microsoft Graph: what the tenant answers, and what the check makes of it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use m365_probe::check::Means;
use m365_probe::kind::Check;
use m365_probe::outcome::{Outcome, Phase, SupportId};
use m365_probe::probe::{Probe, Slots};
use m365_probe::reason::Reason;
use m365_probe::settings::Folder;
use m365_probe::sim::{READ_ALL, Running, Tenant, start};

use crate::peer::{Answer, PRAXIS, Peer, form, post};

/// The mail folders of the mailbox of most tests.
pub const FOLDERS: &str = "/v1.0/users/praxis@contoso.example/mailFolders?$top=1&$select=id";
const CALENDAR: &str = "/v1.0/users/praxis%40contoso.example/calendar";

/// A good token for Graph.
pub async fn token(tenant: &Running) -> String {
    let mut form = form(tenant);
    "https://graph.microsoft.com/.default".clone_into(&mut form[3].1);
    let answer = post(tenant, "contoso.example", &form).await.unwrap();
    answer.json()["access_token"].as_str().unwrap_or_default().to_owned()
}

/// Gets `target` with `token`.
pub async fn call(tenant: &Running, token: &str, target: &str) -> Result<Answer, String> {
    let peer = Peer::tls(tenant, tenant.ports().graph, "graph.microsoft.com").await?;
    let head = format!(
        "GET {target} HTTP/1.1\r\nHost: graph.microsoft.com\r\nclient-request-id: 5e9f0c1d\r\nAuthorization: Bearer {token}"
    );
    Ok(peer.request(&head, "").await)
}

#[tokio::test]
async fn folders_and_calendars_are_answered_and_mistakes_are_refused() {
    let tenant = start(Tenant::contoso()).await.unwrap();
    let (token, exchange) = (token(&tenant).await, crate::peer::token(&tenant).await);
    let view = |query: &str| format!("{CALENDAR}/calendarView?{query}");
    let day = "startDateTime=2026-11-23T00:00:00Z&endDateTime=2026-11-24T00:00:00Z";
    for (token, target, status, piece) in [
        (&token, FOLDERS.to_owned(), 200, r#""value":[{"id":"AAMk"#),
        (&token, FOLDERS.to_owned(), 200, "@odata.nextLink"),
        (&token, FOLDERS.replace("$top=1", "%24top=100"), 200, r#""value":[{"id":"AAMk"#),
        (&token, CALENDAR.to_owned(), 200, r#""name":"Calendar""#),
        (&token, view(&format!("{day}&$top=1&$select=id")), 200, r#""value":[]"#),
        (&token, view("startDateTime=2026-11-23T00:00:00Z"), 400, "ErrorInvalidParameter"),
        (&token, view(&day.replace("11-23", "12-23")), 400, "ErrorInvalidParameter"),
        (&token, FOLDERS.replace("$top=1", "$top=0"), 400, "BadRequest"),
        (&token, "/v1.0/me/messages".to_owned(), 400, "BadRequest"),
        (&token, FOLDERS.replace("praxis", "nobody"), 404, "ResourceNotFound"),
        (&exchange, FOLDERS.to_owned(), 401, "Invalid audience."),
        (&"not.a.token".to_owned(), FOLDERS.to_owned(), 401, "InvalidAuthenticationToken"),
        (&String::new(), FOLDERS.to_owned(), 401, "Access token is empty."),
    ] {
        let answer = call(&tenant, token, &target).await.unwrap();
        assert_eq!(answer.status(), status, "{target}: {answer:?}");
        assert!(answer.body.contains(piece), "{target}: {answer:?}");
        assert_eq!(answer.header("client-request-id"), "5e9f0c1d");
        assert!(answer.header("x-ms-ags-diagnostic").contains("DataCenter") && !answer.header("request-id").is_empty());
    }
    tenant.expire_tokens();
    assert!(call(&tenant, &token, FOLDERS).await.unwrap().body.contains("the token is expired"));
}

/// Runs of the check, one after the other, with one cache of tokens.
struct Runs {
    tenant: Running,
    means: Means,
    slots: Slots,
    directory: PathBuf,
}

impl Runs {
    async fn new() -> Self {
        let tenant = start(Tenant::contoso()).await.unwrap();
        let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("graph-{}", tenant.ports().graph));
        std::fs::create_dir_all(&directory).unwrap();
        let settings = tenant.settings(&tenant.write_ca(&directory).unwrap());
        Self { means: Means::new(&settings.network).unwrap(), slots: Slots::default(), tenant, directory }
    }

    /// One run of the check of `praxis`, with the tenant as `change` leaves it.
    async fn run(&self, folder: Folder, address: &str) -> Outcome {
        let settings = self.tenant.settings(&self.directory.join("ca.pem"));
        let of_praxis = |probe: &m365_probe::settings::ProbeSettings| probe.address.as_deref() == Some(PRAXIS);
        let mut probe = settings.probes.into_iter().find(|probe| probe.id.check == Check::Graph && of_praxis(probe)).unwrap();
        (probe.folder, probe.address, probe.tenant) = (folder, Some(address.to_owned()), Arc::new(self.tenant.tenant()));
        Probe::new(probe, &self.slots).unwrap().run(&self.means, None).await
    }
}

impl Drop for Runs {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn reason(outcome: &Outcome) -> Option<(Phase, Reason)> {
    outcome.failure().map(|failure| (failure.phase, failure.reason))
}

#[tokio::test]
async fn a_run_opens_the_mailbox_or_its_calendar_under_any_address() {
    let runs = Runs::new().await;
    let guest = "o'neil+praxis_fabrikam.example#EXT#@contoso.example";
    runs.tenant.change(|tenant| tenant.mailbox_mut(PRAXIS).unwrap().aliases.push(guest.to_owned()));
    for (folder, address) in
        [(Folder::Root, PRAXIS), (Folder::Calendar, PRAXIS), (Folder::Root, guest), (Folder::Calendar, guest)]
    {
        let outcome = runs.run(folder, address).await;
        assert!(outcome.is_ok(), "{:?}", outcome.verdict);
        let phases: Vec<_> = outcome.phases.iter().map(|span| span.phase).collect();
        assert_eq!(phases, [Phase::Token, Phase::Dns, Phase::Connect, Phase::Tls, Phase::Mailbox]);
        let ids: Vec<_> = outcome.facts.server.ids.keys().copied().collect();
        assert_eq!(ids, [SupportId::RequestId, SupportId::ClientRequestId, SupportId::GraphDiagnostic]);
        let token = outcome.facts.token.unwrap();
        assert_eq!(token.audience.as_deref(), Some("https://graph.microsoft.com"));
        assert_eq!(token.roles.as_deref().unwrap(), ["Mail.Read", "Mail.ReadWrite", "Mail.Send", "Calendars.Read", READ_ALL]);
    }
}

#[tokio::test]
async fn each_folder_has_its_permission_and_one_granted_since_is_noticed() {
    let runs = Runs::new().await;
    runs.tenant.change(|tenant| tenant.application.roles.retain(|role| role != "Calendars.Read"));
    let outcome = runs.run(Folder::Calendar, PRAXIS).await;
    assert_eq!(reason(&outcome), Some((Phase::Mailbox, Reason::TokenRoleMissing)));
    assert_eq!(outcome.failure().unwrap().evidence.code.as_deref(), Some("ErrorAccessDenied"));
    assert_eq!(reason(&runs.run(Folder::Root, PRAXIS).await), None);
    runs.tenant.change(|tenant| tenant.application.roles.push("Calendars.Read".to_owned()));
    assert_eq!(reason(&runs.run(Folder::Calendar, PRAXIS).await), None);
}

#[tokio::test]
async fn a_throttled_run_learns_how_long_to_stay_away() {
    let runs = Runs::new().await;
    runs.tenant.set_fault("throttled@graph").unwrap();
    let outcome = runs.run(Folder::Root, PRAXIS).await;
    assert_eq!(reason(&outcome), Some((Phase::Mailbox, Reason::Throttled)));
    assert_eq!(outcome.facts.back_off, Some(Duration::from_secs(10)));
}

#[tokio::test]
async fn the_mailbox_lives_over_graph_while_ews_is_blocked() {
    let runs = Runs::new().await;
    for fault in ["ews_disabled", "ews_blocked_by_policy", "ews_not_licensed"] {
        runs.tenant.set_fault(fault).unwrap();
        assert_eq!(reason(&runs.run(Folder::Calendar, PRAXIS).await), None, "{fault}");
    }
}
