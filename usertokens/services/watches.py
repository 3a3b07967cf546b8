"""A threshold of the user's own: each fall of the balance to it is noted in the script that takes the tokens.

Only a fall counts. A balance that is low already, or that somebody only looks at, notes nothing; neither does what a
refund, a dispute or staff take. Whoever acts on falls (automatic top-up) reads them here.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

from kv.store.connection import call_many, call_write
from kv.store.scripts import Script
from kv.times import from_ms
from usertokens import keys
from usertokens.services import ledger
from usertokens.services.noted import take_noted

watch_balance_script = Script("usertokens", "watch_balance")
clear_crossing_script = Script("usertokens", "clear_crossing")


@dataclass(frozen=True, slots=True)
class Watched:
    """An account as it stands in the store.

    threshold: the user's own, tokens; None: none is watched. balance: without what is due but not settled.
    crossing:  names the last fall to it, "" for none that is not dealt with. It never names two falls of a user.
    fell_at:   when that was.
    """

    threshold: int | None
    balance: int
    crossing: str
    fell_at: datetime | None


def watch_balance(user_id: str, threshold: int | None, *, now: datetime | None = None) -> int:
    """Have falls of the balance to `threshold` tokens noted; None: no longer. Answers the balance.

    Raises AccountClosed, StoreUnavailable, or ValueError for a threshold below 1.
    """
    if threshold is not None:
        ledger.require_whole(1, threshold=threshold)
    reply = ledger.run(watch_balance_script, user_id, ("" if threshold is None else threshold,), now=now)
    return int(reply[1])


def take_crossings(limit: int) -> AbstractContextManager[list[str]]:
    """The ids of some users whose balance has just fallen, for a block; see services/noted.py.

    Their accounts say it until `clear_crossing`. Raises StoreUnavailable.
    """
    return take_noted(keys.crossed(), limit)


def give_back_crossings(user_ids: Sequence[str]) -> None:
    """Put back what `take_crossings` took, for a later step. Raises StoreUnavailable."""
    if user_ids:
        call_write("SADD", keys.crossed(), *user_ids)


def read_watches(user_ids: Sequence[str]) -> dict[str, Watched]:
    """What the accounts of some users say; one round trip. Settles nothing. Raises StoreUnavailable."""
    replies = call_many([("HMGET", keys.account(one), "watch", "crossed", "balance") for one in user_ids])
    return {one: _watched(*reply) for one, reply in zip(user_ids, replies, strict=True)}


def clear_crossing(user_id: str, crossing: str) -> bool:
    """The fall that `read_watches` told is dealt with; False when there is a later one, which stays.

    Raises StoreUnavailable.
    """
    return bool(clear_crossing_script.run([keys.account(user_id)], [crossing]) == b"cleared")


def _watched(threshold: bytes | None, crossing: bytes | None, balance: bytes | None) -> Watched:
    text = crossing.decode() if crossing else ""
    return Watched(
        threshold=int(threshold) if threshold else None,
        balance=int(balance or 0),
        crossing=text,
        fell_at=from_ms(int(text.partition(" ")[2])) if text else None,
    )
