"""Which visits are not counted: bots, staff, prefetches, calls from other sites, and visitors who opted out."""

from __future__ import annotations

from collections.abc import Mapping

from kv.web.agents import is_bot, is_prefetch
from kv.web.origins import is_cross_site
from stats.types import Reason


def exclusion(headers: Mapping[str, str], *, host: str, is_staff: bool) -> Reason | None:
    """Why the request's visit is not counted; None when it is.

    headers: as in a WSGI environment (`HTTP_USER_AGENT`, …). host: the site's own, to recognise calls from other sites.
    """
    if is_cross_site(headers, host=host):
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
