"""Back to the first day."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from kv.days import local_day
from kv.store.scripts import Script
from kv.times import from_ms
from usertokens import keys
from usertokens.conf import app_settings, default_plan
from usertokens.errors import OpenHolds
from usertokens.services import ledger
from usertokens.services.activity import read_stats
from usertokens.services.balances import read_tokens
from usertokens.services.conversations import drop_conversations, drop_conversations_before, lock_tally
from usertokens.services.journal import archive_journal, list_transactions
from usertokens.types import Dashboard

_TRIES = 20

reset_user_script = Script("usertokens", "reset_user")


def reset_user(
    user_id: str, *, reason: str = "reset", key: str = "", actor: str = "", now: datetime | None = None
) -> Dashboard:
    """Stats and balance as on the first day; the journal goes to the archive, saved conversations go.

    Answers that first day, under a repeated key as it was then: what came after the first reset stays.

    The keys of money-backed grants stay, so none of them can be granted again. A plan that billing has set stays with
    its period, and the balance is its allowance; one that was set by hand goes, unless billing has set one before.
    Raises OpenHolds, IdempotencyConflict or AccountClosed, having reset nothing.
    """
    more = [keys.last_login(user_id), keys.reversed_entries(user_id), keys.sources(user_id)]
    for _ in range(_TRIES):
        # Read before the archiving: an entry written behind it makes the two differ, and would be lost otherwise.
        newest = list_transactions(user_id, limit=1, now=now).results
        archive_journal(user_id, older_than=None, now=now)
        own = (newest[0].id if newest else 0, local_day(now).isoformat(), default_plan())
        with transaction.atomic():
            # Locked before the store is reset, so that no conversation is saved between the two and lost.
            tally = lock_tally(user_id)
            reply = ledger.run(
                reset_user_script, user_id, own, reason=reason, key=key, actor=actor, body=(), more_keys=more, now=now
            )
            if reply[0] == b"held":
                raise OpenHolds(user_id)
            if reply[0] == b"ok":
                if reply[1] == b"repeated":
                    drop_conversations_before(tally, from_ms(int(reply[2])))
                else:
                    drop_conversations(tally)
                return _first_day(user_id, reply)
        # Somebody wrote to the journal before the reset: archive that as well.
    raise OpenHolds(user_id)


def _first_day(user_id: str, reply: list[Any]) -> Dashboard:
    return Dashboard(
        user_id,
        read_stats(reply[10:], reply[9]),
        read_tokens(reply[3:9]),
        low_balance=int(reply[3]) <= app_settings.LOW_BALANCE,
    )
