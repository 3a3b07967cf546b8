"""What the ledger's machine does with budgets: they are set, removed and read, beside the plain model."""

from __future__ import annotations

from datetime import datetime

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from kv.times import from_ms
from tests.usertokens.model import Model
from usertokens.services import budgets
from usertokens.types import Caps

limits = st.one_of(st.none(), st.sampled_from([1, 50, 400, 2000]))


class BudgetRules(RuleBasedStateMachine):
    """Part of `test_machine.LedgerMachine`, which has the model and the time."""

    model: Model
    time: int
    user: str

    @property
    def now(self) -> datetime:
        return from_ms(self.time)

    @rule(day=limits, month=limits, image=limits, third=limits, by_staff=st.booleans())
    def set_budgets(
        self, day: int | None, month: int | None, image: int | None, third: int | None, *, by_staff: bool
    ) -> None:
        side = "staff" if by_staff else "own"
        wanted = {("day", ""): day, ("month", ""): month, ("day", "image"): image, ("month", "third"): third}
        self.model.settle(self.time)
        self.model.caps = {place: limit for place, limit in self.model.caps.items() if place[0] != side}
        self.model.caps |= {(side, *place): limit for place, limit in wanted.items() if limit is not None}
        actions = {"image": Caps(day=image), "third": Caps(month=third)}
        budgets.set_budget(self.user, day=day, month=month, actions=actions, by_staff=by_staff, now=self.now)

    def same_budgets(self) -> None:
        """What the store says of each budget is what the model counts."""
        found = {(one.period, one.action): one for one in budgets.get_budget(self.user, now=self.now).in_force}
        assert set(found) == {place[1:] for place in self.model.caps}
        for (period, action), one in found.items():
            assert one.used == self.model.used(period, action, self.time)
            assert one.limit == min(limit for place, limit in self.model.caps.items() if place[1:] == (period, action))
