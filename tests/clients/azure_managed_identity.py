"""azure-identity asks the endpoint of the machine for a token of its managed identity, by the variables that the platform sets."""
import json
import sys

import jwt
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import CredentialUnavailableError, ManagedIdentityCredential

with open(sys.argv[1]) as file:
    T = json.load(file)

SCOPE = "https://outlook.office365.com/.default"
MORE = {"use_env_settings": False, "retry_total": 0}


def appid(credential):
    return jwt.decode(credential.get_token(SCOPE).token, options={"verify_signature": False})["appid"]


assert appid(ManagedIdentityCredential(**MORE)) == T["client_id"]
assigned = T["user_assigned"]
for credential in (
    ManagedIdentityCredential(client_id=assigned["client_id"], **MORE),
    ManagedIdentityCredential(identity_config={"object_id": assigned["object_id"]}, **MORE),
    ManagedIdentityCredential(identity_config={"resource_id": assigned["resource_id"]}, **MORE),
):
    assert appid(credential) == assigned["client_id"]
try:
    appid(ManagedIdentityCredential(client_id="99999999-0000-4000-8000-000000000000", **MORE))
except (ClientAuthenticationError, CredentialUnavailableError):
    pass
else:
    raise AssertionError("an identity that is not assigned was not refused")
