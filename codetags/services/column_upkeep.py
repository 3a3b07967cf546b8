"""Codes that the columns do not have are added to them. See `columns.py`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from codetags import keys
from codetags.services.column_format import NAME_BYTES
from kv.errors import store_errors
from kv.sql.batches import in_batches
from kv.store.connection import call, call_many, call_write, connection
from kv.store.scripts import Script

#: Codes that are looked at in one round trip; whose days are listed in one; and days that one script adds.
_CHUNK = 1000
_LISTED = 100
_MOST_DAYS = 5000
#: Columns that one script copies.
_TRIMMED = 10


class ColumnState(NamedTuple):
    """missing: how many codes have hits, 0 when none of them is without a slot. free: slots without a code."""

    missing: int
    slots: int
    free: int


add_series_script = Script("codetags", "add_series")
free_slots_script = Script("codetags", "free_slots")
trim_columns_script = Script("codetags", "trim_columns")


def add_missing_codes(most: int | None = None) -> bool:
    """Add the codes that have hits and no slot; whether some may be left, after `most` were added.

    Safe beside hits, and in several processes at once. Raises StoreUnavailable.
    """
    added = 0
    written: set[str] = set()
    while with_hits := column_state().missing:
        for start in range(0, with_hits, _CHUNK):
            ranked = call("ZREVRANGE", keys.rank(), start, min(start + _CHUNK, with_hits) - 1)
            known = call("HMGET", keys.slots(), *ranked) if ranked else ()
            missing = [code.decode() for code, slot in zip(ranked, known, strict=True) if slot is None]
            for group in _in_groups(missing):
                count, periods = _add_series(group)
                added += count
                written.update(periods)
                if most is not None and added >= most:
                    trim_columns(written)
                    return True
    trim_columns(written)
    return False


def trim_columns(periods: Iterable[str]) -> None:
    """Free the memory that columns hold for growing. Raises StoreUnavailable."""
    for chunk in in_batches(periods, _TRIMMED):
        trim_columns_script.read([keys.spare_column(), *map(keys.column, chunk)])


def column_state() -> ColumnState:
    """How things stand. Raises StoreUnavailable."""
    # In this order: a code that gets its first hit in between is not taken for a missing one, nor for a free slot.
    with_hits, names, used = call_many(
        [("ZCOUNT", keys.rank(), 1, "+inf"), ("STRLEN", keys.names()), ("HLEN", keys.slots())]
    )
    slots = names // NAME_BYTES
    return ColumnState(with_hits if with_hits > used else 0, slots, slots - used)


def make_anew(codes: Sequence[str]) -> None:
    """Write the series of these codes once more. Raises StoreUnavailable."""
    for chunk in in_batches(codes, _CHUNK):
        free_slots_script.read([keys.slots(), keys.names()], chunk)
        for group in _in_groups(chunk):
            _add_series(group)


def forget_columns() -> None:
    """Delete all of it; it is made anew from the daily series. Raises StoreUnavailable."""
    with store_errors():
        found = set(connection().scan_iter(keys.derived(), count=1000))
    # In one command: a column that outlived the slots would count for others' codes.
    call_write("UNLINK", keys.slots(), keys.names(), *sorted(found))


def _in_groups(codes: Sequence[str]) -> Iterator[dict[str, list[str]]]:
    """Each code's days, in groups that one script adds in some milliseconds."""
    group: dict[str, list[str]] = {}
    size = 0
    for chunk in in_batches(codes, _LISTED):
        for code, days in zip(chunk, call_many([("HKEYS", keys.days(code)) for code in chunk]), strict=True):
            if group and size + len(days) > _MOST_DAYS:
                yield group
                group, size = {}, 0
            group[code] = [day.decode() for day in days]
            size += len(days)
    if group:
        yield group


def _add_series(group: dict[str, list[str]]) -> tuple[int, list[str]]:
    """How many were added, and to which columns."""
    days = {day for own in group.values() for day in own}
    periods = sorted(days | {day[:7] for day in days})
    names = [keys.slots(), keys.names(), keys.rank(), *map(keys.days, group), *map(keys.column, periods)]
    return int(add_series_script.read(names, [len(group), *group, *periods])), periods
