"""The ledger under races, cut connections and `kill -9`: nothing lost, nothing twice, never below zero."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from django.conf import settings as django_settings
from django.test import override_settings

from kv.errors import StoreUnavailable
from kv.store.caches import durable_cache
from kv.store.connection import forget_connections
from tests.faults.servers import Proxy, own_server
from usertokens.errors import HoldEnded, InsufficientTokens
from usertokens.services import balances, holds, journal
from usertokens.services.audits import check_ledgers

if TYPE_CHECKING:
    from tests.faults.servers import Breakable
    from usertokens.types import Movement

T = TypeVar("T")
CLIENTS = 8
ROUNDS = 5
PER_ROUND = 40
GIVE_UP_SECONDS = 60.0

pytestmark = pytest.mark.django_db


class TestRaces:
    def test_64_threads_spend_one_balance(self, store: Any) -> None:
        balances.add_tokens("1", 900, reason="x")
        start = threading.Barrier(64)
        refused_at: list[int] = []

        def spend(_: int) -> int:
            start.wait()
            spent = 0
            for _number in range(10):
                try:
                    spent += balances.spend_tokens("1", 7).amount
                except InsufficientTokens as error:
                    refused_at.append(error.balance)
            return spent

        with ThreadPoolExecutor(64) as threads:
            spent = sum(threads.map(spend, range(64)))
        assert spent == 1000 // 7 * 7
        assert all(0 <= balance < 7 for balance in refused_at)
        assert balances.get_balance("1").tokens.balance == 1000 - spent
        assert check_ledgers(["1"])[0].problems == ()

    def test_one_key_sent_50_times_at_once_debits_once(self, store: Any) -> None:
        start = threading.Barrier(50)

        def spend(_: int) -> Movement:
            start.wait()
            return balances.spend_tokens("1", 5, reason="article", key="the same")

        with ThreadPoolExecutor(50) as threads:
            answers = list(threads.map(spend, range(50)))
        assert {(answer.transaction_id, answer.balance) for answer in answers} == {("2", 95)}
        assert sum(not answer.repeated for answer in answers) == 1
        assert balances.get_balance("1").tokens.balance == 95

    def test_a_hold_ends_once_however_many_end_it(self, store: Any) -> None:
        hold = holds.hold_tokens("1", 50, ttl_seconds=60)
        start = threading.Barrier(32)

        def end(number: int) -> bool:
            start.wait()
            try:
                if number % 2:
                    holds.release_hold("1", hold.id)
                else:
                    holds.capture_hold("1", hold.id, 20)
            except HoldEnded:
                return False
            return True

        with ThreadPoolExecutor(32) as threads:
            assert sum(threads.map(end, range(32))) == 1
        assert balances.get_balance("1").tokens.balance in (80, 100)
        assert check_ledgers(["1"])[0].problems == ()


def test_a_reply_that_was_lost_is_answered_again(store: Any, store_server: Any) -> None:
    proxy = Proxy(store_server.socket_path)
    entry = durable_cache(proxy.url, timeout_ms=2000)
    try:
        with override_settings(CACHES={**django_settings.CACHES, "kv": entry}):
            balances.spend_tokens("1", 1)  # the script is known to the server from here on
            proxy.delay = 0.2
            lost = threading.Thread(target=_cut_once_sent, args=(proxy, store))
            lost.start()
            with pytest.raises(StoreUnavailable):
                balances.spend_tokens("1", 5, reason="article", key="k")
            lost.join()
            proxy.delay = 0.0
            again = balances.spend_tokens("1", 5, reason="article", key="k")
        assert (again.transaction_id, again.balance, again.repeated) == ("3", 94, True)
    finally:
        proxy.close()
        forget_connections()
    assert balances.get_balance("1").tokens.balance == 94


def _cut_once_sent(proxy: Proxy, store: Any) -> None:
    """Cut the line as soon as the store has written the third entry: its answer is still on its way."""
    deadline = time.monotonic() + 10
    while store.llen("user:{1}:tokens:journal") < 3 and time.monotonic() < deadline:
        pass
    proxy.cut()


@dataclass
class Load:
    """Eight clients that spend, hold, capture and release, each repeated under its key until it is acknowledged."""

    entries: dict[str, tuple[str, int]] = field(default_factory=dict)
    refused: int = 0
    done: int = 0
    progress: threading.Condition = field(default_factory=threading.Condition)

    def run(self, round_number: int, client: int) -> None:
        """One client's share of one round; two clients share a user."""
        user = str(client // 2)
        for number in range(PER_ROUND):
            key = f"{round_number}-{client}-{number}"
            self.keep(user, f"s{key}", lambda k: balances.spend_tokens(user, 2, key=k))
            hold = self.insist(lambda: holds.hold_tokens(user, 9, ttl_seconds=3600, key=f"h{key}"))  # noqa: B023 (called within the turn)
            if number % 2:
                self.keep(user, f"c{key}", lambda k: holds.capture_hold(user, hold.id, 4, key=k))  # noqa: B023 (called within the turn)
            else:
                self.keep(user, f"r{key}", lambda k: holds.release_hold(user, hold.id, key=k))  # noqa: B023 (called within the turn)
            with self.progress:
                self.done += 1
                self.progress.notify_all()

    def keep(self, user: str, key: str, operation: Callable[[str], Movement]) -> None:
        """Remember what was acknowledged."""
        self.entries[f"{user}/{key}"] = (self.insist(lambda: operation(key)).transaction_id, 1)

    def insist(self, operation: Callable[[], T]) -> T:
        """Repeat until the store acknowledges."""
        deadline = time.monotonic() + GIVE_UP_SECONDS
        while True:
            try:
                return operation()
            except StoreUnavailable:
                self.refused += 1
                if time.monotonic() > deadline:
                    raise

    def wait_for(self, done: int) -> None:
        """Return when so many turns have been acknowledged."""
        with self.progress:
            assert self.progress.wait_for(lambda: self.done >= done, timeout=GIVE_UP_SECONDS)


def strike(store: Breakable, load: Load, round_number: int) -> None:
    """One round: the clients work, and in their midst the server is killed."""
    begun = load.done
    with ThreadPoolExecutor(CLIENTS) as threads:
        shares = [threads.submit(load.run, round_number, client) for client in range(CLIENTS)]
        load.wait_for(begun + CLIENTS * PER_ROUND // 3)
        store.kill()
        for share in shares:
            share.result(GIVE_UP_SECONDS)


@pytest.mark.slow
def test_five_rounds_of_kill_9(db: None) -> None:
    load = Load()
    users = [str(number) for number in range(CLIENTS // 2)]
    with own_server(fsync="always", timeout_ms=1000) as store:
        for user in users:
            load.insist(lambda user=user: balances.add_tokens(user, 100_000, reason="x", key="start"))  # type: ignore[misc] # bound now, by its default
        for round_number in range(ROUNDS):
            strike(store, load, round_number)
        store.kill()
        reports = load.insist(lambda: check_ledgers(users))
        assert [report.problems for report in reports] == [()] * len(users)
        for user in users:
            found = [entry for entry in journal.iterate_transactions(user) if entry.key]
            by_key = {entry.key: entry for entry in found}
            assert len(by_key) == len(found), "an operation stands in the journal twice"
            mine = {key.split("/")[1]: word for key, word in load.entries.items() if key.startswith(f"{user}/")}
            assert {key: str(by_key[key].id) for key in mine} == {key: entry for key, (entry, _) in mine.items()}
            turns = 2 * ROUNDS * PER_ROUND
            spent = turns * 2 + turns // 2 * 4
            assert balances.get_balance(user).tokens.balance == 100_100 - spent
            assert balances.get_balance(user).tokens.held == 0
    assert load.refused > 0, "no client met the dead server: the test has shown nothing"
