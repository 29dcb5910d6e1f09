"""The simulated tenant as a Python client meets it: Microsoft's names lead to this machine, its authority is trusted."""
import json
import os
import socket
import ssl
import sys

with open(sys.argv[1]) as file:
    T = json.load(file)

_getaddrinfo = socket.getaddrinfo


def _here(host, *rest, **named):
    microsoft = isinstance(host, str) and host.endswith((".microsoftonline.com", ".office365.com"))
    return _getaddrinfo("127.0.0.1" if microsoft else host, *rest, **named)


socket.getaddrinfo = _here
os.environ["REQUESTS_CA_BUNDLE"] = T["ca_file"]
TLS = ssl.create_default_context(cafile=T["ca_file"])
LOGIN = f"https://login.microsoftonline.com:{T['login']}"
OUTLOOK = "outlook.office365.com"
SMTP = "smtp.office365.com"
SCOPE = "https://outlook.office365.com/.default"


def refused(action, words):
    """Runs what must be refused and checks the words of the refusal."""
    try:
        answer = action()
    except Exception as error:
        assert words in str(error), f"{words!r} not in {error!r}"
    else:
        raise AssertionError(f"not refused: {answer!r}")
