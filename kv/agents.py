"""What a request says of who looks: a robot, or a browser that only fetches ahead."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from crawlerdetect import CrawlerDetect

# An agent of 8 kB took the detector 88 ms; nothing that tells a crawler stands behind the first half.
AGENT_LENGTH = 512
_PURPOSES = ("HTTP_SEC_PURPOSE", "HTTP_PURPOSE", "HTTP_X_PURPOSE", "HTTP_X_MOZ")


def is_bot(agent: str) -> bool:
    """Whether the agent names itself a crawler, or nothing at all (no browser comes without a name)."""
    agent = agent.strip()[:AGENT_LENGTH]
    return not agent or _is_crawler(agent)


def is_prefetch(headers: Mapping[str, str]) -> bool:
    """Whether a browser fetches what nobody may ever look at. headers: as in a WSGI environment."""
    for name in _PURPOSES:
        purpose = headers.get(name)
        if purpose and any(word in purpose.lower() for word in ("prefetch", "prerender", "preview")):
            return True
    return False


@lru_cache(maxsize=4096)
def _is_crawler(agent: str) -> bool:
    return bool(CrawlerDetect().is_crawler(agent))
