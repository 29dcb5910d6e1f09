//! The TLS handshake and the certificate.

super::entries! {
    TlsTimedOut from TLS:
        en "The connection is established, but the TLS handshake does not finish. Filters that inspect TLS often cause this."
        - "Look for a filter on the way to {host}:{port} that drops TLS by server name or by protocol.";
        de "der TLS-Handshake ist stehen geblieben"
        "Die Verbindung steht, aber der TLS-Handshake kommt nicht zum Abschluss. So verhalten sich oft Filter, die TLS untersuchen."
        - "Suchen Sie auf dem Weg zu {host}:{port} nach einem Filter, der TLS nach Servernamen oder Protokoll verwirft.";

    TlsClosed from TLS:
        en "The peer closed the connection during the TLS handshake. With a client that offers TLS 1.2, as this one does, a filter is a far more likely cause than Microsoft."
        - "If the evidence says that the server answered when asked once more, wait: single cases are harmless. If it keeps happening, look for an overloaded load balancer or device."
        - "Otherwise look for a filter that resets TLS by server name or by protocol."
        - "Check that the port is right: {port} must be one that begins with TLS, or STARTTLS must come first.";
        de "die Verbindung wurde während des TLS-Handshakes geschlossen"
        "Die Gegenstelle hat die Verbindung während des TLS-Handshakes geschlossen. Bei einem Client, der wie dieser TLS 1.2 anbietet, ist ein Filter als Ursache weit wahrscheinlicher als Microsoft."
        - "Steht im Beleg, dass der Server auf erneute Anfrage geantwortet hat (asked once more), warten Sie: Einzelfälle sind harmlos. Häufen sie sich, suchen Sie nach einem überlasteten Lastverteiler oder Gerät."
        - "Sonst suchen Sie nach einem Filter, der TLS nach Servernamen oder Protokoll abbricht."
        - "Prüfen Sie den Port: Auf {port} muss TLS sofort beginnen, oder STARTTLS muss vorausgehen.";

    TlsNameFiltered from TLS:
        en "The handshake for {host} is reset or gets no answer each time, while the same address answers one that differs only in naming no server. So something on the way reads the name in the ClientHello (SNI) and blocks the connection because of it."
        - "Remove {host} from the block list of the firewall, intrusion prevention or web filter that filters by SNI, also on port {port}."
        - "Categories such as webmail, cloud storage or unknown protocols often contain Microsoft's mail hosts.";
        de "TLS wird nur für diesen Servernamen abgebrochen"
        "Der Handshake für {host} wird jedes Mal zurückgesetzt oder bleibt ohne Antwort, während dieselbe Adresse einen beantwortet, der sich nur darin unterscheidet, dass er keinen Servernamen nennt. Etwas auf dem Weg liest also den Namen im ClientHello (SNI) und sperrt die Verbindung deswegen."
        - "Nehmen Sie {host} von der Sperrliste der Firewall, Angriffserkennung oder des Webfilters, der nach SNI filtert, auch auf Port {port}."
        - "Kategorien wie Webmail, Cloudspeicher oder unbekannte Protokolle enthalten oft die Mailhosts von Microsoft.";

    TlsNotSpoken from MAIL_OVER_TLS:
        en "The reply to the TLS handshake was not TLS. Usually the port is one that begins in clear text."
        - "Check the port: 995 and 993 begin with TLS; 587, 110 and 143 do not."
        - "If the port is right, look for a mail proxy that answers in clear text.";
        de "die Gegenstelle spricht auf diesem Port kein TLS"
        "Auf den TLS-Handshake kam eine Antwort, die kein TLS ist. Meist beginnt der Port im Klartext."
        - "Prüfen Sie den Port: 995 und 993 beginnen mit TLS; 587, 110 und 143 nicht."
        - "Stimmt der Port, suchen Sie nach einem Mailproxy, der im Klartext antwortet.";

    TlsCertificateExpired from CERTIFICATES:
        en "The certificate presented, or that of an authority above it, has expired. Microsoft renews in time, so another device presents it or this machine's clock is wrong."
        - "See in the evidence whose certificate has expired and who issued it: an intercepting device may have failed to renew its own."
        - "If it is DigiCert or Microsoft, check this machine's clock.";
        de "das Zertifikat ist abgelaufen"
        "Das vorgelegte Zertifikat oder das einer Zertifizierungsstelle darüber hat seinen letzten Gültigkeitstag überschritten. Microsoft erneuert rechtzeitig; also legt es ein anderes Gerät vor, oder die Uhr dieses Rechners geht falsch."
        - "Sehen Sie im Beleg nach, wessen Zertifikat abgelaufen ist und wer es ausgestellt hat: Ein mitlesendes Gerät hat womöglich sein eigenes nicht erneuert."
        - "Ist es DigiCert oder Microsoft, prüfen Sie die Uhr dieses Rechners.";

    TlsCertificateNotYetValid from CERTIFICATES:
        en "By this machine's clock the certificate is not valid yet. The clock is the likely cause."
        - "Check this machine's clock and its time synchronisation (NTP).";
        de "das Zertifikat ist noch nicht gültig"
        "Nach der Uhr dieses Rechners ist das Zertifikat noch nicht gültig. Wahrscheinliche Ursache ist die Uhr."
        - "Prüfen Sie die Uhr dieses Rechners und seine Zeitsynchronisation (NTP).";

    TlsCertificateWrongName from CERTIFICATE_NAMES:
        en "The certificate does not name {host}: another server answers."
        - "Check DNS, pinned addresses and proxies: the evidence shows for which names the certificate is valid."
        - "If the evidence says that it has no subject alternative name, have it issued anew with one: a name in its subject alone has not counted for years, here as in other clients.";
        de "das Zertifikat gilt für einen anderen Namen"
        "Das Zertifikat nennt {host} nicht: Es antwortet ein anderer Server."
        - "Prüfen Sie DNS, fest eingetragene Adressen und Proxys: Im Beleg steht, für welche Namen das Zertifikat gilt."
        - "Steht im Beleg, dass es keinen alternativen Namen hat (no subject alternative name), lassen Sie es mit einem neu ausstellen: Ein Name allein im Subject zählt seit Jahren nicht mehr, hier wie bei anderen Clients.";

    TlsCertificateUntrusted from CERTIFICATES:
        en "The certificate leads neither to a root that this machine trusts nor to one that is known to sign for Microsoft. Most likely a device on your own network inspects TLS with its own authority."
        - "See in the evidence who issued the certificate: the name alone proves nothing; anyone can call an authority DigiCert or Microsoft."
        - "If it is your own proxy, exempt {host} from TLS inspection, or set `network.ca_file` to its authority."
        - "If the evidence says that no certificate of its issuer came with it, the issuer may be an intermediate authority, which the server or device has to send along."
        - "If TLS is not inspected here, update the package `ca-certificates`: Microsoft may use a root that is newer than the package and this program.";
        de "dem Aussteller des Zertifikats wird hier nicht vertraut"
        "Das Zertifikat führt weder zu einem Stammzertifikat, dem dieser Rechner vertraut, noch zu einem, das bekanntermaßen für Microsoft signiert. Höchstwahrscheinlich prüft ein Gerät im eigenen Netz TLS mit einer eigenen Zertifizierungsstelle."
        - "Sehen Sie im Beleg nach, wer das Zertifikat ausgestellt hat. Der Name allein beweist nichts: DigiCert oder Microsoft kann sich jede Zertifizierungsstelle nennen."
        - "Ist es der eigene Proxy, nehmen Sie {host} von der TLS-Inspektion aus, oder setzen Sie `network.ca_file` auf dessen Zertifizierungsstelle."
        - "Steht im Beleg, dass kein Zertifikat des Ausstellers mitkam (no certificate of its issuer came with it), ist der Aussteller womöglich eine Zwischenstelle, deren Zertifikat der Server oder das Gerät mitschicken muss."
        - "Wird TLS hier nicht inspiziert, aktualisieren Sie das Paket `ca-certificates`: Microsoft verwendet womöglich ein Stammzertifikat, das neuer ist als das Paket und dieses Programm.";

    TlsRootMissing from CERTIFICATES:
        en "The certificate was signed by a certification authority that Microsoft uses: the signatures prove it, and nobody else can make them. But its root is not among those trusted here. Since 2026 Microsoft's servers have needed DigiCert Global Root G2; old systems and small container images lack it. The connection is not intercepted."
        - "Update the package `ca-certificates` (Debian, Ubuntu, Alpine, RHEL), or install it: DigiCert Global Root G2 must be trusted."
        - "If variables such as `SSL_CERT_FILE` and `SSL_CERT_DIR` name another store, check that it contains that root."
        - "Until then `network.ca_file` may name a file with that root.";
        de "das Stammzertifikat der Server von Microsoft fehlt hier"
        "Das Zertifikat hat eine Zertifizierungsstelle signiert, die Microsoft nutzt: Das beweisen die Signaturen, die niemand sonst erzeugen kann. Aber ihr Stammzertifikat gehört nicht zu denen, denen hier vertraut wird. Seit 2026 brauchen die Server von Microsoft DigiCert Global Root G2; alten Systemen und kleinen Container-Images fehlt es. Die Verbindung wird nicht mitgelesen."
        - "Aktualisieren Sie das Paket `ca-certificates` (Debian, Ubuntu, Alpine, RHEL), oder installieren Sie es: DigiCert Global Root G2 muss als vertrauenswürdig gelten."
        - "Nennen Variablen wie `SSL_CERT_FILE` und `SSL_CERT_DIR` einen anderen Speicher, prüfen Sie, ob er dieses Stammzertifikat enthält."
        - "Bis dahin kann `network.ca_file` eine Datei mit diesem Stammzertifikat nennen.";

    TlsCertificateSelfSigned from CERTIFICATES:
        en "The certificate is signed with its own key. Microsoft presents no such certificate: another server or device answers."
        - "Check DNS and TLS inspection on the way to {host}:{port}."
        - "If an inspecting proxy of your own is meant to answer, set `network.ca_file` to its authority.";
        de "das Zertifikat ist selbstsigniert"
        "Das Zertifikat ist mit seinem eigenen Schlüssel signiert. Microsoft legt solche nicht vor: Es antwortet ein anderer Server oder ein Gerät."
        - "Prüfen Sie DNS und TLS-Inspektion auf dem Weg zu {host}:{port}."
        - "Soll ein eigener prüfender Proxy antworten, setzen Sie `network.ca_file` auf dessen Zertifizierungsstelle.";

    TlsCertificateWeak from CERTIFICATES:
        en "The certificate's key or signature is weaker than OpenSSL accepts here. Microsoft's certificates are not: another server or device answers."
        - "Check DNS and TLS inspection on the way to {host}:{port}; a device that inspects TLS needs a stronger certificate.";
        de "Schlüssel oder Signatur des Zertifikats sind zu schwach"
        "Schlüssel oder Signatur des Zertifikats genügen OpenSSL hier nicht. Bei Microsoft kommt das nicht vor: Es antwortet ein anderer Server oder ein Gerät."
        - "Prüfen Sie DNS und TLS-Inspektion auf dem Weg zu {host}:{port}; ein Gerät, das TLS prüft, braucht ein stärkeres Zertifikat.";

    TlsCertificateUnfit from CERTIFICATES:
        en "The certificate, or that of an authority above it, breaks a rule: it was issued for another purpose than a server's, by a certificate that does not belong to an authority, or for a name that its authority may not sign. Microsoft's certificates are valid: another server or device answers."
        - "See OpenSSL's message in the evidence, and who issued the certificate. Trusting further roots does not help."
        - "If a device of your own inspects TLS, have its certificates issued anew, for a server (extended key usage serverAuth) and by an authority (basicConstraints CA), or exempt {host} from the inspection.";
        de "das Zertifikat ist nicht für diesen Zweck ausgestellt"
        "Das Zertifikat oder das einer Zertifizierungsstelle darüber verletzt eine Regel: Es ist für einen anderen Zweck als den eines Servers ausgestellt, von einem Zertifikat, das keiner Zertifizierungsstelle gehört, oder für einen Namen, für den seine Zertifizierungsstelle nicht signieren darf. Die Zertifikate von Microsoft sind einwandfrei: Es antwortet ein anderer Server oder ein Gerät."
        - "Sehen Sie im Beleg die Meldung von OpenSSL nach, und wer das Zertifikat ausgestellt hat. Weiteren Stammzertifikaten zu vertrauen hilft nicht."
        - "Prüft ein eigenes Gerät TLS, lassen Sie dessen Zertifikate neu ausstellen, und zwar als die eines Servers (extendedKeyUsage serverAuth) und von einer Zertifizierungsstelle (basicConstraints CA), oder nehmen Sie {host} von der TLS-Inspektion aus.";

    TlsCertificateRevoked from REVOCATION:
        en "The authority that issued the certificate has revoked it: the server sent the authority's signed word on that along with it (OCSP stapling). Others may have the certificate's key, so nothing was sent."
        - "See in the evidence who issued the certificate, and since when and why it is revoked."
        - "If a device of your own answers for {host}, give it a new certificate."
        - "If not, check DNS, pinned addresses and proxies on the way to {host}:{port}, and find out who answers before anything trusts that server again.";
        de "das Zertifikat wurde widerrufen"
        "Die Zertifizierungsstelle, die das Zertifikat ausgestellt hat, hat es widerrufen: Der Server hat ihre signierte Auskunft darüber mitgeschickt (OCSP-Stapling). Andere haben womöglich den Schlüssel des Zertifikats; deshalb wurde nichts gesendet."
        - "Sehen Sie im Beleg nach, wer das Zertifikat ausgestellt hat und seit wann und warum es widerrufen ist."
        - "Antwortet für {host} ein eigenes Gerät, geben Sie ihm ein neues Zertifikat."
        - "Wenn nicht, prüfen Sie DNS, fest eingetragene Adressen und Proxys auf dem Weg zu {host}:{port}, und finden Sie heraus, wer antwortet, bevor etwas diesem Server wieder vertraut.";

    TlsClientCertificateWanted from TLS:
        en "The peer ends the connection because we present no client certificate. Microsoft's servers ask for none: a gateway or another server with mutual TLS answers."
        - "Find out which device answers at {host}:{port}, and exempt this machine or {host} from its requirement for client certificates."
        - "Check DNS, pinned addresses and proxies: {host} may lead to a server of your own.";
        de "die Gegenstelle verlangt ein Clientzertifikat"
        "Die Gegenstelle beendet die Verbindung, weil wir kein Clientzertifikat vorlegen. Die Server von Microsoft verlangen keines: Es antwortet ein Gateway oder ein anderer Server mit beidseitiger TLS-Anmeldung."
        - "Finden Sie heraus, welches Gerät auf {host}:{port} antwortet, und nehmen Sie diesen Rechner oder {host} von der Pflicht zum Clientzertifikat aus."
        - "Prüfen Sie DNS, fest eingetragene Adressen und Proxys: {host} führt womöglich zu einem eigenen Server.";

    TlsProtocolTooOld from TLS_OLD:
        en "The two sides have no TLS version in common: the peer said so, or it closed the connection when offered a newer one. Microsoft 365 accepts TLS 1.2 and later only; the special endpoints that still took TLS 1.0 and 1.1 for POP3 and IMAP are being closed until the end of 2026 (MC1293480)."
        - "Check TLS inspection on the way: a device that speaks TLS 1.0 or 1.1 towards Microsoft must be updated or bypassed."
        - "Check this machine's OpenSSL configuration for a limit on the TLS version.";
        de "keine gemeinsame TLS-Version"
        "Beide Seiten haben keine gemeinsame TLS-Version: Die Gegenstelle meldet das, oder sie beendet die Verbindung bei einer neueren. Microsoft 365 nimmt nur TLS 1.2 und neuer an; die besonderen Endpunkte, die TLS 1.0 und 1.1 für POP3 und IMAP noch annahmen, werden bis Ende 2026 geschlossen (MC1293480)."
        - "Prüfen Sie die TLS-Inspektion auf dem Weg: Ein Gerät, das gegenüber Microsoft TLS 1.0 oder 1.1 spricht, muss aktualisiert oder umgangen werden."
        - "Prüfen Sie die OpenSSL-Konfiguration dieses Rechners auf eine Beschränkung der TLS-Version.";

    TlsIntercepted from CERTIFICATES:
        en "The certificate is not Microsoft's: a device on the way decrypts the connection, token and mail included, and presents a certificate of its own, whose issuer is trusted here. Your access now depends on this device; Microsoft advises against inspecting its mail and login hosts."
        - "See in the evidence who issued the certificate."
        - "Exempt {host} from TLS inspection."
        - "If it is your company's decision to inspect TLS, set `inspection: accepted` under `network` in the configuration: it is no warning then, and a certificate that is not trusted here still fails.";
        de "ein Gerät auf dem Weg entschlüsselt TLS, und ihm wird hier vertraut"
        "Das Zertifikat ist nicht von Microsoft: Ein Gerät auf dem Weg entschlüsselt die Verbindung samt Token und E-Mail und legt ein eigenes Zertifikat vor, dessen Aussteller hier vertraut wird. Ihr Zugriff hängt damit von diesem Gerät ab; Microsoft rät davon ab, seine E-Mail- und Anmeldeserver so zu prüfen."
        - "Sehen Sie im Beleg nach, wer das Zertifikat ausgestellt hat."
        - "Nehmen Sie {host} von der TLS-Inspektion aus."
        - "Ist die TLS-Inspektion eine Entscheidung Ihres Unternehmens, setzen Sie `inspection: accepted` unter `network` in der Konfiguration: Dann ist sie keine Warnung mehr, und ein Zertifikat, dem hier nicht vertraut wird, bleibt ein Fehler.";

    TlsFailed from TLS:
        en "The TLS handshake failed for a reason that is not in the catalogue."
        - "`alert 40` (handshake failure) instead of an answer usually means that there is no cipher in common: a device on the way offers weak ones only."
        - "`alert 42` to `alert 49` concern certificates: a device on the way may require one from us, or may not trust Microsoft's."
        - "See OpenSSL's message in the evidence, and look for TLS inspection on the way to {host}:{port}.";
        de "der TLS-Handshake ist fehlgeschlagen"
        "Der TLS-Handshake ist aus einem Grund fehlgeschlagen, der nicht im Katalog steht."
        - "`alert 40` (handshake failure) anstelle einer Antwort bedeutet in der Regel, dass es kein gemeinsames Verschlüsselungsverfahren gibt: Ein Gerät auf dem Weg bietet nur schwache an."
        - "`alert 42` bis `alert 49` betreffen Zertifikate: Ein Gerät auf dem Weg verlangt womöglich eines von uns, oder es vertraut dem von Microsoft nicht."
        - "Sehen Sie im Beleg die Meldung von OpenSSL nach, und suchen Sie nach einer TLS-Inspektion auf dem Weg zu {host}:{port}.";
}
