"""A roll-up with nothing to write at codes 1000 days old beside 30 days old, and the first one of 3 million days.

BENCH_ROWS=300000 copies fewer. The database is a file or, with DATABASE_URL, what that names (a test database there):
`python -m tests.postgres python -m benchmarks codetags_rollup`.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import StringIO

from django.core.management import call_command
from django.db import connection as database
from django.test import override_settings
from django.utils import timezone

from benchmarks.measure import Row, peak_memory, reset_peak
from benchmarks.store import Placed, forget_slow_commands, fresh_store, server_seconds, slowest_command
from codetags import keys
from codetags.models import DailyHits
from codetags.services.rollup import roll_up_step
from kv.days import local_day
from kv.sql.batches import in_batches
from kv.store.connection import call_many

_CODES = 500
_YOUNG, _OLD = 30, 1000
_ROUNDS = 9


def run() -> Iterator[Row]:
    """A first roll-up; then the worker's roll-up and the command's, in turn for codes of both ages."""
    rows = int(os.environ.get("BENCH_ROWS", "3000000")) // _YOUNG * _YOUNG
    with fresh_store() as placed, tables(placed):
        yield from _first(rows)
        for prefix, days, sign in (("young:", _YOUNG, "A"), ("old:", _OLD, "B")):
            with override_settings(KV_PREFIX=prefix):
                fill(_CODES, days, sign)
                _steps()
        for name, roll_up in (("the worker's", _steps), ("the command's", _command)):
            old, young = _times(roll_up)
            yield Row(
                f"codetags: {name} roll-up of nothing",
                f"{old:.1f} ms",
                f"CPU at codes {_OLD} and {_YOUNG} days old",
                f"{young:.1f} ms",
                old / young,
                "≤1.2",
            )


def _first(rows: int) -> Iterator[Row]:
    fill(rows // _YOUNG, _YOUNG, "C")
    forget_slow_commands()
    peak = reset_peak()
    began, used = time.perf_counter(), time.process_time()
    _steps()
    seconds, used = time.perf_counter() - began, time.process_time() - used
    grown, slowest = (peak_memory() - peak) / 1024, slowest_command()
    if DailyHits.objects.count() != rows:
        raise RuntimeError("the roll-up left days out")
    name, allowed = f"codetags: first roll-up of {rows:,} days", rows / 50_000
    yield Row(name, f"{seconds:.1f} s", f"allowed; {used:.1f} s CPU", f"{allowed:.0f} s", seconds / allowed, "≤1.0")
    yield Row(f"{name}, memory", f"{grown:.0f} MB", "allowed", "64 MB", grown / 64, "≤1.0")
    yield Row(f"{name}, longest command", f"{slowest:.1f} ms", "allowed", "10 ms", slowest / 10, "≤1.0")


def fill(codes: int, days: int, sign: str, *, hours_ago: int = 0) -> None:
    """Codes with a hit on each of the last days, the newest so many hours ago, as record_hit leaves them."""
    now = int((timezone.now() - timedelta(hours=hours_ago)).timestamp() * 1000)
    series = [part for back in range(days) for part in ((local_day() - timedelta(days=back)).isoformat(), 1)]
    # Not in their order: hits do not come in the order of the alphabet either.
    names = [f"{sign}{number * 7919 % codes:06}" for number in range(codes)]
    for chunk in in_batches(names, max(30_000 // days, 1)):
        commands: list[tuple[str | int, ...]] = []
        for code in chunk:
            commands += [
                ("SET", keys.count(code), days),
                ("HSET", keys.days(code), *series),
                ("ZADD", keys.rank(), days, code),
                ("ZADD", keys.last_seen(), now, code),
            ]
        call_many(commands)


@contextmanager
def tables(placed: Placed) -> Iterator[None]:
    """Empty tables, in a file of the store's directory where the database is SQLite: one in memory writes no pages."""
    if database.vendor == "sqlite":
        database.settings_dict["TEST"]["NAME"] = os.fspath(placed.directory / "bench.sqlite3")
    database.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        yield
    finally:
        database.creation.destroy_test_db(database.settings_dict["NAME"], verbosity=0)


def _times(roll_up: Callable[[], None]) -> tuple[float, float]:
    """The medians of processor time, ms, the store's included, of old codes and of young ones."""
    took: dict[str, list[float]] = {"old:": [], "young:": []}
    for _ in range(_ROUNDS):
        for prefix, times in took.items():
            with override_settings(KV_PREFIX=prefix):
                began = time.process_time() + server_seconds()
                roll_up()
                times.append((time.process_time() + server_seconds() - began) * 1000)
    return statistics.median(took["old:"]), statistics.median(took["young:"])


def _steps() -> None:
    while roll_up_step():
        pass


def _command() -> None:
    call_command("codetags_rollup", stdout=StringIO(), stderr=StringIO(), verbosity=0)
