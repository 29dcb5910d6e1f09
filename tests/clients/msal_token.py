"""MSAL for Python: discovery, a token, the token from its cache, and a refusal read as Microsoft's own client reads it."""
import msal

from tenant import LOGIN, SCOPE, T


def application(tenant, secret, **more):
    return msal.ConfidentialClientApplication(
        T["client_id"], client_credential=secret, authority=f"{LOGIN}/{tenant}", instance_discovery=False, **more
    )


for tenant in (T["tenant_id"], "contoso.example"):
    client = application(tenant, T["client_secret"])
    answer = client.acquire_token_for_client([SCOPE])
    assert answer["token_type"] == "Bearer" and answer["token_source"] == "identity_provider", answer.keys()
    assert client.acquire_token_for_client([SCOPE])["token_source"] == "cache"

answer = application(T["tenant_id"], "wrong").acquire_token_for_client([SCOPE])
assert answer["error"] == "invalid_client" and answer["error_codes"] == [7000215], answer
assert answer["correlation_id"] and answer["trace_id"]

answer = application(T["tenant_id"], T["client_secret"]).acquire_token_for_client(["https://outlook.office365.com/IMAP.AccessAsApp"])
assert answer["error_codes"] == [1002012], answer

# A certificate in place of the secret, as MSAL signs with it: from PEM with the public certificate (PS256 and x5t#S256), and with a
# thumbprint alone (RS256 and x5t).
with open(T["certificate_file"]) as certificate, open(T["private_key_file"]) as key:
    CERTIFICATE, KEY = certificate.read(), key.read()
by_certificate = {"private_key": KEY, "public_certificate": CERTIFICATE}
by_thumbprint = {"private_key": KEY, "thumbprint": T["thumbprint"]}
for credential in (by_certificate, by_thumbprint):
    answer = application(T["tenant_id"], credential).acquire_token_for_client([SCOPE])
    assert answer.get("token_type") == "Bearer", answer
answer = application(T["tenant_id"], {"private_key": KEY, "thumbprint": "00" * 20}).acquire_token_for_client([SCOPE])
assert answer["error_codes"] == [700027] and "key was not found" in answer["error_description"], answer
answer = application(T["tenant_id"], {"private_key": KEY, "public_certificate": T["foreign_certificate"]}).acquire_token_for_client([SCOPE])
assert answer["error_codes"] == [700027], answer

try:
    application("99999999-2222-3333-4444-555555555555", T["client_secret"])
except ValueError as error:
    assert "invalid_tenant" in str(error) or "Unable to get authority" in str(error), error
else:
    raise AssertionError("an unknown tenant was not refused")
