//! The token refused: the application's certificate and the assertion that it signs.

super::entries! {
    ClientKeyMismatch from ASSERTIONS:
        en "The private key and the certificate that are configured here do not belong together, as happens when one of two files is replaced and the other is not. Nothing was signed with this pair; while m365-probe runs, it uses the last pair that belonged together, as long as Entra accepts it."
        - "Replace both files with those of one pair. They are read anew for every token request, without a restart."
        - "To see which belong together, compare what `openssl x509 -in CERTIFICATE -noout -pubkey` and `openssl pkey -in KEY -pubout` print: it must be the same."
        - "Where a tool renews them, have it replace both at once, for example by a symbolic link to a directory with both.";
        de "privater Schlüssel und Zertifikat gehören nicht zusammen"
        "Der private Schlüssel und das Zertifikat, die hier eingetragen sind, gehören nicht zusammen; das kommt vor, wenn von zwei Dateien nur eine ersetzt wurde. Mit diesem Paar wurde nichts signiert; solange m365-probe läuft, verwendet es das letzte zusammengehörige Paar, bis Entra es ablehnt."
        - "Ersetzen Sie beide Dateien durch die eines Paars. Sie werden für jede Tokenanforderung neu gelesen, ohne Neustart."
        - "Was zusammengehört, zeigt der Vergleich der Ausgaben von `openssl x509 -in CERTIFICATE -noout -pubkey` und `openssl pkey -in KEY -pubout`: Sie müssen gleich sein."
        - "Erneuert ein Werkzeug die Dateien, lassen Sie es beide zugleich ersetzen, zum Beispiel durch einen symbolischen Link auf ein Verzeichnis mit beiden.";

    ClientKeyUnsuitable from ASSERTIONS:
        en "The configured private key cannot sign for Entra: it is one of an elliptic curve, or an RSA key of fewer than 2048 bits. Nothing was sent to Microsoft."
        - "Make a new pair with an RSA key of at least 2048 bits, for example with `openssl req -x509 -newkey rsa:3072 -nodes -days 365 -subj /CN=m365-probe -keyout KEY -out CERTIFICATE`."
        - "Upload the new certificate, without its key: Microsoft Entra admin center > App registrations > application {client_id} > Certificates & secrets > Certificates > Upload certificate. Then configure both files here.";
        de "der private Schlüssel ist für Entra nicht geeignet"
        "Mit dem eingetragenen privaten Schlüssel lässt sich nicht für Entra signieren: Er gehört zu einer elliptischen Kurve, oder er ist ein RSA-Schlüssel mit weniger als 2048 Bit. An Microsoft wurde nichts gesendet."
        - "Erzeugen Sie ein neues Paar mit einem RSA-Schlüssel von mindestens 2048 Bit, zum Beispiel mit `openssl req -x509 -newkey rsa:3072 -nodes -days 365 -subj /CN=m365-probe -keyout KEY -out CERTIFICATE`."
        - "Laden Sie das neue Zertifikat ohne seinen Schlüssel hoch: Microsoft Entra Admin Center > App-Registrierungen > Anwendung {client_id} > Zertifikate & Geheimnisse > Zertifikate > Zertifikat hochladen. Tragen Sie danach hier beide Dateien ein.";

    ClientCertificateNotRegistered from ASSERTIONS:
        en "Entra knows the application, but no certificate with this thumbprint is registered with it (AADSTS700027). The evidence names the thumbprint of the certificate that signed."
        - "Compare the thumbprint of the evidence with Microsoft Entra admin center > App registrations > application {client_id} > Certificates & secrets > Certificates. If it is missing there: Upload certificate, with the certificate's file and without its private key."
        - "If another certificate is registered that is still valid, configure that one and its private key here."
        - "If it was uploaded a moment ago, wait a few minutes.";
        de "das Zertifikat ist bei der Anwendung nicht hinterlegt"
        "Entra kennt die Anwendung, aber bei ihr ist kein Zertifikat mit diesem Fingerabdruck hinterlegt (AADSTS700027). Der Beleg nennt den Fingerabdruck des Zertifikats, mit dem signiert wurde."
        - "Vergleichen Sie den Fingerabdruck aus dem Beleg mit Microsoft Entra Admin Center > App-Registrierungen > Anwendung {client_id} > Zertifikate & Geheimnisse > Zertifikate. Fehlt er dort: Zertifikat hochladen, mit der Datei des Zertifikats und ohne seinen privaten Schlüssel."
        - "Ist ein anderes, noch gültiges Zertifikat hinterlegt, tragen Sie dieses mit seinem privaten Schlüssel hier ein."
        - "Wurde es eben erst hochgeladen, warten Sie einige Minuten.";

    ClientCertificateExpired from ASSERTIONS:
        en "The application's certificate is past its last day: seen from this machine before anything was sent, or by Entra (AADSTS1000502). Everything that signs in with it has stopped working."
        - "Make a new certificate, or have it renewed, and upload it: Microsoft Entra admin center > App registrations > application {client_id} > Certificates & secrets > Certificates > Upload certificate."
        - "Replace certificate and private key here: the files are read anew for every token request, without a restart. What systemd hands over as a credential takes a restart."
        - "If the evidence shows that this machine's clock is wrong, set the clock instead.";
        de "das Zertifikat der Anwendung ist abgelaufen"
        "Das Zertifikat der Anwendung hat seinen letzten Gültigkeitstag überschritten: Das hat dieser Rechner festgestellt, bevor etwas gesendet wurde, oder Entra (AADSTS1000502). Alles, was sich damit anmeldet, funktioniert nicht mehr."
        - "Erzeugen oder erneuern Sie das Zertifikat, und laden Sie es hoch: Microsoft Entra Admin Center > App-Registrierungen > Anwendung {client_id} > Zertifikate & Geheimnisse > Zertifikate > Zertifikat hochladen."
        - "Ersetzen Sie hier Zertifikat und privaten Schlüssel: Die Dateien werden für jede Tokenanforderung neu gelesen, ohne Neustart. Was systemd als Credential übergibt, verlangt einen Neustart."
        - "Zeigt der Beleg, dass die Uhr dieses Rechners falsch geht, stellen Sie stattdessen die Uhr.";

    ClientCertificateNotYetValid from ASSERTIONS:
        en "The application's certificate is not valid yet: seen from this machine before anything was sent, or by Entra. Either its first day is still to come, or this machine's clock is behind."
        - "Compare this machine's clock with the first day of the certificate, which the evidence names, and check its time synchronisation (NTP)."
        - "If the clock is right, use the earlier certificate until that day, or have a certificate issued that is valid at once.";
        de "das Zertifikat der Anwendung gilt noch nicht"
        "Das Zertifikat der Anwendung gilt noch nicht: Das hat dieser Rechner festgestellt, bevor etwas gesendet wurde, oder Entra. Entweder steht sein erster Gültigkeitstag noch bevor, oder die Uhr dieses Rechners geht nach."
        - "Vergleichen Sie die Uhr dieses Rechners mit dem ersten Gültigkeitstag des Zertifikats, den der Beleg nennt, und prüfen Sie die Zeitsynchronisation (NTP)."
        - "Geht die Uhr richtig, verwenden Sie bis dahin das bisherige Zertifikat, oder lassen Sie eines ausstellen, das sofort gilt.";

    ClientCertificateRevoked from ASSERTIONS:
        en "Entra takes the application's certificate for revoked (AADSTS7000214, AADSTS7000277), so it accepts nothing that this certificate signs."
        - "Ask whoever issued the certificate why it was revoked: its private key may be in wrong hands. Then remove it in Microsoft Entra admin center > App registrations > application {client_id} > Certificates & secrets > Certificates."
        - "Make a new pair with a new private key, upload its certificate at the same place, and configure both files here and in every other program that uses this application.";
        de "das Zertifikat der Anwendung ist widerrufen"
        "Entra hält das Zertifikat der Anwendung für widerrufen (AADSTS7000214, AADSTS7000277) und nimmt deshalb nichts an, was damit signiert ist."
        - "Fragen Sie den Aussteller, warum es widerrufen wurde: Der private Schlüssel kann in falsche Hände geraten sein. Entfernen Sie es dann unter Microsoft Entra Admin Center > App-Registrierungen > Anwendung {client_id} > Zertifikate & Geheimnisse > Zertifikate."
        - "Erzeugen Sie ein neues Paar mit einem neuen privaten Schlüssel, laden Sie das Zertifikat an derselben Stelle hoch, und tragen Sie beide Dateien hier und in jedem anderen Programm ein, das diese Anwendung verwendet.";

    ClientAssertionSignatureWrong from ASSERTIONS:
        en "Entra knows the certificate that the assertion names, but the assertion's signature is not one of its private key (AADSTS700027 with the words that the signature did not match, AADSTS50012, AADSTS900384). m365-probe compares key and certificate before it signs, so something else is wrong: another certificate is registered than its thumbprint says, or a gateway on the way signs in our place with another key."
        - "Compare thumbprint and last day with Microsoft Entra admin center > App registrations > application {client_id} > Certificates & secrets > Certificates; delete the certificate there and upload it anew."
        - "If a gateway or proxy signs in on behalf of this program, check that its key belongs to its certificate, and that the signing certificate is the first of its chain.";
        de "die Signatur der Assertion passt nicht zum Zertifikat"
        "Entra kennt das Zertifikat, das die Assertion nennt, aber ihre Signatur stammt nicht von dessen privatem Schlüssel (AADSTS700027 mit den Worten, dass die Signatur nicht passt, AADSTS50012, AADSTS900384). m365-probe vergleicht Schlüssel und Zertifikat, bevor es signiert; es muss also etwas anderes falsch sein: Hinterlegt ist ein anderes Zertifikat, als der Fingerabdruck sagt, oder ein Gateway auf dem Weg signiert an unserer Stelle mit einem anderen Schlüssel."
        - "Vergleichen Sie Fingerabdruck und letzten Gültigkeitstag mit Microsoft Entra Admin Center > App-Registrierungen > Anwendung {client_id} > Zertifikate & Geheimnisse > Zertifikate; löschen Sie das Zertifikat dort und laden Sie es neu hoch."
        - "Meldet sich ein Gateway oder Proxy an Stelle dieses Programms an, prüfen Sie, ob sein Schlüssel zu seinem Zertifikat gehört und ob das signierende Zertifikat das erste der Kette ist.";

    ClientAssertionOutOfTime from ASSERTIONS:
        en "Entra considers the signed assertion not yet valid or no longer valid (AADSTS700024). Those of m365-probe are made anew for each request and are valid for ten minutes, so this machine's clock is wrong: the evidence shows by how much it differs from Entra's. A federated token was issued too long ago: whoever writes it to its file no longer does."
        - "Check this machine's clock and its time synchronisation (NTP), and compare it with the time in the evidence."
        - "If a gateway or proxy signs in on behalf of this program, check the gateway's clock.";
        de "die signierte Assertion ist zu dieser Zeit nicht gültig"
        "Entra hält die signierte Assertion für noch nicht oder nicht mehr gültig (AADSTS700024). Die von m365-probe werden für jede Anforderung neu erzeugt und gelten zehn Minuten; die Uhr dieses Rechners geht also falsch: Der Beleg zeigt, um wie viel sie von der Uhr Entras abweicht. Ein Verbundtoken wurde vor zu langer Zeit ausgestellt: Wer es in seine Datei schreibt, tut das nicht mehr."
        - "Prüfen Sie die Uhr dieses Rechners und seine Zeitsynchronisation (NTP), und vergleichen Sie sie mit der Zeit im Beleg."
        - "Meldet sich ein Gateway oder Proxy an Stelle dieses Programms an, prüfen Sie dessen Uhr.";

    ClientCertificateRefused from ASSERTIONS:
        en "Entra does not accept the assertion that the application's certificate signed, and gives no reason that is told apart here: the certificate is not valid now or the signature is wrong (AADSTS7000274), its subject is not allowed (AADSTS700030), or the assertion does not name application, certificate and audience as it must (AADSTS700021, AADSTS700023, AADSTS50027, AADSTS5002723)."
        - "Compare thumbprint and last day with Microsoft Entra admin center > App registrations > application {client_id} > Certificates & secrets > Certificates, and upload a new certificate if it is missing there or has expired."
        - "If it is registered and valid, check `client_id`, `tenant_id` and `cloud`: the assertion names them. A gateway or proxy that signs in on behalf of this program must send the thumbprint of the certificate that signs (x5t is SHA-1, x5t#S256 is SHA-256) and the tenant's token endpoint as the audience.";
        de "das Zertifikat der Anwendung wird nicht angenommen"
        "Entra nimmt die mit dem Zertifikat der Anwendung signierte Assertion nicht an und nennt keinen Grund, der sich hier unterscheiden lässt: Das Zertifikat ist zurzeit nicht gültig oder die Signatur falsch (AADSTS7000274), es ist auf einen unzulässigen Namen ausgestellt (AADSTS700030), oder die Assertion nennt Anwendung, Zertifikat und Zielgruppe nicht wie vorgeschrieben (AADSTS700021, AADSTS700023, AADSTS50027, AADSTS5002723)."
        - "Vergleichen Sie Fingerabdruck und letzten Gültigkeitstag mit Microsoft Entra Admin Center > App-Registrierungen > Anwendung {client_id} > Zertifikate & Geheimnisse > Zertifikate, und laden Sie ein neues Zertifikat hoch, wenn es dort fehlt oder abgelaufen ist."
        - "Ist es hinterlegt und gültig, prüfen Sie `client_id`, `tenant_id` und `cloud`: Die Assertion nennt sie. Ein Gateway oder Proxy, der sich an Stelle dieses Programms anmeldet, muss den Fingerabdruck des signierenden Zertifikats (x5t ist SHA-1, x5t#S256 ist SHA-256) und als Zielgruppe den Tokenendpunkt des Mandanten senden.";
}
