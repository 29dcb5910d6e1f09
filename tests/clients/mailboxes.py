"""imaplib, poplib, smtplib and curl keep mail: they add, copy, move, wait for and delete it, in folders of their own."""
import base64
import imaplib
import os
import poplib
import re
import smtplib
import subprocess

from login import TOKEN, xoauth2
from tenant import OUTLOOK, SMTP, T, TLS, refused

USER = T["mailbox"]
XOAUTH2 = xoauth2(USER)
MAIL = b"From: a@contoso.example\r\nTo: b@contoso.example\r\nSubject: kept\r\nMessage-ID: <kept@contoso.example>\r\n\r\nText\r\n.\r\n"


def ok(answer):
    assert answer[0] == "OK", answer
    return answer[1]


def imap():
    client = imaplib.IMAP4_SSL(OUTLOOK, T["imaps"], ssl_context=TLS)
    ok(client.authenticate("XOAUTH2", lambda _: XOAUTH2))
    assert client.capability()[0] == "OK"
    return client


def codes(client, code):
    """The response codes of that name since this was last called."""
    return [value.decode() for value in client.response(code)[1] if value]


# A folder of one's own, a mail in it with date and flag, and what the server tells of it.
client = imap()
for name in ("Kept", "Kept/Sub", '"Kept/With space"'):
    ok(client.create(name))
refused(lambda: ok(client.create("Kept")), "already exists")
assert [re.search(rb'"/" (.*)', line)[1] for line in ok(client.list('""', "Kept*"))] == [b"Kept", b'"Kept/Sub"', b'"Kept/With space"']
assert len(ok(client.list('""', "%"))) == 13 and len(ok(client.list("Kept/", "%"))) == 2
ok(client.append("Kept", "(\\Seen)", '" 2-Nov-2026 08:00:00 +0100"', MAIL))
uidvalidity, uid = codes(client, "APPENDUID")[0].split()
assert ok(client.select("Kept")) == [b"1"] and codes(client, "UIDVALIDITY")[-1] == uidvalidity
data = ok(client.uid("FETCH", uid, "(UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])"))
assert data[0][1] == MAIL and f"RFC822.SIZE {len(MAIL)}".encode() in data[0][0], data
assert imaplib.Internaldate2tuple(data[0][0]) == imaplib.Internaldate2tuple(b'INTERNALDATE " 2-Nov-2026 07:00:00 +0000"')
assert b"\\Seen" in data[0][0]
refused(lambda: ok(client.append("Nowhere", None, None, MAIL)), "[TRYCREATE]")
ok(client.append("Kept", None, imaplib.Time2Internaldate(0), MAIL + b"x" * 300_000))

# Copies and moves.
ok(client.copy("1:2", "Kept/Sub"))
source, copies = codes(client, "COPYUID")[0].split()[1:]
assert source.split(":")[0] == uid, source
ok(client.uid("COPY", uid, "Kept/Sub"))
ok(client._simple_command("UID", "MOVE", uid, '"Kept/With space"'))
assert codes(client, "EXPUNGE") == ["1"] and codes(client, "COPYUID")[-1].split()[1] == uid
assert ok(client.status("Kept/Sub", "(MESSAGES)")) == [b'"Kept/Sub" (MESSAGES 3)']
assert ok(client.status('"Kept/With space"', "(MESSAGES UNSEEN)"))[0].endswith(b"(MESSAGES 1 UNSEEN 0)")

# Another client is told while it waits.
waiting = imap()
ok(waiting.select("Kept"))
waiting.send(b"W1 IDLE\r\n")
assert waiting.readline().startswith(b"+ ")
ok(client.append("Kept", None, None, MAIL))
assert waiting.readline() == b"* 2 EXISTS\r\n"
waiting.send(b"DONE\r\n")
assert waiting.readline().startswith(b"W1 OK")

# What is renamed keeps its mail, what is deleted is gone.
ok(client.rename("Kept", "Renamed"))
assert ok(client.status("Renamed", "(MESSAGES)")) == [b"Renamed (MESSAGES 2)"]
refused(lambda: ok(client.delete("INBOX")), "Exchange's own")
ok(client.unselect())
ok(client.delete("Renamed"))
assert ok(client.list('""', "Renamed*")) == [None]
refused(lambda: ok(client.select("Renamed")), "doesn't exist")
ok(client.noop())
client.logout()


# curl, which speaks all three.
FILE = os.path.join(os.path.dirname(T["ca_file"]), "mail.eml")
with open(FILE, "wb") as file:
    file.write(MAIL)


def curl(*arguments):
    command = ["curl", "--silent", "--show-error", "--cacert", T["ca_file"], "--oauth2-bearer", TOKEN, "--user", f"{USER}:"]
    for host, port in ((OUTLOOK, "imaps"), (OUTLOOK, "pop3s"), (SMTP, "smtp")):
        command += ["--resolve", f"{host}:{T[port]}:127.0.0.1"]
    done = subprocess.run(command + ["--login-options", "AUTH=XOAUTH2", *arguments], capture_output=True)
    assert done.returncode == 0, (arguments, done.returncode, done.stderr)
    return done.stdout.decode()


imaps, pop3s = f"imaps://{OUTLOOK}:{T['imaps']}", f"pop3s://{OUTLOOK}:{T['pop3s']}"
assert curl(f"{imaps}/", "--request", "LIST \"\" *").count("* LIST") == 12
curl(f"{imaps}/", "--request", "CREATE Curl")
curl(f"{imaps}/Curl", "--upload-file", FILE)
assert curl(f"{imaps}/Curl;MAILINDEX=1") == MAIL.decode()
assert "Subject: kept" in curl(f"{imaps}/Curl;MAILINDEX=1;SECTION=HEADER.FIELDS%20(SUBJECT)")
assert curl(f"{imaps}/Curl?SUBJECT%20kept").strip() == "* SEARCH 1"
curl(f"{imaps}/", "--request", "DELETE Curl")
mails = curl(f"{pop3s}/").splitlines()
assert len(mails) == 12 and curl(f"{pop3s}/1").startswith("Date: ")
assert len(curl(f"{pop3s}/", "--request", "UIDL").splitlines()) == 12
curl(f"smtp://{SMTP}:{T['smtp']}", "--ssl-reqd", "--mail-from", USER, "--mail-rcpt", USER, "--upload-file", FILE)
assert len(curl(f"{pop3s}/").splitlines()) == 13


# POP3 to the letter of RFC 1939: what DELE marks is gone after QUIT alone.
def pop3():
    client = poplib.POP3_SSL(OUTLOOK, T["pop3s"], context=TLS)
    client._shortcmd("AUTH XOAUTH2")
    client._shortcmd(base64.b64encode(XOAUTH2).decode())
    return client


client = pop3()
ids = [line.split()[1] for line in client.uidl()[1]]
client.dele(13)
assert client.stat()[0] == 12 and len(client.list()[1]) == len(client.uidl()[1]) == 12
refused(lambda: client.retr(13), "out of range")
refused(lambda: client.list(13), "out of range")
client.rset()
assert client.stat()[0] == 13 and client.noop().startswith(b"+OK")
lines = client.top(13, 1)[1]
assert lines[-2:] == [b"", b"Text"], lines
client.dele(13)
client.close()
client = pop3()
assert [line.split()[1] for line in client.uidl()[1]] == ids
assert client.uidl(13).split()[2] == ids[12]
client.dele(13)
client.quit()
client = pop3()
assert [line.split()[1] for line in client.uidl()[1]] == ids[:12]
client.quit()

# SMTP: several mails in one session, one given up between.
client = smtplib.SMTP(SMTP, T["smtp"])
client.starttls(context=TLS)
client.ehlo()
client.auth("XOAUTH2", lambda challenge=None: XOAUTH2.decode())
assert client.noop()[0] == 250 and client.verify("praxis")[0] == 252 and client.help()
client.mail(USER)
client.rset()
assert client.sendmail(USER, [USER, "labor@contoso.example"], MAIL, ["BODY=8BITMIME"]) == {}
assert client.sendmail(USER, [USER], MAIL) == {}
client.quit()
client = pop3()
assert client.stat()[0] == 14
client.quit()
