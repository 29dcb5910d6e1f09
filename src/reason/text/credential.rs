//! The token refused: the application's credential, the application and the tenant.

super::entries! {
    ClientSecretWrong from ERROR_CODES:
        en "Entra knows the application, but the secret is not one of its own (AADSTS7000215). Very often the Secret ID was copied instead of the Value."
        - "Configure the secret's Value, not its Secret ID. The Value is shown only once, right after the secret was created."
        - "If the Value is lost: Microsoft Entra admin center > App registrations > application {client_id} > Certificates & secrets > Client secrets > New client secret; copy the column Value and configure it here. Where the tenant forbids new secrets, use a certificate (`certificate_file`) instead.";
        de "der geheime Clientschlüssel ist falsch"
        "Entra kennt die Anwendung, aber das Geheimnis gehört nicht zu ihr (AADSTS7000215). Sehr oft wurde die Geheime ID statt des Werts kopiert."
        - "Tragen Sie den Wert des Geheimnisses ein, nicht die Geheime ID. Der Wert wird nur einmal angezeigt, direkt nach dem Anlegen."
        - "Ist der Wert verloren: Microsoft Entra Admin Center > App-Registrierungen > Anwendung {client_id} > Zertifikate & Geheimnisse > Geheime Clientschlüssel > Neuer geheimer Clientschlüssel; kopieren Sie die Spalte Wert und tragen Sie ihn hier ein. Verbietet der Mandant neue Schlüssel, verwenden Sie stattdessen ein Zertifikat (`certificate_file`).";

    ClientSecretMalformed from ERROR_CODES:
        en "Entra knows the application, but not the secret that was sent (AADSTS7000215), and seen from here that one cannot be one of Entra's: the evidence tells why. It contains a blank, an invisible or a control character, stands in quotes, or has a variable's name before it."
        - "Look at what the file, the variable or the systemd credential really contains: `od` with the option `-c` shows blanks, quotes and invisible characters. Do so where nobody else sees the screen."
        - "Write the secret's Value there and nothing else. The file is read anew for every token request; after a change of a variable, restart m365-probe."
        - "Only if the Value is lost: Microsoft Entra admin center > App registrations > application {client_id} > Certificates & secrets > Client secrets > New client secret. Where the tenant forbids new secrets, use a certificate (`certificate_file`) instead.";
        de "der geheime Clientschlüssel wurde falsch kopiert oder gespeichert"
        "Entra kennt die Anwendung, aber nicht das gesendete Geheimnis (AADSTS7000215), und von hier aus gesehen kann es keines von Entra sein: Der Beleg nennt den Grund. Es enthält ein Leerzeichen, ein unsichtbares oder ein Steuerzeichen, steht in Anführungszeichen oder hat einen Variablennamen vor sich."
        - "Sehen Sie nach, was die Datei, die Variable oder der systemd-Credential wirklich enthält: `od` mit der Option `-c` zeigt Leerzeichen, Anführungszeichen und unsichtbare Zeichen. Tun Sie das dort, wo niemand sonst den Bildschirm sieht."
        - "Schreiben Sie den Wert des Geheimnisses dorthin und sonst nichts. Die Datei wird für jede Tokenanforderung neu gelesen; nach der Änderung einer Variablen starten Sie m365-probe neu."
        - "Nur wenn der Wert verloren ist: Microsoft Entra Admin Center > App-Registrierungen > Anwendung {client_id} > Zertifikate & Geheimnisse > Geheime Clientschlüssel > Neuer geheimer Clientschlüssel. Verbietet der Mandant neue Schlüssel, verwenden Sie stattdessen ein Zertifikat (`certificate_file`).";

    ClientSecretExpired from ERROR_CODES:
        en "The client secret was right and is past its last day (AADSTS7000222). Everything that uses this secret has stopped working."
        - "Microsoft Entra admin center > App registrations > application {client_id} > Certificates & secrets > Client secrets > New client secret: copy the column Value. Where the tenant forbids new secrets, use a certificate (`certificate_file`) instead."
        - "Configure the new Value here and in every other program that uses this application, then delete the old secret."
        - "Declare its end date as `expires` in the configuration, so that you are warned in time.";
        de "der geheime Clientschlüssel ist abgelaufen"
        "Der geheime Clientschlüssel war richtig und hat seinen letzten Gültigkeitstag überschritten (AADSTS7000222). Alles, was ihn verwendet, funktioniert nicht mehr."
        - "Microsoft Entra Admin Center > App-Registrierungen > Anwendung {client_id} > Zertifikate & Geheimnisse > Geheime Clientschlüssel > Neuer geheimer Clientschlüssel: Kopieren Sie die Spalte Wert. Verbietet der Mandant neue Schlüssel, verwenden Sie stattdessen ein Zertifikat (`certificate_file`)."
        - "Tragen Sie den neuen Wert hier und in jedem anderen Programm ein, das diese Anwendung verwendet, und löschen Sie dann das alte Geheimnis."
        - "Geben Sie das Ablaufdatum in der Konfiguration als `expires` an, damit Sie rechtzeitig gewarnt werden.";

    CredentialExpiring from CLIENT_CREDENTIALS:
        en "The client secret or certificate still works, but its last day is near: of a secret as `expires` declares it or Microsoft Graph shows it, of a certificate as it says itself. After that day Entra answers AADSTS7000222 or AADSTS1000502, and every program that uses this credential stops working."
        - "Microsoft Entra admin center > App registrations > application {client_id} > Certificates & secrets. For a secret: Client secrets > New client secret, and copy the column Value, which is shown only once. For a certificate: Certificates > Upload certificate, with the new one. The old credential stays valid until its own last day, so nothing is interrupted meanwhile. Where the tenant forbids new secrets, use a certificate (`certificate_file`) instead."
        - "Put the new one where the configuration reads it: the file of `client_secret_file`, or those of certificate and private key. They are read anew for every token request, without a restart. With a variable, or with a credential of systemd's, restart m365-probe."
        - "Configure the new one in every other program that uses this application, and only then delete the old one."
        - "Of a secret set `expires` to the new last day and reload the configuration; with `read_expiry: true` that day is read from Microsoft Graph.";
        de "die Anmeldeinformation der Anwendung läuft bald ab"
        "Der geheime Clientschlüssel oder das Zertifikat funktioniert noch, doch der letzte Gültigkeitstag ist nahe: der eines Schlüssels, wie ihn `expires` angibt oder Microsoft Graph zeigt, der eines Zertifikats, wie es ihn selbst nennt. Danach antwortet Entra mit AADSTS7000222 oder AADSTS1000502, und kein Programm, das diese Anmeldeinformation verwendet, funktioniert mehr."
        - "Microsoft Entra Admin Center > App-Registrierungen > Anwendung {client_id} > Zertifikate & Geheimnisse. Für einen Schlüssel: Geheime Clientschlüssel > Neuer geheimer Clientschlüssel; kopieren Sie die Spalte Wert, die nur einmal angezeigt wird. Für ein Zertifikat: Zertifikate > Zertifikat hochladen, mit dem neuen. Die alte Anmeldeinformation bleibt bis zu ihrem letzten Gültigkeitstag gültig; bis dahin wird nichts unterbrochen. Verbietet der Mandant neue Schlüssel, verwenden Sie stattdessen ein Zertifikat (`certificate_file`)."
        - "Hinterlegen Sie die neue dort, wo die Konfiguration sie liest: in der Datei von `client_secret_file` oder in denen von Zertifikat und privatem Schlüssel. Sie werden für jede Tokenanforderung neu gelesen, ohne Neustart. Bei einer Variablen oder einem Credential von systemd starten Sie m365-probe neu."
        - "Tragen Sie die neue in jedem anderen Programm ein, das diese Anwendung verwendet, und löschen Sie erst dann die alte."
        - "Bei einem Schlüssel setzen Sie `expires` auf den neuen letzten Gültigkeitstag, und laden Sie die Konfiguration neu; mit `read_expiry: true` wird dieser Tag aus Microsoft Graph gelesen.";

    CredentialExpiryOutdated from CLIENT_CREDENTIALS:
        en "The day that `expires` declares is past, and Entra still issues tokens for this secret. Most probably the secret was renewed and the day in the configuration was not updated, so nothing warns of the secret's real last day any more."
        - "Read the last day of the secret in use: Microsoft Entra admin center > App registrations > application {client_id} > Certificates & secrets > Client secrets, column Expires. The first characters of each Value are shown there, by which you can tell the secrets apart."
        - "Set `expires` to that day and reload the configuration. If that day is past or near as well, create a new client secret now. Where the tenant forbids new secrets, use a certificate (`certificate_file`) instead."
        - "Or let m365-probe read the day: grant the application permission Application.Read.All of Microsoft Graph, and set `read_expiry: true` beside the secret.";
        de "der geheime Clientschlüssel funktioniert noch, obwohl sein angegebenes Ende vorüber ist"
        "Der Tag, den `expires` angibt, ist vorüber, und Entra stellt mit diesem Schlüssel weiterhin Token aus. Höchstwahrscheinlich wurde der Schlüssel erneuert und der Tag in der Konfiguration nicht angepasst; vor dem tatsächlichen Ablauf des Schlüssels warnt daher nichts mehr."
        - "Sehen Sie den letzten Gültigkeitstag des verwendeten Schlüssels nach: Microsoft Entra Admin Center > App-Registrierungen > Anwendung {client_id} > Zertifikate & Geheimnisse > Geheime Clientschlüssel, Spalte Gültig bis. Dort stehen die ersten Zeichen jedes Werts; an ihnen sind die Schlüssel zu unterscheiden."
        - "Setzen Sie `expires` auf diesen Tag, und laden Sie die Konfiguration neu. Ist auch dieser Tag vorüber oder nahe, legen Sie jetzt einen neuen geheimen Clientschlüssel an. Verbietet der Mandant neue Schlüssel, verwenden Sie stattdessen ein Zertifikat (`certificate_file`)."
        - "Oder lassen Sie m365-probe den Tag lesen: Erteilen Sie die Anwendungsberechtigung Application.Read.All von Microsoft Graph, und setzen Sie `read_expiry: true` neben den Schlüssel.";

    ClientSecretMissing from CLIENT_CREDENTIALS:
        en "The token request contained no secret, or an empty one (AADSTS7000216, AADSTS7000218)."
        - "Configure the client secret, and check that its file or variable is not empty.";
        de "es wurde kein geheimer Clientschlüssel gesendet"
        "Die Tokenanforderung enthielt kein Geheimnis oder ein leeres (AADSTS7000216, AADSTS7000218)."
        - "Tragen Sie den geheimen Clientschlüssel ein, und prüfen Sie, ob seine Datei oder Variable leer ist.";

    ClientIsPublic from CLIENT_CREDENTIALS:
        en "A public client cannot keep a secret, so Entra accepts none from it (AADSTS700025)."
        - "Microsoft Entra admin center > App registrations > application {client_id} > Authentication: switch off `Allow public client flows`.";
        de "die Anwendung ist als öffentlicher Client registriert"
        "Ein öffentlicher Client kann kein Geheimnis bewahren; deshalb nimmt Entra von ihm keines an (AADSTS700025)."
        - "Microsoft Entra Admin Center > App-Registrierungen > Anwendung {client_id} > Authentifizierung: Schalten Sie `Öffentliche Clientflows zulassen` aus.";

    FederatedCredentialUnknown from CLIENT_CREDENTIALS:
        en "A token of another identity provider was sent in place of the client secret, and no federated credential of the application matches its issuer, subject and audience (AADSTS70021), or the token may not be used so: one that Entra itself issued has to be an application's (AADSTS700229), and a claim that the tenant demands may be missing (AADSTS7002381)."
        - "Compare issuer, subject and audience character by character, including case (GitHub has put immutable ids into the subject of new and renamed repositories since July 2026), with Microsoft Entra admin center > App registrations > application {client_id} > Certificates & secrets > Federated credentials. The usual audience is api://AzureADTokenExchange."
        - "If a gateway or proxy signs in on behalf of this program, the token is the gateway's: compare what it sends.";
        de "keine Verbundanmeldeinformation der Anwendung passt"
        "Statt des geheimen Clientschlüssels wurde das Token eines anderen Identitätsanbieters gesendet, und keine Verbundanmeldeinformation der Anwendung passt zu seinem Aussteller, Antragsteller und seiner Zielgruppe (AADSTS70021), oder das Token darf so nicht verwendet werden: Eines von Entra selbst muss das einer Anwendung sein (AADSTS700229), und eine vom Mandanten verlangte Angabe kann fehlen (AADSTS7002381)."
        - "Vergleichen Sie Aussteller, Antragsteller und Zielgruppe Zeichen für Zeichen, auch in Groß- und Kleinschreibung (GitHub schreibt bei neuen und umbenannten Repositorys seit Juli 2026 unveränderliche IDs in den Antragsteller), mit Microsoft Entra Admin Center > App-Registrierungen > Anwendung {client_id} > Zertifikate & Geheimnisse > Verbundanmeldeinformationen. Die übliche Zielgruppe ist api://AzureADTokenExchange."
        - "Meldet sich ein Gateway oder Proxy an Stelle dieses Programms an, ist das Token seines: Vergleichen Sie, was es sendet.";

    ClientCredentialRefused from ERROR_CODES:
        en "Entra refused the application's credential (invalid_client) with a number that stands for several mistakes (AADSTS50012, AADSTS70002), or with none. It does not say whether the credential is wrong, expired or missing. Its sentence: \"{sentence}\"."
        - "Look up the AADSTS number of the evidence at https://login.microsoftonline.com/error."
        - "Compare Microsoft Entra admin center > App registrations > application {client_id} > Certificates & secrets with what is configured here.";
        de "Entra hat die Anmeldeinformationen der Anwendung abgelehnt, ohne zu sagen, was daran falsch ist"
        "Entra hat die Anmeldeinformationen der Anwendung abgelehnt (invalid_client), mit einer Nummer, die für mehrere Fehler steht (AADSTS50012, AADSTS70002), oder ohne Nummer. Ob sie falsch oder abgelaufen sind oder fehlen, sagt Entra nicht. Sein Satz: „{sentence}“."
        - "Schlagen Sie die AADSTS-Nummer aus dem Beleg unter https://login.microsoftonline.com/error nach."
        - "Vergleichen Sie Microsoft Entra Admin Center > App-Registrierungen > Anwendung {client_id} > Zertifikate & Geheimnisse mit dem, was hier eingetragen ist.";

    ApplicationNotFound from ERROR_CODES:
        en "No application with this id is known in the tenant (AADSTS700016): the id is wrong, the tenant is wrong, or an application of another tenant was never consented to here."
        - "Check `client_id` and `tenant_id` against App registrations > Overview: Application (client) ID and Directory (tenant) ID. They are easily swapped."
        - "If the application belongs to another tenant, have an administrator of {tenant_id} grant admin consent.";
        de "die Anwendung ist in diesem Mandanten nicht bekannt"
        "Im Mandanten ist keine Anwendung mit dieser ID bekannt (AADSTS700016): Die ID stimmt nicht, der Mandant stimmt nicht, oder der Anwendung eines anderen Mandanten wurde hier nie zugestimmt."
        - "Vergleichen Sie `client_id` und `tenant_id` mit App-Registrierungen > Übersicht: Anwendungs-ID (Client) und Verzeichnis-ID (Mandant). Sie werden leicht vertauscht."
        - "Gehört die Anwendung zu einem anderen Mandanten, lassen Sie die Administratorzustimmung in {tenant_id} erteilen.";

    ServicePrincipalMissing from MISSING_SERVICE_PRINCIPAL:
        en "The app registration exists, but its enterprise application (service principal) in the tenant was deleted or never created (AADSTS7000229)."
        - "Microsoft Entra admin center > App registrations > application {client_id} > API permissions > Grant admin consent: this creates the enterprise application."
        - "A new enterprise application has a new object id: Enterprise applications > application {client_id} > Overview > Object ID. If Exchange still has the application under its old one, remove that entry in Exchange Online PowerShell: " > "Remove-ServicePrincipal -Identity \"{client_id}\"" "."
        - "Register it in Exchange with the new object id, and then grant it each mailbox again: " > "New-ServicePrincipal -AppId \"{client_id}\" -ObjectId \"{object_id}\" -DisplayName \"m365-probe\"" "."
        takes "30 to 120 minutes in Exchange";
        de "die Anwendung hat in diesem Mandanten keine Unternehmensanwendung"
        "Die App-Registrierung gibt es, aber ihre Unternehmensanwendung (der Dienstprinzipal) im Mandanten wurde gelöscht oder nie angelegt (AADSTS7000229)."
        - "Microsoft Entra Admin Center > App-Registrierungen > Anwendung {client_id} > API-Berechtigungen > Administratorzustimmung erteilen: Das legt die Unternehmensanwendung an."
        - "Eine neue Unternehmensanwendung hat eine neue Objekt-ID: Unternehmensanwendungen > Anwendung {client_id} > Übersicht > Objekt-ID. Kennt Exchange die Anwendung noch mit ihrer alten, entfernen Sie diesen Eintrag in Exchange Online PowerShell: " > "Remove-ServicePrincipal -Identity \"{client_id}\"" "."
        - "Registrieren Sie sie in Exchange mit der neuen Objekt-ID, und erteilen Sie ihr danach die Berechtigung für jedes Postfach neu: " > "New-ServicePrincipal -AppId \"{client_id}\" -ObjectId \"{object_id}\" -DisplayName \"m365-probe\"" "."
        takes "30 bis 120 Minuten in Exchange";

    ApplicationDisabled from ERROR_CODES:
        en "The enterprise application exists, but Entra issues no token to it: signing in with it is switched off (AADSTS7000112), or it cannot be accessed at this time, for which Microsoft gives no further explanation (AADSTS1000031)."
        - "Microsoft Entra admin center > Enterprise applications > application {client_id} > Properties: set `Enabled for users to sign-in` to Yes."
        - "Find out first who switched it off and why: it may have been a security measure, possibly by Microsoft."
        - "If it is enabled, open a support case with Microsoft; give the trace id of the evidence.";
        de "die Anwendung ist in diesem Mandanten deaktiviert"
        "Die Unternehmensanwendung gibt es, aber Entra stellt ihr kein Token aus: Die Anmeldung mit ihr ist abgeschaltet (AADSTS7000112), oder sie ist zurzeit nicht zugänglich, was Microsoft nicht weiter erklärt (AADSTS1000031)."
        - "Microsoft Entra Admin Center > Unternehmensanwendungen > Anwendung {client_id} > Eigenschaften: Setzen Sie `Aktiviert für die Benutzeranmeldung` auf Ja."
        - "Klären Sie vorher, wer sie warum abgeschaltet hat: Es kann eine Sicherheitsmaßnahme gewesen sein, auch eine von Microsoft."
        - "Ist sie aktiviert, eröffnen Sie eine Supportanfrage bei Microsoft; geben Sie die Trace-ID aus dem Beleg an.";

    TenantNotFound from ERROR_CODES:
        en "The token service knows no tenant {tenant_id} (AADSTS90002): the id is wrong, the tenant is in another Microsoft cloud, or it no longer has an active subscription."
        - "Check `tenant_id` against Microsoft Entra admin center > Overview > Tenant ID."
        - "Check `cloud`: tenants in China and of the US government have login hosts of their own."
        - "If both are right, check the subscription: Microsoft 365 admin center > Billing > Your products.";
        de "den Mandanten gibt es in dieser Cloud nicht"
        "Der Tokendienst kennt keinen Mandanten {tenant_id} (AADSTS90002): Die ID stimmt nicht, der Mandant liegt in einer anderen Microsoft-Cloud, oder er hat kein aktives Abonnement mehr."
        - "Vergleichen Sie `tenant_id` mit Microsoft Entra Admin Center > Übersicht > Mandanten-ID."
        - "Prüfen Sie `cloud`: Mandanten in China und der US-Regierung haben eigene Anmeldehosts."
        - "Stimmt beides, prüfen Sie das Abonnement: Microsoft 365 Admin Center > Abrechnung > Ihre Produkte.";

    TenantIdInvalid from ERROR_CODES:
        en "The configured tenant is neither a GUID nor a domain name (AADSTS900023), or it is one that applications cannot log in with (AADSTS50059, AADSTS50194)."
        - "Set `tenant_id` to the directory's GUID or a verified domain; `common` and `consumers` do not work for applications.";
        de "die Mandanten-ID ist ungültig"
        "Der eingetragene Mandant ist weder eine GUID noch ein Domänenname (AADSTS900023), oder Anwendungen können sich damit nicht anmelden (AADSTS50059, AADSTS50194)."
        - "Setzen Sie `tenant_id` auf die GUID des Verzeichnisses oder eine überprüfte Domäne; mit `common` und `consumers` können sich Anwendungen nicht anmelden.";

    TenantBlocked from TENANT_LIFECYCLE:
        en "Microsoft has blocked or decommissioned the tenant, for example for inactivity (AADSTS5000224, AADSTS5000225)."
        - "Check the subscription: Microsoft 365 admin center > Billing > Your products."
        - "If the tenant is still needed, open a support case with Microsoft; give the trace id of the evidence.";
        de "der Mandant ist gesperrt oder stillgelegt"
        "Microsoft hat den Mandanten gesperrt oder stillgelegt, zum Beispiel wegen Inaktivität (AADSTS5000224, AADSTS5000225)."
        - "Prüfen Sie das Abonnement: Microsoft 365 Admin Center > Abrechnung > Ihre Produkte."
        - "Wird der Mandant noch gebraucht, eröffnen Sie eine Supportanfrage bei Microsoft; geben Sie die Trace-ID aus dem Beleg an.";

    WrongCloud from ERROR_CODES:
        en "The tenant exists, but in another Microsoft cloud than the one that was asked (AADSTS90038, AADSTS900382, AADSTS900432)."
        - "Set `cloud` to the tenant's cloud. It decides the hosts for login and mail.";
        de "der Mandant liegt in einer anderen Microsoft-Cloud"
        "Den Mandanten gibt es, aber in einer anderen Microsoft-Cloud als der gefragten (AADSTS90038, AADSTS900382, AADSTS900432)."
        - "Setzen Sie `cloud` auf die Cloud des Mandanten. Davon hängen die Hosts für Anmeldung und Mail ab.";

    TenantRestricted from ERROR_CODES:
        en "A proxy or Global Secure Access on the way adds Microsoft's tenant restrictions to the requests, and they do not allow this tenant: Entra reports this with AADSTS500021 or AADSTS500022, EWS with 2000020 in x-ms-diagnostics. As far as can be seen, the application is set up correctly."
        - "Add tenant {tenant_id} to the tenant restrictions of the proxy (the headers Restrict-Access-To-Tenants or sec-Restrict-Tenant-Access-Policy), or bypass it for {host}."
        - "With Global Secure Access allow tenant {tenant_id} in the tenant that operates it: Microsoft Entra admin center > External Identities > Cross-tenant access settings > Organizational settings > Tenant restrictions.";
        de "Mandanteneinschränkungen auf dem Weg lassen diesen Mandanten nicht zu"
        "Ein Proxy oder Global Secure Access auf dem Weg versieht die Anfragen mit den Mandanteneinschränkungen von Microsoft, und diese lassen den Mandanten nicht zu: Entra meldet das mit AADSTS500021 oder AADSTS500022, EWS mit 2000020 in x-ms-diagnostics. Die Anwendung ist, soweit erkennbar, richtig eingerichtet."
        - "Nehmen Sie den Mandanten {tenant_id} in die Mandanteneinschränkungen des Proxys auf (Kopfzeilen Restrict-Access-To-Tenants oder sec-Restrict-Tenant-Access-Policy), oder umgehen Sie den Proxy für {host}."
        - "Bei Global Secure Access lassen Sie den Mandanten {tenant_id} in dem Mandanten zu, der es betreibt: Microsoft Entra Admin Center > Externe Identitäten > Mandantenübergreifende Zugriffseinstellungen > Organisationseinstellungen > Mandanteneinschränkungen.";

    ConditionalAccessBlocked from WORKLOAD_IDENTITY:
        en "A policy of the tenant refuses the token: Conditional Access for workload identities, by location or by risk (AADSTS53003; insufficient_claims from EWS and Graph), or a security policy or the security defaults (AADSTS530032, AADSTS530035). For the location, the address with which this machine reaches the internet is decisive."
        - "Microsoft Entra admin center > Enterprise applications > application {client_id} > Sign-in logs > Service principal sign-ins: see which policy blocked the sign-in."
        - "If it decides by location, add this machine's public address ({public_address}, unless the log shows another) to the policy's named location: Conditional Access > Named locations. Or exclude the application from the policy."
        - "If it is the security defaults: Overview > Properties > Manage security defaults.";
        de "eine Richtlinie des Mandanten verhindert das Token"
        "Eine Richtlinie des Mandanten verweigert das Token: der bedingte Zugriff für Workloadidentitäten, nach Ort oder Risiko (AADSTS53003; bei EWS und Graph insufficient_claims), oder eine Sicherheitsrichtlinie oder die Sicherheitsstandards (AADSTS530032, AADSTS530035). Für den Ort ist die Adresse maßgeblich, mit der dieser Rechner ins Internet geht."
        - "Microsoft Entra Admin Center > Unternehmensanwendungen > Anwendung {client_id} > Anmeldeprotokolle > Dienstprinzipalanmeldungen: Sehen Sie nach, welche Richtlinie das Token verweigert hat."
        - "Entscheidet sie nach dem Ort, nehmen Sie die öffentliche Adresse dieses Rechners ({public_address}, sofern das Protokoll keine andere zeigt) in ihren benannten Standort auf: Bedingter Zugriff > Benannte Standorte. Oder schließen Sie die Anwendung von der Richtlinie aus."
        - "Sind es die Sicherheitsstandards: Übersicht > Eigenschaften > Sicherheitsstandards verwalten.";
}
