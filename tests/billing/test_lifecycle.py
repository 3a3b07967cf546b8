"""The lives of subscriptions and top-ups, from Stripe's events to the plan and the balance."""

from __future__ import annotations

from datetime import timedelta

from billing.types import Plan
from tests.billing.story import Story
from usertokens.services import balances


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
        subscription = story.buy_plan(Plan("Premium"))
        story.stripe.desk.cancel_at_period_end(subscription)
        story.deliver()
        assert story.plan == "Premium"
        pending = story.standing.pending
        assert pending is not None
        assert pending.plan == Plan("Free")
        story.stripe.world.now = int((pending.at + timedelta(seconds=1)).timestamp())
        story.stripe.desk.end(subscription)
        story.deliver()
        assert (story.plan, story.balance) == ("Free", 100)

    def test_a_year_brings_its_tokens_month_by_month(self, story: Story) -> None:
        story.buy_plan(Plan("Premium"), "year")
        story.deliver()
        assert (story.plan, story.balance) == ("Premium", 5000)
        balances.spend_tokens(story.user_id, 4000, now=story.now)
        assert story.balance == 1000
        story.stripe.world.now += 40 * 86400
        assert story.balance == 5000
        story.stripe.world.now += 300 * 86400
        assert story.balance == 5000

    def test_after_the_year_nothing_comes_unpaid(self, story: Story) -> None:
        story.buy_plan(Plan("Premium"), "year")
        story.deliver()
        story.stripe.world.now += 366 * 86400
        assert (story.plan, story.balance) == ("Premium", 0)

    def test_for_the_hour_of_the_draft_the_tokens_wait(self, story: Story) -> None:
        subscription = story.buy_plan()
        story.deliver()
        story.stripe.desk.renew(subscription)
        bill = story.stripe.world.objects[story.stripe.world.objects[subscription]["latest_invoice"]]
        bill["status"] = "draft"
        story.deliver()
        assert (story.plan, story.balance, story.standing.status) == ("Plus", 0, "active")
        assert story.row().next_sync_at is not None
        bill["status"] = "paid"
        story.stripe.world.now += 3 * 3600
        story.work()
        assert story.balance == 1000

    def test_two_subscriptions_give_the_higher_until_it_ends(self, story: Story) -> None:
        story.stripe.desk.subscribe(story.customer, story.shop["plus_month"])
        higher = story.stripe.desk.subscribe(story.customer, story.shop["premium_month"])
        story.deliver()
        assert story.plan == "Premium"
        story.stripe.desk.end(higher["id"])
        story.deliver()
        assert story.plan == "Plus"

    def test_two_customers_of_one_user_are_one(self, story: Story) -> None:
        other = story.stripe.world.add("cus", "customer", metadata={"user_id": story.user_id})
        story.buy_plan()
        story.deliver()
        ended = story.stripe.desk.subscribe(other["id"], story.shop["premium_month"])
        story.stripe.desk.end(ended["id"])
        story.deliver()
        assert story.plan == "Plus"
        assert set(story.states()) == {"done"}


class TestTokens:
    def test_a_full_refund_of_what_is_spent_is_debt_that_the_next_purchase_pays(self, story: Story) -> None:
        session = story.buy_tokens()
        story.deliver()
        balances.spend_tokens(story.user_id, 900, now=story.now)
        story.stripe.desk.refund(session)
        story.deliver()
        assert (story.balance, story.debt) == (-800, 800)
        story.buy_tokens()
        story.deliver()
        assert (story.balance, story.debt) == (200, 0)

    def test_refunds_one_by_one_add_up_to_all(self, story: Story) -> None:
        session = story.buy_tokens()
        for amount in (1, 166, 166, 167):
            story.stripe.desk.refund(session, amount)
        story.deliver()
        assert (story.balance, story.debt) == (100, 0)

    def test_a_refund_that_failed_is_undone(self, story: Story) -> None:
        session = story.buy_tokens()
        refund = story.stripe.desk.refund(session, 250)
        story.deliver()
        assert story.balance == 600
        story.stripe.desk.fail_refund(refund["id"])
        story.deliver()
        assert story.balance == 1100

    def test_a_dispute_freezes_and_a_won_one_gives_back(self, story: Story) -> None:
        dispute = story.stripe.desk.dispute(story.buy_tokens())
        story.deliver()
        assert story.balance == 100
        story.stripe.desk.close_dispute(dispute["id"], "won")
        story.deliver()
        assert story.balance == 1100

    def test_a_lost_dispute_takes_back_what_is_spent_too(self, story: Story) -> None:
        session = story.buy_tokens()
        story.deliver()
        balances.spend_tokens(story.user_id, 600, now=story.now)
        dispute = story.stripe.desk.dispute(session)
        story.stripe.desk.close_dispute(dispute["id"], "lost")
        story.deliver()
        assert (story.balance, story.debt) == (-500, 500)

    def test_an_inquiry_changes_nothing(self, story: Story) -> None:
        story.stripe.desk.dispute(story.buy_tokens(), status="warning_needs_response")
        story.deliver()
        assert story.balance == 1100
