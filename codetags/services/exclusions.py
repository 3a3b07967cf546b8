"""Which calls count nothing: HEAD, prefetches, bots, staff, and pictures that another site shows."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from crawlerdetect import CrawlerDetect

# An agent of 8 kB took the detector 88 ms; nothing that tells a crawler stands behind the first half.
AGENT_LENGTH = 512


def is_excluded(method: str, headers: Mapping[str, str]) -> bool:
    """Whether a call counts nothing, whoever makes it.

    headers: as in a WSGI environment (`HTTP_USER_AGENT`, …).
    """
    return (
        method == "HEAD"
        or headers.get("HTTP_SEC_FETCH_SITE") == "cross-site"
        or _is_prefetch(headers)
        or is_bot(headers.get("HTTP_USER_AGENT", ""))
    )


def is_bot(agent: str) -> bool:
    """Whether the agent names itself a crawler, or nothing at all (no browser comes without a name)."""
    agent = agent.strip()[:AGENT_LENGTH]
    return not agent or _is_crawler(agent)


@lru_cache(maxsize=4096)
def _is_crawler(agent: str) -> bool:
    return bool(CrawlerDetect().is_crawler(agent))


def _is_prefetch(headers: Mapping[str, str]) -> bool:
    for name in ("HTTP_SEC_PURPOSE", "HTTP_PURPOSE", "HTTP_X_PURPOSE", "HTTP_X_MOZ"):
        purpose = headers.get(name)
        if purpose and any(word in purpose.lower() for word in ("prefetch", "prerender", "preview")):
            return True
    return False
