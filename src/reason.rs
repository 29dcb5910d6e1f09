//! The reasons why a run fails: for each a stable code, owner, severity, title and first step.
//!
//! One table; labels, help, documentation and tests are made from it. A new reason is one row, and its [`text`].

mod credential_form;
pub mod text;

use std::fmt;

use serde::Serialize;

pub use self::credential_form::CredentialForm;

/// The strength of a refusal as proof that a mailbox is closed to the application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denial {
    /// The server says that the application, or the protocol, may not open this mailbox.
    Clear,
    /// The server refuses, and an outage or a mailbox that is missing would look the same.
    Unclear,
}

/// The one who must act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// Whoever runs this program on this machine.
    Here,
    /// Whoever runs the network between this machine and Microsoft.
    Network,
    /// Microsoft, as the operator of the service.
    Microsoft,
    /// The administrator of the tenant (Entra, Exchange Online).
    TenantAdmin,
    /// The owner of the app registration.
    ApplicationOwner,
}

impl Owner {
    /// The value of the `owner` label.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Here => "here",
            Self::Network => "network",
            Self::Microsoft => "microsoft",
            Self::TenantAdmin => "tenant_admin",
            Self::ApplicationOwner => "application_owner",
        }
    }
}

/// The severity of a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It does not work until the owner acts.
    Failed,
    /// It works, but less well than it should.
    Degraded,
    /// It does not work now and may work again without an action.
    Transient,
}

impl Severity {
    /// The value of the `severity` label.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Degraded => "degraded",
            Self::Transient => "transient",
        }
    }
}

macro_rules! reasons {
    ($( $(#[doc = $group:literal])* $variant:ident $code:literal $owner:ident $severity:ident $title:literal $remedy:literal
        $( => $denial:ident )? )*) => {
        /// The reason why a run failed. The code is a label and a promise: it never changes its meaning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Reason { $( #[doc = $title] $variant, )* }

        impl Reason {
            /// Every reason, in the order of the catalogue.
            pub const ALL: &'static [Self] = &[ $( Self::$variant, )* ];

            /// The value of the `reason` label: snake_case, stable.
            pub const fn code(self) -> &'static str { match self { $( Self::$variant => $code, )* } }
            /// The owner, who must act.
            pub const fn owner(self) -> Owner { match self { $( Self::$variant => Owner::$owner, )* } }
            /// The severity.
            pub const fn severity(self) -> Severity { match self { $( Self::$variant => Severity::$severity, )* } }
            /// The title: a few words, lower case, no full stop.
            pub const fn title(self) -> &'static str { match self { $( Self::$variant => $title, )* } }
            /// Returns what the refusal proves where the mailbox must stay closed; `None` for what is no refusal of this mailbox.
            pub const fn denial(self) -> Option<Denial> {
                match self {
                    $( $( Self::$variant => Some(Denial::$denial), )? )*
                    _ => None,
                }
            }
            /// The first thing to do, in one line.
            pub const fn remedy(self) -> &'static str { match self { $( Self::$variant => $remedy, )* } }
        }
    };
}

reasons! {
    // This machine.
    Internal "internal" Here Failed "this program itself failed" "report it with the log line of this run"
    TimedOut "timed_out" Here Transient "the run exceeded its timeout" "raise `timeout` if the phases make progress but are slow"
    LocalResources "local_resources" Here Transient "this machine has no socket, file or memory left" "check `ulimit -n` and the memory of this machine"
    MachineTooSlow "machine_too_slow" Here Transient "this machine was too slow for the run" "check this machine's load and the CPU limits of this program, and whether either was suspended"
    CeilingReached "ceiling_reached" Here Transient "this program's own ceiling of logins or token requests is reached" "see who asks for `/probe` so often, or raise `logins_per_hour` or `token_requests_per_hour` of `defaults`"
    LocalTrustStore "local_trust_store" Here Failed "no trusted root certificates could be read here" "install the package ca-certificates or set `network.ca_file`"
    ClockWrong "clock_wrong" Here Degraded "this machine's clock differs from Microsoft's" "switch time synchronisation (NTP) on, and look at its state with `timedatectl`"
    SecretUnreadable "secret_unreadable" Here Failed "the credential could not be read" "check the path and rights of the credential's file or variable; the evidence says what is wrong"

    // Names and addresses.
    DnsNoAnswer "dns_no_answer" Network Failed "the resolver did not answer" "check the resolver in /etc/resolv.conf and that port 53 to it is open"
    DnsRefused "dns_refused" Network Failed "the resolver refused the query" "allow this machine on the resolver, or ask another one"
    DnsPortRefused "dns_port_refused" Network Failed "nothing answers on the resolver's port" "check the resolver's address and port, and that it is running"
    DnsServerUnreachable "dns_server_unreachable" Here Failed "no resolver can be reached from this machine" "configure a resolver in /etc/resolv.conf, and check this machine's route to it"
    DnsTcpBlocked "dns_tcp_blocked" Network Failed "the answer needs TCP, which does not get through to the resolver" "open TCP port 53 to the resolver, in addition to UDP"
    DnsServerFailure "dns_server_failure" Network Failed "the resolver failed to find an answer" "check the resolver's own forwarding and its access to the internet"
    DnsNameUnknown "dns_name_unknown" Network Failed "the resolver says the name does not exist" "check for a DNS filter, a private zone or a typing mistake in the name"
    DnsNoAddresses "dns_no_addresses" Network Failed "the name has no addresses" "check for a DNS filter that empties the answer"
    DnsSinkhole "dns_sinkhole" Network Failed "the resolver answers with a blocking address" "remove the name from the DNS filter's block list"
    DnsMalformed "dns_malformed" Network Failed "the resolver's answer could not be read" "check what answers on port 53 of the resolver"
    DnsHostsFileBlocks "dns_hosts_file_blocks" Here Failed "this machine's hosts file blocks the name" "remove the name from the hosts file"
    DnsHostsFile "dns_hosts_file" Here Degraded "this machine's hosts file fixes the address" "remove the name from the hosts file: Microsoft's addresses change"
    DnsSearchList "dns_search_list" Here Failed "a domain of this machine's search list answers in the name's place" "set `options ndots:1` in /etc/resolv.conf (in Kubernetes `dnsConfig` of the pod), or take the domain out of the search list"
    DnsConfigMalformed "dns_config_malformed" Here Failed "this system cannot read the resolver's line in /etc/resolv.conf" "write the line `nameserver ADDRESS` anew, with nothing before and behind it: `sed -i 's/\\r$//' /etc/resolv.conf` removes line ends of Windows"
    DnsOneServerFails "dns_one_server_fails" Network Degraded "one of this machine's resolvers does not answer, another does" "repair the resolver that does not answer, or remove it from /etc/resolv.conf"
    DnsOneFamilyFails "dns_one_family_fails" Network Degraded "names are resolved for one address family and not for the other" "have the resolver answer A and AAAA alike: an empty answer where there is no address"
    DnsResolversDisagree "dns_resolvers_disagree" Network Degraded "resolvers disagree about a name" "see which resolver denies the name, and remove the name from its filter"
    DnsOutsidePublishedRanges "dns_outside_published_ranges" Network Degraded "an address lies outside Microsoft's published ranges" "compare with Microsoft's current list, and check with `reach` what answers there"

    // Connecting.
    ConnectRefused "connect_refused" Network Failed "the connection was refused" "open the port in the firewall, or check the host and port"
    ConnectReset "connect_reset" Network Failed "the connection was reset" "check firewalls and filters on the way to this host and port"
    ConnectTimedOut "connect_timed_out" Network Failed "the connection attempt got no answer" "open the port outbound in the firewall: Microsoft lists 587, 993 and 995 as optional endpoints"
    ConnectUnreachable "connect_unreachable" Network Failed "there is no route to the address" "check this machine's routes and default gateway, for IPv4 and IPv6"
    ConnectProhibited "connect_prohibited" Network Failed "a firewall says the connection is administratively prohibited" "open the port outbound in the firewall"
    ConnectFailed "connect_failed" Network Failed "the connection could not be established" "see the operating system's message in the evidence"
    Ipv4Unreachable "ipv4_unreachable" Network Degraded "a host answers over IPv6, and on none of its IPv4 addresses" "check the route and the firewall's rules for IPv4"
    Ipv6Unreachable "ipv6_unreachable" Network Degraded "a host answers over IPv4, and on none of its IPv6 addresses" "check the route and the firewall's rules for IPv6, or remove this machine's IPv6 address"
    SomeAddressesUnreachable "some_addresses_unreachable" Network Degraded "some addresses of a host do not answer, others do" "open the port to all of Microsoft's published ranges, not to single addresses"

    // Proxies.
    ProxyUnreachable "proxy_unreachable" Network Failed "the proxy could not be reached" "check host and port in `network.proxy` or HTTPS_PROXY, and that the proxy is running"
    ProxyRefused "proxy_refused" Network Failed "the proxy refused to connect to this host and port" "allow CONNECT to this host and port on the proxy"
    ProxyConnectFailed "proxy_connect_failed" Network Failed "the proxy could not connect to this host and port" "open the port outbound for the proxy too, and check its own DNS and routes"
    ProxyAuthRequired "proxy_auth_required" Network Failed "the proxy requires a user and password" "set `network.proxy_user` and `network.proxy_password_file`"
    ProxyAuthRefused "proxy_auth_refused" Here Failed "the proxy refused our user and password" "correct user and password: `network.proxy_user` and `network.proxy_password_file`, or the variable HTTPS_PROXY where the evidence names it"
    ProxyAuthUnsupported "proxy_auth_unsupported" Network Failed "the proxy requires a login that this program does not support" "offer Basic on the proxy, or exempt this machine from authentication there: Negotiate, NTLM and Digest are not supported"
    ProxyReplyMalformed "proxy_reply_malformed" Network Failed "what answers at the proxy's address is no suitable proxy" "check that `network.proxy` names the proxy with the right scheme and port"
    ProxyBusy "proxy_busy" Network Transient "the proxy accepts no more connections for now" "if it lasts, check the proxy's load and its limits for each client"
    ProxyTimedOut "proxy_timed_out" Network Failed "the proxy did not answer" "check the proxy's load and its own access to the internet"

    // TLS.
    TlsTimedOut "tls_timed_out" Network Failed "the TLS handshake stalled" "look for a filter that drops TLS by server name or by protocol"
    TlsClosed "tls_closed" Network Failed "the connection was closed during the TLS handshake" "look for a filter that resets TLS by server name or by protocol"
    TlsNameFiltered "tls_name_filtered" Network Failed "TLS is blocked for this server name only" "remove the name from the block list of the firewall or web filter (filter by SNI)"
    TlsNotSpoken "tls_not_spoken" Network Failed "the peer does not speak TLS on this port" "check the port: 995 and 993 begin with TLS, 587, 110 and 143 do not"
    TlsCertificateExpired "tls_certificate_expired" Network Failed "the certificate has expired" "see who presents it: Microsoft renews in time, an intercepting device may not; check this machine's clock"
    TlsCertificateNotYetValid "tls_certificate_not_yet_valid" Here Failed "the certificate is not valid yet" "check this machine's clock"
    TlsCertificateWrongName "tls_certificate_wrong_name" Network Failed "the certificate is for another name" "check DNS, pinned addresses and proxies: another server answers"
    TlsCertificateUntrusted "tls_certificate_untrusted" Network Failed "the certificate's issuer is not trusted here" "if your own proxy inspects TLS, exempt this host or set `network.ca_file`; otherwise update ca-certificates"
    TlsRootMissing "tls_root_missing" Here Failed "the root certificate of Microsoft's servers is missing here" "update the package ca-certificates: DigiCert Global Root G2 must be trusted"
    TlsCertificateSelfSigned "tls_certificate_self_signed" Network Failed "the certificate is self-signed" "another server or device answers: check DNS and TLS inspection"
    TlsCertificateWeak "tls_certificate_weak" Network Failed "the certificate's key or signature is too weak" "another server or device answers: check DNS and TLS inspection"
    TlsCertificateUnfit "tls_certificate_unfit" Network Failed "the certificate was not issued for this purpose" "see OpenSSL's message in the evidence: the issuer of the certificate, such as a device that inspects TLS, must issue another"
    TlsCertificateRevoked "tls_certificate_revoked" Network Failed "the certificate has been revoked" "see who presents it: its holder needs a new certificate, and until then must not be trusted"
    TlsClientCertificateWanted "tls_client_certificate_wanted" Network Failed "the peer requires a client certificate" "Microsoft requires none: exempt this connection from the gateway that does"
    TlsProtocolTooOld "tls_protocol_too_old" Network Failed "no TLS version in common" "TLS 1.2 or later must reach Microsoft: check TLS inspection on the way"
    TlsIntercepted "tls_intercepted" Network Degraded "a device on the way decrypts TLS, and is trusted here" "exempt this host from TLS inspection, as Microsoft asks for its mail and login hosts"
    TlsFailed "tls_failed" Network Failed "the TLS handshake failed" "see OpenSSL's message in the evidence"

    // Talking.
    NoGreeting "no_greeting" Network Failed "connected, but the server sends no greeting" "look for a mail filter or antivirus proxy between here and Microsoft"
    GreetingUnexpected "greeting_unexpected" Network Failed "something else answers on this port" "check the host, the port and the devices between here and Microsoft"
    GreetingRefused "greeting_refused" Microsoft Transient "the server refused the connection in its greeting" "wait; if it lasts, see the server's reply"
    ConnectionClosed "connection_closed" Network Transient "the server closed the connection prematurely" "if it lasts, look for a filter between here and Microsoft"
    ReplyTimedOut "reply_timed_out" Microsoft Transient "the server did not answer in time" "if it lasts, check service health; refusals by Exchange may take 20 seconds"
    DataNotDelivered "data_not_delivered" Network Failed "data is lost on the way to the server or back" "compare the MTU of this machine with that of the way (VPN, tunnel, PPPoE), and look for a NAT or firewall that forgets connections"
    ReplyMalformed "reply_malformed" Network Failed "the reply could not be read" "see the evidence: something on the way changes the conversation"
    ReplyTooLong "reply_too_long" Network Failed "the reply is longer than any that Exchange sends" "see the evidence: this is not Exchange answering"
    StarttlsNotOffered "starttls_not_offered" Network Failed "the server does not offer STARTTLS" "switch off mail inspection on the firewall (it hides STARTTLS)"
    StarttlsRefused "starttls_refused" Network Failed "the server refused STARTTLS" "see the server's reply; switch off mail inspection on the firewall"
    StarttlsInjection "starttls_injection" Network Failed "bytes were injected before TLS began" "a device on the way tampers with the connection: find it"
    HttpNotMicrosoft "http_not_microsoft" Network Failed "something on the way replied in Microsoft's place" "exempt the host from the web filter, captive portal or proxy that replied"
    HttpRedirected "http_redirected" Network Failed "the request was redirected elsewhere" "check the URL, and proxies and portals on the way"

    // Token: the credential.
    ClientSecretWrong "client_secret_wrong" ApplicationOwner Failed "the client secret is wrong" "configure the secret's Value, not its Secret ID; create a new client secret if it is lost, or a certificate where the tenant forbids secrets"
    ClientSecretMalformed "client_secret_malformed" Here Failed "the client secret was copied or stored wrongly" "write the secret's Value, and nothing else, where the configuration reads it"
    ClientSecretExpired "client_secret_expired" ApplicationOwner Failed "the client secret has expired" "create a new client secret (Entra > App registrations > Certificates & secrets) and configure it here; where the tenant forbids secrets, a certificate"
    CredentialExpiring "credential_expiring" ApplicationOwner Degraded "the application's credential is about to expire" "create a new client secret, or upload a new certificate where it is one or the tenant forbids secrets, beside it (Entra > App registrations > Certificates & secrets), configure it here and in the application; for a secret update `expires`"
    CredentialExpiryOutdated "credential_expiry_outdated" ApplicationOwner Degraded "the client secret still works, although its declared expiry is past" "set `expires` to the last day that Entra > App registrations > Certificates & secrets shows"
    ClientSecretMissing "client_secret_missing" ApplicationOwner Failed "no client secret was sent" "configure the client secret"
    ClientIsPublic "client_is_public" ApplicationOwner Failed "the application is registered as a public client" "App registrations > Authentication: switch off `Allow public client flows`"
    ClientKeyMismatch "client_key_mismatch" Here Failed "private key and certificate do not belong together" "replace both files with those of one pair"
    ClientKeyUnsuitable "client_key_unsuitable" ApplicationOwner Failed "the private key is not suitable for Entra" "make a new pair with an RSA key of at least 2048 bits, and upload its certificate (Entra > App registrations > Certificates & secrets)"
    ClientCertificateNotRegistered "client_certificate_not_registered" ApplicationOwner Failed "the certificate is not registered with the application" "upload the certificate (Entra > App registrations > Certificates & secrets > Certificates), or configure one that is registered"
    ClientCertificateExpired "client_certificate_expired" ApplicationOwner Failed "the application's certificate has expired" "upload a new certificate (Entra > App registrations > Certificates & secrets > Certificates) and configure it here"
    ClientCertificateNotYetValid "client_certificate_not_yet_valid" Here Failed "the application's certificate is not valid yet" "check this machine's clock, and the first day of the certificate"
    ClientCertificateRevoked "client_certificate_revoked" ApplicationOwner Failed "the application's certificate has been revoked" "make a new pair and upload its certificate (Entra > App registrations > Certificates & secrets > Certificates)"
    ClientAssertionSignatureWrong "client_assertion_signature_wrong" ApplicationOwner Failed "the assertion's signature does not match the certificate" "compare the registered certificate with the one used here, and upload it anew: App registrations > Certificates & secrets > Certificates"
    ClientAssertionOutOfTime "client_assertion_out_of_time" Here Failed "the signed assertion is not valid at this time" "check this machine's clock"
    ClientCertificateRefused "client_certificate_refused" ApplicationOwner Failed "the application's certificate is not accepted" "compare the certificate with those registered: App registrations > Certificates & secrets > Certificates"
    FederatedTokenStale "federated_token_stale" Here Failed "the federated token in the file has expired" "look at what writes the file, and at this machine's clock"
    FederatedTokenUnusable "federated_token_unusable" Here Failed "the file holds no federated token that Entra could accept" "have the token issued for the audience api://AzureADTokenExchange"
    FederatedCredentialMissing "federated_credential_missing" ApplicationOwner Failed "the application has no federated credential" "check `client_id`; add it in App registrations > Certificates & secrets > Federated credentials"
    FederatedIssuerDiffers "federated_issuer_differs" ApplicationOwner Failed "the issuer of the federated token does not match" "copy the issuer from the evidence to App registrations > Certificates & secrets > Federated credentials"
    FederatedSubjectDiffers "federated_subject_differs" ApplicationOwner Failed "the subject of the federated token does not match" "compare the subject of the evidence with App registrations > Certificates & secrets > Federated credentials"
    FederatedAudienceDiffers "federated_audience_differs" ApplicationOwner Failed "the audience of the federated token does not match" "have the token issued for the audience of App registrations > Certificates & secrets > Federated credentials, usually api://AzureADTokenExchange"
    FederatedIssuerUnreachable "federated_issuer_unreachable" Network Transient "Entra does not reach the issuer of the federated token" "open the issuer's /.well-known/openid-configuration from outside of your network"
    FederatedKeysUnreadable "federated_keys_unreadable" Here Failed "Entra cannot read the keys of the federated token's issuer" "open the `jwks_uri` of the issuer's /.well-known/openid-configuration: it must answer with JSON, without a login"
    FederatedKeyUnknown "federated_key_unknown" Here Transient "the key that signed the federated token is not among its issuer's keys" "wait half an hour if the issuer's keys were just replaced; otherwise have the signing key published"
    FederationForbidden "federation_forbidden" TenantAdmin Failed "a policy of the tenant forbids the identity federation" "ask which issuers the policy allows, or use a certificate"
    FederatedCredentialUnknown "federated_credential_unknown" ApplicationOwner Failed "no federated credential of the application matches" "compare issuer, subject and audience character by character: App registrations > Certificates & secrets > Federated credentials"
    ManagedIdentityNotAssigned "managed_identity_not_assigned" Here Failed "the managed identity is not assigned to this machine" "assign it (Azure portal > the machine > Identity), or correct `managed_identity`"
    ManagedIdentityAmbiguous "managed_identity_ambiguous" Here Failed "several managed identities are assigned to this machine, and none was named" "set `managed_identity` to the client id of the one that is meant"
    ManagedIdentityDiffers "managed_identity_differs" Here Degraded "the token belongs to another identity than `client_id` names" "compare `client_id` and `managed_identity` with the identities that are assigned to this machine"
    ManagedIdentityUnreachable "managed_identity_unreachable" Here Failed "the endpoint of managed identities cannot be reached from here" "only machines of Azure and servers that Azure Arc connects have it; there look for a firewall or NetworkPolicy in the way"
    ManagedIdentityEndpointForeign "managed_identity_endpoint_foreign" Here Failed "what answers is no endpoint of managed identities" "see what answers there; outside of Azure use a certificate or a federated token"
    ManagedIdentityThrottled "managed_identity_throttled" Here Transient "the endpoint of managed identities limits how often it is asked" "wait, and look for a program on this machine that asks for a token too often"
    ManagedIdentityUnavailable "managed_identity_unavailable" Microsoft Transient "the endpoint of managed identities is being updated or out of order" "wait two minutes; if it lasts, restart the app or the agent, or ask for support of the machine"
    ManagedIdentityRefused "managed_identity_refused" Here Failed "the endpoint of managed identities refused the request for a reason not in the catalogue" "see its words in the evidence"
    ManagedIdentityKeyRefused "managed_identity_key_refused" Here Failed "the file that Azure Arc's endpoint names is none of its agent's keys" "see which program listens at the endpoint: it may be another one in the agent's place"
    ManagedIdentityKeyUnreadable "managed_identity_key_unreadable" Here Failed "the key of Azure Arc's agent cannot be read" "let the user that runs this program join the group `himds`, and restart it"
    ManagedIdentityHasNoSecret "managed_identity_has_no_secret" ApplicationOwner Failed "the client id is that of a managed identity, which signs in with nothing of its own" "configure `managed_identity` in place of the secret, or the client id of an app registration"
    ClientCredentialRefused "client_credential_refused" ApplicationOwner Failed "Entra refused the application's credential without saying what is wrong with it" "look up the AADSTS number at https://login.microsoftonline.com/error"

    // Token: the application and the tenant.
    ApplicationNotFound "application_not_found" ApplicationOwner Failed "the application is not known in this tenant" "check `client_id` and `tenant_id`; grant admin consent in this tenant"
    ServicePrincipalMissing "service_principal_missing" TenantAdmin Failed "the application has no enterprise application in this tenant" "grant admin consent, which creates it"
    ApplicationDisabled "application_disabled" TenantAdmin Failed "the application is disabled in this tenant" "Enterprise applications > Properties: set `Enabled for users to sign-in` to Yes"
    TenantNotFound "tenant_not_found" ApplicationOwner Failed "the tenant does not exist in this cloud" "check `tenant_id` and `cloud`"
    TenantIdInvalid "tenant_id_invalid" ApplicationOwner Failed "the tenant id is not valid" "set `tenant_id` to the directory's GUID or a verified domain"
    TenantBlocked "tenant_blocked" TenantAdmin Failed "the tenant is blocked or decommissioned" "check the subscription in the Microsoft 365 admin center"
    WrongCloud "wrong_cloud" ApplicationOwner Failed "the tenant is in another Microsoft cloud" "set `cloud` to the tenant's cloud"
    TenantRestricted "tenant_restricted" Network Failed "tenant restrictions on the way do not allow this tenant" "add this tenant to the tenant restrictions of the proxy or of Global Secure Access, or bypass them for this host"
    ConditionalAccessBlocked "conditional_access_blocked" TenantAdmin Failed "a policy of the tenant blocks the token" "see in the sign-in log which policy blocks; add this machine's public address to its named location, or exclude the application"

    // Token: the scope and the answer.
    ScopeInvalid "scope_invalid" ApplicationOwner Failed "the scope is not valid" "leave `scope` out, or end it with /.default"
    ResourceNotFound "resource_not_found" TenantAdmin Failed "the tenant does not know the requested resource" "the tenant needs an Exchange Online licence; check `scope`"
    ResourceDisabled "resource_disabled" TenantAdmin Failed "Exchange Online is disabled or has lapsed in this tenant" "check the subscription and the enterprise application `Office 365 Exchange Online`"
    ApplicationNotAssigned "application_not_assigned" TenantAdmin Failed "the resource requires an assignment that the application lacks" "grant it an application permission of the resource with admin consent, or set `Assignment required?` of the resource to No"
    TokenThrottled "token_throttled" Here Transient "too many token requests" "wait, as Retry-After asks; look for other programs using this application in a loop"
    TokenServiceUnavailable "token_service_unavailable" Microsoft Transient "the token service is out of order" "wait, and check service health"
    TokenRequestMalformed "token_request_malformed" Network Failed "Entra could not read the token request" "look for a proxy that changes requests, and report it"
    TokenRefused "token_refused" ApplicationOwner Failed "Entra refused the token for a reason not in the catalogue" "look up the AADSTS number at https://login.microsoftonline.com/error"
    TokenReplyMalformed "token_reply_malformed" Network Failed "the token endpoint's reply could not be read" "see the evidence: something on the way may have replied"
    TokenRoleMissing "token_role_missing" TenantAdmin Failed "the token lacks the permission that this protocol needs" "add the application permission and grant admin consent"
    TokenWrongAudience "token_wrong_audience" ApplicationOwner Failed "the token is for another resource" "leave `scope` out, or set it to https://outlook.office365.com/.default"
    TokenWrongTenant "token_wrong_tenant" ApplicationOwner Failed "Exchange does not know the tenant of the token" "check `tenant_id`, and that this tenant has an Exchange Online licence"
    TokenExpired "token_expired" Here Failed "the token was refused as expired" "check this machine's clock"
    TokenInvalid "token_invalid" Here Failed "the server could not read or verify the token" "check `cloud` and `scope`, and look for a proxy that truncates headers"

    // Mailbox protocols.
    AuthRefused "auth_refused" TenantAdmin Failed "Exchange refused the application for this mailbox" "check New-ServicePrincipal (with the enterprise application's object id), Add-MailboxPermission and the protocol's switch in Get-CASMailbox" => Unclear
    MailboxNotConnected "mailbox_not_connected" TenantAdmin Failed "the token was accepted, but the mailbox could not be opened" "check Add-MailboxPermission, the mailbox's licence and Get-CASMailbox" => Unclear
    AccessTooBroad "access_too_broad" TenantAdmin Failed "the application opens a mailbox that must stay closed" "limit the application to its mailboxes: RBAC for Applications for EWS, Graph and SMTP, Remove-MailboxPermission for POP3 and IMAP"
    RefusalAmbiguous "refusal_ambiguous" Here Degraded "the refusal does not show whether the mailbox is closed" "give another mailbox of the tenant, which may be opened, the same check, or check this one by `graph`"
    MailboxNotFound "mailbox_not_found" TenantAdmin Failed "there is no such mailbox" "check the address, the licence, and that the mailbox is in Exchange Online"
    AddressNotPrimary "address_not_primary" Here Failed "the address is an alias of the mailbox" "configure the mailbox's primary address"
    AddressAmbiguous "address_ambiguous" TenantAdmin Failed "the address belongs to more than one recipient" "remove the address from all recipients but one: Get-Recipient <mailbox> shows them"
    MailboxElsewhere "mailbox_elsewhere" TenantAdmin Failed "the mailbox is on another server" "check with Get-Recipient <mailbox> whether the mailbox is in Exchange Online"
    MailboxUnavailable "mailbox_unavailable" Microsoft Transient "the mailbox is being moved or its database is offline" "wait, and check service health and Get-MoveRequest"
    MailboxFull "mailbox_full" TenantAdmin Failed "the mailbox is full" "have mails deleted or moved to the archive, or raise the mailbox's quota: Get-EXOMailboxStatistics -Identity <mailbox>"
    BasicAuthBlocked "basic_auth_blocked" Network Failed "the server took the login for basic authentication" "something on the way changes the mechanism: look for a mail proxy"
    MechanismNotOffered "mechanism_not_offered" Network Failed "the server does not offer XOAUTH2" "check that the host is Exchange Online and that no mail proxy hides AUTH"
    CommandRefused "command_refused" Microsoft Failed "the server refused a command" "see the server's reply"
    ProtocolError "protocol_error" Network Failed "the server calls our command a protocol error" "see the server's reply; look for a mail proxy"
    SmtpAuthDisabledTenant "smtp_auth_disabled_tenant" TenantAdmin Failed "authenticated SMTP is switched off for the tenant" "Set-CASMailbox <mailbox> -SmtpClientAuthenticationDisabled $false" => Clear
    SmtpAuthDisabledMailbox "smtp_auth_disabled_mailbox" TenantAdmin Failed "authenticated SMTP is switched off for the mailbox" "Set-CASMailbox <mailbox> -SmtpClientAuthenticationDisabled $false" => Clear
    AuthPolicyBlocked "auth_policy_blocked" TenantAdmin Failed "a policy of the tenant blocks the login" "check Conditional Access and security defaults"
    SenderBlocked "sender_blocked" TenantAdmin Failed "the mailbox may not send: it is blocked because of spam" "release it in Microsoft Defender > Email & collaboration > Review > Restricted entities"
    SendAsDenied "send_as_denied" TenantAdmin Failed "the application may not send as this sender" "Add-RecipientPermission <sender> -Trustee <object id of the service principal> -AccessRights SendAs"
    SubmissionRefused "submission_refused" TenantAdmin Failed "the server refused to take the mail" "see the server's reply; no mail is sent until the pause is over"
    SubmissionDeferred "submission_deferred" Microsoft Transient "the server put the mail off" "wait, and check service health: the next mail is sent at its usual time"
    SubmissionQuotaExceeded "submission_quota_exceeded" TenantAdmin Failed "the mailbox has sent to as many recipients as it may in a day" "find out what sends so much from this mailbox: Get-MessageTraceV2 -SenderAddress <mailbox>"
    MessageTooLarge "message_too_large" TenantAdmin Failed "the server holds the mail to be too large" "raise the limit of the mailbox: Set-Mailbox <mailbox> -MaxSendSize 35MB"
    Throttled "throttled" Microsoft Transient "the server throttles our requests" "wait; look for other clients of this mailbox"
    TooManyConnections "too_many_connections" Here Transient "the mailbox has too many connections" "close other clients of this mailbox (SMTP allows three)"
    ServerUnavailable "server_unavailable" Microsoft Transient "the server is out of order" "wait, and check service health"
    SessionInvalidated "session_invalidated" TenantAdmin Transient "the session was ended because the account changed" "check recent changes to the mailbox"

    // The way of a mail.
    MailJunked "mail_junked" TenantAdmin Degraded "the mail was delivered to the junk folder" "look at the mail's headers X-Forefront-Antispam-Report and Authentication-Results, and check SPF, DKIM and the spam filter's policies"
    MailDelayed "mail_delayed" Microsoft Degraded "the mail did not arrive in time" "look where it waits: Get-MessageTraceV2 -SenderAddress <mailbox>; check service health and mail flow rules"
    MailBounced "mail_bounced" TenantAdmin Failed "the mail came back with a report that it could not be delivered" "see the report's status and words in the evidence"
    MailLost "mail_lost" TenantAdmin Failed "the mail was accepted and arrived nowhere" "look what became of it: Get-MessageTraceV2 -MessageId <message id>; check quarantine and mail flow rules"
    MailPilesUp "mail_piles_up" ApplicationOwner Degraded "mail lies in the mailbox for longer than its limit" "see whether the application that fetches the mail is running, and what its log says"
    MailNotDeleted "mail_not_deleted" TenantAdmin Degraded "a mail of this program could not be deleted" "see the server's reply; grant FullAccess (with Graph: Mail.ReadWrite), or have a retention policy empty the mailbox"
    SendingSuspended "sending_suspended" Here Degraded "no mail is sent for now, because the server refused the last one for good" "remove the cause of the refusal; the evidence says when the next mail is sent"
    StateUnusable "state_unusable" Here Failed "the state of round trips could not be read or written, so nothing was sent" "check the directory that the evidence names: its rights, and the space on its disk"

    // What only several outcomes together can tell.
    ExchangeServicePrincipalMissing "exchange_service_principal_missing" TenantAdmin Failed "Exchange does not know the application" "New-ServicePrincipal -AppId <client id> -ObjectId <object id of the enterprise application, not of the app registration>"
    MailboxPermissionMissing "mailbox_permission_missing" TenantAdmin Failed "the application has no permission for the mailbox" "Add-MailboxPermission <mailbox> -User <object id of the service principal> -AccessRights FullAccess"
    ProtocolDisabled "protocol_disabled" TenantAdmin Failed "the protocol is switched off for the mailbox" "look at Get-CASMailbox <mailbox>; Set-CASMailbox <mailbox> -PopEnabled $true (-ImapEnabled $true, -SmtpClientAuthenticationDisabled $false)"
    AccessRefusedEverywhere "access_refused_everywhere" TenantAdmin Failed "Exchange refuses the application everywhere, though Entra issues its token" "if something was changed, wait two hours; otherwise check the policies and permissions of the application"
    FirewallRequiredSetOnly "firewall_required_set_only" Network Failed "the firewall opens only the endpoints that Microsoft calls required" "open TCP 587, 993 and 995 outbound too: Microsoft lists them as optional (endpoint set ID 2)"
    ProxyAllowsOnly443 "proxy_allows_only_443" Network Failed "the proxy connects to port 443 and to no other" "allow CONNECT to ports 587, 993 and 995 of Microsoft's hosts on the proxy"

    EwsNotLicensed "ews_not_licensed" TenantAdmin Failed "the mailbox's licence does not include EWS" "assign Exchange Online Plan 1 or 2, E3 or E5: Kiosk, F1 and F3 have no EWS"
    UserAgentBlocked "user_agent_blocked" TenantAdmin Failed "a policy blocks this program by its User-Agent" "look at EwsApplicationAccessPolicy, EwsAllowList and EwsBlockList in Get-OrganizationConfig"
    PropagationPending "propagation_pending" TenantAdmin Transient "a recent change has not taken effect everywhere yet" "wait up to two hours after the change, then look again"

    // EWS and Graph.
    EwsDisabled "ews_disabled" TenantAdmin Failed "EWS is disabled for the tenant or the mailbox" "Set-OrganizationConfig -EwsEnabled $true with the application on EwsAllowedAppIDs; move to Graph before 2027-04-01" => Clear
    EwsBlockedByPolicy "ews_blocked_by_policy" TenantAdmin Failed "EWS is blocked by policy for this application" "add the client id to Set-OrganizationConfig -EwsAllowedAppIDs (it replaces the list: read it first)" => Clear
    EwsForbidden "ews_forbidden" TenantAdmin Failed "EWS is forbidden, without a reason given" "check the licence (Kiosk, F1 and F3 have no EWS), Test-ApplicationAccessPolicy and Test-ServicePrincipalAuthorization" => Unclear
    EwsRetired "ews_retired" ApplicationOwner Failed "EWS in Exchange Online has been switched off for good" "move the application to Microsoft Graph: EWS cannot be switched on again"
    EwsRetiring "ews_retiring" ApplicationOwner Degraded "EWS in Exchange Online ends on 2027-04-01" "move the application to Microsoft Graph before that day; the check `graph` shows whether it may"
    EwsPathNotFound "ews_path_not_found" ApplicationOwner Failed "there is no EWS at this address" "set `ews` to https://HOST/EWS/Exchange.asmx"
    EwsTokenRefused "ews_token_refused" TenantAdmin Failed "EWS refused the token" "if it lasts, open a support case with Microsoft: quote x-ms-diagnostics and the request id of the evidence"
    ImpersonationDenied "impersonation_denied" TenantAdmin Failed "the application may not act for this mailbox" "Test-ServicePrincipalAuthorization, Test-ApplicationAccessPolicy: bring the mailbox into scope" => Clear
    AccessDenied "access_denied" TenantAdmin Failed "access to the folder is denied" "check the application's permission and access policies for this mailbox" => Clear
    FolderNotFound "folder_not_found" TenantAdmin Failed "the folder does not exist in this mailbox" "open the mailbox once, or check the folder"
    LicenseInvalid "license_invalid" TenantAdmin Failed "the mailbox has no valid licence" "assign an Exchange Online licence"
    AccountDisabled "account_disabled" TenantAdmin Failed "the account is disabled" "enable the account in Entra"
    RequestRejected "request_rejected" Here Failed "the server could not accept our request" "report it with the evidence"
    OperationFailed "operation_failed" Microsoft Failed "the operation failed for a reason not in the catalogue" "look up the code of the evidence"
}

impl Reason {
    /// Reports whether asking again changes nothing until somebody has changed something in the tenant or the application.
    pub const fn is_for_good(self) -> bool {
        matches!((self.severity(), self.owner()), (Severity::Failed, Owner::TenantAdmin | Owner::ApplicationOwner))
    }

    /// The reason of that code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|reason| reason.code() == code)
    }

    /// Reports whether a run that ends so tells nothing of the far side: it counts as one that did not take place.
    pub const fn is_no_result(self) -> bool {
        matches!(self, Self::MachineTooSlow | Self::CeilingReached)
    }

    /// Reports whether a run may end for this reason because this machine, and not the peer, was slow: silence, and hanging up
    /// on somebody who is.
    pub const fn may_come_of_a_stall(self) -> bool {
        matches!(
            self,
            Self::TimedOut
                | Self::DnsNoAnswer
                | Self::DnsTcpBlocked
                | Self::DnsOneServerFails
                | Self::DnsOneFamilyFails
                | Self::DnsResolversDisagree
                | Self::ConnectTimedOut
                | Self::ProxyTimedOut
                | Self::TlsTimedOut
                | Self::TlsClosed
                | Self::NoGreeting
                | Self::ReplyTimedOut
                | Self::ConnectionClosed
        )
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_a_distinct_label() {
        let mut seen = std::collections::HashSet::new();
        for reason in Reason::ALL {
            assert!(seen.insert(reason.code()), "{reason} occurs twice");
            assert!(reason.code().bytes().all(|b| b.is_ascii_lowercase() || b == b'_' || b.is_ascii_digit()), "{reason}");
            assert_eq!(Reason::from_code(reason.code()), Some(*reason));
        }
        assert_eq!(Reason::from_code("gremlins"), None);
    }

    #[test]
    fn title_and_remedy_are_one_line_without_a_full_stop() {
        for reason in Reason::ALL {
            for text in [reason.title(), reason.remedy()] {
                assert!(!text.is_empty() && !text.ends_with('.') && !text.contains(['\n', '|']), "{reason}: {text}");
            }
        }
    }
}
