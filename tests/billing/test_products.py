"""Any number of plans with any number of products: the first is sold, all are recognised, and all pages show it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client, override_settings

from billing.services import catalogue
from billing.services.products import merge_products, plan_products
from billing.types import Plan, free_plan
from tests.billing.scenario import Scenario
from tests.stripe_fake import FakeStripe
from usertokens.services import activity

PLANS = {"Gratis": 5, "Team": 700, "Solo": 300, "Plus": 300}


class TestNames:
    def test_products_of_all_settings_come_together(self) -> None:
        merged = merge_products(PLANS, plus="prod_a, prod_b", products={"Plus": ["prod_c", "prod_a"], "Solo": "prod_s"})
        assert merged == {"Solo": ("prod_s",), "Plus": ("prod_a", "prod_b", "prod_c")}
        with override_settings(PLAN_ALLOWANCES=PLANS, STRIPE_PRODUCT_PLUS=("prod_p",), STRIPE_PRODUCT_PREMIUM=()):
            assert plan_products() == {"Plus": ("prod_p",)}

    @override_settings(PLAN_ALLOWANCES=PLANS)
    def test_the_plan_with_more_tokens_ranks_higher(self) -> None:
        ranked = sorted([Plan(name) for name in (*PLANS, "Gone")], key=lambda plan: plan.rank)
        assert ranked == ["Gratis", "Gone", "Solo", "Plus", "Team"]
        assert free_plan() == "Gratis"
        assert not free_plan().rank


@pytest.mark.django_db
class TestOtherPlans:
    @pytest.fixture(autouse=True)
    def _plans(self, scenario: Scenario) -> Any:
        products = {"Team": (scenario.shop["premium"], "prod_older"), "Solo": (scenario.shop["plus"],)}
        with override_settings(
            PLAN_ALLOWANCES=PLANS, STRIPE_PRODUCTS=products, STRIPE_PRODUCT_PLUS="", STRIPE_PRODUCT_PREMIUM=""
        ):
            yield

    def test_are_sold_by_name(self, scenario: Scenario, browser_client: Client) -> None:
        page = browser_client.get("/pricing").content.decode()
        assert "Gratis" in page
        assert "Choose Team, monthly" in page
        assert "Choose Solo, yearly" in browser_client.get("/pricing?interval=year").content.decode()
        assert "Free" not in page
        assert "Premium" not in page
        answer = browser_client.post("/api/billing/checkout", {"plan": "Team"}, content_type="application/json")
        assert answer.status_code == 201
        for name in ("Gratis", "Plus", "Premium", "Free", ["Team"], None):
            refused = browser_client.post("/api/billing/checkout", {"plan": name}, content_type="application/json")
            assert refused.status_code == 400, name
            assert "plan" in refused.json()["errors"], name

    def test_hold_and_end(self, scenario: Scenario, browser_client: Client) -> None:
        assert scenario.balance == 5
        subscription = scenario.buy_plan("Team")
        scenario.deliver()
        assert (scenario.plan, scenario.balance) == ("Team", 700)
        scenario.stripe.actions.end(subscription)
        scenario.deliver()
        assert scenario.plan == "Gratis"
        assert browser_client.get("/api/billing/subscription").json()["plan"] == "Gratis"

    def test_an_older_product_is_recognised(self, scenario: Scenario, stripe: FakeStripe) -> None:
        scenario.buy_plan("Team")
        newer = scenario.stripe.actions.add_product("Team", month=3900)
        both = {"Team": (newer["product"], scenario.shop["premium"])}
        with override_settings(STRIPE_PRODUCTS=both):
            scenario.deliver()
            assert scenario.plan == "Team"
            assert catalogue.find_offer(Plan("Team"), "month").amount_cents == 3900

    def test_a_new_user_has_the_first_plan(self, scenario: Scenario, browser_client: Client) -> None:
        shown = browser_client.get("/api/dashboard").json()
        assert (shown["plan"], shown["tokens"]["balance"]) == ("Gratis", 5)
        stats = activity.get_user_stats(scenario.user_id)
        assert stats is not None
        assert stats.plan == "Gratis"
        assert browser_client.get("/api/billing/subscription").json()["plan"] == "Gratis"
        assert "Gratis" in browser_client.get("/dashboard").content.decode()
