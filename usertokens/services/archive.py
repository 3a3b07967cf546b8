"""Old journal entries, in the database. `journal` reads and writes them together with those in the store."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime

from kv.times import from_ms, to_ms
from usertokens.models import ArchivedEntry
from usertokens.types import Transaction

_CHUNK = 500


def archived_use(user_id: str, entry: int) -> str:
    """The tokens that an archived entry spent, as JSON: [grant, tokens, …]; "[]" for none."""
    row = ArchivedEntry.objects.filter(user_id=user_id, entry=entry).first()
    if row is None:
        return "[]"
    if row.type == "spend":
        return json.dumps([number if index % 2 == 0 else -number for index, number in enumerate(row.moves)])
    return json.dumps(row.used if row.type == "capture" else [])


def archived_spends(user_id: str, since: datetime) -> tuple[int, list[tuple[int, int, int, str]]]:
    """The last archived entry, 0 for none; and (entry, ms, tokens, action) of what was spent since, newest first.

    What was spent before a reset is left out.
    """
    rows = ArchivedEntry.objects.filter(user_id=user_id).order_by("-entry")
    last, found = 0, []
    for row in rows.only("entry", "at", "type", "amount", "used", "action").iterator(chunk_size=_CHUNK):
        last = last or row.entry
        if row.at < since or row.type == "reset":
            break
        if row.type in ("spend", "capture"):
            tokens = -row.amount if row.type == "spend" else sum(row.used[1::2])
            found.append((row.entry, to_ms(row.at), tokens, row.action))
    return last, found


def archived_moment(user_id: str, entry: int) -> tuple[int, str]:
    """When an archived entry was written (ms), and its action; (0, "") for none, and for one before a reset.

    What was spent before a reset is not given back any more.
    """
    rows = ArchivedEntry.objects.filter(user_id=user_id)
    row = rows.filter(entry=entry).first()
    if row is None or rows.filter(entry__gt=entry, type="reset").exists():
        return 0, ""
    return to_ms(row.at), row.action


def was_hold(user_id: str, entry: int) -> bool:
    """Whether an archived entry created a hold."""
    return ArchivedEntry.objects.filter(user_id=user_id, entry=entry, type="hold").exists()


def archived_balances(user_id: str, moments: list[int]) -> list[int | None]:
    """The balance at several moments (ms, ascending) before the first entry in the store.

    Reads from the newest entry back to the earliest moment only: an archive may hold years.
    """
    rows = ArchivedEntry.objects.filter(user_id=user_id).order_by("-entry").values_list("entry", "at", "balance_after")
    left = [from_ms(moment) for moment in moments]
    balances: list[int | None] = []
    before = None
    for entry, at, balance in rows.iterator(chunk_size=_CHUNK):
        while left and at <= left[-1]:
            left.pop()
            balances.append(balance)
        if not left:
            break
        before = 0 if entry == 1 else None  # before the very first entry the balance was 0
    return [before] * len(left) + balances[::-1]


def from_row(row: ArchivedEntry) -> Transaction:
    """The entry of a row."""
    return Transaction(
        row.entry, row.at, row.type, row.amount, row.balance_after, row.reason, row.key, row.actor, tuple(row.moves),
        tuple(row.used), row.action, row.quantity
    )  # fmt: skip


def to_row(user_id: str, entry: Transaction) -> ArchivedEntry:
    """The row of an entry, not saved yet."""
    # PostgreSQL stores no NUL, and one entry that can't be archived would stop the walk over all accounts.
    values = {name: one.replace("\0", "") if isinstance(one, str) else one for name, one in asdict(entry).items()}
    return ArchivedEntry(user_id=user_id, entry=values.pop("id"), **values)
