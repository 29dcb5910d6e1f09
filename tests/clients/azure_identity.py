"""azure-identity, with which Microsoft's own SDKs sign in: a certificate, an assertion that the program has signed, and refusals."""
import jwt
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import CertificateCredential, ClientAssertionCredential, ClientSecretCredential

from tenant import LOGIN, SCOPE, T, refused

MORE = {"authority": LOGIN, "disable_instance_discovery": True, "connection_verify": T["ca_file"], "retry_total": 0}


def claims(credential):
    token = credential.get_token(SCOPE)
    assert token.expires_on > 0
    return jwt.decode(token.token, options={"verify_signature": False})


with open(T["certificate_file"]) as certificate, open(T["private_key_file"]) as key:
    PAIR = (certificate.read() + key.read()).encode()

assertions = iter(T["assertions"])
for credential in (
    ClientSecretCredential(T["tenant_id"], T["client_id"], T["client_secret"], **MORE),
    CertificateCredential(T["tenant_id"], T["client_id"], certificate_data=PAIR, **MORE),
    ClientAssertionCredential(T["tenant_id"], T["client_id"], lambda: next(assertions), **MORE),
):
    found = claims(credential)
    assert found["appid"] == T["client_id"] and "IMAP.AccessAsApp" in found["roles"], found

for credential, number in (
    (ClientSecretCredential(T["tenant_id"], T["client_id"], "wrong", **MORE), "AADSTS7000215"),
    (ClientAssertionCredential(T["tenant_id"], T["client_id"], lambda: "not.a.jwt", **MORE), "AADSTS"),
):
    try:
        refused(lambda: credential.get_token(SCOPE), number)
    except ClientAuthenticationError as error:
        raise AssertionError(f"{error} lacks {number}") from error
