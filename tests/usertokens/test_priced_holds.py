"""Holds by action: estimated, then captured by what was really used."""

from __future__ import annotations

from typing import Any

import pytest

from usertokens.errors import HoldWithoutAction, InsufficientTokens
from usertokens.services import balances, holds, journal, purchases
from usertokens.services.audits import check_ledgers

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store")]

USER = "17"


@pytest.fixture(autouse=True)
def _actions(settings: Any) -> None:
    settings.TOKEN_ACTIONS = {"article": 3, "tiny": "3/10", "gpt:input": "2/1000"}
    settings.PLAN_ALLOWANCES = {"Free": 1000}


def balance() -> int:
    assert check_ledgers([USER])[0].problems == ()
    return balances.get_balance(USER).tokens.balance


class TestHolds:
    def test_what_was_used_is_paid(self) -> None:
        hold = holds.hold_tokens(USER, action="gpt:input", quantity=4000, ttl_seconds=60)
        assert (hold.amount, hold.balance, hold.action, hold.quantity) == (8, 992, "gpt:input", 4000)
        taken = holds.capture_hold(USER, hold.id, quantity=3200)
        assert (taken.amount, taken.balance, taken.action, taken.quantity) == (6, 994, "gpt:input", 3200)

    def test_over_the_hold(self) -> None:
        hold = holds.hold_tokens(USER, action="article", quantity=10, ttl_seconds=60)
        taken = holds.capture_hold(USER, hold.id, quantity=20)
        assert (taken.amount, balance()) == (60, 940)
        entry = journal.list_transactions(USER, limit=1).results[0]
        assert (entry.type, entry.amount, sum(entry.used[1::2])) == ("capture", -30, 60)
        assert balances.reverse_entry(USER, int(taken.transaction_id), reason="mend").amount == 60
        assert balance() == 1000

    def test_more_than_there_is_leaves_the_hold(self) -> None:
        hold = holds.hold_tokens(USER, action="article", quantity=10, ttl_seconds=60)
        with pytest.raises(InsufficientTokens) as caught:
            holds.capture_hold(USER, hold.id, quantity=334)
        assert (caught.value.balance, caught.value.required) == (970, 972)
        assert balances.get_balance(USER).tokens.held == 30
        assert holds.capture_hold(USER, hold.id, quantity=333).balance == 1

    @pytest.mark.parametrize("amount", [None, 50, 45, 1])
    def test_what_is_on_hold_is_captured_in_debt_too(self, amount: int | None) -> None:
        purchases.grant_tokens(USER, 100, reason="payment", key="pay")
        balances.spend_tokens(USER, 1000)
        hold = holds.hold_tokens(USER, 50, ttl_seconds=60)
        purchases.reverse_grant(USER, "pay", 100)
        assert balance() == -50
        with pytest.raises(InsufficientTokens):
            holds.capture_hold(USER, hold.id, 51)
        taken = holds.capture_hold(USER, hold.id, amount)
        assert taken.amount == (amount or 50)
        assert balance() == -taken.amount

    def test_the_price_is_that_of_the_capture(self, settings: Any) -> None:
        hold = holds.hold_tokens(USER, action="article", quantity=10, ttl_seconds=60)
        settings.TOKEN_ACTIONS = {"article": 4}
        assert holds.capture_hold(USER, hold.id).amount == 40

    def test_an_action_that_is_gone_costs_what_it_did(self, settings: Any) -> None:
        hold = holds.hold_tokens(USER, action="article", quantity=10, ttl_seconds=60)
        settings.TOKEN_ACTIONS = {}
        assert holds.capture_hold(USER, hold.id, quantity=9).amount == 27

    def test_a_fraction_is_held_as_a_token_and_carried_on(self) -> None:
        for number in range(1, 11):
            hold = holds.hold_tokens(USER, action="tiny", ttl_seconds=60)
            assert hold.amount == 1
            holds.capture_hold(USER, hold.id)
            assert balance() == 1000 - number * 3 // 10

    def test_an_amount_of_a_hold_by_action(self) -> None:
        hold = holds.hold_tokens(USER, action="article", quantity=10, ttl_seconds=60)
        taken = holds.capture_hold(USER, hold.id, 7)
        assert (taken.amount, taken.action, taken.quantity) == (7, "article", 10)

    def test_a_quantity_of_a_hold_without_an_action(self) -> None:
        hold = holds.hold_tokens(USER, 10, ttl_seconds=60)
        with pytest.raises(HoldWithoutAction):
            holds.capture_hold(USER, hold.id, quantity=1)
        assert holds.capture_hold(USER, hold.id).amount == 10
