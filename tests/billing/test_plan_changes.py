"""Another plan while one runs: Stripe's page that confirms it, and what is said before one leaves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import translation
from django.utils.formats import date_format

from tests.billing.scenario import Scenario
from tests.stripe_fake import Fault, pages

CONFIRM = "Confirm your updates"


def choose(client: Client, **form: str) -> Any:
    return client.post("/pricing/checkout", form)


def portal_sessions(scenario: Scenario) -> list[Any]:
    return scenario.stripe.state.of("billing_portal.session")


@pytest.fixture
def paying(scenario: Scenario) -> Scenario:
    """A user with Plus by the month, and a portal in which both plans may be switched."""
    scenario.buy_plan()
    scenario.deliver()
    scenario.stripe.actions.allow_switching(scenario.shop["plus"], scenario.shop["premium"])
    return scenario


class TestUpgrade:
    @pytest.mark.parametrize(("plan", "interval"), [("Premium", "month"), ("Premium", "year"), ("Plus", "year")])
    def test_straight_to_the_confirmation(
        self, paying: Scenario, browser_client: Client, plan: str, interval: str
    ) -> None:
        page = choose(browser_client, plan=plan, interval=interval).content.decode()
        session = portal_sessions(paying)[0]
        assert f'content="0;url={session["url"]}"' in page
        flow = session["flow"]
        wanted = flow["subscription_update_confirm"]
        assert flow["type"] == "subscription_update_confirm"
        assert wanted["subscription"] == paying.subscription.subscription_id
        assert wanted["items"][0]["price"] == paying.shop[f"{plan.lower()}_{interval}"]
        place = f"/portal/{session['id']}"
        shown = pages.show(paying.stripe.state, "GET", place, {})
        assert CONFIRM in shown.body
        back = pages.show(paying.stripe.state, "POST", place, {"do": "confirm"}).location
        assert back == f"{settings.SITE_URL}/pricing/return?changed=1"
        now = browser_client.get("/pricing/return?changed=1").content.decode()
        assert f"Your plan is {plan}." in now
        assert (paying.subscription.plan, paying.subscription.interval) == (plan, interval)

    def test_in_the_language_of_the_page(self, paying: Scenario, browser_client: Client) -> None:
        browser_client.post("/fr/pricing/checkout", {"plan": "Premium", "interval": "month"})
        session = portal_sessions(paying)[0]
        assert (session["locale"], session["return_url"]) == ("fr", f"{settings.SITE_URL}/fr/pricing/return?changed=1")

    @pytest.mark.parametrize("obstacle", ["off", "price", "ends", "planned"])
    def test_where_stripe_has_no_such_page_the_portal_opens(
        self, paying: Scenario, browser_client: Client, obstacle: str
    ) -> None:
        actions, subscription = paying.stripe.actions, paying.subscription.subscription_id
        if obstacle == "off":
            actions.save_portal_settings()
        elif obstacle == "price":
            actions.allow_switching(paying.shop["plus"])
        elif obstacle == "ends":
            actions.cancel_at_period_end(subscription)
        else:
            actions.schedule_price(subscription, paying.shop["premium_year"])
        assert choose(browser_client, plan="Premium").status_code == 200
        assert portal_sessions(paying)[0]["flow"] is None

    def test_a_portal_that_is_not_set_up(self, paying: Scenario, browser_client: Client) -> None:
        paying.stripe.actions.save_portal_settings(saved=False)
        page = choose(browser_client, plan="Premium")
        assert page.status_code == 503
        assert "portal is not set up" in page.content.decode()

    def test_stripe_away(self, paying: Scenario, browser_client: Client) -> None:
        paying.stripe.state.faults.append(Fault("POST /v1/billing_portal", 503, times=9))
        assert choose(browser_client, plan="Premium").status_code == 503

    def test_an_unpaid_plan_is_repaired_first(self, paying: Scenario, browser_client: Client) -> None:
        paying.stripe.actions.renew(paying.subscription.subscription_id, paid=False)
        page = choose(browser_client, plan="Premium")
        assert page.status_code == 409
        assert 'action="/pricing/portal"' in page.content.decode()

    def test_a_choice_made_signed_out_ends_there_too(self, paying: Scenario) -> None:
        client = Client(headers={"Sec-Fetch-Site": "same-origin"})
        target = choose(client, plan="Premium", interval="year")["Location"]
        assert "next=/pricing/checkout%3Fplan%3DPremium%26interval%3Dyear" in target
        client.force_login(paying.user)
        assert "0;url=" in client.get("/pricing/checkout?plan=Premium&interval=year").content.decode()
        assert portal_sessions(paying)[0]["flow"] is not None


class TestDowngrade:
    @pytest.fixture
    def premium(self, scenario: Scenario) -> Scenario:
        scenario.buy_plan("Premium")
        scenario.deliver()
        return scenario

    def test_it_says_when_before_one_leaves(self, premium: Scenario, browser_client: Client) -> None:
        conditions = {"conditions": [{"type": "decreasing_item_amount"}]}
        premium.stripe.actions.allow_switching(
            premium.shop["plus"], premium.shop["premium"], schedule_at_period_end=conditions
        )
        page = choose(browser_client, plan="Plus", interval="month")
        text = page.content.decode()
        end = premium.subscription.period_end
        assert end is not None
        with translation.override("en"):
            assert f"You keep Premium until {date_format(end)}" in text
        assert (page.status_code, page["Cache-Control"]) == (200, "private, no-store")
        assert not portal_sessions(premium)
        choose(browser_client, plan="Plus", interval="month", confirmed="1")
        session = portal_sessions(premium)[0]
        pages.show(premium.stripe.state, "POST", f"/portal/{session['id']}", {"do": "confirm"})
        now = browser_client.get("/pricing/return?changed=1").content.decode()
        assert "Your plan is Premium." in now
        assert "Plus from" in now
        assert premium.subscription.next_cents == 900

    @pytest.mark.parametrize(
        ("proration", "sentence"),
        [("none", "is not paid back"), ("create_prorations", "is credited"), ("always_invoice", "is credited")],
    )
    def test_at_once(self, premium: Scenario, browser_client: Client, proration: str, sentence: str) -> None:
        premium.stripe.actions.allow_switching(
            premium.shop["plus"], premium.shop["premium"], proration_behavior=proration
        )
        text = choose(browser_client, plan="Plus").content.decode()
        assert "Plus takes effect at once" in text
        assert sentence in text

    @pytest.mark.parametrize("waits", [True, False])
    def test_from_the_year_to_the_month(self, scenario: Scenario, browser_client: Client, *, waits: bool) -> None:
        scenario.buy_plan(interval="year")
        scenario.deliver()
        conditions = {"conditions": [{"type": "shortening_interval"}] if waits else []}
        scenario.stripe.actions.allow_switching(scenario.shop["plus"], schedule_at_period_end=conditions)
        text = choose(browser_client, plan="Plus", interval="month").content.decode()
        assert ("The year that is paid for runs until" in text) is waits
        assert ("You pay by the month from now on." in text) is not waits

    def test_who_has_nothing_is_led_home(self, scenario: Scenario, browser_client: Client) -> None:
        assert browser_client.get("/pricing/return?changed=1")["Location"] == "/dashboard"

    @pytest.mark.parametrize("is_saved", [True, False])
    def test_what_is_not_known_is_not_claimed(
        self, premium: Scenario, browser_client: Client, *, is_saved: bool
    ) -> None:
        premium.stripe.actions.save_portal_settings(saved=is_saved)
        text = choose(browser_client, plan="Plus").content.decode()
        assert "page says when the change takes effect" in text.replace("&#x27;", "'")


class TestTrial:
    @pytest.fixture(autouse=True)
    def _trial(self, settings: Any) -> None:
        settings.BILLING_TRIAL_DAYS = {"Plus": 14}
        settings.BILLING_PROMOTION_CODES = True

    def test_once_a_user(self, scenario: Scenario, browser_client: Client) -> None:
        choose(browser_client, plan="Plus")
        session = scenario.stripe.actions.complete(scenario.stripe.state.of("checkout.session")[0]["id"])
        page = browser_client.get("/pricing/return", {"session_id": session["id"]}).content.decode()
        assert "Trial ends" in page
        state = scenario.subscription
        assert state.status == "trialing"
        assert state.period_end is not None
        assert state.period_end - scenario.now == timedelta(days=14)
        assert not state.payments
        scenario.stripe.actions.end(state.subscription_id)
        scenario.deliver()
        again = scenario.buy_plan()
        assert scenario.stripe.state.objects[again]["status"] == "active"

    def test_only_of_plans_that_have_one(self, scenario: Scenario) -> None:
        assert scenario.stripe.state.objects[scenario.buy_plan("Premium")]["status"] == "active"

    @pytest.mark.parametrize("form", [{"plan": "Plus"}, {"topup": "1000"}], ids=str)
    def test_promotion_codes(self, scenario: Scenario, browser_client: Client, form: dict[str, str]) -> None:
        choose(browser_client, **form)
        assert scenario.stripe.state.of("checkout.session")[0]["allow_promotion_codes"] is True
        scenario.stripe.actions.add_code("HALF", percent_off=50)
        session = scenario.stripe.actions.complete(scenario.stripe.state.of("checkout.session")[0]["id"], code="half")
        assert session["status"] == "complete"

    def test_the_prices_say_so(self, scenario: Scenario) -> None:
        text = Client().get("/pricing").content.decode()
        assert "Try Plus free for 14 days" in text
        assert "Choose Premium, monthly" in text
        assert "Do you have a promotion code?" in text
