"""Measuring side by side: rounds of each candidate in turn, the median of each, and the ratio of the two."""

from __future__ import annotations

import os
import platform
import statistics
import sysconfig
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    ratio: ours to theirs, so that more is better (or less, where `bar` begins with ≤).
    bar:   what is required, as text; "" for none.
    """

    operation: str
    ours: str
    against: str
    theirs: str
    ratio: float
    bar: str = ""

    @property
    def holds(self) -> bool:
        """Whether the bar is met."""
        if not self.bar:
            return True
        limit = float(self.bar[1:])
        return self.ratio <= limit if self.bar.startswith("≤") else self.ratio >= limit


def interpreter() -> str:
    """Which Python measures, and whether it was built with profile-guided optimization, as the Makefile finds it."""
    config_var = sysconfig.get_config_var
    is_guided = "--enable-optimizations" in (config_var("CONFIG_ARGS") or "") or (
        config_var("PGO_PROF_GEN_FLAG") and not config_var("PGO_PROF_USE_FLAG")
    )
    how = "with" if is_guided else "without"
    return f"{platform.python_implementation()} {platform.python_version()}, {how} profile-guided optimization"


def side_by_side(candidates: dict[str, Callable[[int], object]], *, calls: int, rounds: int = 9) -> dict[str, float]:
    """Calls a second of each candidate: the median of `rounds` interleaved rounds of `calls` calls.

    A machine that is busy now and then hits all candidates alike. Each gets the number of the call.
    """
    rates: dict[str, list[float]] = {name: [] for name in candidates}
    number = 0
    for turn in range(rounds + 1):
        for name, candidate in candidates.items():
            start = time.perf_counter()
            for _ in range(calls):
                candidate(number)
                number += 1
            if turn:  # the first round warms up
                rates[name].append(calls / (time.perf_counter() - start))
    return {name: statistics.median(values) for name, values in rates.items()}


@contextmanager
def pinned(*pids: int, cores: set[int] | None = None) -> Iterator[None]:
    """Keep this process and `pids` on one core, or on `cores`: unpinned round trips jump between 30 and 100 µs."""
    chosen = cores or {min(os.sched_getaffinity(0))}
    before = {pid: os.sched_getaffinity(pid) for pid in (0, *pids)}
    for pid in before:
        os.sched_setaffinity(pid, chosen)
    try:
        yield
    finally:
        for pid, cpus in before.items():
            os.sched_setaffinity(pid, cpus)


def per_second(rate: float) -> str:
    """A rate for the table."""
    return f"{rate:,.0f}/s"


def reset_peak() -> int:
    """Forget this process's largest size so far; answers its size now, kB."""
    Path("/proc/self/clear_refs").write_text("5")
    return peak_memory()


def peak_memory() -> int:
    """The largest size of this process since `reset_peak`, kB."""
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
