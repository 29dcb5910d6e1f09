//! Reasons of EWS and Graph.

super::entries! {
    EwsDisabled from EWS_ACCESS:
        en "EWS is switched off for the tenant or for this mailbox; both must allow it. From October 2026 on Microsoft switches it off tenant by tenant, and on 2027-04-01 it ends for good in Exchange Online. While it is off, the list of allowed applications does not help."
        - "See which of them switches it off: " > "Get-OrganizationConfig -RetrieveEwsOperationAccessPolicy | Format-List EwsEnabled,EwsAllowedAppIDs" " and " > "Get-CASMailbox -Identity \"{mailbox}\" | Format-List EwsEnabled" "."
        - "For the mailbox: " > "Set-CASMailbox -Identity \"{mailbox}\" -EwsEnabled $true" "."
        - "For the tenant: EwsAllowedAppIDs REPLACES the whole list, so include every id that the first command showed and this application's id: " > "Set-OrganizationConfig -EwsEnabled $true -EwsAllowedAppIDs \"<EVERY_ID_SHOWN>,{client_id}\"" "."
        - "Move to Microsoft Graph before 2027-04-01: from that day on there are no exceptions."
        takes "usually 1 hour for the switch, though more than a day has been seen; up to 24 hours for the list";
        de "EWS ist für den Mandanten oder das Postfach abgeschaltet"
        "EWS ist für den Mandanten oder für dieses Postfach abgeschaltet; beide müssen es erlauben. Ab Oktober 2026 schaltet Microsoft es Mandant für Mandant ab, und am 01.04.2027 endet es in Exchange Online endgültig. Solange es aus ist, hilft die Liste der erlaubten Anwendungen nicht."
        - "Stellen Sie fest, was es abschaltet: " > "Get-OrganizationConfig -RetrieveEwsOperationAccessPolicy | Format-List EwsEnabled,EwsAllowedAppIDs" " und " > "Get-CASMailbox -Identity \"{mailbox}\" | Format-List EwsEnabled" "."
        - "Für das Postfach: " > "Set-CASMailbox -Identity \"{mailbox}\" -EwsEnabled $true" "."
        - "Für den Mandanten: EwsAllowedAppIDs ERSETZT die ganze Liste. Geben Sie deshalb alle IDs an, die der erste Befehl gezeigt hat, und die dieser Anwendung: " > "Set-OrganizationConfig -EwsEnabled $true -EwsAllowedAppIDs \"<ALLE_ANGEZEIGTEN_IDS>,{client_id}\"" "."
        - "Stellen Sie vor dem 01.04.2027 auf Microsoft Graph um: Nach diesem Tag gibt es keine Ausnahmen."
        takes "meist 1 Stunde für den Schalter, vereinzelt mehr als einen Tag; bis zu 24 Stunden für die Liste";

    EwsBlockedByPolicy from EWS_ACCESS:
        en "EWS is on, but not for this application: its id is missing from EwsAllowedAppIDs, or its User-Agent is refused by EwsApplicationAccessPolicy. The reply does not say which of the two; the application must pass both."
        - "Read the lists: " > "Get-OrganizationConfig -RetrieveEwsOperationAccessPolicy | Format-List EwsEnabled,EwsAllowedAppIDs,EwsApplicationAccessPolicy,EwsAllowList,EwsBlockList" "."
        - "EwsAllowedAppIDs REPLACES the whole list, so include every id shown and this application's id: " > "Set-OrganizationConfig -EwsAllowedAppIDs \"<EVERY_ID_SHOWN>,{client_id}\"" "."
        - "If EwsApplicationAccessPolicy is EnforceAllowList, the User-Agent of m365-probe must be in EwsAllowList as well; with EnforceBlockList it must not be in EwsBlockList."
        - "Move to Microsoft Graph before EWS ends on 2027-04-01."
        takes "up to 24 hours";
        de "EWS ist für diese Anwendung durch eine Richtlinie gesperrt"
        "EWS ist eingeschaltet, aber nicht für diese Anwendung: Ihre ID fehlt in EwsAllowedAppIDs, oder ihr User-Agent wird durch EwsApplicationAccessPolicy abgelehnt. Die Antwort sagt nicht, was davon zutrifft; beide müssen die Anwendung zulassen."
        - "Lesen Sie die Listen: " > "Get-OrganizationConfig -RetrieveEwsOperationAccessPolicy | Format-List EwsEnabled,EwsAllowedAppIDs,EwsApplicationAccessPolicy,EwsAllowList,EwsBlockList" "."
        - "EwsAllowedAppIDs ERSETZT die ganze Liste. Geben Sie deshalb alle gezeigten IDs an und die dieser Anwendung: " > "Set-OrganizationConfig -EwsAllowedAppIDs \"<ALLE_ANGEZEIGTEN_IDS>,{client_id}\"" "."
        - "Steht EwsApplicationAccessPolicy auf EnforceAllowList, muss auch der User-Agent von m365-probe in EwsAllowList stehen; bei EnforceBlockList darf er nicht in EwsBlockList stehen."
        - "Stellen Sie auf Microsoft Graph um, bevor EWS am 01.04.2027 endet."
        takes "bis zu 24 Stunden";

    EwsForbidden from EWS_ACCESS:
        en "EWS answered 403 and named no reason. The token is not the cause: usually the mailbox has a licence without EWS (Kiosk, F1, F3), or an access policy or RBAC scope excludes the mailbox."
        - "Check the mailbox's licence: Microsoft 365 admin center > Users > Active users > Licenses and apps. Kiosk, F1 and F3 have no EWS; Exchange Online Plan 1 or 2, E3 and E5 have it."
        - "Query both scopes: " > "Test-ApplicationAccessPolicy -Identity \"{mailbox}\" -AppId \"{client_id}\"" " and " > "Test-ServicePrincipalAuthorization -Identity \"{client_id}\" -Resource \"{mailbox}\" | Format-Table" ". The column InScope must be True."
        - "Check the tenant's switches as well: " > "Get-OrganizationConfig -RetrieveEwsOperationAccessPolicy | Format-List EwsEnabled,EwsAllowedAppIDs" "."
        takes "over 1 hour for access policies; 30 minutes for RBAC for Applications, up to 2 hours for an active application";
        de "EWS ist verboten, ohne Angabe eines Grundes"
        "EWS hat mit 403 geantwortet und keinen Grund genannt. Am Token liegt es nicht: Meist hat das Postfach eine Lizenz ohne EWS (Kiosk, F1, F3), oder eine Zugriffsrichtlinie oder ein RBAC-Bereich schließt das Postfach aus."
        - "Prüfen Sie die Lizenz des Postfachs: Microsoft 365 Admin Center > Benutzer > Aktive Benutzer > Lizenzen und Apps. Kiosk, F1 und F3 enthalten kein EWS; Exchange Online Plan 1 oder 2, E3 und E5 enthalten es."
        - "Fragen Sie beide Bereiche ab: " > "Test-ApplicationAccessPolicy -Identity \"{mailbox}\" -AppId \"{client_id}\"" " und " > "Test-ServicePrincipalAuthorization -Identity \"{client_id}\" -Resource \"{mailbox}\" | Format-Table" ". In der Spalte InScope muss True stehen."
        - "Prüfen Sie auch die Schalter des Mandanten: " > "Get-OrganizationConfig -RetrieveEwsOperationAccessPolicy | Format-List EwsEnabled,EwsAllowedAppIDs" "."
        takes "über 1 Stunde bei Zugriffsrichtlinien; 30 Minuten bei RBAC für Anwendungen, bis zu 2 Stunden bei einer aktiven Anwendung";

    EwsRetired from EWS_DEPRECATION:
        en "EWS ended in Exchange Online on 2027-04-01, or this server says that it is gone. There is no switch and no exception any more; Exchange Server on premises keeps EWS. Token, permissions and mailbox are not the cause."
        - "Move the application to Microsoft Graph: permissions such as Mail.ReadWrite and Calendars.ReadWrite take the place of full_access_as_app (App registrations > application {client_id} > API permissions > Microsoft Graph)."
        - "Replace the check `ews` by `graph` in the configuration.";
        de "EWS ist in Exchange Online endgültig abgeschaltet"
        "EWS wurde in Exchange Online am 01.04.2027 beendet, oder dieser Server meldet, dass es nicht mehr vorhanden ist. Schalter und Ausnahmen gibt es nicht mehr; Exchange Server im eigenen Haus behält EWS. An Token, Berechtigungen und Postfach liegt es nicht."
        - "Stellen Sie die Anwendung auf Microsoft Graph um: Berechtigungen wie Mail.ReadWrite und Calendars.ReadWrite treten an die Stelle von full_access_as_app (App-Registrierungen > Anwendung {client_id} > API-Berechtigungen > Microsoft Graph)."
        - "Ersetzen Sie in der Konfiguration die Prüfung `ews` durch `graph`.";

    EwsRetiring from EWS_DEPRECATION:
        en "On 2027-04-01 EWS ends in Exchange Online for good, without exceptions, and whatever uses it must have moved to Microsoft Graph by then. In some tenants it ends sooner: since October 2026 Microsoft has been setting EwsEnabled to False, in waves, where nobody has set it, and announces each in the Message center 7 days before. Then EWS works again only once an administrator sets EwsEnabled to True, and only for the applications in EwsAllowedAppIDs, which Microsoft fills beforehand from the last 60 days of use. While EwsEnabled is not set, that list has no effect: that EWS works does not show that the application is on it."
        - "See which applications use EWS: Microsoft 365 admin center > Reports > Usage > EWS usage."
        - "Move the application to Microsoft Graph, and use the check `graph` to see whether it may: it needs Mail.ReadBasic.All, or Calendars.Read for a calendar (App registrations > application {client_id} > API permissions > Microsoft Graph)."
        - "Until then keep the application on the list. Read the list first: " > "Get-OrganizationConfig -RetrieveEwsOperationAccessPolicy | Format-List EwsEnabled,EwsAllowedAppIDs" ". The cmdlet REPLACES the whole list: " > "Set-OrganizationConfig -EwsEnabled $true -EwsAllowedAppIDs \"<EVERY_ID_SHOWN>,{client_id}\"" "."
        takes "up to 24 hours for the list";
        de "EWS endet in Exchange Online am 01.04.2027"
        "Am 01.04.2027 endet EWS in Exchange Online endgültig und ohne Ausnahmen; was es verwendet, muss bis dahin auf Microsoft Graph umgestellt sein. In manchen Mandanten endet es früher: Seit Oktober 2026 setzt Microsoft EwsEnabled in Wellen auf False, wo niemand es gesetzt hat, und kündigt jede 7 Tage vorher im Nachrichtencenter an. Dann funktioniert EWS erst wieder, wenn ein Administrator EwsEnabled auf True setzt, und nur für die Anwendungen in EwsAllowedAppIDs; diese Liste füllt Microsoft vorher aus der Nutzung der letzten 60 Tage. Solange EwsEnabled nicht gesetzt ist, wirkt die Liste nicht: Dass EWS funktioniert, zeigt also nicht, dass die Anwendung darauf steht."
        - "Stellen Sie fest, welche Anwendungen EWS verwenden: Microsoft 365 Admin Center > Berichte > Nutzung > EWS-Nutzung."
        - "Stellen Sie die Anwendung auf Microsoft Graph um, und prüfen Sie mit `graph`, ob sie es darf: Diese Prüfung braucht Mail.ReadBasic.All, für einen Kalender Calendars.Read (App-Registrierungen > Anwendung {client_id} > API-Berechtigungen > Microsoft Graph)."
        - "Halten Sie die Anwendung bis dahin auf der Liste. Lesen Sie die Liste zuerst: " > "Get-OrganizationConfig -RetrieveEwsOperationAccessPolicy | Format-List EwsEnabled,EwsAllowedAppIDs" ". Der Befehl ERSETZT die ganze Liste: " > "Set-OrganizationConfig -EwsEnabled $true -EwsAllowedAppIDs \"<ALLE_ANGEZEIGTEN_IDS>,{client_id}\"" "."
        takes "bis zu 24 Stunden für die Liste";

    EwsPathNotFound from EWS_OAUTH:
        en "The host answered that nothing exists at this path."
        - "Set `ews` to https://HOST/EWS/Exchange.asmx, or leave it out to use the address of the cloud.";
        de "unter dieser Adresse gibt es kein EWS"
        "Der Host hat geantwortet, dass es unter diesem Pfad nichts gibt."
        - "Setzen Sie `ews` auf https://HOST/EWS/Exchange.asmx, oder lassen Sie es weg, damit die Adresse der Cloud gilt.";

    EwsTokenRefused from EWS_DIAGNOSTICS:
        en "EWS refused the token (HTTP 401) for a reason that is not in this catalogue; it would have named a wrong audience, an unknown tenant, a missing permission or an expired token. Of 2000006 (invalid_client), 2000010 and 4000000 (oauth_not_available) in x-ms-diagnostics Microsoft publishes no more than the names; without that header EWS gives no reason at all, and it also rejects too many requests in this way."
        - "See EWS's reply in the evidence, and check whether the mail protocols accept the same token: then only EWS refuses it."
        - "If it lasts, open a support case with Microsoft (Microsoft 365 admin center > Support), and quote x-ms-diagnostics, the time and the request id.";
        de "EWS hat das Token abgelehnt"
        "EWS hat das Token abgelehnt (HTTP 401), aus einem Grund, der nicht in diesem Katalog steht; eine falsche Zielgruppe, einen unbekannten Mandanten, eine fehlende Berechtigung oder ein abgelaufenes Token hätte es genannt. Zu 2000006 (invalid_client), 2000010 und 4000000 (oauth_not_available) in x-ms-diagnostics teilt Microsoft nicht mehr als die Namen mit; fehlt diese Kopfzeile, nennt EWS gar keinen Grund, und auch zu viele Anfragen weist es so ab."
        - "Sehen Sie im Beleg die Antwort von EWS nach, und prüfen Sie, ob die Mailprotokolle dasselbe Token annehmen: Dann lehnt nur EWS es ab."
        - "Hält es an, eröffnen Sie eine Supportanfrage bei Microsoft (Microsoft 365 Admin Center > Support), und geben Sie x-ms-diagnostics, die Uhrzeit und die Anfrage-ID an.";

    ImpersonationDenied from MAILBOX_SCOPE:
        en "The token is valid, but the application may not act for this mailbox: an application access policy excludes the mailbox, or RBAC for Applications does, by the scope of the role or because no role is assigned."
        - "Query both scopes: " > "Test-ServicePrincipalAuthorization -Identity \"{client_id}\" -Resource \"{mailbox}\" | Format-Table" " and " > "Test-ApplicationAccessPolicy -Identity \"{mailbox}\" -AppId \"{client_id}\"" "."
        - "Bring the mailbox into scope: add it to the policy's group or to the role's scope, or assign the role: " > "New-ManagementRoleAssignment -App \"{object_id}\" -Role \"{role}\" -CustomResourceScope \"<SCOPE_NAME>\"" "."
        takes "over 1 hour for access policies; 30 minutes for RBAC for Applications, up to 2 hours for an active application";
        de "die Anwendung darf nicht für dieses Postfach handeln"
        "Das Token ist gültig, aber die Anwendung darf nicht für dieses Postfach handeln: Eine Anwendungszugriffsrichtlinie oder RBAC für Anwendungen schließt das Postfach aus, Letzteres durch den Bereich der Rolle oder weil keine Rolle zugewiesen ist."
        - "Fragen Sie beide Bereiche ab: " > "Test-ServicePrincipalAuthorization -Identity \"{client_id}\" -Resource \"{mailbox}\" | Format-Table" " und " > "Test-ApplicationAccessPolicy -Identity \"{mailbox}\" -AppId \"{client_id}\"" "."
        - "Nehmen Sie das Postfach in den Bereich auf: in die Gruppe der Richtlinie oder in den Bereich der Rolle, oder weisen Sie die Rolle zu: " > "New-ManagementRoleAssignment -App \"{object_id}\" -Role \"{role}\" -CustomResourceScope \"<NAME_DES_BEREICHS>\"" "."
        takes "über 1 Stunde bei Zugriffsrichtlinien; 30 Minuten bei RBAC für Anwendungen, bis zu 2 Stunden bei einer aktiven Anwendung";

    AccessDenied from MAILBOX_SCOPE:
        en "Entra issued the token, and access is denied without a reason that this catalogue knows: the application permission is missing (or only the delegated one was granted), or an access policy excludes the mailbox."
        - "Check the application's permission and consent: Microsoft Entra admin center > App registrations > application {client_id} > API permissions; the type must be Application."
        - "Check the access policies for this mailbox: " > "Test-ApplicationAccessPolicy -Identity \"{mailbox}\" -AppId \"{client_id}\"" " and " > "Test-ServicePrincipalAuthorization -Identity \"{client_id}\" -Resource \"{mailbox}\" | Format-Table" "."
        takes "the next token is issued for a permission, over 1 hour for an access policy";
        de "der Zugriff auf den Ordner wird verweigert"
        "Entra hat das Token ausgestellt, und der Zugriff wird ohne einen Grund verweigert, den dieser Katalog kennt: Die Anwendungsberechtigung fehlt (oder es wurde nur die delegierte erteilt), oder eine Zugriffsrichtlinie schließt das Postfach aus."
        - "Prüfen Sie Berechtigung und Zustimmung der Anwendung: Microsoft Entra Admin Center > App-Registrierungen > Anwendung {client_id} > API-Berechtigungen; der Typ muss Anwendung sein."
        - "Prüfen Sie die Zugriffsrichtlinien für dieses Postfach: " > "Test-ApplicationAccessPolicy -Identity \"{mailbox}\" -AppId \"{client_id}\"" " und " > "Test-ServicePrincipalAuthorization -Identity \"{client_id}\" -Resource \"{mailbox}\" | Format-Table" "."
        takes "Ausstellung des nächsten Tokens bei einer Berechtigung, über 1 Stunde bei einer Zugriffsrichtlinie";

    FolderNotFound from RESPONSE_CODES:
        en "The mailbox was opened, but it has no such folder, or none that the application may see."
        - "Open {mailbox} once in Outlook, which creates the default folders, or check the folder in the configuration.";
        de "den Ordner gibt es in diesem Postfach nicht"
        "Das Postfach wurde geöffnet, enthält aber keinen solchen Ordner oder keinen, den die Anwendung sehen darf."
        - "Öffnen Sie {mailbox} einmal in Outlook, das die Standardordner anlegt, oder prüfen Sie den Ordner in der Konfiguration.";

    LicenseInvalid from RESPONSE_CODES:
        en "Exchange answers that the user of the mailbox has no valid licence."
        - "Assign an Exchange Online licence: Microsoft 365 admin center > Users > Active users > {mailbox} > Licenses and apps. For EWS choose Plan 1 or 2, E3 or E5: Kiosk, F1 and F3 have no EWS.";
        de "das Postfach hat keine gültige Lizenz"
        "Exchange antwortet, dass der Benutzer des Postfachs keine gültige Lizenz hat."
        - "Weisen Sie eine Exchange Online-Lizenz zu: Microsoft 365 Admin Center > Benutzer > Aktive Benutzer > {mailbox} > Lizenzen und Apps. Für EWS Plan 1 oder 2, E3 oder E5: Kiosk, F1 und F3 enthalten kein EWS.";

    AccountDisabled from RESPONSE_CODES:
        en "The account behind the mailbox is disabled. For shared mailboxes that is normal and no obstacle for an application, as long as the request names the mailbox."
        - "For a user's mailbox, enable the account in Microsoft Entra admin center > Users > {mailbox} > Properties > Account enabled."
        - "For a shared mailbox leave it disabled and report this with the evidence.";
        de "das Konto ist deaktiviert"
        "Das Konto hinter dem Postfach ist deaktiviert. Bei freigegebenen Postfächern ist das üblich und für eine Anwendung kein Hindernis, solange die Anfrage das Postfach nennt."
        - "Bei einem Benutzerpostfach aktivieren Sie das Konto: Microsoft Entra Admin Center > Benutzer > {mailbox} > Eigenschaften > Konto aktiviert."
        - "Bei einem freigegebenen Postfach lassen Sie es deaktiviert und melden dies zusammen mit dem Beleg.";

    RequestRejected from RESPONSE_CODES:
        en "The server rejects the request itself. This program sends a valid one, so it was changed on the way, or this program has a bug."
        - "Report it with the evidence, unless a proxy between here and {host} changes requests.";
        de "der Server konnte unsere Anfrage nicht annehmen"
        "Der Server beanstandet die Anfrage selbst. Dieses Programm sendet eine gültige; also wurde sie unterwegs verändert, oder das Programm hat einen Fehler."
        - "Melden Sie den Fehler zusammen mit dem Beleg, sofern nicht ein Proxy zwischen diesem Rechner und {host} Anfragen verändert.";

    OperationFailed from RESPONSE_CODES:
        en "The server answered with a code that is not in this catalogue."
        - "Look up the code of the evidence in Microsoft's reference; if it lasts, open a support case with the request id of the evidence.";
        de "der Vorgang ist aus einem Grund fehlgeschlagen, der nicht im Katalog steht"
        "Der Server hat mit einem Code geantwortet, den dieser Katalog nicht enthält."
        - "Schlagen Sie den Code aus dem Beleg in der Referenz von Microsoft nach; hält es an, eröffnen Sie eine Supportanfrage mit der Request-ID aus dem Beleg.";
}
