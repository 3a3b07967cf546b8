"""Every setting of the app."""

from __future__ import annotations

from kv.conf import Setting
from kv.web.rate_limits import RateLimit
from usertokens.types import DEFAULT_ALLOWANCES


class BillingSettings:
    """What the app reads from Django's settings."""

    #: Put before every key.
    KV_PREFIX = Setting("")
    #: The key for Stripe's API; its prefix says whether money is real (`sk_live_…`). Empty: billing is off.
    STRIPE_SECRET_KEY = Setting("")
    #: The webhook endpoint's secrets; two during a roll. Empty: the endpoint refuses.
    STRIPE_WEBHOOK_SECRET: Setting[tuple[str, ...]] = Setting(())
    #: Stripe's products of the plans Plus and Premium: of several the first is sold, all are recognised.
    STRIPE_PRODUCT_PLUS: Setting[str | tuple[str, ...]] = Setting(())
    STRIPE_PRODUCT_PREMIUM: Setting[str | tuple[str, ...]] = Setting(())
    #: The same for any plan: {"Team": ("prod_…", "prod_…")}.
    STRIPE_PRODUCTS: Setting[dict[str, tuple[str, ...]]] = Setting(dict)
    #: Where Stripe's API is; empty: at Stripe's.
    STRIPE_API_BASE = Setting("")
    #: Seconds until a request to Stripe is given up.
    STRIPE_TIMEOUT = Setting(10.0)
    #: Days that an unpaid renewal keeps its plan.
    BILLING_GRACE_DAYS = Setting(7)
    #: Tokens that can be bought: {1000: "price_…"}.
    BILLING_TOPUPS: Setting[dict[int, str]] = Setting(dict)
    #: Tokens of a month by plan, as usertokens grants them: shown beside the prices.
    PLAN_ALLOWANCES: Setting[dict[str, int]] = Setting(lambda: dict(DEFAULT_ALLOWANCES))
    #: Where the portal and the return page lead back to: a view's name or a path.
    BILLING_HOME = Setting("usertokens:dashboard")
    #: The site's public address, for the links that Stripe sends people back by; empty: the request's own.
    SITE_URL = Setting("")


app_settings = BillingSettings()

CHECKOUT_LIMIT = RateLimit("checkout", "20/minute")
SUBSCRIPTION_LIMIT = RateLimit("subscription", "120/minute")
