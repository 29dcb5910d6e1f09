//! Every fault the simulated tenant can be given, by name: the reason code it leads to, where there is one.

mod active;
mod effects;

use std::fmt;

pub use self::active::ActiveFault;

use super::protocol::Protocol;
use crate::kind::Check;

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
    /// The endpoint of managed identities of the machine, over HTTP.
    Identity,
}

impl Service {
    /// Its name behind the `@` of a fault.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Pop3 => Check::Pop3.name(),
            Self::Imap => Check::Imap.name(),
            Self::Smtp => Check::Smtp.name(),
            Self::Ews => Check::Ews.name(),
            Self::Graph => Check::Graph.name(),
            Self::Dns => Check::Dns.name(),
            Self::Identity => "identity",
        }
    }

    /// The service of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        let all = [Self::Login, Self::Pop3, Self::Imap, Self::Smtp, Self::Ews, Self::Graph, Self::Dns, Self::Identity];
        all.into_iter().find(|service| service.name() == name)
    }

    /// The protocol it speaks to mailboxes, if it does.
    pub const fn protocol(self) -> Option<Protocol> {
        match self {
            Self::Pop3 => Some(Protocol::Pop3),
            Self::Imap => Some(Protocol::Imap),
            Self::Smtp => Some(Protocol::Smtp),
            Self::Ews => Some(Protocol::Ews),
            Self::Graph => Some(Protocol::Graph),
            Self::Login | Self::Dns | Self::Identity => None,
        }
    }
}

/// The scope of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultScope {
    /// It can affect one service and spare the others.
    Each,
    /// All services together: their common cause is at fault.
    Whole,
}

macro_rules! scope {
    (each) => {
        FaultScope::Each
    };
    (whole) => {
        FaultScope::Whole
    };
}

macro_rules! per_mailbox {
    (tenant) => {
        false
    };
    (mailbox) => {
        true
    };
}

macro_rules! faults {
    ($( $variant:ident $name:literal $scope:ident $of:ident [$($service:ident)+] $text:literal )*) => {
        /// Something that can be made to go wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Fault { $( #[doc = $text] $variant, )* }

        impl Fault {
            /// Every fault, in the order of the catalogue.
            pub const ALL: &'static [Self] = &[ $( Self::$variant, )* ];

            /// Its name: snake_case, a reason code where it leads to one.
            pub const fn name(self) -> &'static str { match self { $( Self::$variant => $name, )* } }
            /// Returns its description, in one line.
            pub const fn text(self) -> &'static str { match self { $( Self::$variant => $text, )* } }
            /// The services it can affect.
            pub const fn services(self) -> &'static [Service] { match self { $( Self::$variant => &[ $( Service::$service, )+ ], )* } }
            /// Returns its scope: each service by itself, or all of them together.
            pub const fn scope(self) -> FaultScope { match self { $( Self::$variant => scope!($scope), )* } }
            /// Tells whether it can affect one mailbox and spare the others.
            pub const fn is_per_mailbox(self) -> bool { match self { $( Self::$variant => per_mailbox!($of), )* } }
        }
    };
}

faults! {
    DnsNameUnknown "dns_name_unknown" each tenant [Dns] "the resolver says no name exists"
    DnsServerFailure "dns_server_failure" each tenant [Dns] "the resolver answers SERVFAIL"
    DnsRefused "dns_refused" each tenant [Dns] "the resolver refuses every question"
    DnsNoAddresses "dns_no_addresses" each tenant [Dns] "the resolver's answers contain no address"
    DnsSinkhole "dns_sinkhole" each tenant [Dns] "the resolver sends every name to 0.0.0.0"
    DnsNoAnswer "dns_no_answer" each tenant [Dns] "the resolver never answers"
    DnsMalformed "dns_malformed" each tenant [Dns] "the resolver answers with garbage"

    ConnectTimedOut "connect_timed_out" each tenant [Login Pop3 Imap Smtp Ews Graph] "a firewall drops every packet to the ports"
    ConnectRefused "connect_refused" each tenant [Login Pop3 Imap Smtp Ews Graph] "the ports are closed"
    TlsTimedOut "tls_timed_out" each tenant [Login Pop3 Imap Smtp Ews Graph] "the TLS handshake is never answered"
    TlsClosed "tls_closed" each tenant [Login Pop3 Imap Smtp Ews Graph] "the connection is closed when TLS begins"
    TlsNotSpoken "tls_not_spoken" each tenant [Login Pop3 Imap Smtp Ews Graph] "plain text is answered to the TLS handshake"
    TlsCertificateExpired "tls_certificate_expired" each tenant [Login Pop3 Imap Smtp Ews Graph] "the certificate has expired"
    TlsCertificateNotYetValid "tls_certificate_not_yet_valid" each tenant [Login Pop3 Imap Smtp Ews Graph] "the certificate is not valid yet"
    TlsCertificateWrongName "tls_certificate_wrong_name" each tenant [Login Pop3 Imap Smtp Ews Graph] "the certificate is for another name"
    TlsCertificateUntrusted "tls_certificate_untrusted" each tenant [Login Pop3 Imap Smtp Ews Graph] "an intercepting device's own authority issued the certificate"
    TlsCertificateSelfSigned "tls_certificate_self_signed" each tenant [Login Pop3 Imap Smtp Ews Graph] "the certificate is self-signed"

    NoGreeting "no_greeting" each tenant [Pop3 Imap Smtp] "the server says nothing"
    GreetingUnexpected "greeting_unexpected" each tenant [Pop3 Imap Smtp] "another server greets"
    GreetingRefused "greeting_refused" each tenant [Pop3 Imap Smtp] "the server refuses clients in its greeting"
    StarttlsNotOffered "starttls_not_offered" each tenant [Pop3 Imap Smtp] "STARTTLS is neither offered nor known"
    StarttlsRefused "starttls_refused" each tenant [Pop3 Imap Smtp] "STARTTLS is offered, then refused"
    StarttlsInjection "starttls_injection" each tenant [Pop3 Imap Smtp] "bytes follow the answer to STARTTLS in plain text"
    MechanismNotOffered "mechanism_not_offered" each tenant [Pop3 Imap Smtp] "XOAUTH2 is neither offered nor known"
    ConnectionClosed "connection_closed" each tenant [Login Pop3 Imap Smtp Ews Graph] "the server closes the connection instead of replying"
    ReplyTimedOut "reply_timed_out" each tenant [Login Pop3 Imap Smtp Ews Graph] "the server never answers the token"
    ReplyMalformed "reply_malformed" each tenant [Pop3 Imap Smtp Ews Graph] "the answer is garbage"
    TokenReplyMalformed "token_reply_malformed" each tenant [Login] "the token endpoint's answer is garbage"
    ReplyTooLong "reply_too_long" each tenant [Login Pop3 Imap Smtp Ews Graph] "the answer never ends"
    HttpNotMicrosoft "http_not_microsoft" each tenant [Login Ews Graph] "a web filter replies with its page"
    HttpRedirected "http_redirected" each tenant [Login Ews Graph] "a portal redirects every request"

    ClientSecretWrong "client_secret_wrong" each tenant [Login] "the client secret has been replaced by another"
    ClientSecretExpired "client_secret_expired" each tenant [Login] "the client secret has expired"
    ClockWrong "clock_wrong" each tenant [Login] "this machine's clock is ten minutes behind Entra's"
    CredentialExpiring "credential_expiring" each tenant [Login] "the client secret expires in five days, as Graph shows"
    ClientSecretMissing "client_secret_missing" each tenant [Login] "the client secret is removed on the way"
    ClientIsPublic "client_is_public" each tenant [Login] "the application is registered as a public client"
    ClientAssertionOutOfTime "client_assertion_out_of_time" each tenant [Login] "Entra's clock is an hour ahead when it judges the signed assertion"
    ClientCertificateNotRegistered "client_certificate_not_registered" each tenant [Login] "the certificate is not registered with the application"
    ClientCertificateExpired "client_certificate_expired" each tenant [Login] "the certificate has expired, as Entra sees it"
    ClientCertificateNotYetValid "client_certificate_not_yet_valid" each tenant [Login] "the certificate is not valid yet, as Entra sees it"
    ClientCertificateRevoked "client_certificate_revoked" each tenant [Login] "the certificate has been revoked"
    ClientAssertionSignatureWrong "client_assertion_signature_wrong" each tenant [Login] "another key is registered under the certificate's thumbprint"
    ClientCertificateRefused "client_certificate_refused" each tenant [Login] "the assertion names no certificate when it arrives"
    FederatedCredentialUnknown "federated_credential_unknown" each tenant [Login] "no federated credential matches the token, and Entra does not say why"
    FederatedCredentialMissing "federated_credential_missing" each tenant [Login] "the application has no federated credential"
    FederatedIssuerDiffers "federated_issuer_differs" each tenant [Login] "the federated credential has another issuer"
    FederatedSubjectDiffers "federated_subject_differs" each tenant [Login] "the federated credential has another subject"
    FederatedAudienceDiffers "federated_audience_differs" each tenant [Login] "the federated credential has another audience"
    FederatedIssuerUnreachable "federated_issuer_unreachable" each tenant [Login] "Entra does not reach the keys of the token's issuer"
    FederatedKeysUnreadable "federated_keys_unreadable" each tenant [Login] "a sign-in page stands where the token's issuer published its keys"
    FederatedKeyUnknown "federated_key_unknown" each tenant [Login] "the key that signed the token is not among those its issuer publishes"
    FederationForbidden "federation_forbidden" each tenant [Login] "a policy forbids the identity federation"
    ManagedIdentityNotAssigned "managed_identity_not_assigned" each tenant [Identity] "no managed identity is assigned to the machine"
    ManagedIdentityAmbiguous "managed_identity_ambiguous" each tenant [Identity] "several managed identities are assigned to the machine, none of them its own"
    ManagedIdentityUnreachable "managed_identity_unreachable" each tenant [Identity] "nothing listens at the endpoint of managed identities"
    ManagedIdentityEndpointForeign "managed_identity_endpoint_foreign" each tenant [Identity] "another cloud's metadata service answers in the endpoint's place"
    ManagedIdentityThrottled "managed_identity_throttled" each tenant [Identity] "the endpoint of managed identities answers 429 with Retry-After"
    ManagedIdentityUnavailable "managed_identity_unavailable" each tenant [Identity] "the endpoint of managed identities is being updated, and answers 410"
    ManagedIdentityRefused "managed_identity_refused" each tenant [Identity] "the endpoint of managed identities does not know this machine"
    ManagedIdentityKeyRefused "managed_identity_key_refused" each tenant [Identity] "another program in the place of Azure Arc's agent wants a file that is no key"
    ManagedIdentityKeyUnreadable "managed_identity_key_unreadable" each tenant [Identity] "the key of Azure Arc's agent cannot be read"
    ManagedIdentityHasNoSecret "managed_identity_has_no_secret" each tenant [Login] "the client id is that of a managed identity"
    ClientCredentialRefused "client_credential_refused" each tenant [Login] "the credential is refused, and not a word says why"
    ApplicationNotFound "application_not_found" each tenant [Login] "the application is not in this tenant"
    ServicePrincipalMissing "service_principal_missing" each tenant [Login] "the enterprise application has been deleted"
    ApplicationDisabled "application_disabled" each tenant [Login] "the application is disabled for sign-in"
    TenantNotFound "tenant_not_found" each tenant [Login] "the tenant does not exist"
    TenantIdInvalid "tenant_id_invalid" each tenant [Login] "the tenant id is not valid"
    TenantBlocked "tenant_blocked" each tenant [Login] "Microsoft has blocked the tenant"
    WrongCloud "wrong_cloud" each tenant [Login] "the tenant is in another Microsoft cloud"
    TenantRestricted "tenant_restricted" each tenant [Login Ews] "a proxy on the way lets only other tenants through"
    ConditionalAccessBlocked "conditional_access_blocked" each tenant [Login] "Conditional Access blocks the application from here"
    ScopeInvalid "scope_invalid" each tenant [Login] "the scope is refused"
    ResourceNotFound "resource_not_found" each tenant [Login] "the tenant has no Exchange Online"
    ResourceDisabled "resource_disabled" each tenant [Login] "the Exchange Online subscription has lapsed"
    ApplicationNotAssigned "application_not_assigned" each tenant [Login] "Exchange Online demands that applications be assigned to it"
    TokenThrottled "token_throttled" each tenant [Login] "the token endpoint answers 429 with Retry-After"
    TokenServiceUnavailable "token_service_unavailable" each tenant [Login] "the token service is unavailable"
    TokenRequestMalformed "token_request_malformed" each tenant [Login] "something on the way changes the token request"
    TokenRefused "token_refused" each tenant [Login] "the token is refused with a number that is not in the catalogue"
    TokenRoleMissing "token_role_missing" each tenant [Pop3 Imap Smtp Ews Graph] "the application permission is missing or not consented"
    TokenWrongAudience "token_wrong_audience" each tenant [Login] "tokens are for Microsoft Graph, whatever was asked for"
    TokenWrongTenant "token_wrong_tenant" each tenant [Login] "tokens come from another tenant"
    TokenExpired "token_expired" each tenant [Login] "tokens have expired when they arrive"
    TokenInvalid "token_invalid" each tenant [Login] "tokens carry a signature Exchange does not know"

    ExchangeServicePrincipalMissing "exchange_service_principal_missing" whole tenant [Pop3 Imap Smtp] "Exchange does not know the application: New-ServicePrincipal is missing"
    MailboxPermissionMissing "mailbox_permission_missing" whole mailbox [Pop3 Imap Smtp] "Add-MailboxPermission is missing"
    MailboxNotFound "mailbox_not_found" whole mailbox [Pop3 Imap Smtp Ews Graph] "the mailboxes do not exist"
    AddressNotPrimary "address_not_primary" each mailbox [Ews] "the mailboxes' addresses have become aliases"
    AddressAmbiguous "address_ambiguous" whole mailbox [Pop3 Imap Smtp Ews] "the mailboxes' addresses belong to other recipients as well"
    MailboxElsewhere "mailbox_elsewhere" each mailbox [Ews] "the mailboxes are on other servers, which EWS does not reach"
    ProtocolDisabled "protocol_disabled" each mailbox [Pop3 Imap] "the protocol is switched off for the mailboxes"
    SmtpAuthDisabledTenant "smtp_auth_disabled_tenant" each tenant [Smtp] "authenticated SMTP is off for the tenant"
    SmtpAuthDisabledMailbox "smtp_auth_disabled_mailbox" each mailbox [Smtp] "authenticated SMTP is off for the mailboxes"
    AuthPolicyBlocked "auth_policy_blocked" each tenant [Smtp] "security defaults lock the login out"
    BasicAuthBlocked "basic_auth_blocked" each tenant [Pop3 Imap Smtp] "the login arrives as basic authentication, which is switched off"
    TlsProtocolTooOld "tls_protocol_too_old" each tenant [Smtp] "the connection arrives over TLS 1.1, which is refused"
    SenderBlocked "sender_blocked" each mailbox [Smtp] "the mailboxes may not send: they are blocked because of spam"
    SendAsDenied "send_as_denied" each mailbox [Smtp] "the application may not send as the mailboxes"
    MessageTooLarge "message_too_large" each mailbox [Smtp] "every mail from the mailboxes is too large"
    SubmissionQuotaExceeded "submission_quota_exceeded" each mailbox [Smtp] "the mailboxes have sent as much as they may in a day"
    SubmissionDeferred "submission_deferred" each mailbox [Smtp] "mails from the mailboxes are put off"
    MailJunked "mail_junked" each mailbox [Smtp] "mail to the mailboxes is taken for junk"
    MailDelayed "mail_delayed" each mailbox [Smtp] "mail to the mailboxes arrives two seconds late"
    MailBounced "mail_bounced" each mailbox [Smtp] "mail to the mailboxes comes back"
    MailLost "mail_lost" each mailbox [Smtp] "mail to the mailboxes disappears"
    MailPilesUp "mail_piles_up" each mailbox [Imap] "nobody fetches the mailboxes' mail, which has piled up for a month"
    SessionInvalidated "session_invalidated" each mailbox [Pop3 Imap] "the accounts change in the middle of the session"
    ProtocolError "protocol_error" each tenant [Pop3 Imap Smtp] "the server takes the login for a protocol error"
    Throttled "throttled" each mailbox [Imap Ews Graph] "the server throttles and names a back-off"
    TooManyConnections "too_many_connections" each mailbox [Smtp Ews] "the mailboxes have too many connections"
    ServerUnavailable "server_unavailable" each tenant [Pop3 Imap Smtp Ews Graph] "Exchange fails on its own side"

    EwsDisabled "ews_disabled" each mailbox [Ews] "EWS is switched off"
    EwsBlockedByPolicy "ews_blocked_by_policy" each tenant [Ews] "the application is not on the EWS allow list"
    EwsNotLicensed "ews_not_licensed" each mailbox [Ews] "the mailboxes' licence has no EWS"
    EwsRetired "ews_retired" each tenant [Ews] "EWS has been switched off for good"
    EwsPathNotFound "ews_path_not_found" each tenant [Ews] "there is no EWS at the address"
    EwsTokenRefused "ews_token_refused" each tenant [Ews] "EWS refuses the token for a reason nobody has heard of"
    UserAgentBlocked "user_agent_blocked" whole tenant [Ews Graph] "a policy blocks programs by their User-Agent"
    ImpersonationDenied "impersonation_denied" whole mailbox [Ews Graph] "an access policy keeps the application from the mailboxes"
    AccessTooBroad "access_too_broad" whole tenant [Pop3 Imap Smtp Ews Graph] "mailboxes that must stay closed open to the application"
    AccessDenied "access_denied" whole mailbox [Ews Graph] "the folders may not be read"
    FolderNotFound "folder_not_found" whole mailbox [Ews Graph] "the folders are hidden from the application"
    MailboxUnavailable "mailbox_unavailable" whole mailbox [Pop3 Imap Smtp Ews Graph] "the mailbox database is offline"
    LicenseInvalid "license_invalid" whole mailbox [Pop3 Imap Smtp Ews Graph] "the mailboxes have no licence"
    MailboxFull "mailbox_full" each mailbox [Smtp Ews Graph] "the mailboxes are full"
    AccountDisabled "account_disabled" whole mailbox [Ews Graph] "the mailboxes' accounts are disabled"
    PropagationPending "propagation_pending" whole tenant [Pop3 Imap Smtp Ews Graph] "the application was registered half an hour ago, and Exchange has not heard of it"
    AccessRefusedEverywhere "access_refused_everywhere" whole tenant [Pop3 Imap Smtp Ews Graph] "Exchange refuses the application everywhere and says nothing"
}

impl Fault {
    /// The fault of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|fault| fault.name() == name)
    }

    /// Reports whether only a mail shows it at `service`, and no login.
    pub fn befalls_mail(self, service: Service) -> bool {
        let of_mail = matches!(
            self,
            Self::SendAsDenied
                | Self::SenderBlocked
                | Self::MailboxFull
                | Self::MessageTooLarge
                | Self::SubmissionQuotaExceeded
                | Self::SubmissionDeferred
                | Self::MailJunked
                | Self::MailDelayed
                | Self::MailBounced
                | Self::MailLost
        );
        of_mail && service == Service::Smtp
    }

    /// Reports whether it affects the endpoint of managed identities alone, and so those alone who have their tokens from there.
    pub fn is_of_managed_identity(self) -> bool {
        self.services() == [Service::Identity]
    }

    /// Returns the places that it can be limited to: `@imap`, `@MAILBOX`; empty where it always affects all it can.
    pub fn places(self) -> String {
        let each = self.scope() == FaultScope::Each && self.services().len() > 1;
        let services = self.services().iter().filter(|_| each).map(|service| format!("@{}", service.name()));
        let mailbox = self.is_per_mailbox().then(|| "@MAILBOX".to_owned());
        services.chain(mailbox).collect::<Vec<_>>().join(" ")
    }
}

/// The name, as it is written on the command line.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_distinct_and_reason_codes() {
        for fault in Fault::ALL {
            assert_eq!(Fault::from_name(fault.name()), Some(*fault), "{fault} stands twice");
            assert!(crate::reason::Reason::from_code(fault.name()).is_some(), "{fault}");
            assert!(!fault.text().is_empty() && !fault.text().ends_with('.'), "{fault}");
        }
    }
}
