//! EWS and Graph.

super::entries! {
    EwsDisabled from EWS_ACCESS:
        en "EWS is switched off for the tenant or for this mailbox; both must allow it. From October 2026 on Microsoft switches it off tenant by tenant, and on 2027-04-01 it ends for good in Exchange Online. While it is off, the list of allowed applications does not help."
        - "See who says no: `Get-OrganizationConfig -RetrieveEwsOperationAccessPolicy | Format-List EwsEnabled,EwsAllowedAppIDs` and `Get-CASMailbox -Identity \"{mailbox}\" | Format-List EwsEnabled`."
        - "For the mailbox: `Set-CASMailbox -Identity \"{mailbox}\" -EwsEnabled $true`."
        - "For the tenant: EwsAllowedAppIDs REPLACES the whole list, so write every id that the first command showed, and this application's: `Set-OrganizationConfig -EwsEnabled $true -EwsAllowedAppIDs \"<EVERY_ID_SHOWN>,{client_id}\"`."
        - "Move to Microsoft Graph before 2027-04-01: there are no exceptions after that day."
        takes "about 1 hour for the switch, up to 24 hours for the list";
        de "EWS ist für den Mandanten oder das Postfach abgeschaltet"
        "EWS ist für den Mandanten oder für dieses Postfach abgeschaltet; beide müssen es erlauben. Ab Oktober 2026 schaltet Microsoft es Mandant für Mandant ab, und am 01.04.2027 endet es in Exchange Online endgültig. Solange es aus ist, hilft die Liste der erlaubten Anwendungen nicht."
        - "Stellen Sie fest, wer es verbietet: `Get-OrganizationConfig -RetrieveEwsOperationAccessPolicy | Format-List EwsEnabled,EwsAllowedAppIDs` und `Get-CASMailbox -Identity \"{mailbox}\" | Format-List EwsEnabled`."
        - "Für das Postfach: `Set-CASMailbox -Identity \"{mailbox}\" -EwsEnabled $true`."
        - "Für den Mandanten: EwsAllowedAppIDs ERSETZT die ganze Liste. Geben Sie deshalb alle IDs an, die der erste Befehl gezeigt hat, und die dieser Anwendung: `Set-OrganizationConfig -EwsEnabled $true -EwsAllowedAppIDs \"<ALLE_ANGEZEIGTEN_IDS>,{client_id}\"`."
        - "Stellen Sie vor dem 01.04.2027 auf Microsoft Graph um: Nach diesem Tag gibt es keine Ausnahmen."
        takes "etwa 1 Stunde für den Schalter, bis zu 24 Stunden für die Liste";

    EwsBlockedByPolicy from EWS_ACCESS:
        en "EWS is on, but not for this application: its id is missing from EwsAllowedAppIDs, or its User-Agent is refused by EwsApplicationAccessPolicy. The answer does not say which; both must pass."
        - "Read the lists: `Get-OrganizationConfig -RetrieveEwsOperationAccessPolicy | Format-List EwsEnabled,EwsAllowedAppIDs,EwsApplicationAccessPolicy,EwsAllowList,EwsBlockList`."
        - "EwsAllowedAppIDs REPLACES the whole list, so write every id shown, and this application's: `Set-OrganizationConfig -EwsAllowedAppIDs \"<EVERY_ID_SHOWN>,{client_id}\"`."
        - "If EwsApplicationAccessPolicy is EnforceAllowList, the probe's User-Agent must stand in EwsAllowList as well; with EnforceBlockList it must not stand in EwsBlockList."
        - "Move to Microsoft Graph before EWS ends on 2027-04-01."
        takes "up to 24 hours";
        de "EWS ist für diese Anwendung durch eine Richtlinie gesperrt"
        "EWS ist eingeschaltet, aber nicht für diese Anwendung: Ihre ID fehlt in EwsAllowedAppIDs, oder ihr User-Agent wird durch EwsApplicationAccessPolicy abgelehnt. Die Antwort sagt nicht, welches von beiden; beide müssen zustimmen."
        - "Lesen Sie die Listen: `Get-OrganizationConfig -RetrieveEwsOperationAccessPolicy | Format-List EwsEnabled,EwsAllowedAppIDs,EwsApplicationAccessPolicy,EwsAllowList,EwsBlockList`."
        - "EwsAllowedAppIDs ERSETZT die ganze Liste. Geben Sie deshalb alle gezeigten IDs an und die dieser Anwendung: `Set-OrganizationConfig -EwsAllowedAppIDs \"<ALLE_ANGEZEIGTEN_IDS>,{client_id}\"`."
        - "Steht EwsApplicationAccessPolicy auf EnforceAllowList, muss auch der User-Agent der Prüfung in EwsAllowList stehen; bei EnforceBlockList darf er nicht in EwsBlockList stehen."
        - "Stellen Sie auf Microsoft Graph um, bevor EWS am 01.04.2027 endet."
        takes "bis zu 24 Stunden";

    EwsForbidden from EWS_ACCESS:
        en "EWS answered 403 and named no reason. The token is not the cause: usually the mailbox has a licence without EWS (Kiosk, F1, F3), or an access policy or RBAC scope leaves the mailbox out."
        - "Check the mailbox's licence: Microsoft 365 admin center > Users > Active users > Licenses and apps. Kiosk, F1 and F3 have no EWS; Exchange Online Plan 1 or 2, E3 and E5 have."
        - "Ask both scopes: `Test-ApplicationAccessPolicy -Identity \"{mailbox}\" -AppId \"{client_id}\"` and `Test-ServicePrincipalAuthorization -Identity \"{client_id}\" -Resource \"{mailbox}\" | Format-Table`. The column InScope must be True."
        - "Check the tenant's switches as well: `Get-OrganizationConfig -RetrieveEwsOperationAccessPolicy | Format-List EwsEnabled,EwsAllowedAppIDs`."
        takes "access policies over 1 hour; RBAC for Applications 30 minutes, up to 2 hours for an active application";
        de "EWS ist verboten, ohne Angabe eines Grundes"
        "EWS hat mit 403 geantwortet und keinen Grund genannt. Am Token liegt es nicht: Meist hat das Postfach eine Lizenz ohne EWS (Kiosk, F1, F3), oder eine Zugriffsrichtlinie oder ein RBAC-Bereich schließt das Postfach aus."
        - "Prüfen Sie die Lizenz des Postfachs: Microsoft 365 Admin Center > Benutzer > Aktive Benutzer > Lizenzen und Apps. Kiosk, F1 und F3 enthalten kein EWS; Exchange Online Plan 1 oder 2, E3 und E5 enthalten es."
        - "Fragen Sie beide Bereiche ab: `Test-ApplicationAccessPolicy -Identity \"{mailbox}\" -AppId \"{client_id}\"` und `Test-ServicePrincipalAuthorization -Identity \"{client_id}\" -Resource \"{mailbox}\" | Format-Table`. In der Spalte InScope muss True stehen."
        - "Prüfen Sie auch die Schalter des Mandanten: `Get-OrganizationConfig -RetrieveEwsOperationAccessPolicy | Format-List EwsEnabled,EwsAllowedAppIDs`."
        takes "Zugriffsrichtlinien über 1 Stunde; RBAC für Anwendungen 30 Minuten, bei einer aktiven Anwendung bis zu 2 Stunden";

    EwsRetired from EWS_DEPRECATION:
        en "EWS ended in Exchange Online on 2027-04-01, or this server says that it is gone. There is no switch and no exception any more; on-premises Exchange keeps EWS. Token, permissions and mailbox are not to blame."
        - "Move the application to Microsoft Graph: permissions such as Mail.ReadWrite and Calendars.ReadWrite take the place of full_access_as_app (App registrations > application {client_id} > API permissions > Microsoft Graph)."
        - "Take the check `ews` out of the configuration and put `graph` in its place.";
        de "EWS ist in Exchange Online endgültig abgeschaltet"
        "EWS wurde in Exchange Online am 01.04.2027 beendet, oder dieser Server meldet, dass es nicht mehr vorhanden ist. Schalter und Ausnahmen gibt es nicht mehr; Exchange Server im eigenen Haus behält EWS. An Token, Berechtigungen und Postfach liegt es nicht."
        - "Stellen Sie die Anwendung auf Microsoft Graph um: Berechtigungen wie Mail.ReadWrite und Calendars.ReadWrite treten an die Stelle von full_access_as_app (App-Registrierungen > Anwendung {client_id} > API-Berechtigungen > Microsoft Graph)."
        - "Nehmen Sie die Prüfung `ews` aus der Konfiguration, und setzen Sie `graph` an ihre Stelle.";

    EwsRetiring from EWS_DEPRECATION:
        en "EWS still works here. Microsoft switches it off tenant by tenant since October 2026, and on 2027-04-01 it ends in Exchange Online for good, without exceptions. Whatever uses EWS must have moved to Microsoft Graph by then."
        - "See which applications use EWS: Microsoft 365 admin center > Reports > Usage > EWS usage."
        - "Move the application to Microsoft Graph, and watch the way there with the check `graph`: it needs Mail.ReadBasic.All, or Calendars.Read for a calendar (App registrations > application {client_id} > API permissions > Microsoft Graph)."
        - "Until then keep the application on the list, which the cmdlet REPLACES as a whole: `Set-OrganizationConfig -EwsEnabled $true -EwsAllowedAppIDs \"<EVERY_ID_SHOWN>,{client_id}\"`; read it first with `Get-OrganizationConfig -RetrieveEwsOperationAccessPolicy | Format-List EwsEnabled,EwsAllowedAppIDs`."
        takes "up to 24 hours for the list";
        de "EWS endet in Exchange Online am 01.04.2027"
        "EWS funktioniert hier noch. Microsoft schaltet es seit Oktober 2026 Mandant für Mandant ab, und am 01.04.2027 endet es in Exchange Online endgültig und ohne Ausnahmen. Was EWS verwendet, muss bis dahin auf Microsoft Graph umgestellt sein."
        - "Stellen Sie fest, welche Anwendungen EWS verwenden: Microsoft 365 Admin Center > Berichte > Nutzung > EWS-Nutzung."
        - "Stellen Sie die Anwendung auf Microsoft Graph um, und beobachten Sie den Weg dorthin mit der Prüfung `graph`: Sie braucht Mail.ReadBasic.All, für einen Kalender Calendars.Read (App-Registrierungen > Anwendung {client_id} > API-Berechtigungen > Microsoft Graph)."
        - "Halten Sie die Anwendung bis dahin auf der Liste, die der Befehl als Ganzes ERSETZT: `Set-OrganizationConfig -EwsEnabled $true -EwsAllowedAppIDs \"<ALLE_ANGEZEIGTEN_IDS>,{client_id}\"`; lesen Sie sie vorher mit `Get-OrganizationConfig -RetrieveEwsOperationAccessPolicy | Format-List EwsEnabled,EwsAllowedAppIDs`."
        takes "bis zu 24 Stunden für die Liste";

    EwsPathNotFound from EWS_OAUTH:
        en "The host answered that there is nothing at this path."
        - "Set `ews` to https://HOST/EWS/Exchange.asmx, or leave it out for the cloud's own.";
        de "unter dieser Adresse gibt es kein EWS"
        "Der Host hat geantwortet, dass es unter diesem Pfad nichts gibt."
        - "Setzen Sie `ews` auf https://HOST/EWS/Exchange.asmx, oder lassen Sie es weg, damit die Adresse der Cloud gilt.";

    EwsTokenRefused from EWS_DIAGNOSTICS:
        en "EWS refused the token (HTTP 401) for a reason that this catalogue does not hold; a wrong audience, an unknown tenant, a missing permission or an expired token it would have named. Of 2000006 (invalid_client), 2000010 and 4000000 (oauth_not_available) in x-ms-diagnostics Microsoft tells no more than their names; without that header EWS gives no reason at all, and turns too many requests away like this as well."
        - "See in the evidence what EWS said, and whether the mail protocols accept the same token: then EWS alone refuses it."
        - "If it lasts, open a support case with Microsoft (Microsoft 365 admin center > Support), and quote x-ms-diagnostics, the time and the request id.";
        de "EWS hat das Token abgelehnt"
        "EWS hat das Token abgelehnt (HTTP 401), aus einem Grund, der nicht in diesem Katalog steht; eine falsche Zielgruppe, einen unbekannten Mandanten, eine fehlende Berechtigung oder ein abgelaufenes Token hätte es genannt. Zu 2000006 (invalid_client), 2000010 und 4000000 (oauth_not_available) in x-ms-diagnostics teilt Microsoft nicht mehr als die Namen mit; fehlt diese Kopfzeile, nennt EWS gar keinen Grund, und auch zu viele Anfragen weist es so ab."
        - "Sehen Sie im Beleg nach, was EWS gesagt hat, und ob die Mailprotokolle dasselbe Token annehmen: Dann lehnt nur EWS es ab."
        - "Hält es an, eröffnen Sie eine Supportanfrage bei Microsoft (Microsoft 365 Admin Center > Support), und geben Sie x-ms-diagnostics, die Uhrzeit und die Anfrage-ID an.";

    ImpersonationDenied from MAILBOX_SCOPE:
        en "The token is good, but the application may not act for this mailbox: an application access policy leaves the mailbox out, or RBAC for Applications does, by the scope of the role or because none is assigned."
        - "Ask both scopes: `Test-ServicePrincipalAuthorization -Identity \"{client_id}\" -Resource \"{mailbox}\" | Format-Table` and `Test-ApplicationAccessPolicy -Identity \"{mailbox}\" -AppId \"{client_id}\"`."
        - "Bring the mailbox into scope: add it to the policy's group or to the role's scope, or assign the role: `New-ManagementRoleAssignment -App \"{object_id}\" -Role \"{role}\" -CustomResourceScope \"<SCOPE_NAME>\"`."
        takes "access policies over 1 hour; RBAC for Applications 30 minutes, up to 2 hours for an active application";
        de "die Anwendung darf nicht für dieses Postfach handeln"
        "Das Token ist gültig, aber die Anwendung darf nicht für dieses Postfach handeln: Eine Anwendungszugriffsrichtlinie schließt das Postfach aus, oder RBAC für Anwendungen: durch den Bereich der Rolle, oder weil keine zugewiesen ist."
        - "Fragen Sie beide Bereiche ab: `Test-ServicePrincipalAuthorization -Identity \"{client_id}\" -Resource \"{mailbox}\" | Format-Table` und `Test-ApplicationAccessPolicy -Identity \"{mailbox}\" -AppId \"{client_id}\"`."
        - "Nehmen Sie das Postfach in den Bereich auf: in die Gruppe der Richtlinie oder in den Bereich der Rolle, oder weisen Sie die Rolle zu: `New-ManagementRoleAssignment -App \"{object_id}\" -Role \"{role}\" -CustomResourceScope \"<NAME_DES_BEREICHS>\"`."
        takes "Zugriffsrichtlinien über 1 Stunde; RBAC für Anwendungen 30 Minuten, bei einer aktiven Anwendung bis zu 2 Stunden";

    AccessDenied from MAILBOX_SCOPE:
        en "The login worked, but the folder may not be read: the application permission is missing (or only the delegated one was granted), or an access policy leaves the mailbox out."
        - "Check the application's permission and consent: Microsoft Entra admin center > App registrations > application {client_id} > API permissions; the type must be Application."
        - "Check the access policies for this mailbox: `Test-ApplicationAccessPolicy -Identity \"{mailbox}\" -AppId \"{client_id}\"` and `Test-ServicePrincipalAuthorization -Identity \"{client_id}\" -Resource \"{mailbox}\" | Format-Table`."
        takes "a permission with the next token; access policies over 1 hour";
        de "der Zugriff auf den Ordner wird verweigert"
        "Die Anmeldung hat funktioniert, aber der Ordner darf nicht gelesen werden: Die Anwendungsberechtigung fehlt (oder es wurde nur die delegierte erteilt), oder eine Zugriffsrichtlinie schließt das Postfach aus."
        - "Prüfen Sie Berechtigung und Zustimmung der Anwendung: Microsoft Entra Admin Center > App-Registrierungen > Anwendung {client_id} > API-Berechtigungen; der Typ muss Anwendung sein."
        - "Prüfen Sie die Zugriffsrichtlinien für dieses Postfach: `Test-ApplicationAccessPolicy -Identity \"{mailbox}\" -AppId \"{client_id}\"` und `Test-ServicePrincipalAuthorization -Identity \"{client_id}\" -Resource \"{mailbox}\" | Format-Table`."
        takes "eine Berechtigung mit dem nächsten Token; Zugriffsrichtlinien nach über 1 Stunde";

    FolderNotFound from RESPONSE_CODES:
        en "The mailbox was opened, but holds no such folder, or none that the application may see."
        - "Open the mailbox {mailbox} once in Outlook, which creates the default folders, or check the folder in the configuration.";
        de "den Ordner gibt es in diesem Postfach nicht"
        "Das Postfach wurde geöffnet, enthält aber keinen solchen Ordner oder keinen, den die Anwendung sehen darf."
        - "Öffnen Sie das Postfach {mailbox} einmal in Outlook, das die Standardordner anlegt, oder prüfen Sie den Ordner in der Konfiguration.";

    LicenseInvalid from RESPONSE_CODES:
        en "Exchange answers that the user of the mailbox has no valid licence."
        - "Assign an Exchange Online licence: Microsoft 365 admin center > Users > Active users > {mailbox} > Licenses and apps. For EWS take Plan 1 or 2, E3 or E5: Kiosk, F1 and F3 have no EWS.";
        de "das Postfach hat keine gültige Lizenz"
        "Exchange antwortet, dass der Benutzer des Postfachs keine gültige Lizenz hat."
        - "Weisen Sie eine Exchange Online-Lizenz zu: Microsoft 365 Admin Center > Benutzer > Aktive Benutzer > {mailbox} > Lizenzen und Apps. Für EWS Plan 1 oder 2, E3 oder E5: Kiosk, F1 und F3 enthalten kein EWS.";

    AccountDisabled from RESPONSE_CODES:
        en "The account behind the mailbox is disabled. For shared mailboxes that is normal and no obstacle to an application, as long as the request names the mailbox."
        - "For a user's mailbox, enable the account in Microsoft Entra admin center > Users > {mailbox} > Properties > Account enabled."
        - "For a shared mailbox leave it disabled and report this with the evidence.";
        de "das Konto ist deaktiviert"
        "Das Konto hinter dem Postfach ist deaktiviert. Bei freigegebenen Postfächern ist das üblich und für eine Anwendung kein Hindernis, solange die Anfrage das Postfach nennt."
        - "Bei einem Benutzerpostfach aktivieren Sie das Konto: Microsoft Entra Admin Center > Benutzer > {mailbox} > Eigenschaften > Konto aktiviert."
        - "Bei einem freigegebenen Postfach lassen Sie es deaktiviert und melden dies zusammen mit dem Beleg.";

    RequestRejected from RESPONSE_CODES:
        en "The server finds fault with the request itself. The probe sends a valid one, so it was changed on the way, or the probe has a fault."
        - "Report it with the evidence, unless a proxy between here and {host} turns out to change requests.";
        de "der Server konnte unsere Anfrage nicht annehmen"
        "Der Server beanstandet die Anfrage selbst. Die Prüfung sendet eine gültige; also wurde sie unterwegs verändert, oder die Prüfung hat einen Fehler."
        - "Melden Sie den Fehler zusammen mit dem Beleg, sofern nicht ein Proxy zwischen diesem Rechner und {host} Anfragen verändert.";

    OperationFailed from RESPONSE_CODES:
        en "The server answered with a code that this catalogue does not hold."
        - "Look the code of the evidence up in Microsoft's reference; if it lasts, open a support case with the request id of the evidence.";
        de "der Vorgang ist aus einem Grund fehlgeschlagen, der nicht im Katalog steht"
        "Der Server hat mit einem Code geantwortet, den dieser Katalog nicht enthält."
        - "Schlagen Sie den Code aus dem Beleg in der Referenz von Microsoft nach; hält es an, eröffnen Sie eine Supportanfrage mit der Request-ID aus dem Beleg.";
}
