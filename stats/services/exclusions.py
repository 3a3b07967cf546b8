"""Which visits are not counted: bots, staff, prefetches, calls from other sites, and people who asked not to be."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from crawlerdetect import CrawlerDetect

from stats.types import Reason

# An agent of 8 kB took the detector 88 ms; nothing that tells a crawler stands behind the first half.
_AGENT_LENGTH = 512


def exclusion(headers: Mapping[str, str], *, host: str, is_staff: bool) -> Reason | None:
    """Why the request's visit is not counted; None when it is.

    headers: as in a WSGI environment (`HTTP_USER_AGENT`, …). host: the site's own, to tell calls from elsewhere.
    """
    if _is_cross_site(headers, host):
        return Reason.CROSS_SITE
    if _is_prefetch(headers):
        return Reason.PREFETCH
    if headers.get("HTTP_SEC_GPC") == "1" or headers.get("HTTP_DNT") == "1":
        return Reason.OPTED_OUT
    if is_staff:
        return Reason.STAFF
    if is_bot(headers.get("HTTP_USER_AGENT", "")):
        return Reason.BOT
    return None


def is_bot(agent: str) -> bool:
    """Whether the agent names itself a crawler, or nothing at all (no browser comes without a name)."""
    agent = agent.strip()[:_AGENT_LENGTH]
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


def _is_cross_site(headers: Mapping[str, str], host: str) -> bool:
    site = headers.get("HTTP_SEC_FETCH_SITE")
    if site:
        return site == "cross-site"
    # Older browsers send no Sec-Fetch-Site, but an Origin with every POST by script.
    origin = headers.get("HTTP_ORIGIN", "")
    # Parted by hand: urlsplit raises for what is no address, and strangers send that too.
    return bool(origin) and origin.partition("://")[2].lower() != host.lower()
