"""A purchase or a plan that usertokens refuses is reported, and everything else is applied."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client, override_settings

from billing.errors import Unresolved
from billing.models import StripeEvent
from billing.services import effects, inbox, resync, subscription_states
from billing.services.sync import sync_customer
from billing.services.topups import bought_tokens
from tests.billing.scenario import Scenario
from usertokens.services import purchases


def other_tokens(scenario: Scenario) -> Any:
    """The price of 1000 tokens now sells 1200."""
    return override_settings(BILLING_TOPUPS={1200: scenario.shop["topup_1000"], 5000: scenario.shop["topup_5000"]})


class TestOtherTokensForAPrice:
    """BILLING_TOPUPS changes; earlier purchases stay as they were."""

    def test_what_was_bought_stays(self, scenario: Scenario) -> None:
        session = scenario.buy_by_link()
        scenario.deliver()
        with other_tokens(scenario):
            assert resync.find_difference(scenario.customer) is None
            scenario.buy_by_link(1200)
            scenario.stripe.actions.refund(session)
            scenario.deliver()
        assert (scenario.balance, set(scenario.states())) == (1300, {"done"})

    def test_a_price_that_is_sold_no_longer(self, scenario: Scenario) -> None:
        session = scenario.buy_by_link()
        scenario.deliver()
        with override_settings(BILLING_TOPUPS={}):
            scenario.stripe.actions.refund(session, 250)
            scenario.deliver()
        assert (scenario.balance, set(scenario.states())) == (600, {"done"})


class TestTheSettingIsPutRight:
    """A refused number of tokens is not stored: the next sync takes the number that is set by then."""

    def test_too_many_at_first(self, scenario: Scenario) -> None:
        scenario.buy_by_link()
        with override_settings(BILLING_TOPUPS={2**53: scenario.shop["topup_1000"]}):
            scenario.deliver()
        assert "too large" in scenario.event("checkout.session.completed").error
        inbox.replay_events(StripeEvent.objects.all())
        scenario.work()
        assert (scenario.balance, set(scenario.states())) == (1100, {"done"})
        assert resync.find_difference(scenario.customer) is None

    def test_granted_before_with_another_number(self, scenario: Scenario) -> None:
        session = scenario.buy_by_link()
        scenario.deliver()
        subscription_states.forget_state(scenario.user_id)
        with other_tokens(scenario), pytest.raises(Unresolved):
            sync_customer(scenario.customer)
        scenario.stripe.actions.refund(session)
        scenario.deliver(scenario.stripe.state.events[-1:])
        assert (scenario.balance, set(scenario.states())) == (100, {"done"})

    def test_what_was_granted_stays_beside_it(self, scenario: Scenario) -> None:
        bought = scenario.buy_by_link()
        scenario.deliver()
        scenario.buy_by_link(5000)
        with override_settings(BILLING_TOPUPS={2**53: scenario.shop["topup_5000"], 7: scenario.shop["topup_1000"]}):
            scenario.stripe.actions.refund(bought, 250)
            scenario.deliver()
            assert scenario.balance == 600
        sync_customer(scenario.customer)
        assert scenario.balance == 5600


@pytest.fixture
def conflict(scenario: Scenario) -> Scenario:
    """Another number of tokens was granted under the same key, unknown to billing, and more was bought."""
    key = effects.source_key(scenario.buy_by_link())
    purchases.grant_tokens(user_id=scenario.user_id, amount=999, reason="x", key=key)
    scenario.buy_plan()
    scenario.buy_tokens(5000)
    return scenario


class TestRefusedPurchase:
    def test_the_rest_goes_on_and_the_event_is_parked(self, conflict: Scenario) -> None:
        conflict.deliver()
        assert (conflict.plan, conflict.balance) == ("Plus", 1000 + 999 + 5000)
        assert conflict.event("invoice.paid").state == "parked"
        assert "another number of tokens" in conflict.event("checkout.session.completed").error
        assert subscription_states.read_applied(conflict.user_id) is None

    def test_the_way_back_is_a_page(self, conflict: Scenario, browser_client: Client) -> None:
        session = conflict.stripe.state.of("checkout.session")[0]["id"]
        page = browser_client.get("/pricing/return", {"session_id": session})
        assert page.status_code == 200
        assert "is being added" in page.content.decode()
        assert browser_client.get("/pricing/return").status_code == 302

    def test_the_admin_says_so(self, conflict: Scenario, admin_client: Client) -> None:
        url = f"/admin/billing/stripecustomer/{conflict.row().pk}/sync/"
        page = admin_client.post(url, follow=True)
        assert "another number of tokens" in page.content.decode()

    def test_the_command_says_so(self, conflict: Scenario) -> None:
        said = StringIO()
        with pytest.raises(CommandError, match="1 could not be"):
            call_command("billing_resync", "--yes", stdout=StringIO(), stderr=said)
        assert "another number of tokens" in said.getvalue()

    def test_more_than_a_balance_holds(self, scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
        scenario.buy_tokens()
        with monkeypatch.context() as patch:
            patch.setattr(purchases, "LARGEST_WHOLE", 500)
            scenario.deliver()
        assert "too large" in scenario.event("checkout.session.completed").error

    @pytest.mark.parametrize("tokens", ["9" * 30, "9007199254740993"])
    def test_a_session_that_says_more_than_any_number_here(self, scenario: Scenario, tokens: str) -> None:
        session = scenario.buy_tokens()
        scenario.stripe.state.objects[session]["metadata"]["tokens"] = tokens
        scenario.buy_tokens(5000)
        scenario.deliver()
        assert scenario.balance == 5100
        assert scenario.event("checkout.session.completed").state == "parked"


class TestRefusedPlan:
    def test_a_plan_without_an_allowance_is_parked_and_purchases_come(self, scenario: Scenario) -> None:
        scenario.buy_plan()
        scenario.buy_tokens()
        with override_settings(PLAN_ALLOWANCES={"Free": 100}):
            scenario.deliver()
            assert "PLAN_ALLOWANCES" in scenario.event("invoice.paid").error
        assert scenario.balance == 1100
        sync_customer(scenario.customer)
        assert (scenario.plan, scenario.balance) == ("Plus", 2000)


@pytest.mark.parametrize("quantity", [0, -3])
def test_a_line_of_nothing_buys_nothing(scenario: Scenario, quantity: int) -> None:
    line = {"price": {"id": scenario.shop["topup_1000"]}, "quantity": quantity}
    assert bought_tokens({"mode": "payment", "metadata": {}, "line_items": {"data": [line]}}) == 0
