"""The hits of groups of codes, added up day by day from the columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from operator import itemgetter
from typing import NamedTuple

from codetags import keys
from codetags.services.column_format import IN_SERIES, LANE_BYTES, NAME_BYTES, lanes_of
from codetags.services.column_upkeep import add_missing_codes, column_state
from kv.batches import in_batches
from kv.store.connection import call, call_many

#: A few slots are read one by one; whole columns are read for more than one in so many.
_ONE_IN = 200
_REPLY_BYTES = 8 << 20
_CHUNK = 5000


class NamedSlot(NamedTuple):
    """A code and its slot. in_series: its hits are read from its own daily series."""

    code: str
    slot: int
    in_series: bool


def find_slots(codes: Sequence[str]) -> list[NamedSlot]:
    """The slots of those of the codes that have hits. Raises StoreUnavailable."""
    add_missing_codes()
    found = [
        (code, int(slot))
        for chunk in in_batches(codes, _CHUNK)
        for code, slot in zip(chunk, call("HMGET", keys.slots(), *chunk), strict=True)
        if slot is not None
    ]
    marks: list[int] = []
    for some in in_batches(found, _CHUNK):
        places = [part for _, slot in some for part in ("GET", "u8", f"#{(slot + 1) * NAME_BYTES - 1}")]
        marks += call("BITFIELD_RO", keys.names(), *places)
    return [NamedSlot(code, slot, mark == IN_SERIES[0]) for (code, slot), mark in zip(found, marks, strict=True)]


def sum_days(groups: Sequence[Sequence[NamedSlot]], since: date, until: date) -> list[list[int]]:
    """The hits of each group on each day, oldest first, both days included. Raises StoreUnavailable."""
    days = [since + timedelta(days=step) for step in range((until - since).days + 1)]
    packed = [[one.slot for one in group if not one.in_series] for group in groups]
    sums = [[0] * len(days) for _ in groups]
    for place, hits in enumerate(_each_day([slot for own in packed for slot in own], days)):
        start = 0
        for own, row in zip(packed, sums, strict=True):
            row[place] = sum(hits[start : start + len(own)])
            start += len(own)
    fields = [day.isoformat() for day in days]
    for group, row in zip(groups, sums, strict=True):
        for one in group:
            if one.in_series:
                series = call("HMGET", keys.days(one.code), *fields)
                row[:] = [known + int(hits or 0) for known, hits in zip(row, series, strict=True)]
    return sums


def _each_day(slots: Sequence[int], days: Sequence[date]) -> Iterator[Sequence[int]]:
    """The hits of these slots on each of the days."""
    if not slots:
        return
    columns = [keys.column(day.isoformat()) for day in days]
    size = column_state().slots
    if len(slots) * _ONE_IN < size or len(slots) == 1:
        fields = [part for slot in slots for part in ("GET", "u32", f"#{slot}")]
        yield from call_many([("BITFIELD_RO", column, *fields) for column in columns])
        return
    pick = itemgetter(*slots)
    for chunk in in_batches(columns, max(_REPLY_BYTES // max(size * LANE_BYTES, 1), 1)):
        for column in call("MGET", *chunk):
            yield pick(lanes_of(column, max(size, max(slots) + 1)))
