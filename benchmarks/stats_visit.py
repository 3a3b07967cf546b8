"""`record_visit` through the service against redis-py's bare `evalsha` of the same script with ready-made arguments."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address
from typing import Any

from django.test import override_settings

from benchmarks.measure import Row, per_second, pinned, side_by_side
from benchmarks.store import fresh_store, plain_client, server_pids
from kv.days import local_day
from stats import keys
from stats.services.series import VOTE_EVERY
from stats.services.visitors import visitor_of
from stats.services.visits import record_visit, record_visit_script


def run() -> Iterator[Row]:
    """A new address with each call, its limit checked; the bare side gets keys and arguments that cost it nothing."""
    with fresh_store() as placed, override_settings(RATE_LIMITS={}):
        client = plain_client(placed)
        sha = client.script_load(record_visit_script.source)
        day = local_day()
        fixed = [keys.visitors(), keys.day(day), keys.day_uniques(day)]
        ready: list[tuple[Any, ...]] = []
        for number in range(60_000):
            visitor = visitor_of(str(IPv4Address(0x0B000000 + number)))
            names = [keys.visitors_shard(visitor.shard), *fixed, keys.visit_window(visitor.caller)]
            ready.append((*names, visitor.member, visitor.element, 34_560_000, 30, 60_000_000, VOTE_EVERY))
        addresses = [str(IPv4Address(0x0C000000 + number)) for number in range(60_000)]
        candidates = {
            "ours": lambda number: record_visit(address=addresses[number]),
            "theirs": lambda number: client.evalsha(sha, 5, *ready[number]),
        }
        with pinned(*server_pids()):
            rates = side_by_side(candidates, calls=1500)
    yield Row(
        "stats: record_visit",
        per_second(rates["ours"]),
        "redis-py evalsha of the same script",
        per_second(rates["theirs"]),
        rates["ours"] / rates["theirs"],
        "≥1.0",
    )
