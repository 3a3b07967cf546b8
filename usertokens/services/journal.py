"""The journal: new entries are in the store, old ones in the database. Reading covers both."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from kv.days import day_start, local_day
from kv.process.threads import async_twin
from kv.store.scripts import Script
from kv.times import from_ms, to_ms
from usertokens import keys
from usertokens.errors import AccountClosed
from usertokens.models import ArchivedEntry
from usertokens.services import ledger
from usertokens.services.archive import archived_balances, from_row, to_row
from usertokens.types import DayBalance, Page, Transaction

_CHUNK = 500
#: Entries of one user in the store, at most, however new: no journal fills the memory.
KEPT = 1000

list_transactions_script = Script("usertokens", "list_transactions")
list_daily_balances_script = Script("usertokens", "list_daily_balances")
trim_journal_script = Script("usertokens", "trim_journal")


def list_transactions(user_id: str, *, limit: int = 20, before: int | None = None, now: datetime | None = None) -> Page:
    """Up to `limit` entries, newest first. before: only entries with a smaller number. Raises AccountClosed."""
    highest = "" if before is None else max(before - 1, 0)
    found, archived = _read_stored(user_id, highest, limit + 1, now)
    if len(found) <= limit and archived:
        # Read after the store: entries archived in between are found here.
        below = found[-1].id if found else before
        rows = ArchivedEntry.objects.filter(user_id=user_id, entry__lte=archived)
        if below is not None:
            rows = rows.filter(entry__lt=below)
        found += [from_row(row) for row in rows.order_by("-entry")[: limit + 1 - len(found)]]
    more = len(found) > limit
    return Page(tuple(found[:limit]), found[limit - 1].id if more else None)


alist_transactions = async_twin(list_transactions, uses_database=True)


def iterate_transactions(user_id: str) -> Iterator[Transaction]:
    """Every entry, newest first, with at most _CHUNK in memory."""
    before: int | None = None
    while True:
        page = list_transactions(user_id, limit=_CHUNK, before=before)
        yield from page.results
        if page.before is None:
            return
        before = page.before


def iterate_oldest_first(
    user_id: str, last: int, *, archived: int = 0, now: datetime | None = None
) -> Iterator[Transaction]:
    """Entries 1 to `last`, oldest first, with at most _CHUNK in memory. One that is nowhere is left out.

    archived: entries up to this number are known to be in the archive.
    """
    read = 0
    while read < last:
        upto = min(read + _CHUNK, last)
        stored: list[Transaction] = []
        if upto > archived:
            # The store first: entries archived in between are found below.
            stored, archived = _read_stored(user_id, upto, upto - read, now)
        if read < archived:
            rows = ArchivedEntry.objects.filter(user_id=user_id, entry__gt=read, entry__lte=min(upto, archived))
            yield from map(from_row, rows.order_by("entry"))
        yield from reversed(stored)
        read = upto


def iterate_archived(user_id: str) -> Iterator[Transaction]:
    """Every archived entry, newest first."""
    rows = ArchivedEntry.objects.filter(user_id=user_id).order_by("-entry")
    yield from map(from_row, rows.iterator(chunk_size=_CHUNK))


def list_daily_balances(user_id: str, days: int = 30, *, now: datetime | None = None) -> tuple[DayBalance, ...]:
    """The balance at the end of each of the last `days` days of the site, oldest first, including today."""
    today = local_day(now)
    wanted: list[date] = [today - timedelta(days=back) for back in reversed(range(days))]
    moments = [to_ms(day_start(day + timedelta(days=1))) - 1 for day in wanted]
    reply = list_daily_balances_script.read([keys.journal(user_id)], moments)
    found = [int(text) if text else None for text in reply]
    missing = found.count(None)
    if missing:
        # The first days. Read after the store: entries archived in between are found here.
        found[:missing] = archived_balances(user_id, moments[:missing])
    return tuple(map(DayBalance, wanted, found))


alist_daily_balances = async_twin(list_daily_balances, uses_database=True)


def archive_journal(user_id: str, *, older_than: datetime | None, now: datetime | None = None) -> int:
    """Move entries older than `older_than` (None: all), and all but the newest KEPT, to the database. Returns how many.

    Oldest first, in parts. A part is trimmed from the store only after its rows were counted in the database.
    Raises AccountClosed; the rows of the current part are deleted then.
    """
    moved = 0
    while True:
        # The oldest entry first: where it stays, no other is read.
        oldest, archived, newest = _reply(user_id, 1, 1, now)
        if not oldest:
            oldest = _read_stored(user_id, archived + 1, 1, now)[0]
        if not oldest or _stays(oldest[0], older_than, newest):
            return moved
        entries = list(reversed(_read_stored(user_id, min(archived + _CHUNK, newest), _CHUNK, now)[0]))
        entries = [entry for entry in entries if archived < entry.id <= archived + _CHUNK]
        stays = (at for at, entry in enumerate(entries) if _stays(entry, older_than, newest))
        entries = entries[: next(stays, len(entries))]
        if not entries:
            return moved
        moved += _move(user_id, entries)


def _stays(entry: Transaction, older_than: datetime | None, newest: int) -> bool:
    return older_than is not None and entry.at >= older_than and entry.id > newest - KEPT


def count_older(user_id: str, *, older_than: datetime) -> int:
    """How many entries in the store `archive_journal` would move."""
    return sum(1 for place, entry in enumerate(iterate_stored(user_id)) if place >= KEPT or entry.at < older_than)


def iterate_stored(user_id: str) -> Iterator[Transaction]:
    """Every entry in the store, newest first."""
    highest: int | str = ""
    while entries := _read_stored(user_id, highest, _CHUNK, None)[0]:
        yield from entries
        highest = entries[-1].id - 1


def _move(user_id: str, entries: list[Transaction]) -> int:
    ArchivedEntry.objects.bulk_create([to_row(user_id, entry) for entry in entries], ignore_conflicts=True)
    last = entries[-1].id
    copied = ArchivedEntry.objects.filter(user_id=user_id, entry__gte=entries[0].id, entry__lte=last).count()
    is_complete = copied == len(entries)
    names = [keys.account(user_id), keys.journal(user_id), keys.tombstone(user_id)]
    try:
        trimmed = ledger.check_reply(user_id, trim_journal_script.run(names, [last if is_complete else 0]))
    except AccountClosed:
        # The deletion did not see these rows, since they were not committed.
        ArchivedEntry.objects.filter(user_id=user_id).delete()
        raise
    if not is_complete:
        raise RuntimeError(f"the archive of user {user_id} has {copied} of {len(entries)} entries")
    return int(trimmed[1])


def _read_stored(user_id: str, highest: int | str, count: int, now: datetime | None) -> tuple[list[Transaction], int]:
    """Entries in the store, newest first, and the number of the last archived entry."""
    entries, archived, _ = _reply(user_id, highest, count, now)
    return entries, archived


def _reply(user_id: str, highest: int | str, count: int, now: datetime | None) -> tuple[list[Transaction], int, int]:
    reply = ledger.run(list_transactions_script, user_id, (highest, count), now=now)
    return [transaction_of(values) for values in reply[3:]], int(reply[1]), int(reply[2])


def transaction_of(values: list[Any]) -> Transaction:
    """The entry of a reply; see lua/entry_reply.lua."""
    number, at, kind, amount, balance, reason, key, actor, moves, used, action, quantity = values
    return Transaction(
        id=int(number),
        at=from_ms(int(at)),
        type=kind.decode(),
        amount=int(amount),
        balance_after=int(balance),
        reason=reason.decode(),
        key=key.decode(),
        actor=actor.decode(),
        moves=tuple(map(int, moves)),
        used=tuple(map(int, used)),
        action=action.decode(),
        quantity=int(quantity),
    )
