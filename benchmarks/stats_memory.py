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
from typing import Any

from django.test import override_settings

from benchmarks.measure import Row, pinned
from benchmarks.store import fresh_store, server_pid
from kv.connection import connection
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
        client = connection()
        start = client.info("memory")["used_memory"]
        visitors = _visitors(random.Random(1))
        there = 0
        for size in sizes:
            _add(client, islice(visitors, size - there))
            there = size
            ours = (client.info("memory")["used_memory"] - start) / size
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
            costs[size] = _visit_cost(client, size)
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


def _add(client: Any, visitors: Iterator[Visitor]) -> None:
    """What import_visitors.lua does for each, in bulk."""
    while batch := list(islice(visitors, _BATCH)):
        pipeline = client.pipeline(transaction=False)
        for visitor in batch:
            pipeline.execute_command("SADD", keys.visitors_shard(visitor.shard), visitor.member)
        pipeline.execute()


def _plain_bytes(sizes: list[int]) -> dict[int, float]:
    found = {}
    with fresh_store():
        client = connection()
        start = client.info("memory")["used_memory"]
        source = random.Random(2)
        there = 0
        for size in sizes:
            while there < size:
                client.execute_command("SADD", "plain", *(source.randbytes(32).hex() for _ in range(_BATCH)))
                there += _BATCH
            found[size] = (client.info("memory")["used_memory"] - start) / size
    return found


@dataclass(frozen=True, slots=True)
class _Cost:
    """Microseconds of one visit: the whole call, and the server's own part of it."""

    call: float
    server: float


def _visit_cost(client: Any, size: int) -> _Cost:
    """Medians over rounds, new addresses each."""
    calls, servers = [], []
    # Limits off: their windows would be weighed with the visitors.
    with pinned(server_pid()), override_settings(RATE_LIMITS=None):
        for turn in range(9):
            client.config_resetstat()
            addresses = [f"{size}:{turn}:{number}" for number in range(_PROBES)]
            start = time.perf_counter()
            for address in addresses:
                record_visit(address=address)
            calls.append((time.perf_counter() - start) / _PROBES * 1e6)
            servers.append(client.info("commandstats")["cmdstat_evalsha"]["usec_per_call"])
    return _Cost(statistics.median(calls), statistics.median(servers))
