"""poplib, imaplib and smtplib with XOAUTH2, over TLS and over STARTTLS; a token from urllib."""
import base64
import imaplib
import poplib
import smtplib

from login import TOKEN, xoauth2
from tenant import OUTLOOK, SMTP, T, TLS, refused


def pop3(user, client):
    assert b"Microsoft Exchange POP3" in client.welcome, client.welcome
    assert "XOAUTH2" in client.capa()["SASL"]
    assert client._shortcmd("AUTH XOAUTH2") == b"+ "
    return client._shortcmd(base64.b64encode(xoauth2(user)).decode())


def pop3s():
    return poplib.POP3_SSL(OUTLOOK, T["pop3s"], context=TLS)


def pop3_stls():
    client = poplib.POP3(OUTLOOK, T["pop3"])
    assert "STLS" in client.capa() and "SASL" not in client.capa()
    client.stls(TLS)
    return client


for connect in (pop3s, pop3_stls):
    client = connect()
    pop3(T["mailbox"], client)
    messages, octets = client.stat()
    assert messages == 12 and octets > 0
    assert len(client.list()[1]) == len(client.uidl()[1]) == 12
    lines = client.retr(1)[1]
    assert sum(len(line) + 2 for line in lines) == int(client.list(1).split()[2])
    assert b"." in lines and client.top(1, 0)[1][-1] == b""
    client.dele(12)
    client.rset()
    client.quit()
refused(lambda: pop3("nobody@contoso.example", pop3s()), "Authentication failure")
refused(lambda: pop3s()._shortcmd("AUTH XOAUTH2 " + base64.b64encode(xoauth2(T["mailbox"])).decode()), "Connection is closed. 10")


def password():
    client = pop3s()
    client.user(T["mailbox"])
    return client.pass_("secret")


refused(password, "Basic authentication is disabled")


def imaps():
    return imaplib.IMAP4_SSL(OUTLOOK, T["imaps"], ssl_context=TLS)


def imap_starttls():
    client = imaplib.IMAP4(OUTLOOK, T["imap"])
    assert "STARTTLS" in client.capabilities and "AUTH=XOAUTH2" not in client.capabilities
    client.starttls(TLS)
    return client


for connect in (imaps, imap_starttls):
    client = connect()
    assert "AUTH=XOAUTH2" in client.capabilities, client.capabilities
    assert client.authenticate("XOAUTH2", lambda _: xoauth2(T["mailbox"]))[0] == "OK"
    assert client.status("INBOX", "(MESSAGES UNSEEN)")[1] == [b"INBOX (MESSAGES 12 UNSEEN 4)"]
    assert client.namespace()[0] == "OK" and len(client.list()[1]) == 12
    assert client.select("INBOX", readonly=True) == ("OK", [b"12"])
    assert client.search(None, "UNSEEN")[1] == [b"3 6 9 12"]
    (_, header), _ = client.fetch("3", "(FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])")[1]
    assert header == b"Subject: Befund 3\r\n\r\n", header
    assert client.uid("FETCH", "12:*", "(RFC822.SIZE)")[0] == "OK"
    assert client.close()[0] == "OK" and client.logout()[0] == "BYE"
refused(lambda: imaps().authenticate("XOAUTH2", lambda _: xoauth2("nobody@contoso.example")), "AUTHENTICATE failed")
refused(lambda: imaps().login(T["mailbox"], "secret"), "Basic authentication is disabled")


def smtp(user, token=TOKEN):
    client = smtplib.SMTP(SMTP, T["smtp"])
    client.ehlo()
    assert client.has_extn("STARTTLS") and not client.has_extn("AUTH")
    client.starttls(context=TLS)
    client.ehlo()
    assert "XOAUTH2" in client.esmtp_features["auth"]
    client.auth("XOAUTH2", lambda challenge=None: xoauth2(user, token).decode())
    return client


client = smtp(T["mailbox"])
assert client.sendmail(T["mailbox"], ["somebody@fabrikam.example"], "Subject: x\r\n\r\nhello\r\n.\r\n") == {}
client.quit()
refused(lambda: smtp(T["mailbox"], "bad"), "5.7.3 Authentication unsuccessful")

# A mail to oneself lies in the inbox and in Sent Items, with the id that it was sent with, until it is deleted.
id = "<round.trip@contoso.example>"
client = smtp(T["mailbox"])
client.mail(T["mailbox"])
client.rcpt(T["mailbox"])
assert id.encode() in client.data(f"Message-ID: {id}\r\nSubject: self\r\n\r\n.\r\n")[1]
client.quit()
client = pop3s()
pop3(T["mailbox"], client)
assert client.stat()[0] == 13 and f"Message-ID: {id}".encode() in client.top(13, 0)[1]
client.quit()
client = imaps()
client.authenticate("XOAUTH2", lambda _: xoauth2(T["mailbox"]))
for folder, number in (("INBOX", "13"), ('"Sent Items"', "2")):
    assert client.select(folder)[1] == [number.encode()]
    (_, header), _ = client.fetch(number, "(BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])")[1]
    assert id in header.decode(), header
    client.store(number, "+FLAGS", "\\Deleted")
    assert client.expunge()[1] == [number.encode()]
client.logout()
