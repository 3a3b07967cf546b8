"""Lifecycles of subscriptions and top-ups, from Stripe's events to the plan and the balance."""

from __future__ import annotations

from datetime import timedelta

from billing.types import Plan
from tests.billing.scenario import Scenario
from usertokens.services import balances


class TestPlan:
    def test_a_paid_plan_holds_and_brings_its_tokens(self, scenario: Scenario) -> None:
        scenario.buy_plan()
        scenario.deliver()
        assert (scenario.plan, scenario.balance) == ("Plus", 1000)
        assert scenario.subscription.status == "active"
        assert set(scenario.states()) == {"done"}

    def test_a_renewal_that_is_not_paid_keeps_the_plan_and_brings_nothing(self, scenario: Scenario) -> None:
        subscription = scenario.buy_plan()
        scenario.deliver()
        scenario.stripe.actions.renew(subscription, paid=False)
        scenario.deliver()
        assert (scenario.plan, scenario.balance) == ("Plus", 0)
        assert scenario.subscription.grace_until is not None
        scenario.stripe.actions.recover(subscription)
        scenario.deliver()
        assert (scenario.plan, scenario.balance) == ("Plus", 1000)
        assert scenario.subscription.grace_until is None

    def test_cancelled_at_the_end_of_the_period(self, scenario: Scenario) -> None:
        subscription = scenario.buy_plan(Plan("Premium"))
        scenario.stripe.actions.cancel_at_period_end(subscription)
        scenario.deliver()
        assert scenario.plan == "Premium"
        pending = scenario.subscription.pending
        assert pending is not None
        assert pending.plan == Plan("Free")
        scenario.stripe.state.now = int((pending.at + timedelta(seconds=1)).timestamp())
        scenario.stripe.actions.end(subscription)
        scenario.deliver()
        assert (scenario.plan, scenario.balance) == ("Free", 100)

    def test_a_year_brings_its_tokens_month_by_month(self, scenario: Scenario) -> None:
        scenario.buy_plan(Plan("Premium"), "year")
        scenario.deliver()
        assert (scenario.plan, scenario.balance) == ("Premium", 5000)
        balances.spend_tokens(scenario.user_id, 4000, now=scenario.now)
        assert scenario.balance == 1000
        scenario.stripe.state.now += 40 * 86400
        assert scenario.balance == 5000
        scenario.stripe.state.now += 300 * 86400
        assert scenario.balance == 5000

    def test_after_the_year_nothing_comes_unpaid(self, scenario: Scenario) -> None:
        scenario.buy_plan(Plan("Premium"), "year")
        scenario.deliver()
        scenario.stripe.state.now += 366 * 86400
        assert (scenario.plan, scenario.balance) == ("Premium", 0)

    def test_for_the_hour_of_the_draft_the_tokens_wait(self, scenario: Scenario) -> None:
        subscription = scenario.buy_plan()
        scenario.deliver()
        scenario.stripe.actions.renew(subscription)
        bill = scenario.stripe.state.objects[scenario.stripe.state.objects[subscription]["latest_invoice"]]
        bill["status"] = "draft"
        scenario.deliver()
        assert (scenario.plan, scenario.balance, scenario.subscription.status) == ("Plus", 0, "active")
        assert scenario.row().next_sync_at is not None
        bill["status"] = "paid"
        scenario.stripe.state.now += 3 * 3600
        scenario.work()
        assert scenario.balance == 1000

    def test_two_subscriptions_give_the_higher_until_it_ends(self, scenario: Scenario) -> None:
        scenario.stripe.actions.subscribe(scenario.customer, scenario.shop["plus_month"])
        higher = scenario.stripe.actions.subscribe(scenario.customer, scenario.shop["premium_month"])
        scenario.deliver()
        assert scenario.plan == "Premium"
        scenario.stripe.actions.end(higher["id"])
        scenario.deliver()
        assert scenario.plan == "Plus"

    def test_two_customers_of_one_user_are_one(self, scenario: Scenario) -> None:
        other = scenario.stripe.state.add("cus", "customer", metadata={"user_id": scenario.user_id})
        scenario.buy_plan()
        scenario.deliver()
        ended = scenario.stripe.actions.subscribe(other["id"], scenario.shop["premium_month"])
        scenario.stripe.actions.end(ended["id"])
        scenario.deliver()
        assert scenario.plan == "Plus"
        assert set(scenario.states()) == {"done"}


class TestTokens:
    def test_a_full_refund_of_what_is_spent_is_debt_that_the_next_purchase_pays(self, scenario: Scenario) -> None:
        session = scenario.buy_tokens()
        scenario.deliver()
        balances.spend_tokens(scenario.user_id, 900, now=scenario.now)
        scenario.stripe.actions.refund(session)
        scenario.deliver()
        assert (scenario.balance, scenario.debt) == (-800, 800)
        scenario.buy_tokens()
        scenario.deliver()
        assert (scenario.balance, scenario.debt) == (200, 0)

    def test_refunds_one_by_one_add_up_to_all(self, scenario: Scenario) -> None:
        session = scenario.buy_tokens()
        for amount in (1, 166, 166, 167):
            scenario.stripe.actions.refund(session, amount)
        scenario.deliver()
        assert (scenario.balance, scenario.debt) == (100, 0)

    def test_a_refund_that_failed_is_undone(self, scenario: Scenario) -> None:
        session = scenario.buy_tokens()
        refund = scenario.stripe.actions.refund(session, 250)
        scenario.deliver()
        assert scenario.balance == 600
        scenario.stripe.actions.fail_refund(refund["id"])
        scenario.deliver()
        assert scenario.balance == 1100

    def test_a_dispute_freezes_and_a_won_one_gives_back(self, scenario: Scenario) -> None:
        dispute = scenario.stripe.actions.dispute(scenario.buy_tokens())
        scenario.deliver()
        assert scenario.balance == 100
        scenario.stripe.actions.close_dispute(dispute["id"], "won")
        scenario.deliver()
        assert scenario.balance == 1100

    def test_a_lost_dispute_takes_back_what_is_spent_too(self, scenario: Scenario) -> None:
        session = scenario.buy_tokens()
        scenario.deliver()
        balances.spend_tokens(scenario.user_id, 600, now=scenario.now)
        dispute = scenario.stripe.actions.dispute(session)
        scenario.stripe.actions.close_dispute(dispute["id"], "lost")
        scenario.deliver()
        assert (scenario.balance, scenario.debt) == (-500, 500)

    def test_an_inquiry_changes_nothing(self, scenario: Scenario) -> None:
        scenario.stripe.actions.dispute(scenario.buy_tokens(), status="warning_needs_response")
        scenario.deliver()
        assert scenario.balance == 1100
