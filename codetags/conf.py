"""Every setting of the app."""

from __future__ import annotations

from collections.abc import Sequence

from codetags.types import StorageItem
from kv.conf import Setting
from kv.web.rate_limits import RateLimit


class CodeTagsSettings:
    """What the app reads from Django's settings."""

    #: Put before every key.
    KV_PREFIX = Setting("")
    #: What a code looks like once upper-cased; read by Python and by browsers, so plain classes and counts only.
    CODETAGS_PATTERN = Setting("[A-Z0-9]{4}")
    #: Distinct codes outside the registry that are counted by name; later strangers share one bucket, ~OTHER.
    CODETAGS_MAX_UNKNOWN = Setting(10_000)
    #: How long one visitor's second hit without a cookie is not counted, seconds; 0 = off.
    CODETAGS_BACKSTOP_SECONDS = Setting(600)
    #: The page that campaign links lead to, in the default language.
    CODETAGS_LANDING_PATH = Setting("/")
    #: The site's public address, for the links of the admin's page; empty = as the request has it.
    SITE_URL = Setting("")
    #: Where each counted hit is also POSTed; empty = nowhere.
    QR_ANALYTICS_EXTERNAL_URL = Setting("")
    #: The key of the signature of these POSTs; without one nothing is sent.
    QR_ANALYTICS_EXTERNAL_SECRET = Setting("")
    #: Whether that address may be in a private network.
    QR_ANALYTICS_EXTERNAL_ALLOW_PRIVATE = Setting(default=False)
    #: Seconds that one POST may take, connection and answer together.
    QR_ANALYTICS_EXTERNAL_TIMEOUT = Setting(5.0)
    #: Hits that wait to be POSTed, at most; the oldest are dropped beyond that, counted and reported.
    QR_ANALYTICS_EXTERNAL_MAX_WAITING = Setting(100_000)
    #: A hit that failed so often is parked (`codetags_deliver --parked` tries again).
    QR_ANALYTICS_EXTERNAL_MAX_TRIES = Setting(12)
    #: Cookies and storage items of the site beyond those of Django and of this app: the items, or the dotted path of a
    #: sequence of them (a settings module can't import translations of its own).
    CODETAGS_COOKIES: Setting[str | Sequence[StorageItem]] = Setting(tuple)
    #: Who answers for the site, for the privacy page: name, address, e-mail, one a line; empty = not shown.
    CODETAGS_CONTACT = Setting("")


app_settings = CodeTagsSettings()

#: Hits of one address on one code, and on all codes together: who invents codes meets the second. A lecture hall behind
#: one address stays below them within a minute; who wants to raise a code gets no more in ten (docs/decisions/0030).
CODE_LIMIT = RateLimit("code", "1000 per 10 minutes")
CODES_LIMIT = RateLimit("codes", "2000 per 10 minutes")
COUNTS_LIMIT = RateLimit("code_tags", "120/minute")
#: One member of staff's Refresh button.
REFRESH_LIMIT = RateLimit("code_tags_refresh", "1 per 2 seconds")
