//! Causes that no single answer tells: what lies behind several refusals together.

super::entries! {
    ExchangeServicePrincipalMissing from MAIL_OAUTH:
        en "Entra issues the token, but the mail protocols that are checked refuse the application for every mailbox. Unlike EWS and Graph, POP3, IMAP and SMTP need the application's registration in Exchange. It is missing, or it was made with the object id of the app registration instead of that of the enterprise application. Where EWS or Graph open the same mailbox, that speaks for it."
        - "Connect with `Connect-ExchangeOnline` and list the registrations: " > "Get-ServicePrincipal | Format-List AppId,ObjectId,DisplayName" ". AppId {client_id} must be listed with ObjectId {object_id}."
        - "If the application is listed with another ObjectId, remove that entry first: " > "Remove-ServicePrincipal -Identity \"{client_id}\"" "."
        - "Register it: " > "New-ServicePrincipal -AppId \"{client_id}\" -ObjectId \"{object_id}\" -DisplayName \"m365-probe\"" ". The object id is that of the enterprise application (Enterprise applications > Overview)."
        - "Grant it access to each mailbox: " > "Add-MailboxPermission -Identity \"{mailbox}\" -User \"{object_id}\" -AccessRights FullAccess" ". Full access shows items marked as private, too."
        takes "30 to 120 minutes";
        de "Exchange kennt die Anwendung nicht"
        "Entra stellt das Token aus, aber die geprüften Mailprotokolle weisen die Anwendung bei jedem Postfach ab. Anders als EWS und Graph brauchen POP3, IMAP und SMTP die Registrierung der Anwendung in Exchange. Sie fehlt, oder sie wurde mit der Objekt-ID der App-Registrierung statt mit der der Unternehmensanwendung angelegt. Öffnen EWS oder Graph dasselbe Postfach, spricht das dafür."
        - "Verbinden Sie sich mit `Connect-ExchangeOnline`, und sehen Sie nach: " > "Get-ServicePrincipal | Format-List AppId,ObjectId,DisplayName" ". Dort muss AppId {client_id} mit ObjectId {object_id} stehen."
        - "Steht die Anwendung dort mit einer anderen ObjectId, entfernen Sie zuerst diesen Eintrag: " > "Remove-ServicePrincipal -Identity \"{client_id}\"" "."
        - "Registrieren Sie die Anwendung: " > "New-ServicePrincipal -AppId \"{client_id}\" -ObjectId \"{object_id}\" -DisplayName \"m365-probe\"" ". Gemeint ist die Objekt-ID der Unternehmensanwendung (Unternehmensanwendungen > Übersicht)."
        - "Erteilen Sie ihr Vollzugriff auf jedes Postfach: " > "Add-MailboxPermission -Identity \"{mailbox}\" -User \"{object_id}\" -AccessRights FullAccess" ". Vollzugriff zeigt auch Elemente, die als privat gekennzeichnet sind."
        takes "30 bis 120 Minuten";

    MailboxPermissionMissing from MAIL_OAUTH:
        en "Exchange knows the application: it lets it into other mailboxes, or accepts its token here without opening the mailbox. That is how it replies to an application without permission on this mailbox."
        - "See what is granted: " > "Get-MailboxPermission -Identity \"{mailbox}\"" "."
        - "Grant it: " > "Add-MailboxPermission -Identity \"{mailbox}\" -User \"{object_id}\" -AccessRights FullAccess" ". The user is the service principal's id as Get-ServicePrincipal shows it. Full access shows items marked as private, too."
        takes "30 to 120 minutes";
        de "der Anwendung fehlt die Berechtigung für das Postfach"
        "Exchange kennt die Anwendung: Es lässt sie in andere Postfächer, oder es nimmt ihr Token hier an, ohne das Postfach zu öffnen. So antwortet es einer Anwendung, der die Berechtigung für dieses Postfach fehlt."
        - "Sehen Sie nach, was erteilt ist: " > "Get-MailboxPermission -Identity \"{mailbox}\"" "."
        - "Erteilen Sie sie: " > "Add-MailboxPermission -Identity \"{mailbox}\" -User \"{object_id}\" -AccessRights FullAccess" ". Der Benutzer ist die ID des Dienstprinzipals, wie Get-ServicePrincipal sie zeigt. Vollzugriff zeigt auch Elemente, die als privat gekennzeichnet sind."
        takes "30 bis 120 Minuten";

    ProtocolDisabled from MAIL_OAUTH:
        en "Exchange refuses this protocol for this mailbox as it does where the protocol is switched off: another protocol accepts the same token, or the replies are those of a switch."
        - "See the switches: " > "Get-CASMailbox -Identity \"{mailbox}\" | Format-List PopEnabled,ImapEnabled,SmtpClientAuthenticationDisabled" "."
        - "Switch it on: " > "Set-CASMailbox -Identity \"{mailbox}\" {switches}" "."
        - "If it is on, see whether the token contains {permissions}: POP3 and IMAP need their permission even where RBAC for Applications grants the rest."
        takes "30 to 120 minutes";
        de "das Protokoll ist für das Postfach abgeschaltet"
        "Exchange weist dieses Protokoll für dieses Postfach so ab, wie es das bei einem abgeschalteten tut: Ein anderes Protokoll nimmt dasselbe Token an, oder die Antworten sind die eines Schalters."
        - "Prüfen Sie die Schalter: " > "Get-CASMailbox -Identity \"{mailbox}\" | Format-List PopEnabled,ImapEnabled,SmtpClientAuthenticationDisabled" "."
        - "Schalten Sie es ein: " > "Set-CASMailbox -Identity \"{mailbox}\" {switches}" "."
        - "Ist es eingeschaltet, prüfen Sie, ob das Token {permissions} enthält: POP3 und IMAP brauchen ihre Berechtigung auch dort, wo RBAC für Anwendungen das Übrige erlaubt."
        takes "30 bis 120 Minuten";

    AccessRefusedEverywhere from MAIL_OAUTH:
        en "Entra issues the token, but no protocol opens any mailbox with it. A change that has not taken effect everywhere yet looks like this, and so does a policy that keeps the application out."
        - "If something was changed in the last two hours, wait: Exchange caches permissions for that long."
        - "Otherwise check the application's permissions and their admin consent (App registrations > API permissions), its registration (" > "Get-ServicePrincipal | Format-List AppId,ObjectId,DisplayName" ") and its scope (" > "Test-ServicePrincipalAuthorization -Identity \"{client_id}\" -Resource \"{mailbox}\"" ")."
        takes "30 to 120 minutes";
        de "Exchange weist die Anwendung überall ab, obwohl Entra ihr Token ausstellt"
        "Entra stellt das Token aus, aber kein Protokoll öffnet damit irgendein Postfach. So sieht eine Änderung aus, die noch nicht überall angekommen ist, und ebenso eine Richtlinie, die die Anwendung aussperrt."
        - "Wurde in den letzten zwei Stunden etwas geändert, warten Sie: So lange hält Exchange Berechtigungen im Zwischenspeicher."
        - "Andernfalls prüfen Sie die Berechtigungen der Anwendung und deren Administratorzustimmung (App-Registrierungen > API-Berechtigungen), ihre Registrierung (" > "Get-ServicePrincipal | Format-List AppId,ObjectId,DisplayName" ") und ihren Bereich (" > "Test-ServicePrincipalAuthorization -Identity \"{client_id}\" -Resource \"{mailbox}\"" ")."
        takes "30 bis 120 Minuten";

    EwsNotLicensed from EWS_ACCESS:
        en "EWS answers 403 without a reason, while Microsoft Graph reaches the same mailbox. A policy that keeps the application from the mailbox would keep Graph out as well. So the licence most likely does not include EWS, or EWS is switched off and its reply does not say so. Kiosk, F1 and F3 have had no EWS since 2026-06-30."
        - "Check the switches of the tenant and of the mailbox first: " > "Get-OrganizationConfig -RetrieveEwsOperationAccessPolicy | Format-List EwsEnabled,EwsAllowedAppIDs" " and " > "Get-CASMailbox -Identity \"{mailbox}\" | Format-List EwsEnabled" "."
        - "If they are on, assign a licence that includes EWS: Microsoft 365 admin center > Users > Active users > {mailbox} > Licenses and apps. Exchange Online Plan 1 or 2, E3 and E5 have it."
        - "Better than a licence for something that ends on 2027-04-01: use Microsoft Graph, which this licence includes.";
        de "die Lizenz des Postfachs enthält kein EWS"
        "EWS antwortet mit 403 und nennt keinen Grund, während Microsoft Graph dasselbe Postfach erreicht. Eine Richtlinie, die die Anwendung vom Postfach fernhält, würde auch Graph aussperren. Also enthält die Lizenz wahrscheinlich kein EWS, oder EWS ist abgeschaltet, und die Antwort sagt es nicht. Kiosk, F1 und F3 enthalten seit dem 30.06.2026 kein EWS mehr."
        - "Prüfen Sie zuerst die Schalter des Mandanten und des Postfachs: " > "Get-OrganizationConfig -RetrieveEwsOperationAccessPolicy | Format-List EwsEnabled,EwsAllowedAppIDs" " und " > "Get-CASMailbox -Identity \"{mailbox}\" | Format-List EwsEnabled" "."
        - "Sind sie eingeschaltet, weisen Sie eine Lizenz mit EWS zu: Microsoft 365 Admin Center > Benutzer > Aktive Benutzer > {mailbox} > Lizenzen und Apps. Exchange Online Plan 1 oder 2, E3 und E5 enthalten es."
        - "Besser als eine Lizenz für etwas, das am 01.04.2027 endet: Verwenden Sie Microsoft Graph, das diese Lizenz enthält.";

    UserAgentBlocked from EWS_ACCESS:
        en "EWS is blocked by policy, and Graph says that access is disabled for the same mailboxes. The list of allowed applications does not apply to Graph; the tenant's lists of programs by User-Agent apply to both. The User-Agent of this program is `m365-probe/` and its version; your own application may be on the list even where this program is not."
        - "Read the lists: " > "Get-OrganizationConfig -RetrieveEwsOperationAccessPolicy | Format-List EwsApplicationAccessPolicy,EwsAllowList,EwsBlockList" "."
        - "With EnforceAllowList add `m365-probe/*` to EwsAllowList, with EnforceBlockList remove what matches it from EwsBlockList. The cmdlet REPLACES the whole list, so include every entry shown: " > "Set-OrganizationConfig -EwsAllowList \"<EVERY_ENTRY_SHOWN>\",\"m365-probe/*\"" "."
        takes "over 1 hour";
        de "eine Richtlinie sperrt dieses Programm anhand seines User-Agents"
        "EWS ist durch eine Richtlinie gesperrt, und Graph meldet für dieselben Postfächer, dass der Zugriff deaktiviert ist. Die Liste der erlaubten Anwendungen gilt nicht für Graph; die Listen des Mandanten, die Programme nach ihrem User-Agent unterscheiden, gelten für beide. Der User-Agent dieses Programms ist `m365-probe/` mit seiner Version; Ihre eigene Anwendung kann auf der Liste stehen, auch wenn dieses Programm fehlt."
        - "Lesen Sie die Listen: " > "Get-OrganizationConfig -RetrieveEwsOperationAccessPolicy | Format-List EwsApplicationAccessPolicy,EwsAllowList,EwsBlockList" "."
        - "Bei EnforceAllowList fügen Sie `m365-probe/*` zu EwsAllowList hinzu, bei EnforceBlockList entfernen Sie aus EwsBlockList, was darauf passt. Der Befehl ERSETZT die ganze Liste. Geben Sie deshalb alle gezeigten Einträge an: " > "Set-OrganizationConfig -EwsAllowList \"<ALLE_ANGEZEIGTEN_EINTRÄGE>\",\"m365-probe/*\"" "."
        takes "über 1 Stunde";

    PropagationPending from RBAC:
        en "Everything is refused, and something was changed less than two hours ago: the application was registered or given permissions, or access has only just stopped working. Exchange caches permissions and learns of changes late; until then it answers as if they had not been made."
        - "Wait up to two hours after the last change, then look again; every further change starts the wait anew."
        - "The cmdlets see changes at once, so the set-up can be checked now: " > "Get-ServicePrincipal | Format-List AppId,ObjectId,DisplayName" ", " > "Get-MailboxPermission -Identity \"{mailbox}\"" " and " > "Test-ServicePrincipalAuthorization -Identity \"{client_id}\" -Resource \"{mailbox}\"" "."
        takes "30 to 120 minutes";
        de "eine Änderung ist noch nicht überall angekommen"
        "Alles wird abgewiesen, und vor weniger als zwei Stunden wurde etwas geändert: Die Anwendung wurde registriert oder bekam Berechtigungen, oder der Zugriff funktioniert erst seit Kurzem nicht mehr. Exchange hält Berechtigungen im Zwischenspeicher und erfährt spät von Änderungen; bis dahin antwortet es, als gäbe es sie nicht."
        - "Warten Sie nach der letzten Änderung bis zu zwei Stunden, und sehen Sie dann wieder nach; mit jeder weiteren Änderung beginnt das Warten von vorn."
        - "Die Cmdlets sehen Änderungen sofort; die Einrichtung lässt sich also schon jetzt prüfen: " > "Get-ServicePrincipal | Format-List AppId,ObjectId,DisplayName" ", " > "Get-MailboxPermission -Identity \"{mailbox}\"" " und " > "Test-ServicePrincipalAuthorization -Identity \"{client_id}\" -Resource \"{mailbox}\"" "."
        takes "30 bis 120 Minuten";

    FirewallRequiredSetOnly from ENDPOINTS:
        en "Port 443 of Microsoft's hosts is open, and the mail ports do not answer or are rejected. This is what a firewall does that opens only the endpoints that Microsoft's list calls required: 587, 993, 995 and 143 are listed as optional (endpoint set ID 2)."
        - "Open TCP 587, 993 and 995 outbound to the addresses of endpoint set ID 2 (outlook.office365.com and smtp.office365.com), as far as the checks use them."
        - "If rules are generated from Microsoft's list, include the optional sets too.";
        de "die Firewall gibt nur frei, was Microsoft als erforderlich führt"
        "Port 443 der Hosts von Microsoft ist offen, und die Mailports antworten nicht oder werden abgewiesen. So verhält sich eine Firewall, die nur die in der Liste von Microsoft als erforderlich geführten Endpunkte freigibt: 587, 993, 995 und 143 stehen dort als optional (Endpunktgruppe ID 2)."
        - "Geben Sie TCP 587, 993 und 995 ausgehend zu den Adressen der Endpunktgruppe ID 2 frei (outlook.office365.com und smtp.office365.com), soweit die Prüfungen sie nutzen."
        - "Werden die Regeln aus der Liste von Microsoft erzeugt, nehmen Sie auch die optionalen Gruppen auf.";

    ProxyAllowsOnly443 from HTTP:
        en "The proxy connects to port 443 of Microsoft's hosts and refuses the mail ports. Proxies made for the web come like this: squid's default configuration denies CONNECT to any port but 443."
        - "Allow CONNECT to ports 587, 993 and 995 of Microsoft's hosts on the proxy (squid: add them to the acl `SSL_ports`)."
        - "Or open these ports directly in the firewall, and name the hosts in `NO_PROXY`.";
        de "der Proxy verbindet zu Port 443 und zu keinem anderen"
        "Der Proxy verbindet zu Port 443 der Hosts von Microsoft und lehnt die Mailports ab. So werden Proxys für das Web ausgeliefert: squid verweigert von sich aus CONNECT zu jedem Port außer 443."
        - "Erlauben Sie auf dem Proxy CONNECT zu den Ports 587, 993 und 995 der Hosts von Microsoft (squid: in die acl `SSL_ports` aufnehmen)."
        - "Oder geben Sie diese Ports direkt in der Firewall frei, und nennen Sie die Hosts in `NO_PROXY`.";
}
