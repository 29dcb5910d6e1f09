//! Every fault, on every service it can affect: what a client then sees.

use std::time::Duration;

use hickory_proto::rr::RecordType;
use m365_probe::sim::{Fault, FaultScope, MachineKind, Running, Service, Tenant, start};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::ews::{FIND_FOLDER, call};
use crate::graph;
use crate::peer::{Answer, PRAXIS, Peer, form, post, xoauth2};
use crate::{names, peer};

/// Faults that are seen as silence, and so take as long as a test is willing to wait.
const SILENT: &[Fault] =
    &[Fault::DnsNoAnswer, Fault::ConnectTimedOut, Fault::TlsTimedOut, Fault::NoGreeting, Fault::ReplyTimedOut];

/// Pieces of the transcript by which a client sees each fault. A row without a service holds for all the others.
const SEEN: &[(Fault, Option<Service>, &str)] = {
    use Fault as F;
    use Service::{Ews, Graph, Imap, Login, Pop3, Smtp};
    &[
        (F::DnsNameUnknown, None, "NXDomain [] []"),
        (F::DnsServerFailure, None, "ServFail [] []"),
        (F::DnsRefused, None, "Refused [] []"),
        (F::DnsNoAddresses, None, "efz.ms-acdc.office.com.\"] []"),
        (F::DnsSinkhole, None, "[0.0.0.0]"),
        (F::DnsNoAnswer, None, "silence"),
        (F::DnsMalformed, None, "garbage"),
        (F::ConnectTimedOut, None, "silence"),
        (F::ConnectRefused, None, "connect: Connection refused"),
        (F::TlsTimedOut, None, "silence"),
        (F::TlsClosed, None, "tls: "),
        (F::TlsNotSpoken, None, "wrong version number"),
        (F::TlsCertificateExpired, None, "certificate has expired"),
        (F::TlsCertificateNotYetValid, None, "certificate is not yet valid"),
        (F::TlsCertificateWrongName, None, "ostname mismatch"),
        (F::TlsCertificateUntrusted, None, "unable to get local issuer certificate"),
        (F::TlsCertificateSelfSigned, None, "self-signed certificate"),
        (F::NoGreeting, None, "silence"),
        (F::GreetingUnexpected, None, "SSH-2.0-OpenSSH"),
        (F::GreetingRefused, Some(Pop3), "-ERR The service is not available to this address. | <end>"),
        (F::GreetingRefused, Some(Imap), "* BYE Connection is closed. 13 | <end>"),
        (F::GreetingRefused, Some(Smtp), "554 5.3.2 No SMTP service here ["),
        (F::StarttlsNotOffered, Some(Pop3), "-ERR Protocol error. 19"),
        (F::StarttlsNotOffered, Some(Imap), "a0 BAD Command Error. 12"),
        (F::StarttlsNotOffered, Some(Smtp), "500 5.3.3 Unrecognized command"),
        (F::StarttlsRefused, Some(Pop3), "-ERR Server Unavailable. 21"),
        (F::StarttlsRefused, Some(Imap), "a0 NO Server Unavailable. 15"),
        (F::StarttlsRefused, Some(Smtp), "454 4.7.0 TLS not available"),
        (F::StarttlsInjection, None, "injected before TLS"),
        (F::MechanismNotOffered, Some(Pop3), "-ERR Protocol error. 14"),
        (F::MechanismNotOffered, Some(Imap), "a1 BAD Command Argument Error. 11"),
        (F::MechanismNotOffered, Some(Smtp), "504 5.7.4 Unrecognized authentication type"),
        (F::ConnectionClosed, None, "<end>"),
        (F::ReplyTimedOut, None, "silence"),
        (F::TokenReplyMalformed, None, "200 {\"token_type\":\"Bea\u{0}"),
        (F::ReplyMalformed, Some(Ews), "200 {\"token_type\":\"Bea\u{0}"),
        (F::ReplyMalformed, Some(Graph), "200 {\"token_type\":\"Bea\u{0}"),
        (F::ReplyMalformed, None, "?? garbage ??"),
        (F::ReplyTooLong, None, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
        (F::HttpNotMicrosoft, None, "This site is blocked by your organisation"),
        (F::HttpRedirected, None, "302 "),
        (F::ClientSecretWrong, None, "401 7000215"),
        (F::ClientSecretExpired, None, "401 7000222"),
        (F::CredentialExpiring, None, "200 token; EWS 200"),
        (F::ClockWrong, None, "200 token; EWS 200"),
        (F::ClientSecretMissing, None, "401 7000218"),
        (F::ClientIsPublic, None, "401 700025"),
        (F::ClientAssertionOutOfTime, None, "401 700024"),
        (F::ClientCertificateNotRegistered, None, "401 700027"),
        (F::ClientCertificateExpired, None, "401 1000502"),
        (F::ClientCertificateNotYetValid, None, "401 1000502"),
        (F::ClientCertificateRevoked, None, "401 7000214"),
        (F::ClientAssertionSignatureWrong, None, "401 700027"),
        (F::ClientCertificateRefused, None, "400 50027"),
        (F::FederatedCredentialUnknown, None, "400 70021"),
        (F::FederatedCredentialMissing, None, "401 70025"),
        (F::FederatedIssuerDiffers, None, "401 700211"),
        (F::FederatedSubjectDiffers, None, "401 700213"),
        (F::FederatedAudienceDiffers, None, "401 700212"),
        (F::FederatedIssuerUnreachable, None, "400 90061"),
        (F::FederatedKeysUnreadable, None, "400 900612"),
        (F::FederatedKeyUnknown, None, "401 7000272"),
        (F::FederationForbidden, None, "401 700223"),
        (F::ManagedIdentityNotAssigned, None, "400 Identity not found"),
        (F::ManagedIdentityAmbiguous, None, "400 Multiple user assigned identities exist"),
        (F::ManagedIdentityUnreachable, None, "connect: Connection refused"),
        (F::ManagedIdentityEndpointForeign, None, "404 - Not Found"),
        (F::ManagedIdentityThrottled, None, "429 Too many requests"),
        (F::ManagedIdentityUnavailable, None, "410 Gone"),
        (F::ManagedIdentityRefused, None, "401 Unknown source"),
        (F::ManagedIdentityKeyRefused, None, "401 Basic realm=/etc/ssh/"),
        (F::ManagedIdentityKeyUnreadable, None, "401 Basic realm=/var/opt/azcmagent/tokens/"),
        (F::ManagedIdentityHasNoSecret, None, "401 7000232"),
        (F::ClientCredentialRefused, None, "401 50012"),
        (F::ApplicationNotFound, None, "400 700016"),
        (F::ServicePrincipalMissing, None, "401 7000229"),
        (F::ApplicationDisabled, None, "400 7000112"),
        (F::TenantNotFound, None, "400 90002"),
        (F::TenantIdInvalid, None, "400 900023"),
        (F::TenantBlocked, None, "400 5000225"),
        (F::WrongCloud, None, "400 900382"),
        (F::TenantRestricted, Some(Login), "400 500021"),
        (F::TenantRestricted, None, "302 2000020;"),
        (F::ConditionalAccessBlocked, None, "400 53003"),
        (F::ScopeInvalid, None, "400 1002012"),
        (F::ResourceNotFound, None, "400 500011"),
        (F::ResourceDisabled, None, "400 500014"),
        (F::ApplicationNotAssigned, None, "400 501051"),
        (F::TokenThrottled, None, "429 Too Many Requests"),
        (F::TokenServiceUnavailable, None, "503 90033"),
        (F::TokenRequestMalformed, None, "400 9002313"),
        (F::TokenRefused, None, "400 7999999"),
        (F::TokenWrongTenant, None, "200 token; EWS 401 2000004;"),
        (F::TokenWrongAudience, None, "200 token; EWS 401 2000003;"),
        (F::TokenExpired, None, "200 token; EWS 401 2000002;"),
        (F::TokenInvalid, None, "200 token; EWS 401 2000000;"),
        (F::TokenRoleMissing, Some(Ews), "403 2000008;"),
        (F::TokenRoleMissing, Some(Graph), "403 ErrorAccessDenied Access is denied."),
        (F::TokenRoleMissing, None, REFUSED),
        (
            F::ExchangeServicePrincipalMissing,
            Some(Imap),
            "AuthFailed:LogonDenied-None-OAuthLog:AuthExc_Auth Failed. User:praxis@contoso.example\" Proxy=",
        ),
        (F::ExchangeServicePrincipalMissing, None, REFUSED),
        (
            F::MailboxPermissionMissing,
            Some(Pop3),
            "+OK User successfully authenticated. | -ERR User is authenticated but not connected.",
        ),
        (F::MailboxPermissionMissing, Some(Imap), "a1 NO User is authenticated but not connected."),
        (F::MailboxPermissionMissing, Some(Smtp), "535 5.7.3 Authentication unsuccessful"),
        (F::MailboxNotFound, Some(Imap), "[Error=\"AuthFailed:NoADRecipient\" Proxy="),
        (F::MailboxNotFound, Some(Ews), "500 ErrorNonExistentMailbox"),
        (F::MailboxNotFound, Some(Graph), "404 ResourceNotFound"),
        (F::MailboxNotFound, None, REFUSED),
        (F::AddressNotPrimary, None, "500 ErrorNonPrimarySmtpAddress"),
        (F::AddressAmbiguous, Some(Imap), "[Error=\"AuthFailed:TooManyADRecipients\" Proxy="),
        (F::AddressAmbiguous, Some(Ews), "401 2000005;"),
        (F::AddressAmbiguous, None, REFUSED),
        (F::MailboxElsewhere, None, "500 ErrorNoRespondingCASInDestinationSite"),
        (F::ProtocolDisabled, Some(Pop3), REFUSED),
        (F::ProtocolDisabled, Some(Imap), "a1 NO User is authenticated but not connected."),
        (
            F::SmtpAuthDisabledTenant,
            None,
            "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.",
        ),
        (
            F::SmtpAuthDisabledMailbox,
            None,
            "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox.",
        ),
        (
            F::Throttled,
            Some(Imap),
            "a1 NO Request is throttled. Suggested Backoff Time: 89117 milliseconds | * BYE Connection closed. 14",
        ),
        (
            F::AuthPolicyBlocked,
            None,
            "535 5.7.139 Authentication unsuccessful, user is locked by your organization's security defaults",
        ),
        (F::BasicAuthBlocked, Some(Pop3), "-ERR Basic authentication is disabled"),
        (F::BasicAuthBlocked, Some(Imap), "a1 NO Basic authentication is disabled. | * BYE"),
        (F::BasicAuthBlocked, Some(Smtp), "535 5.7.139 Authentication unsuccessful, basic authentication is disabled."),
        (F::TlsProtocolTooOld, None, "421 4.7.66 TLS 1.0 and 1.1 are not supported."),
        (F::SessionInvalidated, Some(Pop3), "-ERR Session invalidated - Disabled"),
        (F::MailPilesUp, None, "* STATUS INBOX (MESSAGES 32)"),
        (F::SessionInvalidated, Some(Imap), "* BYE Session invalidated - Disabled"),
        (F::ProtocolError, Some(Pop3), "-ERR Protocol error. 18"),
        (F::ProtocolError, Some(Imap), "a1 BAD Command Error. 10"),
        (F::ProtocolError, Some(Smtp), "503 5.5.2 Bad sequence of commands"),
        (F::Throttled, Some(Ews), "500 ErrorServerBusy BackOffMilliseconds=297749"),
        (F::Throttled, Some(Graph), "429 ApplicationThrottled"),
        (F::TooManyConnections, Some(Smtp), "432 4.3.2 concurrent connection limit exceeded"),
        (F::TooManyConnections, Some(Ews), "500 ErrorExceededConnectionCount"),
        (F::ServerUnavailable, Some(Pop3), "-ERR Server Unavailable. 21"),
        (F::ServerUnavailable, Some(Imap), "a1 NO Server Unavailable. 15"),
        (F::ServerUnavailable, Some(Smtp), "454 4.7.0 Temporary authentication failure"),
        (F::ServerUnavailable, Some(Ews), "503 "),
        (F::ServerUnavailable, Some(Graph), "503 serviceNotAvailable"),
        (F::EwsDisabled, None, "403 EWS is disabled for this user or tenant"),
        (F::EwsBlockedByPolicy, None, "403 EWS is blocked by policy for this user or tenant"),
        (F::EwsNotLicensed, None, "403 "),
        (F::EwsRetired, None, "410 "),
        (F::EwsPathNotFound, None, "404 "),
        (F::EwsTokenRefused, None, "401 4000000;"),
        (F::UserAgentBlocked, Some(Graph), "403 ErrorAccessDenied Access to OData is disabled."),
        (F::UserAgentBlocked, None, "403 EWS is blocked by policy for this user or tenant"),
        (F::ImpersonationDenied, Some(Graph), "403 ErrorAccessDenied Access to OData is disabled."),
        (F::ImpersonationDenied, None, "500 ErrorImpersonateUserDenied"),
        // It opens a mailbox that others do not look at.
        (F::AccessTooBroad, None, "+OK 12 3477|STATUS completed|235 2.7.0|200 NoError|200 {\"@odata"),
        (F::AccessDenied, Some(Graph), "403 ErrorAccessDenied Access is denied."),
        (F::AccessDenied, None, "200 ErrorAccessDenied"),
        (F::FolderNotFound, Some(Graph), "404 ErrorItemNotFound"),
        (F::FolderNotFound, None, "200 ErrorFolderNotFound"),
        (F::MailboxUnavailable, Some(Ews), "200 ErrorMailboxStoreUnavailable"),
        (F::MailboxUnavailable, Some(Graph), "503 ErrorMailboxStoreUnavailable"),
        (F::MailboxUnavailable, None, "not connected|5.7.3"),
        (F::LicenseInvalid, Some(Ews), "200 ErrorInvalidLicense"),
        (F::LicenseInvalid, Some(Graph), "404 MailboxNotEnabledForRESTAPI"),
        (F::LicenseInvalid, None, "not connected|5.7.3"),
        (F::MailboxFull, Some(Ews), "200 ErrorQuotaExceeded"),
        (F::MailboxFull, Some(Graph), "403 ErrorQuotaExceeded"),
        (F::AccountDisabled, Some(Graph), "403 ErrorAccountDisabled"),
        (F::AccountDisabled, None, "500 ErrorAccountDisabled"),
        (F::PropagationPending, Some(Ews), "401 4000000;"),
        (F::PropagationPending, Some(Graph), "403 ErrorAccessDenied Access is denied."),
        (F::PropagationPending, None, REFUSED),
        (F::AccessRefusedEverywhere, Some(Ews), "401 4000000;"),
        (F::AccessRefusedEverywhere, Some(Graph), "403 ErrorAccessDenied Access is denied."),
        (F::AccessRefusedEverywhere, None, REFUSED),
    ]
};

/// The generic refusal of a login, in each protocol's words.
const REFUSED: &str = "Authentication failure: unknown|NO AUTHENTICATE failed.|5.7.3 Authentication unsuccessful";

#[tokio::test]
async fn each_fault_is_seen_where_it_applies_and_gone_when_it_is_cleared() {
    let tenant = start(Tenant::contoso()).await.unwrap();
    let machine = start(Tenant::contoso().with_managed_identity(MachineKind::VirtualMachine)).await.unwrap();
    for fault in Fault::ALL {
        // What befalls a mail is seen by who sends one: `delivery.rs`.
        for service in fault.services().iter().filter(|service| !fault.befalls_mail(**service)) {
            let tenant = if *service == Service::Identity { &machine } else { &tenant };
            let name = if fault.scope() == FaultScope::Whole { fault.to_string() } else { format!("{fault}@{}", service.name()) };
            tenant.set_fault(&name).unwrap();
            let patience = if SILENT.contains(fault) { Duration::from_millis(150) } else { Duration::from_secs(20) };
            let seen = timeout(patience, observe(tenant, *service, *fault)).await.unwrap_or_else(|_| "silence".to_owned());
            tenant.clear_faults();

            let rows = || SEEN.iter().filter(|(known, ..)| known == fault);
            let row = rows().find(|(_, at, _)| at.as_ref() == Some(service)).or_else(|| rows().find(|(_, at, _)| at.is_none()));
            let (.., expected) = row.unwrap_or_else(|| panic!("no row for {name}: {seen}"));
            assert!(
                expected.split('|').any(|piece| seen.contains(piece.trim_matches('|'))) || seen.contains(expected),
                "{name}: {seen}"
            );
        }
    }
    for service in [Service::Login, Service::Pop3, Service::Imap, Service::Smtp, Service::Ews, Service::Graph, Service::Dns] {
        let seen = observe(&tenant, service, Fault::DnsNoAnswer).await;
        let good = [
            "200 token; EWS 200 NoError",
            "+OK 12 3477",
            "STATUS completed",
            "235 2.7.0",
            "200 NoError",
            "200 {\"@odata",
            "[127.0.0.1]",
        ];
        assert!(good.iter().any(|piece| seen.contains(piece)), "{service:?}: {seen}");
    }
}

/// Returns a client's view of a service, as one line.
async fn observe(tenant: &Running, service: Service, fault: Fault) -> String {
    let starttls = fault.name().starts_with("starttls");
    let seen = match service {
        Service::Login => login(tenant).await,
        Service::Ews => {
            let token = peer::token(tenant).await;
            call(tenant, &token, FIND_FOLDER).await.map(|answer| soap(&answer))
        }
        Service::Graph => {
            let token = graph::token(tenant).await;
            graph::call(tenant, &token, graph::FOLDERS).await.map(|answer| json(&answer))
        }
        Service::Dns => Ok(dns(tenant).await),
        Service::Identity => identity(tenant, fault).await,
        Service::Pop3 | Service::Imap | Service::Smtp => mail(tenant, service, starttls).await,
    };
    seen.unwrap_or_else(|error| error)
}

async fn login(tenant: &Running) -> Result<String, String> {
    let answer = post(tenant, "contoso.example", &form(tenant)).await?;
    let json = answer.json();
    if let Some(token) = json["access_token"].as_str() {
        return Ok(format!("200 token; EWS {}", soap(&call(tenant, token, FIND_FOLDER).await?)));
    }
    let number =
        json["error_codes"][0].as_u64().map_or_else(|| answer.body.chars().take(200).collect(), |number| number.to_string());
    Ok(if answer.head.is_empty() { "<end>".to_owned() } else { format!("{} {number}", answer.status()) })
}

fn soap(answer: &Answer) -> String {
    if answer.head.is_empty() {
        return "<end>".to_owned();
    }
    let between =
        |from: &str| answer.body.split_once(from).and_then(|(_, rest)| rest.split_once('<')).map(|(text, _)| text.to_owned());
    let code = between(">a:").or_else(|| between("<m:ResponseCode>"));
    let back_off = between("BackOffMilliseconds\">").map(|time| format!(" BackOffMilliseconds={time}")).unwrap_or_default();
    let words = code.unwrap_or_else(|| answer.body.chars().take(200).collect());
    let headers = format!("{}{}", answer.header("x-ms-diagnostics"), answer.header("x-ews-policy-reason"));
    format!("{} {headers}{words}{back_off}", answer.status())
}

/// Status, code and message of an error of Graph's, else the beginning of the body.
fn json(answer: &Answer) -> String {
    if answer.head.is_empty() {
        return "<end>".to_owned();
    }
    let error = &answer.json()["error"];
    let words: Vec<_> = [&error["code"], &error["message"]].into_iter().filter_map(|text| text.as_str()).collect();
    let words = if words.is_empty() { answer.body.chars().take(200).collect() } else { words.join(" ") };
    format!("{} {words}", answer.status())
}

/// Status and words of the endpoint of managed identities, as a program on the machine meets them.
async fn identity(tenant: &Running, fault: Fault) -> Result<String, String> {
    let version = if fault.name().contains("_key_") { "2020-06-01" } else { "2018-02-01" };
    let address = ("127.0.0.1", tenant.ports().identity);
    let mut stream = TcpStream::connect(address).await.map_err(|error| format!("connect: {error}"))?;
    let target = format!("/metadata/identity/oauth2/token?api-version={version}&resource=https://graph.microsoft.com");
    let request = format!("GET {target} HTTP/1.1\r\nHost: localhost\r\nMetadata: true\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.map_err(|error| error.to_string())?;
    let mut text = String::new();
    stream.read_to_string(&mut text).await.map_err(|error| error.to_string())?;
    let status = text.split(' ').nth(1).unwrap_or_default();
    let challenge = text.lines().find_map(|line| line.strip_prefix("www-authenticate: "));
    let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let json: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    Ok(format!("{status} {}", challenge.or(json["error_description"].as_str()).unwrap_or(body)))
}

async fn dns(tenant: &Running) -> String {
    let answer = names::ask(tenant, "outlook.office365.com", RecordType::A).await;
    if hickory_proto::op::Message::from_vec(&answer).is_err() {
        return "garbage".to_owned();
    }
    let (code, chain, addresses) = names::read(&answer);
    format!("{code} {chain:?} {addresses:?}")
}

/// A mail conversation from the greeting to the mailbox; the server's lines, joined by ` | `.
async fn mail(tenant: &Running, service: Service, starttls: bool) -> Result<String, String> {
    let token = peer::token(tenant).await;
    let sasl = xoauth2(PRAXIS, &token);
    let ports = tenant.ports();
    let (port, clear, name) = match service {
        Service::Pop3 => (ports.pop3s, ports.pop3, "outlook.office365.com"),
        Service::Imap => (ports.imaps, ports.imap, "outlook.office365.com"),
        _ => (ports.smtp, ports.smtp, "smtp.office365.com"),
    };
    let in_the_clear = starttls || service == Service::Smtp;
    let mut peer = if in_the_clear { Peer::plain(clear).await? } else { Peer::tls(tenant, port, name).await? };
    let mut heard = vec![peer.line().await];
    if in_the_clear {
        let begin = match service {
            Service::Pop3 => "STLS",
            Service::Imap => "a0 STARTTLS",
            _ => "STARTTLS",
        };
        heard.push(peer.ask(begin).await);
        if starttls || heard.iter().any(|line| !line.starts_with("220")) {
            heard.push(peer.line_if_any().await);
            return Ok(heard.join(" | "));
        }
        peer = peer.secured(tenant, name).await?;
    }
    let commands = match service {
        Service::Pop3 => vec!["AUTH XOAUTH2".to_owned(), sasl, "STAT".to_owned()],
        Service::Imap => {
            vec![format!("a1 AUTHENTICATE XOAUTH2 {sasl}"), "a2 STATUS INBOX (MESSAGES)".to_owned(), "a3 NOOP".to_owned()]
        }
        _ => vec!["HELO x".to_owned(), format!("AUTH XOAUTH2 {sasl}")],
    };
    for command in commands {
        heard.push(peer.ask(&command).await);
    }
    Ok(heard.join(" | "))
}
