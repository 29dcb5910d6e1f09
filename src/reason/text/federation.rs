//! The token refused: the token of another identity provider in the place of a secret, and what it is compared with.

super::entries! {
    FederatedTokenStale from FEDERATION:
        en "The federated token in the file has expired by this machine's clock, so nothing was sent to Microsoft. Such a token lives for minutes or hours and is replaced in its file by whoever issues it: that has stopped, or this machine's clock is ahead. The evidence names issuer, subject, audience and end of the token."
        - "See when the file was last written, and look at what writes it: in Kubernetes the kubelet, for a projected volume of a running pod; elsewhere the job or agent that fetches the token."
        - "A token that a pipeline wrote once (GitHub, GitLab) is good for that job alone: fetch a new one for each run."
        - "Check this machine's clock and its time synchronisation (NTP).";
        de "das Verbundtoken in der Datei ist abgelaufen"
        "Das Verbundtoken in der Datei ist nach der Uhr dieses Rechners abgelaufen; an Microsoft wurde deshalb nichts gesendet. Ein solches Token gilt Minuten oder Stunden und wird in seiner Datei von dem ersetzt, der es ausstellt: Das geschieht nicht mehr, oder die Uhr dieses Rechners geht vor. Der Beleg nennt Aussteller, Antragsteller, Zielgruppe und Ende des Tokens."
        - "Sehen Sie nach, wann die Datei zuletzt geschrieben wurde und wer sie schreibt: in Kubernetes das Kubelet, für ein projiziertes Volume eines laufenden Pods; sonst der Auftrag oder Agent, der das Token holt."
        - "Ein Token, das eine Pipeline einmal geschrieben hat (GitHub, GitLab), gilt nur für diesen Auftrag: Holen Sie für jeden Lauf ein neues."
        - "Prüfen Sie die Uhr dieses Rechners und seine Zeitsynchronisation (NTP).";

    FederatedTokenUnusable from FEDERATION:
        en "The file holds nothing that Entra could accept as a federated token, so nothing was sent to Microsoft: it is no JWT, or a JWT for another service than Entra in this cloud. The evidence says which."
        - "Let the token be issued for the audience api://AzureADTokenExchange (China: api://AzureADTokenExchangeChina, US government: api://AzureADTokenExchangeUSGov). In Kubernetes that is `audience` of the projected `serviceAccountToken`; the token that every pod has by default is for the cluster alone."
        - "Check that `federated_token_file` names that file, and that the file holds the token alone.";
        de "die Datei enthält kein brauchbares Verbundtoken"
        "Die Datei enthält nichts, was Entra als Verbundtoken annehmen könnte; an Microsoft wurde deshalb nichts gesendet: Es ist kein JWT, oder ein JWT für einen anderen Dienst als Entra in dieser Cloud. Der Beleg sagt, was davon zutrifft."
        - "Lassen Sie das Token für die Zielgruppe api://AzureADTokenExchange ausstellen (China: api://AzureADTokenExchangeChina, US-Regierung: api://AzureADTokenExchangeUSGov). In Kubernetes ist das `audience` des projizierten `serviceAccountToken`; das Token, das jeder Pod von selbst hat, gilt nur für den Cluster."
        - "Prüfen Sie, ob `federated_token_file` diese Datei nennt und ob sie nur das Token enthält.";

    FederatedCredentialMissing from FEDERATION:
        en "Entra knows the application, and it has no federated credential at all (AADSTS70025). Often the client id is that of another application or managed identity than the one that was set up."
        - "Check `client_id` against the application whose federated credential was set up. With `managed_identity` and `as`, it is the application's own id and not that of the identity."
        - "Add it: Microsoft Entra admin center > App registrations > application {client_id} > Certificates & secrets > Federated credentials > Add credential, with issuer, subject and audience as the evidence names them. It takes effect after a few minutes.";
        de "die Anwendung hat keine Verbundanmeldeinformation"
        "Entra kennt die Anwendung, und sie hat überhaupt keine Verbundanmeldeinformation (AADSTS70025). Oft ist die Client-ID die einer anderen Anwendung oder verwalteten Identität als der eingerichteten."
        - "Vergleichen Sie `client_id` mit der Anwendung, deren Verbundanmeldeinformation eingerichtet wurde. Mit `managed_identity` und `as` ist es die ID der Anwendung selbst und nicht die der Identität."
        - "Legen Sie sie an: Microsoft Entra Admin Center > App-Registrierungen > Anwendung {client_id} > Zertifikate & Geheimnisse > Verbundanmeldeinformationen > Anmeldeinformation hinzufügen, mit Aussteller, Antragsteller und Zielgruppe aus dem Beleg. Das wirkt nach einigen Minuten.";

    FederatedIssuerDiffers from FEDERATION:
        en "No federated credential of the application has the issuer of this token (AADSTS700211). They are compared character by character: a slash at the end counts, as AKS issuers have one."
        - "Copy the issuer from the evidence into the federated credential: Microsoft Entra admin center > App registrations > application {client_id} > Certificates & secrets > Federated credentials > Issuer."
        - "If the issuer of the evidence is not the one that was meant, another cluster or provider issued the token: look at what writes the file.";
        de "der Aussteller des Verbundtokens passt nicht"
        "Keine Verbundanmeldeinformation der Anwendung hat den Aussteller dieses Tokens (AADSTS700211). Verglichen wird Zeichen für Zeichen: Auch ein Schrägstrich am Ende zählt, wie ihn die Aussteller von AKS haben."
        - "Übernehmen Sie den Aussteller aus dem Beleg in die Verbundanmeldeinformation: Microsoft Entra Admin Center > App-Registrierungen > Anwendung {client_id} > Zertifikate & Geheimnisse > Verbundanmeldeinformationen > Aussteller."
        - "Ist der Aussteller im Beleg nicht der gemeinte, hat ein anderer Cluster oder Anbieter das Token ausgestellt: Sehen Sie nach, was die Datei schreibt.";

    FederatedSubjectDiffers from FEDERATION:
        en "A federated credential of the application has this token's issuer, but another subject (AADSTS700213, AADSTS7002137; AADSTS7002138 where only the case differs). The subject names the service account, repository or job that the token was issued to."
        - "Compare the subject of the evidence with Microsoft Entra admin center > App registrations > application {client_id} > Certificates & secrets > Federated credentials > Subject identifier, including case: system:serviceaccount:NAMESPACE:NAME in Kubernetes, repo:OWNER/REPO:ref:refs/heads/BRANCH at GitHub, the object id of a managed identity."
        - "GitHub has put immutable ids into the subject of new, renamed and transferred repositories since July 2026 (repo:OWNER@ID/REPO@ID:…): take it as the evidence shows it.";
        de "der Antragsteller des Verbundtokens passt nicht"
        "Eine Verbundanmeldeinformation der Anwendung hat den Aussteller dieses Tokens, aber einen anderen Antragsteller (AADSTS700213, AADSTS7002137; AADSTS7002138, wenn nur Groß- und Kleinschreibung abweichen). Der Antragsteller nennt das Dienstkonto, das Repository oder den Auftrag, für den das Token ausgestellt wurde."
        - "Vergleichen Sie den Antragsteller aus dem Beleg mit Microsoft Entra Admin Center > App-Registrierungen > Anwendung {client_id} > Zertifikate & Geheimnisse > Verbundanmeldeinformationen > Antragsteller-ID, auch in Groß- und Kleinschreibung: system:serviceaccount:NAMESPACE:NAME in Kubernetes, repo:OWNER/REPO:ref:refs/heads/BRANCH bei GitHub, die Objekt-ID einer verwalteten Identität."
        - "GitHub schreibt bei neuen, umbenannten und übertragenen Repositorys seit Juli 2026 unveränderliche IDs in den Antragsteller (repo:OWNER@ID/REPO@ID:…): Übernehmen Sie ihn so, wie ihn der Beleg zeigt.";

    FederatedAudienceDiffers from FEDERATION:
        en "A federated credential of the application has issuer and subject of this token, but another audience (AADSTS700212)."
        - "Let the token be issued for the audience of the federated credential, which is usually api://AzureADTokenExchange: in Kubernetes `audience` of the projected `serviceAccountToken`, at GitHub and GitLab the audience with which the token is asked for."
        - "Or change the audience of the credential: Microsoft Entra admin center > App registrations > application {client_id} > Certificates & secrets > Federated credentials > Audience.";
        de "die Zielgruppe des Verbundtokens passt nicht"
        "Eine Verbundanmeldeinformation der Anwendung hat Aussteller und Antragsteller dieses Tokens, aber eine andere Zielgruppe (AADSTS700212)."
        - "Lassen Sie das Token für die Zielgruppe der Verbundanmeldeinformation ausstellen, meist api://AzureADTokenExchange: in Kubernetes `audience` des projizierten `serviceAccountToken`, bei GitHub und GitLab die Zielgruppe, mit der das Token angefordert wird."
        - "Oder ändern Sie die Zielgruppe der Anmeldeinformation: Microsoft Entra Admin Center > App-Registrierungen > Anwendung {client_id} > Zertifikate & Geheimnisse > Verbundanmeldeinformationen > Zielgruppe.";

    FederatedIssuerUnreachable from FEDERATION:
        en "Entra verifies a federated token with the published keys of its issuer, and does not reach the issuer's discovery document or its keys (AADSTS90061, AADSTS50166)."
        - "Open the issuer of the evidence with /.well-known/openid-configuration behind it, and the `jwks_uri` that stands there, from a machine outside of your network: both must answer over HTTPS, with a certificate of a public authority and without a login."
        - "A private cluster needs its discovery document and its keys published elsewhere, at the URL that its tokens name as the issuer.";
        de "Entra erreicht den Aussteller des Verbundtokens nicht"
        "Entra prüft ein Verbundtoken mit den veröffentlichten Schlüsseln seines Ausstellers und erreicht dessen Discovery-Dokument oder Schlüssel nicht (AADSTS90061, AADSTS50166)."
        - "Öffnen Sie den Aussteller aus dem Beleg mit /.well-known/openid-configuration dahinter und die dort genannte `jwks_uri` von einem Rechner außerhalb Ihres Netzes: Beide müssen über HTTPS antworten, mit einem Zertifikat einer öffentlichen Zertifizierungsstelle und ohne Anmeldung."
        - "Bei einem privaten Cluster müssen Discovery-Dokument und Schlüssel anderswo veröffentlicht werden, unter der URL, die seine Token als Aussteller nennen.";

    FederatedKeysUnreadable from FEDERATION:
        en "Entra verifies a federated token with the published keys of its issuer, and something else stands in their place (AADSTS900612): a sign-in page, an error page, or keys of a kind that Entra does not read."
        - "Open the issuer of the evidence with /.well-known/openid-configuration behind it, and then the `jwks_uri` that stands there, as somebody who is not signed in: it must answer with JSON, a list `keys` of RSA keys with `kid`, `n` and `e`."
        - "Have whoever runs the issuer (in Kubernetes the cluster's API server, or the storage to which its keys are copied) publish them so.";
        de "Entra kann die Schlüssel des Ausstellers nicht lesen"
        "Entra prüft ein Verbundtoken mit den veröffentlichten Schlüsseln seines Ausstellers, und an deren Stelle steht etwas anderes (AADSTS900612): eine Anmeldeseite, eine Fehlerseite oder Schlüssel, die Entra nicht lesen kann."
        - "Öffnen Sie den Aussteller aus dem Beleg mit /.well-known/openid-configuration dahinter und dann die dort genannte `jwks_uri`, ohne angemeldet zu sein: Die Antwort muss JSON sein, eine Liste `keys` von RSA-Schlüsseln mit `kid`, `n` und `e`."
        - "Lassen Sie sie so veröffentlichen, von dem, der den Aussteller betreibt (in Kubernetes der API-Server des Clusters oder der Speicher, in den seine Schlüssel kopiert werden).";

    FederatedKeyUnknown from FEDERATION:
        en "Entra knows the issuer's published keys, and the key that signed the federated token is not among them (AADSTS7000272). Entra keeps such keys for a while, so that a key that was just replaced is found after 20 to 30 minutes."
        - "If the issuer's signing key was replaced a moment ago, wait half an hour."
        - "Otherwise compare `kid` in the head of the token with those at the `jwks_uri` of the issuer's /.well-known/openid-configuration, and have the signing key published there before it signs. A rebuilt cluster has new keys, also under the old issuer's name.";
        de "der signierende Schlüssel des Verbundtokens fehlt beim Aussteller"
        "Entra kennt die veröffentlichten Schlüssel des Ausstellers, und der Schlüssel, mit dem das Verbundtoken signiert ist, ist nicht dabei (AADSTS7000272). Entra behält solche Schlüssel eine Weile; ein eben ersetzter wird deshalb nach 20 bis 30 Minuten gefunden."
        - "Wurde der Schlüssel des Ausstellers eben erst ersetzt, warten Sie eine halbe Stunde."
        - "Sonst vergleichen Sie `kid` im Kopf des Tokens mit denen unter der `jwks_uri` in /.well-known/openid-configuration des Ausstellers, und lassen Sie den signierenden Schlüssel dort veröffentlichen, bevor er signiert. Ein neu aufgesetzter Cluster hat neue Schlüssel, auch unter dem alten Namen des Ausstellers.";

    FederationForbidden from FEDERATION:
        en "A policy of the tenant does not allow the identity federation that was used (AADSTS700223, AADSTS700238)."
        - "Ask the administrator of the tenant which issuers the policy allows: Microsoft Entra admin center > Enterprise applications > Application policies."
        - "Otherwise use a certificate (`certificate_file`) for this application.";
        de "eine Richtlinie des Mandanten verbietet den Identitätsverbund"
        "Eine Richtlinie des Mandanten erlaubt den verwendeten Identitätsverbund nicht (AADSTS700223, AADSTS700238)."
        - "Fragen Sie den Administrator des Mandanten, welche Aussteller die Richtlinie erlaubt: Microsoft Entra Admin Center > Unternehmensanwendungen > Anwendungsrichtlinien."
        - "Sonst verwenden Sie für diese Anwendung ein Zertifikat (`certificate_file`).";
}
