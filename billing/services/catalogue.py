"""What is for sale: Stripe's prices, cached so that the pricing page does not wait for Stripe.

The store holds them for all processes. Each process also remembers them, for when the store is not available.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from logging import getLogger
from typing import Any

import orjson

from billing import keys
from billing.conf import app_settings
from billing.errors import StripeRefused, StripeUnavailable, UnknownPlan
from billing.services.prices import fetch_catalogue
from billing.services.products import plan_products
from billing.types import Catalogue, Choice, Offer, Plan, PlanOffers
from kv.errors import StoreUnavailable
from kv.process.threads import async_twin
from kv.store.connection import call, call_write
from kv.times import utc_now
from kv.web.last_known import LastKnown

log = getLogger(__name__)

_FRESH_SECONDS = 600
# Stripe may take ten seconds to fail, and holds a thread for that time. It is left alone for a while afterwards, and
# other threads wait no longer than a normal answer takes.
_PAUSE_SECONDS = 5.0
_PATIENCE_SECONDS = 1.0


_last_known: LastKnown[Catalogue] = LastKnown(
    away=(StripeUnavailable, StripeRefused),
    fresh=_FRESH_SECONDS,
    oldest=keys.CATALOGUE_SECONDS,
    pause=_PAUSE_SECONDS,
    patience=_PATIENCE_SECONDS,
    unread=StripeUnavailable("the prices are being read"),
)


def read_catalogue(*, now: datetime | None = None) -> Catalogue:
    """What is for sale: from the store, else as this process knows it, else from Stripe.

    Raises StripeUnavailable, StripeRefused or BillingOff.
    """
    try:
        packed = call("GET", keys.catalogue())
    except StoreUnavailable:
        packed = None
    if not packed or not _fits(packed):
        return _last_known.get(lambda: _read_from_stripe(now), of=_configuration())[0]
    found = _unpack(packed)
    _last_known.remember(found, _configuration(), age=_age(packed, now))
    return found


aread_catalogue = async_twin(read_catalogue)


def refresh_catalogue(*, now: datetime | None = None) -> Catalogue:
    """Read all prices from Stripe and cache them. Raises StripeUnavailable, StripeRefused or BillingOff."""
    found = fetch_catalogue()
    _last_known.remember(found, _configuration())
    data = {
        "read_at": int((now or utc_now()).timestamp()),
        "of": _configuration(),
        "plans": [{"plan": one.plan, "offers": [asdict(offer) for offer in one.offers]} for one in found.plans],
        "topups": [asdict(offer) for offer in found.topups],
    }
    try:
        call_write("SET", keys.catalogue(), orjson.dumps(data), "EX", keys.CATALOGUE_SECONDS)
    except StoreUnavailable:
        log.info("billing: the store is not available, so the prices are cached in this process only")
    return found


def keep_fresh(*, now: datetime | None = None) -> None:
    """Read the prices again when they are older than ten minutes.

    Raises StoreUnavailable, StripeUnavailable or StripeRefused.
    """
    packed = call("GET", keys.catalogue())
    if not packed or _age(packed, now) >= _FRESH_SECONDS or not _fits(packed):
        refresh_catalogue(now=now)


def find_offer(plan: Plan, interval: str) -> Offer:
    """The price of a plan for an interval. Raises UnknownPlan, StripeUnavailable, StripeRefused or BillingOff."""
    for one in read_catalogue().plans:
        for offer in one.offers:
            if one.plan == plan and offer.interval == interval:
                return offer
    raise UnknownPlan(f"{plan} by the {interval}")


def find_topup(tokens: int) -> str:
    """The price id of so many tokens.

    Raises UnknownPlan (of an archived price too), StripeUnavailable, StripeRefused or BillingOff.
    """
    if tokens in app_settings.BILLING_TOPUPS:
        for offer in read_catalogue().topups:
            if offer.tokens == tokens:
                return offer.price_id
    raise UnknownPlan(f"{tokens} tokens")


def offer_of(choice: Choice) -> Offer | None:
    """The price of a choice; None when it is not for sale. Raises StripeUnavailable, StripeRefused or BillingOff."""
    found = read_catalogue()
    if choice.tokens:
        return next((offer for offer in found.topups if offer.tokens == choice.tokens), None)
    return next((one.by(choice.interval) for one in found.plans if one.plan == choice.plan), None)


def _read_from_stripe(now: datetime | None) -> Catalogue:
    try:
        return refresh_catalogue(now=now)
    except (StripeUnavailable, StripeRefused) as error:
        log.warning("billing: the prices could not be read: %s", error.reason)
        raise


def _age(packed: bytes, now: datetime | None) -> float:
    """The age of cached prices, seconds; 0 when another process's clock was ahead."""
    return max((now or utc_now()).timestamp() - float(orjson.loads(packed)["read_at"]), 0)


def _configuration() -> list[Any]:
    """The settings that the prices depend on: cached prices of other settings are not used."""
    topups = sorted((tokens, price) for tokens, price in app_settings.BILLING_TOPUPS.items())
    plans = [[plan, *products] for plan, products in plan_products().items()]
    return [plans, [list(pair) for pair in topups]]


def _fits(packed: bytes) -> bool:
    return bool(orjson.loads(packed)["of"] == _configuration())


def _unpack(packed: bytes) -> Catalogue:
    data = orjson.loads(packed)
    plans = tuple(
        PlanOffers(Plan(one["plan"]), tuple(Offer(**offer) for offer in one["offers"])) for one in data["plans"]
    )
    return Catalogue(plans, tuple(Offer(**offer) for offer in data["topups"]))
