"""The hits of groups of codes, added up day by day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from operator import itemgetter
from typing import NamedTuple

from codetags import keys
from codetags.services.column_format import LANE_BYTES, lanes_of
from codetags.services.column_upkeep import column_state
from codetags.services.columns import periods_of
from kv.days import local_day
from kv.sql.batches import in_batches
from kv.store.connection import call, call_many

#: A few slots are read one by one; whole columns are read for more than one in so many.
_ONE_IN = 200
_REPLY_BYTES = 8 << 20
#: Series that are read in one round trip.
_CHUNK = 500


class Group(NamedTuple):
    """Codes whose hits are added up. slots: of those that are read from the columns.

    series: the codes whose own daily series are read: a few, or such as do not fit into a column.
    """

    slots: Sequence[int] = ()
    series: Sequence[str] = ()


class Sums(NamedTuple):
    """The hits of a group on each day, oldest first, and their sum on the days before these."""

    days: list[int]
    before: int


def sum_days(groups: Sequence[Group], since: date, until: date, *, before: date | None = None) -> list[Sums]:
    """The hits of each group on each day, both days included.

    before: the first of the days that precede `since` and are added up to one sum; None for none of them.
    A command for each day and some of the days before, or one for twenty where whole columns are read; one for each
    series. Raises StoreUnavailable.
    """
    days = [since + timedelta(days=step) for step in range((until - since).days + 1)]
    names = [day.isoformat() for day in days]
    earlier = before or since
    # Of the days before only the sum is told, so whole months serve as well.
    names += periods_of(earlier, since - timedelta(days=1), local_day())
    sums = _of_columns([group.slots for group in groups], names)
    rows = [Sums(own[: len(days)], sum(own[len(days) :])) for own in sums]
    fields = [(earlier + timedelta(days=step)).isoformat() for step in range((until - earlier).days + 1)]
    skipped = len(fields) - len(days)
    owners = [(place, code) for place, group in enumerate(groups) for code in group.series]
    for chunk in in_batches(owners, _CHUNK):
        replies = call_many([("HMGET", keys.days(code), *fields) for _, code in chunk])
        for (place, _), reply in zip(chunk, replies, strict=True):
            hits = [int(value or 0) for value in reply]
            known = rows[place]
            total = [one + other for one, other in zip(known.days, hits[skipped:], strict=True)]
            rows[place] = Sums(total, known.before + sum(hits[:skipped]))
    return rows


def _of_columns(groups: Sequence[Sequence[int]], periods: Sequence[str]) -> list[list[int]]:
    """For each group of slots the sum of each column."""
    sums = [[0] * len(periods) for _ in groups]
    for place, hits in enumerate(_each_column([slot for own in groups for slot in own], periods)):
        start = 0
        for own, row in zip(groups, sums, strict=True):
            if hits and own:
                row[place] = sum(hits[start : start + len(own)])
                start += len(own)
    return sums


def _each_column(slots: Sequence[int], periods: Sequence[str]) -> Iterator[Sequence[int]]:
    """The hits of these slots in each of the columns; nothing for a column that is not there."""
    if not slots:
        return
    columns = [keys.column(period) for period in periods]
    size = column_state().slots
    if len(slots) * _ONE_IN < size or len(slots) == 1:
        fields = [part for slot in slots for part in ("GET", "u32", f"#{slot}")]
        yield from call_many([("BITFIELD_RO", column, *fields) for column in columns])
        return
    pick = itemgetter(*slots)
    most = max(size, max(slots) + 1)
    for chunk in in_batches(columns, max(_REPLY_BYTES // max(size * LANE_BYTES, 1), 1)):
        for column in call("MGET", *chunk):
            yield pick(lanes_of(column, most)) if column else ()
