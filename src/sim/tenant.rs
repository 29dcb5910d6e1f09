//! An administrator's settings: the tenant, its application, its switches and its mailboxes, as plain data.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use crate::outcome::Phase;
use crate::secret::Secret;

use super::client_certificate::ClientCertificate;
use super::machine::{Identity, Machine, MachineKind};
use super::mailbox::Mailbox;
use super::protocol::{Protocol, Trouble};

/// The permission of Microsoft Graph to read registrations.
pub const READ_ALL: &str = "Application.Read.All";
/// The host of the API server of the cluster in which the application runs.
pub(super) const CLUSTER: &str = "oidc.cluster.example";
const DAY: Duration = Duration::from_secs(86_400);

/// A whole tenant. Start from [`Tenant::contoso`] and change what a test is about.
#[derive(Clone, Debug)]
pub struct Tenant {
    /// Directory id, a GUID in lower case.
    pub id: String,
    /// A verified domain.
    pub domain: String,
    /// Set if Entra knows the tenant.
    pub exists: bool,
    /// The application registered in it.
    pub application: Application,
    /// The tenant-wide settings of Exchange Online.
    pub exchange: Exchange,
    /// The mailboxes.
    pub mailboxes: Vec<Mailbox>,
    /// The time that each step takes before its answer begins; a step that is missing takes no time.
    pub latency: BTreeMap<Phase, Duration>,
    /// The time that a refused login takes; Exchange Online takes 5 to 17 seconds.
    pub refusal_delay: Duration,
    /// The addresses that the DNS server answers with, for the names of the tenant's services.
    pub addresses: Vec<IpAddr>,
    /// The machine that the application runs on, where that has managed identities.
    pub machine: Option<Machine>,
    /// Organisation and name of the authority that its certificates come from.
    pub authority: (String, String),
}

/// An app registration and its enterprise application.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of Entra's own")]
pub struct Application {
    /// Application (client) id, a GUID in lower case.
    pub client_id: String,
    /// Display name.
    pub name: String,
    /// The client secret's value.
    pub secret: Secret,
    /// Set if that secret has expired.
    pub secret_expired: bool,
    /// The time at which it expires, as Graph shows it to an application with [`READ_ALL`].
    pub secret_expires: SystemTime,
    /// The certificates registered with it, which it may sign in with in place of the secret.
    pub certificates: Vec<ClientCertificate>,
    /// Its federated credentials, whose tokens it may sign in with.
    pub federated_credentials: Vec<FederatedCredential>,
    /// Set if Entra accepts each assertion once. By all that is known it accepts one for as long as it is valid.
    pub assertions_are_good_once: bool,
    /// Seconds by which Entra's clock is ahead of this machine's when it judges an assertion.
    pub assertion_clock: i64,
    /// The time at which the application was registered.
    pub created: SystemTime,
    /// Object id of the enterprise application (service principal): claim `oid`.
    pub object_id: String,
    /// Set if the enterprise application exists.
    pub has_service_principal: bool,
    /// `Enabled for users to sign-in`.
    pub enabled: bool,
    /// Set if Conditional Access for workload identities blocks it.
    pub conditional_access_blocked: bool,
    /// Application permissions with admin consent, of Exchange Online and of Microsoft Graph: claim `roles` of the tokens for
    /// either.
    pub roles: Vec<String>,
    /// The lifetime of a token, in seconds; negative for tokens that are expired when they arrive.
    pub token_seconds: i64,
}

/// A federated credential: what Entra compares with a token, character by character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FederatedCredential {
    /// Claim `iss`.
    pub issuer: String,
    /// Claim `sub`.
    pub subject: String,
    /// Claim `aud`.
    pub audience: String,
}

impl FederatedCredential {
    /// That of a service account in a cluster.
    pub fn of_cluster() -> Self {
        Self {
            issuer: format!("https://{CLUSTER}/contoso/"),
            subject: "system:serviceaccount:monitoring:m365-probe".to_owned(),
            audience: "api://AzureADTokenExchange".to_owned(),
        }
    }
}

/// The tenant-wide settings of Exchange Online.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch or a state of Exchange's own")]
pub struct Exchange {
    /// Set if the tenant ever had Exchange Online: without it there is no resource to get a token for.
    pub present: bool,
    /// Set if the subscription has lapsed.
    pub lapsed: bool,
    /// Set if it demands that applications be assigned to it, and this one is not.
    pub unassigned: bool,
    /// `New-ServicePrincipal -ObjectId`: the object ids Exchange knows.
    pub service_principals: Vec<String>,
    /// `New-ManagementRoleAssignment -App`: what RBAC for Applications grants for the mailboxes in scope, beside the token's
    /// roles and independent of them. There is no such role for POP3 and IMAP.
    pub role_assignments: Vec<Protocol>,
    /// `Set-TransportConfig -SmtpClientAuthenticationDisabled`.
    pub smtp_auth_disabled: bool,
    /// `Set-OrganizationConfig -EwsEnabled`; `None` counts as true.
    pub ews_enabled: Option<bool>,
    /// `Set-OrganizationConfig -EwsAllowedAppIDs`; has no effect while `ews_enabled` is `None`.
    pub ews_allowed_app_ids: Vec<String>,
    /// Set if a policy blocks programs by their `User-Agent` (`Set-OrganizationConfig -EwsApplicationAccessPolicy`).
    pub user_agents_blocked: bool,
    /// Set if it refuses the application everywhere, for a reason it keeps to itself.
    pub refuses_everything: bool,
    /// The present trouble of each protocol of Exchange.
    pub trouble: BTreeMap<Protocol, Trouble>,
}

/// The age of the oldest mail in a mailbox whose application fetches it.
const FETCHED_WITHIN: Duration = Duration::from_secs(3600);

impl Tenant {
    /// A tenant in which everything works: application, permissions and three mailboxes.
    pub fn contoso() -> Self {
        Self {
            id: "11111111-2222-3333-4444-555555555555".to_owned(),
            domain: "contoso.example".to_owned(),
            exists: true,
            application: Application::contoso(),
            exchange: Exchange::contoso(),
            mailboxes: ["praxis", "labor", "empfang"]
                .iter()
                .zip([12, 3, 0])
                .map(|(name, messages)| Mailbox::new(&format!("{name}@contoso.example")).with_messages(messages))
                .map(|mailbox| mailbox.received_since(FETCHED_WITHIN))
                .collect(),
            latency: BTreeMap::new(),
            refusal_delay: Duration::ZERO,
            addresses: vec![IpAddr::from([127, 0, 0, 1])],
            machine: None,
            authority: ("m365-probe simulated tenant".to_owned(), "Simulated Tenant Root".to_owned()),
        }
    }

    /// The same tenant with a further mailbox, which is none of the application's business and closed to it.
    #[must_use]
    pub fn with_closed_mailbox(mut self) -> Self {
        let personnel = Mailbox::new("personal@contoso.example").with_messages(5).received_since(FETCHED_WITHIN);
        self.mailboxes.push(personnel.closed());
        self
    }

    /// The same tenant with a certificate registered with its application.
    ///
    /// # Errors
    /// In words for a person: no certificate could be made.
    pub fn with_certificate(mut self) -> Result<Self, String> {
        let certificate = ClientCertificate::shared().map_err(|error| format!("cannot make a certificate: {error}"))?;
        self.application.certificates = vec![certificate];
        Ok(self)
    }

    /// The same tenant with a federated credential of its application, for a service account in a cluster.
    #[must_use]
    pub fn with_federated_credential(mut self) -> Self {
        self.application.federated_credentials = vec![FederatedCredential::of_cluster()];
        self
    }

    /// The same tenant, whose application is the managed identity of a machine of that kind.
    #[must_use]
    pub fn with_managed_identity(mut self, kind: MachineKind) -> Self {
        let own = Identity::new("m365-probe", &self.application.client_id, &self.application.object_id);
        self.machine = Some(Machine::new(kind, own));
        self
    }

    /// The same tenant, whose application signs in by the managed identity of a virtual machine (identity federation).
    #[must_use]
    pub fn with_assertion_of_managed_identity(mut self) -> Self {
        let own = Identity::new("m365-probe", "bbbbbbbb-1111-4222-8333-cccccccccccc", "0b1ec71d-0000-4000-8000-00000000e0a2");
        self.application.federated_credentials = vec![FederatedCredential {
            issuer: format!("https://login.microsoftonline.com/{}/v2.0", self.id),
            subject: own.object_id.clone(),
            audience: FederatedCredential::of_cluster().audience,
        }];
        self.machine = Some(Machine::new(MachineKind::VirtualMachine, own));
        self
    }

    /// The mailbox of that address, primary or alias, in any case.
    pub fn mailbox(&self, address: &str) -> Option<&Mailbox> {
        self.mailboxes.iter().find(|mailbox| mailbox.is_called(address))
    }

    /// The same, to change it.
    pub fn mailbox_mut(&mut self, address: &str) -> Option<&mut Mailbox> {
        self.mailboxes.iter_mut().find(|mailbox| mailbox.is_called(address))
    }

    /// Tells whether `name` (a path segment of the token endpoint) means this tenant.
    pub fn is_called(&self, name: &str) -> bool {
        self.exists && (name.eq_ignore_ascii_case(&self.id) || name.eq_ignore_ascii_case(&self.domain))
    }

    /// Extra time before the answer of a step.
    pub fn latency(&self, phase: Phase) -> Duration {
        self.latency.get(&phase).copied().unwrap_or_default()
    }
}

impl Application {
    fn contoso() -> Self {
        Self {
            client_id: "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee".to_owned(),
            name: "Line of Business".to_owned(),
            // Shaped like a real one: 40 characters with `~`, `.` and `_`; of no use anywhere.
            secret: Secret::new("sim8Q~not.a.real_secret-0123456789abcdef"),
            secret_expired: false,
            secret_expires: SystemTime::now() + 97 * DAY,
            certificates: Vec::new(),
            federated_credentials: Vec::new(),
            assertions_are_good_once: false,
            assertion_clock: 0,
            created: SystemTime::now() - 400 * DAY,
            object_id: "0b1ec71d-0000-4000-8000-00000000e0a1".to_owned(),
            has_service_principal: true,
            enabled: true,
            conditional_access_blocked: false,
            roles: Protocol::ALL
                .iter()
                .flat_map(|protocol| protocol.roles())
                .chain(&[READ_ALL])
                .map(|role| (*role).to_owned())
                .collect(),
            token_seconds: 3900,
        }
    }
}

impl Exchange {
    fn contoso() -> Self {
        let application = Application::contoso();
        Self {
            present: true,
            lapsed: false,
            unassigned: false,
            service_principals: vec![application.object_id],
            role_assignments: Vec::new(),
            smtp_auth_disabled: false,
            ews_enabled: Some(true),
            ews_allowed_app_ids: vec![application.client_id],
            user_agents_blocked: false,
            refuses_everything: false,
            trouble: BTreeMap::new(),
        }
    }
}
