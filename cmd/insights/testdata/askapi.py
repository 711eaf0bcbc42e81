"""Asks a server the questions of the FAQ through the client that was generated
from its OpenAPI document, and prints the answers as one JSON document."""

import json
import sys

from client import AuthenticatedClient
from client.api.accounts import account_groups, explain_packs, get_account
from client.api.resources import resources
from client.api.scans import list_scans

url, token = sys.argv[1:]
api = AuthenticatedClient(base_url=url, token=token, raise_on_unexpected_status=True)

packs = explain_packs.sync("prod", client=api).packs
groups = account_groups.sync("prod", client=api).items
found, cursor = [], None
while cursor is None or cursor:
    page = resources.sync(client=api, account=["prod"], violating=True, limit=3, **({"cursor": cursor} if cursor else {}))
    found += [r.id for r in page.resources]
    cursor = page.next_ or ""
print(json.dumps({
    "packs": [f"{p.name} {p.version}: {' '.join(c.group for c in p.claims if c.won)}" for p in packs],
    "groups": [g.group for g in groups],
    "resources": found,
    "scan": list_scans.sync(client=api, account="prod", limit=1).items[0].state.value,
    "refused": get_account.sync("nobody", client=api).code.value,
}))
