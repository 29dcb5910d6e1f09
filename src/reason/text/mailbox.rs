//! POP3, IMAP and SMTP: logging in, and opening the mailbox.

super::entries! {
    AuthRefused from MAIL_OAUTH:
        en "Entra issued the token, but Exchange does not let the application into this mailbox over this protocol. Exchange answers most mistakes with the same text; usually the application is not registered in Exchange or is registered with the wrong object id, it has no permission on the mailbox, or the protocol is switched off for the mailbox. If POP3, IMAP and SMTP are all refused while EWS or Graph work for the same mailbox, it is one of the first two: EWS and Graph need neither."
        - "Connect with `Connect-ExchangeOnline` and check the registration: " > "Get-ServicePrincipal | Format-List AppId,ObjectId,DisplayName" ". AppId {client_id} must be listed with ObjectId {object_id}."
        - "If it does not, register it: " > "New-ServicePrincipal -AppId \"{client_id}\" -ObjectId \"{object_id}\" -DisplayName \"m365-probe\"" ". The object id is that of the enterprise application (Enterprise applications > Overview), not the one shown under App registrations; an entry with the wrong id has to be replaced."
        - "Grant it access to the mailbox: " > "Add-MailboxPermission -Identity \"{mailbox}\" -User \"{object_id}\" -AccessRights FullAccess" ". The user is the service principal's id as Get-ServicePrincipal shows it. Full access shows items marked as private, too."
        - "See the protocol's switch: " > "Get-CASMailbox -Identity \"{mailbox}\" | Format-List PopEnabled,ImapEnabled,SmtpClientAuthenticationDisabled" ". If it is off: " > "Set-CASMailbox -Identity \"{mailbox}\" {switches}" "."
        takes "30 to 120 minutes";
        de "Exchange lässt die Anwendung nicht in dieses Postfach"
        "Entra hat das Token ausgestellt, aber Exchange lässt die Anwendung über dieses Protokoll nicht in das Postfach. Exchange beantwortet die meisten Fehler mit demselben Text; meist ist die Anwendung in Exchange nicht oder mit der falschen Objekt-ID registriert, ihr fehlt die Berechtigung für das Postfach, oder das Protokoll ist für das Postfach abgeschaltet. Werden POP3, IMAP und SMTP allesamt abgelehnt, während EWS oder Graph für dasselbe Postfach funktionieren, ist es eine der ersten beiden Ursachen: EWS und Graph brauchen beides nicht."
        - "Verbinden Sie sich mit `Connect-ExchangeOnline`, und prüfen Sie die Registrierung: " > "Get-ServicePrincipal | Format-List AppId,ObjectId,DisplayName" ". Dort muss AppId {client_id} mit ObjectId {object_id} stehen."
        - "Fehlt der Eintrag, registrieren Sie die Anwendung: " > "New-ServicePrincipal -AppId \"{client_id}\" -ObjectId \"{object_id}\" -DisplayName \"m365-probe\"" ". Gemeint ist die Objekt-ID der Unternehmensanwendung (Unternehmensanwendungen > Übersicht), nicht die unter App-Registrierungen angezeigte; ein Eintrag mit der falschen muss ersetzt werden."
        - "Erteilen Sie ihr Vollzugriff auf das Postfach: " > "Add-MailboxPermission -Identity \"{mailbox}\" -User \"{object_id}\" -AccessRights FullAccess" ". Der Benutzer ist die ID des Dienstprinzipals, wie Get-ServicePrincipal sie zeigt. Vollzugriff zeigt auch Elemente, die als privat gekennzeichnet sind."
        - "Prüfen Sie den Schalter des Protokolls: " > "Get-CASMailbox -Identity \"{mailbox}\" | Format-List PopEnabled,ImapEnabled,SmtpClientAuthenticationDisabled" ". Ist es abgeschaltet: " > "Set-CASMailbox -Identity \"{mailbox}\" {switches}" "."
        takes "30 bis 120 Minuten";

    MailboxNotConnected from MAIL_OAUTH:
        en "Exchange accepted the token, but opened no session in the mailbox. The application lacks permission on the mailbox, the protocol is switched off for it, the address is an alias, or the mailbox has no licence; a brief outage at Microsoft and too many connections look the same."
        - "Grant the application access to the mailbox: " > "Add-MailboxPermission -Identity \"{mailbox}\" -User \"{object_id}\" -AccessRights FullAccess" ". Full access shows items marked as private, too."
        - "See the switches: " > "Get-CASMailbox -Identity \"{mailbox}\" | Format-List PopEnabled,ImapEnabled" ". If one is off: " > "Set-CASMailbox -Identity \"{mailbox}\" {switches}" "."
        - "Check that the configured address, {mailbox}, is a primary one (" > "Get-EXOMailbox -Identity \"{mailbox}\"" ") and that the mailbox is licensed: Microsoft 365 admin center > Users > Active users > Licenses and apps."
        takes "30 to 120 minutes";
        de "das Token wurde angenommen, aber das Postfach ließ sich nicht öffnen"
        "Exchange hat das Token angenommen, aber keine Sitzung im Postfach geöffnet. Der Anwendung fehlt die Berechtigung für das Postfach, das Protokoll ist dafür abgeschaltet, die Adresse ist ein Alias, oder das Postfach hat keine Lizenz; kurze Störungen bei Microsoft und zu viele Verbindungen sehen genauso aus."
        - "Erteilen Sie der Anwendung Vollzugriff auf das Postfach: " > "Add-MailboxPermission -Identity \"{mailbox}\" -User \"{object_id}\" -AccessRights FullAccess" ". Vollzugriff zeigt auch Elemente, die als privat gekennzeichnet sind."
        - "Prüfen Sie die Schalter: " > "Get-CASMailbox -Identity \"{mailbox}\" | Format-List PopEnabled,ImapEnabled" ". Ist einer aus: " > "Set-CASMailbox -Identity \"{mailbox}\" {switches}" "."
        - "Prüfen Sie, ob die eingetragene Adresse, {mailbox}, eine primäre ist (" > "Get-EXOMailbox -Identity \"{mailbox}\"" ") und ob das Postfach lizenziert ist: Microsoft 365 Admin Center > Benutzer > Aktive Benutzer > Lizenzen und Apps."
        takes "30 bis 120 Minuten";

    AccessTooBroad from MAILBOX_SCOPE:
        en "The configuration says that this mailbox must stay closed to the application (`expect: denied`), and it opened. Application permissions with admin consent reach every mailbox of the tenant unless a policy limits them; over POP3 and IMAP a permission on the mailbox itself opens it. A login to SMTP alone does not yet show that the application may send from the mailbox."
        - "See what Exchange grants: " > "Test-ServicePrincipalAuthorization -Identity \"{client_id}\" -Resource \"{mailbox}\" | Format-Table" " and " > "Test-ApplicationAccessPolicy -Identity \"{mailbox}\" -AppId \"{client_id}\"" ". For a mailbox out of scope InScope is False, and the policy denies access."
        - "For EWS, Graph and SMTP, grant by RBAC for Applications: " > "New-ManagementScope -Name \"m365-probe\" -RecipientRestrictionFilter \"<FILTER>\"" " and " > "New-ManagementRoleAssignment -App \"{object_id}\" -Role \"{role}\" -CustomResourceScope \"m365-probe\"" "; then remove the application permissions in Entra (Enterprise applications > application {client_id} > Permissions), because either of both is enough to open a mailbox."
        - "For POP3 and IMAP, look for a permission on the mailbox: " > "Get-MailboxPermission -Identity \"{mailbox}\"" ". Remove that of {object_id}: " > "Remove-MailboxPermission -Identity \"{mailbox}\" -User \"{object_id}\" -AccessRights FullAccess" "."
        - "If the application is meant to open this mailbox, take the line `expect: denied` out of the configuration."
        takes "30 minutes for RBAC for Applications, up to 2 hours for an active application";
        de "die Anwendung öffnet ein Postfach, das für sie geschlossen bleiben muss"
        "Laut Konfiguration muss dieses Postfach für die Anwendung geschlossen bleiben (`expect: denied`), und es ließ sich öffnen. Anwendungsberechtigungen mit Administratorzustimmung reichen in jedes Postfach des Mandanten, solange keine Richtlinie sie begrenzt; über POP3 und IMAP öffnet es eine Berechtigung am Postfach selbst. Eine Anmeldung an SMTP allein zeigt noch nicht, dass die Anwendung von dem Postfach senden darf."
        - "Stellen Sie fest, was Exchange erlaubt: " > "Test-ServicePrincipalAuthorization -Identity \"{client_id}\" -Resource \"{mailbox}\" | Format-Table" " und " > "Test-ApplicationAccessPolicy -Identity \"{mailbox}\" -AppId \"{client_id}\"" ". Bei einem Postfach außerhalb des Bereichs steht unter InScope False, und die Richtlinie verweigert den Zugriff."
        - "Erteilen Sie die Rechte für EWS, Graph und SMTP durch RBAC für Anwendungen: " > "New-ManagementScope -Name \"m365-probe\" -RecipientRestrictionFilter \"<FILTER>\"" " und " > "New-ManagementRoleAssignment -App \"{object_id}\" -Role \"{role}\" -CustomResourceScope \"m365-probe\"" "; entfernen Sie danach die Anwendungsberechtigungen in Entra (Unternehmensanwendungen > Anwendung {client_id} > Berechtigungen), denn eines von beiden genügt, um ein Postfach zu öffnen."
        - "Suchen Sie für POP3 und IMAP nach einer Berechtigung am Postfach: " > "Get-MailboxPermission -Identity \"{mailbox}\"" ". Entfernen Sie die von {object_id}: " > "Remove-MailboxPermission -Identity \"{mailbox}\" -User \"{object_id}\" -AccessRights FullAccess" "."
        - "Soll die Anwendung dieses Postfach öffnen, nehmen Sie die Zeile `expect: denied` aus der Konfiguration."
        takes "30 Minuten bei RBAC für Anwendungen, bis zu 2 Stunden bei einer aktiven Anwendung";

    RefusalAmbiguous from MAIL_OAUTH:
        en "The mailbox must stay closed to the application (`expect: denied`), and the login was refused, but in words that Exchange also uses in an outage, for a missing mailbox and for an application that it does not know. It counts as closed only where another mailbox of the tenant was opened lately by the same check, which shows that the refusal is about this mailbox; none was."
        - "Give a mailbox that the application may open the same check in the same tenant, and run both in one process: `serve`, or `check` and `doctor` without a choice of mailboxes."
        - "Or check this mailbox by `graph`, or by `ews` where that is on, whose refusals say that access is denied."
        - "If other mailboxes are refused as well, mend those first.";
        de "die Ablehnung zeigt nicht, ob das Postfach geschlossen ist"
        "Das Postfach muss für die Anwendung geschlossen bleiben (`expect: denied`), und die Anmeldung wurde abgelehnt, aber mit Worten, die Exchange auch bei einer Störung verwendet, bei einem fehlenden Postfach und bei einer Anwendung, die es nicht kennt. Als geschlossen gilt es nur, wenn dieselbe Prüfung vor Kurzem ein anderes Postfach des Mandanten geöffnet hat, denn das zeigt, dass es an diesem Postfach liegt; das war nicht der Fall."
        - "Geben Sie einem Postfach desselben Mandanten, das die Anwendung öffnen darf, dieselbe Prüfung, und führen Sie beide in einem Prozess aus: `serve`, oder `check` und `doctor` ohne Auswahl von Postfächern."
        - "Oder prüfen Sie dieses Postfach mit `graph`, oder mit `ews`, wo das eingeschaltet ist: Deren Ablehnungen sagen, dass der Zugriff verweigert ist."
        - "Werden auch andere Postfächer abgelehnt, beheben Sie das zuerst.";

    MailboxNotFound from RESPONSE_CODES:
        en "The server says that there is no mailbox with this address: a typing mistake, a missing licence, a deleted mailbox, or one that is on premises. Graph says so of every mailbox that it does not serve."
        - "Look the address up: " > "Get-Recipient -Identity \"{mailbox}\"" " and " > "Get-EXOMailbox -Identity \"{mailbox}\"" "."
        - "If there is only a mail user, the mailbox is on premises and cannot be reached here. If there is nothing, check the address in the configuration and the licence: Microsoft 365 admin center > Users > Active users > Licenses and apps.";
        de "dieses Postfach gibt es nicht"
        "Der Server meldet, dass es kein Postfach mit dieser Adresse gibt: ein Tippfehler, eine fehlende Lizenz, ein gelöschtes Postfach oder eines, das lokal betrieben wird. Graph meldet das bei jedem Postfach, das es nicht bedient."
        - "Suchen Sie die Adresse: " > "Get-Recipient -Identity \"{mailbox}\"" " und " > "Get-EXOMailbox -Identity \"{mailbox}\"" "."
        - "Gibt es nur einen E-Mail-Benutzer, liegt das Postfach lokal und ist hier nicht erreichbar. Gibt es nichts, prüfen Sie die Adresse in der Konfiguration und die Lizenz: Microsoft 365 Admin Center > Benutzer > Aktive Benutzer > Lizenzen und Apps.";

    AddressNotPrimary from RESPONSE_CODES:
        en "The server accepts only the primary address of a mailbox (ErrorNonPrimarySmtpAddress), and the configured address is an alias: {mailbox}."
        - "Look up the primary address, which is shown as PrimarySmtpAddress: " > "Get-EXOMailbox -Identity \"{mailbox}\"" "."
        - "Configure it as the mailbox's `address`.";
        de "die Adresse ist ein Alias des Postfachs"
        "Der Server nimmt nur die primäre Adresse eines Postfachs an (ErrorNonPrimarySmtpAddress), und die eingetragene ist ein Alias: {mailbox}."
        - "Stellen Sie die primäre Adresse fest, die als PrimarySmtpAddress angezeigt wird: " > "Get-EXOMailbox -Identity \"{mailbox}\"" "."
        - "Tragen Sie diese in der Konfiguration als `address` des Postfachs ein.";

    AddressAmbiguous from RESPONSE_CODES:
        en "The directory of Exchange Online has more than one recipient with this address, and Exchange opens none of them: POP3 and IMAP say TooManyADRecipients, EWS says 2000005 and calls the user ambiguous."
        - "See who has the address: " > "Get-Recipient -Identity \"{mailbox}\"" "."
        - "Remove it from all but one of them: Exchange admin center > Recipients > the recipient > Email addresses.";
        de "die Adresse gehört zu mehr als einem Empfänger"
        "Das Verzeichnis von Exchange Online enthält mehr als einen Empfänger mit dieser Adresse, und Exchange öffnet keinen davon: POP3 und IMAP melden TooManyADRecipients, EWS meldet 2000005 und nennt den Benutzer mehrdeutig (ambiguous)."
        - "Stellen Sie fest, wer die Adresse hat: " > "Get-Recipient -Identity \"{mailbox}\"" "."
        - "Entfernen Sie sie bei allen bis auf einen: Exchange Admin Center > Empfänger > der betreffende Empfänger > E-Mail-Adressen.";

    MailboxElsewhere from RESPONSE_CODES:
        en "The server says that the mailbox is on another server: EWS that no server answers there (ErrorNoRespondingCASInDestinationSite), IMAP where to find it (REFERRAL, in the evidence). This is the reply for a mailbox that is still on premises; in EWS, a brief outage between Microsoft's own servers looks the same."
        - "See where the mailbox is: " > "Get-Recipient -Identity \"{mailbox}\"" ". A recipient shown as MailUser has its mailbox on premises."
        - "A mailbox on premises is reached at its own server, which can be configured under `clouds`; or move it to Exchange Online."
        - "If it is in Exchange Online, see whether it is being moved: " > "Get-MoveRequest -Identity \"{mailbox}\"" ". Otherwise wait, and check Microsoft 365 admin center > Health > Service health.";
        de "das Postfach liegt auf einem anderen Server"
        "Der Server meldet, dass das Postfach auf einem anderen Server liegt: EWS, dass dort kein Server antwortet (ErrorNoRespondingCASInDestinationSite), IMAP, wo es zu finden ist (REFERRAL, im Beleg). So antwortet er bei einem Postfach, das noch lokal betrieben wird; für EWS sieht eine vorübergehende Störung zwischen den Servern von Microsoft genauso aus."
        - "Stellen Sie fest, wo das Postfach liegt: " > "Get-Recipient -Identity \"{mailbox}\"" ". Was dort als MailUser erscheint, hat sein Postfach auf einem lokalen Server."
        - "Ein lokales Postfach ist über seinen eigenen Server erreichbar, den Sie unter `clouds` angeben können; oder verschieben Sie es nach Exchange Online."
        - "Liegt es in Exchange Online, sehen Sie nach, ob es gerade verschoben wird: " > "Get-MoveRequest -Identity \"{mailbox}\"" ". Andernfalls warten Sie, und prüfen Sie Microsoft 365 Admin Center > Integrität > Dienststatus.";

    MailboxUnavailable from RESPONSE_CODES:
        en "The mailbox exists, but cannot be opened at the moment: it is being moved, or its database is offline or failing over."
        - "Wait, and check Microsoft 365 admin center > Health > Service health."
        - "See whether it is being moved: " > "Get-MoveRequest -Identity \"{mailbox}\"" ".";
        de "das Postfach wird verschoben, oder seine Datenbank ist offline"
        "Das Postfach gibt es, es lässt sich aber zurzeit nicht öffnen: Es wird verschoben, oder seine Datenbank ist offline oder wechselt den Server."
        - "Warten Sie, und prüfen Sie Microsoft 365 Admin Center > Integrität > Dienststatus."
        - "Sehen Sie nach, ob es verschoben wird: " > "Get-MoveRequest -Identity \"{mailbox}\"" ".";

    MailboxFull from RESPONSE_CODES:
        en "The mailbox has reached its quota (ErrorQuotaExceeded in EWS and Graph, 5.2.2 in SMTP, OVERQUOTA in IMAP). Nothing can be saved in it or sent from it, and mail to it is returned. Login and permissions are not the cause."
        - "See its size and its limits: " > "Get-EXOMailboxStatistics -Identity \"{mailbox}\" | Format-List TotalItemSize,TotalDeletedItemSize" " and " > "Get-Mailbox -Identity \"{mailbox}\" | Format-List ProhibitSendQuota,ProhibitSendReceiveQuota" "."
        - "Have mails deleted, the folder Recoverable Items included, or switch on the archive: " > "Enable-Mailbox -Identity \"{mailbox}\" -Archive" "."
        - "If the licence allows more, raise the limit: " > "Set-Mailbox -Identity \"{mailbox}\" -ProhibitSendReceiveQuota \"<SIZE>\" -ProhibitSendQuota \"<SIZE>\"" "."
        takes "up to 1 hour";
        de "das Postfach ist voll"
        "Das Postfach hat sein Kontingent erreicht (ErrorQuotaExceeded bei EWS und Graph, 5.2.2 bei SMTP, OVERQUOTA bei IMAP). Darin lässt sich nichts speichern und daraus nichts senden, und Mails an das Postfach gehen an den Absender zurück. An Anmeldung und Berechtigungen liegt es nicht."
        - "Stellen Sie Größe und Grenzen fest: " > "Get-EXOMailboxStatistics -Identity \"{mailbox}\" | Format-List TotalItemSize,TotalDeletedItemSize" " und " > "Get-Mailbox -Identity \"{mailbox}\" | Format-List ProhibitSendQuota,ProhibitSendReceiveQuota" "."
        - "Lassen Sie Mails löschen, auch im Ordner der wiederherstellbaren Elemente, oder schalten Sie das Archiv ein: " > "Enable-Mailbox -Identity \"{mailbox}\" -Archive" "."
        - "Erlaubt die Lizenz mehr, erhöhen Sie die Grenze: " > "Set-Mailbox -Identity \"{mailbox}\" -ProhibitSendReceiveQuota \"<GRÖSSE>\" -ProhibitSendQuota \"<GRÖSSE>\"" "."
        takes "bis zu 1 Stunde";

    BasicAuthBlocked from MAIL_OAUTH:
        en "The server speaks of basic authentication, which is switched off in Exchange Online. This program logs in with OAuth only, so something on the way changes the login."
        - "Look for a mail proxy between here and {host}:{port} that changes the mechanism, and bypass it.";
        de "der Server hielt die Anmeldung für Standardauthentifizierung"
        "Der Server spricht von Standardauthentifizierung, die in Exchange Online abgeschaltet ist. Dieses Programm meldet sich nur mit OAuth an; also verändert etwas auf dem Weg die Anmeldung."
        - "Suchen Sie zwischen diesem Rechner und {host}:{port} nach einem Mailproxy, der das Verfahren verändert, und umgehen Sie ihn.";

    MechanismNotOffered from MAIL_OAUTH:
        en "The server's list of login mechanisms lacks XOAUTH2. Exchange Online offers it on every mail protocol."
        - "Check that Exchange Online answers at {host}."
        - "Look for a mail proxy or firewall that hides or shortens the list.";
        de "der Server bietet XOAUTH2 nicht an"
        "In der Liste der Anmeldeverfahren des Servers fehlt XOAUTH2. Exchange Online bietet es bei jedem Mailprotokoll an."
        - "Prüfen Sie, ob unter {host} Exchange Online antwortet."
        - "Suchen Sie nach einem Mailproxy oder einer Firewall, die die Liste verbirgt oder kürzt.";

    CommandRefused:
        en "The server refused a command that it should carry out, with a text that is not in this catalogue."
        - "See the server's reply in the evidence; Microsoft's support can find the session by the server's name and the time.";
        de "der Server hat einen Befehl abgelehnt"
        "Der Server hat einen Befehl abgelehnt, den er ausführen müsste, mit einem Text, den dieser Katalog nicht enthält."
        - "Sehen Sie im Beleg die Antwort des Servers nach; mit Servernamen und Uhrzeit kann der Microsoft-Support die Sitzung finden.";

    ProtocolError from SASL:
        en "The server calls our command a protocol error. The same command works with Exchange, so something on the way may change it."
        - "See the server's reply in the evidence, and look for a mail proxy between here and {host}:{port}."
        - "If there is none, report it with the evidence.";
        de "der Server hält unseren Befehl für einen Protokollfehler"
        "Der Server hält unseren Befehl für einen Protokollfehler. Gegenüber Exchange ist der Befehl gültig; also verändert ihn womöglich etwas auf dem Weg."
        - "Sehen Sie im Beleg die Antwort des Servers nach, und suchen Sie zwischen diesem Rechner und {host}:{port} nach einem Mailproxy."
        - "Gibt es keinen, melden Sie den Fehler zusammen mit dem Beleg.";

    SmtpAuthDisabledTenant from SMTP_AUTH:
        en "Authenticated SMTP is off for the whole tenant, and this mailbox has no exception. That is the default for tenants created after January 2020. The switch is checked before the token, so this says nothing about the token."
        - "Make an exception for this mailbox, which the tenant's setting does not override: " > "Set-CASMailbox -Identity \"{mailbox}\" -SmtpClientAuthenticationDisabled $false" "."
        - "Only if all mailboxes are to send this way, switch it on for the tenant: " > "Set-TransportConfig -SmtpClientAuthenticationDisabled $false" ". See the setting with " > "Get-TransportConfig | Format-List SmtpClientAuthenticationDisabled" "."
        takes "30 to 120 minutes";
        de "authentifiziertes SMTP ist für den Mandanten abgeschaltet"
        "Authentifiziertes SMTP ist für den ganzen Mandanten abgeschaltet, und dieses Postfach hat keine Ausnahme. Das ist die Voreinstellung für Mandanten, die nach Januar 2020 angelegt wurden. Der Schalter wird vor dem Token geprüft; über das Token sagt dies also nichts aus."
        - "Richten Sie für dieses Postfach eine Ausnahme ein; sie geht der Einstellung des Mandanten vor: " > "Set-CASMailbox -Identity \"{mailbox}\" -SmtpClientAuthenticationDisabled $false" "."
        - "Nur wenn alle Postfächer so senden sollen, schalten Sie es für den Mandanten ein: " > "Set-TransportConfig -SmtpClientAuthenticationDisabled $false" ". Die Einstellung zeigt " > "Get-TransportConfig | Format-List SmtpClientAuthenticationDisabled" "."
        takes "30 bis 120 Minuten";

    SmtpAuthDisabledMailbox from SMTP_AUTH:
        en "Authenticated SMTP is switched off on this mailbox itself; the tenant's setting does not matter. The switch is checked before the token, so this says nothing about the token."
        - "Switch it on: " > "Set-CASMailbox -Identity \"{mailbox}\" -SmtpClientAuthenticationDisabled $false" ". With $null instead the mailbox follows the tenant."
        takes "30 to 120 minutes";
        de "authentifiziertes SMTP ist für das Postfach abgeschaltet"
        "Authentifiziertes SMTP ist an diesem Postfach selbst abgeschaltet; auf die Einstellung des Mandanten kommt es nicht an. Der Schalter wird vor dem Token geprüft; über das Token sagt dies also nichts aus."
        - "Schalten Sie es ein: " > "Set-CASMailbox -Identity \"{mailbox}\" -SmtpClientAuthenticationDisabled $false" ". Mit $null folgt das Postfach stattdessen dem Mandanten."
        takes "30 bis 120 Minuten";

    AuthPolicyBlocked from WORKLOAD_IDENTITY:
        en "The server says that a policy of the tenant, Conditional Access or the security defaults, forbids this login."
        - "Microsoft Entra admin center > Enterprise applications > application {client_id} > Sign-in logs > Service principal sign-ins: see which policy applied."
        - "Check Conditional Access for workload identities and the security defaults (Overview > Properties), and exclude the application where the policy is not meant for it. A policy that decides by location must have this machine's public address ({public_address}, unless the log shows another) in its named location.";
        de "eine Richtlinie des Mandanten blockiert die Anmeldung"
        "Laut Server verbietet eine Richtlinie des Mandanten, der bedingte Zugriff oder die Sicherheitsstandards, diese Anmeldung."
        - "Microsoft Entra Admin Center > Unternehmensanwendungen > Anwendung {client_id} > Anmeldeprotokolle > Dienstprinzipalanmeldungen: Sehen Sie nach, welche Richtlinie angewendet wurde."
        - "Prüfen Sie den bedingten Zugriff für Workloadidentitäten und die Sicherheitsstandards (Übersicht > Eigenschaften), und schließen Sie die Anwendung dort aus, wo die Richtlinie nicht für sie gedacht ist. Eine Richtlinie, die nach dem Ort entscheidet, muss die öffentliche Adresse dieses Rechners ({public_address}, sofern das Protokoll keine andere zeigt) in ihrem benannten Standort führen.";

    SenderBlocked from RESTRICTED_ENTITIES:
        en "Microsoft has stopped this mailbox from sending because it sent spam or too much mail. It can still receive mail and be read. Whoever broke into it may still have access."
        - "Find out how the spam was sent, change the account's password and revoke its sessions before anything else."
        - "Then release it: Microsoft Defender portal > Email & collaboration > Review > Restricted entities > {mailbox} > Unblock."
        takes "up to 24 hours";
        de "das Postfach darf nicht senden: Es ist wegen Spam gesperrt"
        "Microsoft hat das Senden aus diesem Postfach gesperrt, weil es Spam oder zu viel Mail gesendet hat. Es kann weiterhin empfangen und gelesen werden. Wer in das Postfach eingedrungen ist, hat womöglich noch Zugang."
        - "Stellen Sie zuerst fest, wie der Spam versendet wurde, ändern Sie das Kennwort des Kontos, und widerrufen Sie seine Sitzungen."
        - "Heben Sie danach die Sperre auf: Microsoft Defender-Portal > E-Mail & Zusammenarbeit > Überprüfen > Eingeschränkte Entitäten > {mailbox} > Blockierung aufheben."
        takes "bis zu 24 Stunden";

    SendAsDenied from MAIL_OAUTH:
        en "The login worked, but the sender of the message is not the mailbox that logged in, and that mailbox may not send as it."
        - "Send as the mailbox that logs in, {mailbox}."
        - "Or grant the right on the sender: " > "Add-RecipientPermission -Identity \"<SENDER>\" -Trustee \"{object_id}\" -AccessRights SendAs" ". The cmdlet's documentation names only people and groups as trustees, not service principals."
        - "In known cases the mailbox that logs in needed the right as well: " > "Add-RecipientPermission -Identity \"<SENDER>\" -Trustee \"{mailbox}\" -AccessRights SendAs" "."
        takes "30 to 120 minutes";
        de "die Anwendung darf nicht als dieser Absender senden"
        "Die Anmeldung hat funktioniert, aber der Absender der Nachricht ist ein anderer als das angemeldete Postfach und darf hier nicht als Absender verwendet werden."
        - "Senden Sie als das angemeldete Postfach, {mailbox}."
        - "Oder erteilen Sie das Recht am Absender: " > "Add-RecipientPermission -Identity \"<ABSENDER>\" -Trustee \"{object_id}\" -AccessRights SendAs" ". Die Dokumentation des Befehls nennt als Berechtigte nur Personen und Gruppen, keine Dienstprinzipale."
        - "Auch das angemeldete Postfach brauchte in bekannten Fällen dieses Recht: " > "Add-RecipientPermission -Identity \"<ABSENDER>\" -Trustee \"{mailbox}\" -AccessRights SendAs" "."
        takes "30 bis 120 Minuten";

    Throttled from EWS_THROTTLING:
        en "Exchange asks for a pause because it received too many requests. This is not a refusal: login and permissions were not judged."
        - "Wait; this check pauses for as long as the server asked."
        - "Look for other clients that log in too often, to {mailbox} or with application {client_id}, and lengthen the interval of this check.";
        de "der Server drosselt unsere Anfragen"
        "Exchange bittet um eine Pause, weil es zu viele Anfragen erhielt. Das ist keine Ablehnung: Über Anmeldung und Berechtigungen wurde nicht entschieden."
        - "Warten Sie; diese Prüfung hält die vom Server genannte Pause ein."
        - "Suchen Sie nach anderen Clients, die sich zu oft anmelden, an {mailbox} oder mit der Anwendung {client_id}, und verlängern Sie das Intervall dieser Prüfung.";

    TooManyConnections from EWS_THROTTLING:
        en "The mailbox has as many connections as Exchange allows: three for SMTP, 27 requests at once for EWS."
        - "Close other clients of {mailbox}, or let them use fewer connections at once.";
        de "das Postfach hat zu viele Verbindungen"
        "Das Postfach hat so viele Verbindungen, wie Exchange zulässt: drei bei SMTP, 27 gleichzeitige Anfragen bei EWS."
        - "Schließen Sie andere Clients von {mailbox}, oder lassen Sie sie weniger Verbindungen gleichzeitig benutzen.";

    ServerUnavailable:
        en "The server says that it is out of order itself. As far as can be seen, nothing is wrong on your side."
        - "Wait, and check Microsoft 365 admin center > Health > Service health."
        - "If it lasts, open a support case with the server's name, the time and the ids of the evidence.";
        de "der Server ist gestört"
        "Der Server meldet, dass er selbst gestört ist. Auf Ihrer Seite ist, soweit erkennbar, nichts falsch."
        - "Warten Sie, und prüfen Sie Microsoft 365 Admin Center > Integrität > Dienststatus."
        - "Hält es an, eröffnen Sie eine Supportanfrage mit Servernamen, Uhrzeit und den IDs aus dem Beleg.";

    SessionInvalidated:
        en "Exchange ended the session because the state of the account has changed."
        - "Check recent changes to {mailbox}, its licence and its account; the next run shows whether the application still has access.";
        de "die Sitzung wurde beendet, weil sich das Konto geändert hat"
        "Exchange hat die Sitzung beendet, weil sich der Zustand des Kontos geändert hat."
        - "Prüfen Sie jüngste Änderungen an {mailbox}, an Lizenz und Konto; der nächste Lauf zeigt, ob die Anwendung noch Zugriff hat.";
}
