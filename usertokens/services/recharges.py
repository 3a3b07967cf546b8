"""Grants allowances and expires grants for users who have not used the site since it was due."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from kv.store.connection import call_many
from kv.store.scripts import Script
from kv.times import to_ms, utc_now
from usertokens import keys
from usertokens.errors import AccountClosed
from usertokens.services import ledger

recharge_user_script = Script("usertokens", "recharge_user")
restore_expired_script = Script("usertokens", "restore_expired")
#: The allowed difference of two clocks, ms; the scripts have the same.
_SKEW = 3_600_000


def recharge_users(user_ids: Sequence[str], *, now: datetime | None = None) -> int:
    """Do what is due in a batch of accounts; how many had something due.

    One round trip where nothing is: only accounts that may have something due run the script, which decides.
    """
    due = _due(user_ids, to_ms(now or utc_now()), skew=_SKEW)
    if not due:
        return 0
    recharge_user_script.load()
    commands = [recharge_user_script.command(keys.ledger(user_id), ledger.common_args(user_id, now)) for user_id in due]
    replies = call_many(commands)
    for user_id, reply in zip(due, replies, strict=True):
        ledger.send_low_balance(user_id, reply)
    return sum(1 for reply in replies if reply[0] == b"ok" and int(reply[1]))


def count_due(user_ids: Sequence[str], *, now: datetime) -> int:
    """How many of a batch of accounts have something due, without doing it."""
    return len(_due(user_ids, to_ms(now)))


def _due(user_ids: Sequence[str], moment: int, *, skew: int = 0) -> list[str]:
    """The accounts that have something due, as settled.lua has it. skew: how far the store's clock may be off, ms."""
    replies = call_many([("HMGET", keys.account(user_id), "due", "starts") for user_id in user_ids])
    return [
        user_id
        for user_id, (due, starts) in zip(user_ids, replies, strict=True)
        if int(due or 0) <= moment + skew or int(starts or 0) > moment + _SKEW - skew
    ]


def restore_expired(user_ids: Sequence[str], *, dry_run: bool = False, now: datetime | None = None) -> int:
    """Restore grants that expired while the store's clock was ahead; allowances are granted again anyway.

    Returns how many tokens; may be repeated. Finds only entries in the store, not archived ones.
    """
    total = 0
    for user_id in user_ids:
        more = [keys.reversed_entries(user_id)]
        with suppress(AccountClosed):
            reply = ledger.run(restore_expired_script, user_id, ("1" if dry_run else "",), more_keys=more, now=now)
            total += int(reply[1])
    return total
