"""Every setting of the app."""

from kv.conf import Setting
from kv.web.rate_limits import RateLimit

DEFAULT_TOOLS = ("payment-qr", "webo-news-overlay", "ccn-image-optimiser")


class StatsSettings:
    """What the app reads from Django's settings."""

    #: Prefix of every key.
    KV_PREFIX = Setting("")
    #: Tools whose uses may be counted.
    STATS_TOOLS: Setting[tuple[str, ...]] = Setting(DEFAULT_TOOLS)
    #: A payment code over this (EUR cents) is drawn but not counted.
    STATS_MAX_QR_CENTS = Setting(1_000_000)


app_settings = StatsSettings()

VISIT_LIMIT = RateLimit("visit", "30/minute")
PAYMENT_CODE_LIMIT = RateLimit("qr", "30/minute", slot="stats")
TRACK_LIMIT = RateLimit("track", "60/minute", slot="usage")
USAGE_LIMIT = RateLimit("usage", "120/minute")
