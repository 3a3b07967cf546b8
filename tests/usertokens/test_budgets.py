"""Budgets: what they count, what they refuse, when they open, and that nobody gets past one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from unittest.mock import Mock

import pytest

from kv.store.connection import call
from tests.usertokens.budgeting import ACTIONS, NOW, USER, at, refusal, rich, spend, used
from usertokens import keys
from usertokens.errors import BudgetExceeded, InsufficientTokens, UnknownAction
from usertokens.services import balances, budgets, dashboards, holds
from usertokens.signals import low_balance
from usertokens.types import Caps

__all__ = ["rich"]

pytestmark = pytest.mark.django_db


class TestDayAndMonth:
    def test_a_day_closes_and_the_next_one_opens(self, rich: Any) -> None:
        budgets.set_budget(USER, day=10, now=NOW)
        spend(7)
        error = refusal(4)
        assert (error.budget, error.limit, error.used) == ("day", 10, 7)
        assert error.opens_at == datetime(2026, 11, 11, tzinfo=UTC)
        spend(3)
        assert refusal(1).used == 10
        spend(10, at(days=1))
        refusal(1, at(days=1))

    def test_of_two_that_are_exceeded_the_one_that_opens_last_is_named(self, rich: Any) -> None:
        budgets.set_budget(USER, day=10, month=15, now=NOW)
        spend(10)
        assert refusal(4).budget == "day"
        assert refusal(6).budget == "month"
        spend(5, at(days=1))
        error = refusal(1, at(days=1))
        assert (error.budget, error.opens_at) == ("month", datetime(2026, 12, 1, tzinfo=UTC))
        spend(10, at(days=21))

    def test_a_budget_counts_what_was_spent_before_it_was_set(self, rich: Any) -> None:
        spend(100, at(days=-11))
        spend(20, at(days=-9))
        balances.record_generation(USER, 3, now=at(hours=-1))
        hold = holds.hold_tokens(USER, 10, ttl_seconds=600, now=at(minutes=-1))
        holds.capture_hold(USER, hold.id, 4, now=NOW)
        entry = spend(50, at(minutes=-1))
        balances.reverse_entry(USER, int(entry.transaction_id), 48, reason="undo", now=NOW)
        budgets.set_budget(USER, day=1000, month=1000, now=NOW)
        assert used() == {"day": 3 + 4 + 2, "month": 20 + 3 + 4 + 2}

    def test_staff_and_own_the_lower_one_holds(self, rich: Any) -> None:
        budgets.set_budget(USER, day=10, by_staff=True, actor="9", now=NOW)
        both = budgets.set_budget(USER, day=1000, month=12, now=NOW)
        assert (both.own[""], both.staff[""]) == (Caps(1000, 12), Caps(10))
        assert [(one.name, one.limit, one.by_staff) for one in both.in_force] == [
            ("day", 10, True),
            ("month", 12, False),
        ]
        assert (both.staff_changed_by, both.staff_changed_at) == ("9", NOW)
        refusal(11)
        spend(10)
        assert refusal(1, at(minutes=1)).budget == "day"
        budgets.set_budget(USER, by_staff=True, now=NOW)
        assert refusal(3).budget == "month"

    def test_what_staff_and_purchases_move_does_not_count(self, rich: Any) -> None:
        budgets.set_budget(USER, day=10, now=NOW)
        balances.adjust_tokens(USER, -100, reason="error", actor="9", now=NOW)
        balances.add_tokens(USER, 5, reason="gift", now=NOW)
        assert used() == {"day": 0}

    def test_a_balance_that_is_too_small_is_said_first(self, rich: Any) -> None:
        budgets.set_budget(USER, day=10, now=NOW)
        with pytest.raises(InsufficientTokens):
            spend(10**6)


class TestHolds:
    def test_a_hold_counts_while_it_stands(self, rich: Any) -> None:
        budgets.set_budget(USER, day=10, now=NOW)
        hold = holds.hold_tokens(USER, 8, ttl_seconds=600, now=NOW)
        assert refusal(3).used == 8
        holds.capture_hold(USER, hold.id, 2, now=NOW)
        assert used() == {"day": 2}
        other = holds.hold_tokens(USER, 8, ttl_seconds=600, now=NOW)
        refusal(1)
        holds.release_hold(USER, other.id, now=NOW)
        third = holds.hold_tokens(USER, 8, ttl_seconds=60, now=NOW)
        spend(8, at(minutes=2))
        refusal(1, at(minutes=2))
        assert third.amount == 8

    def test_a_capture_over_the_hold_is_checked_and_a_refusal_leaves_the_hold(self, rich: Any) -> None:
        budgets.set_budget(USER, day=10, now=NOW)
        hold = holds.hold_tokens(USER, 5, ttl_seconds=600, now=NOW)
        with pytest.raises(BudgetExceeded):
            holds.capture_hold(USER, hold.id, 11, now=NOW)
        assert len(holds.list_holds(USER, now=NOW)) == 1
        holds.capture_hold(USER, hold.id, 10, now=NOW)
        assert used() == {"day": 10}

    def test_a_hold_from_before_the_budget_and_over_midnight(self, rich: Any) -> None:
        hold = holds.hold_tokens(USER, 5, ttl_seconds=86400, now=NOW)
        budgets.set_budget(USER, day=10, now=NOW)
        assert used() == {"day": 5}
        assert used(at(hours=16)) == {"day": 5}
        refusal(6, at(hours=16))
        holds.capture_hold(USER, hold.id, now=at(hours=16))
        spend(5, at(hours=16))
        refusal(1, at(hours=16))
        assert budgets.get_budget(USER, now=at(hours=16)).in_force[0].used == 10


class TestActions:
    @ACTIONS
    def test_an_action_has_budgets_of_its_own(self, rich: Any) -> None:
        budgets.set_budget(USER, month=100, actions={"image": Caps(day=30)}, now=NOW)
        for _ in range(2):
            balances.spend_tokens(USER, action="image", now=NOW)
        hold = holds.hold_tokens(USER, action="image", ttl_seconds=60, now=NOW)
        with pytest.raises(BudgetExceeded) as raised:
            balances.record_generation(USER, action="image", now=NOW)
        assert (raised.value.budget, raised.value.action, raised.value.period) == ("actions.image.day", "image", "day")
        holds.release_hold(USER, hold.id, now=NOW)
        balances.spend_tokens(USER, action="image", now=NOW)
        spend(70)
        assert refusal(1).budget == "month"
        assert used() == {"month": 100, "actions.image.day": 30}

    @ACTIONS
    def test_a_budget_of_an_action_that_is_added_later_counts_what_was_spent_before(self, rich: Any) -> None:
        budgets.set_budget(USER, day=1000, now=NOW)
        balances.spend_tokens(USER, action="image", quantity=3, now=NOW)
        hold = holds.hold_tokens(USER, action="image", ttl_seconds=60, now=NOW)
        budgets.set_budget(USER, day=1000, actions={"image": Caps(month=50)}, now=NOW)
        assert used() == {"day": 40, "actions.image.month": 40}
        holds.capture_hold(USER, hold.id, 2, now=NOW)
        assert used() == {"day": 32, "actions.image.month": 32}

    @ACTIONS
    def test_what_costs_less_than_a_token_passes_a_full_budget(self, rich: Any) -> None:
        budgets.set_budget(USER, day=2, now=NOW)
        balances.spend_tokens(USER, action="gpt:input", quantity=1000, now=NOW)
        assert balances.spend_tokens(USER, action="gpt:input", quantity=499, now=NOW).amount == 0
        with pytest.raises(BudgetExceeded):
            balances.spend_tokens(USER, action="gpt:input", quantity=1, now=NOW)

    @pytest.mark.parametrize("name", ["low", "crossed", "reached", "ok", "closed"])
    def test_an_action_may_be_called_as_it_likes(self, rich: Any, name: str, settings: Any) -> None:
        settings.TOKEN_ACTIONS = {"image": 10, name: 1}
        told = Mock()
        low_balance.connect(told)
        try:
            caps = {name: Caps(day=5)}
            assert budgets.set_budget(USER, actions=caps, key="k", now=NOW).own == caps
            assert budgets.set_budget(USER, actions=caps, key="k", now=NOW).own == caps
            assert budgets.get_budget(USER, now=NOW).own == caps
            assert dashboards.read_dashboard(USER, now=NOW).budgets.own == caps
        finally:
            low_balance.disconnect(told)
        told.assert_not_called()
        assert not call("EXISTS", keys.reached(), keys.crossed())

    def test_an_unknown_action(self, rich: Any) -> None:
        with pytest.raises(UnknownAction):
            budgets.set_budget(USER, actions={"video": Caps(1)}, now=NOW)


class TestReversals:
    def test_they_give_room_back_in_the_same_period(self, rich: Any) -> None:
        budgets.set_budget(USER, day=10, month=20, now=NOW)
        entry = int(spend(10).transaction_id)
        balances.reverse_entry(USER, entry, 4, reason="undo", now=NOW)
        assert used() == {"day": 6, "month": 6}
        balances.reverse_entry(USER, entry, 3, reason="undo", now=at(days=1))
        assert used(at(days=1)) == {"day": 0, "month": 3}
        balances.reverse_entry(USER, entry, 3, reason="undo", now=at(days=30))
        assert used(at(days=30)) == {"day": 0, "month": 0}
