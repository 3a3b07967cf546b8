"""Copies the daily counts of some codes from the store to SQL.

CopiedHits has, for each code, the store's total that its rows in DailyHits cover, written in the same transaction. A
total is the sum of its days. So where it has grown by as much as the last days have, no older day has changed, and
none is read: the cost does not depend on a code's age.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from django.db.models import Exists, OuterRef

from codetags import keys
from codetags.models import CopiedHits, DailyHits
from kv.store.connection import call_many
from kv.store.replies import pairs
from kv.transactions import atomic_for
from kv.upserts import upsert_rows

#: Days that are read and written at once, of all codes together: a transaction of some 50 ms, some MB of memory.
GROUP_DAYS = 10_000

_Days = dict[tuple[str, date], int]


def copy_last_days(codes: Sequence[str], days: Sequence[date], *, dry_run: bool = False) -> tuple[list[str], int]:
    """Copy these days, in a row, of codes whose other days are in SQL.

    Returns the codes that have other days to copy, left as they are, and how many rows were added or raised.
    """
    fields = [day.isoformat() for day in days]
    # The totals last: of a code that is hit meanwhile the total is higher than its days make it, so it is read anew.
    *found, totals = call_many(
        [*(("HMGET", keys.days(code), *fields) for code in codes), ("ZMSCORE", keys.rank(), *codes)]
    )
    with atomic_for(DailyHits):
        copied, have = _copied_totals(codes), _copied_days(codes, days[0], days[-1])
        raised: _Days = {}
        grown: dict[str, int] = {}
        others: list[str] = []
        for code, counts, total in zip(codes, found, totals, strict=True):
            more = _raised(code, zip(days, counts, strict=True), have)
            was = copied.get(code, 0)
            now = was + sum(count - have.get(place, 0) for place, count in more.items())
            if now != int(float(total or 0)):
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
        totals: dict[str, int] = {}
        for code, reply in zip(codes, replies, strict=True):
            series = [(date.fromisoformat(day.decode()), count) for day, count in pairs(reply)]
            raised |= _raised(code, series, have)
            total = sum(int(count) for _, count in series)
            if total != copied.get(code, 0):
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


def _copied_totals(codes: Sequence[str]) -> dict[str, int]:
    # Locked, so that two workers can't lower each other's rows. A total without any row is one of a table that was
    # emptied by hand.
    rows = CopiedHits.objects.filter(Exists(DailyHits.objects.filter(code=OuterRef("code"))), code__in=codes)
    return dict(rows.select_for_update().order_by("code").values_list("code", "hits"))


def _copied_days(codes: Sequence[str], first: date | None = None, last: date | None = None) -> _Days:
    rows = DailyHits.objects.filter(code__in=codes)
    if first and last:
        rows = rows.filter(date__gte=first, date__lte=last)
    return {(code, day): count for code, day, count in rows.values_list("code", "date", "count")}


def _raised(code: str, series: Iterable[tuple[date, bytes | None]], have: _Days) -> _Days:
    """The days of which the store has more hits than SQL."""
    counts = (((code, day), int(count or 0)) for day, count in series)
    return {place: count for place, count in counts if count > have.get(place, 0)}


def _write(days: _Days, totals: dict[str, int]) -> None:
    if days:
        rows = ((code, day, count) for (code, day), count in days.items())
        upsert_rows(DailyHits, ("code", "date", "count"), rows, unique=("code", "date"))
    if totals:
        upsert_rows(CopiedHits, ("code", "hits"), totals.items(), unique=("code",))
