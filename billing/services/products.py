"""Which of Stripe's products belong to which plan, from the three settings that name them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping

from billing.conf import app_settings
from billing.types import Plan

# Stripe makes prod_…, but an account may choose the ids of its products. A price's id here is a common mistake.
_PRODUCT = re.compile(r"(?!price_)[\w.-]{1,255}", re.ASCII)

Named = str | Iterable[str]


def merge_products(
    allowances: Mapping[str, int], *, plus: Named = (), premium: Named = (), products: Mapping[str, Named] | None = None
) -> dict[str, tuple[str, ...]]:
    """The products of each plan, in the order of the allowances: the first is sold, all are recognised.

    Raises ValueError, whose text begins with the setting's name: for a plan without an allowance, the free plan, an
    invalid product id, or a product of two plans.
    """
    owners: dict[str, str] = {}
    for setting, plan, product in _named(plus, premium, products or {}):
        if plan not in allowances:
            raise ValueError(f"{setting}: PLAN_ALLOWANCES has no plan {plan}")
        if plan == next(iter(allowances)):
            raise ValueError(f"{setting}: {plan} is the first of PLAN_ALLOWANCES, the free one, and is not sold")
        if not _PRODUCT.fullmatch(product):
            raise ValueError(f"{setting}: {product} is not a product id, such as prod_…")
        if owners.setdefault(product, plan) != plan:
            raise ValueError(f"{setting}: {product} is a product of {owners[product]} already")
    found = {plan: tuple(one for one, owner in owners.items() if owner == plan) for plan in allowances}
    return {plan: ids for plan, ids in found.items() if ids}


def plan_products() -> dict[Plan, tuple[str, ...]]:
    """The products of each plan, as the settings name them. `checks` validates them."""
    found: dict[str, dict[str, None]] = {plan: {} for plan in app_settings.PLAN_ALLOWANCES}
    plus, premium = app_settings.STRIPE_PRODUCT_PLUS, app_settings.STRIPE_PRODUCT_PREMIUM
    for _, plan, product in _named(plus, premium, app_settings.STRIPE_PRODUCTS):
        found.setdefault(plan, {})[product] = None
    return {Plan(plan): tuple(ids) for plan, ids in found.items() if ids}


def best_plan(products: Collection[str]) -> str:
    """The highest plan that one of these products belongs to, "" for none."""
    found = [plan for plan, known in plan_products().items() if not set(known).isdisjoint(products)]
    return str(max(found, key=lambda plan: plan.rank, default=""))


def _named(plus: Named, premium: Named, products: Mapping[str, Named]) -> Iterator[tuple[str, str, str]]:
    """Each setting with a plan and a product that it names."""
    settings = [("STRIPE_PRODUCT_PLUS", "Plus", plus), ("STRIPE_PRODUCT_PREMIUM", "Premium", premium)]
    settings += [("STRIPE_PRODUCTS", plan, ids) for plan, ids in products.items()]
    for setting, plan, ids in settings:
        for product in ids.split(",") if isinstance(ids, str) else ids:
            if product.strip():
                yield setting, plan, product.strip()
