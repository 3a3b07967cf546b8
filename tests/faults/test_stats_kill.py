"""`kill -9` on the store while eight clients count: what was acknowledged is there afterwards, and nothing twice."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from kv.errors import StoreUnavailable
from stats.services.figures import forget_figures, read_figures
from stats.services.payment_code_counts import record_payment_code
from stats.services.series import list_days
from stats.services.usage import list_usage, record_usage
from stats.services.visits import record_visit
from tests.faults.servers import own_server

if TYPE_CHECKING:
    from collections.abc import Callable

    from stats.types import CountedPaymentCode, Visit
    from tests.faults.servers import Breakable

T = TypeVar("T")
CLIENTS = 8
ROUNDS = 5
PER_ROUND = 60
GIVE_UP_SECONDS = 60.0
TOOL = "payment-qr"

pytestmark = pytest.mark.slow


@dataclass
class Load:
    """Eight clients that count visits, payment codes and uses, each repeated under its id until it is acknowledged."""

    visits: dict[str, Visit] = field(default_factory=dict)
    codes: dict[str, CountedPaymentCode] = field(default_factory=dict)
    uses: set[str] = field(default_factory=set)
    refused: int = 0
    progress: threading.Condition = field(default_factory=threading.Condition)
    done: int = 0

    def run(self, round_number: int, client: int) -> None:
        """One client's share of one round."""
        base = int(IPv4Address("198.18.0.0")) + (round_number * CLIENTS + client) * PER_ROUND
        for number in range(PER_ROUND):
            address, name = str(IPv4Address(base + number)), f"{round_number}-{client}-{number}"
            self.visits[address] = self.insist(lambda address=address: record_visit(address=address))  # type: ignore[misc] # bound now, by its default
            self.codes[name] = self.insist(lambda name=name: record_payment_code(id=name, amount_cents=101))  # type: ignore[misc] # bound now, by its default
            self.insist(lambda name=name: record_usage(tool=TOOL, id=name))  # type: ignore[misc] # bound now, by its default
            self.uses.add(name)
            with self.progress:
                self.done += 1
                self.progress.notify_all()

    def insist(self, operation: Callable[[], T]) -> T:
        """Repeat until the store acknowledges, as the page's script does on the next page."""
        deadline = time.monotonic() + GIVE_UP_SECONDS
        while True:
            try:
                return operation()
            except StoreUnavailable:
                self.refused += 1
                if time.monotonic() > deadline:
                    raise

    def wait_for(self, done: int) -> None:
        """Return when so many rows have been acknowledged."""
        with self.progress:
            assert self.progress.wait_for(lambda: self.done >= done, timeout=GIVE_UP_SECONDS)


def strike(store: Breakable, load: Load, round_number: int) -> None:
    """One round: the clients count, and in their midst the server is killed twice."""
    begun = load.done
    with ThreadPoolExecutor(CLIENTS) as threads:
        shares = [threads.submit(load.run, round_number, client) for client in range(CLIENTS)]
        for part in (0.2, 0.6):
            load.wait_for(begun + int(CLIENTS * PER_ROUND * part))
            store.kill()
            # The next use starts it again; only then can it be killed again.
            load.wait_for(min(load.done + CLIENTS, begun + CLIENTS * PER_ROUND))
        for share in shares:
            share.result(GIVE_UP_SECONDS)


def test_five_rounds_of_kill_9_lose_nothing_and_count_nothing_twice(settings: Any) -> None:
    settings.RATE_LIMITS = None
    load = Load()
    with own_server(fsync="always", timeout_ms=1000) as store:
        for round_number in range(ROUNDS):
            strike(store, load, round_number)
        store.kill()
        forget_figures()
        rows = CLIENTS * PER_ROUND * ROUNDS
        assert (len(load.visits), len(load.codes), len(load.uses)) == (rows, rows, rows)
        known = load.insist(read_figures)
        assert (known.visitors, known.qr_total, known.revenue_cents) == (rows, rows, rows * 101)
        assert {use.tool: use.count for use in list_usage()}[TOOL] == rows
        days = list_days(days=2)  # two: midnight may pass
        assert (sum(day.visitors for day in days), sum(day.payment_codes for day in days)) == (rows, rows)
        assert not any(record_visit(address=address).counted for address in load.visits)
        assert not any(record_payment_code(id=name, amount_cents=101).counted for name in load.codes)
        assert read_figures().visitors == rows
    forget_figures()
    assert load.refused > 0, "no client met the dead server: the test has shown nothing"
