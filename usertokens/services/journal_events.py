"""Entries of journals as events: at least once, each user's in their order, from when on a receiver wants them.

How far a journal has been read is a row in the database, written in one transaction with the events.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from logging import getLogger
from typing import Any

from django.db import DatabaseError

from kv.errors import StoreUnavailable
from kv.events import emit
from kv.sql.transactions import atomic_for
from kv.store.connection import call_many
from kv.times import to_ms
from usertokens import keys
from usertokens.errors import AccountClosed
from usertokens.models import EventCursor
from usertokens.services.event_flags import EXPIRED, GRANTED, SPENT, wanted_since
from usertokens.services.journal import list_transactions
from usertokens.services.noted import take_noted
from usertokens.types import Transaction

log = getLogger(__name__)

#: Users of one step, and entries of one user in one transaction.
USERS, ENTRIES = 100, 200


def drain_news() -> bool:
    """Emit the events of users whose journals have news, one step; True when more wait. Raises StoreUnavailable."""
    since = wanted_since()
    if since is None:
        return False
    with take_noted(keys.news(), USERS) as found:
        for user_id in found:
            _drain_alone(user_id, since)
    return len(found) == USERS


def drain_batch(user_ids: Sequence[str]) -> None:
    """Emit what is new in the journals of some users: the walk over all accounts. One round trip where nothing is."""
    since = wanted_since()
    if since is None:
        return
    newest = call_many([("HGET", keys.account(user_id), "entries") for user_id in user_ids])
    read = dict(EventCursor.objects.filter(user_id__in=user_ids).values_list("user_id", "entry"))
    for user_id, entry in zip(user_ids, newest, strict=True):
        if entry and int(entry) != read.get(user_id):
            _drain_alone(user_id, since)


def _drain_alone(user_id: str, since: datetime) -> None:
    """`drain_user`, with no other user waiting for what is wrong with one journal: the next walk tries it again.

    Raises StoreUnavailable and Django's DatabaseError, which are everybody's.
    """
    try:
        drain_user(user_id, since)
    except (StoreUnavailable, DatabaseError):
        raise
    except Exception as error:  # noqa: BLE001 (whatever one journal holds)
        # Not the error's text: it may quote what users wrote.
        log.error("the events of user %s were not emitted: %s", user_id, type(error).__name__)  # noqa: TRY400 (the text of an error may name what no log may hold)


def drain_user(user_id: str, since: datetime) -> None:
    """Emit the events of one user's new entries. Those of a closed account are left out. Raises StoreUnavailable."""
    with suppress(AccountClosed):
        while _drain_some(user_id, since):
            pass


def forget_cursors() -> None:
    """Nobody wants the journals any more."""
    EventCursor.objects.all().delete()


def _drain_some(user_id: str, since: datetime) -> bool:
    """Read a few entries on; True when more are left."""
    newest = next(iter(list_transactions(user_id, limit=1).results), None)
    if newest is None:
        return False
    with atomic_for(EventCursor):
        # Two workers read one journal one after the other.
        EventCursor.objects.get_or_create(user_id=user_id, defaults={"entry": -1})
        cursor = EventCursor.objects.select_for_update().get(user_id=user_id)
        after = cursor.entry
        if after < 0 or after > newest.id:  # new, or an older backup was restored
            after = _last_before(user_id, since)
        entries = list_transactions(user_id, limit=ENTRIES, before=after + ENTRIES + 1).results
        for entry in sorted((one for one in entries if one.id > after), key=lambda one: one.id):
            _emit_entry(user_id, entry)
            after = entry.id
        if after != cursor.entry:
            EventCursor.objects.filter(user_id=user_id).update(entry=after)
    return after < newest.id and bool(entries)


def _last_before(user_id: str, since: datetime) -> int:
    """The number of the last entry that was written before the moment; 0: none was."""
    for entry in _backwards(user_id):
        if entry.at < since:
            return entry.id
    return 0


def _backwards(user_id: str) -> Iterator[Transaction]:
    before: int | None = None
    while True:
        page = list_transactions(user_id, limit=ENTRIES, before=before)
        yield from page.results
        if page.before is None:
            return
        before = page.before


def _emit_entry(user_id: str, entry: Transaction) -> None:
    found = _read(entry)
    if found is None:
        return
    name, tokens = found
    data: dict[str, Any] = {
        "user_id": user_id,
        "transaction_id": entry.id,
        "type": entry.type,
        "tokens": tokens,
        "balance": entry.balance_after,
        "reason": entry.reason,
    }
    if entry.action:
        data |= {"action": entry.action, "quantity": entry.quantity}
    # With the moment: after an older backup was restored, its number may be another entry's.
    emit(name, data, key=f"{user_id}:{entry.id}:{to_ms(entry.at)}", at=entry.at)


def _read(entry: Transaction) -> tuple[str, int] | None:
    """The event's type, and how many tokens it is about; None for an entry that is no event."""
    if entry.type in ("grant", "allowance", "rollover") or (entry.type == "adjust" and entry.amount > 0):
        return GRANTED, entry.amount
    if entry.type == "spend":
        return SPENT, -entry.amount
    if entry.type == "capture":
        return SPENT, sum(entry.used[1::2])
    return (EXPIRED, -entry.amount) if entry.type == "expire" else None
