"""Daily counts in SQL: copied from the store, and restored to it after a loss."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta

from django.db.models import Max

from codetags import keys
from codetags.models import DailyHits
from codetags.services.registry import mirror_registry
from codetags.types import Restored, Rollup
from kv.batches import in_batches
from kv.days import day_start, local_day
from kv.store.connection import call, call_many, call_write
from kv.store.replies import pairs
from kv.store.scripts import Script
from kv.times import local_from_ms, to_ms, utc_now
from kv.transactions import atomic_for

_CHUNK = 500
#: The next roll-up reads the last minutes before a roll-up again, since clocks of workers differ
#: (shown by tests/codetags/test_rollup.py::test_hits_of_a_worker_whose_clock_is_behind_are_copied).
_OVERLAP = timedelta(minutes=5)

Advance = Callable[[int], None]


def _ignore(count: int) -> None:
    """Without a progress display."""


restore_days_script = Script("codetags", "restore_days")


def roll_up_days(
    *, everything: bool = False, dry_run: bool = False, advance: Advance = _ignore, now: datetime | None = None
) -> Rollup:
    """Copy the days with hits since the last roll-up to DailyHits: idempotent, and never lowers a row
    (shown by tests/codetags/test_rollup.py::test_lowers_no_row).

    A row that is higher than the count in the store stays: the store has lost hits then (see `restore_days`).
    everything: all codes and days. dry_run: write nothing, return what would be written.
    advance: called with the number of codes of each chunk.
    Raises StoreUnavailable.
    """
    moment = now or utc_now()
    first = None if everything else _first_day()
    codes = rows = 0
    for chunk in in_batches(_codes(first), _CHUNK):
        codes += len(chunk)
        rows += _copy(chunk, first, dry_run=dry_run)
        advance(len(chunk))
    if not dry_run:
        call_write("SET", keys.rolled(), to_ms(moment))
    return Rollup(codes, rows)


def roll_up_step(*, now: datetime | None = None) -> bool:
    """Copy at most 500 of the codes with hits since the last roll-up; True while there are more.

    The list of codes is stored when a roll-up begins, and a code is removed from it once it is copied. So the next
    step, in any process, goes on from there, and a step that failed is repeated. When the list is empty, SQL has every
    hit up to the beginning of the roll-up.
    Raises StoreUnavailable.
    """
    first = _first_day()
    began = call("GET", keys.rollup_began())
    if began is None:
        began = to_ms(now or utc_now())
        for chunk in in_batches(_codes(first), _CHUNK):
            call_write("SADD", keys.rollup_codes(), *chunk)
        call_write("SET", keys.rollup_began(), began)
    codes = [code.decode() for code in call("SRANDMEMBER", keys.rollup_codes(), _CHUNK)]
    if codes:
        _copy(codes, first, dry_run=False)
        call_write("SREM", keys.rollup_codes(), *codes)
    if len(codes) == _CHUNK:
        return True
    call_write("SET", keys.rolled(), int(began))
    call_write("DEL", keys.rollup_began())
    return False


def restore_days(*, dry_run: bool = False, advance: Advance = _ignore) -> Restored:
    """Restore to the store what is in DailyHits and missing in the store; never lowers a live count
    (shown by tests/codetags/test_rollup.py::test_lowers_no_live_count).

    Of a day that was rolled up before a loss and has hits after it, the larger count is kept, not the sum: so a restore
    can be repeated. Raises StoreUnavailable.
    """
    if not dry_run:
        mirror_registry()
    codes = hits = 0
    for code, last in DailyHits.objects.values_list("code").annotate(Max("date")).order_by("code").iterator(_CHUNK):
        rows = list(DailyHits.objects.filter(code=code).values_list("date", "count"))
        pairs = [item for day, count in rows for item in (day.isoformat(), count)]
        names = [
            keys.count(code),
            keys.days(code),
            keys.rank(),
            keys.last_seen(),
            keys.registry(),
            keys.unknown(),
            keys.slots(),
            keys.names(),
            *(name for day, _ in rows for name in keys.columns_of(day.isoformat())),
        ]
        seen = to_ms(day_start(last))
        hits += int(restore_days_script.run(names, [code, seen, "1" if dry_run else "", *pairs]))
        codes += 1
        advance(1)
    return Restored(codes, hits)


def rolled_until() -> datetime | None:
    """The moment up to which SQL has every hit; None before the first roll-up, or after the store has lost it."""
    mark = call("GET", keys.rolled())
    return local_from_ms(int(mark)) if mark else None


def _first_day() -> date | None:
    """The first day that SQL may not have completely; None: this is not known of any day."""
    since = rolled_until()
    return local_day(since - _OVERLAP) if since else None


def _codes(first: date | None) -> Iterator[str]:
    """The codes with hits since the day; all for None."""
    if first is None:
        return _scan_codes()
    found = call("ZRANGEBYSCORE", keys.last_seen(), to_ms(day_start(first)), "+inf")
    return (code.decode() for code in found)


def _scan_codes() -> Iterator[str]:
    cursor, seen = b"0", set[str]()
    while True:
        cursor, found = call("ZSCAN", keys.rank(), cursor, "COUNT", 1000)
        # A scan may name a member twice.
        fresh = [code for code in (name.decode() for name in found[::2]) if code not in seen]
        seen.update(fresh)
        yield from fresh
        if int(cursor) == 0:
            return


def _copy(codes: list[str], first: date | None, *, dry_run: bool) -> int:
    """Write the codes' days from `first` on (None: all) to SQL; how many rows."""
    series = [_series(code, days, first) for code, days in zip(codes, _days(codes), strict=True)]
    wanted = {(code, day): count for code, days in zip(codes, series, strict=True) for day, count in days}
    return _write(wanted, dry_run=dry_run)


def _days(codes: list[str]) -> list[dict[str, int]]:
    replies = call_many([("HGETALL", keys.days(code)) for code in codes])
    return [_counts(reply) for reply in replies]


def _counts(reply: object) -> dict[str, int]:
    return {day.decode(): int(count) for day, count in pairs(reply)}


def _series(code: str, days: dict[str, int], first: date | None) -> list[tuple[date, int]]:
    parsed = ((date.fromisoformat(day), count) for day, count in days.items())
    return [(day, count) for day, count in parsed if first is None or day >= first]


def _write(wanted: dict[tuple[str, date], int], *, dry_run: bool) -> int:
    if not wanted:
        return 0
    with atomic_for(DailyHits):
        known = DailyHits.objects.filter(
            code__in={code for code, _ in wanted},
            date__gte=min(day for _, day in wanted),
            date__lte=max(day for _, day in wanted),
        )
        have = {(row.code, row.date): row.count for row in known}
        rows = [
            DailyHits(code=code, date=day, count=count)
            for (code, day), count in wanted.items()
            if count > have.get((code, day), 0)
        ]
        if not dry_run:
            DailyHits.objects.bulk_create(
                rows, 1000, update_conflicts=True, update_fields=["count"], unique_fields=["code", "date"]
            )
    return len(rows)
