"""Whole lives of subscriptions and purchases: what happens at Stripe, and how it must stand in the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from billing.types import Plan
from tests.billing.story import Story

DAY = 86400
Step = Callable[[Story], object]


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


def _subscribe(story: Story, name: str = "plus_month", trial: int = 0) -> None:
    made = story.stripe.desk.subscribe(story.customer, story.shop[name], {"user_id": story.user_id}, trial)
    story.notes["subscription"] = made["id"]


def _sub(story: Story) -> str:
    return story.notes["subscription"]


def _wait(days: float) -> Step:
    def wait(story: Story) -> None:
        story.stripe.world.now += int(timedelta(days=days).total_seconds())

    return wait


def _buy(story: Story) -> None:
    story.notes["session"] = story.buy_tokens()


def _buy_slowly(story: Story) -> None:
    story.notes["session"] = story.buy_tokens(pays=False)


def _dispute(story: Story) -> None:
    story.notes["dispute"] = story.stripe.desk.dispute(story.notes["session"], 250)["id"]


def _end_with_period(story: Story) -> None:
    item = story.stripe.world.objects[_sub(story)]["items"]["data"][0]
    story.stripe.world.now = item["current_period_end"]
    story.stripe.desk.end(_sub(story))


def lives() -> list[Life]:
    """All of them, anew."""
    return [
        Life(
            "paid and renewed",
            [_subscribe, lambda s: s.stripe.desk.renew(_sub(s))],
            End("Plus", "active", 1000),
        ),
        Life(
            "upgraded",
            [_subscribe, lambda s: s.stripe.desk.change_price(_sub(s), s.shop["premium_month"])],
            End("Premium", "active", 5000),
        ),
        Life(
            "unpaid",
            [_subscribe, lambda s: s.stripe.desk.renew(_sub(s), paid=False)],
            End("Plus", "past_due", 0),
        ),
        Life(
            "unpaid beyond the grace",
            [_subscribe, lambda s: s.stripe.desk.renew(_sub(s), paid=False), _wait(8)],
            End("Free", "past_due", 100),
        ),
        Life(
            "the whole life of a plan",
            [
                lambda s: _subscribe(s, trial=14),
                lambda s: s.stripe.desk.renew(_sub(s)),
                lambda s: s.stripe.desk.change_price(_sub(s), s.shop["premium_month"]),
                lambda s: s.stripe.desk.renew(_sub(s), paid=False),
                lambda s: s.stripe.desk.recover(_sub(s)),
                lambda s: s.stripe.desk.cancel_at_period_end(_sub(s)),
                _end_with_period,
            ],
            End("Free", "canceled", 100),
        ),
        Life(
            "cancelled, and not yet over",
            [_subscribe, lambda s: s.stripe.desk.cancel_at_period_end(_sub(s), legacy=True)],
            End("Plus", "active", 1000, pending=Plan("Free")),
        ),
        Life(
            "tokens, refunded in part, disputed, won",
            [
                _buy,
                lambda s: s.stripe.desk.refund(s.notes["session"], 125),
                _dispute,
                lambda s: s.stripe.desk.close_dispute(s.notes["dispute"], "won"),
            ],
            End("Free", None, 850, bought=750),
        ),
        Life(
            "tokens, disputed in part, lost",
            [_buy, _dispute, lambda s: s.stripe.desk.close_dispute(s.notes["dispute"], "lost")],
            End("Free", None, 600, bought=500),
        ),
        Life(
            "tokens, paid slowly",
            [_buy_slowly, lambda s: s.stripe.desk.settle(s.notes["session"], paid=True)],
            End("Free", None, 1100, bought=1000),
        ),
        Life(
            "tokens, never paid",
            [_buy_slowly, lambda s: s.stripe.desk.settle(s.notes["session"], paid=False)],
            End("Free", None, 100),
        ),
    ]
