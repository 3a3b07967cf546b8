"""Which calls count nothing: HEAD, prefetches, bots, staff, and pictures that another site shows."""

from __future__ import annotations

from collections.abc import Mapping

from kv.agents import is_bot, is_prefetch


def is_excluded(method: str, headers: Mapping[str, str]) -> bool:
    """Whether a call counts nothing, whoever makes it.

    headers: as in a WSGI environment (`HTTP_USER_AGENT`, …).
    """
    return (
        method == "HEAD"
        or headers.get("HTTP_SEC_FETCH_SITE") == "cross-site"
        or is_prefetch(headers)
        or is_bot(headers.get("HTTP_USER_AGENT", ""))
    )
