"""Which calls count nothing: HEAD, prefetches, bots, and pictures that another site shows."""

from __future__ import annotations

from collections.abc import Mapping

from codetags.types import Reason
from kv.web.agents import is_bot, is_prefetch


def exclusion(method: str, headers: Mapping[str, str]) -> Reason | None:
    """Why a call counts nothing, whoever makes it; None when it may count.

    headers: as in a WSGI environment (`HTTP_USER_AGENT`, …).
    """
    if headers.get("HTTP_SEC_FETCH_SITE") == "cross-site":
        return Reason.CROSS_SITE
    if is_prefetch(headers):
        return Reason.PREFETCH
    # No browser lands by HEAD: what asks so checks links.
    if method == "HEAD" or is_bot(headers.get("HTTP_USER_AGENT", "")):
        return Reason.BOT
    return None
