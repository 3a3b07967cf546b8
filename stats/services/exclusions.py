"""Which visits are not counted: bots, staff, prefetches, calls from other sites, and visitors who opted out."""

from __future__ import annotations

from collections.abc import Mapping

from kv.web.agents import is_bot, is_prefetch
from stats.types import Reason


def exclusion(headers: Mapping[str, str], *, host: str, is_staff: bool) -> Reason | None:
    """Why the request's visit is not counted; None when it is.

    headers: as in a WSGI environment (`HTTP_USER_AGENT`, …). host: the site's own, to recognise calls from other sites.
    """
    if _is_cross_site(headers, host):
        return Reason.CROSS_SITE
    if is_prefetch(headers):
        return Reason.PREFETCH
    if headers.get("HTTP_SEC_GPC") == "1" or headers.get("HTTP_DNT") == "1":
        return Reason.OPTED_OUT
    if is_staff:
        return Reason.STAFF
    if is_bot(headers.get("HTTP_USER_AGENT", "")):
        return Reason.BOT
    return None


def _is_cross_site(headers: Mapping[str, str], host: str) -> bool:
    site = headers.get("HTTP_SEC_FETCH_SITE")
    if site:
        return site == "cross-site"
    # Older browsers send no Sec-Fetch-Site, but they send Origin with every POST of a script.
    origin = headers.get("HTTP_ORIGIN", "")
    # Not by urlsplit, which raises for text that is not an address; a client can send any text.
    return bool(origin) and origin.partition("://")[2].lower() != host.lower()
