"""The prices that Stripe has now."""

from __future__ import annotations

from logging import getLogger
from typing import Any

from billing.conf import app_settings
from billing.errors import StripeRefused
from billing.services.products import plan_products
from billing.services.stripe_api import PAGE, client, fetch, fetch_all
from billing.types import Catalogue, Offer, PlanOffers

log = getLogger(__name__)

INTERVALS = ("month", "year")


def fetch_catalogue() -> Catalogue:
    """All that is for sale, read from Stripe. Raises StripeUnavailable, StripeRefused or BillingOff."""
    plans = tuple(PlanOffers(plan, _plan_offers(products[0])) for plan, products in plan_products().items())
    topups = (_topup_offer(tokens, price) for tokens, price in sorted(app_settings.BILLING_TOPUPS.items()))
    return Catalogue(plans, tuple(offer for offer in topups if offer is not None))


def _plan_offers(product: str) -> tuple[Offer, ...]:
    """One price for each interval: the newest, since a changed price is a new price at Stripe."""
    params: Any = {"product": product, "active": True, "limit": PAGE, "expand": ["data.product"]}
    try:
        prices = sorted(fetch_all(lambda: client().v1.prices.list(params)), key=lambda price: -price["created"])
    except StripeRefused as error:
        if error.reason != "resource_missing":
            raise
        log.error("No plan is offered of product %s, Stripe refuses it: %s", product, error.reason)  # noqa: TRY400 (a wrong setting, no fault of the code)
        return ()
    offers: list[Offer] = []
    for interval in INTERVALS:
        fitting = (price for price in prices if _is_sold(price) and _is_every(price, interval))
        price = next(fitting, None)
        if price is not None:
            offers.append(Offer(price["id"], price["unit_amount"], price["currency"].upper(), interval))
    return tuple(offers)


def _is_every(price: dict[str, Any], interval: str) -> bool:
    recurring = price.get("recurring") or {}
    is_plain = price.get("unit_amount") is not None and recurring.get("usage_type", "licensed") == "licensed"
    return is_plain and recurring.get("interval") == interval and recurring.get("interval_count", 1) == 1


def _is_sold(price: dict[str, Any]) -> bool:
    """Whether Stripe still sells it: neither the price nor its product (expanded) is archived."""
    product = price["product"]
    return bool(price["active"]) and not (isinstance(product, dict) and not product.get("active", False))


def _topup_offer(tokens: int, price_id: str) -> Offer | None:
    """The price of so many tokens; None when they can't be bought. Other top-ups are still offered."""
    params: Any = {"expand": ["product"]}
    try:
        price = fetch(lambda: client().v1.prices.retrieve(price_id, params))
    except StripeRefused as error:
        if error.reason != "resource_missing":
            raise
        log.error("BILLING_TOPUPS: %s tokens are not offered, Stripe refuses %s: %s", tokens, price_id, error.reason)  # noqa: TRY400 (a wrong setting, no fault of the code)
        return None
    if price.get("unit_amount") is None or price.get("recurring") or not _is_sold(price):
        log.warning("BILLING_TOPUPS: %s tokens are not offered, %s is archived or no one-time price", tokens, price_id)
        return None
    return Offer(price_id, price["unit_amount"], price["currency"].upper(), tokens=tokens)
