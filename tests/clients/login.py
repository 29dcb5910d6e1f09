"""A token from urllib, and the login to mailboxes with XOAUTH2 by Python's own clients."""
import json
import poplib
import urllib.parse
import urllib.request

from tenant import LOGIN, SCOPE, T, TLS

form = {"grant_type": "client_credentials", "client_id": T["client_id"], "client_secret": T["client_secret"], "scope": SCOPE}
url = f"{LOGIN}/{T['tenant_id']}/oauth2/v2.0/token"
TOKEN = json.load(urllib.request.urlopen(url, urllib.parse.urlencode(form).encode(), context=TLS))["access_token"]


def xoauth2(user, token=TOKEN):
    return f"user={user}\x01auth=Bearer {token}\x01\x01".encode()


def shortcmd(self, line):
    """poplib takes `+OK` only; the prompt of SASL is `+ `."""
    self._putcmd(line)
    answer, _ = self._getline()
    if not answer.startswith(b"+"):
        raise poplib.error_proto(answer)
    return answer


poplib.POP3._shortcmd = shortcmd
