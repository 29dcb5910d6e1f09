//! Reasons that lie in this machine.

super::entries! {
    Internal:
        en "This program ran into an error of its own. This says nothing about Microsoft 365."
        - "Report it with the log line of this run.";
        de "dieses Programm selbst hat einen Fehler"
        "Dieses Programm hat einen eigenen Fehler. Über Microsoft 365 sagt das nichts aus."
        - "Melden Sie den Fehler zusammen mit der Protokollzeile dieses Laufs.";

    TimedOut:
        en "The run took longer than its timeout allows. The phases show where the time went."
        - "Look at the phases: if they make progress but are slow, raise `timeout`. A refused login alone may take 20 seconds, because Exchange delays it on purpose."
        - "If one phase makes no progress, it is the problem: look for a filter on the way to {host}:{port}.";
        de "der Lauf hat sein Zeitlimit überschritten"
        "Der Lauf hat länger gedauert, als sein Zeitlimit erlaubt. Die Phasen zeigen, wo die Zeit geblieben ist."
        - "Sehen Sie sich die Phasen an: Kommen sie voran, aber langsam, erhöhen Sie `timeout`. Allein eine abgelehnte Anmeldung kann 20 Sekunden dauern, weil Exchange sie absichtlich verzögert."
        - "Steht eine Phase still, liegt es an ihr: Suchen Sie nach einem Filter auf dem Weg zu {host}:{port}.";

    LocalResources:
        en "The operating system could not provide a socket, a file handle or memory."
        - "Check the limit on open files with `ulimit -n` and the free memory of this machine."
        - "Raise the limit, or run fewer checks at the same time.";
        de "auf diesem Rechner sind keine Sockets, Dateien oder kein Speicher mehr frei"
        "Das Betriebssystem konnte keinen Socket, kein Dateihandle oder keinen Speicher bereitstellen."
        - "Prüfen Sie die Höchstzahl offener Dateien mit `ulimit -n` und den freien Speicher dieses Rechners."
        - "Erhöhen Sie die Grenze, oder lassen Sie weniger Prüfungen gleichzeitig laufen.";

    MachineTooSlow:
        en "For most of the run this program was not given the processor: the machine was overloaded or suspended, or the program was stopped or held back. What ran out of time meanwhile says nothing about the network or Microsoft 365, so the run counts as missed."
        - "See how busy the machine is: `uptime` shows the load, which should stay below the number of processors that `nproc` shows, and `vmstat 1 5` in the column `st` the time that the host of a virtual machine keeps for itself, which should be near 0."
        - "See whether a CPU limit holds the program back: `systemctl show m365-probe -p CPUQuotaPerSecUSec` shows the one of systemd, and `nr_throttled` in `/sys/fs/cgroup/cpu.stat` of a container must not grow."
        - "See whether the machine was suspended or the virtual machine paused: `journalctl --since -1h -g suspend` shows the first, the log of the host the second."
        - "If the machine is too small for what it watches, lengthen `interval`, or give it another processor.";
        de "dieser Rechner war zu langsam für den Lauf"
        "Während des größten Teils des Laufs hat dieses Programm keine Rechenzeit bekommen: Der Rechner war überlastet oder im Ruhezustand, oder das Programm war angehalten oder gebremst. Was dabei ein Zeitlimit überschritten hat, sagt nichts über das Netzwerk oder Microsoft 365 aus. Deshalb zählt der Lauf als ausgefallen."
        - "Sehen Sie nach, wie ausgelastet der Rechner ist: `uptime` zeigt die Last, die unter der Zahl der Prozessoren bleiben soll, die `nproc` zeigt, und `vmstat 1 5` in der Spalte `st` die Zeit, die der Host einer virtuellen Maschine für sich behält; sie soll nahe 0 sein."
        - "Sehen Sie nach, ob ein CPU-Limit das Programm bremst: `systemctl show m365-probe -p CPUQuotaPerSecUSec` zeigt das von systemd, und in einem Container darf `nr_throttled` in `/sys/fs/cgroup/cpu.stat` nicht wachsen."
        - "Sehen Sie nach, ob der Rechner im Ruhezustand oder die virtuelle Maschine angehalten war: Das Erste zeigt `journalctl --since -1h -g suspend`, das Zweite das Protokoll des Hosts."
        - "Ist der Rechner zu klein für das, was er überwacht, verlängern Sie `interval`, oder geben Sie ihm einen weiteren Prozessor.";

    CeilingReached:
        en "In the last hour this program has logged in to the mailbox, or requested tokens for the application, as often as its configuration allows, over scheduled runs and `/probe` together. More might make Microsoft throttle the application itself, so the run was not made. This says nothing about Microsoft 365, and the run counts as missed; scheduled runs keep their share, whoever asks for more."
        - "See who asks: `m365_exporter_ceiling_refusals_total` counts what was refused, and `m365_exporter_probe_requests_total` how often `/probe` is asked and how often that became a run. A Prometheus that scrapes `/probe` more often than every 15 seconds, or several of them, need not: an outcome is given again while it is younger than `probe_max_age`."
        - "If clients ask that you do not know, protect the pages with users: `--web.config.file`."
        - "If the number is meant, raise `logins_per_hour` or `token_requests_per_hour` of `defaults`, or lengthen `interval`.";
        de "die eigene Obergrenze dieses Programms für Anmeldungen oder Tokenanforderungen ist erreicht"
        "In der letzten Stunde hat sich dieses Programm so oft am Postfach angemeldet oder so oft Token für die Anwendung angefordert, wie seine Konfiguration erlaubt; Läufe nach Zeitplan und `/probe` zählen zusammen. Noch mehr könnte dazu führen, dass Microsoft die Anwendung selbst drosselt. Deshalb fand der Lauf nicht statt. Über Microsoft 365 sagt das nichts aus, und der Lauf zählt als ausgefallen; Läufe nach Zeitplan behalten ihren Anteil, wer auch immer mehr verlangt."
        - "Sehen Sie nach, wer fragt: `m365_exporter_ceiling_refusals_total` zählt, was abgelehnt wurde, und `m365_exporter_probe_requests_total`, wie oft `/probe` gefragt wird und wie oft daraus ein Lauf wurde. Ein Prometheus, der `/probe` öfter als alle 15 Sekunden abfragt, oder mehrere davon bringen nichts: Ein Ergebnis wird noch einmal gegeben, solange es jünger ist als `probe_max_age`."
        - "Fragen Clients, die Sie nicht kennen, schützen Sie die Seiten mit Benutzern: `--web.config.file`."
        - "Ist die Zahl gewollt, erhöhen Sie `logins_per_hour` oder `token_requests_per_hour` unter `defaults`, oder verlängern Sie `interval`.";

    LocalTrustStore:
        en "Without trusted root certificates no server can be verified, so no connection was made."
        - "Install the package ca-certificates, or set `network.ca_file` to a readable bundle in PEM format."
        - "Make sure that the bundle contains DigiCert Global Root G2, which Exchange Online has needed since March 2026.";
        de "hier waren keine vertrauenswürdigen Stammzertifikate lesbar"
        "Ohne vertrauenswürdige Stammzertifikate lässt sich kein Server überprüfen. Deshalb wurde keine Verbindung aufgebaut."
        - "Installieren Sie das Paket ca-certificates, oder setzen Sie `network.ca_file` auf eine lesbare Sammlung im PEM-Format."
        - "Achten Sie darauf, dass sie DigiCert Global Root G2 enthält: Exchange Online setzt dieses Zertifikat seit März 2026 voraus.";

    ClockWrong:
        en "This machine's clock differs from Microsoft's. Certificates and tokens are judged by it: a few minutes do little harm where a client secret is used, since a token is still issued; the further it is off, the more of them count as expired or not yet valid."
        - "See the time, and whether it is synchronised: `timedatectl`, or `chronyc` with `tracking`. This check's facts have the difference, positive where this machine is behind, or its evidence the server's time."
        - "Switch time synchronisation on: `timedatectl set-ntp true`. UDP port 123 to the time server must be open; a virtual machine may take its time from its host instead."
        - "If both sides are right, a proxy may have changed the header `Date`.";
        de "die Uhr dieses Rechners weicht von der Microsofts ab"
        "Die Uhr dieses Rechners weicht von der Microsofts ab. Zertifikate und Token werden nach ihr beurteilt: Einige Minuten schaden bei einem geheimen Clientschlüssel wenig, denn ein Token wird weiterhin ausgestellt; je falscher die Uhr geht, desto mehr davon gelten als abgelaufen oder noch nicht gültig."
        - "Sehen Sie nach der Uhrzeit, und ob sie synchronisiert wird: `timedatectl`, oder `chronyc` mit `tracking`. Diese Prüfung nennt den Unterschied, der positiv ist, wenn dieser Rechner nachgeht, oder in ihren Belegen die Uhrzeit des Servers."
        - "Schalten Sie die Zeitsynchronisation ein: `timedatectl set-ntp true`. UDP-Port 123 zum Zeitserver muss offen sein; eine virtuelle Maschine kann ihre Zeit auch von ihrem Wirt bekommen."
        - "Gehen beide Uhren richtig, hat vielleicht ein Proxy die Kopfzeile `Date` verändert.";

    SecretUnreadable:
        en "The file or environment variable that holds the credential is missing, empty or not readable for the user that m365-probe runs as, or a private key in it cannot be read: the evidence says what is wrong. Nothing was sent to Microsoft."
        - "Check that the path or the name of the variable is right, and that this user may read it."
        - "Check that the file of a client secret is not empty and contains nothing but its Value."
        - "Of a certificate, check that the file holds PEM or PKCS #12, as the key of the configuration says, that its private key is there, and that the password is right.";
        de "die Anmeldeinformationen konnten nicht gelesen werden"
        "Die Datei oder Umgebungsvariable mit den Anmeldeinformationen fehlt, ist leer oder für das Benutzerkonto von m365-probe nicht lesbar, oder ein privater Schlüssel darin lässt sich nicht lesen: Der Beleg nennt den Grund. An Microsoft wurde nichts gesendet."
        - "Prüfen Sie, ob der Pfad oder der Name der Variablen stimmt und ob das Konto, unter dem dieses Programm läuft, sie lesen darf."
        - "Prüfen Sie, ob die Datei eines geheimen Clientschlüssels nicht leer ist und nur dessen Wert enthält."
        - "Bei einem Zertifikat prüfen Sie, ob die Datei PEM oder PKCS #12 enthält, wie der Schlüssel der Konfiguration sagt, ob ihr privater Schlüssel darin ist und ob das Kennwort stimmt.";
}
