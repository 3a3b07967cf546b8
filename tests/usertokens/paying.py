"""What a payment provider says, in any order, for the state machine of the ledger."""

from __future__ import annotations

from datetime import datetime

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from kv.times import from_ms
from tests.usertokens.model import Model
from tests.usertokens.model_periods import DAY, HOUR, Said
from usertokens.services import plans
from usertokens.types import PaidPeriod

PLANS = {"Free": 100, "Plus": 1000, "Premium": 5000}


class PayingRules(RuleBasedStateMachine):
    """Plans that are paid for or set by hand; the machine has the model and the time (ms)."""

    model: Model
    time: int
    user: str
    version: int
    #: What was said last: key, plan, starts, ends, whether it is paid.
    said: list[tuple[str, str, int, int, bool]]

    @property
    def now(self) -> datetime:
        return from_ms(self.time)

    @rule(
        plan=st.sampled_from(sorted(PLANS)),
        back=st.integers(0, 40 * DAY),
        length=st.sampled_from([5, 28, 30, 31, 365]),
        how=st.sampled_from(["", "", "unpaid", "alone", "clipped"]),
        late=st.booleans(),
    )
    def subscribe(self, plan: str, back: int, length: int, how: str, *, late: bool) -> None:
        if late and self.version:
            assert not plans.apply_plan(self.user, plan, version=self.version - 1, now=self.now)
            return
        start = self.time - back
        known = [] if how == "alone" else self.running()
        if how == "clipped" and known:
            key, its_plan, starts, ends, _ = known[0]
            known[0] = (key, its_plan, starts, min(ends, self.time + 5 * HOUR), True)
        new = (f"sub:{start}", plan, start, start + length * DAY, how != "unpaid")
        self.say(plan, [new, *(one for one in known if one[0] != new[0])])

    def running(self) -> list[tuple[str, str, int, int, bool]]:
        return [one for one in self.said if one[3] > self.time]

    def say(self, plan: str, periods: list[tuple[str, str, int, int, bool]], *, by_calendar: bool = False) -> None:
        """What billing says at once: the plan, and every period that it knows."""
        self.version += 1
        self.said = periods
        self.model.plan = plan
        told = [(key, its_plan if paid else "", starts, ends) for key, its_plan, starts, ends, paid in periods]
        self.model.settle(self.time, Said(told, by_calendar))
        own = [PaidPeriod(key, one, from_ms(starts), from_ms(ends), paid) for key, one, starts, ends, paid in periods]
        options = {"by_calendar": by_calendar, "version": self.version, "now": self.now}
        assert plans.apply_plan(self.user, plan, own, **options)  # type: ignore[arg-type] # each has the type of its argument

    @rule(plan=st.sampled_from(sorted(PLANS)), how=st.sampled_from(["paid", "ends", "hand"]))
    def change_plan(self, plan: str, how: str) -> None:
        if how == "hand":
            self.model.plan = plan
            self.model.settle(self.time, Said())
            plans.set_plan(self.user, plan, now=self.now)
            return
        periods = [(key, its_plan, starts, ends, True) for key, its_plan, starts, ends, _ in self.running()]
        if how == "paid" and periods:
            periods[0] = (periods[0][0], plan, *periods[0][2:])
        self.say("Free" if how == "ends" else plan, periods, by_calendar=how == "ends")
