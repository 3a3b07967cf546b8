"""Each paid period of each subscription grants its tokens once, whatever periods overlap."""

from __future__ import annotations

import pytest
from django.test import override_settings

from tests.billing.scenario import Scenario
from usertokens.services import balances, journal


def subscribe(scenario: Scenario, price: str = "plus_month", **more: object) -> str:
    named = {"user_id": scenario.user_id}
    made = scenario.stripe.actions.subscribe(scenario.customer, scenario.shop[price], named, **more)  # type: ignore[arg-type] # each has the type of its argument
    scenario.deliver()
    return str(made["id"])


def granted(scenario: Scenario) -> int:
    """The tokens that allowances have granted."""
    entries = journal.list_transactions(scenario.user_id, limit=1000, now=scenario.now).results
    return sum(entry.amount for entry in entries if entry.type == "allowance")


def spend_all(scenario: Scenario) -> None:
    if scenario.balance:
        balances.spend_tokens(scenario.user_id, scenario.balance, now=scenario.now)


def later(scenario: Scenario, days: float) -> None:
    scenario.stripe.actions.advance(days=days)
    scenario.deliver()


class TestOverlaps:
    @pytest.mark.parametrize("is_spent", [True, False])
    def test_ended_at_once_and_bought_again(self, scenario: Scenario, *, is_spent: bool) -> None:
        first = subscribe(scenario)
        if is_spent:
            spend_all(scenario)
        scenario.stripe.actions.end(first)
        scenario.deliver()
        later(scenario, 9)
        subscribe(scenario)
        assert (granted(scenario), scenario.plan) == (2000, "Plus")
        assert scenario.balance == (1000 if is_spent else 2000)

    def test_bought_again_before_the_first_was_heard_of(self, scenario: Scenario) -> None:
        made = scenario.stripe.actions.subscribe(
            scenario.customer, scenario.shop["plus_month"], {"user_id": scenario.user_id}
        )
        scenario.stripe.actions.end(made["id"])
        scenario.stripe.actions.advance(days=9)
        subscribe(scenario)
        assert granted(scenario) == 2000

    def test_a_trial_ended_early_by_payment(self, scenario: Scenario) -> None:
        subscription = subscribe(scenario, trial_days=14)
        assert scenario.balance == 1000
        balances.spend_tokens(scenario.user_id, 300, now=scenario.now)
        later(scenario, 5)
        scenario.stripe.actions.end_trial(subscription)
        scenario.deliver()
        # The tokens left of the trial end with the trial, as at its own end.
        assert (granted(scenario), scenario.balance) == (2000, 1000)

    def test_a_trial_ended_early_that_is_not_paid_brings_nothing_more(self, scenario: Scenario) -> None:
        subscription = subscribe(scenario, trial_days=14)
        later(scenario, 5)
        scenario.stripe.actions.end_trial(subscription, pays=False)
        scenario.deliver()
        assert (granted(scenario), scenario.balance) == (1000, 0)
        scenario.stripe.actions.recover(subscription)
        scenario.deliver()
        assert (granted(scenario), scenario.balance) == (2000, 1000)

    def test_the_anchor_moves(self, scenario: Scenario) -> None:
        subscription = subscribe(scenario)
        spend_all(scenario)
        later(scenario, 20)
        scenario.stripe.actions.move_anchor(subscription)
        scenario.deliver()
        assert (granted(scenario), scenario.balance) == (2000, 1000)
        tokens = balances.get_balance(scenario.user_id, now=scenario.now).tokens
        assert tokens.period_start == scenario.now

    def test_two_at_once(self, scenario: Scenario) -> None:
        subscribe(scenario)
        subscribe(scenario, "premium_month")
        assert (scenario.plan, scenario.balance, granted(scenario)) == ("Premium", 6000, 6000)

    def test_another_interval_is_another_period(self, scenario: Scenario) -> None:
        subscription = subscribe(scenario)
        later(scenario, 3)
        scenario.stripe.actions.change_price(subscription, scenario.shop["plus_year"])
        scenario.deliver()
        assert granted(scenario) == 2000
        later(scenario, 29)  # the first month is over, however long it is
        assert scenario.balance == 1000


class TestWithin:
    def test_an_upgrade_brings_the_difference(self, scenario: Scenario) -> None:
        subscription = subscribe(scenario)
        balances.spend_tokens(scenario.user_id, 400, now=scenario.now)
        for price in ("premium_month", "plus_month", "premium_month"):
            later(scenario, 1)
            scenario.stripe.actions.change_price(subscription, scenario.shop[price])
            scenario.deliver()
        assert (granted(scenario), scenario.balance) == (5000, 4600)

    @pytest.mark.parametrize("proration", ["create_prorations", "none"])
    def test_an_upgrade_that_the_next_invoice_asks_for(self, scenario: Scenario, proration: str) -> None:
        subscription = subscribe(scenario)
        scenario.stripe.actions.change_price(subscription, scenario.shop["premium_month"], proration=proration)
        scenario.deliver()
        assert granted(scenario) == 5000

    def test_an_upgrade_brings_its_difference_once_it_is_paid(self, scenario: Scenario) -> None:
        subscription = subscribe(scenario)
        later(scenario, 3)
        scenario.stripe.actions.change_price(subscription, scenario.shop["premium_month"], pays=False)
        scenario.deliver()
        assert granted(scenario) == 1000
        scenario.stripe.actions.recover(subscription)
        scenario.deliver()
        assert (granted(scenario), scenario.plan) == (5000, "Premium")

    def test_a_refund_leaves_the_tokens_of_its_period(self, scenario: Scenario) -> None:
        subscription = subscribe(scenario)
        bill = scenario.stripe.state.objects[scenario.stripe.state.objects[subscription]["latest_invoice"]]
        paid = next(one for one in scenario.stripe.state.of("invoice_payment") if one["invoice"] == bill["id"])
        charge = scenario.stripe.state.objects[paid["payment"]["payment_intent"]]["latest_charge"]
        scenario.stripe.state.emit("charge.refunded", scenario.stripe.state.objects[charge])
        scenario.deliver()
        assert scenario.balance == 1000


class TestUnpaid:
    def test_a_year_of_more_that_is_not_paid(self, scenario: Scenario) -> None:
        subscription = subscribe(scenario)
        later(scenario, 3)
        scenario.stripe.actions.change_price(subscription, scenario.shop["premium_year"], pays=False)
        scenario.deliver()
        assert granted(scenario) == 1000
        pending = scenario.subscription.pending
        assert pending is not None
        assert pending.plan == "Premium"
        scenario.stripe.actions.recover(subscription)
        scenario.deliver()
        assert (granted(scenario), scenario.plan, scenario.subscription.pending) == (6000, "Premium", None)

    def test_what_comes_after_changes_nothing_of_a_paid_period(self, scenario: Scenario) -> None:
        """The latest invoice is about something else, and paid; the period's own is open."""
        subscription = subscribe(scenario)
        scenario.stripe.actions.renew(subscription, paid=False)
        open_one = scenario.stripe.state.objects[subscription]["latest_invoice"]
        scenario.stripe.actions.change_price(subscription, quantity=1, anchor_now=False, proration="none")
        state = scenario.stripe.state
        owner = state.objects[subscription]
        from tests.stripe_fake.shapes.invoices import invoice, proration_line

        item = owner["items"]["data"][0]
        line = proration_line(state, owner, item, (state.now, state.now + 60), 1)
        invoice(state, owner, 1, paid=True, reason="subscription_update", lines=[line])
        assert owner["latest_invoice"] != open_one
        scenario.deliver()
        assert scenario.balance == 0
        scenario.stripe.actions.pay_invoice(open_one)
        scenario.deliver()
        assert scenario.balance == 1000

    def test_a_voided_invoice_pays_for_nothing(self, scenario: Scenario) -> None:
        """It pays neither for its period nor for a change. A change that is paid later does not pay for the period."""
        subscription = subscribe(scenario)
        actions, objects = scenario.stripe.actions, scenario.stripe.state.objects
        actions.renew(subscription, paid=False)
        actions.void_invoice(objects[subscription]["latest_invoice"])
        actions.update(subscription, status="active")
        later(scenario, 3)
        actions.change_price(subscription, scenario.shop["premium_month"])
        scenario.deliver()
        assert granted(scenario) == 1000
        actions.renew(subscription)
        scenario.deliver()
        assert granted(scenario) == 6000

    def test_a_voided_change_brings_nothing_before_its_next_period(self, scenario: Scenario) -> None:
        subscription = subscribe(scenario)
        later(scenario, 3)
        actions = scenario.stripe.actions
        actions.change_price(subscription, scenario.shop["premium_month"], pays=False)
        actions.void_invoice(scenario.stripe.state.objects[subscription]["latest_invoice"])
        actions.update(subscription, status="active")
        scenario.deliver()
        assert granted(scenario) == 1000
        actions.renew(subscription)
        scenario.deliver()
        assert (granted(scenario), scenario.balance) == (6000, 5000)


class TestFreeAround:
    def test_free_of_the_month_is_there_once(self, scenario: Scenario) -> None:
        """What was left of the free month is granted again after a paid period that ends before it."""
        scenario.stripe.state.now = int(scenario.now.replace(month=12, day=2).timestamp())
        assert scenario.balance == 100
        balances.spend_tokens(scenario.user_id, 30, now=scenario.now)
        subscription = subscribe(scenario, trial_days=5)
        assert scenario.balance == 1000
        scenario.stripe.actions.cancel_at_period_end(subscription)
        later(scenario, 6)
        assert (scenario.plan, scenario.balance) == ("Free", 70)

    def test_the_paid_month_comes_whole_whatever_was_spent_of_free(self, scenario: Scenario) -> None:
        balances.spend_tokens(scenario.user_id, 100, now=scenario.now)
        subscribe(scenario)
        assert scenario.balance == 1000

    def test_free_does_not_come_beside_what_was_paid_for(self, scenario: Scenario) -> None:
        subscription = subscribe(scenario)
        scenario.stripe.actions.end(subscription)
        scenario.deliver()
        assert (scenario.plan, granted(scenario)) == ("Free", 1000)
        later(scenario, 31)
        assert (scenario.plan, scenario.balance) == ("Free", 100)

    def test_a_year_that_is_ended_brings_the_month_that_had_begun_and_no_more(self, scenario: Scenario) -> None:
        subscription = subscribe(scenario, "plus_year")
        later(scenario, 40)
        assert (granted(scenario), scenario.balance) == (2000, 1000)
        scenario.stripe.actions.end(subscription)
        scenario.deliver()
        assert (scenario.plan, scenario.balance) == ("Free", 1000)
        later(scenario, 31)
        assert (granted(scenario), scenario.balance) == (2100, 100)

    @pytest.mark.parametrize(("days", "brought"), [(40, 5000 + 1000 + 1000), (5, 5000 + 1000), (0.5, 5000 + 1000)])
    def test_a_year_on_a_cheaper_plan_brings_that_plans_month_when_it_is_replaced(
        self, scenario: Scenario, days: float, brought: int
    ) -> None:
        """A plan that was left before the last month began does not count, although it was paid for within the year."""
        subscription = subscribe(scenario, "premium_year")
        later(scenario, 0.1)
        scenario.stripe.actions.change_price(subscription, scenario.shop["plus_year"])
        later(scenario, days)
        scenario.stripe.actions.change_price(subscription, scenario.shop["plus_month"])
        scenario.deliver()
        assert (scenario.plan, granted(scenario)) == ("Plus", brought)


def test_another_number_of_tokens_counts_from_the_next_settling(scenario: Scenario) -> None:
    subscription = subscribe(scenario)
    with override_settings(PLAN_ALLOWANCES={"Free": 100, "Plus": 1500, "Premium": 5000}):
        scenario.stripe.actions.keep(subscription)
        scenario.deliver()
        assert granted(scenario) == 1500
    assert scenario.plan == "Plus"


def test_a_trial_that_ends_in_its_first_second_leaves_the_month_whole(scenario: Scenario) -> None:
    subscription = scenario.stripe.actions.subscribe(scenario.customer, scenario.shop["plus_month"], trial_days=14)[
        "id"
    ]
    scenario.deliver()
    scenario.stripe.actions.end_trial(subscription)
    scenario.deliver()
    assert scenario.plan == "Plus"
    assert balances.get_balance(scenario.user_id, now=scenario.now).tokens.allowance == 1000
