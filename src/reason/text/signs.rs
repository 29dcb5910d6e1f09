//! The sign by which a reason is told from others that explain the same replies: a command, and what its output then shows.

use super::{Piece, Step};
use crate::lang::Lang;
use crate::reason::{CredentialForm, Reason};

impl Reason {
    /// Returns the sign of this reason where the application signs in with this `credential`: a sentence, and a command to paste
    /// where one decides. `None` for a reason that is recognized by its reply alone.
    pub fn sign(self, credential: Option<CredentialForm>, lang: Lang) -> Option<&'static Step> {
        let with = |credential| SIGNS.iter().find(|sign| sign.reason == self && sign.credential == credential);
        let row = credential.and_then(|credential| with(Some(credential))).or_else(|| with(None))?;
        Some(match lang {
            Lang::En => &row.en,
            Lang::De => &row.de,
        })
    }
}

/// The sign of a reason in both languages.
struct Sign {
    /// The form of the credential that it is for, in place of the one for all others.
    credential: Option<CredentialForm>,
    reason: Reason,
    en: Step,
    de: Step,
}

/// `Reason "English sentence" "German sentence" > "command"`; without a command the sentences end with a full stop. A sign for
/// one form of credential alone begins with `[Form]`.
macro_rules! signs {
    ($( $( [$credential:ident] )? $reason:ident $en:literal $de:literal $( > $command:literal )? ; )*) => {
        const SIGNS: &[Sign] = &[ $( Sign {
            credential: first(&[ $( CredentialForm::$credential )? ]),
            reason: Reason::$reason,
            en: Step(&[ Piece::Prose($en), $( Piece::Command($command), Piece::Prose("."), )? ]),
            de: Step(&[ Piece::Prose($de), $( Piece::Command($command), Piece::Prose("."), )? ]),
        }, )* ];
    };
}

const fn first(written: &[CredentialForm]) -> Option<CredentialForm> {
    if written.is_empty() { None } else { Some(written[0]) }
}

signs! {
    ExchangeServicePrincipalMissing
        "Exchange does not know the application if AppId {client_id} is not listed with ObjectId {object_id}: "
        "Exchange kennt die Anwendung nicht, wenn AppId {client_id} hier nicht mit ObjectId {object_id} steht: "
        > "Get-ServicePrincipal | Format-List AppId,ObjectId,DisplayName";
    MailboxPermissionMissing
        "The permission is missing if {object_id} is not listed with FullAccess: "
        "Die Berechtigung fehlt, wenn {object_id} hier nicht mit FullAccess steht: "
        > "Get-MailboxPermission -Identity \"{mailbox}\"";
    ProtocolDisabled
        "The protocol is switched off if its switch is False, or SmtpClientAuthenticationDisabled is True: "
        "Das Protokoll ist abgeschaltet, wenn sein Schalter auf False steht oder SmtpClientAuthenticationDisabled auf True: "
        > "Get-CASMailbox -Identity \"{mailbox}\" | Format-List PopEnabled,ImapEnabled,SmtpClientAuthenticationDisabled";
    SmtpAuthDisabledMailbox
        "Authenticated SMTP is switched off for the mailbox if this is True: "
        "Authentifiziertes SMTP ist für das Postfach abgeschaltet, wenn hier True steht: "
        > "Get-CASMailbox -Identity \"{mailbox}\" | Format-List SmtpClientAuthenticationDisabled";
    MailboxNotFound
        "There is no such mailbox if this finds none: "
        "Das Postfach gibt es nicht, wenn dies keines findet: "
        > "Get-EXOMailbox -Identity \"{mailbox}\"";
    LicenseInvalid
        "The licence is missing if none with Exchange Online is assigned: Microsoft 365 admin center > Users > Active users > {mailbox} > Licenses and apps."
        "Die Lizenz fehlt, wenn keine mit Exchange Online zugewiesen ist: Microsoft 365 Admin Center > Benutzer > Aktive Benutzer > {mailbox} > Lizenzen und Apps.";
    MailboxUnavailable
        "The mailbox is being moved if this shows a request that is not completed: "
        "Das Postfach wird verschoben, wenn dies einen Auftrag zeigt, der nicht abgeschlossen ist: "
        > "Get-MoveRequest -Identity \"{mailbox}\"";
    MailboxElsewhere
        "The mailbox is on another server if this shows a MailUser: "
        "Das Postfach liegt auf einem anderen Server, wenn dies einen MailUser zeigt: "
        > "Get-Recipient -Identity \"{mailbox}\"";
    AccountDisabled
        "The account is disabled or locked if its page says so: Microsoft Entra admin center > Users > {mailbox}."
        "Das Konto ist deaktiviert oder gesperrt, wenn seine Seite das zeigt: Microsoft Entra Admin Center > Benutzer > {mailbox}.";
    AuthPolicyBlocked
        "A policy blocks the login if the log names one: Microsoft Entra admin center > Enterprise applications > application {client_id} > Sign-in logs > Service principal sign-ins."
        "Eine Richtlinie verhindert die Anmeldung, wenn das Protokoll eine nennt: Microsoft Entra Admin Center > Unternehmensanwendungen > Anwendung {client_id} > Anmeldeprotokolle > Dienstprinzipalanmeldungen.";
    TokenRoleMissing
        "The permission is missing if {permissions} does not stand there as an application permission with status Granted: Microsoft Entra admin center > App registrations > application {client_id} > API permissions."
        "Die Berechtigung fehlt, wenn {permissions} dort nicht als Anwendungsberechtigung mit dem Status Gewährt steht: Microsoft Entra Admin Center > App-Registrierungen > Anwendung {client_id} > API-Berechtigungen.";
    [ManagedIdentity] AuthPolicyBlocked
        "A policy blocks the login if the log names one: Microsoft Entra admin center > Monitoring & health > Sign-in logs > Managed identity sign-ins, for {client_id}."
        "Eine Richtlinie verhindert die Anmeldung, wenn das Protokoll eine nennt: Microsoft Entra Admin Center > Überwachung und Integrität > Anmeldeprotokolle > Anmeldungen mit verwalteter Identität, für {client_id}.";
    [ManagedIdentity] TokenRoleMissing
        "The permission is missing if {permissions} is not listed there: Microsoft Entra admin center > Enterprise applications > filter Application type: Managed Identities > {client_id} > Permissions."
        "Die Berechtigung fehlt, wenn {permissions} dort nicht steht: Microsoft Entra Admin Center > Unternehmensanwendungen > Filter Anwendungstyp: Verwaltete Identitäten > {client_id} > Berechtigungen.";
    TokenWrongTenant
        "The tenant is the wrong one if its page shows other domains than the mailbox's: Microsoft Entra admin center > Overview of tenant {tenant_id}."
        "Der Mandant ist der falsche, wenn seine Seite andere Domänen als die des Postfachs zeigt: Microsoft Entra Admin Center > Übersicht des Mandanten {tenant_id}.";
    ResourceNotFound
        "The tenant has no Exchange Online if no product with it is listed: Microsoft 365 admin center > Billing > Your products."
        "Der Mandant hat kein Exchange Online, wenn dort kein Produkt mit ihm steht: Microsoft 365 Admin Center > Abrechnung > Ihre Produkte.";
    EwsDisabled
        "EWS is switched off for the mailbox if this is False: "
        "EWS ist für das Postfach abgeschaltet, wenn hier False steht: "
        > "Get-CASMailbox -Identity \"{mailbox}\" | Format-List EwsEnabled";
    EwsBlockedByPolicy
        "EWS is off for the tenant or for this application if EwsEnabled is False, or EwsAllowedAppIDs is set and lacks {client_id}: "
        "EWS ist für den Mandanten oder für diese Anwendung gesperrt, wenn EwsEnabled auf False steht oder EwsAllowedAppIDs gesetzt ist und {client_id} darin fehlt: "
        > "Get-OrganizationConfig -RetrieveEwsOperationAccessPolicy | Format-List EwsEnabled,EwsAllowedAppIDs";
    EwsNotLicensed
        "The licence has no EWS if it is Kiosk, F1 or F3: Microsoft 365 admin center > Users > Active users > {mailbox} > Licenses and apps."
        "Die Lizenz enthält kein EWS, wenn es Kiosk, F1 oder F3 ist: Microsoft 365 Admin Center > Benutzer > Aktive Benutzer > {mailbox} > Lizenzen und Apps.";
    ImpersonationDenied
        "The mailbox is out of scope if InScope is not True, or the access is Denied: "
        "Das Postfach liegt außerhalb des Bereichs, wenn InScope nicht True ist oder der Zugriff Denied: "
        > "Test-ServicePrincipalAuthorization -Identity \"{client_id}\" -Resource \"{mailbox}\" | Format-Table";
    UserAgentBlocked
        "A policy blocks this program by its User-Agent if EwsApplicationAccessPolicy is set: "
        "Eine Richtlinie sperrt dieses Programm anhand seines User-Agents, wenn EwsApplicationAccessPolicy gesetzt ist: "
        > "Get-OrganizationConfig -RetrieveEwsOperationAccessPolicy | Format-List EwsApplicationAccessPolicy,EwsAllowList,EwsBlockList";
    ServerUnavailable
        "The service is out of order if Microsoft reports it: Microsoft 365 admin center > Health > Service health."
        "Der Dienst ist gestört, wenn Microsoft es meldet: Microsoft 365 Admin Center > Integrität > Dienststatus.";
    PropagationPending
        "A change has not taken effect yet if the rest is as it should be and something was changed less than two hours ago."
        "Eine Änderung ist noch nicht angekommen, wenn alles Übrige stimmt und vor weniger als zwei Stunden etwas geändert wurde.";
}
