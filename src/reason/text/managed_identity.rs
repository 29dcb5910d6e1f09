//! The token refused: managed identities, whose tokens come from an endpoint on this machine.

super::entries! {
    ManagedIdentityNotAssigned from IDENTITY_ASSIGNMENT:
        en "The endpoint of this machine has no such managed identity: none is assigned to the machine, or not the one that `managed_identity` names. For some minutes after the assignment the endpoint may not know an identity yet. An agent of Azure Arc that is older than user-assigned identities hands out the token of the machine's own in its place, which is not used."
        - "Assign it: Azure portal > the virtual machine, scale set, app or container app > Identity > System assigned > Status: On, or User assigned > Add; of a virtual machine also by command, without `--identities` for an identity of its own: " > "az vm identity assign --resource-group <RESOURCE_GROUP> --name <MACHINE> --identities <RESOURCE_ID>" "."
        - "Compare `managed_identity` with the client id, object id or resource id of an identity that is listed there. It is the id of the identity itself and not of an app registration."
        - "In Kubernetes the pod asks for the identities of its node. Use workload identity there instead: `federated_token_file_env` with AZURE_FEDERATED_TOKEN_FILE.";
        de "die verwaltete Identität ist diesem Rechner nicht zugewiesen"
        "Der Endpunkt dieses Rechners kennt keine solche verwaltete Identität: Dem Rechner ist keine zugewiesen oder nicht die, die `managed_identity` nennt. Einige Minuten nach der Zuweisung kann der Endpunkt eine Identität noch nicht kennen. Ein Agent von Azure Arc, der älter ist als benutzerseitig zugewiesene Identitäten, gibt stattdessen das Token der eigenen Identität des Rechners aus; es wird nicht verwendet."
        - "Weisen Sie sie zu: Azure-Portal > virtueller Computer, Skalierungsgruppe, App oder Container-App > Identität > Systemseitig zugewiesen > Status: Ein, oder Benutzerseitig zugewiesen > Hinzufügen; bei einem virtuellen Computer auch mit diesem Befehl, für eine eigene Identität ohne `--identities`: " > "az vm identity assign --resource-group <RESOURCE_GROUP> --name <MACHINE> --identities <RESOURCE_ID>" "."
        - "Vergleichen Sie `managed_identity` mit Client-ID, Objekt-ID oder Ressourcen-ID einer dort aufgeführten Identität. Es ist die ID der Identität selbst und nicht die einer App-Registrierung."
        - "In Kubernetes fragt der Pod nach den Identitäten seines Knotens. Verwenden Sie dort stattdessen die Workloadidentität: `federated_token_file_env` mit AZURE_FEDERATED_TOKEN_FILE.";

    ManagedIdentityAmbiguous from IDENTITY_TOKENS:
        en "Several managed identities are assigned to this machine, none of them is the machine's own, and the request names none: the endpoint cannot choose."
        - "Set `managed_identity` (on the command line `--managed-identity`) to the client id of the identity that may use the mailboxes: Azure portal > Managed Identities > the identity > Overview > Client ID."
        - "Nodes of AKS usually have several, among them that of the kubelet. List those of a machine: " > "az vm identity show --resource-group <RESOURCE_GROUP> --name <MACHINE>" ".";
        de "diesem Rechner sind mehrere verwaltete Identitäten zugewiesen, und keine wurde genannt"
        "Diesem Rechner sind mehrere verwaltete Identitäten zugewiesen, keine davon ist seine eigene, und die Anfrage nennt keine: Der Endpunkt kann nicht wählen."
        - "Setzen Sie `managed_identity` (auf der Befehlszeile `--managed-identity`) auf die Client-ID der Identität, die die Postfächer benutzen darf: Azure-Portal > Verwaltete Identitäten > die Identität > Übersicht > Client-ID."
        - "Knoten von AKS haben meist mehrere, darunter die des Kubelet. Die eines Rechners zeigt: " > "az vm identity show --resource-group <RESOURCE_GROUP> --name <MACHINE>" ".";

    ManagedIdentityDiffers from IDENTITY_TOKENS:
        en "The endpoint of this machine handed out a token, and it belongs to another identity than the one that `client_id` names. The evidence shows both. What is done in Exchange for {client_id} is not done for that identity."
        - "Set `client_id` to the client id of the identity whose token it is, or `managed_identity` to the identity that is meant."
        - "If the token is to sign in an app registration (identity federation), set `as` to `client_id` beside `managed_identity`.";
        de "das Token gehört zu einer anderen Identität, als `client_id` nennt"
        "Der Endpunkt dieses Rechners hat ein Token ausgegeben, und es gehört zu einer anderen Identität als der, die `client_id` nennt. Der Beleg zeigt beide. Was in Exchange für {client_id} eingerichtet ist, gilt nicht für jene Identität."
        - "Setzen Sie `client_id` auf die Client-ID der Identität, zu der das Token gehört, oder `managed_identity` auf die gemeinte Identität."
        - "Soll das Token eine App-Registrierung anmelden (Identitätsverbund), setzen Sie neben `managed_identity` `as` auf `client_id`.";

    ManagedIdentityUnreachable from IDENTITY_TOKENS:
        en "The endpoint that hands out the tokens of managed identities cannot be reached at {host}:{port}. Machines of Azure have it, servers that Azure Arc connects have one of their own, and others have none. On such a machine a local firewall, a NetworkPolicy or the network of a container may keep this program from it. A proxy is never used for it."
        - "Ask it without a proxy; any HTTP reply shows that it is there: " > "curl --noproxy '*' --max-time 3 -i -H Metadata:true 'http://{host}:{port}/metadata/identity/oauth2/token'" "."
        - "Allow TCP port {port} to {host}: look at iptables or nftables here, at NetworkPolicy in Kubernetes, and at the network mode of the container."
        - "App Service, Functions and Container Apps name their endpoint in the variables IDENTITY_ENDPOINT and IDENTITY_HEADER, and only where an identity is assigned: assign one, restart, and see that both variables reach this program. On a server of Azure Arc its agent has to run: `azcmagent show`."
        - "A machine that is none of these has no managed identity: use a certificate (`certificate_file`) or a federated token (`federated_token_file`).";
        de "der Endpunkt für verwaltete Identitäten ist von hier nicht zu erreichen"
        "Der Endpunkt, der Token verwalteter Identitäten ausgibt, ist unter {host}:{port} nicht zu erreichen. Rechner in Azure haben ihn, mit Azure Arc verbundene Server einen eigenen, andere keinen. Auf einem solchen Rechner können eine lokale Firewall, eine NetworkPolicy oder das Netz eines Containers das Programm von ihm fernhalten. Ein Proxy wird dafür nie verwendet."
        - "Fragen Sie ihn ohne Proxy; jede HTTP-Antwort zeigt, dass es ihn gibt: " > "curl --noproxy '*' --max-time 3 -i -H Metadata:true 'http://{host}:{port}/metadata/identity/oauth2/token'" "."
        - "Erlauben Sie TCP-Port {port} zu {host}: Sehen Sie hier nach iptables oder nftables, in Kubernetes nach NetworkPolicy und nach der Netzwerkart des Containers."
        - "App Service, Functions und Container Apps nennen ihren Endpunkt in den Variablen IDENTITY_ENDPOINT und IDENTITY_HEADER, und nur dort, wo eine Identität zugewiesen ist: Weisen Sie eine zu, starten Sie neu und prüfen Sie, ob beide Variablen dieses Programm erreichen. Auf einem Server von Azure Arc muss dessen Agent laufen: `azcmagent show`."
        - "Ein Rechner, der keiner von diesen ist, hat keine verwaltete Identität: Verwenden Sie ein Zertifikat (`certificate_file`) oder ein Verbundtoken (`federated_token_file`).";

    ManagedIdentityEndpointForeign from IDENTITY_TOKENS:
        en "Something answers at {host}:{port}, and it is no endpoint of managed identities: the metadata service of another cloud, a proxy, or another program. The evidence shows its reply."
        - "See what answers there: " > "curl --noproxy '*' --max-time 3 -i -H Metadata:true 'http://{host}:{port}/metadata/identity/oauth2/token'" ". An endpoint of Azure's refuses that with JSON."
        - "Check the variables that name the endpoint to this program: IDENTITY_ENDPOINT, AZURE_POD_IDENTITY_AUTHORITY_HOST."
        - "A machine outside of Azure, and not connected by Azure Arc, has no managed identity: use a certificate (`certificate_file`) or a federated token (`federated_token_file`).";
        de "was antwortet, ist kein Endpunkt für verwaltete Identitäten"
        "Unter {host}:{port} antwortet etwas, und es ist kein Endpunkt für verwaltete Identitäten: der Metadatendienst einer anderen Cloud, ein Proxy oder ein anderes Programm. Der Beleg zeigt die Antwort."
        - "Sehen Sie nach, was dort antwortet: " > "curl --noproxy '*' --max-time 3 -i -H Metadata:true 'http://{host}:{port}/metadata/identity/oauth2/token'" ". Ein Endpunkt von Azure lehnt das mit JSON ab."
        - "Prüfen Sie die Variablen, die diesem Programm den Endpunkt nennen: IDENTITY_ENDPOINT, AZURE_POD_IDENTITY_AUTHORITY_HOST."
        - "Ein Rechner außerhalb von Azure, den auch Azure Arc nicht verbindet, hat keine verwaltete Identität: Verwenden Sie ein Zertifikat (`certificate_file`) oder ein Verbundtoken (`federated_token_file`).";

    ManagedIdentityThrottled from IDENTITY_TOKENS:
        en "The endpoint of this machine demands a pause (429): all programs of the machine together asked it too often. A token that is in hand stays good until it expires."
        - "Wait; this program asks again after the pause."
        - "If it lasts, look for a program on this machine that asks for a token with each of its requests and keeps none.";
        de "der Endpunkt für verwaltete Identitäten begrenzt die Zahl der Anfragen"
        "Der Endpunkt dieses Rechners verlangt eine Pause (429): Alle Programme des Rechners zusammen haben ihn zu oft gefragt. Ein vorhandenes Token gilt weiter, bis es abläuft."
        - "Warten Sie; dieses Programm fragt nach der Pause wieder."
        - "Hält es an, suchen Sie auf diesem Rechner ein Programm, das bei jeder seiner Anfragen ein Token holt und keines behält.";

    ManagedIdentityUnavailable from IDENTITY_TOKENS:
        en "The endpoint of this machine is there and hands out no token now: it reports an error of its own, or does not answer. While it is being updated it answers 410, for up to 70 seconds. App Service answers 500 for a resource that it does not know, too. A token that is in hand stays good until it expires."
        - "Wait two minutes. This program asks once a run, and again with the next."
        - "If it lasts on App Service, Functions or Container Apps, restart the app, and check `scope`; on a server of Azure Arc restart its agent, as with `systemctl restart himdsd`."
        - "If it lasts on a virtual machine, look at Azure portal > the virtual machine > Help > Resource health, and open a support request for the machine.";
        de "der Endpunkt für verwaltete Identitäten wird aktualisiert oder ist gestört"
        "Den Endpunkt dieses Rechners gibt es, doch er gibt jetzt kein Token aus: Er meldet einen eigenen Fehler oder antwortet nicht. Während er aktualisiert wird, antwortet er bis zu 70 Sekunden lang mit 410. App Service antwortet auch bei einer unbekannten Ressource mit 500. Ein vorhandenes Token gilt weiter, bis es abläuft."
        - "Warten Sie zwei Minuten. Dieses Programm fragt einmal je Lauf, und beim nächsten wieder."
        - "Hält es bei App Service, Functions oder Container Apps an, starten Sie die App neu und prüfen Sie `scope`; auf einem Server von Azure Arc starten Sie dessen Agent neu, etwa mit `systemctl restart himdsd`."
        - "Hält es auf einem virtuellen Computer an, sehen Sie nach unter Azure-Portal > der virtuelle Computer > Hilfe > Ressourcenintegrität, und eröffnen Sie eine Supportanfrage für den Rechner.";

    ManagedIdentityRefused from IDENTITY_TOKENS:
        en "The endpoint of this machine read the request and refuses it, for a reason that is not in the catalogue. It says `{sentence}`."
        - "Compare the words with the table of errors on Microsoft's page."
        - "On App Service, Functions and Container Apps IDENTITY_HEADER must be the value that the platform gave to this very process: restart it, and do not copy the variable from another one.";
        de "der Endpunkt für verwaltete Identitäten lehnt die Anfrage aus einem Grund ab, der nicht im Katalog steht"
        "Der Endpunkt dieses Rechners hat die Anfrage gelesen und lehnt sie aus einem Grund ab, der nicht im Katalog steht. Er sagt `{sentence}`."
        - "Vergleichen Sie den Wortlaut mit der Fehlertabelle auf der Seite von Microsoft."
        - "Bei App Service, Functions und Container Apps muss IDENTITY_HEADER der Wert sein, den die Plattform genau diesem Prozess gegeben hat: Starten Sie ihn neu, und kopieren Sie die Variable nicht von einem anderen.";

    ManagedIdentityKeyRefused from ARC_IDENTITY:
        en "Before it hands out a token, the endpoint of Azure Arc names a file whose content it wants to see. The file that it named is none of the agent's keys, so that it was not read and nothing was sent: another program may listen at {host}:{port} in the agent's place, to be sent a file that it may not read itself. The evidence names the file."
        - "See which program listens there; it has to be `himds`: " > "ss -ltnp 'sport = :{port}'" "."
        - "If it is another program, end it, and find out who started it. If it is the agent, update it: its keys lie in /var/opt/azcmagent/tokens.";
        de "die Datei, die der Endpunkt von Azure Arc nennt, ist kein Schlüssel seines Agents"
        "Bevor er ein Token ausgibt, nennt der Endpunkt von Azure Arc eine Datei, deren Inhalt er sehen will. Die genannte Datei ist kein Schlüssel des Agents; sie wurde deshalb nicht gelesen und nichts gesendet: Unter {host}:{port} kann anstelle des Agents ein anderes Programm lauschen, um sich eine Datei senden zu lassen, die es selbst nicht lesen darf. Der Beleg nennt die Datei."
        - "Sehen Sie nach, welches Programm dort lauscht; es muss `himds` sein: " > "ss -ltnp 'sport = :{port}'" "."
        - "Ist es ein anderes Programm, beenden Sie es und klären Sie, wer es gestartet hat. Ist es der Agent, aktualisieren Sie ihn: Seine Schlüssel liegen in /var/opt/azcmagent/tokens.";

    ManagedIdentityKeyUnreadable from ARC_IDENTITY:
        en "Before it hands out a token, the endpoint of Azure Arc wants to see the content of a file that its agent wrote, and this program cannot read the file; the evidence says why. The agent lets root and the group `himds` read it."
        - "Let the user that runs this program join the group, then restart it: " > "usermod -aG himds m365-probe" ". In a unit of systemd `SupplementaryGroups=himds` does the same."
        - "In a container, mount /var/opt/azcmagent/tokens read-only and give the process the number of that group.";
        de "der Schlüssel des Agents von Azure Arc ist nicht lesbar"
        "Bevor er ein Token ausgibt, will der Endpunkt von Azure Arc den Inhalt einer Datei sehen, die sein Agent geschrieben hat, und dieses Programm kann sie nicht lesen; der Beleg nennt den Grund. Der Agent lässt root und die Gruppe `himds` lesen."
        - "Nehmen Sie den Benutzer, unter dem dieses Programm läuft, in die Gruppe auf und starten Sie es neu: " > "usermod -aG himds m365-probe" ". In einer Unit von systemd bewirkt `SupplementaryGroups=himds` dasselbe."
        - "In einem Container binden Sie /var/opt/azcmagent/tokens nur lesbar ein und geben dem Prozess die Nummer dieser Gruppe.";

    ManagedIdentityHasNoSecret from ERROR_CODES:
        en "The client id {client_id} is that of a managed identity (AADSTS7000232). Azure keeps its credential, so that nobody can sign in as it with a secret or a certificate."
        - "Where this program runs on a machine that has this identity, configure `managed_identity` in place of the secret or certificate."
        - "Otherwise set `client_id` to that of an app registration of its own, with a secret, a certificate or a federated credential.";
        de "die Client-ID ist die einer verwalteten Identität, die sich mit nichts Eigenem anmeldet"
        "Die Client-ID {client_id} ist die einer verwalteten Identität (AADSTS7000232). Azure verwahrt deren Anmeldeinformation; niemand kann sich mit einem Geheimnis oder Zertifikat als diese Identität anmelden."
        - "Läuft dieses Programm auf einem Rechner mit dieser Identität, tragen Sie `managed_identity` anstelle des Geheimnisses oder Zertifikats ein."
        - "Sonst setzen Sie `client_id` auf die einer eigenen App-Registrierung mit Geheimnis, Zertifikat oder Verbundanmeldeinformation.";
}
