"""What a user has paid: shown from the last sync, without a request to Stripe; documents of one's own only."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.template import Context, Template
from django.test import Client, RequestFactory, override_settings
from django.utils import translation

from billing.services import subscription_states
from billing.services.payments import KEPT
from tests.billing.scenario import Scenario
from tests.stripe_fake import Fault


def paid(scenario: Scenario) -> list[tuple[str, int, str, int]]:
    return [(one.status, one.cents, one.currency, one.tokens) for one in scenario.subscription.payments]


def card(user: User, language: str = "en") -> str:
    request = RequestFactory().get("/dashboard")
    request.user = user
    with translation.override(language):
        return Template("{% load billing %}{% billing_card %}").render(Context({"request": request}))


class TestPayments:
    def test_invoices_and_purchases(self, scenario: Scenario) -> None:
        scenario.buy_plan()
        scenario.stripe.state.now += 60
        scenario.buy_tokens()
        scenario.deliver()
        assert paid(scenario) == [("paid", 500, "EUR", 1000), ("paid", 900, "EUR", 0)]

    def test_what_was_refunded(self, scenario: Scenario) -> None:
        whole, part = scenario.buy_tokens(), scenario.buy_tokens()
        scenario.stripe.actions.refund(whole, 500)
        scenario.stripe.actions.refund(part, 100)
        scenario.deliver()
        assert sorted(one[0] for one in paid(scenario)) == ["partly_refunded", "refunded"]

    def test_a_slow_one_a_failed_one_and_an_open_invoice(self, scenario: Scenario) -> None:
        scenario.buy_tokens(pays=False)
        scenario.stripe.actions.renew(scenario.buy_plan(), paid=False)
        scenario.deliver()
        assert sorted(one[:2] for one in paid(scenario)) == [("open", 500), ("open", 900), ("paid", 900)]

    def test_a_trial_and_an_open_checkout_are_none(self, scenario: Scenario, settings: Any) -> None:
        settings.BILLING_TRIAL_DAYS = {"Plus": 14}
        scenario.buy_plan()
        Client().get("/pricing")
        scenario.deliver()
        assert paid(scenario) == []

    def test_they_stay_after_the_end(self, scenario: Scenario) -> None:
        subscription = scenario.buy_plan()
        scenario.deliver()
        scenario.stripe.actions.end(subscription)
        scenario.stripe.state.now += 40 * 86400
        scenario.deliver()
        assert paid(scenario) == [("paid", 900, "EUR", 0)]

    def test_only_the_newest_are_kept(self, scenario: Scenario) -> None:
        for _ in range(KEPT + 3):
            scenario.stripe.state.now += 1
            scenario.buy_tokens()
        scenario.deliver()
        found = [one.at for one in scenario.subscription.payments]
        assert len(found) == KEPT
        assert found == sorted(found, reverse=True)

    def test_each_names_its_own_plan(self, scenario: Scenario) -> None:
        subscription = scenario.buy_plan()
        scenario.deliver()
        assert [one.plan for one in scenario.subscription.payments] == ["Plus"]
        assert "<td>Plus</td>" in card(scenario.user, "fr")
        scenario.stripe.actions.end(subscription)
        scenario.stripe.state.now += 40 * 86400
        scenario.deliver()
        assert [one.plan for one in scenario.subscription.payments] == ["Plus"]

    def test_an_older_state_names_none(self) -> None:
        state = subscription_states.unpack_state(
            b'{"plan": "Plus", "payments": [["in_1", 1777593600, 900, "EUR", "paid", 0]]}'
        )
        assert [(one.cents, one.plan) for one in state.payments] == [(900, "")]

    def test_an_older_state_has_none(self, scenario: Scenario) -> None:
        assert subscription_states.unpack_state(b'{"plan": "Plus", "period_end": 1777593600}').payments == ()


class TestNextCharge:
    def test_by_the_price(self, scenario: Scenario) -> None:
        scenario.buy_plan(interval="year")
        scenario.deliver()
        text = card(scenario.user)
        assert "Next charge" in text
        assert "€90.00 on " in text
        assert "90,00\xa0€ am " in card(scenario.user, "de")

    @pytest.mark.parametrize("change", ["discounts", "default_tax_rates", "automatic_tax"])
    def test_where_the_price_is_not_all_no_amount_is_claimed(self, scenario: Scenario, change: str) -> None:
        from billing.services.plans import read_subscriptions

        subscription = scenario.stripe.state.objects[scenario.buy_plan()]
        subscription["latest_invoice"] = None
        value: Any = {"enabled": True} if change == "automatic_tax" else ["di_1"]
        state = read_subscriptions([subscription | {change: value}], scenario.now).state
        assert state.next_cents is None
        assert read_subscriptions([subscription], scenario.now).state.next_cents == 900

    def test_none_once_it_ends(self, scenario: Scenario) -> None:
        scenario.stripe.actions.cancel_at_period_end(scenario.buy_plan())
        scenario.deliver()
        assert "Next charge" not in card(scenario.user)


class TestCard:
    def test_it_asks_stripe_for_nothing(self, scenario: Scenario) -> None:
        scenario.buy_plan()
        scenario.deliver()
        asked = len(scenario.stripe.state.requests)
        text = card(scenario.user)
        assert len(scenario.stripe.state.requests) == asked
        assert 'href="/pricing/payments/in_' in text
        assert "paid" in text


class TestDocument:
    def test_an_invoice_and_a_receipt(self, scenario: Scenario, browser_client: Client) -> None:
        session = scenario.buy_tokens()
        scenario.buy_plan()
        scenario.deliver()
        invoice = next(one.id for one in scenario.subscription.payments if not one.tokens)
        answer = browser_client.get(f"/pricing/payments/{invoice}")
        assert answer["Location"] == scenario.stripe.state.objects[invoice]["hosted_invoice_url"]
        assert "no-store" in answer["Cache-Control"]
        answer = browser_client.get(f"/pricing/payments/{session}")
        assert answer["Location"].startswith(f"{scenario.stripe.url}/receipts/ch_")

    def test_a_guests_receipt(self, scenario: Scenario, browser_client: Client) -> None:
        actions = scenario.stripe.actions
        link = actions.add_link(scenario.shop["topup_1000"])
        session = actions.pay_link(link["id"], client_reference_id=scenario.user_id)
        scenario.deliver()
        assert paid(scenario) == [("paid", 500, "EUR", 1000)]
        assert browser_client.get(f"/pricing/payments/{session['id']}").status_code == 302

    def test_not_anothers(self, scenario: Scenario) -> None:
        session = scenario.buy_tokens()
        scenario.buy_plan()
        scenario.deliver()
        stranger = Client()
        stranger.force_login(User.objects.create_user("stranger"))
        invoice = next(one.id for one in scenario.subscription.payments if not one.tokens)
        for name in (session, invoice, "in_nothing", "cs_nothing", "cus_1", "x" * 400, "in_..%2F..%2Fcustomers"):
            assert stranger.get(f"/pricing/payments/{name}").status_code == 404, name
        assert Client().get(f"/pricing/payments/{invoice}").status_code == 302  # to the log-in

    def test_stripe_away_and_off(self, scenario: Scenario, browser_client: Client) -> None:
        session = scenario.buy_tokens()
        scenario.stripe.state.faults.append(Fault("GET /v1/checkout/sessions", 503, times=9))
        assert browser_client.get(f"/pricing/payments/{session}").status_code == 503
        with override_settings(STRIPE_SECRET_KEY=""):
            assert browser_client.get(f"/pricing/payments/{session}").status_code == 503
