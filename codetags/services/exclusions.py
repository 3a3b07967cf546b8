"""Which calls are not counted: HEAD, prefetches, bots, and images that another site shows."""

from __future__ import annotations

from collections.abc import Mapping

from codetags.types import Reason
from kv.web.agents import is_bot, is_prefetch
from kv.web.origins import is_cross_site


def exclusion(method: str, headers: Mapping[str, str]) -> Reason | None:
    """Why a call of any caller is not counted; None when it may be.

    headers: as in a WSGI environment (`HTTP_USER_AGENT`, …).
    """
    if is_cross_site(headers):
        return Reason.CROSS_SITE
    if is_prefetch(headers):
        return Reason.PREFETCH
    # Browsers send no HEAD for a landing; programs that check links do.
    if method == "HEAD" or is_bot(headers.get("HTTP_USER_AGENT", "")):
        return Reason.BOT
    return None
