//! The steps for a managed identity, where those for an app registration lead nowhere: it has no secret and no page of permissions.

use super::{Piece, Step, Text};
use crate::lang::Lang;
use crate::reason::Reason;

/// Returns what is to be done in place of the steps of `text`, a reason's text in `lang`, where the application is a managed identity;
/// `None` where the same helps.
pub fn steps_of_managed_identity(text: &Text, lang: Lang) -> Option<&'static [Step]> {
    let row = ROWS.iter().find(|row| row.reason.text(lang) == text)?;
    Some(match lang {
        Lang::En => row.en,
        Lang::De => row.de,
    })
}

/// The steps of a reason in both languages.
struct Row {
    reason: Reason,
    en: &'static [Step],
    de: &'static [Step],
}

#[cfg(test)]
pub(super) fn rows() -> impl Iterator<Item = (Reason, &'static [Step], &'static [Step])> {
    ROWS.iter().map(|row| (row.reason, row.en, row.de))
}

/// `Reason en - STEP… de - STEP…;` with steps as in the texts of reasons.
macro_rules! steps {
    ($( $reason:ident
        en $( - $prose:literal $( > $command:literal $then:literal )? )+
        de $( - $prosa:literal $( > $befehl:literal $dann:literal )? )+ ;
    )*) => {
        const ROWS: &[Row] = &[ $( Row {
            reason: Reason::$reason,
            en: &[ $( Step(&[ Piece::Prose($prose), $( Piece::Command($command), Piece::Prose($then), )? ]), )+ ],
            de: &[ $( Step(&[ Piece::Prose($prosa), $( Piece::Command($befehl), Piece::Prose($dann), )? ]), )+ ],
        }, )* ];
    };
}

steps! {
    TokenRoleMissing
        en
        - "The application is a managed identity, which has no page of API permissions: an administrator of the tenant grants it {permissions} with Graph PowerShell. Connect: " > "Connect-MgGraph -Scopes \"AppRoleAssignment.ReadWrite.All\",\"Application.Read.All\"" "."
        - "Grant it: " > "$api = Get-MgServicePrincipal -Filter \"appId eq '{api_id}'\"; New-MgServicePrincipalAppRoleAssignment -ServicePrincipalId \"{object_id}\" -PrincipalId \"{object_id}\" -ResourceId $api.Id -AppRoleId ($api.AppRoles | Where-Object Value -eq \"{permission}\").Id" ". The object id is that of its enterprise application (Enterprise applications > filter Application type: Managed Identities)."
        - "On App Service, Functions and Container Apps wait: their back end keeps a token for about 8 hours, and nothing makes it ask for a new one earlier. Until then tokens lack the new permission."
        de
        - "Die Anwendung ist eine verwaltete Identität und hat keine Seite für API-Berechtigungen: Ein Administrator des Mandanten erteilt ihr {permissions} mit Graph PowerShell. Verbinden Sie sich: " > "Connect-MgGraph -Scopes \"AppRoleAssignment.ReadWrite.All\",\"Application.Read.All\"" "."
        - "Erteilen Sie sie: " > "$api = Get-MgServicePrincipal -Filter \"appId eq '{api_id}'\"; New-MgServicePrincipalAppRoleAssignment -ServicePrincipalId \"{object_id}\" -PrincipalId \"{object_id}\" -ResourceId $api.Id -AppRoleId ($api.AppRoles | Where-Object Value -eq \"{permission}\").Id" ". Gemeint ist die Objekt-ID ihrer Unternehmensanwendung (Unternehmensanwendungen > Filter Anwendungstyp: Verwaltete Identitäten)."
        - "Bei App Service, Functions und Container Apps warten Sie: Ihr Back-End behält ein Token etwa 8 Stunden, und nichts bringt es dazu, früher ein neues anzufordern. Bis dahin fehlt den Token die neue Berechtigung.";

    ApplicationNotAssigned
        en
        - "Check `scope`: for mail leave it out, or set it to https://outlook.office365.com/.default."
        - "The application is a managed identity, which has no page of API permissions: assign it to a role of the service with Graph PowerShell. Connect: " > "Connect-MgGraph -Scopes \"AppRoleAssignment.ReadWrite.All\",\"Application.Read.All\"" "."
        - "Assign it: " > "$api = Get-MgServicePrincipal -Filter \"appId eq '{api_id}'\"; New-MgServicePrincipalAppRoleAssignment -ServicePrincipalId \"{object_id}\" -PrincipalId \"{object_id}\" -ResourceId $api.Id -AppRoleId ($api.AppRoles | Where-Object Value -eq \"{permission}\").Id" "."
        de
        - "Prüfen Sie `scope`: Für Mail lassen Sie ihn weg oder setzen ihn auf https://outlook.office365.com/.default."
        - "Die Anwendung ist eine verwaltete Identität und hat keine Seite für API-Berechtigungen: Weisen Sie sie mit Graph PowerShell einer Rolle des Dienstes zu. Verbinden Sie sich: " > "Connect-MgGraph -Scopes \"AppRoleAssignment.ReadWrite.All\",\"Application.Read.All\"" "."
        - "Weisen Sie sie zu: " > "$api = Get-MgServicePrincipal -Filter \"appId eq '{api_id}'\"; New-MgServicePrincipalAppRoleAssignment -ServicePrincipalId \"{object_id}\" -PrincipalId \"{object_id}\" -ResourceId $api.Id -AppRoleId ($api.AppRoles | Where-Object Value -eq \"{permission}\").Id" ".";

    ApplicationNotFound
        en
        - "The application is a managed identity, and the tenant does not know it: it was deleted, or the subscription of its machine has moved to another tenant. Look for it: Microsoft Entra admin center > Enterprise applications > filter Application type: Managed Identities > {client_id}."
        - "Remove the identity from the machine and assign it anew; it then has another client id and object id, which Exchange has to know."
        de
        - "Die Anwendung ist eine verwaltete Identität, und der Mandant kennt sie nicht: Sie wurde gelöscht, oder das Abonnement ihres Rechners ist in einen anderen Mandanten umgezogen. Suchen Sie sie: Microsoft Entra Admin Center > Unternehmensanwendungen > Filter Anwendungstyp: Verwaltete Identitäten > {client_id}."
        - "Entfernen Sie die Identität vom Rechner und weisen Sie sie neu zu; sie hat dann eine andere Client-ID und Objekt-ID, die Exchange kennen muss.";

    ServicePrincipalMissing
        en
        - "The application is a managed identity, and its enterprise application was deleted: it cannot be restored by consent. Remove the identity from the machine and assign it anew."
        - "The new identity has another client id and object id. Set `client_id`, and register it in Exchange: " > "New-ServicePrincipal -AppId \"{client_id}\" -ObjectId \"{object_id}\" -DisplayName \"m365-probe\"" ". Then grant it each mailbox and each permission again."
        de
        - "Die Anwendung ist eine verwaltete Identität, und ihre Unternehmensanwendung wurde gelöscht: Eine Zustimmung stellt sie nicht wieder her. Entfernen Sie die Identität vom Rechner und weisen Sie sie neu zu."
        - "Die neue Identität hat eine andere Client-ID und Objekt-ID. Setzen Sie `client_id`, und registrieren Sie sie in Exchange: " > "New-ServicePrincipal -AppId \"{client_id}\" -ObjectId \"{object_id}\" -DisplayName \"m365-probe\"" ". Erteilen Sie ihr danach jedes Postfach und jede Berechtigung neu.";
}
