"""Resets a user to the first day."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from kv.days import local_day
from kv.process.threads import async_twin
from kv.sql.transactions import atomic_for
from kv.store.scripts import Script
from kv.times import from_ms
from usertokens import keys
from usertokens.conf import app_settings, default_plan
from usertokens.errors import OpenHolds
from usertokens.models import ConversationTally
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
    """Set activity and balance to the first day, archive the journal, and delete saved conversations.

    Returns the first day's dashboard. A repeated key returns the first result; changes after that reset stay.

    The keys of paid grants stay, so none of them is granted again. A plan set by billing stays with its period, and the
    balance is its allowance. A plan set by hand is removed, unless billing has set one before.
    Raises OpenHolds, IdempotencyConflict or AccountClosed; then nothing was reset.
    """
    more = [keys.last_login(user_id), keys.reversed_entries(user_id), keys.sources(user_id), keys.moods(user_id)]
    for _ in range(_TRIES):
        # Read before archiving: the script compares it, so an entry that is written in between is not lost.
        newest = list_transactions(user_id, limit=1, now=now).results
        archive_journal(user_id, older_than=None, now=now)
        own = (newest[0].id if newest else 0, local_day(now).isoformat(), default_plan())
        with atomic_for(ConversationTally):
            # Locked before the store is reset: a conversation saved in between would be lost.
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
        # An entry was written before the reset: archive it too, and try again.
    raise OpenHolds(user_id)


areset_user = async_twin(reset_user, uses_database=True)


def _first_day(user_id: str, reply: list[Any]) -> Dashboard:
    return Dashboard(
        user_id,
        read_stats(reply[10:], reply[9]),
        read_tokens(reply[3:9]),
        low_balance=int(reply[3]) <= app_settings.LOW_BALANCE,
    )
