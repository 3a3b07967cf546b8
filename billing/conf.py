"""Every setting of the app."""

from __future__ import annotations

from kv.conf import Setting, Settings
from kv.web.rate_limits import RateLimit
from usertokens.types import DEFAULT_ALLOWANCES


class BillingSettings(Settings):
    """What the app reads from Django's settings."""

    #: Put before every key.
    KV_PREFIX = Setting("")
    #: The key of Stripe's API. Its prefix says whether payments are real (`sk_live_…`). Empty: billing is off.
    STRIPE_SECRET_KEY = Setting("")
    #: The signing secrets of the webhook endpoint; two while one replaces the other. Empty: the endpoint refuses.
    STRIPE_WEBHOOK_SECRET: Setting[tuple[str, ...]] = Setting(())
    #: Stripe's products of the plans Plus and Premium. The first is sold, all are recognised.
    STRIPE_PRODUCT_PLUS: Setting[str | tuple[str, ...]] = Setting(())
    STRIPE_PRODUCT_PREMIUM: Setting[str | tuple[str, ...]] = Setting(())
    #: The same for any plan: {"Team": ("prod_…", "prod_…")}.
    STRIPE_PRODUCTS: Setting[dict[str, tuple[str, ...]]] = Setting(dict)
    #: The base address of Stripe's API; empty: Stripe's own.
    STRIPE_API_BASE = Setting("")
    #: Timeout of a request to Stripe, seconds.
    STRIPE_TIMEOUT = Setting(10.0)
    #: Days for which an unpaid renewal keeps its plan.
    BILLING_GRACE_DAYS = Setting(7)
    #: Tokens that can be bought: {1000: "price_…"}.
    BILLING_TOPUPS: Setting[dict[int, str]] = Setting(dict)
    #: Days of a plan that cost nothing at first, once a user: {"Plus": 14}.
    BILLING_TRIAL_DAYS: Setting[dict[str, int]] = Setting(dict)
    #: Whether checkouts take Stripe's promotion codes.
    BILLING_PROMOTION_CODES = Setting(default=False)
    #: What each plan brings, for the pricing page: {"Plus": ("All tools", …)}. Texts are translated where they can be.
    BILLING_FEATURES: Setting[dict[str, tuple[str, ...]]] = Setting(dict)
    #: One sentence about taxes for the pricing page, such as "Prices include 19 % VAT."
    BILLING_TAX_NOTE = Setting("")
    #: Where somebody new begins: a view's name or a path; empty: nowhere.
    BILLING_SIGNUP = Setting("")
    #: Tokens of one generation, as usertokens takes them; the pricing page says how many generations a plan is.
    GENERATION_COST = Setting(3)
    #: Tokens of an allowance that may be kept at a month's end, as usertokens keeps them.
    ALLOWANCE_ROLLOVER_CAP = Setting(0)
    #: Tokens of one month by plan, as usertokens grants them; shown beside the prices.
    PLAN_ALLOWANCES: Setting[dict[str, int]] = Setting(lambda: dict(DEFAULT_ALLOWANCES))
    #: The page that the portal and the return page link back to: a view's name or a path.
    BILLING_HOME = Setting("usertokens:dashboard")
    #: The site's public address, for the links by which users come back from Stripe; empty: the request's own.
    SITE_URL = Setting("")


app_settings = BillingSettings()

CHECKOUT_LIMIT = RateLimit("checkout", "20/minute")
SUBSCRIPTION_LIMIT = RateLimit("subscription", "120/minute")
