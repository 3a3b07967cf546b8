"""The prices: by the month or the year, what a token buys, and data for search engines; and what is marked on them."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import pytest
from django.conf import settings as site
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from billing.types import Offer, Plan, PlanOffers
from billing.views import pricing
from kv.errors import StoreUnavailable
from tests.billing.scenario import Scenario
from tests.stripe_fake import shapes


def text_of(path: str = "/pricing") -> str:
    text = re.sub(r"<[^>]+>", " ", Client().get(path).content.decode())
    return re.sub(r"\s+", " ", unescape(text))


def data_of(path: str = "/pricing") -> Any:
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', Client().get(path).content.decode())
    assert found is not None
    return json.loads(found.group(1))


class TestInterval:
    @pytest.mark.parametrize(
        "query", ["", "?interval=month", "?interval=abc", "?interval=", "?interval=year&interval=x"]
    )
    def test_the_month(self, scenario: Scenario, query: str) -> None:
        text = text_of(f"/pricing{query}")
        assert "€9.00 a month" in text
        assert "Or €90.00 a year" in text
        assert 'name="interval" value="month"' in Client().get(f"/pricing{query}").content.decode()

    def test_the_year(self, scenario: Scenario) -> None:
        text = text_of("/pricing?interval=year")
        assert "€7.50 a month" in text
        assert "€90.00 a year, paid at once. 2 months free." in text
        assert "Yearly 2 months free" in text
        page = Client().get("/pricing?interval=year")
        assert page["Cache-Control"] == "public, max-age=0, s-maxage=60"
        assert not page.cookies
        assert 'name="interval" value="month"' not in page.content.decode()

    @pytest.mark.parametrize(
        ("month", "year", "free"),
        [(900, 9000, 2), (900, 10800, 0), (900, 11000, 0), (900, 9900, 1), (900, 9500, 0), (0, 100, 0), (900, 900, 11),
         (1, 0, 0)],
    )  # fmt: skip
    def test_free_months_are_whole_or_not_named(self, month: int, year: int, free: int) -> None:
        offers = (Offer("price_m", month, "EUR", "month"), Offer("price_y", year, "EUR", "year"))
        assert pricing._free_months(PlanOffers(Plan("Plus"), offers)) == free

    def test_of_two_currencies_none_is_free(self) -> None:
        offers = (Offer("price_m", 900, "EUR", "month"), Offer("price_y", 9000, "JPY", "year"))
        assert pricing._free_months(PlanOffers(Plan("Plus"), offers)) == 0

    def test_plans_that_save_differently_have_no_common_sentence(self, scenario: Scenario) -> None:
        state = scenario.stripe.state
        state.now += 5
        shapes.price(state, state.objects[scenario.shop["plus"]], 9900, "year")
        text = text_of("/pricing?interval=year")
        assert "Yearly 2 months free" not in text
        assert "€99.00 a year, paid at once. 1 month free." in text
        assert "€290.00 a year, paid at once. 2 months free." in text

    def test_without_a_price_for_the_year_there_is_no_switch(self, scenario: Scenario) -> None:
        for name in ("plus_year", "premium_year"):
            scenario.stripe.state.objects[scenario.shop[name]]["active"] = False
        text = text_of("/pricing?interval=year")
        assert "Yearly" not in text
        assert "€9.00 a month" in text


class TestWhatATokenBuys:
    def test_generations(self, scenario: Scenario, settings: Any) -> None:
        assert "1,000 tokens a month about 333 generations" in text_of()
        settings.GENERATION_COST = 1
        assert "A generation takes 1 token." in text_of()
        assert "about 5,000 generations" in text_of()

    def test_price_of_a_thousand(self, scenario: Scenario, settings: Any) -> None:
        assert "€4.00 for 1,000" in text_of()
        settings.BILLING_TOPUPS = {3000: scenario.shop["topup_1000"]}
        assert "about €1.67 for 1,000" in text_of()

    def test_features_and_taxes(self, scenario: Scenario, settings: Any) -> None:
        settings.BILLING_FEATURES = {"Plus": ("All <b>tools</b>", "Statistics")}
        settings.BILLING_TAX_NOTE = "Prices include 19 % VAT & more."
        page = Client().get("/de/pricing").content.decode()
        assert "<li>All &lt;b&gt;tools&lt;/b&gt;</li>" in page
        assert "<li>Statistik</li>" in page, "a text of a catalogue is translated"
        assert "19 % VAT &amp; more." in page
        assert "Aktionscode" not in page, "none is taken"

    @pytest.mark.parametrize(("kept", "sentence"), [(0, "expire at the end"), (500, "Up to 500 tokens")])
    def test_what_becomes_of_the_rest(self, scenario: Scenario, settings: Any, kept: int, sentence: str) -> None:
        settings.ALLOWANCE_ROLLOVER_CAP = kept
        assert sentence in text_of()

    def test_start_free(self, scenario: Scenario, settings: Any) -> None:
        assert 'href="/fr/accounts/signup" data-for-new' in Client().get("/fr/pricing").content.decode()
        settings.BILLING_SIGNUP = "no:such"
        assert "data-for-new" not in Client().get("/pricing").content.decode()


class TestStructuredData:
    def test_products_and_their_offers(self, scenario: Scenario) -> None:
        data = data_of()
        assert data["@context"] == "https://schema.org"
        plus = next(one for one in data["@graph"] if one["name"] == "Plus")
        assert plus["@type"] == "Product"
        month, year = plus["offers"]
        assert (month["price"], month["priceCurrency"]) == ("9.00", "EUR")
        assert month["availability"] == "https://schema.org/InStock"
        assert month["url"] == f"{site.SITE_URL}/pricing"
        units = [one["priceSpecification"]["referenceQuantity"]["unitCode"] for one in (month, year)]
        assert units == ["MON", "ANN"]
        topups = [one for one in data["@graph"] if "priceSpecification" not in one["offers"][0]]
        assert [one["offers"][0]["price"] for one in topups] == ["5.00", "20.00"]
        assert data_of("/fr/pricing")["@graph"][0]["description"].endswith("jetons par mois")

    def test_of_a_currency_without_cents(self, scenario: Scenario) -> None:
        for one in scenario.stripe.state.of("price"):
            one["currency"] = "jpy"
        plus = next(one for one in data_of()["@graph"] if one["name"] == "Plus")
        assert (plus["offers"][0]["price"], plus["offers"][0]["priceCurrency"]) == ("900", "JPY")

    def test_nothing_in_it_ends_the_element(self, scenario: Scenario, settings: Any) -> None:
        name = "</script><script>alert(1)</script>&"
        settings.PLAN_ALLOWANCES = {"Free": 100, name: 1000}
        settings.STRIPE_PRODUCT_PLUS = settings.STRIPE_PRODUCT_PREMIUM = ()
        settings.STRIPE_PRODUCTS = {name: (scenario.shop["plus"],)}
        page = Client().get("/pricing").content.decode()
        assert "<script>alert" not in page
        assert data_of()["@graph"][0]["name"] == name

    def test_none_where_nothing_is_sold(self, db: Any, store: Any) -> None:
        assert "ld+json" not in Client().get("/pricing").content.decode()


class TestMine:
    def test_what_is_marked(self, scenario: Scenario, browser_client: Client) -> None:
        free = {"plan": "Free", "interval": "", "is_paid": False, "is_new": True}
        assert browser_client.get("/pricing/mine").json() == free
        scenario.buy_plan(interval="year")
        scenario.deliver()
        page = browser_client.get("/pricing/mine")
        assert page.json() == {"plan": "Plus", "interval": "year", "is_paid": True, "is_new": False}
        assert page["Cache-Control"] == "private, no-store"
        assert "Cookie" in page["Vary"]

    def test_a_stranger_costs_nothing(self, scenario: Scenario) -> None:
        with CaptureQueriesContext(connection) as asked:
            page = Client().get("/pricing/mine")
        assert (page.status_code, len(asked), page["Vary"]) == (204, 0, "Cookie")

    def test_the_store_is_away(
        self, scenario: Scenario, browser_client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def away(*args: Any) -> None:
            raise StoreUnavailable("away")

        monkeypatch.setattr("billing.services.subscription_states.call", away)
        assert browser_client.get("/pricing/mine").status_code == 204
