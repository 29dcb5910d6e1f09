//! The texts of what becomes of a mail: refused, put off, junked, late, returned, lost.

super::entries! {
    SubmissionRefused from SMTP_SUBMISSION:
        en "The login worked, but the server refused the mail with a text that is not in this catalogue. A refusal of this kind lasts until somebody changes something, and a mailbox whose submissions keep failing is cut off from sending, for every program: so sending pauses, for 1 hour, then 6, then 24."
        - "See the server's reply in the evidence."
        - "If it says nothing that helps, send a mail from {mailbox} by hand and see whether it is refused as well.";
        de "der Server nimmt die Mail nicht an"
        "Die Anmeldung hat funktioniert, aber der Server hat die Mail mit einem Text abgelehnt, den dieser Katalog nicht enthält. Eine solche Ablehnung bleibt, bis jemand etwas ändert, und ein Postfach, dessen Sendeversuche immer wieder scheitern, wird für jedes Programm vom Senden ausgeschlossen. Deshalb wird 1 Stunde, dann 6, dann 24 Stunden lang nichts gesendet."
        - "Sehen Sie im Beleg die Antwort des Servers nach."
        - "Hilft sie nicht weiter, senden Sie von Hand eine Mail aus {mailbox}, und sehen Sie, ob auch sie abgelehnt wird.";

    SubmissionDeferred:
        en "The server took the login and put the mail off with a temporary error (4.x). As far as can be seen, nothing is wrong on your side."
        - "Wait; the next mail is sent at its usual time. Check Microsoft 365 admin center > Health > Service health."
        - "If it lasts, open a support case with the server's name, the time and the ids of the evidence.";
        de "der Server nimmt die Mail vorübergehend nicht an"
        "Der Server hat die Anmeldung angenommen und die Mail mit einem vorübergehenden Fehler (4.x) zurückgestellt. Auf Ihrer Seite ist, soweit erkennbar, nichts falsch."
        - "Warten Sie; die nächste Mail wird zur gewohnten Zeit gesendet. Prüfen Sie Microsoft 365 Admin Center > Integrität > Dienststatus."
        - "Hält es an, eröffnen Sie eine Supportanfrage mit Servernamen, Uhrzeit und den IDs aus dem Beleg.";

    SubmissionQuotaExceeded from SMTP_SUBMISSION:
        en "The mailbox has sent to as many recipients as Exchange Online allows in 24 hours (10,000). No program can send from it until the oldest of them are more than a day ago. Mails of this program are a few dozen a day."
        - "Find out what sends so much: " > "Get-MessageTraceV2 -SenderAddress \"{mailbox}\"" "."
        - "Have bulk mail sent by a service that is made for it, and give this check a mailbox of its own.";
        de "das Postfach hat an so viele Empfänger gesendet, wie es an einem Tag darf"
        "Das Postfach hat innerhalb von 24 Stunden an so viele Empfänger gesendet, wie Exchange Online zulässt (10.000). Kein Programm kann daraus senden, bis die ältesten mehr als einen Tag zurückliegen. Von diesem Programm stammen einige Dutzend Mails am Tag."
        - "Stellen Sie fest, was so viel sendet: " > "Get-MessageTraceV2 -SenderAddress \"{mailbox}\"" "."
        - "Lassen Sie Massenmails über einen dafür vorgesehenen Dienst senden, und geben Sie dieser Prüfung ein eigenes Postfach.";

    MessageTooLarge:
        en "The server refused a mail of less than 1 kB as too large. So the limit of this mailbox, or of a mail flow rule, is far below any usual value."
        - "See the limits: " > "Get-Mailbox -Identity \"{mailbox}\" | Format-List MaxSendSize,MaxReceiveSize" "."
        - "Raise them: " > "Set-Mailbox -Identity \"{mailbox}\" -MaxSendSize \"35MB\" -MaxReceiveSize \"36MB\"" ".";
        de "der Server hält die Mail für zu groß"
        "Der Server hat eine Mail von weniger als 1 kB als zu groß abgelehnt. Die Grenze dieses Postfachs oder einer Nachrichtenflussregel liegt also weit unter jedem üblichen Wert."
        - "Sehen Sie die Grenzen nach: " > "Get-Mailbox -Identity \"{mailbox}\" | Format-List MaxSendSize,MaxReceiveSize" "."
        - "Erhöhen Sie sie: " > "Set-Mailbox -Identity \"{mailbox}\" -MaxSendSize \"35MB\" -MaxReceiveSize \"36MB\"" ".";

    MailJunked:
        en "The mail arrived, in the junk folder: the filter holds a mail from this mailbox to be spam. Mail of the application that sends from it will meet with the same."
        - "Look at the header X-Forefront-Antispam-Report of such a mail: SFV and SCL say who decided it, the filter, a rule or the user's own list."
        - "Check SPF, DKIM and DMARC of the domain, and the anti-spam policies: Microsoft Defender portal > Email & collaboration > Policies & rules > Threat policies.";
        de "die Mail liegt im Junk-Ordner"
        "Die Mail ist angekommen, aber im Junk-Ordner: Der Filter hält eine Mail aus diesem Postfach für Spam. Mails der Anwendung, die daraus sendet, wird es ebenso ergehen."
        - "Sehen Sie sich in einer solchen Mail die Kopfzeile X-Forefront-Antispam-Report an: SFV und SCL sagen, wer entschieden hat, der Filter, eine Regel oder die eigene Liste des Benutzers."
        - "Prüfen Sie SPF, DKIM und DMARC der Domäne und die Antispamrichtlinien: Microsoft Defender-Portal > E-Mail & Zusammenarbeit > Richtlinien & Regeln > Bedrohungsrichtlinien.";

    MailDelayed:
        en "The server accepted the mail, and it did not arrive in the time that is configured (`arrive_within`). It is still looked for. Mails above 30 a minute from one mailbox are delayed, and so are all mails while the service is out of order."
        - "See where it waits: " > "Get-MessageTraceV2 -SenderAddress \"{mailbox}\"" "."
        - "Check Microsoft 365 admin center > Health > Service health, and whether something else sends many mails from {mailbox}.";
        de "die Mail ist nicht rechtzeitig angekommen"
        "Der Server hat die Mail angenommen, und sie ist nicht in der konfigurierten Zeit (`arrive_within`) angekommen. Sie wird weiter gesucht. Verzögert werden Mails eines Postfachs, das mehr als 30 in der Minute sendet, und alle Mails, solange der Dienst gestört ist."
        - "Sehen Sie nach, wo sie wartet: " > "Get-MessageTraceV2 -SenderAddress \"{mailbox}\"" "."
        - "Prüfen Sie Microsoft 365 Admin Center > Integrität > Dienststatus, und ob etwas anderes viele Mails aus {mailbox} sendet.";

    MailBounced:
        en "The server accepted the mail, and a report came back that it could not be delivered. The evidence has the status and the words of the report."
        - "See the status: 5.1.x is an address that does not exist, 5.2.2 a mailbox that is full, 5.7.x a rule or policy that forbids it."
        - "Look what became of it: " > "Get-MessageTraceV2 -SenderAddress \"{mailbox}\"" ".";
        de "die Mail kam als unzustellbar zurück"
        "Der Server hat die Mail angenommen, und ein Bericht kam zurück, dass sie nicht zugestellt werden konnte. Der Beleg nennt Status und Wortlaut des Berichts."
        - "Sehen Sie den Status an: 5.1.x ist eine Adresse, die es nicht gibt, 5.2.2 ein volles Postfach, 5.7.x eine Regel oder Richtlinie, die es verbietet."
        - "Sehen Sie nach, was aus ihr wurde: " > "Get-MessageTraceV2 -SenderAddress \"{mailbox}\"" ".";

    MailLost:
        en "The server accepted the mail, and it is neither in the inbox nor in the junk folder, nor has a report come back. Something took it away: quarantine, a mail flow rule, a rule of the mailbox that moves or deletes it, or a program that empties the mailbox."
        - "Look what became of it: " > "Get-MessageTraceV2 -SenderAddress \"{mailbox}\"" "."
        - "Look into the quarantine (Microsoft Defender portal > Email & collaboration > Review > Quarantine) and at the rules of the mailbox: " > "Get-InboxRule -Mailbox \"{mailbox}\"" "."
        - "If a program fetches and deletes the mail of {mailbox}, give this check a mailbox of its own.";
        de "die Mail wurde angenommen und kam nirgends an"
        "Der Server hat die Mail angenommen; sie liegt weder im Posteingang noch im Junk-Ordner, und kein Bericht kam zurück. Etwas hat sie weggenommen: die Quarantäne, eine Nachrichtenflussregel, eine Regel des Postfachs, die sie verschiebt oder löscht, oder ein Programm, das das Postfach leert."
        - "Sehen Sie nach, was aus ihr wurde: " > "Get-MessageTraceV2 -SenderAddress \"{mailbox}\"" "."
        - "Sehen Sie in der Quarantäne nach (Microsoft Defender-Portal > E-Mail & Zusammenarbeit > Überprüfen > Quarantäne) und bei den Regeln des Postfachs: " > "Get-InboxRule -Mailbox \"{mailbox}\"" "."
        - "Wenn ein Programm die Mails von {mailbox} abholt und löscht, geben Sie dieser Prüfung ein eigenes Postfach.";

    MailPilesUp:
        en "The oldest message of a watched folder lies there for longer than the limit of `oldest_message_seconds` allows. Access works, as this run shows: so the application that should fetch and remove the mail has stopped, is stuck at a message, or is not permitted what it needs."
        - "See whether the application that fetches the mail of {mailbox} is running, and what its log says of the oldest message."
        - "If it leaves what it has read in the folder on purpose, watch another folder, or limit `unread` in place of `oldest_message_seconds`."
        - "If nobody fetches the mail of this folder any more, take the limit out of the configuration.";
        de "Mail liegt länger im Postfach, als ihr Grenzwert erlaubt"
        "Die älteste Nachricht eines beobachteten Ordners liegt dort länger, als der Grenzwert von `oldest_message_seconds` erlaubt. Der Zugriff funktioniert, wie dieser Lauf zeigt: Die Anwendung, die die Mails abholen und entfernen soll, steht also still, hängt an einer Nachricht oder darf nicht, was sie muss."
        - "Sehen Sie nach, ob die Anwendung läuft, die die Mails von {mailbox} abholt, und was ihr Protokoll über die älteste Nachricht sagt."
        - "Wenn sie Gelesenes absichtlich im Ordner lässt, beobachten Sie einen anderen Ordner, oder begrenzen Sie `unread` statt `oldest_message_seconds`."
        - "Wenn niemand mehr die Mails dieses Ordners abholt, nehmen Sie den Grenzwert aus der Konfiguration.";

    MailNotDeleted from SMTP_SUBMISSION:
        en "A mail that this program sent could not be deleted, so such mails pile up in the mailbox. Exchange also keeps a copy of each that is sent with SMTP in Sent Items, which POP3 does not reach."
        - "See the server's reply in the evidence; deleting needs Mail.ReadWrite with Graph, and FullAccess else: " > "Add-MailboxPermission -Identity \"{mailbox}\" -User \"{object_id}\" -AccessRights FullAccess" "."
        - "Where copies in Sent Items cannot be deleted, switch them off, best for a mailbox of this check's own: " > "Set-Mailbox -Identity \"{mailbox}\" -MessageCopyForSMTPClientSubmissionEnabled $false" "."
        - "`m365-probe roundtrip clean --dry-run` shows what would be deleted.";
        de "eine Mail dieses Programms ließ sich nicht löschen"
        "Eine Mail, die dieses Programm gesendet hat, ließ sich nicht löschen; solche Mails sammeln sich also im Postfach an. Exchange legt außerdem von jeder, die mit SMTP gesendet wird, eine Kopie in den gesendeten Elementen ab, die POP3 nicht erreicht."
        - "Sehen Sie im Beleg die Antwort des Servers nach; zum Löschen gehört bei Graph Mail.ReadWrite, sonst FullAccess: " > "Add-MailboxPermission -Identity \"{mailbox}\" -User \"{object_id}\" -AccessRights FullAccess" "."
        - "Wo sich Kopien in den gesendeten Elementen nicht löschen lassen, schalten Sie sie ab, am besten bei einem eigenen Postfach dieser Prüfung: " > "Set-Mailbox -Identity \"{mailbox}\" -MessageCopyForSMTPClientSubmissionEnabled $false" "."
        - "`m365-probe roundtrip clean --dry-run` zeigt, was gelöscht würde.";

    SendingSuspended from CONTINUOUS_ERRORS:
        en "The server refused the last mail for good. Microsoft cuts a mailbox off from sending, for every program, when its submissions keep failing for one cause; so this program sends nothing for 1 hour, then 6, then 24, and tries one mail each time."
        - "Remove the cause of the refusal, which is reported beside this."
        - "The next mail is sent at the time that the evidence gives; one that is accepted ends the pause.";
        de "zurzeit wird keine Mail gesendet, weil der Server die letzte endgültig abgelehnt hat"
        "Der Server hat die letzte Mail endgültig abgelehnt. Microsoft schließt ein Postfach, dessen Sendeversuche aus einem Grund immer wieder scheitern, für jedes Programm vom Senden aus. Deshalb sendet dieses Programm 1 Stunde, dann 6, dann 24 Stunden lang nichts und versucht es danach jeweils mit einer Mail."
        - "Beheben Sie die Ursache der Ablehnung, die daneben gemeldet wird."
        - "Die nächste Mail wird zu der Zeit gesendet, die der Beleg nennt; wird sie angenommen, ist die Pause zu Ende.";

    StateUnusable:
        en "Before a mail is sent, it is written down that it is sent, so that a restart neither sends a second one nor leaves the first one behind. That was not possible, so nothing was sent."
        - "See the evidence for the file, and check the rights of its directory and the space on its disk."
        - "A file that is damaged may be deleted: mails of this program that still lie in the mailbox then stay there.";
        de "der Stand der Mailumläufe ließ sich nicht lesen oder schreiben; nichts wurde gesendet"
        "Bevor eine Mail gesendet wird, wird aufgeschrieben, dass sie gesendet wird, damit ein Neustart weder eine zweite sendet noch die erste liegen lässt. Das war nicht möglich, also wurde nichts gesendet."
        - "Der Beleg nennt die Datei; prüfen Sie die Rechte ihres Verzeichnisses und den Platz auf dem Datenträger."
        - "Eine beschädigte Datei dürfen Sie löschen: Mails dieses Programms, die noch im Postfach liegen, bleiben dann dort.";
}
