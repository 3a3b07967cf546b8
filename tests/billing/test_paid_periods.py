"""What was paid for comes: once for each paid period of each subscription, whatever it overlaps."""

from __future__ import annotations

import pytest
from django.test import override_settings

from tests.billing.story import Story
from usertokens.services import balances, journal


def subscribe(story: Story, price: str = "plus_month", **more: object) -> str:
    made = story.stripe.desk.subscribe(story.customer, story.shop[price], {"user_id": story.user_id}, **more)  # type: ignore[arg-type]
    story.deliver()
    return str(made["id"])


def granted(story: Story) -> int:
    """The tokens that allowances have brought."""
    entries = journal.list_transactions(story.user_id, limit=1000, now=story.now).results
    return sum(entry.amount for entry in entries if entry.type == "allowance")


def spend_all(story: Story) -> None:
    if story.balance:
        balances.spend_tokens(story.user_id, story.balance, now=story.now)


def later(story: Story, days: float) -> None:
    story.stripe.desk.advance(days=days)
    story.deliver()


class TestOverlaps:
    @pytest.mark.parametrize("is_spent", [True, False])
    def test_ended_at_once_and_bought_again(self, story: Story, *, is_spent: bool) -> None:
        first = subscribe(story)
        if is_spent:
            spend_all(story)
        story.stripe.desk.end(first)
        story.deliver()
        later(story, 9)
        subscribe(story)
        assert (granted(story), story.plan) == (2000, "Plus")
        assert story.balance == (1000 if is_spent else 2000)

    def test_bought_again_before_the_first_was_heard_of(self, story: Story) -> None:
        made = story.stripe.desk.subscribe(story.customer, story.shop["plus_month"], {"user_id": story.user_id})
        story.stripe.desk.end(made["id"])
        story.stripe.desk.advance(days=9)
        subscribe(story)
        assert granted(story) == 2000

    def test_a_trial_ended_early_by_payment(self, story: Story) -> None:
        subscription = subscribe(story, trial_days=14)
        assert story.balance == 1000
        balances.spend_tokens(story.user_id, 300, now=story.now)
        later(story, 5)
        story.stripe.desk.end_trial(subscription)
        story.deliver()
        # What is left of the trial goes with the trial, as at its own end.
        assert (granted(story), story.balance) == (2000, 1000)

    def test_a_trial_ended_early_that_is_not_paid_brings_nothing_more(self, story: Story) -> None:
        subscription = subscribe(story, trial_days=14)
        later(story, 5)
        story.stripe.desk.end_trial(subscription, pays=False)
        story.deliver()
        assert (granted(story), story.balance) == (1000, 0)
        story.stripe.desk.recover(subscription)
        story.deliver()
        assert (granted(story), story.balance) == (2000, 1000)

    def test_the_anchor_moves(self, story: Story) -> None:
        subscription = subscribe(story)
        spend_all(story)
        later(story, 20)
        story.stripe.desk.move_anchor(subscription)
        story.deliver()
        assert (granted(story), story.balance) == (2000, 1000)
        tokens = balances.get_balance(story.user_id, now=story.now).tokens
        assert tokens.period_start == story.now

    def test_two_at_once(self, story: Story) -> None:
        subscribe(story)
        subscribe(story, "premium_month")
        assert (story.plan, story.balance, granted(story)) == ("Premium", 6000, 6000)

    def test_another_interval_is_another_period(self, story: Story) -> None:
        subscription = subscribe(story)
        later(story, 3)
        story.stripe.desk.change_price(subscription, story.shop["plus_year"])
        story.deliver()
        assert granted(story) == 2000
        later(story, 27)
        assert story.balance == 1000


class TestWithin:
    def test_an_upgrade_brings_the_difference(self, story: Story) -> None:
        subscription = subscribe(story)
        balances.spend_tokens(story.user_id, 400, now=story.now)
        for price in ("premium_month", "plus_month", "premium_month"):
            later(story, 1)
            story.stripe.desk.change_price(subscription, story.shop[price])
            story.deliver()
        assert (granted(story), story.balance) == (5000, 4600)

    @pytest.mark.parametrize("proration", ["create_prorations", "none"])
    def test_an_upgrade_that_the_next_invoice_asks_for(self, story: Story, proration: str) -> None:
        subscription = subscribe(story)
        story.stripe.desk.change_price(subscription, story.shop["premium_month"], proration=proration)
        story.deliver()
        assert granted(story) == 5000

    def test_an_upgrade_brings_its_difference_once_it_is_paid(self, story: Story) -> None:
        subscription = subscribe(story)
        later(story, 3)
        story.stripe.desk.change_price(subscription, story.shop["premium_month"], pays=False)
        story.deliver()
        assert granted(story) == 1000
        story.stripe.desk.recover(subscription)
        story.deliver()
        assert (granted(story), story.plan) == (5000, "Premium")

    def test_a_refund_leaves_the_tokens_of_its_period(self, story: Story) -> None:
        subscription = subscribe(story)
        bill = story.stripe.world.objects[story.stripe.world.objects[subscription]["latest_invoice"]]
        paid = next(one for one in story.stripe.world.of("invoice_payment") if one["invoice"] == bill["id"])
        charge = story.stripe.world.objects[paid["payment"]["payment_intent"]]["latest_charge"]
        story.stripe.world.emit("charge.refunded", story.stripe.world.objects[charge])
        story.deliver()
        assert story.balance == 1000


class TestUnpaid:
    def test_a_year_of_more_that_is_not_paid(self, story: Story) -> None:
        subscription = subscribe(story)
        later(story, 3)
        story.stripe.desk.change_price(subscription, story.shop["premium_year"], pays=False)
        story.deliver()
        assert granted(story) == 1000
        pending = story.standing.pending
        assert pending is not None
        assert pending.plan == "Premium"
        story.stripe.desk.recover(subscription)
        story.deliver()
        assert (granted(story), story.plan, story.standing.pending) == (6000, "Premium", None)

    def test_what_comes_after_changes_nothing_of_a_paid_period(self, story: Story) -> None:
        """The latest invoice is about something else, and paid; the period's own is open."""
        subscription = subscribe(story)
        story.stripe.desk.renew(subscription, paid=False)
        open_one = story.stripe.world.objects[subscription]["latest_invoice"]
        story.stripe.desk.change_price(subscription, quantity=1, anchor_now=False, proration="none")
        world = story.stripe.world
        owner = world.objects[subscription]
        from tests.stripe_fake.shapes.invoices import invoice, proration_line

        item = owner["items"]["data"][0]
        line = proration_line(world, owner, item, (world.now, world.now + 60), 1)
        invoice(world, owner, 1, paid=True, reason="subscription_update", lines=[line])
        assert owner["latest_invoice"] != open_one
        story.deliver()
        assert story.balance == 0
        story.stripe.desk.pay_invoice(open_one)
        story.deliver()
        assert story.balance == 1000

    def test_a_voided_invoice_pays_for_nothing(self, story: Story) -> None:
        """Neither for its period, which a change that is paid later does not buy either, nor for a change."""
        subscription = subscribe(story)
        desk, objects = story.stripe.desk, story.stripe.world.objects
        desk.renew(subscription, paid=False)
        desk.void_invoice(objects[subscription]["latest_invoice"])
        desk.update(subscription, status="active")
        later(story, 3)
        desk.change_price(subscription, story.shop["premium_month"])
        story.deliver()
        assert granted(story) == 1000
        desk.renew(subscription)
        story.deliver()
        assert granted(story) == 6000

    def test_a_voided_change_brings_nothing_before_its_next_period(self, story: Story) -> None:
        subscription = subscribe(story)
        later(story, 3)
        desk = story.stripe.desk
        desk.change_price(subscription, story.shop["premium_month"], pays=False)
        desk.void_invoice(story.stripe.world.objects[subscription]["latest_invoice"])
        desk.update(subscription, status="active")
        story.deliver()
        assert granted(story) == 1000
        desk.renew(subscription)
        story.deliver()
        assert (granted(story), story.balance) == (6000, 5000)


class TestFreeAround:
    def test_free_of_the_month_is_there_once(self, story: Story) -> None:
        """What was left of Free's month goes on behind a paid period that is over before it."""
        story.stripe.world.now = int(story.now.replace(month=12, day=2).timestamp())
        assert story.balance == 100
        balances.spend_tokens(story.user_id, 30, now=story.now)
        subscription = subscribe(story, trial_days=5)
        assert story.balance == 1000
        story.stripe.desk.cancel_at_period_end(subscription)
        later(story, 6)
        assert (story.plan, story.balance) == ("Free", 70)

    def test_the_paid_month_comes_whole_whatever_was_spent_of_free(self, story: Story) -> None:
        balances.spend_tokens(story.user_id, 100, now=story.now)
        subscribe(story)
        assert story.balance == 1000

    def test_free_does_not_come_beside_what_was_paid_for(self, story: Story) -> None:
        subscription = subscribe(story)
        story.stripe.desk.end(subscription)
        story.deliver()
        assert (story.plan, granted(story)) == ("Free", 1000)
        later(story, 31)
        assert (story.plan, story.balance) == ("Free", 100)

    def test_a_year_that_is_ended_brings_the_month_that_had_begun_and_no_more(self, story: Story) -> None:
        subscription = subscribe(story, "plus_year")
        later(story, 40)
        assert (granted(story), story.balance) == (2000, 1000)
        story.stripe.desk.end(subscription)
        story.deliver()
        assert (story.plan, story.balance) == ("Free", 1000)
        later(story, 31)
        assert (granted(story), story.balance) == (2100, 100)

    @pytest.mark.parametrize(("days", "brought"), [(40, 5000 + 1000 + 1000), (5, 5000 + 1000), (0.5, 5000 + 1000)])
    def test_a_year_on_a_cheaper_plan_brings_that_plans_month_when_it_is_replaced(
        self, story: Story, days: float, brought: int
    ) -> None:
        """The plan that was left before the last month began counts no more, though it was paid for within the year."""
        subscription = subscribe(story, "premium_year")
        later(story, 0.1)
        story.stripe.desk.change_price(subscription, story.shop["plus_year"])
        later(story, days)
        story.stripe.desk.change_price(subscription, story.shop["plus_month"])
        story.deliver()
        assert (story.plan, granted(story)) == ("Plus", brought)


def test_another_number_of_tokens_counts_from_the_next_settling(story: Story) -> None:
    subscription = subscribe(story)
    with override_settings(PLAN_ALLOWANCES={"Free": 100, "Plus": 1500, "Premium": 5000}):
        story.stripe.desk.keep(subscription)
        story.deliver()
        assert granted(story) == 1500
    assert story.plan == "Plus"


def test_a_trial_that_ends_in_its_first_second_leaves_the_month_whole(story: Story) -> None:
    subscription = story.stripe.desk.subscribe(story.customer, story.shop["plus_month"], trial_days=14)["id"]
    story.deliver()
    story.stripe.desk.end_trial(subscription)
    story.deliver()
    assert story.plan == "Plus"
    assert balances.get_balance(story.user_id, now=story.now).tokens.allowance == 1000
