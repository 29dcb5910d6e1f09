//! The steps that depend on the credential: those of a reason's text are for every application, and where these stand for the one at
//! hand, they take their place. A managed identity has no secret, no app registration and no page of permissions; whoever signs in with
//! a certificate has no use for what is to be done with a secret.

use super::{Piece, Step, Text};
use crate::lang::Lang;
use crate::reason::{CredentialForm, Reason};

/// Returns what is to be done in place of the steps of `text`, a reason's text in `lang`, where the application signs in with this;
/// `None` where the same helps.
pub fn steps_with(credential: CredentialForm, text: &Text, lang: Lang) -> Option<&'static [Step]> {
    let row = row(credential, text, lang)?;
    Some(match lang {
        Lang::En => row.en,
        Lang::De => row.de,
    })
}

/// Returns what the reason means, in place of the meaning in `text`, where the application signs in with this; `None` where that is
/// right.
pub fn meaning_with(credential: CredentialForm, text: &Text, lang: Lang) -> Option<&'static str> {
    let (en, de) = row(credential, text, lang)?.meaning?;
    Some(match lang {
        Lang::En => en,
        Lang::De => de,
    })
}

fn row(credential: CredentialForm, text: &Text, lang: Lang) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.credentials.contains(&credential) && row.reason.text(lang) == text)
}

impl Reason {
    /// Returns the first thing to do, in one line, where the application signs in with this.
    pub fn remedy_with(self, credential: Option<CredentialForm>) -> &'static str {
        let row = ROWS.iter().find(|row| row.reason == self && credential.is_some_and(|one| row.credentials.contains(&one)));
        row.map_or_else(|| self.remedy(), |row| row.remedy)
    }
}

/// The steps of a reason in both languages.
struct Row {
    /// The credentials with which they help.
    credentials: &'static [CredentialForm],
    reason: Reason,
    /// The first thing to do, in one line.
    remedy: &'static str,
    /// The meaning in both languages, where that depends on the credential, too.
    meaning: Option<(&'static str, &'static str)>,
    en: &'static [Step],
    de: &'static [Step],
}

const fn first(written: &[(&'static str, &'static str)]) -> Option<(&'static str, &'static str)> {
    if written.is_empty() { None } else { Some(written[0]) }
}

#[cfg(test)]
pub(super) fn rows() -> impl Iterator<Item = (&'static [CredentialForm], Reason, &'static [Step], &'static [Step])> {
    ROWS.iter().map(|row| (row.credentials, row.reason, row.en, row.de))
}

/// `[CREDENTIAL…] Reason "REMEDY" en means MEANING - STEP… de means MEANING - STEP…;` with steps as in the texts of reasons, and with both meanings
/// or none.
macro_rules! steps {
    ($( [$( $credential:ident )+] $reason:ident $remedy:literal
        en $( means $meaning:literal )? $( - $prose:literal $( > $command:literal $then:literal )* )+
        de $( means $bedeutung:literal )? $( - $prosa:literal $( > $befehl:literal $dann:literal )* )+ ;
    )*) => {
        const ROWS: &[Row] = &[ $( Row {
            credentials: &[ $( CredentialForm::$credential ),+ ],
            reason: Reason::$reason,
            remedy: $remedy,
            meaning: first(&[ $( ($meaning, $bedeutung) )? ]),
            en: &[ $( Step(&[ Piece::Prose($prose), $( Piece::Command($command), Piece::Prose($then), )* ]), )+ ],
            de: &[ $( Step(&[ Piece::Prose($prosa), $( Piece::Command($befehl), Piece::Prose($dann), )* ]), )+ ],
        }, )* ];
    };
}

steps! {
    [ManagedIdentity] TokenRoleMissing "grant the application permission with Graph PowerShell: New-MgServicePrincipalAppRoleAssignment; a managed identity has no page of API permissions"
        en means "A token was issued, but it lacks an application permission that is needed here: {permissions}. It was not granted to the managed identity. With RBAC for Applications, which exists for SMTP, EWS and Graph, it is absent on purpose."
        - "The application is a managed identity, which has no page of API permissions: an administrator of the tenant grants it {permissions} with Graph PowerShell. Connect: " > "Connect-MgGraph -Scopes \"AppRoleAssignment.ReadWrite.All\",\"Application.Read.All\"" "."
        - "Grant it: " > "$api = Get-MgServicePrincipal -Filter \"appId eq '{api_id}'\"; New-MgServicePrincipalAppRoleAssignment -ServicePrincipalId \"{object_id}\" -PrincipalId \"{object_id}\" -ResourceId $api.Id -AppRoleId ($api.AppRoles | Where-Object Value -eq \"{permission}\").Id" ". The object id is that of its enterprise application (Enterprise applications > filter Application type: Managed Identities)."
        - "On App Service, Functions and Container Apps wait: their back end keeps a token for about 8 hours, and nothing makes it ask for a new one earlier. Until then tokens lack the new permission."
        de means "Ein Token wurde ausgestellt, aber ihm fehlt eine hier benötigte Anwendungsberechtigung: {permissions}. Sie wurde der verwalteten Identität nicht erteilt. Mit RBAC für Anwendungen, das es für SMTP, EWS und Graph gibt, fehlt sie mit Absicht."
        - "Die Anwendung ist eine verwaltete Identität und hat keine Seite für API-Berechtigungen: Ein Administrator des Mandanten erteilt ihr {permissions} mit Graph PowerShell. Verbinden Sie sich: " > "Connect-MgGraph -Scopes \"AppRoleAssignment.ReadWrite.All\",\"Application.Read.All\"" "."
        - "Erteilen Sie sie: " > "$api = Get-MgServicePrincipal -Filter \"appId eq '{api_id}'\"; New-MgServicePrincipalAppRoleAssignment -ServicePrincipalId \"{object_id}\" -PrincipalId \"{object_id}\" -ResourceId $api.Id -AppRoleId ($api.AppRoles | Where-Object Value -eq \"{permission}\").Id" ". Gemeint ist die Objekt-ID ihrer Unternehmensanwendung (Unternehmensanwendungen > Filter Anwendungstyp: Verwaltete Identitäten)."
        - "Bei App Service, Functions und Container Apps warten Sie: Ihr Back-End behält ein Token etwa 8 Stunden, und nichts bringt es dazu, früher ein neues anzufordern. Bis dahin fehlt den Token die neue Berechtigung.";

    [ManagedIdentity] ApplicationNotAssigned "assign the managed identity to a role of the service with Graph PowerShell: New-MgServicePrincipalAppRoleAssignment"
        en
        - "Check `scope`: for mail leave it out, or set it to https://outlook.office365.com/.default."
        - "The application is a managed identity, which has no page of API permissions: assign it to a role of the service with Graph PowerShell. Connect: " > "Connect-MgGraph -Scopes \"AppRoleAssignment.ReadWrite.All\",\"Application.Read.All\"" "."
        - "Assign it: " > "$api = Get-MgServicePrincipal -Filter \"appId eq '{api_id}'\"; New-MgServicePrincipalAppRoleAssignment -ServicePrincipalId \"{object_id}\" -PrincipalId \"{object_id}\" -ResourceId $api.Id -AppRoleId ($api.AppRoles | Where-Object Value -eq \"{permission}\").Id" "."
        de
        - "Prüfen Sie `scope`: Für Mail lassen Sie ihn weg oder setzen ihn auf https://outlook.office365.com/.default."
        - "Die Anwendung ist eine verwaltete Identität und hat keine Seite für API-Berechtigungen: Weisen Sie sie mit Graph PowerShell einer Rolle des Dienstes zu. Verbinden Sie sich: " > "Connect-MgGraph -Scopes \"AppRoleAssignment.ReadWrite.All\",\"Application.Read.All\"" "."
        - "Weisen Sie sie zu: " > "$api = Get-MgServicePrincipal -Filter \"appId eq '{api_id}'\"; New-MgServicePrincipalAppRoleAssignment -ServicePrincipalId \"{object_id}\" -PrincipalId \"{object_id}\" -ResourceId $api.Id -AppRoleId ($api.AppRoles | Where-Object Value -eq \"{permission}\").Id" ".";

    [ManagedIdentity] ApplicationNotFound "look for the managed identity under Enterprise applications; if it is gone, assign it to the machine anew"
        en means "No application with the client id of this managed identity is known in the tenant (AADSTS700016)."
        - "The application is a managed identity, and the tenant does not know it: it was deleted, or the subscription of its machine has moved to another tenant. Look for it: Microsoft Entra admin center > Enterprise applications > filter Application type: Managed Identities > {client_id}."
        - "Remove the identity from the machine and assign it anew; it then has another client id and object id, which Exchange has to know."
        de means "Im Mandanten ist keine Anwendung mit der Client-ID dieser verwalteten Identität bekannt (AADSTS700016)."
        - "Die Anwendung ist eine verwaltete Identität, und der Mandant kennt sie nicht: Sie wurde gelöscht, oder das Abonnement ihres Rechners ist in einen anderen Mandanten umgezogen. Suchen Sie sie: Microsoft Entra Admin Center > Unternehmensanwendungen > Filter Anwendungstyp: Verwaltete Identitäten > {client_id}."
        - "Entfernen Sie die Identität vom Rechner und weisen Sie sie neu zu; sie hat dann eine andere Client-ID und Objekt-ID, die Exchange kennen muss.";

    [ManagedIdentity] ServicePrincipalMissing "remove the managed identity from the machine and assign it anew, then register it in Exchange"
        en means "The managed identity has no enterprise application (service principal) in the tenant any more: it was deleted (AADSTS7000229)."
        - "The application is a managed identity, and its enterprise application was deleted: it cannot be restored by consent. Remove the identity from the machine and assign it anew."
        - "The new identity has another client id and object id. Set `client_id`, and register it in Exchange: " > "New-ServicePrincipal -AppId \"{client_id}\" -ObjectId \"{object_id}\" -DisplayName \"m365-probe\"" ". Then grant it each mailbox and each permission again."
        de means "Die verwaltete Identität hat im Mandanten keine Unternehmensanwendung (Dienstprinzipal) mehr: Sie wurde gelöscht (AADSTS7000229)."
        - "Die Anwendung ist eine verwaltete Identität, und ihre Unternehmensanwendung wurde gelöscht: Eine Zustimmung stellt sie nicht wieder her. Entfernen Sie die Identität vom Rechner und weisen Sie sie neu zu."
        - "Die neue Identität hat eine andere Client-ID und Objekt-ID. Setzen Sie `client_id`, und registrieren Sie sie in Exchange: " > "New-ServicePrincipal -AppId \"{client_id}\" -ObjectId \"{object_id}\" -DisplayName \"m365-probe\"" ". Erteilen Sie ihr danach jedes Postfach und jede Berechtigung neu.";

    [ManagedIdentity] AccessDenied "check the permissions that were granted with Graph PowerShell, and the access policies for this mailbox"
        en means "The token was issued, and access is denied without a reason that this catalogue knows: the managed identity lacks the permission, or an access policy excludes the mailbox."
        - "The application is a managed identity, whose permissions an administrator of the tenant grants with Graph PowerShell. Connect, and see what it has: " > "Connect-MgGraph -Scopes \"AppRoleAssignment.ReadWrite.All\",\"Application.Read.All\"" " and " > "Get-MgServicePrincipalAppRoleAssignment -ServicePrincipalId \"{object_id}\" | Format-List ResourceDisplayName,AppRoleId" "."
        - "Grant it what is missing: " > "$api = Get-MgServicePrincipal -Filter \"appId eq '{api_id}'\"; New-MgServicePrincipalAppRoleAssignment -ServicePrincipalId \"{object_id}\" -PrincipalId \"{object_id}\" -ResourceId $api.Id -AppRoleId ($api.AppRoles | Where-Object Value -eq \"{permission}\").Id" "."
        - "Check the access policies for this mailbox: " > "Test-ApplicationAccessPolicy -Identity \"{mailbox}\" -AppId \"{client_id}\"" " and " > "Test-ServicePrincipalAuthorization -Identity \"{client_id}\" -Resource \"{mailbox}\" | Format-Table" "."
        de means "Das Token wurde ausgestellt, und der Zugriff wird ohne einen Grund verweigert, den dieser Katalog kennt: Der verwalteten Identität fehlt die Berechtigung, oder eine Zugriffsrichtlinie schließt das Postfach aus."
        - "Die Anwendung ist eine verwaltete Identität; ihre Berechtigungen erteilt ein Administrator des Mandanten mit Graph PowerShell. Verbinden Sie sich, und sehen Sie nach, was sie hat: " > "Connect-MgGraph -Scopes \"AppRoleAssignment.ReadWrite.All\",\"Application.Read.All\"" " und " > "Get-MgServicePrincipalAppRoleAssignment -ServicePrincipalId \"{object_id}\" | Format-List ResourceDisplayName,AppRoleId" "."
        - "Erteilen Sie ihr, was fehlt: " > "$api = Get-MgServicePrincipal -Filter \"appId eq '{api_id}'\"; New-MgServicePrincipalAppRoleAssignment -ServicePrincipalId \"{object_id}\" -PrincipalId \"{object_id}\" -ResourceId $api.Id -AppRoleId ($api.AppRoles | Where-Object Value -eq \"{permission}\").Id" "."
        - "Prüfen Sie die Zugriffsrichtlinien für dieses Postfach: " > "Test-ApplicationAccessPolicy -Identity \"{mailbox}\" -AppId \"{client_id}\"" " und " > "Test-ServicePrincipalAuthorization -Identity \"{client_id}\" -Resource \"{mailbox}\" | Format-Table" ".";

    [ManagedIdentity] AccessRefusedEverywhere "if something was changed, wait two hours; otherwise check the policies and the permissions that were granted with Graph PowerShell"
        en
        - "If something was changed in the last two hours, wait: Exchange caches permissions for that long."
        - "Otherwise check the permissions that were granted to the managed identity (" > "Get-MgServicePrincipalAppRoleAssignment -ServicePrincipalId \"{object_id}\" | Format-List ResourceDisplayName,AppRoleId" "), its registration (" > "Get-ServicePrincipal | Format-List AppId,ObjectId,DisplayName" ") and its scope (" > "Test-ServicePrincipalAuthorization -Identity \"{client_id}\" -Resource \"{mailbox}\"" ")."
        de
        - "Wurde in den letzten zwei Stunden etwas geändert, warten Sie: So lange hält Exchange Berechtigungen im Zwischenspeicher."
        - "Andernfalls prüfen Sie die Berechtigungen, die der verwalteten Identität erteilt sind (" > "Get-MgServicePrincipalAppRoleAssignment -ServicePrincipalId \"{object_id}\" | Format-List ResourceDisplayName,AppRoleId" "), ihre Registrierung (" > "Get-ServicePrincipal | Format-List AppId,ObjectId,DisplayName" ") und ihren Bereich (" > "Test-ServicePrincipalAuthorization -Identity \"{client_id}\" -Resource \"{mailbox}\"" ").";

    [ManagedIdentity] AuthRefused "check Get-ServicePrincipal, Get-MailboxPermission and Get-CASMailbox"
        en
        - "Connect with `Connect-ExchangeOnline` and check the registration: " > "Get-ServicePrincipal | Format-List AppId,ObjectId,DisplayName" ". AppId {client_id} must be listed with ObjectId {object_id}."
        - "If it does not, register it: " > "New-ServicePrincipal -AppId \"{client_id}\" -ObjectId \"{object_id}\" -DisplayName \"m365-probe\"" ". Both ids are those of the managed identity: Enterprise applications > filter Application type: Managed Identities > the identity > Overview. An entry with another id has to be replaced."
        - "Grant it access to the mailbox: " > "Add-MailboxPermission -Identity \"{mailbox}\" -User \"{object_id}\" -AccessRights FullAccess" ". The user is the service principal's id as Get-ServicePrincipal shows it. Full access shows items marked as private, too."
        - "See the protocol's switch: " > "Get-CASMailbox -Identity \"{mailbox}\" | Format-List PopEnabled,ImapEnabled,SmtpClientAuthenticationDisabled" ". If it is off: " > "Set-CASMailbox -Identity \"{mailbox}\" {switches}" "."
        de
        - "Verbinden Sie sich mit `Connect-ExchangeOnline`, und prüfen Sie die Registrierung: " > "Get-ServicePrincipal | Format-List AppId,ObjectId,DisplayName" ". Dort muss AppId {client_id} mit ObjectId {object_id} stehen."
        - "Fehlt der Eintrag, registrieren Sie die Anwendung: " > "New-ServicePrincipal -AppId \"{client_id}\" -ObjectId \"{object_id}\" -DisplayName \"m365-probe\"" ". Beide IDs sind die der verwalteten Identität: Unternehmensanwendungen > Filter Anwendungstyp: Verwaltete Identitäten > die Identität > Übersicht. Ein Eintrag mit einer anderen muss ersetzt werden."
        - "Erteilen Sie ihr Vollzugriff auf das Postfach: " > "Add-MailboxPermission -Identity \"{mailbox}\" -User \"{object_id}\" -AccessRights FullAccess" ". Der Benutzer ist die ID des Dienstprinzipals, wie Get-ServicePrincipal sie zeigt. Vollzugriff zeigt auch Elemente, die als privat gekennzeichnet sind."
        - "Prüfen Sie den Schalter des Protokolls: " > "Get-CASMailbox -Identity \"{mailbox}\" | Format-List PopEnabled,ImapEnabled,SmtpClientAuthenticationDisabled" ". Ist es abgeschaltet: " > "Set-CASMailbox -Identity \"{mailbox}\" {switches}" ".";

    [ManagedIdentity] ExchangeServicePrincipalMissing "New-ServicePrincipal -AppId <client id> -ObjectId <object id of the managed identity>"
        en means "The token is issued, but the mail protocols that are checked refuse the application for every mailbox. Unlike EWS and Graph, POP3, IMAP and SMTP need the application's registration in Exchange, also of a managed identity. It is missing, or it was made with other ids than those of the identity. Where EWS or Graph open the same mailbox, that speaks for it."
        - "Connect with `Connect-ExchangeOnline` and list the registrations: " > "Get-ServicePrincipal | Format-List AppId,ObjectId,DisplayName" ". AppId {client_id} must be listed with ObjectId {object_id}."
        - "If the application is listed with another ObjectId, remove that entry first: " > "Remove-ServicePrincipal -Identity \"{client_id}\"" "."
        - "Register it: " > "New-ServicePrincipal -AppId \"{client_id}\" -ObjectId \"{object_id}\" -DisplayName \"m365-probe\"" ". Both ids are those of the managed identity: Enterprise applications > filter Application type: Managed Identities > the identity > Overview."
        - "Grant it access to each mailbox: " > "Add-MailboxPermission -Identity \"{mailbox}\" -User \"{object_id}\" -AccessRights FullAccess" ". Full access shows items marked as private, too."
        de means "Das Token wird ausgestellt, aber die geprüften Mailprotokolle weisen die Anwendung bei jedem Postfach ab. Anders als EWS und Graph brauchen POP3, IMAP und SMTP die Registrierung der Anwendung in Exchange, auch die einer verwalteten Identität. Sie fehlt, oder sie wurde mit anderen IDs als denen der Identität angelegt. Öffnen EWS oder Graph dasselbe Postfach, spricht das dafür."
        - "Verbinden Sie sich mit `Connect-ExchangeOnline`, und sehen Sie nach: " > "Get-ServicePrincipal | Format-List AppId,ObjectId,DisplayName" ". Dort muss AppId {client_id} mit ObjectId {object_id} stehen."
        - "Steht die Anwendung dort mit einer anderen ObjectId, entfernen Sie zuerst diesen Eintrag: " > "Remove-ServicePrincipal -Identity \"{client_id}\"" "."
        - "Registrieren Sie die Anwendung: " > "New-ServicePrincipal -AppId \"{client_id}\" -ObjectId \"{object_id}\" -DisplayName \"m365-probe\"" ". Beide IDs sind die der verwalteten Identität: Unternehmensanwendungen > Filter Anwendungstyp: Verwaltete Identitäten > die Identität > Übersicht."
        - "Erteilen Sie ihr Vollzugriff auf jedes Postfach: " > "Add-MailboxPermission -Identity \"{mailbox}\" -User \"{object_id}\" -AccessRights FullAccess" ". Vollzugriff zeigt auch Elemente, die als privat gekennzeichnet sind.";

    [ManagedIdentity] AuthPolicyBlocked "see Sign-in logs > Managed identity sign-ins, and check the security defaults"
        en
        - "Microsoft Entra admin center > Monitoring & health > Sign-in logs > Managed identity sign-ins: look for {client_id}, and see which policy applied."
        - "Check the security defaults (Overview > Properties) and the policies that name this identity. Conditional Access for workload identities does not cover managed identities."
        de
        - "Microsoft Entra Admin Center > Überwachung und Integrität > Anmeldeprotokolle > Anmeldungen mit verwalteter Identität: Suchen Sie {client_id}, und sehen Sie nach, welche Richtlinie angewendet wurde."
        - "Prüfen Sie die Sicherheitsstandards (Übersicht > Eigenschaften) und die Richtlinien, die diese Identität nennen. Der bedingte Zugriff für Workloadidentitäten gilt für verwaltete Identitäten nicht.";

    [ManagedIdentity] ConditionalAccessBlocked "see which policy blocked it: Sign-in logs > Managed identity sign-ins"
        en
        - "Microsoft Entra admin center > Monitoring & health > Sign-in logs > Managed identity sign-ins: look for {client_id}, and see which policy blocked it."
        - "Conditional Access for workload identities does not cover managed identities: if the log names such a policy, or if EWS and Graph refuse the token alone, open a support case with Microsoft and give the request id of the evidence."
        - "If it is the security defaults: Overview > Properties > Manage security defaults."
        de
        - "Microsoft Entra Admin Center > Überwachung und Integrität > Anmeldeprotokolle > Anmeldungen mit verwalteter Identität: Suchen Sie {client_id}, und sehen Sie nach, welche Richtlinie sie verhindert hat."
        - "Der bedingte Zugriff für Workloadidentitäten gilt für verwaltete Identitäten nicht: Nennt das Protokoll eine solche Richtlinie, oder lehnen nur EWS und Graph das Token ab, eröffnen Sie eine Supportanfrage bei Microsoft und geben die Request-ID aus dem Beleg an."
        - "Sind es die Sicherheitsstandards: Übersicht > Eigenschaften > Sicherheitsstandards verwalten.";

    [ManagedIdentity] EwsRetired "grant the managed identity a permission of Microsoft Graph, and use the check `graph`: EWS cannot be switched on again"
        en
        - "Move to Microsoft Graph. The application is a managed identity, whose permissions are granted with Graph PowerShell: " > "Connect-MgGraph -Scopes \"AppRoleAssignment.ReadWrite.All\",\"Application.Read.All\"" " and " > "$api = Get-MgServicePrincipal -Filter \"appId eq '00000003-0000-0000-c000-000000000000'\"; New-MgServicePrincipalAppRoleAssignment -ServicePrincipalId \"{object_id}\" -PrincipalId \"{object_id}\" -ResourceId $api.Id -AppRoleId ($api.AppRoles | Where-Object Value -eq \"Mail.ReadBasic.All\").Id" "; for a calendar it is Calendars.Read."
        - "Replace the check `ews` by `graph` in the configuration."
        de
        - "Stellen Sie auf Microsoft Graph um. Die Anwendung ist eine verwaltete Identität; ihre Berechtigungen werden mit Graph PowerShell erteilt: " > "Connect-MgGraph -Scopes \"AppRoleAssignment.ReadWrite.All\",\"Application.Read.All\"" " und " > "$api = Get-MgServicePrincipal -Filter \"appId eq '00000003-0000-0000-c000-000000000000'\"; New-MgServicePrincipalAppRoleAssignment -ServicePrincipalId \"{object_id}\" -PrincipalId \"{object_id}\" -ResourceId $api.Id -AppRoleId ($api.AppRoles | Where-Object Value -eq \"Mail.ReadBasic.All\").Id" "; für einen Kalender ist es Calendars.Read."
        - "Ersetzen Sie in der Konfiguration die Prüfung `ews` durch `graph`.";

    [ManagedIdentity] EwsRetiring "grant the managed identity a permission of Microsoft Graph before that day; the check `graph` shows whether it may"
        en
        - "See which applications use EWS: Microsoft 365 admin center > Reports > Usage > EWS usage."
        - "Move to Microsoft Graph, and use the check `graph` to see whether the managed identity may. It needs Mail.ReadBasic.All, or Calendars.Read for a calendar: " > "Connect-MgGraph -Scopes \"AppRoleAssignment.ReadWrite.All\",\"Application.Read.All\"" " and " > "$api = Get-MgServicePrincipal -Filter \"appId eq '00000003-0000-0000-c000-000000000000'\"; New-MgServicePrincipalAppRoleAssignment -ServicePrincipalId \"{object_id}\" -PrincipalId \"{object_id}\" -ResourceId $api.Id -AppRoleId ($api.AppRoles | Where-Object Value -eq \"Mail.ReadBasic.All\").Id" "."
        - "Until then keep the application on the list. Read the list first: " > "Get-OrganizationConfig -RetrieveEwsOperationAccessPolicy | Format-List EwsEnabled,EwsAllowedAppIDs" ". The cmdlet REPLACES the whole list: " > "Set-OrganizationConfig -EwsEnabled $true -EwsAllowedAppIDs \"<EVERY_ID_SHOWN>,{client_id}\"" "."
        de
        - "Stellen Sie fest, welche Anwendungen EWS verwenden: Microsoft 365 Admin Center > Berichte > Nutzung > EWS-Nutzung."
        - "Stellen Sie auf Microsoft Graph um, und prüfen Sie mit `graph`, ob die verwaltete Identität es darf. Sie braucht Mail.ReadBasic.All, für einen Kalender Calendars.Read: " > "Connect-MgGraph -Scopes \"AppRoleAssignment.ReadWrite.All\",\"Application.Read.All\"" " und " > "$api = Get-MgServicePrincipal -Filter \"appId eq '00000003-0000-0000-c000-000000000000'\"; New-MgServicePrincipalAppRoleAssignment -ServicePrincipalId \"{object_id}\" -PrincipalId \"{object_id}\" -ResourceId $api.Id -AppRoleId ($api.AppRoles | Where-Object Value -eq \"Mail.ReadBasic.All\").Id" "."
        - "Halten Sie die Anwendung bis dahin auf der Liste. Lesen Sie die Liste zuerst: " > "Get-OrganizationConfig -RetrieveEwsOperationAccessPolicy | Format-List EwsEnabled,EwsAllowedAppIDs" ". Der Befehl ERSETZT die ganze Liste: " > "Set-OrganizationConfig -EwsEnabled $true -EwsAllowedAppIDs \"<ALLE_ANGEZEIGTEN_IDS>,{client_id}\"" ".";

    [ClientSecret] CredentialExpiring "create a new client secret beside it (Entra > App registrations > Certificates & secrets) and configure it here; where the tenant forbids secrets, a certificate"
        en means "The client secret still works, but its last day is near, as `expires` declares it or Microsoft Graph shows it. After that day Entra answers AADSTS7000222, and every program that uses this secret stops working."
        - "Microsoft Entra admin center > App registrations > application {client_id} > Certificates & secrets > Client secrets > New client secret: copy the column Value, which is shown only once. The old secret stays valid until its own last day, so nothing is interrupted meanwhile. Where the tenant forbids new secrets, use a certificate (`certificate_file`) instead."
        - "Put the new Value where the configuration reads it. The file of `client_secret_file` is read anew for every token request, without a restart; with a variable, or with a credential of systemd's, restart m365-probe."
        - "Configure it in every other program that uses this application, and only then delete the old one."
        - "Set `expires` to the new last day and reload the configuration; with `read_expiry: true` that day is read from Microsoft Graph."
        de means "Der geheime Clientschlüssel funktioniert noch, doch sein letzter Gültigkeitstag ist nahe, wie ihn `expires` angibt oder Microsoft Graph zeigt. Danach antwortet Entra mit AADSTS7000222, und kein Programm, das diesen Schlüssel verwendet, funktioniert mehr."
        - "Microsoft Entra Admin Center > App-Registrierungen > Anwendung {client_id} > Zertifikate & Geheimnisse > Geheime Clientschlüssel > Neuer geheimer Clientschlüssel: Kopieren Sie die Spalte Wert, die nur einmal angezeigt wird. Der alte Schlüssel bleibt bis zu seinem letzten Gültigkeitstag gültig; bis dahin wird nichts unterbrochen. Verbietet der Mandant neue Schlüssel, verwenden Sie stattdessen ein Zertifikat (`certificate_file`)."
        - "Hinterlegen Sie den neuen Wert dort, wo die Konfiguration ihn liest. Die Datei von `client_secret_file` wird für jede Tokenanforderung neu gelesen, ohne Neustart; bei einer Variablen oder einem Credential von systemd starten Sie m365-probe neu."
        - "Tragen Sie ihn in jedem anderen Programm ein, das diese Anwendung verwendet, und löschen Sie erst dann den alten."
        - "Setzen Sie `expires` auf den neuen letzten Gültigkeitstag, und laden Sie die Konfiguration neu; mit `read_expiry: true` wird dieser Tag aus Microsoft Graph gelesen.";

    [Certificate] CredentialExpiring "upload the new certificate beside it (Entra > App registrations > Certificates & secrets > Certificates), then replace the files here"
        en means "The certificate still works, but its last day is near, as it says itself. After that day nothing is signed with it any more: Entra would answer AADSTS1000502. Every program that uses this certificate stops working."
        - "Make a new certificate, or have it renewed, and upload it without its key: Microsoft Entra admin center > App registrations > application {client_id} > Certificates & secrets > Certificates > Upload certificate. The old one stays valid until its own last day, so nothing is interrupted meanwhile."
        - "Then replace the files of certificate and private key here. They are read anew for every token request, without a restart; while one of two is new and the other is not, the last pair that belonged together is used. With a credential of systemd's, restart m365-probe."
        - "Replace it in every other program that uses this application, and only then delete the old one."
        de means "Das Zertifikat funktioniert noch, doch sein letzter Gültigkeitstag ist nahe, wie es ihn selbst nennt. Danach wird nichts mehr mit ihm signiert: Entra würde mit AADSTS1000502 antworten. Kein Programm, das dieses Zertifikat verwendet, funktioniert dann noch."
        - "Erstellen Sie ein neues Zertifikat, oder lassen Sie es erneuern, und laden Sie es ohne seinen Schlüssel hoch: Microsoft Entra Admin Center > App-Registrierungen > Anwendung {client_id} > Zertifikate & Geheimnisse > Zertifikate > Zertifikat hochladen. Das alte bleibt bis zu seinem letzten Gültigkeitstag gültig; bis dahin wird nichts unterbrochen."
        - "Ersetzen Sie dann hier die Dateien von Zertifikat und privatem Schlüssel. Sie werden für jede Tokenanforderung neu gelesen, ohne Neustart; solange von zweien die eine neu ist und die andere nicht, wird das letzte Paar verwendet, das zusammengehörte. Bei einem Credential von systemd starten Sie m365-probe neu."
        - "Ersetzen Sie es in jedem anderen Programm, das diese Anwendung verwendet, und löschen Sie erst dann das alte.";

    [ClientSecret] SecretUnreadable "check the path and rights of the client secret's file or variable; the evidence says what is wrong"
        en
        - "Check that the path or the name of the variable is right, and that the user that m365-probe runs as may read it."
        - "Check that it is not empty and contains nothing but the secret's Value."
        de
        - "Prüfen Sie, ob der Pfad oder der Name der Variablen stimmt und ob das Konto, unter dem dieses Programm läuft, sie lesen darf."
        - "Prüfen Sie, ob sie nicht leer ist und nur den Wert des geheimen Clientschlüssels enthält.";

    [Certificate] SecretUnreadable "check the path, rights and password of the files of certificate and private key; the evidence says what is wrong"
        en
        - "Check that the paths are right, and that the user that m365-probe runs as may read the files of certificate, private key and password."
        - "Check that they hold PEM or PKCS #12, as the key of the configuration says, that the private key is there, and that the password is right."
        de
        - "Prüfen Sie, ob die Pfade stimmen und ob das Konto, unter dem dieses Programm läuft, die Dateien von Zertifikat, privatem Schlüssel und Kennwort lesen darf."
        - "Prüfen Sie, ob sie PEM oder PKCS #12 enthalten, wie der Schlüssel der Konfiguration sagt, ob der private Schlüssel darin ist und ob das Kennwort stimmt.";

    [FederatedToken] SecretUnreadable "check the path and rights of the federated token's file; the evidence says what is wrong"
        en
        - "Check that the path is right, and that the user that m365-probe runs as may read the file: in Kubernetes `fsGroup` of the pod lets its group read a projected volume."
        - "Check that whoever writes the token still does: in Kubernetes the kubelet, for a projected volume of a running pod; elsewhere the agent or job that fetches it."
        de
        - "Prüfen Sie, ob der Pfad stimmt und ob das Konto, unter dem dieses Programm läuft, die Datei lesen darf: In Kubernetes lässt `fsGroup` des Pods dessen Gruppe ein projiziertes Volume lesen."
        - "Prüfen Sie, ob das Token noch geschrieben wird: in Kubernetes vom Kubelet, für das projizierte Volume eines laufenden Pods; sonst von dem Agent oder Auftrag, der es holt.";

    [Certificate FederatedToken] ClientSecretMissing "look for a proxy that changes requests to the token endpoint: an assertion was sent, and Entra received none"
        en means "The token request had an assertion in it when it was sent, and Entra received neither that nor a secret (AADSTS7000216, AADSTS7000218)."
        - "The request of this program had an assertion in it, and Entra received none: look for a proxy that changes requests to {host}."
        - "If there is none, report it with the evidence."
        de means "Die Tokenanforderung enthielt beim Senden eine Assertion, und bei Entra kam weder diese noch ein Geheimnis an (AADSTS7000216, AADSTS7000218)."
        - "Die Anforderung dieses Programms enthielt eine Assertion, und bei Entra kam keine an: Suchen Sie nach einem Proxy, der Anfragen an {host} verändert."
        - "Gibt es keinen, melden Sie den Fehler zusammen mit dem Beleg.";
}
