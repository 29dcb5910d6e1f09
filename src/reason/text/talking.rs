//! The conversation, before anybody is logged in.

super::entries! {
    NoGreeting:
        en "The connection stands, but the server does not greet. Exchange greets at once; a device in between that waits does not."
        - "Look for a mail filter or antivirus proxy between here and {host}:{port}, and exempt this connection.";
        de "verbunden, aber der Server meldet sich nicht"
        "Die Verbindung steht, aber der Server begrüßt nicht. Exchange tut das sofort; ein wartendes Gerät dazwischen nicht."
        - "Suchen Sie zwischen diesem Rechner und {host}:{port} nach einem Mailfilter oder Virenschutz-Proxy, und nehmen Sie diese Verbindung davon aus.";

    GreetingUnexpected:
        en "What answers does not greet in the expected protocol."
        - "Check the host and the port, and see in the evidence who greets."
        - "If the evidence says that the port begins with TLS, write its URL under `clouds` with `pop3s://`, `imaps://` or `smtps://`, or name the port that begins in the clear (110, 143, 587)."
        - "If they are right, look for what stands between here and Microsoft.";
        de "auf diesem Port antwortet etwas anderes"
        "Was antwortet, grüßt nicht im erwarteten Protokoll."
        - "Prüfen Sie Host und Port, und sehen Sie im Beleg nach, wer begrüßt."
        - "Steht im Beleg, dass der Port mit TLS beginnt (begins with TLS), schreiben Sie seine URL unter `clouds` mit `pop3s://`, `imaps://` oder `smtps://`, oder nennen Sie den Port, der im Klartext beginnt (110, 143, 587)."
        - "Stimmen sie, suchen Sie nach dem, was zwischen diesem Rechner und Microsoft steht.";

    GreetingRefused:
        en "The server greeted with a refusal: it takes no connections now, or none from here."
        - "Wait; if it lasts, see the server's words in the evidence."
        - "Check Microsoft 365 admin center > Health > Service health.";
        de "der Server hat die Verbindung schon in der Begrüßung abgewiesen"
        "Der Server hat mit einer Absage begrüßt: Er nimmt zurzeit keine Verbindungen an, oder keine von hier."
        - "Warten Sie; hält es an, sehen Sie im Beleg den Wortlaut des Servers nach."
        - "Prüfen Sie Microsoft 365 Admin Center > Integrität > Dienststatus.";

    ConnectionClosed:
        en "The connection ended before the conversation did. Single cases are harmless."
        - "Wait; if it lasts, look for a filter between here and {host}:{port}."
        - "Look for other clients that keep logging in to the same mailbox: Exchange hangs up on them when there are too many.";
        de "der Server hat die Verbindung vorzeitig beendet"
        "Die Verbindung endete, bevor der Austausch abgeschlossen war. Einzelfälle sind harmlos."
        - "Warten Sie; hält es an, suchen Sie nach einem Filter zwischen diesem Rechner und {host}:{port}."
        - "Suchen Sie nach anderen Clients, die sich ständig am selben Postfach anmelden: Werden es zu viele, beendet Exchange die Verbindungen.";

    ReplyTimedOut:
        en "The server did not answer a command within the time allowed. Exchange delays refusals on purpose, by up to 20 seconds."
        - "Give refusals at least 30 seconds: raise the timeout if it is shorter."
        - "If the evidence holds the beginning of an answer, look for a filter or virus scanner on the way that keeps back the rest."
        - "If it lasts, check Microsoft 365 admin center > Health > Service health.";
        de "der Server hat nicht rechtzeitig geantwortet"
        "Der Server hat einen Befehl nicht in der erlaubten Zeit beantwortet. Exchange verzögert Absagen absichtlich, um bis zu 20 Sekunden."
        - "Lassen Sie für Absagen mindestens 30 Sekunden Zeit: Erhöhen Sie das Zeitlimit, falls es kürzer ist."
        - "Enthält der Beleg den Anfang einer Antwort, suchen Sie auf dem Weg nach einem Filter oder Virenscanner, der den Rest zurückhält."
        - "Hält es an, prüfen Sie Microsoft 365 Admin Center > Integrität > Dienststatus.";

    ReplyMalformed:
        en "The reply does not follow the protocol. Something rewrites or garbles the conversation, or the peer is not Exchange."
        - "See the evidence for what was received, and look for mail or web inspection between here and {host}:{port}.";
        de "die Antwort war nicht lesbar"
        "Die Antwort entspricht nicht dem Protokoll. Etwas verändert oder verstümmelt das Gespräch, oder die Gegenseite ist nicht Exchange."
        - "Sehen Sie im Beleg nach, was empfangen wurde, und suchen Sie nach einer Mail- oder Webprüfung zwischen diesem Rechner und {host}:{port}.";

    ReplyTooLong:
        en "The reply grew beyond any size that Exchange sends and was cut off."
        - "See the evidence for its beginning: this is not Exchange answering. Find out what does.";
        de "die Antwort übersteigt jede glaubwürdige Größe"
        "Die Antwort wurde größer als alles, was Exchange sendet, und wurde abgebrochen."
        - "Sehen Sie im Beleg ihren Anfang: Hier antwortet nicht Exchange. Stellen Sie fest, wer es ist.";

    StarttlsNotOffered from STARTTLS:
        en "The server's list of extensions lacks STARTTLS. Exchange Online always offers it on port 587; mail inspection on firewalls hides it."
        - "Switch off mail inspection (SMTP or ESMTP inspection) on the firewall for {host}:{port}."
        - "See the evidence: replaced words such as XXXXXXXA in the list are the mark of such a device.";
        de "der Server bietet kein STARTTLS an"
        "In der Liste der Erweiterungen fehlt STARTTLS. Exchange Online bietet es auf Port 587 immer an; die Mailprüfung mancher Firewalls verbirgt es."
        - "Schalten Sie auf der Firewall die Mailprüfung (SMTP- oder ESMTP-Inspection) für {host}:{port} aus."
        - "Sehen Sie den Beleg an: Ersetzte Wörter wie XXXXXXXA in der Liste verraten ein solches Gerät.";

    StarttlsRefused from STARTTLS:
        en "The server offered STARTTLS and then refused it."
        - "See the server's words in the evidence."
        - "Switch off mail inspection on the firewall for {host}:{port}.";
        de "der Server hat STARTTLS abgelehnt"
        "Der Server hat STARTTLS angeboten und dann abgelehnt."
        - "Sehen Sie im Beleg den Wortlaut des Servers nach."
        - "Schalten Sie auf der Firewall die Mailprüfung für {host}:{port} aus.";

    StarttlsInjection from STARTTLS:
        en "Bytes arrived behind the answer to STARTTLS, before encryption began. A faithful server sends none; the probe broke off before any credential was sent."
        - "Find the device on the way to {host}:{port} that tampers with the connection, and treat it as a security incident until it is known.";
        de "vor Beginn von TLS wurden Bytes eingeschleust"
        "Hinter der Antwort auf STARTTLS kamen Bytes an, bevor die Verschlüsselung begann. Ein korrekter Server sendet keine; die Prüfung hat abgebrochen, bevor Anmeldeinformationen gesendet wurden."
        - "Ermitteln Sie das Gerät auf dem Weg zu {host}:{port}, das die Verbindung manipuliert, und behandeln Sie dies bis zur Klärung als Sicherheitsvorfall.";

    HttpNotMicrosoft from ENDPOINTS:
        en "The answer bears none of the marks of Microsoft's servers: a web filter, captive portal or proxy spoke in their place."
        - "Exempt {host} from the web filter, captive portal or proxy that answered; the evidence shows its words."
        - "If the evidence shows 407 or 511, what answered wants a login first: set `network.proxy` with `network.proxy_user`, or exempt this machine from the login.";
        de "unterwegs hat etwas anstelle von Microsoft geantwortet"
        "Die Antwort trägt keines der Merkmale der Server von Microsoft: Ein Webfilter, Anmeldeportal oder Proxy hat an ihrer Stelle geantwortet."
        - "Nehmen Sie {host} von dem Webfilter, Anmeldeportal oder Proxy aus, der geantwortet hat; der Beleg zeigt den Wortlaut."
        - "Zeigt der Beleg 407 oder 511, verlangt der Antwortende zuerst eine Anmeldung: Setzen Sie `network.proxy` mit `network.proxy_user`, oder nehmen Sie diesen Rechner von der Anmeldung aus.";

    HttpRedirected from HTTP:
        en "The server, or a proxy on the way, answered with a redirection. It was not followed, so that no credential reaches another host."
        - "Check the URL, and proxies and portals on the way; the evidence shows where the redirection leads.";
        de "die Anfrage wurde umgeleitet"
        "Der Server oder ein Proxy auf dem Weg hat mit einer Umleitung geantwortet. Ihr wurde nicht gefolgt, damit keine Anmeldeinformationen an einen anderen Host gelangen."
        - "Prüfen Sie die URL sowie Proxys und Portale auf dem Weg; der Beleg zeigt, wohin die Umleitung führt.";
}
