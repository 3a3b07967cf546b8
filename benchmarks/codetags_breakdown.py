"""What a placement and the breakdowns cost: the server's time of a hit with and without them, bytes a code and year."""

from __future__ import annotations

import random
import statistics
from collections.abc import Iterator
from datetime import timedelta
from ipaddress import IPv4Address
from itertools import count

from django.test import override_settings

from benchmarks.measure import Row, pinned
from benchmarks.store import call_cost, forget_costs, fresh_store, server_pids, used_memory
from codetags import keys
from codetags.services.breakdown_copies import KEPT_DAYS
from codetags.services.hits import record_hit
from codetags.types import Audience, Device
from kv.days import local_day
from kv.store.connection import call_many

_AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36"
_ROUNDS, _HITS = 15, 400
_CODES, _DAYS, _YEAR = 200, 100, 365
_LANGUAGES = ("fr", "de", "en", "it", "es", "pt")
_HOSTS = tuple(f"site-{number}.example.org" for number in range(12))
_COUNTRIES = ("CH", "FR", "DE", "IT")


def run() -> Iterator[Row]:
    """Rounds in turn: hits of many codes with everything, and the same without; then the days of some codes."""
    with fresh_store(), override_settings(RATE_LIMITS=None):
        yield _time()
    with fresh_store():
        yield from _memory()


def _time() -> Row:
    draw, numbers = random.Random(1), count()
    costs: dict[bool, list[float]] = {True: [], False: []}
    with pinned(*server_pids()):
        for turn in range(_ROUNDS + 1):
            for is_whole in (True, False) if turn % 2 else (False, True):
                forget_costs()
                with override_settings(CODETAGS_BREAKDOWNS=is_whole):
                    for _ in range(_HITS):
                        _hit(draw, next(numbers), is_whole=is_whole)
                if turn:  # the first round warms up
                    costs[is_whole].append(call_cost("evalsha"))
    whole, plain = (statistics.median(costs[kind]) for kind in (True, False))
    ratio = statistics.median(a / b for a, b in zip(costs[True], costs[False], strict=True))
    return Row(
        "codetags: a hit with everything", f"{whole:.1f} µs", "server's time of one without", f"{plain:.1f} µs", ratio,
        "≤1.5",
    )  # fmt: skip


def _hit(draw: random.Random, number: int, *, is_whole: bool) -> None:
    audience = Audience(
        draw.choice(list(Device)), draw.choice(_LANGUAGES), draw.choice(_HOSTS), draw.choice(_COUNTRIES)
    )
    record_hit(
        code=f"C{draw.randrange(100):03}",
        address=str(IPv4Address(0x0B000000 + number)),
        agent=_AGENT,
        at=f"tram-{draw.randrange(20)}" if is_whole else "",
        audience=audience,
    )


def _memory() -> Iterator[Row]:
    """Days of ten hits each, as record_hit leaves them: some hours, two devices and languages, hosts, a placement."""
    draw = random.Random(2)
    start = used_memory()
    for number in range(_CODES):
        call_many(
            [
                ("HSET", keys.breakdown(f"C{number:03}", (local_day() - timedelta(days=back)).isoformat()), *_day(draw))
                for back in range(_DAYS)
            ]
        )
    size = (used_memory() - start) / (_CODES * _DAYS)
    yield Row("memory: breakdowns of a code and day", f"{size:.0f} B", "allowed", "400 B", size / 400, "≤1.0")
    kept, year = size * KEPT_DAYS / 1024, size * _YEAR / 1024
    yield Row(
        "memory: breakdowns of a code, kept", f"{kept:.1f} kB", "a year without the roll-up", f"{year:.0f} kB",
        kept / year, "≤0.1",
    )  # fmt: skip


def _day(draw: random.Random) -> list[str | int]:
    fields: dict[str, int] = {}
    for _ in range(10):
        for field in (
            f"h{min(max(round(draw.gauss(14, 4)), 0), 23)}",
            f"d{draw.choice(('phone', 'phone', 'phone', 'desktop'))}",
            f"l{draw.choice(('fr', 'fr', 'fr', 'de', 'en'))}",
            f"r{draw.choice(_HOSTS[:4])}" if draw.random() < 0.3 else "",
            f"c{draw.choice(('CH', 'CH', 'CH', 'FR'))}",
            f"@tram-{draw.randrange(3)}",
        ):
            if field:
                fields[field] = fields.get(field, 0) + 1
    for kind in "lrc":
        if number := sum(field[0] == kind for field in fields):
            fields[f"#{kind}"] = number
    return [part for pair in fields.items() for part in pair]
