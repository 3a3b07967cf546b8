"""Whole lives of subscriptions and purchases: what happens at Stripe, and how it must stand in the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from billing.types import Plan
from tests.billing.scenario import Scenario

DAY = 86400
Step = Callable[[Scenario], object]


@dataclass
class End:
    """How it must stand: the plan, Stripe's status, the tokens, and what of purchases was taken back."""

    plan: str
    status: str | None
    balance: int
    debt: int = 0
    bought: int = 0
    pending: Plan | None = None


@dataclass
class Life:
    """A name, the steps, and the end."""

    name: str
    steps: list[Step]
    end: End
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


def lives() -> list[Life]:
    """All of them, anew."""
    return [
        Life(
            "paid and renewed",
            [_subscribe, lambda s: s.stripe.actions.renew(_sub(s))],
            End("Plus", "active", 1000),
        ),
        Life(
            "upgraded",
            [_subscribe, lambda s: s.stripe.actions.change_price(_sub(s), s.shop["premium_month"])],
            End("Premium", "active", 5000),
        ),
        Life(
            "unpaid",
            [_subscribe, lambda s: s.stripe.actions.renew(_sub(s), paid=False)],
            End("Plus", "past_due", 0),
        ),
        Life(
            "unpaid beyond the grace",
            [_subscribe, lambda s: s.stripe.actions.renew(_sub(s), paid=False), _wait(8)],
            End("Free", "past_due", 100),
        ),
        Life(
            "the whole life of a plan",
            [
                lambda s: _subscribe(s, trial=14),
                lambda s: s.stripe.actions.renew(_sub(s)),
                lambda s: s.stripe.actions.change_price(_sub(s), s.shop["premium_month"]),
                lambda s: s.stripe.actions.renew(_sub(s), paid=False),
                lambda s: s.stripe.actions.recover(_sub(s)),
                lambda s: s.stripe.actions.cancel_at_period_end(_sub(s)),
                _end_with_period,
            ],
            End("Free", "canceled", 100),
        ),
        Life(
            "cancelled, and not yet over",
            [_subscribe, lambda s: s.stripe.actions.cancel_at_period_end(_sub(s), legacy=True)],
            End("Plus", "active", 1000, pending=Plan("Free")),
        ),
        Life(
            "tokens, refunded in part, disputed, won",
            [
                _buy,
                lambda s: s.stripe.actions.refund(s.notes["session"], 125),
                _dispute,
                lambda s: s.stripe.actions.close_dispute(s.notes["dispute"], "won"),
            ],
            End("Free", None, 850, bought=750),
        ),
        Life(
            "tokens, disputed in part, lost",
            [_buy, _dispute, lambda s: s.stripe.actions.close_dispute(s.notes["dispute"], "lost")],
            End("Free", None, 600, bought=500),
        ),
        Life(
            "tokens, paid slowly",
            [_buy_slowly, lambda s: s.stripe.actions.settle(s.notes["session"], paid=True)],
            End("Free", None, 1100, bought=1000),
        ),
        Life(
            "tokens, never paid",
            [_buy_slowly, lambda s: s.stripe.actions.settle(s.notes["session"], paid=False)],
            End("Free", None, 100),
        ),
    ]
