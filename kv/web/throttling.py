"""Rate limits in a moving window on the store, kept under the keyed hash of the address.

One script counts for most endpoints. The busiest ones carry the same window inside their own script
(kv/lua/moving_window.lua), since a second round trip costs them a quarter of their throughput.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import limits
from django.http import HttpRequest

from kv import keys
from kv.conf import app_settings
from kv.store.scripts import Script
from kv.web.addresses import address_hash, client_address, wider_network

_COUNT = Script("kv", "count_request")


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
    """A named limit with its default, such as `RateLimit("visit", "30/minute")`; RATE_LIMITS may say otherwise."""

    name: str
    default: str

    def __post_init__(self) -> None:
        known_limits.add(self.name)

    @property
    def window(self) -> Window | None:
        """What holds now; None when limits are off. Raises ValueError for words that say no limit."""
        chosen = app_settings.RATE_LIMITS
        return None if chosen is None else parse_window(chosen.get(self.name, self.default))

    def check(self, request: HttpRequest, *also: str) -> None:
        """Count one request of this caller (and of `also`, say a code). Raises RateLimited or StoreUnavailable."""
        self.check_identity(caller_id(request), *also)

    def check_identity(self, *identity: str) -> None:
        """Count one request under `identity`, which must hold no address. Raises RateLimited or StoreUnavailable."""
        window = self.window
        if window is None:
            return
        # Not as a write: nobody is to wait for replicas, since a limit that a failover forgets is no loss.
        key = keys.limit(self.name, ":".join(identity))
        wait = _COUNT.read([key], [window.amount, window.seconds * 1_000_000])
        if wait:
            raise RateLimited(self, -(-wait // 1_000_000))


@lru_cache(maxsize=64)
def parse_window(text: str) -> Window:
    """Read `30/minute`, `5 per 10 seconds` and the like. Raises ValueError, also for none at all and for several."""
    items = limits.parse_many(text)
    if len(items) != 1 or items[0].amount < 1:
        raise ValueError(f"{text!r} is not one limit")
    return Window(items[0].amount, items[0].get_expiry())


def caller_id(request: HttpRequest) -> str:
    """The caller's address as half of its keyed hash, in hex."""
    return address_hash(client_address(request)).hex()[:32]


def network_id(request: HttpRequest) -> str:
    """The same of the wider network that the caller's address is in: see `kv.web.addresses.wider_network`."""
    return address_hash(wider_network(client_address(request))).hex()[:32]
