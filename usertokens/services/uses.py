"""What journals say was used: how often, of how many units and for how many tokens, by day of the site and action.

Every spend and every capture is one use, of the day on which it was written. A hold is none until it is captured. What
is given back later lowers nothing: see docs/decisions/0081-usage.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from redis.exceptions import NoScriptError

from kv.days import day_start, local_day
from kv.store.connection import call_many
from kv.store.scripts import Script
from kv.times import from_ms, to_ms
from usertokens import keys
from usertokens.errors import AccountClosed
from usertokens.models import ArchivedEntry

#: Entries of one journal that one script reads: it blocks the store for a few milliseconds.
READ = 5000
_QUARTER_MS = 15 * 60 * 1000
_CHUNK = 2000
_TYPES = ("spend", "capture")

sum_use_script = Script("usertokens", "sum_use")


class Uses(dict[tuple[date, str], tuple[int, int, int]]):
    """(day, action) → (count, quantity, spent). The action is "" where none was named."""

    def add(self, day: date, action: str, count: int, quantity: int, spent: int) -> None:
        """Add to a day's action."""
        before = self.get((day, action), (0, 0, 0))
        self[day, action] = (before[0] + count, before[1] + quantity, before[2] + spent)

    def add_all(self, other: Mapping[tuple[date, str], tuple[int, int, int]]) -> None:
        """Add other uses."""
        for (day, action), sums in other.items():
            self.add(day, action, *sums)

    def between(self, first: date, last: date) -> Uses:
        """Those of some days, both ends included."""
        return Uses({key: sums for key, sums in self.items() if first <= key[0] <= last})


@dataclass(slots=True)
class Read:
    """What was read of one journal. last: the last entry that is in `uses`; newest: of the journal."""

    uses: Uses = field(default_factory=Uses)
    last: int = 0
    newest: int = 0


def read_some(
    since: Mapping[str, int],
    *,
    most: int | None = None,
    most_archived: int | None = None,
    first: date | None = None,
    through: Mapping[str, int] | None = None,
) -> dict[str, Read]:
    """What some users used after the given entries, from store and archive. A closed account is left out.

    most: entries of one journal; None: READ. most_archived: archived ones of all users together; None: no bound. What
    is behind a bound is for the next call, with `last`. first: days before it need not be read. through: the last entry
    of each that is read; None: the newest. Raises StoreUnavailable.
    """
    found: dict[str, Read] = {}
    replies = _sum_in_store(since, READ if most is None else most, first, through)
    for (user_id, after), reply in zip(since.items(), replies, strict=True):
        if reply[0] != b"ok":
            continue
        last, archived, newest = map(int, reply[1:4])
        if through:
            archived, newest = min(archived, through[user_id]), min(newest, through[user_id])
            last = min(last, newest)
        read = Read(last=last, newest=newest)
        if archived > after:
            # Read after the store: what was archived in between is found here.
            archive, read_to = _read_archive(user_id, after, archived, most_archived, first)
            read.uses.add_all(archive)
            if most_archived is not None:
                most_archived = max(most_archived - sum(count for count, _, _ in archive.values()), 0)
            if read_to < archived:
                read.last = read_to
                found[user_id] = read
                continue
        _add_sums(read.uses, reply[4:])
        found[user_id] = read
    return found


def _sum_in_store(
    since: Mapping[str, int], most: int, first: date | None, through: Mapping[str, int] | None
) -> list[Any]:
    """What the script says of each user. Raises StoreUnavailable."""
    not_before = to_ms(day_start(first)) if first else 0
    commands = [
        sum_use_script.command(
            [keys.account(one), keys.journal(one), keys.tombstone(one)],
            [entry, most, not_before, through[one] if through else ""],
        )
        for one, entry in since.items()
    ]
    try:
        return call_many(commands)
    except NoScriptError:
        sum_use_script.load()
        return call_many(commands)


def _add_sums(uses: Uses, rows: Sequence[Any]) -> None:
    """Add the script's sums: of each, quarter of an hour, action, count, quantity, spent."""
    for place in range(0, len(rows), 5):
        quarter, action, *sums = rows[place : place + 5]
        uses.add(local_day(from_ms(int(quarter) * _QUARTER_MS)), action.decode(), *map(int, sums))


def read_rest(marks: Mapping[str, int], *, first: date | None = None) -> Uses:
    """All that some users together have used after the given entries. Raises StoreUnavailable."""
    total = Uses()
    left = dict(marks)
    while left:
        found = read_some(left, first=first)
        for read in found.values():
            total.add_all(read.uses)
        left = {one: read.last for one, read in found.items() if left[one] < read.last < read.newest}
    return total


def read_rest_of(user_id: str, mark: int, *, first: date | None = None) -> Uses:
    """All that one user has used after the given entry. Raises AccountClosed, StoreUnavailable."""
    uses = Uses()
    while True:
        read = read_some({user_id: mark}, first=first).get(user_id)
        if read is None:
            raise AccountClosed
        uses.add_all(read.uses)
        # Without progress the journal ends before the account's newest entry: nothing more can be read.
        if read.last >= read.newest or read.last <= mark:
            return uses
        mark = read.last


def uses_of_rows(rows: Iterable[tuple[Any, ...]]) -> Uses:
    """The uses of rows (date, action, count, quantity, spent)."""
    uses = Uses()
    for day, action, *sums in rows:
        uses.add(day, action, *sums)
    return uses


def _read_archive(user_id: str, after: int, through: int, most: int | None, first: date | None) -> tuple[Uses, int]:
    """What archived entries used, up to `most` of them, and the last entry that is in it."""
    rows = ArchivedEntry.objects.filter(user_id=user_id, entry__gt=after, entry__lte=through, type__in=_TYPES)
    if first:
        rows = rows.filter(at__gte=day_start(first))
    values = rows.order_by("entry").values_list("entry", "at", "type", "amount", "used", "action", "quantity")
    uses, last, count = Uses(), after, 0
    for entry, at, kind, amount, used, action, quantity in (values if most is None else values[:most]).iterator(_CHUNK):
        spent = -amount if kind == "spend" else sum(used[1::2])
        last, count = entry, count + 1
        if kind == "spend" or spent or action:
            uses.add(local_day(at), action, 1, quantity if action else 1, spent)
    return uses, last if most is not None and count == most else through
