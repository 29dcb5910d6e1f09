//! Every fault the simulated tenant can be given, by name: the reason code it leads to, where there is one.

use std::fmt;

use super::directory::{Protocol, Tenant, Trouble};
use super::mailbox::{FolderAccess, Licence};

/// A service of the simulated tenant; each listens on ports of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Service {
    /// Entra: token endpoint and discovery.
    Login,
    /// POP3 over TLS, and POP3 with STLS.
    Pop3,
    /// IMAP over TLS, and IMAP with STARTTLS.
    Imap,
    /// SMTP submission with STARTTLS.
    Smtp,
    /// Exchange Web Services.
    Ews,
    /// Microsoft Graph.
    Graph,
    /// DNS, over UDP and TCP.
    Dns,
}

impl Service {
    /// Its name behind the `@` of a fault.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Pop3 => "pop3",
            Self::Imap => "imap",
            Self::Smtp => "smtp",
            Self::Ews => "ews",
            Self::Graph => "graph",
            Self::Dns => "dns",
        }
    }

    /// The protocol it speaks to mailboxes, if it does.
    pub const fn protocol(self) -> Option<Protocol> {
        match self {
            Self::Pop3 => Some(Protocol::Pop3),
            Self::Imap => Some(Protocol::Imap),
            Self::Smtp => Some(Protocol::Smtp),
            Self::Ews => Some(Protocol::Ews),
            Self::Graph => Some(Protocol::Graph),
            Self::Login | Self::Dns => None,
        }
    }
}

/// How far a fault reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// It can befall one service and spare the others.
    Each,
    /// What is wrong lies behind all its services: it befalls them together.
    Whole,
}

macro_rules! reach {
    (each) => {
        Reach::Each
    };
    (whole) => {
        Reach::Whole
    };
}

macro_rules! faults {
    ($( $variant:ident $name:literal $reach:ident [$($service:ident)+] $text:literal )*) => {
        /// Something that can be made to go wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Fault { $( #[doc = $text] $variant, )* }

        impl Fault {
            /// Every fault, in the order of the catalogue.
            pub const ALL: &'static [Self] = &[ $( Self::$variant, )* ];

            /// Its name: snake_case, a reason code where it leads to one.
            pub const fn name(self) -> &'static str { match self { $( Self::$variant => $name, )* } }
            /// What goes wrong, in one line.
            pub const fn text(self) -> &'static str { match self { $( Self::$variant => $text, )* } }
            /// The services it can befall.
            pub const fn services(self) -> &'static [Service] { match self { $( Self::$variant => &[ $( Service::$service, )+ ], )* } }
            /// Whether it befalls each service by itself, or all of them together.
            pub const fn reach(self) -> Reach { match self { $( Self::$variant => reach!($reach), )* } }
        }
    };
}

faults! {
    DnsNameUnknown "dns_name_unknown" each [Dns] "the resolver says no name exists"
    DnsServerFailure "dns_server_failure" each [Dns] "the resolver answers SERVFAIL"
    DnsRefused "dns_refused" each [Dns] "the resolver refuses every question"
    DnsNoAddresses "dns_no_addresses" each [Dns] "the resolver's answers hold no address"
    DnsSinkhole "dns_sinkhole" each [Dns] "the resolver sends every name to 0.0.0.0"
    DnsNoAnswer "dns_no_answer" each [Dns] "the resolver never answers"
    DnsMalformed "dns_malformed" each [Dns] "the resolver answers with garbage"

    ConnectRefused "connect_refused" each [Login Pop3 Imap Smtp Ews Graph] "the ports are closed"
    TlsTimedOut "tls_timed_out" each [Login Pop3 Imap Smtp Ews Graph] "the TLS handshake is never answered"
    TlsClosed "tls_closed" each [Login Pop3 Imap Smtp Ews Graph] "the connection is closed when TLS begins"
    TlsNotSpoken "tls_not_spoken" each [Login Pop3 Imap Smtp Ews Graph] "plain text is answered to the TLS handshake"
    TlsCertificateExpired "tls_certificate_expired" each [Login Pop3 Imap Smtp Ews Graph] "the certificate has expired"
    TlsCertificateNotYetValid "tls_certificate_not_yet_valid" each [Login Pop3 Imap Smtp Ews Graph] "the certificate is not valid yet"
    TlsCertificateWrongName "tls_certificate_wrong_name" each [Login Pop3 Imap Smtp Ews Graph] "the certificate is for another name"
    TlsCertificateUntrusted "tls_certificate_untrusted" each [Login Pop3 Imap Smtp Ews Graph] "an intercepting device's own authority issued the certificate"
    TlsCertificateSelfSigned "tls_certificate_self_signed" each [Login Pop3 Imap Smtp Ews Graph] "the certificate is self-signed"

    NoGreeting "no_greeting" each [Pop3 Imap Smtp] "the server says nothing"
    GreetingUnexpected "greeting_unexpected" each [Pop3 Imap Smtp] "another server greets"
    GreetingRefused "greeting_refused" each [Pop3 Imap Smtp] "the server turns clients away in its greeting"
    StarttlsNotOffered "starttls_not_offered" each [Pop3 Imap Smtp] "STARTTLS is neither offered nor known"
    StarttlsRefused "starttls_refused" each [Pop3 Imap Smtp] "STARTTLS is offered, then refused"
    StarttlsInjection "starttls_injection" each [Pop3 Imap Smtp] "bytes follow the answer to STARTTLS in plain text"
    MechanismNotOffered "mechanism_not_offered" each [Pop3 Imap Smtp] "XOAUTH2 is neither offered nor known"
    ConnectionClosed "connection_closed" each [Login Pop3 Imap Smtp Ews Graph] "the server hangs up instead of answering"
    ReplyTimedOut "reply_timed_out" each [Login Pop3 Imap Smtp Ews Graph] "the server never answers the token"
    ReplyMalformed "reply_malformed" each [Login Pop3 Imap Smtp Ews Graph] "the answer is garbage"
    ReplyTooLong "reply_too_long" each [Login Pop3 Imap Smtp Ews Graph] "the answer never ends"
    HttpNotMicrosoft "http_not_microsoft" each [Login Ews Graph] "a web filter's page is answered"
    HttpRedirected "http_redirected" each [Login Ews Graph] "a portal redirects every request"

    ClientSecretWrong "client_secret_wrong" each [Login] "the client secret has been replaced by another"
    ClientSecretExpired "client_secret_expired" each [Login] "the client secret has expired"
    ApplicationNotFound "application_not_found" each [Login] "the application is not in this tenant"
    ServicePrincipalMissing "service_principal_missing" each [Login] "the enterprise application has been deleted"
    ApplicationDisabled "application_disabled" each [Login] "the application is disabled for sign-in"
    TenantNotFound "tenant_not_found" each [Login] "the tenant does not exist"
    ConditionalAccessBlocked "conditional_access_blocked" each [Login] "Conditional Access blocks the application from here"
    ScopeInvalid "scope_invalid" each [Login] "the scope is refused"
    ResourceNotFound "resource_not_found" each [Login] "the tenant has no Exchange Online"
    ResourceDisabled "resource_disabled" each [Login] "the Exchange Online subscription has lapsed"
    TokenThrottled "token_throttled" each [Login] "the token endpoint answers 429 with Retry-After"
    TokenServiceUnavailable "token_service_unavailable" each [Login] "the token service is unavailable"
    TokenRoleMissing "token_role_missing" each [Pop3 Imap Smtp Ews Graph] "the application permission is missing or not consented"
    TokenWrongAudience "token_wrong_audience" each [Login] "tokens are for Microsoft Graph, whatever was asked for"
    TokenExpired "token_expired" each [Login] "tokens have expired when they arrive"
    TokenInvalid "token_invalid" each [Login] "tokens carry a signature Exchange does not know"

    AuthRefused "auth_refused" whole [Pop3 Imap Smtp] "Exchange does not know the application: New-ServicePrincipal is missing"
    MailboxNotConnected "mailbox_not_connected" whole [Pop3 Imap Smtp] "Add-MailboxPermission is missing"
    MailboxNotFound "mailbox_not_found" whole [Pop3 Imap Smtp Ews Graph] "the mailboxes do not exist"
    ProtocolDisabled "protocol_disabled" each [Pop3 Imap] "the protocol is switched off for the mailboxes"
    SmtpAuthDisabledTenant "smtp_auth_disabled_tenant" each [Smtp] "authenticated SMTP is off for the tenant"
    SmtpAuthDisabledMailbox "smtp_auth_disabled_mailbox" each [Smtp] "authenticated SMTP is off for the mailboxes"
    Throttled "throttled" each [Imap Ews Graph] "the server throttles and names a back-off"
    TooManyConnections "too_many_connections" each [Smtp Ews] "the mailboxes have too many connections"
    ServerUnavailable "server_unavailable" each [Pop3 Imap Smtp Ews Graph] "Exchange fails on its own side"

    EwsDisabled "ews_disabled" each [Ews] "EWS is switched off for the tenant"
    EwsBlockedByPolicy "ews_blocked_by_policy" each [Ews] "the application is not on the EWS allow list"
    EwsForbidden "ews_forbidden" each [Ews] "the mailboxes' licence has no EWS"
    ImpersonationDenied "impersonation_denied" whole [Ews Graph] "an access policy keeps the application from the mailboxes"
    AccessDenied "access_denied" whole [Ews Graph] "the folders may not be read"
    FolderNotFound "folder_not_found" whole [Ews Graph] "the folders are hidden from the application"
    MailboxUnavailable "mailbox_unavailable" whole [Pop3 Imap Smtp Ews Graph] "the mailbox database is offline"
    LicenseInvalid "license_invalid" whole [Pop3 Imap Smtp Ews Graph] "the mailboxes have no licence"
}

impl Fault {
    /// The fault of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|fault| fault.name() == name)
    }

    /// Puts into `tenant` what an administrator, or Microsoft, would have changed. Faults of the connection change nothing.
    pub(super) fn befall(self, services: &[Service], tenant: &mut Tenant) {
        let protocols: Vec<Protocol> = services.iter().filter_map(|service| service.protocol()).collect();
        let application = &mut tenant.application;
        let exchange = &mut tenant.exchange;
        let mut trouble = |trouble| exchange.trouble.extend(protocols.iter().map(|protocol| (*protocol, trouble)));
        match self {
            Self::ClientSecretWrong => application.secret = crate::secret::Secret::new(super::id::guid()),
            Self::ClientSecretExpired => application.secret_expired = true,
            Self::ApplicationNotFound => application.client_id = super::id::guid(),
            Self::ServicePrincipalMissing => application.has_service_principal = false,
            Self::ApplicationDisabled => application.enabled = false,
            Self::ConditionalAccessBlocked => application.conditional_access_blocked = true,
            Self::TokenExpired => application.token_seconds = -60,
            Self::TokenRoleMissing => {
                let needed = |role: &str| protocols.iter().any(|protocol| protocol.roles().contains(&role));
                application.roles.retain(|role| !needed(role));
            }
            Self::TenantNotFound => tenant.exists = false,
            Self::ResourceNotFound => exchange.present = false,
            Self::ResourceDisabled => exchange.lapsed = true,
            Self::AuthRefused => exchange.service_principals.clear(),
            Self::SmtpAuthDisabledTenant => exchange.smtp_auth_disabled = true,
            Self::EwsDisabled => exchange.ews_enabled = Some(false),
            Self::EwsBlockedByPolicy => (exchange.ews_enabled, exchange.ews_allowed_app_ids) = (Some(true), Vec::new()),
            Self::Throttled => trouble(Trouble::Throttled),
            Self::TooManyConnections => trouble(Trouble::TooManyConnections),
            Self::ServerUnavailable => trouble(Trouble::Unavailable),
            Self::MailboxNotFound => tenant.mailboxes.clear(),
            _ => self.befall_mailboxes(&protocols, tenant),
        }
    }

    fn befall_mailboxes(self, protocols: &[Protocol], tenant: &mut Tenant) {
        for mailbox in &mut tenant.mailboxes {
            match self {
                Self::MailboxNotConnected => mailbox.full_access = false,
                Self::SmtpAuthDisabledMailbox => mailbox.smtp_auth_disabled = Some(true),
                Self::ProtocolDisabled => {
                    mailbox.pop_enabled &= !protocols.contains(&Protocol::Pop3);
                    mailbox.imap_enabled &= !protocols.contains(&Protocol::Imap);
                }
                Self::EwsForbidden => mailbox.licence = Licence::Kiosk,
                Self::LicenseInvalid => mailbox.licence = Licence::Missing,
                Self::ImpersonationDenied => mailbox.in_scope = false,
                Self::AccessDenied => mailbox.folder_access = FolderAccess::Denied,
                Self::FolderNotFound => mailbox.folder_access = FolderAccess::Hidden,
                Self::MailboxUnavailable => mailbox.online = false,
                _ => return,
            }
        }
    }
}

/// The name, as it is written on the command line.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A fault and the services it befalls: `NAME` for all it can, `NAME@SERVICE` for one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Befallen {
    /// What goes wrong.
    pub fault: Fault,
    /// Where.
    pub services: Vec<Service>,
}

impl std::str::FromStr for Befallen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, service) = text.split_once('@').map_or((text, None), |(name, service)| (name, Some(service)));
        let fault = Fault::from_name(name).ok_or_else(|| format!("there is no fault `{name}`"))?;
        let services = fault.services();
        let Some(service) = service else { return Ok(Self { fault, services: services.to_vec() }) };
        if fault.reach() == Reach::Whole {
            return Err(format!("`{name}` befalls all its services together; leave `@{service}` out"));
        }
        let Some(service) = services.iter().find(|known| known.name() == service) else {
            let allowed: Vec<_> = services.iter().map(|service| service.name()).collect();
            return Err(format!("`{name}` cannot befall `{service}`; it can befall {}", allowed.join(", ")));
        };
        Ok(Self { fault, services: vec![*service] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_distinct_and_reason_codes_where_they_lead_to_one() {
        // What Exchange answers to it is `auth_refused` or `mailbox_not_connected`: it does not say which switch is off.
        const NO_REASON: &[Fault] = &[Fault::ProtocolDisabled];
        for fault in Fault::ALL {
            assert_eq!(Fault::from_name(fault.name()), Some(*fault), "{fault} stands twice");
            assert_eq!(crate::reason::Reason::from_code(fault.name()).is_none(), NO_REASON.contains(fault), "{fault}");
            assert!(!fault.text().is_empty() && !fault.text().ends_with('.'), "{fault}");
        }
    }

    #[test]
    fn a_fault_befalls_all_its_services_or_one() {
        let read = |text: &str| text.parse::<Befallen>();
        assert_eq!(read("no_greeting").expect("known").services, [Service::Pop3, Service::Imap, Service::Smtp]);
        assert_eq!(read("no_greeting@imap").expect("known").services, [Service::Imap]);
        for (text, words) in [
            ("gremlins", "there is no fault `gremlins`"),
            ("no_greeting@ews", "cannot befall `ews`; it can befall pop3, imap, smtp"),
            ("auth_refused@imap", "leave `@imap` out"),
        ] {
            let error = read(text).expect_err(text);
            assert!(error.contains(words), "{error}");
        }
    }
}
