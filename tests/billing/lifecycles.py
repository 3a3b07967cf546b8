"""Lifecycles of subscriptions and purchases: what happens at Stripe, and the outcome that is expected."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from billing.types import Plan
from tests.billing.scenario import Scenario

DAY = 86400
Step = Callable[[Scenario], object]


@dataclass
class Expected:
    """The outcome: the plan, Stripe's status, the balance, and the tokens that purchases have left."""

    plan: str
    status: str | None
    balance: int
    debt: int = 0
    bought: int = 0
    pending: Plan | None = None


@dataclass
class Lifecycle:
    """A name, the steps, and the expected outcome."""

    name: str
    steps: list[Step]
    expected: Expected
    ids: dict[str, str] = field(default_factory=dict)


def _subscribe(scenario: Scenario, name: str = "plus_month", trial: int = 0) -> None:
    made = scenario.stripe.actions.subscribe(
        scenario.customer, scenario.shop[name], {"user_id": scenario.user_id}, trial
    )
    scenario.notes["subscription"] = made["id"]


def _sub(scenario: Scenario) -> str:
    return scenario.notes["subscription"]


def _wait(days: float) -> Step:
    def wait(scenario: Scenario) -> None:
        scenario.stripe.state.now += int(timedelta(days=days).total_seconds())

    return wait


def _buy(scenario: Scenario) -> None:
    scenario.notes["session"] = scenario.buy_tokens()


def _buy_slowly(scenario: Scenario) -> None:
    scenario.notes["session"] = scenario.buy_tokens(pays=False)


def _dispute(scenario: Scenario) -> None:
    scenario.notes["dispute"] = scenario.stripe.actions.dispute(scenario.notes["session"], 250)["id"]


def _end_with_period(scenario: Scenario) -> None:
    item = scenario.stripe.state.objects[_sub(scenario)]["items"]["data"][0]
    scenario.stripe.state.now = item["current_period_end"]
    scenario.stripe.actions.end(_sub(scenario))


def lifecycles() -> list[Lifecycle]:
    """All lifecycles, created anew."""
    return [*_of_plans(), *_of_tokens()]


def _of_plans() -> list[Lifecycle]:
    return [
        Lifecycle(
            "paid and renewed",
            [_subscribe, lambda s: s.stripe.actions.renew(_sub(s))],
            Expected("Plus", "active", 1000),
        ),
        Lifecycle(
            "upgraded",
            [_subscribe, lambda s: s.stripe.actions.change_price(_sub(s), s.shop["premium_month"])],
            Expected("Premium", "active", 5000),
        ),
        Lifecycle(
            "unpaid",
            [_subscribe, lambda s: s.stripe.actions.renew(_sub(s), paid=False)],
            Expected("Plus", "past_due", 0),
        ),
        Lifecycle(
            "unpaid beyond the grace",
            [_subscribe, lambda s: s.stripe.actions.renew(_sub(s), paid=False), _wait(8)],
            Expected("Free", "past_due", 100),
        ),
        Lifecycle(
            "the whole lifecycle of a plan",
            [
                lambda s: _subscribe(s, trial=14),
                lambda s: s.stripe.actions.renew(_sub(s)),
                lambda s: s.stripe.actions.change_price(_sub(s), s.shop["premium_month"]),
                lambda s: s.stripe.actions.renew(_sub(s), paid=False),
                lambda s: s.stripe.actions.recover(_sub(s)),
                lambda s: s.stripe.actions.cancel_at_period_end(_sub(s)),
                _end_with_period,
            ],
            Expected("Free", "canceled", 100),
        ),
        Lifecycle(
            "cancelled, and not yet over",
            [_subscribe, lambda s: s.stripe.actions.cancel_at_period_end(_sub(s), legacy=True)],
            Expected("Plus", "active", 1000, pending=Plan("Free")),
        ),
    ]


def _of_tokens() -> list[Lifecycle]:
    return [
        Lifecycle(
            "tokens, refunded in part, disputed, won",
            [
                _buy,
                lambda s: s.stripe.actions.refund(s.notes["session"], 125),
                _dispute,
                lambda s: s.stripe.actions.close_dispute(s.notes["dispute"], "won"),
            ],
            Expected("Free", None, 850, bought=750),
        ),
        Lifecycle(
            "tokens, disputed in part, lost",
            [_buy, _dispute, lambda s: s.stripe.actions.close_dispute(s.notes["dispute"], "lost")],
            Expected("Free", None, 600, bought=500),
        ),
        Lifecycle(
            "tokens, paid slowly",
            [_buy_slowly, lambda s: s.stripe.actions.settle(s.notes["session"], paid=True)],
            Expected("Free", None, 1100, bought=1000),
        ),
        Lifecycle(
            "tokens, never paid",
            [_buy_slowly, lambda s: s.stripe.actions.settle(s.notes["session"], paid=False)],
            Expected("Free", None, 100),
        ),
    ]
