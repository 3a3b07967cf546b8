"""`python -m benchmarks.load`: a mixed load, closed then open, and again at ten times the data.

70 % visits, 15 % code hits, 10 % spends, 5 % reads; the client runs on the same machine, in one process.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import threading
import time
from collections.abc import Callable
from ipaddress import IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from benchmarks.load_client import Outcome, Request
    from benchmarks.load_site import LoadedSite

_AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36"
_CODES = ("DEMO", "BT26", "SHOP", "MAIL")
# Of every twenty requests: 14 visits, 3 hits, 2 spends, 1 read.
_TURN = "VVVHVVSVVVHVVRVVSVHV"
_READS = ("/api/stats", "/api/usage", "/api/tokens")
_CONNECTIONS = 16
_PAGE = os.sysconf("SC_PAGE_SIZE")
#: How much a web process may grow between the second and the last quarter of a run: a tenth, and what a short run
#: still loads, in MB.
_GROWTH, _LOADED_MB = 1.10, 5
#: The share of requests that may be refused: a pause of the disk turns away all who come, and these ask again at once.
_REFUSED = 0.1


def main(args: list[str]) -> int:
    """Four runs and a table; 1 when an answer was wrong, a count does not agree with the answers, or a process grew."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600, help="of each run (default 600)")
    parser.add_argument("--visitors", type=int, default=100_000, help="known before the first run; ten times later")
    options = parser.parse_args(args)
    os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.settings"
    os.environ["RATE_LIMITS"] = "off"
    import django

    django.setup()
    from benchmarks.load_site import add_visitors, loaded_site

    held = True
    with loaded_site() as site:
        heads = f"{'run':34} {'req/s':>7} {'p50 ms':>8} {'p99':>8} {'p99.9':>8} {'503':>6} {'errors':>7}"
        print(f"{heads}  memory, MB: before → after")
        for turn, times in enumerate((1, 10)):
            add_visitors(options.visitors if times == 1 else options.visitors * 9, turn)
            request = _requests(site, turn)
            closed = _measure(site, request, options.seconds, None)
            held &= _report(f"closed, {_CONNECTIONS} connections, {times}× data", *closed)
            rate = closed[0].rate * 0.6
            opened = _measure(site, _requests(site, turn + 10), options.seconds, rate)
            held &= _report(f"open, {rate:.0f}/s, {times}× data", *opened)
    return 0 if held else 1


def _requests(site: LoadedSite, turn: int) -> Request:
    """Each visit and hit from an address of its own, each spend under a key of its own."""
    first = 0x0B000000 + turn * 10_000_000
    host = f"Host: 127.0.0.1:{site.port}\r\nUser-Agent: {_AGENT}\r\nSec-Fetch-Site: same-origin\r\n"
    service = f"Authorization: Token {site.token}\r\n"

    def request(number: int) -> tuple[str, bytes]:
        kind, address = _TURN[number % len(_TURN)], f"X-Forwarded-For: {IPv4Address(first + number)}\r\n"
        if kind == "V":
            return "visit", f"POST /api/stats/visit HTTP/1.1\r\n{host}{address}Content-Length: 0\r\n\r\n".encode()
        if kind == "H":
            code = _CODES[number % len(_CODES)]
            return "hit", f"GET /api/analytics/qr?code={code} HTTP/1.1\r\n{host}{address}\r\n".encode()
        user = site.users[number * 7 % len(site.users)]
        if kind == "S":
            body = json.dumps({"amount": 1, "reason": "load", "userId": user})
            head = f"Content-Type: application/json\r\nIdempotency-Key: {turn}-{number}\r\nContent-Length: {len(body)}"
            return "spend", f"POST /api/tokens/spend HTTP/1.1\r\n{host}{service}{head}\r\n\r\n{body}".encode()
        path = _READS[number // len(_TURN) % len(_READS)]
        query = f"?userId={user}" if path == "/api/tokens" else ""
        return "read", f"GET {path}{query} HTTP/1.1\r\n{host}{service}\r\n".encode()

    return request


def _measure(
    site: LoadedSite, request: Request, seconds: float, rate: float | None
) -> tuple[Outcome, Memory, dict[str, int]]:
    """What was answered, what the processes took, and how many of each kind were counted meanwhile."""
    from benchmarks.load_client import run_load
    from benchmarks.load_site import read_counts

    # Open: as many connections as may wait at once, for what is due is asked whatever is unanswered.
    connections = _CONNECTIONS if rate is None else _CONNECTIONS * 8
    before = read_counts(site, _CODES)
    with Memory(_processes(site)) as memory:
        outcome = run_load(site.port, request, seconds=seconds, connections=connections, rate=rate)
    after = read_counts(site, _CODES)
    return outcome, memory, {kind: after[kind] - before[kind] for kind in after}


class Memory:
    """The resident memory of some processes, looked at every second while the block runs."""

    def __init__(self, pids: dict[str, int]) -> None:
        self.seen: dict[str, list[float]] = {name: [] for name in pids}
        self._pids = pids
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def quarter(self, name: str, which: int) -> float:
        """The median of the run's second (1) or last (3) quarter, MB."""
        seen = self.seen[name]
        size = max(len(seen) // 4, 1)
        return statistics.median(seen[which * size : (which + 1) * size] or seen)

    def _watch(self) -> None:
        while True:
            for name, pid in self._pids.items():
                pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
                self.seen[name].append(int(pages) * _PAGE / 1e6)
            if self._over.wait(1.0):
                return


def _processes(site: LoadedSite) -> dict[str, int]:
    """The web workers and the store."""
    found = {"store": site.store_pid}
    me = os.getpid()
    children: Callable[[int], list[int]] = lambda pid: [  # noqa: E731 (of this function alone)
        int(word) for path in Path(f"/proc/{pid}/task").glob("*/children") for word in path.read_text().split()
    ]
    web = [pid for pid in children(me) if b"config.web_worker" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    found |= {f"web {number}": pid for number, pid in enumerate(web, 1)}
    return found


def _report(name: str, outcome: Outcome, memory: Memory, counted: dict[str, int]) -> bool:
    grown = {label: (memory.quarter(label, 1), memory.quarter(label, 3)) for label in memory.seen}
    text = ", ".join(f"{label} {before:.0f} → {after:.0f}" for label, (before, after) in sorted(grown.items()))
    quantiles = " ".join(f"{outcome.quantile(share):8.1f}" for share in (0.5, 0.99, 0.999))
    print(f"{name:34} {outcome.rate:7.0f} {quantiles} {outcome.refused:6} {outcome.errors:7}  {text}", flush=True)
    complaints = []
    if outcome.errors:
        complaints.append(f"{outcome.statuses}, broken connections: {outcome.broken}")
    if outcome.refused > len(outcome.seconds) * _REFUSED:
        complaints.append("more than a tenth refused")
    # What was asked when the time was up is counted or not; what was answered must be, and nothing else.
    for kind, count in counted.items():
        if not outcome.acknowledged(kind) <= count <= outcome.asked[kind]:
            said = f"{outcome.acknowledged(kind)} acknowledged of {outcome.asked[kind]}"
            complaints.append(f"{kind}: {count} counted, {said}")
    for label, (before, after) in grown.items():
        if label.startswith("web") and after > before * _GROWTH + _LOADED_MB:
            complaints.append(f"{label} grew by more than a tenth")
    for complaint in complaints:
        print(f"  {complaint}", flush=True)
    return not complaints


if __name__ == "__main__":
    started = time.monotonic()
    status = main(sys.argv[1:])
    print(f"{time.monotonic() - started:.0f} s in all")
    sys.exit(status)
