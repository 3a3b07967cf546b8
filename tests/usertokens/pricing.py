"""What the ledger's machine does by action: spends, holds, captures and new prices, beside the plain model."""

from __future__ import annotations

import math
from datetime import datetime
from fractions import Fraction
from typing import Any

import pytest
from django.conf import settings as django_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from kv.times import from_ms
from tests.usertokens.model import Model
from tests.usertokens.model_budgets import Hold
from usertokens.errors import BudgetExceeded, InsufficientTokens
from usertokens.services import balances, holds

#: A whole price, a fraction of a token, and one that no number of thousandths is.
PRICES: dict[str, int | str] = {"image": 7, "tiny": "3/10", "third": "1/3"}
quantities = st.one_of(st.integers(1, 20), st.sampled_from([100, 999, 1000]))


class PricingRules(RuleBasedStateMachine):
    """Part of `test_machine.LedgerMachine`, which has the model and the time."""

    model: Model
    time: int
    user: str
    hold_ids: dict[int, str]

    @property
    def now(self) -> datetime:
        return from_ms(self.time)

    @rule(action=st.sampled_from(sorted(PRICES)), quantity=quantities, generation=st.booleans())
    def spend_by_action(self, action: str, quantity: int, *, generation: bool) -> None:
        def ask() -> Any:
            if generation:
                return balances.record_generation(self.user, action=action, quantity=quantity, now=self.now).movement
            return balances.spend_tokens(self.user, action=action, quantity=quantity, now=self.now)

        self.model.settle(self.time)
        amount, carried = self.model.price(action, quantity)
        if amount and self.model.balance < amount:
            with pytest.raises(InsufficientTokens) as caught:
                ask()
            assert (caught.value.balance, caught.value.required) == (self.model.balance, amount)
            return
        if self.model.is_over(action, amount, self.time):
            with pytest.raises(BudgetExceeded):
                ask()
            return
        self.model.carried[action] = carried
        parts = self.model.burn(amount)
        entry = self.model.write("spend", -amount)
        self.model.use(entry, self.time, action, amount, quantity)
        if parts:
            self.model.taken[entry] = parts
        answer = ask()
        assert (answer.transaction_id, answer.amount, answer.balance) == (str(entry), amount, self.model.balance)
        assert (answer.action, answer.quantity) == (action, quantity)

    @rule(action=st.sampled_from(sorted(PRICES)), price=st.sampled_from([2, "3/10", "1/3", "7/1000"]))
    def change_price(self, action: str, price: int | str) -> None:
        actions = {**django_settings.TOKEN_ACTIONS, action: price}
        django_settings.TOKEN_ACTIONS = actions
        self.model.prices[action] = Fraction(price)

    @rule(action=st.sampled_from(sorted(PRICES)), quantity=quantities, ttl=st.sampled_from([1, 60]))
    def hold_by_action(self, action: str, quantity: int, ttl: int) -> None:
        def ask() -> Any:
            return holds.hold_tokens(self.user, action=action, quantity=quantity, ttl_seconds=ttl, now=self.now)

        self.model.settle(self.time)
        amount = math.ceil(self.model.prices[action] * quantity)
        if self.model.balance < amount:
            with pytest.raises(InsufficientTokens):
                ask()
            return
        if self.model.is_over(action, amount, self.time):
            with pytest.raises(BudgetExceeded):
                ask()
            return
        parts = self.model.burn(amount)
        entry = self.model.write("hold", -amount)
        self.model.holds[entry] = Hold(entry, amount, self.time + ttl * 1000, "user", parts, action, quantity)
        made = ask()
        assert (made.amount, made.balance) == (amount, self.model.balance)
        self.hold_ids[entry] = made.id

    @precondition(lambda self: any(hold.action for hold in self.model.holds.values()))
    @rule(data=st.data(), quantity=st.one_of(st.none(), quantities))
    def capture_by_quantity(self, data: st.DataObject, quantity: int | None) -> None:
        self.model.settle(self.time)
        entries = sorted(entry for entry, hold in self.model.holds.items() if hold.action)
        if not entries:
            return
        entry = data.draw(st.sampled_from(entries))
        hold = self.model.holds[entry]
        assert hold.action is not None
        amount, carried = self.model.price(hold.action, hold.quantity if quantity is None else quantity)

        def ask() -> Any:
            return holds.capture_hold(self.user, self.hold_ids[entry], quantity=quantity, now=self.now)

        if amount - hold.amount > self.model.balance:
            with pytest.raises(InsufficientTokens):
                ask()
            return
        if self.model.is_over(hold.action, amount - hold.amount, self.time):
            with pytest.raises(BudgetExceeded):
                ask()
            return
        self.model.carried[hold.action] = carried
        made = self.model.end_hold(entry, amount, "capture", self.time, quantity)
        answer = ask()
        assert (answer.transaction_id, answer.amount, answer.balance) == (str(made), amount, self.model.balance)
