"""What is for sale: prices as Stripe has them, kept in the store so that the pricing page never waits for Stripe."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

import orjson
from django.utils import timezone

from billing import keys
from billing.conf import app_settings
from billing.errors import StripeRefused, UnknownPlan
from billing.services.stripe_api import PAGE, client, fetch, fetch_all
from billing.types import Catalogue, Offer, Plan, PlanOffers
from kv.connection import call, call_write
from kv.errors import StoreUnavailable

INTERVALS = ("month", "year")
_FRESH_SECONDS = 600


def read_catalogue(*, now: datetime | None = None) -> Catalogue:
    """What is for sale; read from Stripe when nothing is kept. Raises StripeUnavailable or BillingOff."""
    try:
        packed = call("GET", keys.catalogue())
    except StoreUnavailable:
        packed = None
    return _unpack(packed) if packed and _fits(packed) else refresh_catalogue(now=now)


def refresh_catalogue(*, now: datetime | None = None) -> Catalogue:
    """Read all prices from Stripe and keep them. Raises StripeUnavailable, StripeRefused or BillingOff."""
    products = {Plan.PLUS: app_settings.STRIPE_PRODUCT_PLUS, Plan.PREMIUM: app_settings.STRIPE_PRODUCT_PREMIUM}
    plans = tuple(PlanOffers(plan, _plan_offers(product)) for plan, product in products.items() if product)
    topups = tuple(_topup_offer(tokens, price) for tokens, price in sorted(app_settings.BILLING_TOPUPS.items()))
    found = Catalogue(plans, topups)
    words = {
        "read_at": int((now or timezone.now()).timestamp()),
        "of": _configuration(),
        "plans": [{"plan": one.plan.value, "offers": [asdict(offer) for offer in one.offers]} for one in plans],
        "topups": [asdict(offer) for offer in topups],
    }
    try:
        call_write("SET", keys.catalogue(), orjson.dumps(words), "EX", keys.CATALOGUE_SECONDS)
    except StoreUnavailable:
        return found  # shown without being kept
    return found


def keep_fresh(*, now: datetime | None = None) -> None:
    """Read the prices anew when they are older than ten minutes.

    Raises StoreUnavailable, StripeUnavailable or StripeRefused.
    """
    packed = call("GET", keys.catalogue())
    age = (now or timezone.now()).timestamp() - orjson.loads(packed)["read_at"] if packed else _FRESH_SECONDS
    if age >= _FRESH_SECONDS or not _fits(packed):
        refresh_catalogue(now=now)


def find_offer(plan: Plan, interval: str) -> Offer:
    """The price of a plan for an interval. Raises UnknownPlan, StripeUnavailable or BillingOff."""
    for one in read_catalogue().plans:
        for offer in one.offers:
            if one.plan == plan and offer.interval == interval:
                return offer
    raise UnknownPlan(f"{plan.value} by the {interval}")


def find_topup(tokens: int) -> str:
    """The price id of so many tokens. Raises UnknownPlan."""
    price = app_settings.BILLING_TOPUPS.get(tokens)
    if price is None:
        raise UnknownPlan(f"{tokens} tokens")
    return price


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


def _configuration() -> list[Any]:
    """What the prices depend on here: a change of a setting makes kept prices worthless."""
    topups = sorted((tokens, price) for tokens, price in app_settings.BILLING_TOPUPS.items())
    return [app_settings.STRIPE_PRODUCT_PLUS, app_settings.STRIPE_PRODUCT_PREMIUM, [list(pair) for pair in topups]]


def _fits(packed: bytes) -> bool:
    return bool(orjson.loads(packed)["of"] == _configuration())


def _unpack(packed: bytes) -> Catalogue:
    words = orjson.loads(packed)
    plans = tuple(
        PlanOffers(Plan(one["plan"]), tuple(Offer(**offer) for offer in one["offers"])) for one in words["plans"]
    )
    return Catalogue(plans, tuple(Offer(**offer) for offer in words["topups"]))
