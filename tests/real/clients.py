"""Logs in to the lab's servers with Python's own clients and prints what each of them learnt as JSON.

The only argument is a JSON object: ports by name, `ca_file`, `mailbox`, and what a token request takes.
"""

import imaplib
import json
import poplib
import smtplib
import socket
import ssl
import sys
import urllib.parse
import urllib.request

lab = json.loads(sys.argv[1])
tls = ssl.create_default_context(cafile=lab["ca_file"])

# Every name is on loopback here.
find = socket.getaddrinfo
socket.getaddrinfo = lambda host, *rest, **more: find("127.0.0.1", *rest, **more)


def token():
    url = f"https://login.microsoftonline.com:{lab['login']}/{lab['tenant']}/oauth2/v2.0/token"
    form = {"grant_type": "client_credentials", "client_id": lab["client"], "client_secret": lab["secret"],
            "scope": "https://outlook.office365.com/.default"}
    with urllib.request.urlopen(url, urllib.parse.urlencode(form).encode(), context=tls) as answer:
        return json.load(answer)["access_token"]


def sasl(_challenge=None):
    return f"user={lab['mailbox']}\x01auth=Bearer {access}\x01\x01"


def base64_sasl():
    import base64
    return base64.b64encode(sasl().encode()).decode()


def pop3(client):
    client._shortcmd("AUTH XOAUTH2")
    client._shortcmd(base64_sasl())
    count = client.stat()[0]
    client.quit()
    return count


def imap(client):
    client.authenticate("XOAUTH2", lambda _: sasl().encode())
    answer = client.status("INBOX", "(MESSAGES)")[1][0].decode()
    client.logout()
    return int(answer.rstrip(")").rsplit(" ", 1)[1])


def smtp(port, on_one_line):
    with smtplib.SMTP("smtp.office365.com", port) as client:
        client.starttls(context=tls)
        client.ehlo()
        try:
            return client.auth("XOAUTH2", sasl, initial_response_ok=on_one_line)[0]
        except smtplib.SMTPAuthenticationError as refusal:
            return refusal.smtp_code


def upgraded(client, upgrade):
    getattr(client, upgrade)(tls)
    return client


host = "outlook.office365.com"
access = token()
learnt = {
    "pop3s": pop3(poplib.POP3_SSL(host, lab["pop3s"], context=tls)),
    "pop3": pop3(upgraded(poplib.POP3(host, lab["pop3"]), "stls")),
    "imaps": imap(imaplib.IMAP4_SSL(host, lab["imaps"], ssl_context=tls)),
    "imap": imap(upgraded(imaplib.IMAP4(host, lab["imap"]), "starttls")),
    "dovecot_one_line": smtp(lab["submission"], True),
    "dovecot_two_lines": smtp(lab["submission"], False),
    "postfix": smtp(lab["postfix"], True),
}
print(json.dumps(learnt))
