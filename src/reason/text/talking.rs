//! The conversation, before anybody is logged in.

super::entries! {
    NoGreeting:
        en "The connection is established, but the server sends no greeting. Exchange greets at once; a device on the way may hold the greeting back."
        - "Look for a mail filter or antivirus proxy between here and {host}:{port}, and exempt this connection.";
        de "verbunden, aber der Server meldet sich nicht"
        "Die Verbindung steht, aber der Server sendet keine Begrüßung. Exchange tut das sofort; ein Gerät auf dem Weg hält sie womöglich zurück."
        - "Suchen Sie zwischen diesem Rechner und {host}:{port} nach einem Mailfilter oder Virenschutz-Proxy, und nehmen Sie diese Verbindung davon aus.";

    GreetingUnexpected:
        en "The greeting is not one of the expected protocol."
        - "Check the host and the port, and see the greeting in the evidence."
        - "If the evidence says that the port begins with TLS, write its URL under `clouds` with `pop3s://`, `imaps://` or `smtps://`, or use the port that begins in clear text (110, 143, 587)."
        - "If they are right, look for a device between here and Microsoft.";
        de "auf diesem Port antwortet etwas anderes"
        "Die Begrüßung ist keine des erwarteten Protokolls."
        - "Prüfen Sie Host und Port, und sehen Sie im Beleg die Begrüßung nach."
        - "Steht im Beleg, dass der Port mit TLS beginnt (begins with TLS), schreiben Sie seine URL unter `clouds` mit `pop3s://`, `imaps://` oder `smtps://`, oder nennen Sie den Port, der im Klartext beginnt (110, 143, 587)."
        - "Stimmen sie, suchen Sie nach einem Gerät zwischen diesem Rechner und Microsoft.";

    GreetingRefused:
        en "The server greeted with a refusal: it accepts no connections at the moment, or none from here."
        - "Wait; if it lasts, see the server's reply in the evidence."
        - "Check Microsoft 365 admin center > Health > Service health.";
        de "der Server hat die Verbindung schon in der Begrüßung abgewiesen"
        "Der Server hat mit einer Ablehnung begrüßt: Er nimmt zurzeit keine Verbindungen an, oder keine von hier."
        - "Warten Sie; hält es an, sehen Sie im Beleg die Antwort des Servers nach."
        - "Prüfen Sie Microsoft 365 Admin Center > Integrität > Dienststatus.";

    ConnectionClosed:
        en "The connection ended before the conversation did. Single cases are harmless."
        - "Wait; if it lasts, look for a filter between here and {host}:{port}."
        - "Look for other clients that keep logging in to the same mailbox: Exchange closes their connections when there are too many.";
        de "der Server hat die Verbindung vorzeitig beendet"
        "Die Verbindung endete, bevor der Austausch abgeschlossen war. Einzelfälle sind harmlos."
        - "Warten Sie; hält es an, suchen Sie nach einem Filter zwischen diesem Rechner und {host}:{port}."
        - "Suchen Sie nach anderen Clients, die sich ständig am selben Postfach anmelden: Werden es zu viele, beendet Exchange die Verbindungen.";

    ReplyTimedOut:
        en "The server did not answer a command within the time allowed. Exchange delays refusals on purpose, by up to 20 seconds."
        - "Allow at least 30 seconds for refusals: raise `timeout` if it is shorter."
        - "If the evidence shows the beginning of a reply, look for a filter or virus scanner on the way that holds back the rest."
        - "If it lasts, check Microsoft 365 admin center > Health > Service health.";
        de "der Server hat nicht rechtzeitig geantwortet"
        "Der Server hat einen Befehl nicht in der erlaubten Zeit beantwortet. Exchange verzögert Ablehnungen absichtlich, um bis zu 20 Sekunden."
        - "Lassen Sie für Ablehnungen mindestens 30 Sekunden Zeit: Erhöhen Sie das Zeitlimit, falls es kürzer ist."
        - "Enthält der Beleg den Anfang einer Antwort, suchen Sie auf dem Weg nach einem Filter oder Virenscanner, der den Rest zurückhält."
        - "Hält es an, prüfen Sie Microsoft 365 Admin Center > Integrität > Dienststatus.";

    DataNotDelivered from TCP:
        en "The connection to {host}:{port} was established, but data is lost on it, however often it is sent again. The evidence has the kernel's figures and says in which direction: either the other end does not acknowledge what this machine sends, and the server has not seen the request; or later parts of its reply have arrived here and earlier ones have not. Either full-sized packets are lost on the way, because a VPN, a tunnel or PPPoE takes smaller ones only and the ICMP messages that say so are filtered; or a NAT or a firewall drops packets of the connection."
        - "Look for the largest packet that gets through: `tracepath -n {host}` shows where the way becomes narrower, and `ip link` the MTU of this machine."
        - "If the way takes smaller packets than this machine sends, lower the MTU of this machine's interface, or have the router or VPN gateway clamp the MSS of TCP; and let ICMP `fragmentation needed` and ICMPv6 `packet too big` through."
        - "If only connections that were quiet for a while are concerned, raise the time-out of the NAT or firewall for established TCP connections.";
        de "auf dem Weg zum Server oder zurück gehen Daten verloren"
        "Die Verbindung zu {host}:{port} kam zustande, aber auf ihr gehen Daten verloren, so oft sie auch wiederholt werden. Der Beleg nennt die Zahlen des Kernels und sagt, in welcher Richtung: Entweder bestätigt das andere Ende nicht, was dieser Rechner sendet, und den Server hat die Anfrage nicht erreicht; oder spätere Teile seiner Antwort sind hier angekommen und frühere nicht. Entweder gehen Pakete voller Größe auf dem Weg verloren, weil ein VPN, ein Tunnel oder PPPoE nur kleinere zulässt und die ICMP-Meldungen darüber gefiltert werden; oder ein NAT oder eine Firewall verwirft Pakete der Verbindung."
        - "Suchen Sie das größte Paket, das durchkommt: `tracepath -n {host}` zeigt, wo der Weg enger wird, und `ip link` die MTU dieses Rechners."
        - "Lässt der Weg nur kleinere Pakete zu, als dieser Rechner sendet, verringern Sie die MTU seiner Schnittstelle, oder lassen Sie den Router oder das VPN-Gateway die MSS von TCP begrenzen (MSS clamping); geben Sie außerdem ICMP `fragmentation needed` und ICMPv6 `packet too big` frei."
        - "Sind nur Verbindungen betroffen, auf denen eine Weile nichts gesendet wurde, erhöhen Sie auf dem NAT oder der Firewall die Haltezeit für bestehende TCP-Verbindungen.";

    ReplyMalformed:
        en "The reply does not follow the protocol. Something on the way changes the conversation, or the peer is not Exchange."
        - "See the evidence for what was received, and look for mail or web inspection between here and {host}:{port}.";
        de "die Antwort war nicht lesbar"
        "Die Antwort entspricht nicht dem Protokoll. Etwas auf dem Weg verändert den Austausch, oder die Gegenstelle ist nicht Exchange."
        - "Sehen Sie im Beleg nach, was empfangen wurde, und suchen Sie nach einer Mail- oder Webprüfung zwischen diesem Rechner und {host}:{port}.";

    ReplyTooLong:
        en "The reply was longer than any that Exchange sends, and reading it was stopped."
        - "See its beginning in the evidence: this is not Exchange answering. Find out what is.";
        de "die Antwort ist länger als alles, was Exchange sendet"
        "Die Antwort war länger als alles, was Exchange sendet; das Lesen wurde abgebrochen."
        - "Sehen Sie im Beleg ihren Anfang nach: Hier antwortet nicht Exchange. Stellen Sie fest, was antwortet.";

    StarttlsNotOffered from STARTTLS:
        en "The server's list of extensions lacks STARTTLS. Exchange Online always offers it on port 587; mail inspection on firewalls hides it."
        - "Switch off mail inspection (SMTP or ESMTP inspection) on the firewall for {host}:{port}."
        - "See the evidence: overwritten words such as XXXXXXXA in the list are a sign of such a device.";
        de "der Server bietet kein STARTTLS an"
        "In der Liste der Erweiterungen fehlt STARTTLS. Exchange Online bietet es auf Port 587 immer an; die Mailprüfung mancher Firewalls verbirgt es."
        - "Schalten Sie auf der Firewall die Mailprüfung (SMTP- oder ESMTP-Inspection) für {host}:{port} aus."
        - "Sehen Sie den Beleg an: Ersetzte Wörter wie XXXXXXXA in der Liste verraten ein solches Gerät.";

    StarttlsRefused from STARTTLS:
        en "The server offered STARTTLS and then refused it."
        - "See the server's reply in the evidence."
        - "Switch off mail inspection on the firewall for {host}:{port}.";
        de "der Server hat STARTTLS abgelehnt"
        "Der Server hat STARTTLS angeboten und dann abgelehnt."
        - "Sehen Sie im Beleg die Antwort des Servers nach."
        - "Schalten Sie auf der Firewall die Mailprüfung für {host}:{port} aus.";

    StarttlsInjection from STARTTLS:
        en "Bytes arrived after the reply to STARTTLS and before encryption began. A correct server sends none; the check stopped before any credential was sent."
        - "Find the device on the way to {host}:{port} that tampers with the connection, and treat this as a security incident until the cause is known.";
        de "vor Beginn von TLS wurden Bytes eingeschleust"
        "Hinter der Antwort auf STARTTLS kamen Bytes an, bevor die Verschlüsselung begann. Ein korrekter Server sendet keine; die Prüfung hat abgebrochen, bevor Anmeldeinformationen gesendet wurden."
        - "Ermitteln Sie das Gerät auf dem Weg zu {host}:{port}, das die Verbindung manipuliert, und behandeln Sie dies bis zur Klärung als Sicherheitsvorfall.";

    HttpNotMicrosoft from ENDPOINTS:
        en "The reply has none of the characteristics of Microsoft's servers: a web filter, captive portal or proxy replied in their place."
        - "Exempt {host} from the web filter, captive portal or proxy that replied; the evidence shows its reply."
        - "If the evidence shows 407 or 511, the device that replied requires a login first: set `network.proxy` with `network.proxy_user`, or exempt this machine from the login.";
        de "unterwegs hat etwas anstelle von Microsoft geantwortet"
        "Die Antwort trägt keines der Merkmale der Server von Microsoft: Ein Webfilter, Anmeldeportal oder Proxy hat an ihrer Stelle geantwortet."
        - "Nehmen Sie {host} von dem Webfilter, Anmeldeportal oder Proxy aus, der geantwortet hat; der Beleg zeigt die Antwort."
        - "Zeigt der Beleg 407 oder 511, verlangt der Antwortende zuerst eine Anmeldung: Setzen Sie `network.proxy` mit `network.proxy_user`, oder nehmen Sie diesen Rechner von der Anmeldung aus.";

    HttpRedirected from HTTP:
        en "The server, or a proxy on the way, answered with a redirect. It was not followed, so that no credential reaches another host."
        - "Check the URL, and proxies and portals on the way; the evidence shows where the redirect leads.";
        de "die Anfrage wurde umgeleitet"
        "Der Server oder ein Proxy auf dem Weg hat mit einer Umleitung geantwortet. Ihr wurde nicht gefolgt, damit keine Anmeldeinformationen an einen anderen Host gelangen."
        - "Prüfen Sie die URL sowie Proxys und Portale auf dem Weg; der Beleg zeigt, wohin die Umleitung führt.";
}
