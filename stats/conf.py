"""Every setting of the app."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from kv.conf import Setting, Settings
from kv.web.rate_limits import RateLimit

DEFAULT_TOOLS = ("payment-qr", "webo-news-overlay", "ccn-image-optimiser")

Text = str | Promise
#: What a tool is called and what it does, as the page of statistics shows it; or the name alone.
ToolName = Text | tuple[Text, Text]
DEFAULT_TOOL_NAMES: Mapping[str, ToolName] = {
    "payment-qr": (_("Payment code"), _("QR codes for bank transfers, downloaded from this site.")),
    "webo-news-overlay": (_("News overlay"), _("Shows current news on top of a page.")),
    "ccn-image-optimiser": (_("Image optimiser"), _("Makes pictures smaller before they are published.")),
}


class StatsSettings(Settings):
    """What the app reads from Django's settings."""

    #: Prefix of every key.
    KV_PREFIX = Setting("")
    #: Tools whose uses may be counted.
    STATS_TOOLS: Setting[tuple[str, ...]] = Setting(DEFAULT_TOOLS)
    #: tool → its name and a sentence, in place of the defaults; texts may be lazy. A tool without a name shows its id.
    STATS_TOOL_NAMES: Setting[Mapping[str, ToolName]] = Setting(dict)
    #: A payment code over this (EUR cents) is drawn but not counted.
    STATS_MAX_QR_CENTS = Setting(1_000_000)
    #: Whether anybody may read the figures of each day at GET /api/stats/history.
    STATS_PUBLIC_HISTORY = Setting(default=True)
    #: Whether the totals are there as badges, under /badge/.
    STATS_BADGES = Setting(default=True)
    #: Whether /embed is a card with the totals that every site may frame.
    STATS_EMBED = Setting(default=True)
    #: The public address, for texts to copy; "": the one that the request came to.
    SITE_URL = Setting("")


app_settings = StatsSettings()

VISIT_LIMIT = RateLimit("visit", "30/minute")
PAYMENT_CODE_LIMIT = RateLimit("qr", "30/minute", slot="stats")
TRACK_LIMIT = RateLimit("track", "60/minute", slot="usage")
USAGE_LIMIT = RateLimit("usage", "120/minute")
