//! An application that is a managed identity, or is vouched for by one: each kind of machine, and each refusal.

use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::Duration;

use m365_probe::check::Means;
use m365_probe::credential::{AssignedIdentity, Credential, IdentityHost, ManagedIdentity, TokenPart};
use m365_probe::kind::Check;
use m365_probe::outcome::{Outcome, Phase};
use m365_probe::probe::{Probe, Slots};
use m365_probe::reason::Reason;
use m365_probe::settings::ProbeSettings;
use m365_probe::sim::{Identity, MachineKind, Running, Tenant, start};

/// A running tenant, and a directory in which the agent of Azure Arc writes its keys.
struct Machine {
    tenant: Running,
    directory: PathBuf,
    means: Means,
    slots: Slots,
}

impl Machine {
    async fn new(mut tenant: Tenant) -> Self {
        let name = format!("managed-identity-{:?}", std::thread::current().id());
        let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir_all(&directory).unwrap();
        if let Some(machine) = &mut tenant.machine {
            machine.keys.clone_from(&directory);
            machine.named_keys.clone_from(&directory);
        }
        let tenant = start(tenant).await.unwrap();
        let settings = tenant.settings(&tenant.write_ca(&directory).unwrap());
        let means = Means::new(&settings.network).unwrap();
        Self { tenant, directory, means, slots: Slots::default() }
    }

    fn settings(&self, check: Check) -> ProbeSettings {
        let settings = self.tenant.settings(&self.directory.join("ca.pem"));
        let mut probe = settings.probes.into_iter().find(|probe| probe.id.check == check).unwrap();
        probe.timeout = Duration::from_secs(60);
        probe
    }

    async fn run(&self, settings: ProbeSettings) -> Outcome {
        Probe::new(settings, &self.slots).unwrap().run(&self.means, None).await
    }

    /// Runs the built program with these arguments, and the variables that such a machine has.
    async fn program(&self, arguments: &[&str]) -> Output {
        let config = self.tenant.write_config(&self.directory).unwrap();
        let mut program = Command::new(env!("CARGO_BIN_EXE_m365-probe"));
        for name in ["IDENTITY_ENDPOINT", "IDENTITY_HEADER", "IMDS_ENDPOINT", "MSI_ENDPOINT", "AZURE_POD_IDENTITY_AUTHORITY_HOST"]
        {
            program.env_remove(name);
        }
        // A proxy that the machine has is never asked for a token.
        program.envs(self.tenant.identity_variables()).env("HTTP_PROXY", "http://127.0.0.1:9").env_remove("HTTPS_PROXY");
        program.args(arguments).arg("--config").arg(config).env_remove("SSL_CERT_FILE").env_remove("SSL_CERT_DIR");
        tokio::task::spawn_blocking(move || program.output().unwrap()).await.unwrap()
    }

    /// Returns the outcome of the `token` check with another identity asked for.
    async fn token_of(&self, identity: AssignedIdentity) -> Outcome {
        let mut probe = self.settings(Check::Token);
        let known = probe.tenant.credential.managed_identity().unwrap().clone();
        Arc::make_mut(&mut probe.tenant).credential = Credential::ManagedIdentity(ManagedIdentity { identity, ..known });
        self.run(probe).await
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

#[tokio::test]
async fn each_kind_of_machine_hands_out_a_token_that_opens_the_mailbox() {
    for kind in [MachineKind::VirtualMachine, MachineKind::AppService, MachineKind::Arc] {
        let machine = Machine::new(Tenant::contoso().with_managed_identity(kind)).await;
        let outcome = machine.run(machine.settings(Check::Token)).await;
        assert!(outcome.is_ok(), "{kind:?}: {:?}", outcome.verdict);
        let token = outcome.facts.token.as_ref().unwrap();
        assert_eq!(token.app_id.as_deref(), Some("aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"));
        assert!(token.expires.is_some() && token.clock_skew.is_none());
        let asked: Vec<&str> = outcome.facts.endpoints.iter().map(|endpoint| &*endpoint.host).collect();
        assert!(asked.iter().all(|host| *host == "127.0.0.1"), "the login host is not asked: {asked:?}");
        assert!(outcome.facts.warnings.is_empty() && outcome.facts.credential_expires.is_none());
        let outcome = machine.run(machine.settings(Check::Pop3)).await;
        assert!(outcome.is_ok(), "{kind:?}: {:?}", outcome.verdict);
    }
}

#[tokio::test]
async fn dns_and_reach_of_a_managed_identity_leave_the_login_host_out() {
    let machine = Machine::new(Tenant::contoso().with_managed_identity(MachineKind::VirtualMachine)).await;
    let dns = machine.run(machine.settings(Check::Dns)).await;
    let reach = machine.run(machine.settings(Check::Reach)).await;
    assert!(dns.is_ok() && reach.is_ok());
    assert!(!dns.facts.dns.is_empty() && dns.facts.dns.iter().all(|answer| !answer.host.starts_with("login.")));
    assert!(!reach.facts.endpoints.is_empty() && reach.facts.endpoints.iter().all(|at| !at.host.starts_with("login.")));
}

#[tokio::test]
async fn user_assigned_identity_is_found_by_each_of_its_ids_and_one_of_another_machine_is_not() {
    for kind in [MachineKind::VirtualMachine, MachineKind::AppService] {
        let mut tenant = Tenant::contoso().with_managed_identity(kind);
        let known = tenant.machine.as_mut().unwrap();
        let identity = known.own.take().unwrap();
        known.assigned = vec![Identity::new("backup", "11111111-aaaa-4bbb-8ccc-000000000001", "oid"), identity.clone()];
        let machine = Machine::new(tenant).await;
        // With none of its own, the tenant's settings name no identity of the machine.
        let own = Machine::new(Tenant::contoso().with_managed_identity(kind)).await;
        let at = own.settings(Check::Token).tenant.credential.managed_identity().unwrap().clone();
        for (asked, expected) in [
            (AssignedIdentity::ClientId(identity.client_id.clone()), None),
            (AssignedIdentity::ObjectId(identity.object_id.clone()), None),
            (AssignedIdentity::ResourceId(identity.resource_id.clone()), None),
            (
                AssignedIdentity::ClientId("22222222-aaaa-4bbb-8ccc-000000000002".to_owned()),
                Some(Reason::ManagedIdentityNotAssigned),
            ),
        ] {
            let mut probe = machine.settings(Check::Token);
            let place = machine.tenant.places().identity[0];
            let mut credential = ManagedIdentity { identity: asked.clone(), ..at.clone() };
            credential.at.port = place.port();
            Arc::make_mut(&mut probe.tenant).credential = Credential::ManagedIdentity(credential);
            let outcome = machine.run(probe).await;
            assert_eq!(outcome.failure().map(|failure| failure.reason), expected, "{kind:?} {asked}");
            assert!(outcome.facts.warnings.is_empty(), "{asked}");
        }
    }
}

#[tokio::test]
async fn token_of_another_identity_than_the_client_id_names_is_a_warning() {
    let mut tenant = Tenant::contoso().with_managed_identity(MachineKind::VirtualMachine);
    let other = Identity::new("other", "33333333-aaaa-4bbb-8ccc-000000000003", "0b1ec71d-0000-4000-8000-00000000e0a3");
    tenant.machine.as_mut().unwrap().assigned = vec![other.clone()];
    let machine = Machine::new(tenant).await;
    let outcome = machine.token_of(AssignedIdentity::ClientId(other.client_id.clone())).await;
    assert!(outcome.is_ok());
    let warning = &outcome.facts.warnings[0];
    assert_eq!(warning.reason, Reason::ManagedIdentityDiffers);
    assert!(warning.evidence.heard.as_deref().unwrap().contains(&other.client_id));
}

#[tokio::test]
async fn missing_identity_fails_in_the_phase_token_and_names_the_local_endpoint() {
    let machine = Machine::new(Tenant::contoso().with_managed_identity(MachineKind::VirtualMachine)).await;
    machine.tenant.set_fault("managed_identity_not_assigned").unwrap();
    let outcome = machine.run(machine.settings(Check::Token)).await;
    let failure = outcome.failure().unwrap();
    assert_eq!((failure.phase, failure.reason), (Phase::Token, Reason::ManagedIdentityNotAssigned));
    let peer = failure.evidence.peer.as_ref().unwrap();
    assert_eq!((&*peer.host, peer.port), ("127.0.0.1", Some(machine.tenant.ports().identity)));
    assert!(failure.evidence.said.as_deref().unwrap().starts_with("GET http://127.0.0.1:"));
}

#[tokio::test]
async fn application_signs_in_by_the_managed_identity_s_assertion() {
    let machine = Machine::new(Tenant::contoso().with_assertion_of_managed_identity()).await;
    let outcome = machine.run(machine.settings(Check::Token)).await;
    assert!(outcome.is_ok(), "{:?}", outcome.verdict);
    let token = outcome.facts.token.as_ref().unwrap();
    assert_eq!(token.app_id.as_deref(), Some("aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"), "the application's, not the identity's");
    assert!(token.clock_skew.is_some() && outcome.facts.warnings.is_empty());
    let hosts: Vec<&str> = outcome.facts.endpoints.iter().map(|endpoint| &*endpoint.host).collect();
    assert_eq!(hosts, ["127.0.0.1", "login.microsoftonline.com"]);
    let reach = machine.run(machine.settings(Check::Reach)).await;
    assert!(reach.facts.endpoints.iter().any(|at| at.host.starts_with("login.")), "the login host is needed");

    machine.tenant.set_fault("federated_subject_differs").unwrap();
    let outcome = machine.run(machine.settings(Check::Token)).await;
    let failure = outcome.failure().unwrap();
    assert_eq!((failure.phase, failure.reason), (Phase::Token, Reason::FederatedSubjectDiffers), "{failure:?}");
    let said = failure.evidence.said.as_deref().unwrap();
    let compared = "(a token of issuer `https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0` for subject \
                    `0b1ec71d-0000-4000-8000-00000000e0a2` and audience `api://AzureADTokenExchange`, valid until 2";
    assert!(said.contains(compared), "{said}");

    machine.tenant.clear_faults();
    machine.tenant.set_fault("managed_identity_unavailable").unwrap();
    let outcome = machine.run(machine.settings(Check::Token)).await;
    let failure = outcome.failure().unwrap();
    assert_eq!((failure.phase, failure.reason), (Phase::Token, Reason::ManagedIdentityUnavailable), "{failure:?}");
    assert!(outcome.facts.token.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn built_program_finds_the_endpoint_by_its_variables_and_names_a_missing_identity() {
    for kind in [MachineKind::VirtualMachine, MachineKind::AppService] {
        let machine = Machine::new(Tenant::contoso().with_managed_identity(kind)).await;
        let good = machine.program(&["check", "token"]).await;
        let printed = String::from_utf8_lossy(&good.stdout).into_owned();
        assert_eq!(good.status.code(), Some(0), "{kind:?}: {printed}");

        machine.tenant.set_fault("managed_identity_not_assigned").unwrap();
        let failed = machine.program(&["check", "token"]).await;
        let printed = String::from_utf8_lossy(&failed.stdout).into_owned();
        assert_eq!(failed.status.code(), Some(2), "{kind:?}: {printed}");
        assert!(printed.starts_with("TOKEN CRITICAL - contoso: managed_identity_not_assigned in token"), "{printed}");

        let doctor = machine.program(&["doctor", "--output", "json"]).await;
        let report: serde_json::Value = serde_json::from_slice(&doctor.stdout).unwrap();
        let cause = &report["root_causes"][0];
        assert_eq!((cause["reason"].as_str(), cause["owner"].as_str()), (Some("managed_identity_not_assigned"), Some("here")));
        assert!(cause["remedy"][0].as_str().unwrap().contains("> Identity > System assigned"), "{cause}");
        assert_eq!(report["root_causes"].as_array().unwrap().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn built_program_tells_a_missing_role_with_the_command_that_grants_it_to_an_identity() {
    let machine = Machine::new(Tenant::contoso().with_managed_identity(MachineKind::VirtualMachine)).await;
    machine.tenant.set_fault("token_role_missing@imap").unwrap();
    let doctor = machine.program(&["doctor", "--output", "json"]).await;
    let report: serde_json::Value = serde_json::from_slice(&doctor.stdout).unwrap();
    let remedy: Vec<&str> =
        report["root_causes"][0]["remedy"].as_array().unwrap().iter().map(|step| step.as_str().unwrap()).collect();
    let grant = "-PrincipalId \"0b1ec71d-0000-4000-8000-00000000e0a1\" -ResourceId $api.Id -AppRoleId ($api.AppRoles | Where-Object Value \
                 -eq \"IMAP.AccessAsApp\").Id";
    assert!(remedy[1].contains(grant), "{remedy:?}");
    assert!(remedy.iter().all(|step| !step.contains("App registrations")), "{remedy:?}");
}

/// An endpoint that gives each reply in turn, with the request in the place of `{request}`; returns its port.
fn echo(replies: Vec<String>) -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for reply in replies {
            let (mut stream, _) = listener.accept().unwrap();
            let (mut request, mut byte) = (Vec::new(), [0]);
            while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|count| count == 1) {
                request.push(byte[0]);
            }
            let quoted = String::from_utf8_lossy(&request).replace(['\r', '\n', '"'], " ");
            let (head, body) = reply.split_once("\n\n").unwrap();
            let body = body.replace("{request}", &quoted);
            let head = head.replace('\n', "\r\n");
            let _ = write!(stream, "{head}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
        }
    });
    port
}

/// Returns what the `token` check shows of an endpoint of that kind at that port.
async fn shown(host: IdentityHost, port: u16) -> String {
    shown_of(AssignedIdentity::System, host, port).await
}

/// The same for that identity.
async fn shown_of(identity: AssignedIdentity, host: IdentityHost, port: u16) -> String {
    let machine = Machine::new(Tenant::contoso().with_managed_identity(MachineKind::VirtualMachine)).await;
    let mut probe = machine.settings(Check::Token);
    let mut at = probe.tenant.credential.managed_identity().unwrap().at.clone();
    at.port = port;
    Arc::make_mut(&mut probe.tenant).credential =
        Credential::ManagedIdentity(ManagedIdentity { identity, host, at, part: TokenPart::Access });
    let outcome = machine.run(probe).await;
    let transcript: Vec<String> = outcome.facts.transcript.lines().map(|line| format!("{line:?}")).collect();
    format!("{outcome:?} {}", transcript.join("\n"))
}

#[tokio::test(flavor = "multi_thread")]
async fn key_and_header_that_an_endpoint_repeats_are_shown_nowhere() {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("managed-identity-keys");
    std::fs::create_dir_all(&directory).unwrap();
    let (key, path) = ("marked-arc-key-0123456789-marked", directory.join("marked.key"));
    std::fs::write(&path, key).unwrap();
    let refusal =
        "HTTP/1.1 400 Bad Request\ncontent-type: application/json\n\n{\"error\":\"x\",\"error_description\":\"{request}\"}";
    let challenge = format!("HTTP/1.1 401 Unauthorized\nwww-authenticate: Basic realm={}\n\n", path.display());
    let text = shown(IdentityHost::Arc(directory.clone()), echo(vec![challenge, refusal.to_owned()])).await;
    assert!(text.contains("ManagedIdentityRefused") && text.contains("Basic <secret>"), "{text}");
    assert!(!text.contains("marked-arc"), "{text}");

    let header = m365_probe::secret::Secret::new("marked-identity-header-0123456789");
    let text = shown(IdentityHost::AppService(header), echo(vec![refusal.to_owned()])).await;
    assert!(text.contains("ManagedIdentityRefused") && text.contains("<secret>"), "{text}");
    assert!(!text.contains("marked-identity"), "{text}");
    std::fs::remove_dir_all(&directory).unwrap();
}

/// An agent that does not know user-assigned identities overlooks the id, and hands out the token of the machine's own.
#[tokio::test(flavor = "multi_thread")]
async fn token_of_a_user_assigned_identity_from_azure_arc_is_used_only_where_its_agent_names_the_identity() {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("managed-identity-assigned");
    std::fs::create_dir_all(&directory).unwrap();
    let path = directory.join("a.key");
    std::fs::write(&path, "key").unwrap();
    let challenge = format!("HTTP/1.1 401 Unauthorized\nwww-authenticate: Basic realm={}\n\n", path.display());
    let id = "11111111-aaaa-4bbb-8ccc-000000000001";
    for (named, is_used) in [(id.to_uppercase(), true), ("22222222-aaaa-4bbb-8ccc-000000000001".to_owned(), false)] {
        let reply = format!(
            "HTTP/1.1 200 OK\ncontent-type: application/json\n\n{{\"access_token\":\"t\",\"expires_in\":\"3599\",\"client_id\":\"{named}\"}}"
        );
        let port = echo(vec![challenge.clone(), reply]);
        let text = shown_of(AssignedIdentity::ClientId(id.to_owned()), IdentityHost::Arc(directory.clone()), port).await;
        assert_eq!(text.contains("ManagedIdentityNotAssigned"), !is_used, "{named}: {text}");
        assert!(is_used || text.contains(&format!("is of {id}, so that it was not used")), "{text}");
    }
    std::fs::remove_dir_all(&directory).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn endpoint_that_redirects_to_another_is_not_followed() {
    let elsewhere = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let target = elsewhere.local_addr().unwrap();
    let text = shown(
        IdentityHost::VirtualMachine,
        echo(vec![format!("HTTP/1.1 307 Temporary Redirect\nlocation: http://{target}/token\n\n")]),
    )
    .await;
    assert!(text.contains("ManagedIdentityEndpointForeign"), "{text}");
    assert_eq!(elsewhere.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock, "nobody came");
}
