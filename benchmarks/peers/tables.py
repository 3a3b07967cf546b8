"""`python -m benchmarks.peers.tables`: the tables of the peer that PEER names, and what it needs in them."""

from __future__ import annotations

import os

from django.core.management import call_command
from django.db import connection

import benchmarks.peers.site  # noqa: F401 (configures Django)
from benchmarks.peers.site import PEER, STRIPE_KEY


def main() -> None:
    """Migrate; then a ledger's balances or a hook's endpoint."""
    call_command("migrate", verbosity=0)
    if PEER == "ledger":
        from benchmarks.peers.models import Balance, Movement

        with connection.schema_editor() as editor:
            editor.create_model(Balance)
            editor.create_model(Movement)
        Balance.objects.bulk_create(Balance(user_id=pk, tokens=10**9) for pk in os.environ["PEER_USERS"].split(","))
    if PEER == "webhook":
        from djstripe.models import Account, APIKey, WebhookEndpoint

        from benchmarks.peers.__main__ import _ENDPOINT, _SECRET

        # Known beforehand, so that an event needs no call to Stripe: neither side's network is measured.
        account = Account.objects.create(id="acct_peer", livemode=False)
        APIKey.objects.create(
            id="key_peer", secret=STRIPE_KEY, type="secret", livemode=False, djstripe_owner_account=account
        )
        WebhookEndpoint.objects.create(
            id="we_peer", djstripe_uuid=_ENDPOINT, secret=_SECRET, enabled_events=["*"], livemode=False, url="http://a"
        )


if __name__ == "__main__":
    main()
