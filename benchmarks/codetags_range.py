"""The staff's list at 100 000 codes with a range of 30 days: some pages, and the file. The bars are absolute."""

from __future__ import annotations

import os
import statistics
import time
import tracemalloc
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.test import Client, override_settings

from benchmarks.codetags_list import admin_client, fill
from benchmarks.measure import Row
from benchmarks.store import commands_done, server_pids
from kv.days import local_day

_CODES = 100_000
_ROUNDS = 10
_MS, _COMMANDS, _FILE_COMMANDS = 150, 200, 400


def run() -> Iterator[Row]:
    """Time, commands of the store (those within scripts too) and CPU of this process and the store's."""
    with admin_client() as client, override_settings(RATE_LIMITS=None):
        fill(_CODES)
        yield from _pages(client)
        yield _file(client)


def _pages(client: Client) -> Iterator[Row]:
    pages = _addresses(client)
    took: dict[str, list[float]] = {name: [] for name in pages}
    spent = dict.fromkeys(pages, 0.0)
    sent: dict[str, int] = {}
    for turn in range(_ROUNDS + 1):
        for name, address in pages.items():
            commands, cpu, began = commands_done(), _cpu(), time.perf_counter()
            answer = client.get(address)
            if turn:  # the first round warms up
                took[name].append((time.perf_counter() - began) * 1000)
                spent[name] += (_cpu() - cpu) / _ROUNDS
            sent[name] = commands_done() - commands
            codes = answer.content.count(b'"last_seen"') + answer.content.count(b'name="code"')
            if answer.status_code != 200 or codes < 20:
                raise RuntimeError(f"{address}: {answer.status_code}, {codes} codes")
    for name, times in took.items():
        middle, cpu = statistics.median(times), spent[name] * 1000
        yield Row(
            f"codetags: 30 days, {name}",
            f"{middle:.0f} ms",
            f"a limit; CPU {cpu:.0f} ms",
            f"{_MS} ms",
            middle / _MS,
            "≤1",
        )
        number = sent[name]
        yield Row("  commands of the store", str(number), "a limit", str(_COMMANDS), number / _COMMANDS, "≤1")


def _addresses(client: Client) -> dict[str, str]:
    today = local_day()
    first, last = (today - timedelta(days=29)).isoformat(), (today - timedelta(days=1)).isoformat()
    api = f"/api/dashboard/code-tags?limit=100&from={first}&to={last}"
    later = api
    for _ in range(3):
        later = f"{api}&before={client.get(later).json()['next']}"
    admin = f"/admin/codetags/codecount/?since={first}&until={last}"
    return {
        "admin, first page": admin,
        "admin, middle page": f"{admin}&p=1000",
        "admin, last page": f"{admin}&p={_CODES // 50}",
        "admin, search": f"{admin}&q=A",
        "API, first page": api,
        "API, fourth page": later,
    }


def _file(client: Client) -> Row:
    first = (local_day() - timedelta(days=29)).isoformat()
    commands, began = commands_done(), time.perf_counter()
    lines = _lines(client, first)
    took, number = time.perf_counter() - began, commands_done() - commands
    tracemalloc.start()
    _lines(client, first)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    if lines != _CODES + 1:
        raise RuntimeError(f"{lines} lines")
    note = f"commands of the store; {took:.1f} s, {peak >> 20} MiB at most"
    return Row(
        "codetags: 30 days, CSV of 100 000", str(number), note, str(_FILE_COMMANDS), number / _FILE_COMMANDS, "≤1"
    )


def _lines(client: Client, first: str) -> int:
    answer: Any = client.get(f"/admin/codetags/codecount/export.csv?since={first}")
    return sum(part.count(b"\n") for part in answer.streaming_content)


def _cpu() -> float:
    """Seconds of this process and of the store's."""
    ticks = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13] for pid in server_pids()]
    return time.process_time() + sum(int(tick) for pair in ticks for tick in pair) / os.sysconf("SC_CLK_TCK")
