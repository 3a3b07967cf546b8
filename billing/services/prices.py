"""Prices as Stripe has them now."""

from __future__ import annotations

from typing import Any

from billing.conf import app_settings
from billing.errors import StripeRefused
from billing.products import plan_products
from billing.services.stripe_api import PAGE, client, fetch, fetch_all
from billing.types import Catalogue, Offer, PlanOffers

INTERVALS = ("month", "year")


def fetch_catalogue() -> Catalogue:
    """All that is for sale, read from Stripe. Raises StripeUnavailable, StripeRefused or BillingOff."""
    plans = tuple(PlanOffers(plan, _plan_offers(products[0])) for plan, products in plan_products().items())
    topups = tuple(_topup_offer(tokens, price) for tokens, price in sorted(app_settings.BILLING_TOPUPS.items()))
    return Catalogue(plans, topups)


def _plan_offers(product: str) -> tuple[Offer, ...]:
    """One price for each interval: of several the newest, which is what a change of prices means at Stripe."""
    params: Any = {"product": product, "active": True, "limit": PAGE}
    prices = sorted(fetch_all(lambda: client().v1.prices.list(params)), key=lambda price: -price["created"])
    offers: list[Offer] = []
    for interval in INTERVALS:
        fitting = (price for price in prices if _is_every(price, interval))
        price = next(fitting, None)
        if price is not None:
            offers.append(Offer(price["id"], price["unit_amount"], price["currency"].upper(), interval))
    return tuple(offers)


def _is_every(price: dict[str, Any], interval: str) -> bool:
    recurring = price.get("recurring") or {}
    is_plain = price.get("unit_amount") is not None and recurring.get("usage_type", "licensed") == "licensed"
    return is_plain and recurring.get("interval") == interval and recurring.get("interval_count", 1) == 1


def _topup_offer(tokens: int, price_id: str) -> Offer:
    price = fetch(lambda: client().v1.prices.retrieve(price_id))
    if price.get("unit_amount") is None:
        raise StripeRefused("a top-up's price has no fixed amount")
    return Offer(price_id, price["unit_amount"], price["currency"].upper(), tokens=tokens)
