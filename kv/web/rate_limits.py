"""Rate limits as they are declared: a name, a default, and what RATE_LIMITS makes of it. Counting is in `throttling`.

Nothing here reaches the store, so that an app's `conf.py` may declare its limits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from kv.conf import app_settings

_MICROSECONDS = 1_000_000
# `30/minute`, `5 per 10 seconds`
_LIMIT = re.compile(r"\s*(?P<amount>[0-9]+)\s*(?:/|per)\s*(?P<times>[0-9]+)?\s*(?P<unit>[a-z]+)\s*", re.IGNORECASE)
_SECONDS = {
    "second": 1, "minute": 60, "hour": 3600, "day": 86_400, "month": 30 * 86_400, "year": 360 * 86_400,
}  # fmt: skip


class RateLimited(Exception):
    """Too many requests. `limit` says which limit, `retry_after` when the next is allowed, in seconds (at least 1)."""

    def __init__(self, limit: RateLimit, retry_after: int) -> None:
        super().__init__(f"rate limit {limit.name}")
        self.limit = limit
        self.retry_after = max(retry_after, 1)


@dataclass(frozen=True)
class Window:
    """At most `amount` requests in any `seconds` seconds."""

    amount: int
    seconds: int


#: The names that RATE_LIMITS may use: those of every limit that was made.
known_limits: set[str] = set()


@dataclass(frozen=True)
class RateLimit:
    """A named limit with its default, such as `RateLimit("visit", "30/minute")`; RATE_LIMITS may say otherwise.

    slot: the hash tag of an app's keys, where a script of that app counts against the limit.
    """

    name: str
    default: str
    slot: str = ""

    def __post_init__(self) -> None:
        known_limits.add(self.name)

    @property
    def window(self) -> Window | None:
        """What holds now; None when limits are off. Raises ValueError for a text that is no limit."""
        chosen = app_settings.RATE_LIMITS
        return None if chosen is None else parse_window(chosen.get(self.name, self.default))

    @property
    def script_args(self) -> tuple[int, int]:
        """The window as kv/lua/moving_window.lua takes it: requests, microseconds; (0, 0) when limits are off."""
        window = self.window
        return (window.amount, window.seconds * _MICROSECONDS) if window else (0, 0)

    def exceeded(self, wait: int) -> RateLimited:
        """The error to raise when the script answers that the next request is allowed in `wait` microseconds."""
        return RateLimited(self, -(-wait // _MICROSECONDS))


@lru_cache(maxsize=64)
def parse_window(text: str) -> Window:
    """Read `30/minute`, `5 per 10 seconds` and the like. Raises ValueError, also for none at all and for several."""
    found = _LIMIT.fullmatch(str(text))  # a project may have put a number there
    seconds = _SECONDS.get(found["unit"].lower().removesuffix("s")) if found else None
    if found is None or seconds is None or int(found["amount"]) < 1:
        raise ValueError(f"{text!r} is not one limit")
    return Window(int(found["amount"]), (int(found["times"] or 1) or 1) * seconds)
