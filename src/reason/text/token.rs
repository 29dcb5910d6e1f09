//! The token: what was asked for, and what came back.

super::entries! {
    ScopeInvalid from CLIENT_CREDENTIALS:
        en "The scope is not one that an application may request (AADSTS1002012, AADSTS70011). It must name one resource and end in /.default."
        - "Leave `scope` out, or end it with /.default; for mail it is https://outlook.office365.com/.default.";
        de "der Bereich (scope) ist ungültig"
        "Der Bereich ist keiner, den eine Anwendung anfordern darf (AADSTS1002012, AADSTS70011). Er muss genau eine Ressource nennen und auf /.default enden."
        - "Lassen Sie `scope` weg, oder lassen Sie ihn auf /.default enden; für Mail lautet er https://outlook.office365.com/.default.";

    ResourceNotFound from ERROR_CODES:
        en "The tenant has no service with the name in the scope (AADSTS500011). Either the scope is wrong, or the tenant never had an Exchange Online licence."
        - "Check `scope`: for mail leave it out or set https://outlook.office365.com/.default, without a path such as /ews."
        - "Check that the tenant has an Exchange Online licence: Microsoft 365 admin center > Billing > Your products.";
        de "der Mandant kennt die angeforderte Ressource nicht"
        "Der Mandant hat keinen Dienst mit dem Namen aus dem Bereich (AADSTS500011). Entweder stimmt der Bereich nicht, oder der Mandant hatte nie eine Exchange Online-Lizenz."
        - "Prüfen Sie `scope`: Für Mail lassen Sie ihn weg oder setzen https://outlook.office365.com/.default, ohne Pfad wie /ews."
        - "Prüfen Sie, ob der Mandant eine Exchange Online-Lizenz hat: Microsoft 365 Admin Center > Abrechnung > Ihre Produkte.";

    ResourceDisabled from ERROR_CODES:
        en "Exchange Online is known in the tenant, but switched off: the subscription has lapsed, or an administrator disabled its enterprise application (AADSTS500014)."
        - "Check the subscription: Microsoft 365 admin center > Billing > Your products."
        - "Microsoft Entra admin center > Enterprise applications > filter Application type: Microsoft Applications > `Office 365 Exchange Online` > Properties: sign-in must be enabled.";
        de "Exchange Online ist in diesem Mandanten deaktiviert oder abgelaufen"
        "Exchange Online ist im Mandanten bekannt, aber abgeschaltet: Das Abonnement ist abgelaufen, oder die Unternehmensanwendung wurde von einem Administrator deaktiviert (AADSTS500014)."
        - "Prüfen Sie das Abonnement: Microsoft 365 Admin Center > Abrechnung > Ihre Produkte."
        - "Microsoft Entra Admin Center > Unternehmensanwendungen > Filter Anwendungstyp: Microsoft-Anwendungen > `Office 365 Exchange Online` > Eigenschaften: Die Anmeldung muss aktiviert sein.";

    ApplicationNotAssigned from ERROR_CODES:
        en "Entra issues no token for the service in the scope: in this tenant that service demands that applications be assigned to one of its roles, and application {client_id} is assigned to none (AADSTS50105, AADSTS501051). Exchange Online does not demand it by itself: an administrator has set it, or the scope names another service."
        - "Check `scope`: for mail leave it out, or set it to https://outlook.office365.com/.default."
        - "Assign the application to a role, which an application permission with consent does: Microsoft Entra admin center > App registrations > application {client_id} > API permissions > Add a permission > APIs my organization uses > the service > Application permissions; then Grant admin consent."
        - "Or lift the demand: Enterprise applications > filter Application type: Microsoft Applications > the service > Properties: set `Assignment required?` to No.";
        de "die Ressource verlangt eine Zuweisung, die der Anwendung fehlt"
        "Entra stellt für den Dienst aus dem Bereich kein Token aus: Der Dienst verlangt in diesem Mandanten, dass Anwendungen einer seiner Rollen zugewiesen sind, und die Anwendung {client_id} ist keiner zugewiesen (AADSTS50105, AADSTS501051). Exchange Online verlangt das nicht von sich aus: Ein Administrator hat es so eingestellt, oder der Bereich nennt einen anderen Dienst."
        - "Prüfen Sie `scope`: Für Mail lassen Sie ihn weg oder setzen ihn auf https://outlook.office365.com/.default."
        - "Weisen Sie die Anwendung einer Rolle zu; das geschieht mit einer Anwendungsberechtigung und der Zustimmung dazu: Microsoft Entra Admin Center > App-Registrierungen > Anwendung {client_id} > API-Berechtigungen > Berechtigung hinzufügen > Von meiner Organisation verwendete APIs > der Dienst > Anwendungsberechtigungen; danach Administratorzustimmung erteilen."
        - "Oder heben Sie die Bedingung auf: Unternehmensanwendungen > Filter Anwendungstyp: Microsoft-Anwendungen > der Dienst > Eigenschaften: Setzen Sie `Zuweisung erforderlich?` auf Nein.";

    TokenThrottled from ERROR_CODES:
        en "Entra rejected the request because there were too many (HTTP 429, AADSTS50196, AADSTS90055). Credential and permissions were not judged."
        - "Wait; this program obeys Retry-After."
        - "Look for other programs that use application {client_id} and ask for a new token each time instead of keeping it until it expires.";
        de "zu viele Tokenanforderungen"
        "Entra hat die Anforderung abgewiesen, weil zu viele kamen (HTTP 429, AADSTS50196, AADSTS90055). Über Anmeldeinformationen und Berechtigungen wurde nicht entschieden."
        - "Warten Sie; dieses Programm hält sich an Retry-After."
        - "Suchen Sie nach anderen Programmen, die die Anwendung {client_id} verwenden und jedes Mal ein neues Token anfordern, statt es bis zum Ablauf zu behalten.";

    TokenServiceUnavailable from ERROR_CODES:
        en "The token service answered that it is out of order itself (HTTP 5xx, temporarily_unavailable). As far as can be seen, nothing is wrong on your side."
        - "Wait, and check Microsoft 365 admin center > Health > Service health.";
        de "der Tokendienst ist gestört"
        "Der Tokendienst hat geantwortet, dass er selbst gestört ist (HTTP 5xx, temporarily_unavailable). Auf Ihrer Seite ist, soweit erkennbar, nichts falsch."
        - "Warten Sie, und prüfen Sie Microsoft 365 Admin Center > Integrität > Dienststatus.";

    TokenRequestMalformed from ERROR_CODES:
        en "Entra found the token request malformed (AADSTS9002313, AADSTS900144). This program sends valid ones, so something changed it on the way, or this program has a bug."
        - "Look for a proxy that changes requests to login.microsoftonline.com."
        - "If there is none, report it with the evidence.";
        de "Entra konnte die Tokenanforderung nicht lesen"
        "Entra hält die Tokenanforderung für fehlerhaft (AADSTS9002313, AADSTS900144). Dieses Programm sendet gültige; also hat etwas sie unterwegs verändert, oder das Programm hat einen Fehler."
        - "Suchen Sie nach einem Proxy, der Anfragen an login.microsoftonline.com verändert."
        - "Gibt es keinen, melden Sie den Fehler zusammen mit dem Beleg.";

    TokenRefused from ERROR_CODES:
        en "Entra refused the token with a number that is not in this catalogue. Microsoft's own sentence says what it means, and so who must act: \"{sentence}\"."
        - "Look up the AADSTS number of the evidence at https://login.microsoftonline.com/error.";
        de "Entra hat das Token aus einem Grund verweigert, der nicht im Katalog steht"
        "Entra hat das Token mit einer Nummer verweigert, die dieser Katalog nicht enthält. Was sie bedeutet, und damit auch, wer handeln muss, sagt der Satz von Microsoft: „{sentence}“."
        - "Schlagen Sie die AADSTS-Nummer aus dem Beleg unter https://login.microsoftonline.com/error nach.";

    TokenReplyMalformed:
        en "The reply of the token endpoint is neither a token nor an error in the documented form."
        - "See the evidence: something on the way, such as a web filter or proxy, may have answered for login.microsoftonline.com.";
        de "die Antwort des Tokenendpunkts war nicht lesbar"
        "Die Antwort des Tokenendpunkts ist weder ein Token noch ein Fehler in der dokumentierten Form."
        - "Sehen Sie den Beleg an: Unterwegs kann etwas, etwa ein Webfilter oder Proxy, anstelle von login.microsoftonline.com geantwortet haben.";

    TokenRoleMissing from MAIL_OAUTH:
        en "Entra issued a token, but it lacks an application permission that is needed here: {permissions}. The permission was not added, was added as a delegated permission, or lacks admin consent. With RBAC for Applications, which exists for SMTP, EWS and Graph, it is absent on purpose."
        - "Microsoft Entra admin center > App registrations > application {client_id} > API permissions > Add a permission > APIs my organization uses > {api} > Application permissions: add {permissions}. full_access_as_app is added in the Manifest."
        - "On the same page: Grant admin consent."
        takes "the next token is issued; a token is valid for 60 to 90 minutes";
        de "dem Token fehlt die Berechtigung, die dieses Protokoll braucht"
        "Entra hat ein Token ausgestellt, aber ihm fehlt eine hier benötigte Anwendungsberechtigung: {permissions}. Die Berechtigung wurde nicht hinzugefügt, nur als delegierte Berechtigung hinzugefügt, oder es fehlt die Administratorzustimmung. Mit RBAC für Anwendungen, das es für SMTP, EWS und Graph gibt, fehlt sie mit Absicht."
        - "Microsoft Entra Admin Center > App-Registrierungen > Anwendung {client_id} > API-Berechtigungen > Berechtigung hinzufügen > Von meiner Organisation verwendete APIs > {api} > Anwendungsberechtigungen: Fügen Sie {permissions} hinzu. full_access_as_app wird im Manifest eingetragen."
        - "Auf derselben Seite: Administratorzustimmung erteilen."
        takes "Ausstellung des nächsten Tokens; ein Token gilt 60 bis 90 Minuten";

    TokenWrongAudience from CLAIMS:
        en "The token was issued for another service than the one it was presented to, for example for Graph instead of Exchange."
        - "Leave `scope` out, or set it to https://outlook.office365.com/.default for POP3, IMAP, SMTP and EWS.";
        de "das Token gilt für eine andere Ressource"
        "Das Token wurde für einen anderen Dienst ausgestellt als den, dem es vorgelegt wurde, zum Beispiel für Graph statt für Exchange."
        - "Lassen Sie `scope` weg, oder setzen Sie ihn für POP3, IMAP, SMTP und EWS auf https://outlook.office365.com/.default.";

    TokenWrongTenant from CLAIMS:
        en "Exchange and Graph do not know the tenant of the token: it is another than the mailbox's, or it has no Exchange Online, because it never had a licence or because the subscription has ended."
        - "Check `tenant_id`: it must be the tenant of the mailbox, not the one in which the application was registered. Microsoft Entra admin center > Overview shows the tenant's id and its domains."
        - "If it is right, check the tenant's Exchange Online licence: Microsoft 365 admin center > Billing > Your products.";
        de "Exchange kennt den Mandanten des Tokens nicht"
        "Exchange und Graph kennen den Mandanten des Tokens nicht: Es ist ein anderer als der des Postfachs, oder er hat kein Exchange Online, weil er nie eine Lizenz hatte oder das Abonnement beendet ist."
        - "Prüfen Sie `tenant_id`: Es muss der Mandant sein, in dem das Postfach liegt, nicht der, in dem die Anwendung registriert wurde. Microsoft Entra Admin Center > Übersicht zeigt die ID des Mandanten und seine Domänen."
        - "Stimmt sie, prüfen Sie die Exchange Online-Lizenz des Mandanten: Microsoft 365 Admin Center > Abrechnung > Ihre Produkte.";

    TokenExpired from CLAIMS:
        en "The server considers the token expired, while this program considers it valid. The clocks disagree."
        - "Check this machine's clock and its time synchronisation (NTP).";
        de "das Token wurde als abgelaufen abgelehnt"
        "Der Server hält das Token für abgelaufen, dieses Programm hält es für gültig. Die Uhren gehen verschieden."
        - "Prüfen Sie die Uhr dieses Rechners und seine Zeitsynchronisation (NTP).";

    TokenInvalid from CLAIMS:
        en "The server could not parse the token or verify its signature: it was truncated or changed on the way, or comes from another cloud."
        - "Check `cloud` and `scope`."
        - "Look for a proxy on the way to {host} that truncates or changes long headers.";
        de "der Server konnte das Token nicht lesen oder nicht überprüfen"
        "Der Server konnte das Token nicht lesen oder seine Signatur nicht bestätigen: Es wurde unterwegs gekürzt oder verändert, oder es stammt aus einer anderen Cloud."
        - "Prüfen Sie `cloud` und `scope`."
        - "Suchen Sie nach einem Proxy, der auf dem Weg zu {host} lange Kopfzeilen kürzt oder verändert.";
}
