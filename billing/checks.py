"""Django system checks of the app."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as Caution

from billing.conf import app_settings
from billing.services.products import merge_products, plan_products
from billing.services.stripe_api import HAS_LIBRARY
from billing.types import free_plan

_LONGEST_GRACE = 365
#: Days, as Stripe's limit.
_LONGEST_TRIAL = 730
_KEYS = ("sk_test_", "rk_test_", "sk_live_", "rk_live_")


@register("billing")
def check_library(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """Stripe's library is installed."""
    if HAS_LIBRARY:
        return []
    return [
        Error(
            "Stripe's library is not installed: billing is off.",
            hint="pip install 'countinghouse[billing]'",
            id="billing.E010",
        )
    ]


@register("billing")
def check_secrets(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """The API key and the webhook secret are both set, or neither is."""
    key, secrets = app_settings.STRIPE_SECRET_KEY, app_settings.STRIPE_WEBHOOK_SECRET
    found: list[CheckMessage] = []
    if key and not secrets:
        found.append(
            Error(
                "STRIPE_WEBHOOK_SECRET is not set: the webhook endpoint refuses every event, and billing is off.",
                hint="Copy the signing secret (whsec_…) of the endpoint /api/webhooks/stripe from Stripe's dashboard.",
                id="billing.E001",
            )
        )
    if secrets and not key:
        found.append(
            Error("STRIPE_SECRET_KEY is not set: billing is off.", hint="sk_test_… or sk_live_…", id="billing.E002")
        )
    if key and not key.startswith(_KEYS):
        found.append(
            Error(
                "STRIPE_SECRET_KEY is not a secret key or a restricted key.",
                hint=f"Such a key begins with one of {', '.join(_KEYS)}.",
                id="billing.E003",
            )
        )
    return found


@register("billing")
def check_products(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """Each plan has a product of its own and an allowance, each top-up has a price, and the grace time is in range."""
    found: list[CheckMessage] = []
    try:
        merge_products(
            app_settings.PLAN_ALLOWANCES,
            plus=app_settings.STRIPE_PRODUCT_PLUS,
            premium=app_settings.STRIPE_PRODUCT_PREMIUM,
            products=app_settings.STRIPE_PRODUCTS,
        )
    except ValueError as error:
        hint = "Each product belongs to one plan, and each plan that is sold has an allowance in PLAN_ALLOWANCES."
        found.append(Error(f"{error}.", hint=hint, id="billing.E004"))
    days = app_settings.BILLING_GRACE_DAYS
    if type(days) is not int or not 0 <= days <= _LONGEST_GRACE:
        found.append(
            Error(f"BILLING_GRACE_DAYS must be a whole number of days, 0 to {_LONGEST_GRACE}.", id="billing.E009")
        )
    if app_settings.STRIPE_SECRET_KEY and not (plan_products() or app_settings.BILLING_TOPUPS):
        found.append(
            Caution(
                "Nothing is for sale: no product is set for a plan, and no top-up.",
                hint="STRIPE_PRODUCT_PLUS, STRIPE_PRODUCT_PREMIUM, STRIPE_PRODUCTS, BILLING_TOPUPS.",
                id="billing.W005",
            )
        )
    for setting in ("BILLING_TRIAL_DAYS", "BILLING_FEATURES"):
        unknown = sorted(set(getattr(app_settings, setting)) - set(app_settings.PLAN_ALLOWANCES))
        if unknown:
            hint = f"The plans are {', '.join(app_settings.PLAN_ALLOWANCES)}."
            found.append(Error(f"{setting}: PLAN_ALLOWANCES has no plan {unknown[0]}.", hint=hint, id="billing.E011"))
    if free_plan() in app_settings.BILLING_TRIAL_DAYS:
        text = f"BILLING_TRIAL_DAYS: {free_plan()} costs nothing, so there is nothing to try."
        found.append(Error(text, id="billing.E011"))
    if not all(type(days) is int and 1 <= days <= _LONGEST_TRIAL for days in app_settings.BILLING_TRIAL_DAYS.values()):
        text = f"BILLING_TRIAL_DAYS must be whole numbers of days, 1 to {_LONGEST_TRIAL}."
        found.append(Error(text, id="billing.E012"))
    for tokens, price in app_settings.BILLING_TOPUPS.items():
        if type(tokens) is not int or tokens < 1 or not str(price).startswith("price_"):
            found.append(
                Error(
                    "BILLING_TOPUPS: each entry needs a whole number of tokens and a price id.",
                    hint="1000=price_…",
                    id="billing.E006",
                )
            )
    return found


@register("billing", Tags.security, deploy=True)
def check_address(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """A live key is sent to Stripe only."""
    key, base = app_settings.STRIPE_SECRET_KEY, app_settings.STRIPE_API_BASE
    if not base or "_live_" not in key:
        return []
    return [
        Error(
            "STRIPE_API_BASE would send a live key to a server that is not Stripe's.",
            hint="Leave STRIPE_API_BASE empty.",
            id="billing.E007",
        )
    ]
