"""Everything that may die or freeze does, at random, under eight clients: what was acknowledged is there, once.

CHAOS_SECONDS says for how long (10 unless said; `make test-chaos`: 200), CHAOS_SEED which faults come when.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.faults.servers import is_running, wait_until
from tests.faults.site import BROWSER, Site, children, own_site, web_workers

pytestmark = pytest.mark.slow

CLIENTS = 8
CENTS = 101
SECONDS = float(os.environ.get("CHAOS_SECONDS", "10"))
GIVE_UP_SECONDS = 90.0


@dataclass
class Clients:
    """Each makes one operation after another, and repeats it under its id until it is acknowledged."""

    site: Site
    token: str
    over: threading.Event = field(default_factory=threading.Event)
    acknowledged: Counter[str] = field(default_factory=Counter)
    repeated: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, client: int) -> None:
        """Operations until it is over; the last one, too, to its end."""
        number = client
        while not self.over.is_set():
            for kind, path, body, headers in operations(number):
                self._insist(path, body, {**headers, "Authorization": f"Token {self.token}"} if headers else {}, number)
                with self._lock:
                    self.acknowledged[kind] += 1
            number += CLIENTS

    def _insist(self, path: str, body: bytes, headers: dict[str, str], number: int) -> None:
        deadline = time.monotonic() + GIVE_UP_SECONDS
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.site.port}{path}", data=body, method="POST",
            headers={
                "User-Agent": BROWSER, "Content-Type": "application/json", **headers,
                "X-Forwarded-For": f"10.{number // 62500 % 250}.{number // 250 % 250}.{number % 250 + 1}",
            },
        )  # fmt: skip
        while True:
            with suppress(OSError, urllib.error.HTTPError), urllib.request.urlopen(request, timeout=5) as answer:
                answer.read()
                return
            self.repeated += 1
            assert time.monotonic() < deadline, f"{path} was not acknowledged within {GIVE_UP_SECONDS:g} s"
            self.over.wait(0.05)


def operations(number: int) -> Iterator[tuple[str, str, bytes, dict[str, str]]]:
    """What a client does in one round: kind, address, body, headers of a service."""
    service = {"Idempotency-Key": f"c-{number}"}
    yield "visit", "/api/stats/visit", b"{}", {}
    yield "use", "/api/track-usage", b'{"tool": "payment-qr", "id": "c-%d"}' % number, {}
    yield "code", "/api/stats/qr", b'{"id": "c-%d", "amount_cents": %d}' % (number, CENTS), service
    yield "hit", "/api/analytics/qr?code=DEMO", b"", {}
    yield "spend", "/api/tokens/spend", b'{"amount": 1, "reason": "x", "userId": "test-user-id"}', service


@dataclass
class Faults:
    """What may happen to the site; each leaves it to heal by itself, but for the supervisor, which is started again."""

    site: Site
    rng: random.Random
    over: threading.Event
    happened: Counter[str] = field(default_factory=Counter)

    def strike(self) -> None:
        """One fault of those that there are, and its healing."""
        fault = self.rng.choice(
            [self.kill_store, self.freeze_store, self.kill_web, self.kill_successor, self.freeze_web, self.kill_all_web,
             self.kill_background, self.kill_supervisor]
        )  # fmt: skip
        self.happened[fault.__name__] += 1
        # What is struck may have died of the last fault, or not be there yet.
        with suppress(ProcessLookupError, ConnectionError, FileNotFoundError, IndexError, StopIteration):
            fault()

    def kill_store(self) -> None:
        os.kill(self.site.store.pid, signal.SIGKILL)

    def freeze_store(self) -> None:
        pid = self.site.store.pid
        os.kill(pid, signal.SIGSTOP)
        self.over.wait(self.rng.uniform(0.2, 2.0))
        os.kill(pid, signal.SIGCONT)

    def kill_web(self) -> None:
        os.kill(self.rng.choice(web_workers(self.site)), signal.SIGKILL)

    def kill_successor(self) -> None:
        known = set(web_workers(self.site))
        os.kill(web_workers(self.site)[0], signal.SIGKILL)
        for _ in range(3):
            os.kill(self._successor(known), signal.SIGKILL)

    def _successor(self, known: set[int]) -> int:
        """The first web worker that was not known, which is now."""
        wait_until(lambda: bool(set(web_workers(self.site)) - known), 30)
        new = set(web_workers(self.site)) - known
        known |= new
        return new.pop()

    def freeze_web(self) -> None:
        os.kill(self.rng.choice(web_workers(self.site)), signal.SIGSTOP)

    def kill_all_web(self) -> None:
        for pid in web_workers(self.site):
            os.kill(pid, signal.SIGKILL)

    def kill_background(self) -> None:
        os.kill(next(pid for pid, command in children(self.site) if "django work" in command), signal.SIGKILL)

    def kill_supervisor(self) -> None:
        assert self.site.main is not None
        family = self.site.family()
        self.site.main.kill()
        self.site.ended()
        wait_until(lambda: not any(is_running(pid) for pid in family), 20)
        self.site.start()


@pytest.fixture
def site() -> Iterator[Site]:
    with own_site(started=False) as site:
        yield site


def _ask(site: Site, path: str, token: str = "", data: Any = None) -> Any:
    """A figure, asked for until the site answers."""
    found: list[Any] = []

    def asked() -> bool:
        with suppress(OSError, ValueError):
            status, body = site.ask(path, data, "10.0.0.1", token)
            found[:] = [body] if status == 200 else []
        return bool(found)

    wait_until(asked, 60)
    return found[0]


def test_each_acknowledged_operation_is_there_once(site: Site, record_property: Callable[[str, object], None]) -> None:
    site.start()
    permissions = (
        "usertokens.act_for_any",
        "usertokens.view_any",
        "usertokens.manage_tokens",
        "stats.record_qr",
        "codetags.view_counts",
    )
    out, errors = site.manage("service_token", "chaos", "--perm", *permissions).communicate(timeout=120)
    assert out, errors
    token = out.strip()
    body = {"userId": "test-user-id", "amount": 10**9, "reason": "chaos"}
    assert site.ask("/api/tokens/add", body, token=token)[0] == 200
    before = _ask(site, "/api/tokens?userId=test-user-id", token)["balance"]
    clients = Clients(site, token)
    faults = Faults(site, random.Random(os.environ.get("CHAOS_SEED")), clients.over)
    end = time.monotonic() + SECONDS
    with ThreadPoolExecutor(CLIENTS) as threads:
        running = [threads.submit(clients.run, client) for client in range(CLIENTS)]
        try:
            while time.monotonic() < end and not any(one.done() for one in running):
                clients.over.wait(faults.rng.uniform(0.2, 1.5))
                faults.strike()
        finally:
            clients.over.set()
        for one in running:
            one.result()
    record_property(
        "figures",
        f"chaos {SECONDS:g} s: {dict(clients.acknowledged)}, {clients.repeated} repeated, {dict(faults.happened)}",
    )
    counted = clients.acknowledged
    wait_until(lambda: _ask(site, "/readyz")["status"] == "ok", 60)
    # Repeated, each answers with the total as it is, and counts nothing: figures to look at may be a minute old.
    figures = _ask(site, "/api/stats/qr", token, {"id": "c-0", "amount_cents": CENTS})
    visitors = _ask(site, "/api/stats/visit", "", {})["visitors"]  # 10.0.0.1 was client 0's first
    uses = _ask(site, "/api/track-usage", "", {"tool": "payment-qr", "id": "c-0"})["count"]
    codes = {row["code"]: row["count"] for row in _ask(site, "/api/dashboard/code-tags", token)["codes"]}
    balance = _ask(site, "/api/tokens?userId=test-user-id", token)["balance"]
    assert {
        "visit": visitors, "code": figures["qr_total"], "hit": codes["DEMO"], "spend": before - balance,
        "use": uses,
    } == dict(counted)  # fmt: skip
    assert figures["revenue_cents"] == CENTS * counted["code"]
    check = site.manage("usertokens_check")
    assert check.communicate(timeout=120) is not None
    assert check.returncode == 0
