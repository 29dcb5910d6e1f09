//! This machine, and the resolver it asks.

super::entries! {
    Internal:
        en "The probe ran into a fault of its own. This says nothing about Microsoft 365."
        - "Report it with the log line of this run.";
        de "die Prüfung selbst ist fehlgeschlagen"
        "Die Prüfung ist auf einen eigenen Fehler gestoßen. Über Microsoft 365 sagt das nichts aus."
        - "Melden Sie den Fehler zusammen mit der Protokollzeile dieses Laufs.";

    TimedOut:
        en "The run as a whole took longer than allowed. The phases show where the time went."
        - "Look at the phases: if they progress but are slow, raise `timeout`. Refused logins alone may take 20 seconds, as Exchange delays them on purpose."
        - "If one phase stands still, that phase is the problem: look for a filter on the way to {host}:{port}.";
        de "die Zeit des Laufs war aufgebraucht"
        "Der Lauf hat insgesamt länger gedauert als erlaubt. Die Phasen zeigen, wo die Zeit geblieben ist."
        - "Sehen Sie sich die Phasen an: Kommen sie voran, aber langsam, erhöhen Sie `timeout`. Allein eine abgelehnte Anmeldung kann 20 Sekunden dauern, weil Exchange sie absichtlich verzögert."
        - "Steht eine Phase still, liegt es an ihr: Suchen Sie nach einem Filter auf dem Weg zu {host}:{port}.";

    LocalResources:
        en "The operating system could not provide a socket, a file handle or memory."
        - "Check the limit of open files with `ulimit -n` and the free memory of this machine."
        - "Raise the limit, or run fewer probes at the same time.";
        de "auf diesem Rechner sind keine Sockets, Dateien oder kein Speicher mehr frei"
        "Das Betriebssystem konnte keinen Socket, kein Dateihandle oder keinen Speicher bereitstellen."
        - "Prüfen Sie die Höchstzahl offener Dateien mit `ulimit -n` und den freien Speicher dieses Rechners."
        - "Erhöhen Sie die Grenze, oder lassen Sie weniger Prüfungen gleichzeitig laufen.";

    LocalTrustStore:
        en "Without trusted root certificates no server can be verified, so no connection was made."
        - "Install the package ca-certificates, or set `network.ca_file` to a readable bundle in PEM format."
        - "Make sure the bundle holds DigiCert Global Root G2, which Exchange Online needs since March 2026.";
        de "hier waren keine vertrauenswürdigen Stammzertifikate lesbar"
        "Ohne vertrauenswürdige Stammzertifikate lässt sich kein Server überprüfen. Deshalb wurde keine Verbindung aufgebaut."
        - "Installieren Sie das Paket ca-certificates, oder setzen Sie `network.ca_file` auf eine lesbare Sammlung im PEM-Format."
        - "Achten Sie darauf, dass sie DigiCert Global Root G2 enthält: Exchange Online setzt dieses Zertifikat seit März 2026 voraus.";

    SecretUnreadable:
        en "The file or environment variable that holds the credential is missing, empty or not readable for the probe's user. Nothing was sent to Microsoft."
        - "Check that the path or the variable's name is right, and that the user this program runs as may read it."
        - "Check that the file is not empty and holds the secret's Value alone.";
        de "die Anmeldeinformationen konnten nicht gelesen werden"
        "Die Datei oder Umgebungsvariable mit den Anmeldeinformationen fehlt, ist leer oder für das Benutzerkonto der Prüfung nicht lesbar. An Microsoft wurde nichts gesendet."
        - "Prüfen Sie, ob der Pfad oder der Name der Variablen stimmt und ob das Konto, unter dem dieses Programm läuft, sie lesen darf."
        - "Prüfen Sie, ob die Datei nicht leer ist und nur den Wert des Geheimnisses enthält.";

    DnsNoAnswer from DNS:
        en "The resolver was asked and stayed silent. Nothing behind it can work until names are answered."
        - "Check the name servers in /etc/resolv.conf, and that UDP and TCP port 53 to them are open."
        - "Ask the resolver by hand for {host} from this machine.";
        de "der DNS-Server hat nicht geantwortet"
        "Der DNS-Server wurde gefragt und schwieg. Solange Namen nicht aufgelöst werden, kann nichts Weiteres funktionieren."
        - "Prüfen Sie die DNS-Server in /etc/resolv.conf und ob Port 53 über UDP und TCP dorthin offen ist."
        - "Fragen Sie den DNS-Server von diesem Rechner aus von Hand nach {host}.";

    DnsRefused from DNS:
        en "The resolver answered REFUSED: it does not serve this machine."
        - "Allow this machine's address on the resolver, or enter another resolver in /etc/resolv.conf.";
        de "der DNS-Server hat die Anfrage abgelehnt"
        "Der DNS-Server hat mit REFUSED geantwortet: Für diesen Rechner ist er nicht zuständig."
        - "Geben Sie die Adresse dieses Rechners auf dem DNS-Server frei, oder tragen Sie in /etc/resolv.conf einen anderen ein.";

    DnsServerFailure from DNS:
        en "The resolver answered SERVFAIL: it tried, and got no usable answer itself."
        - "Check the resolver's forwarders and its own access to the internet."
        - "If only {host} fails, look at the resolver's DNSSEC validation and its log.";
        de "der DNS-Server konnte keine Antwort ermitteln"
        "Der DNS-Server hat mit SERVFAIL geantwortet: Er hat es versucht und selbst keine brauchbare Antwort erhalten."
        - "Prüfen Sie die Weiterleitungen des DNS-Servers und seinen eigenen Zugang zum Internet."
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
        en "Something answered on port 53, but not with a valid DNS message."
        - "Check what answers on port 53 of the resolver, and whether a device on the way rewrites DNS.";
        de "die Antwort des DNS-Servers war nicht lesbar"
        "Auf Port 53 hat etwas geantwortet, aber nicht mit einer gültigen DNS-Nachricht."
        - "Prüfen Sie, was auf Port 53 des DNS-Servers antwortet und ob ein Gerät auf dem Weg DNS verändert.";
}
