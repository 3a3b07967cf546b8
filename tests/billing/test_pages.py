"""The pages: prices for everybody, forms from this site only, and the card of the signed-in user."""

from __future__ import annotations

from typing import Any

import pytest
from django.template import Context, Template
from django.test import Client, RequestFactory, override_settings
from django.utils import translation

from billing import keys
from kv.errors import StoreUnavailable
from kv.store.connection import call
from tests.billing.scenario import Scenario
from tests.stripe_fake import Fault


class TestPricing:
    def test_plans_and_top_ups_with_their_prices(self, scenario: Scenario) -> None:
        page = Client().get("/pricing")
        text = page.content.decode()
        for words in ("Free", "Plus", "Premium", "€9.00", "€90.00", "€29.00", "1,000", "5,000", "€5.00", "€20.00"):
            assert words in text
        assert page.headers["Cache-Control"] == "public, max-age=0, s-maxage=60"
        assert not page.cookies

    @pytest.mark.parametrize(("language", "price"), [("fr", "9,00\xa0€"), ("de", "9,00\xa0€"), ("es", "9,00\xa0€")])
    def test_in_every_language(self, scenario: Scenario, language: str, price: str) -> None:
        text = Client().get(f"/{language}/pricing").content.decode()
        assert price in text
        assert "A plan brings tokens" not in text

    def test_without_mail_says_so_before_any_button(self, scenario: Scenario, without_mail: None) -> None:
        text = Client().get("/pricing").content.decode()
        assert text.index("This site sends no mail.") < text.index("/accounts/recovery-codes") < text.index("<button")

    def test_with_mail_says_nothing_of_it(self, scenario: Scenario) -> None:
        assert "This site sends no mail." not in Client().get("/pricing").content.decode()

    def test_it_is_the_same_for_everybody(self, scenario: Scenario, browser_client: Client) -> None:
        assert browser_client.get("/pricing").content == Client().get("/pricing").content

    def test_it_asks_stripe_once(self, scenario: Scenario) -> None:
        Client().get("/pricing")
        asked = len(scenario.stripe.state.requests)
        Client().get("/pricing")
        assert len(scenario.stripe.state.requests) == asked

    def test_other_settings_are_other_prices(self, scenario: Scenario) -> None:
        Client().get("/pricing")
        with override_settings(BILLING_TOPUPS={}):
            assert "Buy 5,000 tokens" not in Client().get("/pricing").content.decode()

    def test_while_stripe_is_away(self, scenario: Scenario) -> None:
        scenario.stripe.state.faults.append(Fault("GET /v1/prices", 500))
        page = Client().get("/pricing")
        assert page.status_code == 200
        assert "prices can't be read" in page.content.decode().replace("&#x27;", "'")

    def test_not_set_up(self, db: Any, store: Any) -> None:
        page = Client().get("/pricing")
        assert page.status_code == 200
        assert "Billing is not set up" in page.content.decode()

    def test_while_the_store_is_away(self, scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
        from billing.services import catalogue

        def away(*args: Any) -> None:
            raise StoreUnavailable("away")

        monkeypatch.setattr(catalogue, "call", away)
        monkeypatch.setattr(catalogue, "call_write", away)
        assert "€9.00" in Client().get("/pricing").content.decode()

    def test_the_worker_keeps_the_prices_fresh(self, scenario: Scenario) -> None:
        from billing.services.work import work_inbox

        assert call("GET", keys.catalogue()) is None
        assert not work_inbox()
        assert call("GET", keys.catalogue()) is not None


class TestForms:
    def test_on_to_the_checkout(self, scenario: Scenario, browser_client: Client) -> None:
        page = browser_client.post("/pricing/checkout", {"plan": "Plus", "interval": "month"})
        assert page.status_code == 200
        session = scenario.stripe.state.of("checkout.session")[0]
        assert f'content="0;url={session["url"]}"' in page.content.decode()
        assert page.headers["Cache-Control"] == "private, no-store" or "no-store" in page.headers["Cache-Control"]

    def test_stripe_speaks_the_language_of_the_page(self, scenario: Scenario, browser_client: Client) -> None:
        browser_client.post("/fr/pricing/checkout", {"topup": "1000"})
        session = scenario.stripe.state.of("checkout.session")[0]
        assert session["locale"] == "fr"
        assert "/fr/pricing/return" in session["success_url"]

    def test_on_to_the_portal(self, scenario: Scenario, browser_client: Client) -> None:
        assert browser_client.post("/pricing/portal").status_code == 200
        assert scenario.stripe.state.of("billing_portal.session")

    def test_signed_out_it_asks_who_you_are(self, scenario: Scenario) -> None:
        answer = Client(headers={"Sec-Fetch-Site": "same-origin"}).post("/pricing/checkout", {"plan": "Plus"})
        assert answer.status_code == 302
        assert "next=/pricing" in answer.headers["Location"]

    @pytest.mark.parametrize(
        ("path", "back"), [("checkout", "/pricing/checkout%3Fplan%3DPlus"), ("portal", "/pricing")]
    )
    def test_the_choice_is_kept_where_every_page_requires_a_log_in(
        self, scenario: Scenario, settings: Any, path: str, back: str
    ) -> None:
        settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]
        client = Client(headers={"Sec-Fetch-Site": "same-origin"})
        answer = client.post(f"/pricing/{path}", {"plan": "Plus"})
        assert answer.status_code == 302
        assert f"next={back}" in answer.headers["Location"]

    @pytest.mark.parametrize(
        "headers",
        [
            {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "none"}, {},
            {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": "https://testserver"},
        ],
    )  # fmt: skip
    def test_from_elsewhere(self, scenario: Scenario, headers: dict[str, str]) -> None:
        client = Client()
        client.force_login(scenario.user)
        answer = client.post("/pricing/checkout", {"plan": "Plus"}, headers=headers)
        assert answer.status_code == 403
        assert not scenario.stripe.state.of("checkout.session")

    def test_by_the_origin_of_an_older_browser(self, scenario: Scenario) -> None:
        client = Client()
        client.force_login(scenario.user)
        answer = client.post("/pricing/checkout", {"plan": "Plus"}, headers={"Origin": "http://testserver"})
        assert answer.status_code == 200

    @pytest.mark.parametrize(
        "form", [{}, {"plan": "Free"}, {"plan": "Plus", "interval": "x"}, {"topup": "7"}, {"topup": "9" * 50}]
    )
    def test_what_is_not_for_sale(self, scenario: Scenario, browser_client: Client, form: dict[str, str]) -> None:
        assert browser_client.post("/pricing/checkout", form).status_code == 400

    @pytest.mark.parametrize("form", [{"plan": "Plus"}, {"plan": "Gold"}, {"topup": "7"}])
    def test_not_set_up(self, scenario: Scenario, browser_client: Client, form: dict[str, str]) -> None:
        with override_settings(STRIPE_SECRET_KEY=""):
            for path in ("/pricing/checkout", "/pricing/portal"):
                page = browser_client.post(path, form)
                assert page.status_code == 503
                assert "Billing is not set up here" in page.content.decode()

    def test_a_second_plan_leads_to_the_portal(self, scenario: Scenario, browser_client: Client) -> None:
        scenario.buy_plan()
        page = browser_client.post("/pricing/checkout", {"plan": "Plus"})
        assert page.status_code == 409
        assert 'action="/pricing/portal"' in page.content.decode()

    @pytest.mark.parametrize("path", ["/pricing/checkout", "/pricing/portal"])
    def test_an_address_typed_in_shows_the_prices(self, scenario: Scenario, path: str) -> None:
        assert Client().get(path).headers["Location"] == "/pricing"

    @pytest.mark.parametrize("path", ["/pricing/checkout", "/pricing/portal"])
    def test_while_the_store_is_away(
        self, scenario: Scenario, browser_client: Client, monkeypatch: pytest.MonkeyPatch, path: str
    ) -> None:
        def away(*args: Any) -> None:
            raise StoreUnavailable("away")

        monkeypatch.setattr("billing.views.pages.check_limit", away)
        page = browser_client.post(path, {"plan": "Plus"})
        assert page.status_code == 503
        monkeypatch.setattr("billing.views.results.check_limit", away)
        assert browser_client.get("/pricing/return").status_code == 200


class TestCard:
    def render(self, user: Any) -> str:
        request = RequestFactory().get("/dashboard")
        request.user = user
        with translation.override("en"):
            return Template("{% load billing %}{% billing_card %}").render(Context({"request": request}))

    def test_free(self, scenario: Scenario) -> None:
        text = self.render(scenario.user)
        assert "Free" in text
        assert "portal" not in text

    def test_renewal(self, scenario: Scenario) -> None:
        scenario.buy_plan()
        scenario.deliver()
        text = self.render(scenario.user)
        assert "Renews" in text
        assert 'action="/pricing/portal"' in text

    def test_pending(self, scenario: Scenario) -> None:
        scenario.stripe.actions.cancel_at_period_end(scenario.buy_plan())
        scenario.deliver()
        text = self.render(scenario.user)
        assert "Ends" in text
        assert "Free from" in text

    def test_trial(self, scenario: Scenario) -> None:
        scenario.stripe.actions.subscribe(scenario.customer, scenario.shop["plus_month"], {}, trial_days=14)
        scenario.deliver()
        assert "Trial ends" in self.render(scenario.user)

    def test_grace_and_its_end(self, scenario: Scenario) -> None:
        subscription = scenario.buy_plan()
        scenario.stripe.actions.renew(subscription, paid=False)
        scenario.deliver()
        assert "The last payment failed. Plus holds until" in self.render(scenario.user)
        scenario.stripe.state.now += 8 * 86400
        scenario.work()
        assert scenario.plan == "Free"
        assert "the plan has ended" in self.render(scenario.user)

    def test_nothing_to_strangers_and_without_billing(self, scenario: Scenario) -> None:
        from django.contrib.auth.models import AnonymousUser

        assert self.render(AnonymousUser()).strip() == ""
        with override_settings(STRIPE_SECRET_KEY=""):
            assert self.render(scenario.user).strip() == ""

    def test_the_store_is_away(self, scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
        from billing.services import subscription_states

        def away(*args: Any) -> None:
            raise StoreUnavailable("away")

        monkeypatch.setattr(subscription_states, "call", away)
        assert "read just now" in self.render(scenario.user)


class TestWhoIsLoggedIn:
    def test_pages_of_one_user_say_it_without_a_script(self, scenario: Scenario, browser_client: Client) -> None:
        header = browser_client.get("/pricing/checkout?plan=Plus&interval=year").text.partition("</header>")[0]
        assert "data-logged-out hidden" in header
        assert f">{scenario.user.get_username()}<" in header

    def test_the_log_in_before_a_payment_offers_an_account_first(self, scenario: Scenario) -> None:
        client = Client(headers={"Sec-Fetch-Site": "same-origin"})
        asked = client.post("/pricing/checkout", {"plan": "Plus", "interval": "year"})
        assert "New here?" in client.get(asked["Location"]).text
        assert "New here?" not in client.get("/accounts/login?next=/dashboard").text


class TestClosing:
    def test_the_paid_time_that_is_lost_is_named(self, scenario: Scenario, browser_client: Client) -> None:
        assert "not refunded" not in browser_client.get("/accounts/delete").text
        subscription = scenario.buy_plan()
        scenario.deliver()
        assert "Plus is paid until " in browser_client.get("/accounts/delete").text
        scenario.stripe.actions.end(subscription)
        scenario.deliver()
        assert "not refunded" not in browser_client.get("/accounts/delete").text
