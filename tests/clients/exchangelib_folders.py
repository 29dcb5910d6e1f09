"""exchangelib: the server's version, the folder tree, the inbox's counts, and a mailbox that does not exist."""
from exchangelib import IMPERSONATION, OAUTH2, Account, Configuration, FailFast, Identity, OAuth2Credentials
from exchangelib.errors import ErrorNonExistentMailbox

from tenant import LOGIN, OUTLOOK, T


class Credentials(OAuth2Credentials):
    token_url = f"{LOGIN}/{T['tenant_id']}/oauth2/v2.0/token"


def account(address, version=None):
    credentials = Credentials(
        client_id=T["client_id"], client_secret=T["client_secret"], tenant_id=T["tenant_id"], identity=Identity(primary_smtp_address=address)
    )
    configuration = Configuration(
        credentials=credentials,
        service_endpoint=f"https://{OUTLOOK}:{T['ews']}/EWS/Exchange.asmx",
        auth_type=OAUTH2,
        retry_policy=FailFast(),
        version=version,
    )
    return Account(address, config=configuration, access_type=IMPERSONATION, autodiscover=False)


mailbox = account(T["mailbox"])
assert mailbox.version.build.major_version == 15, mailbox.version
assert (mailbox.inbox.total_count, mailbox.inbox.unread_count) == (12, 4), mailbox.inbox
assert mailbox.calendar.name == "Calendar"
names = sorted(folder.name for folder in mailbox.msg_folder_root.children)
assert "Inbox" in names and "Sent Items" in names, names
assert "Inbox" in mailbox.root.tree()

try:
    account("nobody@contoso.example", mailbox.version).inbox.refresh()
except ErrorNonExistentMailbox:
    pass
else:
    raise AssertionError("a mailbox that does not exist was opened")
