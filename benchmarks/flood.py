"""What a flood of log-ins costs everybody else: the site as `make run` serves it, idle and then under wrong log-ins.

ADDRESSES addresses send one wrong log-in a second each, whatever the answers are. One visitor asks for pages and is
counted meanwhile. Printed: medians in ms, and the ratio of flooded to idle; the bar is 2.
"""

from __future__ import annotations

import re
import shutil
import signal
import statistics
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Self
from urllib.parse import urlencode

from tests.faults.site import Site
from tests.faults.test_flood import LOG_INS, request

ADDRESSES = 64
SECONDS = 8
_PAUSE_SECONDS = 0.01

Operation = Callable[[], object]


class Flood:
    """Wrong log-ins at a fixed rate: one a second from each address, spread evenly."""

    def __init__(self, site: Site) -> None:
        self.statuses: Counter[int] = Counter()
        self._site = site
        self._over = threading.Event()
        _, headers, page = request(site, "GET", "/accounts/login")
        token = re.search(rb'name="csrfmiddlewaretoken" value="(\w+)"', page)
        assert token is not None
        self._body = urlencode({"username": "nobody", "password": "wrong", "csrfmiddlewaretoken": token[1].decode()})
        self._cookie = headers["Set-Cookie"].partition(";")[0]
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(ADDRESSES)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _run(self, number: int) -> None:
        headers = {
            "X-Forwarded-For": f"10.{number}.0.1", "Cookie": self._cookie,
            "Content-Type": "application/x-www-form-urlencoded",
        }  # fmt: skip
        self._over.wait(number / ADDRESSES)
        while not self._over.is_set():
            began = time.monotonic()
            status, _, _ = request(self._site, "POST", LOG_INS[number % len(LOG_INS)], self._body, headers)
            self.statuses[status] += 1
            self._over.wait(max(0.0, 1 - (time.monotonic() - began)))


def medians(operations: dict[str, Operation], seconds: float) -> dict[str, float]:
    """Each operation in turn until the time is over: its median in ms."""
    took: dict[str, list[float]] = {name: [] for name in operations}
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for name, operation in operations.items():
            began = time.perf_counter()
            operation()
            took[name].append((time.perf_counter() - began) * 1000)
            time.sleep(_PAUSE_SECONDS)
    return {name: statistics.median(times) for name, times in took.items()}


def main() -> None:
    """Print the table."""
    directory = Path(tempfile.mkdtemp(prefix="ch-"))
    site = Site(directory)
    site.start()
    visitors = iter(range(1_000_000))
    operations: dict[str, Operation] = {
        "/healthz": lambda: request(site, "GET", "/healthz"),
        "/": lambda: request(site, "GET", "/"),
        "/statistics": lambda: request(site, "GET", "/statistics"),
        "a visit": lambda: site.visit(next(visitors)),
    }
    try:
        medians(operations, 2)
        idle = medians(operations, SECONDS)
        with Flood(site) as flood:
            time.sleep(2)
            flooded = medians(operations, SECONDS)
        for name in operations:
            before, under = idle[name], flooded[name]
            print(f"{name:12} idle {before:6.2f} ms  flooded {under:6.2f} ms  {under / before:.2f}")
        print("log-ins answered:", ", ".join(f"{count} × {status}" for status, count in sorted(flood.statuses.items())))
    finally:
        site.stop(signal.SIGTERM)
        if site.store.server.is_alive():
            site.store.server.stop()
        shutil.rmtree(directory)


if __name__ == "__main__":
    main()
