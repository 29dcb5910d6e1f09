//! Names, and the resolvers that are asked for them.

super::entries! {
    DnsNoAnswer from DNS:
        en "The resolver was asked and stayed silent. Nothing behind it can work until names are answered."
        - "Check the name servers in /etc/resolv.conf, and that UDP and TCP port 53 to them are open."
        - "Ask the resolver by hand for {host} from this machine.";
        de "der DNS-Server hat nicht geantwortet"
        "Der DNS-Server wurde gefragt und hat nicht geantwortet. Solange Namen nicht aufgelöst werden, kann nichts Weiteres funktionieren."
        - "Prüfen Sie die DNS-Server in /etc/resolv.conf und ob Port 53 über UDP und TCP dorthin offen ist."
        - "Fragen Sie den DNS-Server von diesem Rechner aus von Hand nach {host}.";

    DnsRefused from DNS:
        en "The resolver answered REFUSED: it does not serve this machine."
        - "Allow this machine's address on the resolver, or enter another resolver in /etc/resolv.conf.";
        de "der DNS-Server hat die Anfrage abgelehnt"
        "Der DNS-Server hat mit REFUSED geantwortet: Für diesen Rechner ist er nicht zuständig."
        - "Geben Sie die Adresse dieses Rechners auf dem DNS-Server frei, oder tragen Sie in /etc/resolv.conf einen anderen ein.";

    DnsServerFailure from DNS:
        en "The resolver answered with an error instead of addresses; the evidence shows its code where it is known. SERVFAIL: it tried, and got no usable answer itself. NOTIMP, FORMERR and others: it does not do what it was asked for."
        - "With SERVFAIL, check the resolver's forwarders and its own access to the internet."
        - "With another code, check what answers on port 53 there: a simple device or a filter, perhaps."
        - "If only {host} fails, look at the resolver's DNSSEC validation and its log.";
        de "der DNS-Server konnte keine Antwort ermitteln"
        "Der DNS-Server hat mit einem Fehler statt mit Adressen geantwortet; der Beleg zeigt den Code, soweit er bekannt ist. SERVFAIL: Er hat es versucht und selbst keine brauchbare Antwort erhalten. NOTIMP, FORMERR und andere: Er leistet nicht, worum er gebeten wurde."
        - "Prüfen Sie bei SERVFAIL die Weiterleitungen des DNS-Servers und seinen eigenen Zugang zum Internet."
        - "Prüfen Sie bei einem anderen Code, was dort auf Port 53 antwortet: vielleicht ein einfaches Gerät oder ein Filter."
        - "Ist nur {host} betroffen, prüfen Sie die DNSSEC-Validierung und das Protokoll des DNS-Servers.";

    DnsNameUnknown from DNS_NAMES:
        en "The resolver says that {host} does not exist. Microsoft's names do exist, so a filter, a private zone or a typing mistake is the likely cause."
        - "Check the name for a typing mistake."
        - "Check the resolver for a DNS filter and for a private zone that hides the public one (for example `privatelink.msidentity.com`)."
        - "Ask a public resolver for the same name and compare.";
        de "laut DNS-Server gibt es den Namen nicht"
        "Der DNS-Server sagt, dass es {host} nicht gibt. Die Namen von Microsoft gibt es; wahrscheinliche Ursachen sind daher ein Filter, eine private Zone oder ein Tippfehler."
        - "Prüfen Sie den Namen auf Tippfehler."
        - "Prüfen Sie, ob auf dem DNS-Server ein Filter oder eine private Zone die öffentliche verdeckt (zum Beispiel `privatelink.msidentity.com`)."
        - "Fragen Sie einen öffentlichen DNS-Server nach demselben Namen und vergleichen Sie.";

    DnsNoAddresses from DNS_NAMES:
        en "The name exists, but the answer holds no address."
        - "Check for a DNS filter that empties the answer."
        - "Ask a public resolver for {host} and compare.";
        de "der Name hat keine Adressen"
        "Den Namen gibt es, aber die Antwort enthält keine Adresse."
        - "Prüfen Sie, ob ein DNS-Filter die Antwort leert."
        - "Fragen Sie einen öffentlichen DNS-Server nach {host} und vergleichen Sie.";

    DnsSinkhole from ENDPOINTS:
        en "The answer is an address that cannot be Microsoft's, such as 0.0.0.0 or one of a private network. DNS filters answer so for names they block."
        - "Take {host} off the block list of the DNS filter."
        - "If a proxy on your own network is meant to be reached this way, set it as `network.proxy` instead.";
        de "der DNS-Server lenkt den Namen auf eine Sperradresse um"
        "Die Antwort ist eine Adresse, die nicht zu Microsoft gehören kann, etwa 0.0.0.0 oder eine aus einem privaten Netz. So antworten DNS-Filter auf gesperrte Namen."
        - "Nehmen Sie {host} von der Sperrliste des DNS-Filters."
        - "Soll auf diesem Weg ein Proxy im eigenen Netz erreicht werden, tragen Sie ihn stattdessen als `network.proxy` ein.";

    DnsMalformed from DNS:
        en "Something answered on port 53, but not with a valid answer to the question. The evidence says what came: no DNS message, an answer to another question or under another id, or our own question."
        - "Check what answers on port 53 of the resolver, and whether a device on the way rewrites DNS.";
        de "die Antwort des DNS-Servers war nicht lesbar"
        "Auf Port 53 hat etwas geantwortet, aber nicht mit einer gültigen Antwort auf die Frage. Der Beleg nennt, was ankam: keine DNS-Nachricht, eine Antwort auf eine andere Frage oder unter einer anderen Kennung, oder die eigene Frage."
        - "Prüfen Sie, was auf Port 53 des DNS-Servers antwortet und ob ein Gerät auf dem Weg DNS verändert.";

    DnsPortRefused from DNS:
        en "The resolver's machine is there and says that nobody listens on the port. Nothing behind it can work until names are answered."
        - "Check the address and port of the resolver, in /etc/resolv.conf or `network.resolvers`."
        - "Check that the DNS service runs there, and that no firewall rejects port 53.";
        de "auf dem Port des DNS-Servers antwortet niemand"
        "Der Rechner des DNS-Servers ist da und meldet, dass auf dem Port niemand lauscht. Solange Namen nicht aufgelöst werden, kann nichts Weiteres funktionieren."
        - "Prüfen Sie Adresse und Port des DNS-Servers in /etc/resolv.conf oder `network.resolvers`."
        - "Prüfen Sie, ob der DNS-Dienst dort läuft und ob eine Firewall Port 53 abweist.";

    DnsServerUnreachable:
        en "No question left this machine. Either /etc/resolv.conf names no name server and none runs on this machine, or this machine has no route to the name server, or a rule of its own against it. The evidence shows which. Nothing can work until names are answered."
        - "See that /etc/resolv.conf has a line `nameserver ADDRESS` with an address, and who writes that file: DHCP, systemd-resolved, NetworkManager or a container's engine."
        - "Check this machine's route to that address, IPv4 or IPv6, and its local packet filter.";
        de "von diesem Rechner führt kein Weg zu einem DNS-Server"
        "Keine Frage hat diesen Rechner verlassen. Entweder nennt /etc/resolv.conf keinen DNS-Server und auf diesem Rechner läuft keiner, oder der Rechner hat keine Route zum DNS-Server oder eine eigene Regel dagegen. Der Beleg zeigt, was zutrifft. Solange Namen nicht aufgelöst werden, kann nichts funktionieren."
        - "Prüfen Sie, ob in /etc/resolv.conf eine Zeile `nameserver ADRESSE` mit einer Adresse steht und wer die Datei schreibt: DHCP, systemd-resolved, NetworkManager oder die Container-Umgebung."
        - "Prüfen Sie die Route dieses Rechners zu dieser Adresse, ob IPv4 oder IPv6, und seinen lokalen Paketfilter.";

    DnsOneServerFails from DNS:
        en "Of the name servers in /etc/resolv.conf one does not answer while another does. Names are found, but each look-up first waits for the silent one, as a rule 5 seconds: programs with little patience fail, others are slow."
        - "See in the evidence which name server does not answer. Mend it or the way to it, or take it out of /etc/resolv.conf."
        - "Until then, the line `options timeout:1` in /etc/resolv.conf shortens the wait.";
        de "einer der DNS-Server dieses Rechners antwortet nicht, ein anderer schon"
        "Von den DNS-Servern in /etc/resolv.conf antwortet einer nicht, während ein anderer antwortet. Namen werden gefunden, aber jede Abfrage wartet zuerst auf den stummen, in der Regel 5 Sekunden: Ungeduldige Programme scheitern, andere sind langsam."
        - "Sehen Sie im Beleg nach, welcher DNS-Server nicht antwortet. Bringen Sie ihn oder den Weg zu ihm in Ordnung, oder nehmen Sie ihn aus /etc/resolv.conf."
        - "Bis dahin verkürzt die Zeile `options timeout:1` in /etc/resolv.conf das Warten.";

    DnsOneFamilyFails from DNS_NAMES:
        en "For one of the two address families the resolver gives addresses; the question for the other one ends in silence or an error, though the name exists. Programs ask for both: they wait for the second answer at each look-up, or give up altogether. The evidence shows both."
        - "Look for a filter, or an old load balancer or resolver, that drops or denies AAAA. The right answer to a question for addresses that do not exist is an empty one (RFC 4074)."
        - "Ask the resolver by hand for A and AAAA from this machine and compare.";
        de "Namen werden für eine Adressfamilie beantwortet, für die andere nicht"
        "Für eine der beiden Adressfamilien nennt der DNS-Server Adressen; die Frage nach der anderen endet in Schweigen oder einem Fehler, obwohl es den Namen gibt. Programme fragen nach beiden: Sie warten bei jeder Abfrage auf die zweite Antwort oder geben ganz auf. Der Beleg zeigt beides."
        - "Suchen Sie nach einem Filter oder einem alten Lastverteiler oder DNS-Server, der AAAA verwirft oder bestreitet. Die richtige Antwort auf die Frage nach Adressen, die es nicht gibt, ist eine leere (RFC 4074)."
        - "Fragen Sie den DNS-Server von diesem Rechner aus von Hand nach A und AAAA, und vergleichen Sie.";

    DnsTcpBlocked from DNS_TCP:
        en "The resolver's answer is too long for UDP. It says so, and has to be asked again over TCP, which does not get through."
        - "Open TCP port 53 to the resolver, beside UDP.";
        de "die Antwort braucht TCP, das nicht bis zum DNS-Server durchkommt"
        "Die Antwort des DNS-Servers ist zu lang für UDP. Er teilt das mit und muss über TCP noch einmal gefragt werden, was nicht durchkommt."
        - "Geben Sie neben UDP auch TCP-Port 53 zum DNS-Server frei.";

    DnsHostsFileBlocks:
        en "The hosts file of this machine gives {host} an address that leads nowhere. No resolver is asked."
        - "Take {host} out of the hosts file (/etc/hosts), and see who wrote it there: lists against advertisements and trackers do.";
        de "die Hosts-Datei dieses Rechners sperrt den Namen"
        "Die Hosts-Datei dieses Rechners gibt {host} eine Adresse, die nirgendwohin führt. Ein DNS-Server wird nicht gefragt."
        - "Nehmen Sie {host} aus der Hosts-Datei (/etc/hosts), und prüfen Sie, wer den Eintrag gemacht hat: Listen gegen Werbung und Tracker tun das.";

    DnsHostsFile from ENDPOINTS:
        en "The address of {host} stands in the hosts file of this machine, and no resolver is asked. Microsoft changes its addresses without telling anybody; then the entry leads to a server that is gone."
        - "Take {host} out of the hosts file (/etc/hosts)."
        - "If only this program is meant to go another way, pin the name with `network.resolve` instead.";
        de "die Hosts-Datei dieses Rechners legt die Adresse fest"
        "Die Adresse von {host} steht in der Hosts-Datei dieses Rechners; ein DNS-Server wird nicht gefragt. Microsoft ändert seine Adressen ohne Ankündigung; dann führt der Eintrag zu einem Server, den es nicht mehr gibt."
        - "Nehmen Sie {host} aus der Hosts-Datei (/etc/hosts)."
        - "Soll nur dieses Programm einen anderen Weg nehmen, legen Sie den Namen stattdessen mit `network.resolve` fest.";

    DnsResolversDisagree from DNS_NAMES:
        en "One resolver denies a name or sends it to a blocking address, while another leads to an address. The evidence shows both. Different addresses alone are no disagreement: Microsoft answers by location."
        - "Find out whether the resolver that denies the name is meant to filter it, and take {host} off its list."
        - "Check which of the resolvers this machine's applications use.";
        de "die DNS-Server widersprechen sich"
        "Ein DNS-Server bestreitet einen Namen oder lenkt ihn auf eine Sperradresse um, während ein anderer zu einer Adresse führt. Der Beleg zeigt beides. Verschiedene Adressen allein sind kein Widerspruch: Microsoft antwortet je nach Standort."
        - "Klären Sie, ob der DNS-Server, der den Namen bestreitet, ihn filtern soll, und nehmen Sie {host} von seiner Liste."
        - "Prüfen Sie, welchen der DNS-Server die Anwendungen auf diesem Rechner benutzen.";

    DnsOutsidePublishedRanges from ENDPOINTS:
        en "An answer for {host} lies outside the ranges that Microsoft publishes for it. That may be a block page, a gateway or a forged answer, or a range that is newer than the list. The evidence shows both."
        - "Look at the certificate and the first words at that address with the `reach` check: Microsoft proves itself there."
        - "Compare with the current list at https://endpoints.office.com, and name it as `network.ranges_file` if it is newer than the one in use (`m365-probe config ranges`).";
        de "eine Adresse liegt außerhalb der von Microsoft veröffentlichten Bereiche"
        "Eine Antwort für {host} liegt außerhalb der Bereiche, die Microsoft dafür veröffentlicht. Das kann eine Sperrseite, ein Gateway oder eine gefälschte Antwort sein, oder ein Bereich, der neuer ist als die Liste. Der Beleg zeigt beides."
        - "Sehen Sie sich mit der Prüfung `reach` das Zertifikat und die ersten Worte unter dieser Adresse an: Dort weist sich Microsoft aus."
        - "Vergleichen Sie mit der aktuellen Liste unter https://endpoints.office.com, und nennen Sie diese als `network.ranges_file`, wenn sie neuer ist als die benutzte (`m365-probe config ranges`).";
}
