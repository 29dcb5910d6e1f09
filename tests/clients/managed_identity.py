"""Microsoft's own client asks the endpoint of the machine for a token of its managed identity, as that kind of machine has it."""
import json
import sys

import jwt
import msal
import requests

with open(sys.argv[1]) as file:
    T = json.load(file)


def asked(identity, resource="https://outlook.office365.com"):
    session = requests.Session()
    session.trust_env = False
    client = msal.ManagedIdentityClient(identity, http_client=session)
    return client.acquire_token_for_client(resource=resource)


def claims(answer):
    assert "access_token" in answer, answer
    assert answer["token_type"] == "Bearer" and int(answer["expires_in"]) > 3000, answer
    return jwt.decode(answer["access_token"], options={"verify_signature": False})


own = claims(asked(msal.SystemAssignedManagedIdentity()))
assert own["appid"] == T["client_id"] and own["aud"] == "https://outlook.office365.com", own
assert "IMAP.AccessAsApp" in own["roles"], own
unknown = asked(msal.SystemAssignedManagedIdentity(), "https://unknown.example")
assert "access_token" not in unknown, unknown

for identity in (
    msal.UserAssignedManagedIdentity(client_id=T["user_assigned"]["client_id"]),
    msal.UserAssignedManagedIdentity(object_id=T["user_assigned"]["object_id"]),
    msal.UserAssignedManagedIdentity(resource_id=T["user_assigned"]["resource_id"]),
):
    # Of Azure Arc MSAL wants to see the identity again in the reply.
    assert claims(asked(identity))["appid"] == T["user_assigned"]["client_id"]
nobody = asked(msal.UserAssignedManagedIdentity(client_id="99999999-0000-4000-8000-000000000000"))
assert "access_token" not in nobody, nobody
