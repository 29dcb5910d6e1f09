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

try:
    application("99999999-2222-3333-4444-555555555555", T["client_secret"])
except ValueError as error:
    assert "invalid_tenant" in str(error) or "Unable to get authority" in str(error), error
else:
    raise AssertionError("an unknown tenant was not refused")
