"""What the site's main operations cost at a large size, as a ratio to a hundredth of it: `make bench-growth`.

Two sites stand beside each other, each with a store and a database of its own (benchmarks/growth_site.py), and are
asked in turn. The large one has a million visitors, 100 000 codes of ten days, 100 000 users of ten entries and as many
of Stripe's events; GROWTH=10 makes it a tenth of that. Times are processor time, the store's included. What visits
everything there is (a backup, say) is divided by the size: its ratio is that of one item.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, Self

import orjson

from benchmarks.growth_data import Size
from benchmarks.growth_site import WHOLE, Cost
from benchmarks.http import ROOT
from benchmarks.measure import Row

_LARGE = Size(visitors=1_000_000, codes=100_000, users=100_000)
_SMALLER = 100
#: An operation is repeated for about so long in a round.
_ROUND_SECONDS, _ROUNDS = 0.15, 5
_MOST_CALLS = 300
#: What reads something of each code or event, and by how much it may cost more at a hundred times as many.
_GROWS = {
    "duty codetags_registry, nothing to do": "≤50",  # counts the registry's rows every five minutes
    "duty codetags_columns, nothing to do": "≤100",  # compares the columns with the totals once an hour
    "GET /metrics": "≤5",  # counts Stripe's events by state
    "codes, the list of a week": "≤5",  # ranks all codes
}
#: What one command over everything may take, MB.
_MEMORY = 64


def run() -> Iterator[Row]:
    """For each operation time, the store's commands with SQL queries, and memory where it might grow."""
    large = _LARGE.part(int(os.environ.get("GROWTH", "1")))
    with ExitStack() as stack:
        sites = [stack.enter_context(_Site(size)) for size in (large.part(_SMALLER), large)]
        for site in sites:
            site.wait()
        yield _store_memory(*(site.ask("memory") for site in sites))
        for name in sites[0].ask("list"):
            yield from _rows(name, *_costs(name, sites))


def _costs(name: str, sites: list[_Site]) -> tuple[list[Cost], list[Cost]]:
    calls: list[int] = []
    costs: list[list[Cost]] = []
    for site in sites:
        once = site.do(name, 1)  # warms up
        calls.append(1 if name.startswith(WHOLE) else max(1, min(_MOST_CALLS, int(_ROUND_SECONDS / once.seconds))))
        costs.append([])
    for _ in range(3 if name.startswith(WHOLE) else _ROUNDS):
        for site, number, found in zip(sites, calls, costs, strict=True):
            found.append(site.do(name, number))
    return costs[0], costs[1]


def _store_memory(few: int, many: int) -> Row:
    each = many / _SMALLER
    return Row("growth: the store, a hundredth", _size(each), "the small one", _size(few), each / few, "≤1.1")


def _rows(name: str, few: list[Cost], many: list[Cost]) -> Iterator[Row]:
    is_whole, name = name.startswith(WHOLE), name.removeprefix(WHOLE)
    scale = _SMALLER if is_whole else 1
    title = f"growth: {name}" + (", a hundredth" if is_whole else "")
    asked, at_few = (_median(costs, "commands") for costs in (many, few))
    queries, queries_at_few = (_median(costs, "queries") for costs in (many, few))
    cpu, cpu_at_few = _median(many, "cpu") / scale, _median(few, "cpu")
    clock, grown = _time(_median(many, "seconds") / scale), max(cost.grown for cost in many)
    counts = f"commands {asked:.4g} : {at_few:.4g}, queries {queries:g} : {queries_at_few:g}"
    against = f"a hundredth; {clock} by the clock, {grown:.0f} MB; {counts}"
    bar = "≤1.3" if is_whole else _GROWS.get(name, "≤1.5")
    yield Row(title, _time(cpu), against, _time(cpu_at_few), cpu / max(cpu_at_few, 1e-7), bar)
    if is_whole:
        yield Row(
            f"{title.removesuffix(', a hundredth')}, memory",
            f"{grown:.0f} MB",
            "allowed",
            f"{_MEMORY} MB",
            grown / _MEMORY,
            "≤1.0",
        )
        return
    total, total_small = asked + queries, at_few + queries_at_few
    yield Row(
        f"{title}, commands",
        f"{total:.1f}",
        "commands and queries",
        f"{total_small:.1f}",
        (total + 1) / (total_small + 1),
        _GROWS.get(name, "≤1.5"),
    )


def _median(costs: list[Cost], part: str) -> float:
    return statistics.median(float(getattr(cost, part)) for cost in costs)


def _size(count: float) -> str:
    return f"{count / 1e6:.2f} MB"


def _time(seconds: float) -> str:
    return f"{seconds * 1000:.2f} ms" if seconds >= 0.001 else f"{seconds * 1e6:.1f} µs"


class _Site:
    """A process of its own, ended with the context."""

    def __init__(self, size: Size) -> None:
        command = [sys.executable, "-m", "benchmarks", "--site", *map(str, (size.visitors, size.codes, size.users))]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()  # closes its input, at which it ends

    def wait(self) -> None:
        """Until it is loaded."""
        if self._answer() != "ready":
            raise RuntimeError("the site did not come up")

    def ask(self, wanted: object) -> Any:
        """Send a line, and answer with what comes back."""
        assert self._process.stdin is not None
        self._process.stdin.write(orjson.dumps(wanted) + b"\n")
        self._process.stdin.flush()
        return self._answer()

    def do(self, name: str, calls: int) -> Cost:
        """Let it do something so often."""
        return Cost(**self.ask({"do": name, "calls": calls}))

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("a site has ended")
        return orjson.loads(line)
