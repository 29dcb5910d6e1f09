//! Connecting to a host or through a proxy.

super::entries! {
    ConnectRefused from ENDPOINTS:
        en "The attempt to connect to {host}:{port} was rejected at once. Microsoft's servers listen on these ports, so a firewall on the way is the likely cause."
        - "Open TCP port {port} to {host} outbound in the firewall."
        - "Check that host and port in the configuration are right.";
        de "die Verbindung wurde abgelehnt"
        "Der Verbindungsversuch zu {host}:{port} wurde sofort abgewiesen. Die Server von Microsoft sind auf ihren Ports erreichbar; wahrscheinliche Ursache ist eine Firewall auf dem Weg."
        - "Geben Sie TCP-Port {port} zu {host} in der Firewall ausgehend frei."
        - "Prüfen Sie, ob Host und Port in der Konfiguration stimmen.";

    ConnectReset from TCP:
        en "The connection to {host}:{port} was reset while it was being established."
        - "Check firewalls, intrusion prevention and web filters on the way to {host}:{port} for a rule that resets connections.";
        de "die Verbindung wurde zurückgesetzt"
        "Die Verbindung zu {host}:{port} wurde schon beim Aufbau abgebrochen."
        - "Prüfen Sie Firewalls, Angriffserkennung und Webfilter auf dem Weg zu {host}:{port} auf eine Regel, die Verbindungen zurücksetzt.";

    ConnectTimedOut from ENDPOINTS:
        en "Packets to {host}:{port} get no answer, as when a firewall drops them. Microsoft lists 587, 993, 995 and 143 as optional endpoints (ID 2): firewalls that open only the required sets let 443 pass and block these."
        - "Open TCP port {port} to {host} outbound in the firewall; allow endpoint set ID 2 of Microsoft's list as well."
        - "If other ports of the same host answer, a rule for this port is the cause; if none answers, check the route and the proxy.";
        de "der Verbindungsversuch blieb ohne Antwort"
        "Pakete zu {host}:{port} bleiben ohne Antwort, wie bei einer Firewall, die sie verwirft. Microsoft führt 587, 993, 995 und 143 als optionale Endpunkte (ID 2): Firewalls, die nur die erforderlichen freigeben, lassen 443 durch und sperren diese."
        - "Geben Sie TCP-Port {port} zu {host} in der Firewall ausgehend frei; übernehmen Sie dazu auch die Endpunktgruppe ID 2 aus der Liste von Microsoft."
        - "Antworten andere Ports desselben Hosts, liegt es an der Regel für diesen Port; antwortet keiner, prüfen Sie die Route und den Proxy.";

    ConnectUnreachable from ICMP:
        en "This machine or a router on the way has no route to the address."
        - "Check this machine's routes and default gateway, for IPv4 and IPv6 separately."
        - "If this network has no IPv6, check why this machine is configured to use it.";
        de "es gibt keine Route zur Adresse"
        "Dieser Rechner oder ein Router auf dem Weg hat keine Route zur Adresse."
        - "Prüfen Sie die Routen und das Standardgateway dieses Rechners, für IPv4 und IPv6 getrennt."
        - "Hat dieses Netz kein IPv6, prüfen Sie, warum dieser Rechner es verwendet.";

    ConnectProhibited from ICMP:
        en "A router or firewall answered that the connection is administratively prohibited: a rule blocks it."
        - "Open TCP port {port} to {host} outbound in the firewall.";
        de "eine Firewall meldet, dass die Verbindung administrativ untersagt ist"
        "Ein Router oder eine Firewall hat geantwortet, dass die Verbindung administrativ untersagt ist. Eine Regel sperrt sie."
        - "Geben Sie TCP-Port {port} zu {host} in der Firewall ausgehend frei.";

    ConnectFailed:
        en "The operating system could not establish the connection, for a reason that is not in the catalogue."
        - "See the operating system's message in the evidence, and check the local firewall of this machine.";
        de "die Verbindung kam nicht zustande"
        "Das Betriebssystem konnte die Verbindung nicht aufbauen, aus einem Grund, der nicht im Katalog steht."
        - "Sehen Sie im Beleg die Meldung des Betriebssystems nach, und prüfen Sie die lokale Firewall dieses Rechners.";

    Ipv4Unreachable from ICMP:
        en "There are addresses of both families for {host}. IPv6 addresses answer, but no IPv4 address does: every connection that tries IPv4 first has to time out before it falls back to IPv6."
        - "Check this machine's IPv4 route and default gateway, and the firewall's rules for IPv4."
        - "See in the details which addresses failed and how.";
        de "ein Host antwortet über IPv6, aber auf keiner seiner IPv4-Adressen"
        "Für {host} gibt es Adressen beider Familien. IPv6-Adressen antworten, aber keine IPv4-Adresse: Jede Verbindung, die es zuerst mit IPv4 versucht, wartet vergeblich, bevor sie auf IPv6 ausweicht."
        - "Prüfen Sie IPv4-Route und Standardgateway dieses Rechners sowie die Regeln der Firewall für IPv4."
        - "Sehen Sie in den Einzelheiten nach, bei welchen Adressen der Versuch woran scheiterte.";

    Ipv6Unreachable from ICMP:
        en "There are addresses of both families for {host}. IPv4 addresses answer, but no IPv6 address does, although this machine has a route for IPv6: every connection that tries IPv6 first has to time out before it falls back to IPv4."
        - "Check this machine's IPv6 route and default gateway, and the firewall's rules for IPv6."
        - "If this network has no IPv6, remove the IPv6 address and route from this machine."
        - "See in the details which addresses failed and how.";
        de "ein Host antwortet über IPv4, aber auf keiner seiner IPv6-Adressen"
        "Für {host} gibt es Adressen beider Familien. IPv4-Adressen antworten, aber keine IPv6-Adresse, obwohl dieser Rechner eine Route für IPv6 hat: Jede Verbindung, die es zuerst mit IPv6 versucht, wartet vergeblich, bevor sie auf IPv4 ausweicht."
        - "Prüfen Sie IPv6-Route und Standardgateway dieses Rechners sowie die Regeln der Firewall für IPv6."
        - "Hat dieses Netz kein IPv6, entfernen Sie IPv6-Adresse und IPv6-Route von diesem Rechner."
        - "Sehen Sie in den Einzelheiten nach, bei welchen Adressen der Versuch woran scheiterte.";

    SomeAddressesUnreachable from ENDPOINTS:
        en "Some addresses of {host} answer and others do not. Which of them a connection uses is left to chance, so access works only some of the time."
        - "See in the details which addresses failed and how."
        - "Open the port to all of Microsoft's published ranges: the addresses in use change without notice.";
        de "einige Adressen eines Hosts antworten nicht, andere schon"
        "Einige Adressen von {host} antworten, andere nicht. Welche davon eine Verbindung verwendet, ist Zufall; der Zugriff gelingt deshalb nur zeitweise."
        - "Sehen Sie in den Einzelheiten nach, bei welchen Adressen der Versuch woran scheiterte."
        - "Geben Sie den Port zu allen von Microsoft veröffentlichten Bereichen frei: Einzelne Adressen wechseln darin ohne Ankündigung.";

    ProxyUnreachable:
        en "The proxy itself could not be reached, so nothing is known about Microsoft."
        - "Check the host and port in `network.proxy`, or in `HTTPS_PROXY`, for typing mistakes, and check that the proxy is running; the evidence shows which proxy was tried."
        - "If the code in the evidence begins with `dns_`, the proxy's name has no address here: query this machine's resolver for it by hand.";
        de "der Proxy war nicht erreichbar"
        "Schon der Proxy war nicht erreichbar. Über Microsoft ist damit nichts bekannt."
        - "Prüfen Sie Host und Port in `network.proxy` oder `HTTPS_PROXY` auf Tippfehler und ob der Proxy läuft; der Beleg zeigt, welcher Proxy versucht wurde."
        - "Beginnt der Code im Beleg mit `dns_`, hat der Name des Proxys hier keine Adresse: Fragen Sie den DNS-Server dieses Rechners von Hand danach.";

    ProxyRefused from HTTP:
        en "The proxy answered, but does not connect to {host}:{port}. Many proxies allow CONNECT to port 443 only. The evidence shows the proxy's reply."
        - "Allow CONNECT to {host}:{port} on the proxy."
        - "If the proxy is meant for the web only, open the port directly and take {host} out of the proxy's use.";
        de "der Proxy hat die Verbindung zu diesem Host und Port abgelehnt"
        "Der Proxy hat geantwortet, stellt aber keine Verbindung zu {host}:{port} her. Viele Proxys erlauben CONNECT nur zu Port 443. Der Beleg zeigt seine Antwort."
        - "Erlauben Sie auf dem Proxy CONNECT zu {host}:{port}."
        - "Ist der Proxy nur für das Web gedacht, geben Sie den Port direkt frei und nehmen Sie {host} vom Proxy aus.";

    ProxyConnectFailed from HTTP:
        en "The proxy took the request, but its own attempt to connect to {host}:{port} failed. The evidence shows its reply: whether it found no address, got no connection or is itself out of order, as far as it says."
        - "If it got no connection, open TCP port {port} to {host} outbound for the proxy as well."
        - "If it found no address (Squid: ERR_DNS_FAIL, ERR_CANNOT_FORWARD), check the DNS server that the proxy uses; otherwise check its routes, its load and its log.";
        de "der Proxy konnte keine Verbindung zu diesem Host und Port aufbauen"
        "Der Proxy hat die Anfrage angenommen, aber sein eigener Verbindungsversuch zu {host}:{port} ist gescheitert. Der Beleg zeigt seine Antwort: ob er keine Adresse fand, keine Verbindung bekam oder selbst gestört ist, soweit er es sagt."
        - "Bekam er keine Verbindung, geben Sie TCP-Port {port} zu {host} ausgehend auch für den Proxy frei."
        - "Fand er keine Adresse (Squid: ERR_DNS_FAIL, ERR_CANNOT_FORWARD), prüfen Sie den DNS-Server, den der Proxy fragt; sonst seine Routen, seine Auslastung und sein Protokoll.";

    ProxyAuthRequired from HTTP:
        en "The proxy answered 407: it requires a login."
        - "Set `network.proxy_user` and `network.proxy_password_file`, or exempt this machine from authentication on the proxy.";
        de "der Proxy verlangt Benutzername und Kennwort"
        "Der Proxy hat mit 407 geantwortet: Er verlangt eine Anmeldung."
        - "Setzen Sie `network.proxy_user` und `network.proxy_password_file`, oder nehmen Sie diesen Rechner auf dem Proxy von der Anmeldung aus.";

    ProxyAuthRefused from HTTP:
        en "The proxy answered 407 although user and password were sent: it does not accept them. A SOCKS proxy reports the same in its own protocol."
        - "If the evidence names a variable such as HTTPS_PROXY, correct user and password in it, where this program is started; `@`, `:`, `/` and `%` in them are written as `%40`, `%3A`, `%2F` and `%25`."
        - "Otherwise correct `network.proxy_user` and the password in `network.proxy_password_file`."
        - "Check on the proxy that the account is neither locked nor expired.";
        de "der Proxy hat Benutzername und Kennwort abgelehnt"
        "Der Proxy hat mit 407 geantwortet, obwohl Benutzername und Kennwort gesendet wurden: Er nimmt sie nicht an. Ein SOCKS-Proxy meldet das in seinem eigenen Protokoll."
        - "Nennt der Beleg eine Variable wie HTTPS_PROXY, berichtigen Sie Benutzernamen und Kennwort darin, dort, wo dieses Programm gestartet wird; `@`, `:`, `/` und `%` darin schreibt man als `%40`, `%3A`, `%2F` und `%25`."
        - "Berichtigen Sie sonst `network.proxy_user` und das Kennwort in `network.proxy_password_file`."
        - "Prüfen Sie auf dem Proxy, ob das Konto gesperrt oder abgelaufen ist.";

    ProxyAuthUnsupported from HTTP:
        en "The proxy requires a login and offers none of the methods that this program supports: Basic with an HTTP proxy, user and password with SOCKS. The evidence shows what it offers."
        - "Configure the proxy to offer Basic to this machine, or exempt this machine from authentication there: Negotiate, NTLM and Digest are not supported."
        - "Or configure a proxy of your own on this machine that logs in to the other one.";
        de "der Proxy verlangt eine Anmeldung, die dieses Programm nicht beherrscht"
        "Der Proxy verlangt eine Anmeldung und bietet kein Verfahren an, das dieses Programm beherrscht: Basic beim HTTP-Proxy, Benutzername und Kennwort bei SOCKS. Der Beleg zeigt, was er anbietet."
        - "Richten Sie den Proxy so ein, dass er diesem Rechner Basic anbietet, oder nehmen Sie den Rechner dort von der Anmeldung aus: Negotiate, NTLM und Digest werden nicht unterstützt."
        - "Oder tragen Sie einen eigenen Proxy auf diesem Rechner ein, der sich am anderen anmeldet.";

    ProxyReplyMalformed from HTTP:
        en "The server at the proxy's address does not speak the proxy's protocol, or does not support CONNECT: a web server answers CONNECT with 400, 404 or 405, a proxy without CONNECT with 405 or 501."
        - "Check the scheme, host and port in `network.proxy`: http:// stands for a proxy with CONNECT, socks5:// for a SOCKS proxy; the TLS port of a web server is neither."
        - "If it is the right proxy and closed the connection at once, see its log: it may not allow this machine.";
        de "unter der Adresse des Proxys antwortet kein passender Proxy"
        "Der Server unter der Adresse des Proxys spricht nicht das Protokoll des Proxys oder unterstützt CONNECT nicht: Ein Webserver beantwortet CONNECT mit 400, 404 oder 405, ein Proxy ohne CONNECT mit 405 oder 501."
        - "Prüfen Sie Schema, Host und Port in `network.proxy`: http:// steht für einen Proxy mit CONNECT, socks5:// für einen SOCKS-Proxy; der TLS-Port eines Webservers ist keines von beiden."
        - "Ist es der richtige Proxy und hat er die Verbindung sofort beendet, sehen Sie in seinem Protokoll nach: Womöglich lässt er diesen Rechner nicht zu.";

    ProxyBusy from HTTP:
        en "The proxy answered that it accepts no more connections for now: with 429, or with 503 and a waiting time. This concerns the proxy, not {host}:{port}."
        - "Wait; if it lasts, check the proxy's load and its limits for each client. The evidence shows its reply."
        - "If it limits the connections of this machine, run checks less often (`interval`), or exempt this machine from the limit.";
        de "der Proxy nimmt vorübergehend keine Verbindungen mehr an"
        "Der Proxy hat geantwortet, dass er vorübergehend keine Verbindungen mehr annimmt: mit 429, oder mit 503 und einer Wartezeit. Das betrifft den Proxy und nicht {host}:{port}."
        - "Warten Sie ab; bleibt es dabei, prüfen Sie die Auslastung des Proxys und seine Grenzen je Client. Der Beleg zeigt seine Antwort."
        - "Begrenzt er die Verbindungen dieses Rechners, lassen Sie seltener prüfen (`interval`), oder nehmen Sie diesen Rechner von der Grenze aus.";

    ProxyTimedOut:
        en "The proxy accepted the connection, but did not answer the request to connect to {host}:{port}."
        - "Check the proxy's load and its own access to the internet, above all to {host}:{port}.";
        de "der Proxy hat nicht geantwortet"
        "Der Proxy hat die Verbindung angenommen, aber die Bitte um eine Verbindung zu {host}:{port} nicht beantwortet."
        - "Prüfen Sie die Auslastung des Proxys und seinen eigenen Zugang zum Internet, vor allem zu {host}:{port}.";
}
