"""The lives of subscriptions and top-ups, from Stripe's events to the plan and the balance."""

from __future__ import annotations

from datetime import timedelta

from billing.types import Plan
from tests.billing.story import Story


class TestPlan:
    def test_a_paid_plan_holds_and_brings_its_tokens(self, story: Story) -> None:
        story.buy_plan()
        story.deliver()
        assert (story.plan, story.balance) == ("Plus", 1000)
        assert story.standing.status == "active"
        assert set(story.states()) == {"done"}

    def test_a_renewal_that_is_not_paid_keeps_the_plan_and_brings_nothing(self, story: Story) -> None:
        subscription = story.buy_plan()
        story.deliver()
        story.stripe.desk.renew(subscription, paid=False)
        story.deliver()
        assert (story.plan, story.balance) == ("Plus", 0)
        assert story.standing.grace_until is not None
        story.stripe.desk.recover(subscription)
        story.deliver()
        assert (story.plan, story.balance) == ("Plus", 1000)
        assert story.standing.grace_until is None

    def test_cancelled_at_the_end_of_the_period(self, story: Story) -> None:
        subscription = story.buy_plan(Plan.PREMIUM)
        story.stripe.desk.cancel_at_period_end(subscription)
        story.deliver()
        assert story.plan == "Premium"
        pending = story.standing.pending
        assert pending is not None
        assert pending.plan == Plan.FREE
        story.stripe.world.now = int((pending.at + timedelta(seconds=1)).timestamp())
        story.stripe.desk.end(subscription)
        story.deliver()
        assert (story.plan, story.balance) == ("Free", 100)
