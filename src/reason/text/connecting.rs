//! Connecting to a host or through a proxy.

super::entries! {
    ConnectRefused from ENDPOINTS:
        en "The attempt to connect to {host}:{port} was rejected at once. Microsoft's servers listen on their ports; a firewall on the way is the likely cause."
        - "Open TCP port {port} to {host} outbound in the firewall."
        - "Check that host and port in the configuration are right.";
        de "die Verbindung wurde abgelehnt"
        "Der Verbindungsversuch zu {host}:{port} wurde sofort abgewiesen. Die Server von Microsoft sind auf ihren Ports erreichbar; wahrscheinliche Ursache ist eine Firewall auf dem Weg."
        - "Geben Sie TCP-Port {port} zu {host} in der Firewall ausgehend frei."
        - "Prüfen Sie, ob Host und Port in der Konfiguration stimmen.";

    ConnectReset from TCP:
        en "The connection to {host}:{port} was torn down while it was being made."
        - "Check firewalls, intrusion prevention and web filters on the way to {host}:{port} for a rule that resets connections.";
        de "die Verbindung wurde zurückgesetzt"
        "Die Verbindung zu {host}:{port} wurde schon beim Aufbau abgebrochen."
        - "Prüfen Sie Firewalls, Angriffserkennung und Webfilter auf dem Weg zu {host}:{port} auf eine Regel, die Verbindungen zurücksetzt.";

    ConnectTimedOut from ENDPOINTS:
        en "Packets to {host}:{port} vanish without an answer, as a firewall does that drops them. Microsoft lists 587, 993, 995 and 143 as optional endpoints (ID 2): firewalls that open only the required sets let 443 pass and block these."
        - "Open TCP port {port} to {host} outbound in the firewall; take over endpoint set ID 2 from Microsoft's list as well."
        - "If other ports of the same host answer, it is this port's rule; if none does, check the route and the proxy.";
        de "der Verbindungsversuch blieb ohne Antwort"
        "Pakete zu {host}:{port} verschwinden ohne Antwort, wie bei einer Firewall, die sie verwirft. Microsoft führt 587, 993, 995 und 143 als optionale Endpunkte (ID 2): Firewalls, die nur die erforderlichen freigeben, lassen 443 durch und sperren diese."
        - "Geben Sie TCP-Port {port} zu {host} in der Firewall ausgehend frei; übernehmen Sie dazu auch die Endpunktgruppe ID 2 aus der Liste von Microsoft."
        - "Antworten andere Ports desselben Hosts, liegt es an der Regel für diesen Port; antwortet keiner, prüfen Sie die Route und den Proxy.";

    ConnectUnreachable from ICMP:
        en "This machine or a router on the way knows no route to the address."
        - "Check this machine's routes and default gateway, for IPv4 and IPv6 separately."
        - "If this network has no IPv6, check why this machine believes it has.";
        de "es gibt keine Route zur Adresse"
        "Dieser Rechner oder ein Router auf dem Weg kennt keine Route zur Adresse."
        - "Prüfen Sie die Routen und das Standardgateway dieses Rechners, für IPv4 und IPv6 getrennt."
        - "Hat dieses Netz kein IPv6, prüfen Sie, warum der Rechner davon ausgeht.";

    ConnectProhibited from ICMP:
        en "A router or firewall answered that the connection is administratively prohibited. That is a rule somebody made."
        - "Open TCP port {port} to {host} outbound in the firewall.";
        de "eine Firewall meldet, dass die Verbindung administrativ untersagt ist"
        "Ein Router oder eine Firewall hat geantwortet, dass die Verbindung administrativ untersagt ist. Dahinter steht eine eingerichtete Regel."
        - "Geben Sie TCP-Port {port} zu {host} in der Firewall ausgehend frei.";

    ConnectFailed:
        en "The operating system could not make the connection, for a reason not in the catalogue."
        - "See the evidence for the operating system's own words, and check the local firewall of this machine.";
        de "die Verbindung kam nicht zustande"
        "Das Betriebssystem konnte die Verbindung nicht aufbauen, aus einem Grund, der nicht im Katalog steht."
        - "Sehen Sie im Beleg die Meldung des Betriebssystems nach, und prüfen Sie die lokale Firewall dieses Rechners.";

    ProxyUnreachable:
        en "The proxy itself could not be reached, so nothing is known about Microsoft."
        - "Check the host and port in `network.proxy`, and that the proxy runs.";
        de "der Proxy war nicht erreichbar"
        "Schon der Proxy war nicht erreichbar. Über Microsoft ist damit nichts bekannt."
        - "Prüfen Sie Host und Port in `network.proxy` und ob der Proxy läuft.";

    ProxyRefused from HTTP:
        en "The proxy answered, but does not connect to {host}:{port}. Many proxies allow CONNECT to port 443 only."
        - "Allow CONNECT to {host}:{port} on the proxy."
        - "If the proxy is meant for the web only, open the port directly and take {host} out of the proxy's use.";
        de "der Proxy hat die Verbindung zu diesem Host und Port abgelehnt"
        "Der Proxy hat geantwortet, stellt aber keine Verbindung zu {host}:{port} her. Viele Proxys erlauben CONNECT nur zu Port 443."
        - "Erlauben Sie auf dem Proxy CONNECT zu {host}:{port}."
        - "Ist der Proxy nur für das Web gedacht, geben Sie den Port direkt frei und nehmen Sie {host} vom Proxy aus.";

    ProxyAuthRequired from HTTP:
        en "The proxy answered 407: it wants to know who asks."
        - "Set `network.proxy_user` and `network.proxy_password_file`, or exempt this machine from authentication on the proxy.";
        de "der Proxy verlangt Benutzername und Kennwort"
        "Der Proxy hat mit 407 geantwortet: Er verlangt eine Anmeldung."
        - "Setzen Sie `network.proxy_user` und `network.proxy_password_file`, oder nehmen Sie diesen Rechner auf dem Proxy von der Anmeldung aus.";

    ProxyReplyMalformed from HTTP:
        en "What answers at the proxy's address does not speak HTTP."
        - "Check that `network.proxy` names an HTTP proxy and its port, not a SOCKS proxy or a web server's TLS port.";
        de "die Antwort des Proxys war nicht lesbar"
        "Was unter der Adresse des Proxys antwortet, spricht kein HTTP."
        - "Prüfen Sie, ob `network.proxy` einen HTTP-Proxy und dessen Port nennt, keinen SOCKS-Proxy und keinen TLS-Port eines Webservers.";

    ProxyTimedOut:
        en "The proxy took the connection, but did not answer the request to connect to {host}:{port}."
        - "Check the proxy's load and its own access to the internet, above all to {host}:{port}.";
        de "der Proxy hat nicht geantwortet"
        "Der Proxy hat die Verbindung angenommen, aber die Bitte um eine Verbindung zu {host}:{port} nicht beantwortet."
        - "Prüfen Sie die Auslastung des Proxys und seinen eigenen Zugang zum Internet, vor allem zu {host}:{port}.";
}
