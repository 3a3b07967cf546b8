"""What is for sale: prices as Stripe has them, kept so that the pricing page does not wait for Stripe.

They are kept in the store for all, and in each process for when the store is away.
"""

from __future__ import annotations

import threading
import time
from dataclasses import asdict
from datetime import datetime
from logging import getLogger
from typing import Any

import orjson
from django.core.signals import setting_changed
from django.utils import timezone

from billing import keys
from billing.conf import app_settings
from billing.errors import StripeRefused, StripeUnavailable, UnknownPlan
from billing.services.prices import fetch_catalogue
from billing.services.products import plan_products
from billing.types import Catalogue, Offer, Plan, PlanOffers
from kv.errors import StoreUnavailable
from kv.store.connection import call, call_write

log = getLogger(__name__)

_FRESH_SECONDS = 600
# Stripe may take ten seconds to fail, and holds a thread so long: it is left alone for a while afterwards, and whoever
# comes while somebody asks waits no longer than an answer takes that does come.
_PAUSE_SECONDS = 5.0
_PATIENCE_SECONDS = 1.0


class _Kept:
    """What this process knew last and of which settings, and how it went, by the monotonic clock."""

    def __init__(self) -> None:
        self.catalogue: Catalogue | None = None
        self.of: list[Any] = []
        self.error: StripeUnavailable | StripeRefused = StripeUnavailable("the prices are being read")
        self.known_at = self.failed_at = self.began_at = float("-inf")
        self.reading = threading.Lock()


_kept = _Kept()


def read_catalogue(*, now: datetime | None = None) -> Catalogue:
    """What is for sale, as the store keeps it; when it keeps nothing or is away, as this process does or Stripe says.

    Raises StripeUnavailable, StripeRefused or BillingOff.
    """
    try:
        packed = call("GET", keys.catalogue())
    except StoreUnavailable:
        packed = None
    if not packed or not _fits(packed):
        return _read_without_store(now)
    found = _unpack(packed)
    _remember(found, _age(packed, now))
    return found


def refresh_catalogue(*, now: datetime | None = None) -> Catalogue:
    """Read all prices from Stripe and keep them. Raises StripeUnavailable, StripeRefused or BillingOff."""
    found = fetch_catalogue()
    _remember(found, 0)
    words = {
        "read_at": int((now or timezone.now()).timestamp()),
        "of": _configuration(),
        "plans": [{"plan": one.plan, "offers": [asdict(offer) for offer in one.offers]} for one in found.plans],
        "topups": [asdict(offer) for offer in found.topups],
    }
    try:
        call_write("SET", keys.catalogue(), orjson.dumps(words), "EX", keys.CATALOGUE_SECONDS)
    except StoreUnavailable:
        log.info("billing: the store is away, the prices are kept in this process alone")
    return found


def keep_fresh(*, now: datetime | None = None) -> None:
    """Read the prices anew when they are older than ten minutes.

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


def forget_catalogue() -> None:
    """Let the process know nothing: after a change of settings, and between tests."""
    _kept.catalogue = None
    _kept.known_at = _kept.failed_at = _kept.began_at = float("-inf")


def _read_without_store(now: datetime | None) -> Catalogue:
    """As this process knows it, or from Stripe: by one thread at a time, and not right after a failure."""
    if (fresh := _known(_FRESH_SECONDS)) is not None:
        return fresh
    patience = max(_kept.began_at + _PATIENCE_SECONDS - time.monotonic(), 0)
    if not _kept.reading.acquire(timeout=patience):
        return _last_known(StripeUnavailable("the prices are being read"))
    try:
        if (fresh := _known(_FRESH_SECONDS)) is not None:
            return fresh  # another thread just did
        if time.monotonic() - _kept.failed_at >= _PAUSE_SECONDS:
            return _ask(now)
    finally:
        _kept.reading.release()
    return _last_known(_kept.error)


def _ask(now: datetime | None) -> Catalogue:
    _kept.began_at = time.monotonic()
    try:
        return refresh_catalogue(now=now)
    except (StripeUnavailable, StripeRefused) as error:
        log.warning("billing: the prices could not be read: %s", error.reason)
        _kept.error, _kept.failed_at = error, time.monotonic()
        return _last_known(error)


def _last_known(error: StripeUnavailable | StripeRefused) -> Catalogue:
    """What this process knew last, if that is no older than what the store keeps; else the refusal."""
    found = _known(keys.CATALOGUE_SECONDS)
    if found is None:
        # A new one each time: an exception that is raised again and again collects every place it went through.
        raise type(error)(error.reason)
    return found


def _known(seconds: float) -> Catalogue | None:
    """What this process knows, when it is younger than that and of the settings that hold now."""
    is_young = time.monotonic() - _kept.known_at < seconds
    return _kept.catalogue if is_young and _kept.of == _configuration() else None


def _remember(found: Catalogue, age: float) -> None:
    """Keep in this process what Stripe said so many seconds ago."""
    _kept.of = _configuration()
    _kept.catalogue, _kept.known_at = found, time.monotonic() - age


def _age(packed: bytes, now: datetime | None) -> float:
    """How long ago kept prices were read, in seconds; 0 for what a clock ahead of ours has written."""
    return max((now or timezone.now()).timestamp() - float(orjson.loads(packed)["read_at"]), 0)


def _configuration() -> list[Any]:
    """What the prices depend on here: a change of a setting makes kept prices worthless."""
    topups = sorted((tokens, price) for tokens, price in app_settings.BILLING_TOPUPS.items())
    plans = [[plan, *products] for plan, products in plan_products().items()]
    return [plans, [list(pair) for pair in topups]]


def _fits(packed: bytes) -> bool:
    return bool(orjson.loads(packed)["of"] == _configuration())


def _unpack(packed: bytes) -> Catalogue:
    words = orjson.loads(packed)
    plans = tuple(
        PlanOffers(Plan(one["plan"]), tuple(Offer(**offer) for offer in one["offers"])) for one in words["plans"]
    )
    return Catalogue(plans, tuple(Offer(**offer) for offer in words["topups"]))


setting_changed.connect(lambda **_: forget_catalogue(), weak=False)
