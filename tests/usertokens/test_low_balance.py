"""The note about a low balance, and the signal: once for each fall, whatever else the same call settles."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import override_settings
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.samples import samples
from usertokens.errors import InsufficientTokens
from usertokens.services import activity, balances, dashboards, holds, journal, plans, purchases, recharges, resets
from usertokens.signals import low_balance

pytestmark = pytest.mark.django_db

NOVEMBER = datetime(2026, 11, 10, 9, tzinfo=UTC)
DECEMBER = datetime(2026, 12, 3, tzinfo=UTC)
USER = "5"


class Receiver:
    def __init__(self) -> None:
        self.received: list[int] = []

    def receive(self, *, user_id: str, balance: int, **_: Any) -> None:
        assert user_id == USER
        self.received.append(balance)


@pytest.fixture
def received() -> Iterator[list[int]]:
    receiver = Receiver()
    low_balance.connect(receiver.receive)
    yield receiver.received
    low_balance.disconnect(receiver.receive)


def is_noted(now: datetime) -> bool:
    return dashboards.read_dashboard(USER, now=now).low_balance


class TestFirstTouch:
    """The allowance comes in the very call that takes it."""

    @pytest.mark.parametrize(("amount", "expected"), [(89, []), (90, [10]), (91, [9]), (100, [0])])
    @pytest.mark.parametrize("is_new", [True, False])
    def test_of_an_account_or_a_month(
        self, store: Any, received: list[int], amount: int, expected: list[int], *, is_new: bool
    ) -> None:
        if not is_new:
            balances.spend_tokens(USER, 95, now=NOVEMBER)
            assert received == [5]
            received.clear()
        balances.spend_tokens(USER, amount, now=DECEMBER)
        assert received == expected
        assert is_noted(DECEMBER) is bool(expected)

    @pytest.mark.parametrize(
        "take",
        [
            lambda now: balances.record_generation(USER, 95, now=now),
            lambda now: balances.adjust_tokens(USER, -95, reason="count", actor="1", now=now),
            lambda now: holds.hold_tokens(USER, 95, ttl_seconds=60, now=now),
        ],
    )
    def test_by_every_way_of_taking(self, store: Any, received: list[int], take: Callable[[datetime], Any]) -> None:
        take(NOVEMBER)
        assert received == [5]

    def test_an_allowance_that_is_low_itself_is_no_fall(self, store: Any, received: list[int]) -> None:
        with override_settings(PLAN_ALLOWANCES={"Free": 7}):
            assert is_noted(NOVEMBER)
            balances.spend_tokens(USER, 3, now=NOVEMBER)
        assert received == []


class TestFallByItself:
    """Nobody takes anything: a grant's time is over when somebody looks, whatever the call is for."""

    @pytest.mark.parametrize(
        "look",
        [
            lambda now: balances.get_balance(USER, now=now),
            lambda now: dashboards.read_dashboard(USER, now=now),
            lambda now: activity.record_login(USER, now=now),
            lambda now: recharges.recharge_users([USER], now=now),
            lambda now: journal.list_transactions(USER, now=now),
            lambda now: purchases.grant_tokens(USER, 1, reason="top-up", key="cs_1", now=now),
            lambda now: plans.set_plan(USER, "Free", now=now),
        ],
    )
    def test_is_heard(self, store: Any, received: list[int], look: Callable[[datetime], Any]) -> None:
        soon = NOVEMBER + timedelta(days=2)
        balances.add_tokens(USER, 50, reason="gift", expires_at=soon, priority=99, now=NOVEMBER)
        balances.spend_tokens(USER, 95, now=NOVEMBER)
        look(soon)
        assert received in ([5], [6])
        assert is_noted(soon)
        look(soon)
        assert len(received) == 1

    def test_beside_a_refusal(self, store: Any, received: list[int]) -> None:
        soon = NOVEMBER + timedelta(days=2)
        balances.add_tokens(USER, 50, reason="gift", expires_at=soon, priority=99, now=NOVEMBER)
        balances.spend_tokens(USER, 95, now=NOVEMBER)
        with pytest.raises(InsufficientTokens):
            balances.spend_tokens(USER, 500, now=soon)
        assert received == [5]


def test_a_balance_of_exactly_the_threshold_is_heard(store: Any, received: list[int]) -> None:
    balances.get_balance(USER, now=NOVEMBER)
    balances.spend_tokens(USER, 89, now=NOVEMBER)
    assert (received, is_noted(NOVEMBER)) == ([], False)
    balances.spend_tokens(USER, 1, now=NOVEMBER)
    assert (received, is_noted(NOVEMBER)) == ([10], True)


def test_a_note_goes_when_tokens_come(store: Any) -> None:
    balances.spend_tokens(USER, 95, now=NOVEMBER)
    purchases.grant_tokens(USER, 1011, reason="top-up", key="cs_1", now=NOVEMBER)
    assert not is_noted(NOVEMBER)


def test_a_note_that_is_put_away_while_there_is_plenty_stands_at_the_next_fall(store: Any) -> None:
    balances.get_balance(USER, now=NOVEMBER)
    balances.dismiss_low_balance(USER)
    balances.spend_tokens(USER, 95, now=NOVEMBER)
    assert is_noted(NOVEMBER)


def test_nothing_is_made_for_whom_nothing_is_known(store: Any) -> None:
    balances.dismiss_low_balance("77")
    assert store.keys("*77*") == []


def test_the_same_key_again_tells_nobody_twice(store: Any, received: list[int]) -> None:
    for _ in range(2):
        balances.spend_tokens(USER, 95, key="k", now=NOVEMBER)
    assert received == [5]


class NoteMachine(RuleBasedStateMachine):
    """Beside the journal, which says how high the balance stood within a call."""

    store: Any

    @initialize(low=st.sampled_from([0, 10, 60]))
    def begin(self, low: int) -> None:
        self.store.flushall()
        self.settings = override_settings(LOW_BALANCE=low)
        self.settings.enable()
        self.receiver = Receiver()
        low_balance.connect(self.receiver.receive)
        self.low, self.now, self.balance, self.entries = low, NOVEMBER, 0, 0
        self.is_put_away, self.names = False, 0

    def teardown(self) -> None:
        if hasattr(self, "settings"):
            self.settings.disable()
            low_balance.disconnect(self.receiver.receive)

    def ask(self, call: Callable[[], Any]) -> None:
        """One call; the signal is to come when the balance was higher before it or in it, and is low behind it."""
        self.receiver.received.clear()
        with contextlib.suppress(InsufficientTokens):
            call()
        received_now = list(self.receiver.received)
        entries = list(journal.list_transactions(USER, limit=1000, now=self.now).results)
        new = entries[: len(entries) - self.entries]
        highest = max([self.balance, *(entry.balance_after for entry in new)])
        self.entries = len(entries)
        self.balance = entries[0].balance_after if entries else 0
        falls = highest > self.low >= self.balance
        assert received_now == ([self.balance] if falls else [])
        if falls:
            self.is_put_away = False

    @rule(days=st.sampled_from([0.1, 1, 5, 26]))
    def wait(self, days: float) -> None:
        self.now += timedelta(days=days)

    @rule(amount=st.sampled_from([1, 10, 40, 50, 90, 100, 130]))
    def spend(self, amount: int) -> None:
        self.ask(lambda: balances.spend_tokens(USER, amount, now=self.now))

    @rule(amount=st.sampled_from([1, 10, 11, 60, 200]), days=st.sampled_from([None, 1, 6]))
    def add(self, amount: int, days: int | None) -> None:
        until = self.now + timedelta(days=days) if days else None
        self.ask(lambda: balances.add_tokens(USER, amount, reason="gift", expires_at=until, now=self.now))

    @rule(amount=st.sampled_from([5, 90]))
    def hold(self, amount: int) -> None:
        self.ask(lambda: holds.hold_tokens(USER, amount, ttl_seconds=3600, now=self.now))

    @rule(plan=st.sampled_from(["Free", "Plus"]))
    def plan(self, plan: str) -> None:
        self.ask(lambda: plans.set_plan(USER, plan, now=self.now))

    @rule(gives=st.booleans())
    def money(self, *, gives: bool) -> None:
        self.names += gives
        name = f"cs_{self.names}"
        if gives:
            self.ask(lambda: purchases.grant_tokens(USER, 30, reason="top-up", key=name, now=self.now))
        elif self.names:
            self.ask(lambda: purchases.reverse_grant(USER, name, 30, now=self.now))

    @rule(way=st.sampled_from([balances.get_balance, activity.record_login, journal.list_transactions]))
    def look(self, way: Callable[..., Any]) -> None:
        self.ask(lambda: way(USER, now=self.now))

    @rule()
    def put_away(self) -> None:
        balances.dismiss_low_balance(USER)
        self.is_put_away = self.entries > 0

    @invariant()
    def the_note_stands_while_it_is_low(self) -> None:
        if hasattr(self, "receiver"):
            shown: list[bool] = []
            self.ask(lambda: shown.append(is_noted(self.now)))
            assert shown == [self.balance <= self.low and not self.is_put_away]


@pytest.mark.slow
def test_notes_and_signals_of_many_lives(store: Any) -> None:
    NoteMachine.store = store
    run_state_machine_as_test(
        NoteMachine,
        settings=settings(
            max_examples=samples(40), stateful_step_count=25, deadline=None, report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate],
        ),
    )  # fmt: skip


def test_a_reset_says_what_the_first_day_is(store: Any) -> None:
    balances.get_balance(USER, now=NOVEMBER)
    assert not resets.reset_user(USER, now=NOVEMBER).low_balance
    with override_settings(PLAN_ALLOWANCES={"Free": 3}):
        assert resets.reset_user(USER, now=NOVEMBER).low_balance
