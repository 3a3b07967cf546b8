"""Clients that count while servers are killed under them, and the account of what was acknowledged.

Every operation carries an id and is repeated under it until it is acknowledged, as the site's own callers do; so in the
end each must stand in the store exactly once.
"""

from __future__ import annotations

import itertools
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

from codetags.services.counts import get_code
from codetags.services.hits import record_hit
from kv.errors import StoreUnavailable
from stats.services.figures import forget_figures, read_figures
from stats.services.payment_code_counts import record_payment_code
from stats.services.usage import list_usage, record_usage
from stats.services.visits import record_visit
from tests.engines import wait_until
from usertokens.services.balances import add_tokens, get_balance, spend_tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TOOL = "payment-qr"
CODE = "DEMO"
CENTS = 101
USERS = 12
_TOKENS = 10**6
_FIRST_ADDRESS = int(IPv4Address("198.18.0.0"))
_GIVE_UP_SECONDS = 60.0

OPERATIONS: dict[str, Callable[[int], object]] = {
    "visit": lambda number: record_visit(address=str(IPv4Address(_FIRST_ADDRESS + number))),
    "code": lambda number: record_payment_code(id=f"w-{number}", amount_cents=CENTS),
    "use": lambda number: record_usage(tool=TOOL, id=f"w-{number}"),
    "hit": lambda number: record_hit(code=CODE, address=str(IPv4Address(_FIRST_ADDRESS + number)), agent="Firefox"),
    "spend": lambda number: spend_tokens(user_of(number), 1, reason="test", key=f"w-{number}"),
}


def user_of(number: int) -> str:
    """Whose tokens an operation spends: users of many slots in turn."""
    return f"w{number % USERS}"


@dataclass
class Workload:
    """acknowledged: by operation, the numbers of those the store said yes to. refusals: when each came, monotonic."""

    threads: int = 4
    acknowledged: dict[str, set[int]] = field(default_factory=lambda: {name: set() for name in OPERATIONS})
    refusals: list[float] = field(default_factory=list)
    slowest: float = 0.0
    failures: list[BaseException] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _stop: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def running(self) -> Iterator[None]:
        """The clients at work within the block; at its end each finishes what it has begun."""
        for number in range(USERS):
            begin = get_balance(user_of(number)).tokens.balance  # of the account's own first allowance
            add_tokens(user_of(number), _TOKENS - begin, reason="test", key="begin")
        clients = [threading.Thread(target=self._work) for _ in range(self.threads)]
        for client in clients:
            client.start()
        try:
            yield
        finally:
            self._stop.set()
            for client in clients:
                client.join(_GIVE_UP_SECONDS + 10)
        if self.failures:
            raise self.failures[0]

    @property
    def done(self) -> int:
        """How many operations were acknowledged so far."""
        return sum(map(len, self.acknowledged.values()))

    def more(self, count: int, seconds: float = 30.0) -> None:
        """Return when so many more have been acknowledged."""
        aim = self.done + count
        wait_until(lambda: self.done >= aim or bool(self.failures), seconds)

    def missing(self) -> dict[str, int]:
        """By operation, how many acknowledged ones the store does not have; negative: counted more than once."""
        forget_figures()
        known = read_figures()
        left = sum(get_balance(user_of(number)).tokens.balance for number in range(USERS))
        tools = {use.tool: use.count for use in list_usage()}
        have = {
            "visit": known.visitors,
            "code": known.qr_total,
            "use": tools[TOOL],
            "hit": hits.count if (hits := get_code(CODE)) else 0,
            "spend": USERS * _TOKENS - left,
        }
        assert known.revenue_cents == known.qr_total * CENTS, "a code and its amount are one step"
        return {name: len(self.acknowledged[name]) - have[name] for name in OPERATIONS}

    def outage(self) -> float:
        """Seconds from the first refusal to the last."""
        return max(self.refusals) - min(self.refusals) if self.refusals else 0.0

    def summary(self) -> str:
        """For the figures in docs/operations.md."""
        refused = f"{len(self.refusals)} refused within {self.outage():.1f} s"
        return f"{self.done} acknowledged, {refused}, slowest answer {self.slowest * 1000:.0f} ms"

    def _work(self) -> None:
        try:
            while not self._stop.is_set():
                number = next(self._numbers)
                for name, operation in OPERATIONS.items():
                    self._until_acknowledged(lambda number=number, operation=operation: operation(number))  # type: ignore[misc] # bound now, by its default
                    self.acknowledged[name].add(number)
        except BaseException as error:  # noqa: BLE001 (raised again in the test's own thread)
            self.failures.append(error)

    def _until_acknowledged(self, operation: Callable[[], object]) -> None:
        deadline = time.monotonic() + _GIVE_UP_SECONDS
        pause = threading.Event()
        while True:
            began = time.monotonic()
            try:
                operation()
            except StoreUnavailable:
                self.refusals.append(time.monotonic())
                self.slowest = max(self.slowest, time.monotonic() - began)
                if time.monotonic() > deadline:
                    raise
                pause.wait(0.02)
            else:
                self.slowest = max(self.slowest, time.monotonic() - began)
                return
