"""Bytes a visitor costs beside a plain set of hex digests, and what a visit costs among 10 million others.

BENCH_VISITORS=1000000 stops at a million, for machines with less than 4 GB to spare.
"""

from __future__ import annotations

import os
import random
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from django.test import override_settings

from benchmarks.measure import Row, pinned
from benchmarks.store import call_cost, forget_costs, fresh_store, server_pids, used_memory
from kv.store.connection import call, call_many
from stats import keys
from stats.services.visitors import Visitor, visitor_from_hash
from stats.services.visits import record_visit

_SIZES = (10_000, 1_000_000, 10_000_000)
_BATCH = 5_000
_PROBES = 3_000


def run() -> Iterator[Row]:
    """used_memory before and after, on the embedded server's own configuration."""
    largest = int(os.environ.get("BENCH_VISITORS", _SIZES[-1]))
    sizes = [size for size in _SIZES if size <= largest]
    plain = _plain_bytes(sizes)
    costs: dict[int, _Cost] = {}
    with fresh_store():
        start = used_memory()
        visitors = _visitors(random.Random(1))
        there = 0
        for size in sizes:
            _add(islice(visitors, size - there))
            there = size
            ours = (used_memory() - start) / size
            bar = "≤0.069" if size == _SIZES[-1] else ""  # 6 bytes of the plain set's 87
            theirs = plain[size]
            yield Row(
                f"memory: a visitor at {size:,}",
                f"{ours:.2f} B",
                "set of hex digests",
                f"{theirs:.1f} B",
                ours / theirs,
                bar,
            )
            costs[size] = _visit_cost(size)
        many, few = costs[sizes[-1]], costs[sizes[0]]
        at, against = f"at {sizes[-1]:,}", f"the same at {sizes[0]:,}"
        yield Row(f"a visit {at}", f"{many.call:.1f} µs", against, f"{few.call:.1f} µs", many.call / few.call, "≤1.2")
        yield Row(
            f"server time of a visit {at}",
            f"{many.server:.2f} µs",
            against,
            f"{few.server:.2f} µs",
            many.server / few.server,
        )


def _visitors(source: random.Random) -> Iterator[Visitor]:
    # As good as HMAC's output for the purpose, and quicker.
    while True:
        yield visitor_from_hash(source.randbytes(32))


def _add(visitors: Iterator[Visitor]) -> None:
    """What import_visitors.lua does for each, in bulk."""
    while batch := list(islice(visitors, _BATCH)):
        call_many([("SADD", keys.visitors_shard(visitor.shard), visitor.member) for visitor in batch])


def _plain_bytes(sizes: list[int]) -> dict[int, float]:
    found = {}
    with fresh_store():
        start = used_memory()
        source = random.Random(2)
        there = 0
        for size in sizes:
            while there < size:
                call("SADD", "plain", *(source.randbytes(32).hex() for _ in range(_BATCH)))
                there += _BATCH
            found[size] = (used_memory() - start) / size
    return found


@dataclass(frozen=True, slots=True)
class _Cost:
    """Microseconds of one visit: the whole call, and the server's own part of it."""

    call: float
    server: float


def _visit_cost(size: int) -> _Cost:
    """Medians over rounds, new addresses each."""
    calls, servers = [], []
    # Limits off: their windows would be weighed with the visitors.
    with pinned(*server_pids()), override_settings(RATE_LIMITS=None):
        for turn in range(9):
            forget_costs()
            addresses = [f"{size}:{turn}:{number}" for number in range(_PROBES)]
            start = time.perf_counter()
            for address in addresses:
                record_visit(address=address)
            calls.append((time.perf_counter() - start) / _PROBES * 1e6)
            servers.append(call_cost("evalsha"))
    return _Cost(statistics.median(calls), statistics.median(servers))
