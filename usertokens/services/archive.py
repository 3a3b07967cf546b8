"""Old journal entries, in the database. `journal` reads and writes them together with those in the store."""

from __future__ import annotations

import json
from dataclasses import asdict

from kv.times import from_ms
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
        tuple(row.used)
    )  # fmt: skip


def to_row(user_id: str, entry: Transaction) -> ArchivedEntry:
    """The row of an entry, not saved yet."""
    values = asdict(entry)
    return ArchivedEntry(user_id=user_id, entry=values.pop("id"), **values)
