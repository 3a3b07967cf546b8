"""The hits of all codes by day and by month, packed: what a list of codes with a range of days is read from.

A code with hits has a slot, a number from 0 on. A column is a string with an unsigned integer of 32 bits for each slot:
the hits of a day or of a month. So the hits of a range are the sum of a few strings, whatever the number of codes: of
the months that lie within it and are over, and of the other days. The script of a hit adds to both columns.

The columns follow from the daily series of the codes (`keys.days`). They are missing for codes that were last hit under
version 0.2, and after a restore; then the first list, or the worker, adds these codes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta

from codetags import keys
from codetags.services.column_format import (
    LANE_BYTES,
    NAME_BYTES,
    code_at,
    free_slots,
    is_in_series,
    slots_in_series,
    sum_columns,
)
from codetags.services.column_upkeep import add_missing_codes, column_state, make_anew, trim_columns
from codetags.types import EARLIEST
from kv.days import local_day
from kv.sql.batches import in_batches
from kv.store.connection import call, call_many
from kv.store.replies import pairs

#: The server answers one command with so many bytes at most, in some milliseconds.
_REPLY_BYTES = 8 << 20
_CHUNK = 5000
#: How often a list is read when codes lose their slots each time: the worker makes some anew, or somebody resets them.
_READS = 3


def read_columns(since: date, until: date, today: date) -> tuple[list[int], bytes]:
    """The hits from `since` to `until`, of which neither is after `today`, of every slot, and the names of the slots.

    Adds the codes that are missing first. Raises StoreUnavailable.
    """
    for _ in range(_READS):
        add_missing_codes()
        state = column_state()
        size = state.slots
        counts = sum_columns(_columns(periods_of(max(since, EARLIEST), until, today), size), size)
        names = _names(size)
        free = list(free_slots(names))
        # A code that lost its slot meanwhile has another one by now, behind those that were read.
        if not state.missing and len(free) <= state.free:
            break
    for slot in slots_in_series(names):
        counts[slot] = _of_series(code_at(names, slot), since, until)
    for slot in free:
        counts[slot] = 0
    return counts, names


def read_all_time(today: date) -> tuple[list[int], bytes]:
    """The same of all days: of whole months alone, up to next month's end, for workers whose clock is ahead."""
    last = _end_of_month(today + timedelta(days=31))
    return read_columns(EARLIEST, last, last + timedelta(days=1))


def read_names() -> bytes:
    """The names of the slots, after the codes that are missing were added. Raises StoreUnavailable."""
    add_missing_codes()
    return _names(column_state().slots)


def read_days(slots: Sequence[int], days: Sequence[date]) -> list[tuple[int, ...]]:
    """The hits of some slots on each of the days. One command for each day. Raises StoreUnavailable."""
    fields = [part for slot in slots for part in ("GET", "u32", f"#{slot}")]
    columns = call_many([("BITFIELD_RO", keys.column(day.isoformat()), *fields) for day in days])
    return list(zip(*columns, strict=True))


def periods_of(since: date, until: date, today: date) -> Iterator[str]:
    """The columns that make up the range, neither end of which is after `today`."""
    day = since
    while day <= until:
        end = _end_of_month(day)
        # Not the month of today: it may have hits of later days, by workers whose clock is ahead.
        if day.day == 1 and end <= until and end < today:
            yield day.isoformat()[:7]
            day = end + timedelta(days=1)
        else:
            yield day.isoformat()
            day += timedelta(days=1)


def mend_columns(*, now: datetime | None = None) -> int:
    """Make anew the codes whose columns do not add up to their total, nor to their series; how many.

    Trim the columns of the last month.

    A worker of version 0.2 that still runs beside this one adds its hits to the series alone. Raises StoreUnavailable.
    """
    last = _end_of_month(local_day(now) + timedelta(days=31))
    months = list(_months(EARLIEST, last))
    size = column_state().slots
    # Before and after the totals: a hit in between is no fault.
    before = sum_columns(_columns(months, size), size)
    names = _names(size)
    free = set(free_slots(names))
    codes = [code_at(names, slot) for slot in range(size) if slot not in free]
    totals = dict(_totals(codes))
    after = sum_columns(_columns(months, size), size)
    # A total may differ from the series for ever: days that no column has, a backup of a site that went on counting.
    wrong = [
        code
        for slot in range(size)
        if slot not in free and not is_in_series(names, slot)
        for code in (code_at(names, slot),)
        if not before[slot] <= totals[code] <= after[slot]
        and not before[slot] <= _of_series(code, EARLIEST, last) <= after[slot]
    ]
    make_anew(wrong)
    today = local_day(now)
    # Those that still grow are trimmed when they are over.
    days = [(today - timedelta(days=back)).isoformat() for back in range(1, 32)]
    trim_columns([*days, *{day[:7] for day in days}])
    return len(wrong)


def _months(since: date, until: date) -> Iterator[str]:
    while since <= until:
        yield since.isoformat()[:7]
        since = _end_of_month(since) + timedelta(days=1)


def _end_of_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def _columns(periods: Iterable[str], slots: int) -> Iterator[bytes | None]:
    together = max(_REPLY_BYTES // max(slots * LANE_BYTES, 1), 1)
    for chunk in in_batches(periods, together):
        yield from call("MGET", *map(keys.column, chunk))


def _names(slots: int) -> bytes:
    end = slots * NAME_BYTES
    starts = range(0, end, _REPLY_BYTES)
    parts = [call("GETRANGE", keys.names(), start, min(start + _REPLY_BYTES, end) - 1) for start in starts]
    return b"".join(parts).ljust(end, b"\0")


def _of_series(code: str, since: date, until: date) -> int:
    low, high = since.isoformat(), until.isoformat()
    return sum(int(hits) for day, hits in pairs(call("HGETALL", keys.days(code))) if low <= day.decode() <= high)


def _totals(codes: Sequence[str]) -> Iterator[tuple[str, int]]:
    for chunk in in_batches(codes, _CHUNK):
        scores = call("ZMSCORE", keys.rank(), *chunk)
        yield from zip(chunk, (int(float(score or 0)) for score in scores), strict=True)
