"""Every setting of the app."""

from __future__ import annotations

from collections.abc import Sequence

from codetags.types import StorageItem
from kv.conf import Setting, Settings
from kv.web.rate_limits import RateLimit


class CodeTagsSettings(Settings):
    """What the app reads from Django's settings."""

    #: Prefix of every key.
    KV_PREFIX = Setting("")
    #: The pattern of a code in upper case. Python and browsers read it, so it has only plain classes and counts.
    CODETAGS_PATTERN = Setting("[A-Z0-9]{4}")
    #: Distinct codes outside the registry that are counted by name. All further ones are counted together as ~OTHER.
    CODETAGS_MAX_UNKNOWN = Setting(10_000)
    #: For how long a second hit of one visitor without a cookie is not counted, seconds; 0 = off.
    CODETAGS_BACKSTOP_SECONDS = Setting(600)
    #: The parameter of links that names the placement, such as "at" in ?qr=BT26&at=tram-12; "utm_source" is possible.
    CODETAGS_PLACEMENT_PARAM = Setting("at")
    #: Whether hits are also counted by hour, device class, language, referring host and country. Off: neither recorded
    #: nor shown.
    CODETAGS_BREAKDOWNS = Setting(default=True)
    #: The header in which a trusted proxy names the visitor's country, such as "CF-IPCountry"; empty = off. Believed
    #: only with NUM_PROXIES of 1 and more.
    CODETAGS_COUNTRY_HEADER = Setting("")
    #: The page that campaign links lead to, in the default language.
    CODETAGS_LANDING_PATH = Setting("/")
    #: The site's public URL, for the links on the admin's page; empty = from the request.
    SITE_URL = Setting("")
    #: Where each counted hit is also POSTed; empty = nowhere.
    QR_ANALYTICS_EXTERNAL_URL = Setting("")
    #: The secret that signs these POSTs; without one nothing is sent.
    QR_ANALYTICS_EXTERNAL_SECRET = Setting("")
    #: Whether that address may be in a private network.
    QR_ANALYTICS_EXTERNAL_ALLOW_PRIVATE = Setting(default=False)
    #: Seconds that one POST may take, connection and answer together.
    QR_ANALYTICS_EXTERNAL_TIMEOUT = Setting(5.0)
    #: The most hits that may wait to be POSTed. Beyond that the oldest are dropped; their number is logged.
    QR_ANALYTICS_EXTERNAL_MAX_WAITING = Setting(100_000)
    #: A hit whose POST failed so often is parked (`codetags_deliver --parked` tries again).
    QR_ANALYTICS_EXTERNAL_MAX_TRIES = Setting(12)
    #: Cookies and storage items of the site in addition to those of Django and of this app: the items, or the dotted
    #: path of a sequence of them (a settings module can't import its own translations).
    CODETAGS_COOKIES: Setting[str | Sequence[StorageItem]] = Setting(tuple)
    #: Who is responsible for the site, for the privacy page: name, address, e-mail, each on a line; empty = not shown.
    CODETAGS_CONTACT = Setting("")


app_settings = CodeTagsSettings()

#: Hits of one address on one code, and on all codes together, which bounds invented codes. A lecture hall behind one
#: address stays below these limits within a minute; a client that inflates a code gets no more in ten minutes
#: (docs/decisions/0030).
CODE_LIMIT = RateLimit("code", "1000 per 10 minutes")
CODES_LIMIT = RateLimit("codes", "2000 per 10 minutes")
COUNTS_LIMIT = RateLimit("code_tags", "120/minute")
#: The Refresh button, for each member of staff.
REFRESH_LIMIT = RateLimit("code_tags_refresh", "1 per 2 seconds")
