//! Names, and the resolvers that are asked for them.

super::entries! {
    DnsNoAnswer from DNS:
        en "No reply came in time. Nothing else can work until names are resolved."
        - "Check the resolvers in /etc/resolv.conf, and that UDP and TCP port 53 to them are open."
        - "Query the resolver by hand for {host} from this machine.";
        de "der DNS-Server hat nicht geantwortet"
        "Innerhalb der Wartezeit kam keine Antwort. Solange Namen nicht aufgelöst werden, kann nichts Weiteres funktionieren."
        - "Prüfen Sie die DNS-Server in /etc/resolv.conf und ob Port 53 über UDP und TCP dorthin offen ist."
        - "Fragen Sie den DNS-Server von diesem Rechner aus von Hand nach {host}.";

    DnsRefused from DNS:
        en "The resolver answered REFUSED: it does not answer this machine."
        - "Allow this machine's address on the resolver, or enter another resolver in /etc/resolv.conf.";
        de "der DNS-Server hat die Anfrage abgelehnt"
        "Der DNS-Server hat mit REFUSED geantwortet: Für diesen Rechner ist er nicht zuständig."
        - "Geben Sie die Adresse dieses Rechners auf dem DNS-Server frei, oder tragen Sie in /etc/resolv.conf einen anderen ein.";

    DnsServerFailure from DNS:
        en "The resolver answered with an error instead of addresses; the evidence shows its code where it is known. SERVFAIL: it tried, and got no usable answer itself. NOTIMP, FORMERR and others: it does not support the query."
        - "With SERVFAIL, check the resolver's forwarders and its own access to the internet."
        - "With another code, check what answers on port 53 there; it may be a simple device or a filter."
        - "If it happens only for {host}, check the resolver's DNSSEC validation and its log.";
        de "der DNS-Server konnte keine Antwort ermitteln"
        "Der DNS-Server hat mit einem Fehler statt mit Adressen geantwortet; der Beleg zeigt den Code, soweit er bekannt ist. SERVFAIL: Er hat es versucht und selbst keine brauchbare Antwort erhalten. NOTIMP, FORMERR und andere: Er unterstützt die Abfrage nicht."
        - "Prüfen Sie bei SERVFAIL die Weiterleitungen des DNS-Servers und seinen eigenen Zugang zum Internet."
        - "Prüfen Sie bei einem anderen Code, was dort auf Port 53 antwortet: vielleicht ein einfaches Gerät oder ein Filter."
        - "Tritt es nur bei {host} auf, prüfen Sie die DNSSEC-Validierung und das Protokoll des DNS-Servers.";

    DnsNameUnknown from DNS_NAMES:
        en "The resolver says that there is no {host}. Microsoft's names do exist, so a filter, a private zone or a typing mistake is the likely cause."
        - "Check for a typing mistake: {host}."
        - "Check the resolver for a DNS filter and for a private zone that hides the public one (for example `privatelink.msidentity.com`)."
        - "Query a public resolver for the same name and compare.";
        de "laut DNS-Server gibt es den Namen nicht"
        "Der DNS-Server sagt, dass es {host} nicht gibt. Die Namen von Microsoft gibt es; wahrscheinliche Ursachen sind daher ein Filter, eine private Zone oder ein Tippfehler."
        - "Suchen Sie nach einem Tippfehler: {host}."
        - "Prüfen Sie, ob auf dem DNS-Server ein Filter oder eine private Zone die öffentliche verdeckt (zum Beispiel `privatelink.msidentity.com`)."
        - "Fragen Sie einen öffentlichen DNS-Server nach demselben Namen und vergleichen Sie.";

    DnsNoAddresses from DNS_NAMES:
        en "The name exists, but the answer contains no address."
        - "Check for a DNS filter that empties the answer."
        - "Query a public resolver for {host} and compare.";
        de "der Name hat keine Adressen"
        "Den Namen gibt es, aber die Antwort enthält keine Adresse."
        - "Prüfen Sie, ob ein DNS-Filter die Antwort leert."
        - "Fragen Sie einen öffentlichen DNS-Server nach {host} und vergleichen Sie.";

    DnsSinkhole from ENDPOINTS:
        en "The answer is an address that cannot be Microsoft's, such as 0.0.0.0 or one of a private network. DNS filters answer like this for names that they block."
        - "Remove {host} from the block list of the DNS filter."
        - "If this is meant to lead to a proxy on your own network, set it as `network.proxy` instead.";
        de "der DNS-Server lenkt den Namen auf eine Sperradresse um"
        "Die Antwort ist eine Adresse, die nicht zu Microsoft gehören kann, etwa 0.0.0.0 oder eine aus einem privaten Netz. So antworten DNS-Filter auf gesperrte Namen."
        - "Nehmen Sie {host} von der Sperrliste des DNS-Filters."
        - "Soll auf diesem Weg ein Proxy im eigenen Netz erreicht werden, tragen Sie ihn stattdessen als `network.proxy` ein.";

    DnsMalformed from DNS:
        en "Something answered on port 53, but not with a valid answer to the question. The evidence says what was received: no DNS message, an answer to another question or under another id, or our own question."
        - "Check what answers on port 53 of the resolver, and whether a device on the way rewrites DNS.";
        de "die Antwort des DNS-Servers war nicht lesbar"
        "Auf Port 53 hat etwas geantwortet, aber nicht mit einer gültigen Antwort auf die Frage. Der Beleg nennt, was ankam: keine DNS-Nachricht, eine Antwort auf eine andere Frage oder unter einer anderen Kennung, oder die eigene Frage."
        - "Prüfen Sie, was auf Port 53 des DNS-Servers antwortet und ob ein Gerät auf dem Weg DNS verändert.";

    DnsPortRefused from DNS:
        en "The resolver's machine is reachable and says that nothing listens on the port. Nothing else can work until names are resolved."
        - "Check the address and port of the resolver, in /etc/resolv.conf or `network.resolvers`."
        - "Check that the DNS service is running there, and that no firewall rejects port 53.";
        de "auf dem Port des DNS-Servers antwortet kein Dienst"
        "Der Rechner des DNS-Servers ist erreichbar und meldet, dass auf dem Port kein Dienst lauscht. Solange Namen nicht aufgelöst werden, kann nichts Weiteres funktionieren."
        - "Prüfen Sie Adresse und Port des DNS-Servers in /etc/resolv.conf oder `network.resolvers`."
        - "Prüfen Sie, ob der DNS-Dienst dort läuft und ob eine Firewall Port 53 abweist.";

    DnsServerUnreachable:
        en "No query left this machine. Either /etc/resolv.conf names no resolver and none runs on this machine, or this machine has no route to the resolver, or a local rule forbids it. The evidence shows which. Nothing can work until names are resolved."
        - "Check that /etc/resolv.conf has a line `nameserver ADDRESS` with an address, and which program writes that file: DHCP, systemd-resolved, NetworkManager or a container's engine."
        - "Check this machine's route to that address, IPv4 or IPv6, and its local packet filter.";
        de "von diesem Rechner führt kein Weg zu einem DNS-Server"
        "Keine Abfrage hat diesen Rechner verlassen. Entweder nennt /etc/resolv.conf keinen DNS-Server und auf diesem Rechner läuft keiner, oder der Rechner hat keine Route zum DNS-Server, oder eine lokale Regel verbietet die Abfrage. Der Beleg zeigt, was zutrifft. Solange Namen nicht aufgelöst werden, kann nichts funktionieren."
        - "Prüfen Sie, ob in /etc/resolv.conf eine Zeile `nameserver ADRESSE` mit einer Adresse steht und welches Programm die Datei schreibt: DHCP, systemd-resolved, NetworkManager oder die Container-Umgebung."
        - "Prüfen Sie die Route dieses Rechners zu dieser Adresse, ob IPv4 oder IPv6, und seinen lokalen Paketfilter.";

    DnsSearchList from SEARCH_LISTS:
        en "/etc/resolv.conf has a search list, and {host} is looked up with a domain of it appended first, or because the name itself was not found. That longer name has an address, because the domain has a wildcard record (`*`), so every connection meant for Microsoft goes there. The evidence shows both names and their addresses. In Kubernetes every pod has a search list and `ndots:5`."
        - "In Kubernetes, set the option `ndots` to 1 under `dnsConfig` in the pod's specification: names with a dot in them are then looked up as they stand first."
        - "Elsewhere, set `options ndots:1` in /etc/resolv.conf, or take the domain out of `search`, in the program that writes the file: DHCP, systemd-resolved, NetworkManager."
        - "Or have the wildcard record removed from the domain's zone."
        - "Compare the name with and without a dot at its end: `getent ahosts {host}`, `getent ahosts {host}.`.";
        de "eine Domain der Suchliste dieses Rechners antwortet anstelle des Namens"
        "/etc/resolv.conf enthält eine Suchliste, und {host} wird zuerst, oder weil es den Namen selbst nicht gab, mit einer Domain daraus dahinter gesucht. Dieser längere Name hat eine Adresse, weil es in der Domain einen Platzhaltereintrag (`*`) gibt; damit führt jede Verbindung, die zu Microsoft soll, dorthin. Der Beleg zeigt beide Namen und ihre Adressen. In Kubernetes hat jeder Pod eine Suchliste und `ndots:5`."
        - "Setzen Sie in Kubernetes unter `dnsConfig` in der Spezifikation des Pods die Option `ndots` auf 1: Namen mit einem Punkt darin werden dann zuerst so gesucht, wie sie dastehen."
        - "Setzen Sie sonst `options ndots:1` in /etc/resolv.conf, oder nehmen Sie die Domain aus `search`, und zwar in dem Programm, das die Datei schreibt: DHCP, systemd-resolved, NetworkManager."
        - "Oder lassen Sie den Platzhaltereintrag aus der Zone der Domain entfernen."
        - "Vergleichen Sie den Namen ohne und mit Punkt am Ende: `getent ahosts {host}`, `getent ahosts {host}.`.";

    DnsConfigMalformed:
        en "/etc/resolv.conf names a resolver in a line that this system's C library passes over, so that no program here finds a resolver. The evidence quotes the line with its invisible characters: a carriage return (`\\r`) from an editor for Windows belongs to the address, and so do a port and a comma; before `nameserver` there may be nothing."
        - "Write the line anew as `nameserver ADDRESS`. This removes line ends of Windows: `sed -i 's/\\r$//' /etc/resolv.conf`."
        - "Correct the program or template that writes the file, or it will be back: configuration management, a DHCP client, a container's image."
        - "Check: `getent ahosts {host}`.";
        de "dieses System kann die Zeile des DNS-Servers in /etc/resolv.conf nicht lesen"
        "/etc/resolv.conf nennt einen DNS-Server in einer Zeile, die die C-Bibliothek dieses Systems übergeht; deshalb findet hier kein Programm einen DNS-Server. Der Beleg gibt die Zeile mit ihren unsichtbaren Zeichen wieder: Ein Wagenrücklauf (`\\r`) aus einem Editor für Windows gilt als Teil der Adresse, ebenso ein Port oder ein Komma; vor `nameserver` darf nichts stehen."
        - "Schreiben Sie die Zeile neu als `nameserver ADRESSE`. Zeilenenden von Windows entfernt: `sed -i 's/\\r$//' /etc/resolv.conf`."
        - "Berichtigen Sie das Programm oder die Vorlage, woraus die Datei entsteht, sonst kehrt der Fehler wieder: Konfigurationsverwaltung, DHCP-Client, Container-Image."
        - "Prüfen Sie: `getent ahosts {host}`.";

    DnsOneServerFails from DNS:
        en "One of the resolvers in /etc/resolv.conf does not answer, while another does. Names are resolved, but each look-up first waits for the silent one, usually 5 seconds: programs with a short timeout fail, others are slow."
        - "See in the evidence which resolver does not answer. Repair it or the route to it, or remove it from /etc/resolv.conf."
        - "Until then, the line `options timeout:1` in /etc/resolv.conf shortens the wait.";
        de "einer der DNS-Server dieses Rechners antwortet nicht, ein anderer schon"
        "Von den DNS-Servern in /etc/resolv.conf antwortet einer nicht, während ein anderer antwortet. Namen werden gefunden, aber jede Abfrage wartet zuerst auf den, der nicht antwortet, in der Regel 5 Sekunden: Programme mit kurzem Zeitlimit scheitern, andere sind langsam."
        - "Sehen Sie im Beleg nach, welcher DNS-Server nicht antwortet. Bringen Sie ihn oder den Weg zu ihm in Ordnung, oder nehmen Sie ihn aus /etc/resolv.conf."
        - "Bis dahin verkürzt die Zeile `options timeout:1` in /etc/resolv.conf das Warten.";

    DnsOneFamilyFails from DNS_NAMES:
        en "The resolver has addresses of one address family; the query for the other gets no answer or an error, although the name exists. Programs query both: they wait for the second answer at each look-up, or give up altogether. The evidence shows both."
        - "Look for a filter, or an old load balancer or resolver, that drops or denies AAAA. The right answer to a query for addresses that do not exist is an empty one (RFC 4074)."
        - "Query the resolver by hand for A and AAAA from this machine and compare.";
        de "Namen werden für eine Adressfamilie beantwortet, für die andere nicht"
        "Für eine der beiden Adressfamilien nennt der DNS-Server Adressen; die Abfrage der anderen bleibt ohne Antwort oder endet mit einem Fehler, obwohl es den Namen gibt. Programme fragen nach beiden: Sie warten bei jeder Abfrage auf die zweite Antwort oder geben ganz auf. Der Beleg zeigt beides."
        - "Suchen Sie nach einem Filter oder einem alten Lastverteiler oder DNS-Server, der AAAA verwirft oder verneint. Die richtige Antwort auf die Abfrage von Adressen, die es nicht gibt, ist eine leere (RFC 4074)."
        - "Fragen Sie den DNS-Server von diesem Rechner aus von Hand nach A und AAAA, und vergleichen Sie.";

    DnsTcpBlocked from DNS_TCP:
        en "The resolver's answer is too long for UDP. It says so, and the query has to be repeated over TCP, which does not get through."
        - "Open TCP port 53 to the resolver, in addition to UDP.";
        de "die Antwort braucht TCP, das nicht bis zum DNS-Server durchkommt"
        "Die Antwort des DNS-Servers ist zu lang für UDP. Er teilt das mit und muss über TCP noch einmal gefragt werden, was nicht durchkommt."
        - "Geben Sie neben UDP auch TCP-Port 53 zum DNS-Server frei.";

    DnsHostsFileBlocks:
        en "The hosts file of this machine gives {host} an address that leads nowhere. No resolver is asked."
        - "Remove {host} from the hosts file (/etc/hosts), and find out what added it: blocklists against advertisements and trackers do.";
        de "die Hosts-Datei dieses Rechners sperrt den Namen"
        "Die Hosts-Datei dieses Rechners gibt {host} eine Adresse, die nirgendwohin führt. Ein DNS-Server wird nicht gefragt."
        - "Nehmen Sie {host} aus der Hosts-Datei (/etc/hosts), und stellen Sie fest, woher der Eintrag stammt: Sperrlisten gegen Werbung und Tracker fügen solche hinzu.";

    DnsHostsFile from ENDPOINTS:
        en "The hosts file of this machine has an address for {host}, and no resolver is asked. Microsoft changes its addresses without notice; then the entry leads to a server that no longer exists."
        - "Remove {host} from the hosts file (/etc/hosts)."
        - "If only this program is meant to use another address, pin the name with `network.resolve` instead.";
        de "die Hosts-Datei dieses Rechners legt die Adresse fest"
        "In der Hosts-Datei dieses Rechners steht eine Adresse für {host}; ein DNS-Server wird nicht gefragt. Microsoft ändert seine Adressen ohne Ankündigung; dann führt der Eintrag zu einem Server, den es nicht mehr gibt."
        - "Nehmen Sie {host} aus der Hosts-Datei (/etc/hosts)."
        - "Soll nur dieses Programm eine andere Adresse verwenden, legen Sie den Namen stattdessen mit `network.resolve` fest.";

    DnsResolversDisagree from DNS_NAMES:
        en "One resolver says that a name does not exist or answers with a blocking address, while another answers with an address. The evidence shows both. Different addresses alone are no disagreement: Microsoft answers by location."
        - "Find out whether the resolver that denies the name is meant to filter it, and remove {host} from its list."
        - "Check which of the resolvers this machine's applications use.";
        de "die DNS-Server widersprechen sich"
        "Ein DNS-Server verneint einen Namen oder lenkt ihn auf eine Sperradresse um, während ein anderer eine Adresse nennt. Der Beleg zeigt beides. Verschiedene Adressen allein sind kein Widerspruch: Microsoft antwortet je nach Standort."
        - "Klären Sie, ob der DNS-Server, der den Namen verneint, ihn filtern soll, und nehmen Sie {host} von seiner Liste."
        - "Prüfen Sie, welchen der DNS-Server die Anwendungen auf diesem Rechner benutzen.";

    DnsOutsidePublishedRanges from ENDPOINTS:
        en "An answer for {host} lies outside the ranges that Microsoft publishes for it. That may be a block page, a gateway or a forged answer, or a range that is newer than the list. The evidence shows both."
        - "Check the certificate and the greeting at that address with the `reach` check: a server of Microsoft's shows Microsoft's certificate."
        - "Compare with the current list at https://endpoints.office.com, and name it as `network.ranges_file` if it is newer than the one in use (`m365-probe config ranges`).";
        de "eine Adresse liegt außerhalb der von Microsoft veröffentlichten Bereiche"
        "Eine Antwort für {host} liegt außerhalb der Bereiche, die Microsoft dafür veröffentlicht. Das kann eine Sperrseite, ein Gateway oder eine gefälschte Antwort sein, oder ein Bereich, der neuer ist als die Liste. Der Beleg zeigt beides."
        - "Sehen Sie sich mit der Prüfung `reach` das Zertifikat und die Begrüßung unter dieser Adresse an: Ein Server von Microsoft legt dessen Zertifikat vor."
        - "Vergleichen Sie mit der aktuellen Liste unter https://endpoints.office.com, und nennen Sie diese als `network.ranges_file`, wenn sie neuer ist als die benutzte (`m365-probe config ranges`).";
}
