//! The one decision: what this tenant answers to this token, for this mailbox, over this protocol.
//!
//! Pure. Protocols only render it; the order of the checks is Exchange Online's.

use super::jwt::{Claims, Flaw, PresentedToken};
use super::mailbox::{Licence, Listing, Mailbox};
use super::protocol::{Protocol, Trouble};
use super::tenant::Tenant;

/// The reason why Exchange Online does not let the application in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// `SmtpClientAuthenticationDisabled` for the tenant.
    SmtpDisabledForTenant,
    /// `SmtpClientAuthenticationDisabled` for the mailbox.
    SmtpDisabledForMailbox,
    /// The token cannot be read.
    TokenUnreadable,
    /// The token is not signed by Entra.
    BadSignature,
    /// The token has expired, or is not valid yet.
    Expired,
    /// The token is for another resource.
    WrongAudience,
    /// The token comes from another tenant.
    WrongTenant,
    /// The token has no roles at all.
    NoRoles,
    /// The token has roles, but not this protocol's.
    RoleMissing,
    /// EWS is switched off, for the tenant or the mailbox.
    EwsDisabled,
    /// The application is not on the list of those that may use EWS.
    EwsBlocked,
    /// The mailbox's licence has no EWS.
    EwsUnlicensed,
    /// A policy blocks this program by its `User-Agent`.
    UserAgentBlocked,
    /// Exchange refuses the application and says nothing.
    Unexplained,
    /// The account is disabled.
    AccountDisabled,
    /// Exchange does not know the application's service principal.
    NotRegistered,
    /// There is no such mailbox.
    NoMailbox,
    /// More than one recipient has the address.
    Ambiguous,
    /// The address is an alias.
    Alias,
    /// The mailbox lies on another server, which does not answer.
    Elsewhere,
    /// The application has no permission on the mailbox, or it may not be opened over this protocol: Exchange lets
    /// the application in, but not to the mailbox.
    NotConnected,
    /// The protocol is switched off for the mailbox.
    ProtocolDisabled,
    /// An access policy keeps the application from this mailbox.
    OutOfScope,
    /// The mailbox has no licence.
    Unlicensed,
    /// The mailbox's database is offline.
    Offline,
    /// The server itself is in trouble.
    Trouble(Trouble),
}

/// Names of Exchange Online that a token may be for.
pub(super) const EXCHANGE: &[&str] =
    &["https://outlook.office365.com", "https://outlook.office.com", "00000002-0000-0ff1-ce00-000000000000"];

/// Names of Microsoft Graph that a token may be for.
pub(super) const GRAPH: &[&str] = &["https://graph.microsoft.com", "00000003-0000-0000-c000-000000000000"];

/// A login over POP3, IMAP or SMTP at `now` (seconds since 1970).
///
/// SMTP's switches are examined before the token: a client with a bad token still hears that SMTP is disabled.
pub fn login<'t>(
    tenant: &'t Tenant,
    protocol: Protocol,
    token: &PresentedToken,
    user: &str,
    now: i64,
) -> Result<&'t Mailbox, Refusal> {
    if let Some(trouble) = tenant.exchange.trouble.get(&protocol) {
        return Err(Refusal::Trouble(*trouble));
    }
    if protocol == Protocol::Smtp {
        smtp_enabled(tenant, user)?;
    }
    let claims = authentic(tenant, token, EXCHANGE, now)?;
    let grant = grant(tenant, claims, protocol, protocol.roles())?;
    if tenant.exchange.refuses_everything {
        return Err(Refusal::Unexplained);
    }
    if !tenant.exchange.service_principals.contains(&claims.oid) {
        return Err(Refusal::NotRegistered);
    }
    let mailbox = tenant.mailbox(user).ok_or(Refusal::NoMailbox)?;
    if mailbox.listing == Listing::Ambiguous {
        return Err(Refusal::Ambiguous);
    }
    if let Some(trouble) = mailbox.trouble.get(&protocol) {
        return Err(Refusal::Trouble(*trouble));
    }
    let enabled = match protocol {
        Protocol::Pop3 => mailbox.pop_enabled,
        Protocol::Imap => mailbox.imap_enabled,
        Protocol::Smtp | Protocol::Ews | Protocol::Graph => true,
    };
    if !enabled {
        return Err(Refusal::ProtocolDisabled);
    }
    let allowed = match grant {
        Grant::Permission => mailbox.full_access,
        Grant::Assignment => mailbox.in_scope,
    };
    if !allowed || mailbox.licence == Licence::Missing || !mailbox.online {
        return Err(Refusal::NotConnected);
    }
    Ok(mailbox)
}

fn smtp_enabled(tenant: &Tenant, user: &str) -> Result<(), Refusal> {
    match tenant.mailbox(user).and_then(|mailbox| mailbox.smtp_auth_disabled) {
        Some(true) => Err(Refusal::SmtpDisabledForMailbox),
        None if tenant.exchange.smtp_auth_disabled => Err(Refusal::SmtpDisabledForTenant),
        Some(false) | None => Ok(()),
    }
}

/// An EWS request before its body is looked at: the token, the permission and the tenant's policies.
pub fn ews_request<'c>(tenant: &Tenant, token: &'c PresentedToken, now: i64) -> Result<&'c Claims, Refusal> {
    let claims = authentic(tenant, token, EXCHANGE, now)?;
    grant(tenant, claims, Protocol::Ews, Protocol::Ews.roles())?;
    if tenant.exchange.refuses_everything {
        return Err(Refusal::Unexplained);
    }
    if tenant.exchange.user_agents_blocked {
        return Err(Refusal::UserAgentBlocked);
    }
    match tenant.exchange.ews_enabled {
        Some(false) => Err(Refusal::EwsDisabled),
        Some(true) if !tenant.exchange.ews_allowed_app_ids.contains(&claims.appid) => Err(Refusal::EwsBlocked),
        Some(true) | None => Ok(claims),
    }
}

/// The mailbox an EWS request wants to act as. No service principal and no mailbox permission is needed here.
pub fn ews_mailbox<'t>(tenant: &'t Tenant, address: &str) -> Result<&'t Mailbox, Refusal> {
    if let Some(trouble) = tenant.exchange.trouble.get(&Protocol::Ews) {
        return Err(Refusal::Trouble(*trouble));
    }
    let mailbox = tenant.mailbox(address).ok_or(Refusal::NoMailbox)?;
    if let Some(trouble) = mailbox.trouble.get(&Protocol::Ews) {
        return Err(Refusal::Trouble(*trouble));
    }
    match mailbox.listing {
        Listing::Plain => {}
        Listing::Ambiguous => return Err(Refusal::Ambiguous),
        Listing::Alias => return Err(Refusal::Alias),
        Listing::Elsewhere => return Err(Refusal::Elsewhere),
    }
    match (mailbox.ews_enabled, mailbox.licence) {
        (Some(false), _) => Err(Refusal::EwsDisabled),
        (_, Licence::Kiosk) => Err(Refusal::EwsUnlicensed),
        (_, Licence::Missing) => Err(Refusal::Unlicensed),
        _ if !mailbox.account_enabled => Err(Refusal::AccountDisabled),
        _ if !mailbox.in_scope => Err(Refusal::OutOfScope),
        _ if !mailbox.online => Err(Refusal::Offline),
        _ => Ok(mailbox),
    }
}

/// A Graph asked for a mailbox, which needs one of `roles`. Neither the switches of EWS nor a service principal in Exchange
/// matter here.
pub fn graph<'t>(
    tenant: &'t Tenant,
    token: &PresentedToken,
    roles: &[&str],
    address: &str,
    now: i64,
) -> Result<&'t Mailbox, Refusal> {
    let claims = authentic(tenant, token, GRAPH, now)?;
    grant(tenant, claims, Protocol::Graph, roles)?;
    if tenant.exchange.refuses_everything {
        return Err(Refusal::Unexplained);
    }
    if tenant.exchange.user_agents_blocked {
        return Err(Refusal::UserAgentBlocked);
    }
    if let Some(trouble) = tenant.exchange.trouble.get(&Protocol::Graph) {
        return Err(Refusal::Trouble(*trouble));
    }
    let served = tenant.exchange.present && !tenant.exchange.lapsed;
    let mailbox = tenant.mailbox(address).filter(|_| served).ok_or(Refusal::NoMailbox)?;
    if let Some(trouble) = mailbox.trouble.get(&Protocol::Graph) {
        return Err(Refusal::Trouble(*trouble));
    }
    match mailbox.licence {
        Licence::Missing => Err(Refusal::Unlicensed),
        _ if !mailbox.account_enabled => Err(Refusal::AccountDisabled),
        _ if !mailbox.in_scope => Err(Refusal::OutOfScope),
        _ if !mailbox.online => Err(Refusal::Offline),
        Licence::Full | Licence::Kiosk => Ok(mailbox),
    }
}

/// A question to Graph about the application itself, which needs one of `roles`.
pub fn directory(tenant: &Tenant, token: &PresentedToken, roles: &[&str], now: i64) -> Result<(), Refusal> {
    role(authentic(tenant, token, GRAPH, now)?, roles)
}

fn authentic<'c>(tenant: &Tenant, token: &'c PresentedToken, audiences: &[&str], now: i64) -> Result<&'c Claims, Refusal> {
    let claims = match token {
        Ok(claims) => claims,
        Err(Flaw::Unreadable) => return Err(Refusal::TokenUnreadable),
        Err(Flaw::BadSignature) => return Err(Refusal::BadSignature),
    };
    if !audiences.contains(&claims.aud.trim_end_matches('/')) {
        return Err(Refusal::WrongAudience);
    }
    if claims.tid != tenant.id || claims.iss != format!("https://sts.windows.net/{}/", tenant.id) {
        return Err(Refusal::WrongTenant);
    }
    if claims.exp <= now || claims.nbf > now + CLOCK_SKEW {
        return Err(Refusal::Expired);
    }
    Ok(claims)
}

/// The time that a token's issuer may be ahead of us, in seconds.
const CLOCK_SKEW: i64 = 300;

/// The permission that lets the application in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Grant {
    /// A role in the token: over POP3, IMAP and SMTP each mailbox must permit it besides.
    Permission,
    /// RBAC for Applications: the mailboxes in scope, without a permission of their own.
    Assignment,
}

/// A role in the token counts before an assignment: with `SMTP.SendAsApp` in it the mailbox's permission is examined, even
/// where an assignment would do.
fn grant(tenant: &Tenant, claims: &Claims, protocol: Protocol, roles: &[&str]) -> Result<Grant, Refusal> {
    match role(claims, roles) {
        Ok(()) => Ok(Grant::Permission),
        Err(_) if tenant.exchange.role_assignments.contains(&protocol) => Ok(Grant::Assignment),
        Err(refusal) => Err(refusal),
    }
}

fn role(claims: &Claims, any_of: &[&str]) -> Result<(), Refusal> {
    if claims.roles.iter().any(|role| any_of.contains(&role.as_str())) {
        Ok(())
    } else if claims.roles.is_empty() {
        Err(Refusal::NoRoles)
    } else {
        Err(Refusal::RoleMissing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_456_789;
    const PRAXIS: &str = "praxis@contoso.example";

    fn claims(tenant: &Tenant, protocol: Protocol) -> Claims {
        let resource = if protocol == Protocol::Graph { GRAPH } else { EXCHANGE };
        Claims {
            aud: resource[0].to_owned(),
            iss: format!("https://sts.windows.net/{}/", tenant.id),
            tid: tenant.id.clone(),
            appid: tenant.application.client_id.clone(),
            oid: tenant.application.object_id.clone(),
            roles: tenant.application.roles.clone(),
            nbf: NOW - 300,
            exp: NOW + 3600,
            uti: "00000001".to_owned(),
        }
    }

    type Spoil = fn(&mut Claims);
    type Change<'c> = &'c dyn Fn(&mut Tenant);

    /// Returns a protocol's answer for the mailbox `praxis`: `Ok` with its address.
    fn answer(tenant: &Tenant, protocol: Protocol, token: &PresentedToken, user: &str) -> Result<String, Refusal> {
        let mailbox = match protocol {
            Protocol::Ews => ews_request(tenant, token, NOW).and_then(|_| ews_mailbox(tenant, user)),
            Protocol::Graph => graph(tenant, token, &["Mail.Read"], user, NOW),
            _ => login(tenant, protocol, token, user, NOW),
        };
        mailbox.map(|mailbox| mailbox.address.clone())
    }

    #[test]
    fn a_good_token_opens_its_mailbox_over_every_protocol_under_every_address() {
        let mut tenant = Tenant::contoso();
        tenant.mailbox_mut(PRAXIS).expect("known").aliases.push("info@contoso.example".to_owned());
        for protocol in Protocol::ALL {
            for user in [PRAXIS, "Praxis@Contoso.example", "INFO@contoso.example"] {
                let token = Ok(claims(&tenant, *protocol));
                assert_eq!(answer(&tenant, *protocol, &token, user).as_deref(), Ok(PRAXIS), "{protocol:?} {user}");
            }
        }
    }

    #[test]
    fn each_flaw_of_a_token_has_its_refusal() {
        let tenant = Tenant::contoso();
        let cases: &[(Spoil, Refusal)] = &[
            (|claims| claims.aud = "https://vault.azure.net".to_owned(), Refusal::WrongAudience),
            (|claims| claims.tid = "99999999-2222-3333-4444-555555555555".to_owned(), Refusal::WrongTenant),
            (|claims| claims.iss = "https://sts.windows.net/other/".to_owned(), Refusal::WrongTenant),
            (|claims| claims.exp = NOW, Refusal::Expired),
            (|claims| claims.nbf = NOW + 301, Refusal::Expired),
            (|claims| claims.roles.clear(), Refusal::NoRoles),
            (|claims| claims.roles = vec!["Sites.Read.All".to_owned()], Refusal::RoleMissing),
        ];
        for (spoil, refusal) in cases {
            for protocol in Protocol::ALL {
                let mut claims = claims(&tenant, *protocol);
                spoil(&mut claims);
                assert_eq!(answer(&tenant, *protocol, &Ok(claims), PRAXIS), Err(*refusal), "{protocol:?}");
            }
        }
        for (flaw, refusal) in [(Flaw::Unreadable, Refusal::TokenUnreadable), (Flaw::BadSignature, Refusal::BadSignature)] {
            assert_eq!(answer(&tenant, Protocol::Imap, &Err(flaw), PRAXIS), Err(refusal));
        }
    }

    #[test]
    fn rbac_opens_the_mailboxes_in_scope_to_a_token_without_roles() {
        let mut tenant = Tenant::contoso();
        tenant.exchange.role_assignments = vec![Protocol::Smtp, Protocol::Ews, Protocol::Graph];
        tenant.mailbox_mut(PRAXIS).expect("known").full_access = false;
        let answers = |tenant: &Tenant, roles: &[String]| -> Vec<_> {
            let token = |protocol| Ok(Claims { roles: roles.to_vec(), ..claims(tenant, protocol) });
            let told = |protocol| answer(tenant, protocol, &token(protocol), PRAXIS).err();
            [Protocol::Pop3, Protocol::Smtp, Protocol::Ews, Protocol::Graph].map(told).to_vec()
        };
        assert_eq!(answers(&tenant, &[]), [Some(Refusal::NoRoles), None, None, None]);
        // With the role in the token, SMTP wants the mailbox's own permission.
        let roles = tenant.application.roles.clone();
        assert_eq!(answers(&tenant, &roles), [Some(Refusal::NotConnected), Some(Refusal::NotConnected), None, None]);
        tenant.mailbox_mut(PRAXIS).expect("known").in_scope = false;
        let out = Some(Refusal::OutOfScope);
        assert_eq!(answers(&tenant, &[]), [Some(Refusal::NoRoles), Some(Refusal::NotConnected), out, out]);
    }

    #[test]
    fn each_step_left_out_of_the_set_up_has_its_refusal_and_spares_the_other_protocols() {
        use Protocol::{Ews, Graph, Imap, Pop3, Smtp};
        let praxis = |tenant: &mut Tenant, change: fn(&mut Mailbox)| change(tenant.mailbox_mut(PRAXIS).expect("known"));
        let cases: &[(&str, Change<'_>, &[Protocol], Refusal)] = &[
            ("New-ServicePrincipal", &|t| t.exchange.service_principals.clear(), &[Pop3, Imap, Smtp], Refusal::NotRegistered),
            ("Add-MailboxPermission", &|t| praxis(t, |m| m.full_access = false), &[Pop3, Imap, Smtp], Refusal::NotConnected),
            ("PopEnabled", &|t| praxis(t, |m| m.pop_enabled = false), &[Pop3], Refusal::ProtocolDisabled),
            ("ImapEnabled", &|t| praxis(t, |m| m.imap_enabled = false), &[Imap], Refusal::ProtocolDisabled),
            ("SMTP for the tenant", &|t| t.exchange.smtp_auth_disabled = true, &[Smtp], Refusal::SmtpDisabledForTenant),
            (
                "SMTP for the mailbox",
                &|t| praxis(t, |m| m.smtp_auth_disabled = Some(true)),
                &[Smtp],
                Refusal::SmtpDisabledForMailbox,
            ),
            ("the mailbox", &|t| t.mailboxes.clear(), &[Pop3, Imap, Smtp, Ews, Graph], Refusal::NoMailbox),
            ("EwsEnabled for the tenant", &|t| t.exchange.ews_enabled = Some(false), &[Ews], Refusal::EwsDisabled),
            ("EwsEnabled for the mailbox", &|t| praxis(t, |m| m.ews_enabled = Some(false)), &[Ews], Refusal::EwsDisabled),
            ("EwsAllowedAppIDs", &|t| t.exchange.ews_allowed_app_ids.clear(), &[Ews], Refusal::EwsBlocked),
            ("a full licence", &|t| praxis(t, |m| m.licence = Licence::Kiosk), &[Ews], Refusal::EwsUnlicensed),
            ("the access policy", &|t| praxis(t, |m| m.in_scope = false), &[Ews, Graph], Refusal::OutOfScope),
        ];
        for (step, change, refused, refusal) in cases {
            let mut tenant = Tenant::contoso();
            change(&mut tenant);
            for protocol in Protocol::ALL {
                let expected = if refused.contains(protocol) { Err(*refusal) } else { Ok(PRAXIS.to_owned()) };
                assert_eq!(
                    answer(&tenant, *protocol, &Ok(claims(&tenant, *protocol)), PRAXIS),
                    expected,
                    "without {step}: {protocol:?}"
                );
            }
        }
    }

    #[test]
    fn the_smtp_switch_is_examined_before_the_token_and_the_mailbox_s_overrides_the_tenant_s() {
        let mut tenant = Tenant::contoso();
        tenant.exchange.smtp_auth_disabled = true;
        let bad = Err(Flaw::BadSignature);
        assert_eq!(answer(&tenant, Protocol::Smtp, &bad, PRAXIS), Err(Refusal::SmtpDisabledForTenant));
        tenant.mailbox_mut(PRAXIS).expect("known").smtp_auth_disabled = Some(false);
        assert_eq!(answer(&tenant, Protocol::Smtp, &bad, PRAXIS), Err(Refusal::BadSignature));
        assert_eq!(answer(&tenant, Protocol::Smtp, &Ok(claims(&tenant, Protocol::Smtp)), PRAXIS).as_deref(), Ok(PRAXIS));
    }

    #[test]
    fn the_allow_list_of_ews_has_no_effect_while_the_switch_is_unset() {
        let mut tenant = Tenant::contoso();
        (tenant.exchange.ews_enabled, tenant.exchange.ews_allowed_app_ids) = (None, Vec::new());
        assert_eq!(answer(&tenant, Protocol::Ews, &Ok(claims(&tenant, Protocol::Ews)), PRAXIS).as_deref(), Ok(PRAXIS));
    }
}
