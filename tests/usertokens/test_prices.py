"""Prices by action: exact sums, changed prices, repeats, and the API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from fractions import Fraction
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings
from django.utils import timezone
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from config.environment import Environment
from config.values import token_actions
from kv.store.connection import call
from usertokens import keys
from usertokens.checks import check_actions
from usertokens.conf import parse_price
from usertokens.errors import (
    IdempotencyConflict,
    InsufficientTokens,
    NotReversible,
    UnknownAction,
)
from usertokens.services import balances, holds, journal, purchases, resets
from usertokens.services.audits import check_ledgers
from usertokens.services.ledger import fingerprint_of
from usertokens.types import Price

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store")]

USER = "17"
_numbers = count(1000)
ACTIONS = {"article": 3, "tiny": "3/10", "third": "1/3", "gpt:input": "2/1000", "whole": "0.5"}


@pytest.fixture(autouse=True)
def _actions(settings: Any) -> None:
    settings.TOKEN_ACTIONS = dict(ACTIONS)
    settings.PLAN_ALLOWANCES = {"Free": 1000}


@pytest.fixture
def fingerprints(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What stands for the input of each call that has an idempotency key."""
    seen: list[tuple[Any, ...]] = []

    def note(*values: Any) -> bytes:
        seen.append(values)
        return fingerprint_of(*values)

    monkeypatch.setattr("usertokens.services.ledger.fingerprint_of", note)
    return seen


def balance() -> int:
    assert check_ledgers([USER])[0].problems == ()
    return balances.get_balance(USER).tokens.balance


def fields() -> set[str]:
    found = call("HGETALL", keys.account(USER))
    names = found if isinstance(found, dict) else found[::2]
    return {name.decode() for name in names}


class TestSums:
    @pytest.mark.parametrize(("action", "units", "times", "sum_"), [
        ("tiny", 1, 1000, 300), ("gpt:input", 1, 1000, 2), ("third", 1, 300, 100), ("gpt:input", 333, 500, 333),
        ("whole", 1, 7, 3), ("tiny", 7, 100, 210),
    ])  # fmt: skip
    def test_many_small_ones_cost_what_a_large_one_does(self, action: str, units: int, times: int, sum_: int) -> None:
        spent = sum(balances.spend_tokens(USER, action=action, quantity=units).amount for _ in range(times))
        assert (spent, balance()) == (sum_, 1000 - sum_)
        one = balances.spend_tokens("18", action=action, quantity=units * times)
        assert one.amount == sum_

    def test_a_spend_of_nothing_has_an_entry(self) -> None:
        spent = balances.spend_tokens(USER, action="tiny")
        assert (spent.amount, spent.balance, spent.transaction_id) == (0, 1000, "2")
        newest = journal.list_transactions(USER, limit=1).results[0]
        assert (newest.type, newest.amount, newest.reason, newest.action, newest.quantity) == (
            "spend", 0, "tiny", "tiny", 1,
        )  # fmt: skip
        with pytest.raises(NotReversible):
            balances.reverse_entry(USER, 2, reason="mend")

    def test_in_debt_too_it_is_no_matter_of_the_balance(self) -> None:
        purchases.grant_tokens(USER, 500, reason="top-up", key="p")
        balances.spend_tokens(USER, 1500)
        purchases.reverse_grant(USER, "p", 500)
        assert balance() == -500
        for _ in range(3):
            assert balances.spend_tokens(USER, action="tiny").amount == 0
        with pytest.raises(InsufficientTokens) as caught:
            balances.spend_tokens(USER, action="tiny")
        assert (caught.value.balance, caught.value.required) == (-500, 1)

    def test_actions_and_users_carry_on_their_own(self) -> None:
        for _ in range(2):
            balances.spend_tokens(USER, action="tiny")
            balances.spend_tokens(USER, action="third")
            balances.spend_tokens("18", action="tiny")
        assert balance() == 1000
        assert balances.spend_tokens(USER, action="tiny", quantity=2).amount == 1
        assert balances.spend_tokens(USER, action="third").amount == 1

    @pytest.mark.parametrize("quantity", [1, 999_999, 10**9 + 7, 10**12])
    def test_large_quantities_are_exact(self, quantity: int, settings: Any) -> None:
        settings.TOKEN_ACTIONS = {"odd": "999999937/999983"}
        balances.add_tokens(USER, 10**12, reason="plenty")
        cost = Fraction(999999937, 999983) * quantity
        if cost > 10**12:
            with pytest.raises(InsufficientTokens):
                balances.spend_tokens(USER, action="odd", quantity=quantity)
            return
        assert balances.spend_tokens(USER, action="odd", quantity=quantity).amount == int(cost)

    def test_a_refusal_carries_nothing_on(self) -> None:
        balances.spend_tokens(USER, action="tiny", quantity=3333)
        assert balance() == 1
        with pytest.raises(InsufficientTokens) as caught:
            balances.spend_tokens(USER, action="tiny", quantity=4)
        assert (caught.value.balance, caught.value.required) == (1, 2)
        assert balances.spend_tokens(USER, action="tiny").amount == 1
        assert balance() == 0

    def test_who_names_no_action_has_no_new_field(self) -> None:
        balances.spend_tokens(USER, 3)
        before = fields()
        balances.spend_tokens(USER, action="article")
        balances.spend_tokens(USER, action="tiny", quantity=10)
        assert fields() == before
        balances.spend_tokens(USER, action="tiny")
        assert fields() - before == {"part:tiny"}
        balances.spend_tokens(USER, action="tiny", quantity=9)
        assert fields() == before

    def test_a_reset_forgets_fractions(self) -> None:
        balances.spend_tokens(USER, action="tiny", quantity=3)
        resets.reset_user(USER)
        assert "part:tiny" not in fields()

    def test_archived_entries_say_what_they_were(self) -> None:
        balances.spend_tokens(USER, action="gpt:input", quantity=700)
        journal.archive_journal(USER, older_than=timezone.now() + timedelta(days=1))
        newest = journal.list_transactions(USER, limit=1).results[0]
        assert (newest.action, newest.quantity, newest.amount) == ("gpt:input", 700, -1)


class TestChangedPrices:
    def test_what_was_carried_is_rounded_down(self, settings: Any) -> None:
        balances.spend_tokens(USER, action="tiny", quantity=3)  # 0.9
        settings.TOKEN_ACTIONS = {"tiny": "1/4"}
        assert balances.spend_tokens(USER, action="tiny").amount == 1  # 3/4 + 1/4
        assert balances.spend_tokens(USER, action="tiny", quantity=3).amount == 0

    def test_a_multiple_keeps_it_exactly(self, settings: Any) -> None:
        balances.spend_tokens(USER, action="tiny", quantity=3)
        settings.TOKEN_ACTIONS = {"tiny": "1/1000"}
        assert balances.spend_tokens(USER, action="tiny", quantity=99).amount == 0
        assert balances.spend_tokens(USER, action="tiny").amount == 1

    def test_a_whole_price_leaves_it_for_later(self, settings: Any) -> None:
        balances.spend_tokens(USER, action="tiny", quantity=3)
        settings.TOKEN_ACTIONS = {"tiny": 2}
        assert balances.spend_tokens(USER, action="tiny").amount == 2
        settings.TOKEN_ACTIONS = dict(ACTIONS)
        assert balances.spend_tokens(USER, action="tiny").amount == 1

    @given(st.lists(st.tuples(st.integers(1, 50), st.fractions(0, 3, max_denominator=40).filter(bool)), max_size=12))
    @hypothesis_settings(max_examples=25, deadline=None)
    def test_never_to_the_users_harm(self, calls: list[tuple[int, Fraction]]) -> None:
        # Not of the calls: the same ones may be tried again, and would find what was carried on.
        user = f"u{next(_numbers)}"
        owed, spent = Fraction(0), 0
        for quantity, price in calls:
            with override_settings(TOKEN_ACTIONS={"x": f"{price.numerator}/{price.denominator}"}):
                try:
                    spent += balances.spend_tokens(user, action="x", quantity=quantity).amount
                except InsufficientTokens:
                    continue
            owed += quantity * price
        assert spent <= owed


class TestRepeats:
    def test_the_same_call_again_whatever_the_price(self, settings: Any) -> None:
        first = balances.spend_tokens(USER, action="article", quantity=2, key="k")
        settings.TOKEN_ACTIONS = {"article": 9}
        again = balances.spend_tokens(USER, action="article", quantity=2, key="k")
        assert (again.repeated, again.amount, again.transaction_id, again.action, again.quantity) == (
            True, first.amount, first.transaction_id, "article", 2,
        )  # fmt: skip
        assert balance() == 994

    @pytest.mark.parametrize("ask", [
        lambda **more: balances.spend_tokens(USER, action="article", quantity=2, **more),
        lambda **more: balances.record_generation(USER, action="article", quantity=2, **more).movement,
        lambda **more: holds.hold_tokens(USER, action="article", quantity=2, ttl_seconds=60, **more),
    ])  # fmt: skip
    def test_the_first_answer_of_an_action_that_is_gone(self, ask: Callable[..., Any], settings: Any) -> None:
        first = ask(key="k")
        settings.TOKEN_ACTIONS = {"tiny": "3/10"}
        again = ask(key="k")
        assert (again.amount, again.balance, again.quantity) == (first.amount, first.balance, 2)
        with pytest.raises(IdempotencyConflict):
            balances.spend_tokens(USER, action="article", quantity=3, key="k")
        for more in ({}, {"key": "other"}):
            with pytest.raises(UnknownAction):
                ask(**more)
        assert balance() == 994

    @pytest.mark.parametrize("other", [
        {"amount": 6}, {"action": "article", "quantity": 3}, {"action": "tiny", "quantity": 2}, {"action": "article"},
    ])  # fmt: skip
    def test_another_order_is_a_conflict(self, other: dict[str, Any]) -> None:
        balances.spend_tokens(USER, action="article", quantity=2, key="k", reason="r")
        with pytest.raises(IdempotencyConflict):
            balances.spend_tokens(USER, **other, key="k", reason="r")

    @pytest.mark.parametrize(("ask", "expected"), [
        (lambda: balances.spend_tokens(USER, 3, reason="a", key="k"), ("spend_tokens", "a", 3)),
        (lambda: balances.record_generation(USER, 3, key="k"), ("record_generation", "generation", 3)),
        (lambda: holds.hold_tokens(USER, 3, ttl_seconds=9, reason="a", key="k"), ("hold_tokens", "a", 3, 9000, "user")),
    ])  # fmt: skip
    def test_fingerprints_of_amounts_are_those_of_the_version_before(
        self, ask: Callable[[], Any], expected: tuple[Any, ...], fingerprints: list[tuple[Any, ...]]
    ) -> None:
        ask()
        assert fingerprints == [expected]

    def test_the_fingerprint_of_a_capture_too(self, fingerprints: list[tuple[Any, ...]]) -> None:
        hold = holds.hold_tokens(USER, 5, ttl_seconds=60)
        holds.capture_hold(USER, hold.id, 3, key="k")
        holds.capture_hold(USER, hold.id, 3, key="k")
        assert fingerprints == [("capture_hold", "", 2, "user", 3)] * 2


class TestOrders:
    @pytest.mark.parametrize("options", [
        {}, {"amount": 3, "action": "article"}, {"action": "article", "quantity": 0},
        {"action": "article", "quantity": 1.5}, {"action": "article", "quantity": 10**12 + 1},
    ])  # fmt: skip
    def test_orders_that_are_none(self, options: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match=r"amount|quantity"):
            balances.spend_tokens(USER, **options)
        with pytest.raises(ValueError, match=r"amount|quantity"):
            holds.hold_tokens(USER, **options, ttl_seconds=60)

    def test_unknown_actions(self) -> None:
        for name in ("nobody", "", "Article"):
            with pytest.raises(UnknownAction):
                balances.spend_tokens(USER, action=name)


class TestSetting:
    @pytest.mark.parametrize(("text", "price"), [
        (3, Price(3)), ("3", Price(3)), ("2/1000", Price(1, 500)), ("0.3", Price(3, 10)), ("1.5/1000", Price(3, 2000)),
        ("4/2", Price(2)), (10**9, Price(10**9)), ("0.001", Price(1, 1000)),
    ])  # fmt: skip
    def test_prices(self, text: int | str, price: Price) -> None:
        assert parse_price("a", text) == price

    @pytest.mark.parametrize("text", [
        0, "0", "", "-1", "1/0", "x", "1/", "/2", "1.2345", True, None, 1.5, "1e3", "١", " 3", "3\n",
        10**9 + 1, "1/1000001",
    ])  # fmt: skip
    def test_prices_that_are_none(self, text: Any) -> None:
        with pytest.raises(ValueError, match="needs a price"):
            parse_price("a", text)

    @pytest.mark.parametrize("name", ["", "-a", "a b", "é", "a\n", "a" * 51, "a,b", "a=b"])
    def test_names_that_are_none(self, name: str) -> None:
        with pytest.raises(ValueError, match="is no name"):
            parse_price(name, 1)

    @pytest.mark.parametrize("actions", [{"a": 0}, {"a b": 1}, {"a": "x"}, {1: "x"}, ["a"], None, "a=1"])
    def test_the_check_names_what_is_wrong(self, actions: Any, settings: Any) -> None:
        settings.TOKEN_ACTIONS = actions
        assert {error.id for error in check_actions(None)} == {"usertokens.E005"}

    def test_the_variable(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("TOKEN_ACTIONS", "article=3, image=10,gpt:input=2/1000")
        assert token_actions(Environment(tmp_path / ".env")) == {"article": "3", "image": "10", "gpt:input": "2/1000"}
        for wrong in ("article", "article=0", "article=3,article=4", "a b=3", "=3", "a=1/0"):
            monkeypatch.setenv("TOKEN_ACTIONS", wrong)
            with pytest.raises(ImproperlyConfigured, match="TOKEN_ACTIONS"):
                token_actions(Environment(tmp_path / ".env"))
