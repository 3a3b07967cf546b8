"""Any number of plans, and any number of Stripe's products for each: what is wrong stops the start in one line."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured


def test_any_number_of_plans_and_products(read: Any) -> None:
    settings = read(
        PLAN_ALLOWANCES="Basic=5,Plus=10,Team=20,Solo=7",
        STRIPE_PRODUCT_PLUS=" prod_new, prod_old ,",
        STRIPE_PRODUCTS="Team=prod_t,Solo=prod_s|mine-2024|prod_s3,Plus=prod_older",
    )
    assert list(settings["PLAN_ALLOWANCES"]) == ["Basic", "Plus", "Team", "Solo"]
    assert settings["STRIPE_PRODUCT_PLUS"] == ("prod_new", "prod_old")
    assert settings["STRIPE_PRODUCTS"]["Solo"] == ("prod_s", "mine-2024", "prod_s3")


def test_one_plan_is_enough(read: Any) -> None:
    assert read(PLAN_ALLOWANCES="Guest=0")["PLAN_ALLOWANCES"] == {"Guest": 0}


@pytest.mark.parametrize(
    ("name", "variables"),
    [
        ("STRIPE_PRODUCT_PREMIUM", {"STRIPE_PRODUCT_PLUS": "prod_a", "STRIPE_PRODUCT_PREMIUM": "prod_b,prod_a"}),
        ("STRIPE_PRODUCTS", {"STRIPE_PRODUCT_PLUS": "prod_a", "STRIPE_PRODUCTS": "Premium=prod_b|prod_a"}),
        ("STRIPE_PRODUCTS", {"STRIPE_PRODUCTS": "Plus=prod_a,Premium=prod_a"}),
        ("STRIPE_PRODUCTS", {"STRIPE_PRODUCTS": "Team=prod_t"}),
        ("STRIPE_PRODUCTS", {"STRIPE_PRODUCTS": "plus=prod_t"}),
        ("STRIPE_PRODUCTS", {"STRIPE_PRODUCTS": "Free=prod_f"}),
        ("STRIPE_PRODUCT_PLUS", {"STRIPE_PRODUCT_PLUS": "prod_a", "PLAN_ALLOWANCES": "Free=1,Team=2"}),
        ("STRIPE_PRODUCT_PLUS", {"STRIPE_PRODUCT_PLUS": "prod_a", "PLAN_ALLOWANCES": "Plus=1,Team=2"}),
        ("STRIPE_PRODUCT_PLUS", {"STRIPE_PRODUCT_PLUS": "price_a"}),
        ("STRIPE_PRODUCT_PLUS", {"STRIPE_PRODUCT_PLUS": "prod_a prod_b"}),
        ("STRIPE_PRODUCT_PLUS", {"STRIPE_PRODUCT_PLUS": "prod_a|prod_b"}),
        ("STRIPE_PRODUCT_PREMIUM", {"STRIPE_PRODUCT_PREMIUM": "Premium=prod_a"}),
        ("STRIPE_PRODUCTS", {"STRIPE_PRODUCTS": "prod_a"}),
        ("STRIPE_PRODUCTS", {"STRIPE_PRODUCTS": "Plus="}),
        ("STRIPE_PRODUCTS", {"STRIPE_PRODUCTS": "Plus=prod_a|"}),
        ("STRIPE_PRODUCTS", {"STRIPE_PRODUCTS": "Plus=prod_a||prod_b"}),
        ("STRIPE_PRODUCTS", {"STRIPE_PRODUCTS": "Plus=prod_a,Plus=prod_b"}),
        ("STRIPE_PRODUCTS", {"STRIPE_PRODUCTS": "Plus=prod_a;Premium=prod_b"}),
        ("PLAN_ALLOWANCES", {"PLAN_ALLOWANCES": ","}),
        ("PLAN_ALLOWANCES", {"PLAN_ALLOWANCES": "Free=1,Free=2"}),
        ("PLAN_ALLOWANCES", {"PLAN_ALLOWANCES": "Free=1,Plus=-2"}),
        ("PLAN_ALLOWANCES", {"PLAN_ALLOWANCES": f"{'F' * 65}=1"}),
    ],
)
def test_a_wrong_value_is_one_line(read: Any, name: str, variables: dict[str, str]) -> None:
    with pytest.raises(ImproperlyConfigured) as caught:
        read(**variables)
    line = str(caught.value)
    assert line.startswith(f"{name}:"), line
    assert "\n" not in line
