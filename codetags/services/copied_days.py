"""Copies the daily counts of some codes from the store to SQL.

CopiedHits has, for each code, the store's total that its rows in DailyHits cover, written in the same transaction. A
total is the sum of its days. So where it has grown by as much as the last days have, no older day has changed, and
none is read: the cost does not depend on a code's age.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import NamedTuple

from django.db.models import Exists, OuterRef

from codetags import keys
from codetags.models import CopiedHits, DailyHits
from codetags.services.breakdown_copies import copy_breakdowns
from kv.sql.transactions import atomic_for
from kv.sql.upserts import upsert_rows
from kv.store.connection import call_many
from kv.store.replies import pairs

#: Days that are read and written at once, of all codes together: a transaction of some 50 ms, some MB of memory.
GROUP_DAYS = 10_000

_Days = dict[tuple[str, date], int]


class _Total(NamedTuple):
    """A row of CopiedHits: the hits of all days, the last day with any, and its hits."""

    hits: int
    last: date
    last_hits: int


def copy_last_days(
    codes: Sequence[str], days: Sequence[date], *, verify: bool = False, dry_run: bool = False
) -> tuple[list[str], int]:
    """Copy these days, in a row, of codes whose other days are in SQL.

    verify: do not rely on CopiedHits where the row of a code's last day is missing, since somebody deleted it.
    Returns the codes that have other days to copy, left as they are, and how many rows were added or raised.
    """
    fields = [day.isoformat() for day in days]
    # The totals last: of a code that is hit meanwhile the total is higher than its days make it, so it is read anew.
    *found, totals = call_many(
        [*(("HMGET", keys.days(code), *fields) for code in codes), ("ZMSCORE", keys.rank(), *codes)]
    )
    total = {code: int(float(score or 0)) for code, score in zip(codes, totals, strict=True)}
    series = {
        code: {day: int(count) for day, count in zip(days, counts, strict=True) if count}
        for code, counts in zip(codes, found, strict=True)
    }
    with atomic_for(DailyHits):
        copied = _copied_totals(codes, verify=verify)
        changed = [code for code in codes if not _is_copied(copied.get(code), total[code], series[code], days)]
        if not changed:
            return [], 0
        have = _copied_days(changed, days[0], days[-1])
        raised: _Days = {}
        grown: dict[str, _Total] = {}
        others: list[str] = []
        for code in changed:
            more = _raised(code, series[code].items(), have)
            was = copied.get(code)
            hits = (was.hits if was else 0) + sum(count - have.get(place, 0) for place, count in more.items())
            now = _total(hits, series[code])
            if now is None or hits != total[code]:
                others.append(code)
                continue
            raised |= more
            if now != was:
                grown[code] = now
        if not dry_run:
            _write(raised, grown)
    return others, len(raised)


def copy_all_days(codes: Sequence[str], *, dry_run: bool = False) -> int:
    """Copy every day of the codes; how many rows were added or raised. For few codes at once: see `in_groups`."""
    replies = call_many([("HGETALL", keys.days(code)) for code in codes])
    with atomic_for(DailyHits):
        copied, have = _copied_totals(codes), _copied_days(codes)
        raised: _Days = {}
        totals: dict[str, _Total] = {}
        for code, reply in zip(codes, replies, strict=True):
            series = {date.fromisoformat(day.decode()): int(count) for day, count in pairs(reply)}
            raised |= _raised(code, series.items(), have)
            total = _total(sum(series.values()), series)
            if total and total != copied.get(code):
                totals[code] = total
        if not dry_run:
            _write(raised, totals)
    return len(raised)


def in_groups(codes: Sequence[str]) -> Iterator[list[str]]:
    """The codes in groups that have GROUP_DAYS days in all, or of one code."""
    group: list[str] = []
    size = 0
    for code, days in zip(codes, call_many([("HLEN", keys.days(code)) for code in codes]), strict=True):
        if group and size + days > GROUP_DAYS:
            yield group
            group, size = [], 0
        group.append(code)
        size += days
    if group:
        yield group


def _total(hits: int, series: dict[date, int]) -> _Total | None:
    if not series:
        return None
    last = max(series)
    return _Total(hits, last, series[last])


def _is_copied(copied: _Total | None, total: int, series: dict[date, int], days: Sequence[date]) -> bool:
    """Whether nothing has changed, as far as these days and the total tell."""
    if copied is None:
        return total == 0
    last = {copied.last: copied.last_hits} if days[0] <= copied.last <= days[-1] else {}
    return total == copied.hits and series == last


def _copied_totals(codes: Sequence[str], *, verify: bool = False) -> dict[str, _Total]:
    # Locked, so that two workers can't lower each other's rows.
    rows = CopiedHits.objects.filter(code__in=codes).select_for_update().order_by("code")
    if verify:
        rows = rows.filter(Exists(DailyHits.objects.filter(code=OuterRef("code"), date=OuterRef("last"))))
    return {row.code: _Total(row.hits, row.last, row.last_hits) for row in rows}


def _copied_days(codes: Sequence[str], first: date | None = None, last: date | None = None) -> _Days:
    rows = DailyHits.objects.filter(code__in=codes)
    if first and last:
        rows = rows.filter(date__gte=first, date__lte=last)
    return {(code, day): count for code, day, count in rows.values_list("code", "date", "count")}


def _raised(code: str, series: Iterable[tuple[date, int]], have: _Days) -> _Days:
    """The days of which the store has more hits than SQL."""
    return {(code, day): count for day, count in series if count > have.get((code, day), 0)}


def _write(days: _Days, totals: dict[str, _Total]) -> None:
    if days:
        copy_breakdowns(days)
        rows = ((code, day, count) for (code, day), count in days.items())
        upsert_rows(DailyHits, ("code", "date", "count"), rows, unique=("code", "date"))
    if totals:
        upsert_rows(
            CopiedHits,
            ("code", "hits", "last", "last_hits"),
            ((code, *total) for code, total in totals.items()),
            unique=("code",),
        )
