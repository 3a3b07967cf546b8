"""Daily counts in SQL: copied from the store, and restored to it after a loss."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta

from django.db.models import Max

from codetags import keys
from codetags.models import DailyHits
from codetags.services.breakdown_copies import drop_step, restore_breakdowns
from codetags.services.copied_days import copy_all_days, copy_last_days, in_groups
from codetags.services.registry import mirror_registry
from codetags.types import Restored, Rollup
from kv.days import day_start, local_day
from kv.sql.batches import in_batches
from kv.store.connection import call, call_write
from kv.store.replies import pairs
from kv.store.scripts import Script
from kv.times import local_from_ms, server_ms, to_ms

_CHUNK = 500
#: Codes that one command lists: the store answers it within a millisecond.
_LISTED = 1000
#: The length of a step, seconds: a worker that is shutting down waits for it.
_STEP_SECONDS = 1.0
#: The next roll-up reads the last minutes before a roll-up again, since clocks differ
#: (shown by tests/codetags/test_rollup.py::test_hits_of_a_worker_whose_clock_is_behind_are_copied).
_OVERLAP = timedelta(minutes=5)
#: After a longer time without a roll-up all days of a code are read, not the last ones.
_MOST_DAYS = 31

Advance = Callable[[int], None]


def _ignore(count: int) -> None:
    """Without a progress display."""


def _never() -> bool:
    """Until the end."""
    return False


restore_days_script = Script("codetags", "restore_days")


def roll_up_days(
    *,
    everything: bool = False,
    dry_run: bool = False,
    advance: Advance = _ignore,
    stop: Callable[[], bool] = _never,
    now: datetime | None = None,
) -> Rollup:
    """Copy what was counted since the last roll-up to DailyHits: idempotent, and never lowers a row
    (shown by tests/codetags/test_rollup.py::test_lowers_no_row).

    A row that is higher than the count in the store stays: the store has lost hits then (see `restore_days`).
    everything: check all codes, not only those that were hit. dry_run: write nothing, return what would be written.
    advance: called with the number of codes of each part. stop: asked after each; True ends the roll-up there, and the
    next one, or the next step, goes on from there.
    Raises StoreUnavailable.
    """
    first = _first_moment()
    if dry_run:
        return _preview(None if everything else first, first, advance, now)
    _list_codes(everything=everything, first=first, now=now)
    codes = rows = 0
    is_complete = False
    while not is_complete and not stop():
        done = _copy_some(first, now, verify=everything)
        codes, rows, is_complete = codes + done.codes, rows + done.rows, done.is_complete
        advance(done.codes)
    while is_complete and not stop() and drop_step(now=now):
        pass
    return Rollup(codes, rows, is_complete)


def roll_up_step(*, now: datetime | None = None) -> bool:
    """Copy some of the codes with hits since the last roll-up, for about a second; True while there are more.

    The list of codes is stored when a roll-up begins, and a code is removed from it once it is copied. So the next
    step, in any process, goes on from there, and a step that failed is repeated. When the list is empty, SQL has every
    hit up to the beginning of the roll-up.
    Raises StoreUnavailable.
    """
    first = _first_moment()
    if call("GET", keys.rollup_listed()) is None:
        _list_codes(everything=False, first=first, now=now)
    return not _copy_some(first, now).is_complete


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
    if not dry_run:
        restore_breakdowns()
    return Restored(codes, hits)


def rolled_until() -> datetime | None:
    """The moment up to which SQL has every hit; None before the first roll-up, or after the store has lost it."""
    mark = call("GET", keys.rolled())
    return local_from_ms(int(mark)) if mark else None


def _first_moment() -> datetime | None:
    """From here on SQL may not have every hit; None: this is not known of any day."""
    since = rolled_until()
    return since - _OVERLAP if since else None


def _list_codes(*, everything: bool, first: datetime | None, now: datetime | None) -> None:
    """Begin a roll-up, or add to the list of the one that is under way."""
    began = _server_ms() if now is None else to_ms(now)
    for chunk in in_batches(_codes(None if everything else first), _LISTED):
        # With equal scores they are in alphabetical order: so SQL's indexes are written from one end to the other.
        call_write("ZADD", keys.rollup_queue(), *(part for code in chunk for part in (0, code)))
    # Only once the list is complete. The beginning of one that is under way stays: it is the earlier one.
    call_write("SET", keys.rollup_listed(), began, "NX")


def _copy_some(first: datetime | None, now: datetime | None, *, verify: bool = False) -> Rollup:
    """Copy codes of the list for about a second, and end the roll-up when none is left."""
    until = time.monotonic() + _STEP_SECONDS
    codes = [code.decode() for code in call("ZRANGE", keys.rollup_queue(), 0, _CHUNK)]
    more, codes = codes[_CHUNK:], codes[:_CHUNK]
    done = rows = 0
    for part, raised in _copy(codes, first, now, verify=verify):
        call_write("ZREM", keys.rollup_queue(), *part)
        done, rows = done + len(part), rows + raised
        if time.monotonic() >= until:
            break
    if more or done < len(codes):
        return Rollup(done, rows, is_complete=False)
    began = call("GET", keys.rollup_listed())
    if began is not None:  # another worker, which had this one's lease, may have ended it
        call_write("SET", keys.rolled(), began)
        call_write("UNLINK", keys.rollup_listed(), *keys.rollup_before())
    return Rollup(done, rows)


def _preview(since: datetime | None, first: datetime | None, advance: Advance, now: datetime | None) -> Rollup:
    codes = rows = 0
    seen: set[str] = set()
    for chunk in in_batches(_codes(since), _CHUNK):
        # A scan may name a code twice.
        fresh = [code for code in dict.fromkeys(chunk) if code not in seen]
        seen.update(fresh)
        codes += len(fresh)
        rows += sum(raised for _, raised in _copy(fresh, first, now, verify=since is None, dry_run=True))
        advance(len(fresh))
    return Rollup(codes, rows)


def _copy(
    codes: list[str], first: datetime | None, now: datetime | None, *, verify: bool, dry_run: bool = False
) -> Iterator[tuple[list[str], int]]:
    """Copy the codes in parts: those of each, and how many rows were added or raised."""
    others = codes
    if codes and (days := _days_since(first, now)):
        others, raised = copy_last_days(codes, days, verify=verify, dry_run=dry_run)
        left = set(others)
        if done := [code for code in codes if code not in left]:
            yield done, raised
    if others:
        for group in in_groups(others):
            yield group, copy_all_days(group, dry_run=dry_run)


def _days_since(first: datetime | None, now: datetime | None) -> list[date]:
    """The days of the hits since then; one more, for a worker whose clock is ahead. Empty: all days."""
    if first is None:
        return []
    day, last = local_day(first), local_day(now) + timedelta(days=1)
    span = (last - day).days + 1
    return [day + timedelta(days=step) for step in range(span)] if span <= _MOST_DAYS else []


def _codes(first: datetime | None) -> Iterator[str]:
    """The codes with hits since then; all for None. A code may come twice."""
    return _scan_codes() if first is None else _codes_hit_since(to_ms(first))


def _codes_hit_since(lowest: int) -> Iterator[str]:
    count = _LISTED
    while True:
        found = call("ZRANGEBYSCORE", keys.last_seen(), lowest, "+inf", "WITHSCORES", "LIMIT", 0, count)
        hits = [(code.decode(), int(float(at))) for code, at in pairs(found)]
        yield from (code for code, _ in hits)
        if len(hits) < count:
            return
        # A code that is hit meanwhile moves on, never back. More than a page may have the same moment.
        count = count * 2 if hits[-1][1] == lowest else _LISTED
        lowest = hits[-1][1]


def _scan_codes() -> Iterator[str]:
    cursor = b"0"
    while True:
        cursor, found = call("ZSCAN", keys.rank(), cursor, "COUNT", _LISTED)
        yield from (code.decode() for code in found[::2])
        if int(cursor) == 0:
            return


def _server_ms() -> int:
    """The time of the clock by which hits are dated."""
    return server_ms(call("TIME"))
