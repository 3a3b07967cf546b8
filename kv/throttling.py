"""Rate limits in a moving window on the store, kept under the keyed hash of the address.

`limits` decides for most endpoints. The busiest ones carry the same window inside their own script
(kv/lua/moving_window.lua), since a second round trip costs them a quarter of their throughput.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import limits
import redis.exceptions
from django.http import HttpRequest
from limits.storage import RedisStorage
from limits.strategies import MovingWindowRateLimiter

from kv.addresses import address_hash, client_address
from kv.conf import app_settings
from kv.connection import connection
from kv.errors import store_errors
from kv.gate import Gate, passing


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
        item = limits.RateLimitItemPerSecond(window.amount, window.seconds)
        with store_errors():
            client = connection()
        # A thread has a client of its own; the pool is one for all, as is a cluster's client.
        with passing(_gate(getattr(client, "connection_pool", client))), store_errors():
            limiter = _limiter(client, app_settings.KV_PREFIX)
            if limiter.hit(item, self.name, *identity):
                return
            stats = limiter.get_window_stats(item, self.name, *identity)
        raise RateLimited(self, math.ceil(stats.reset_time - time.time()))


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


class _KvStorage(RedisStorage):
    """`limits`' Redis storage over the project's own connection, a cluster's client included."""

    STORAGE_SCHEME = []  # not to be found by a url

    def __init__(self, client: Any, key_prefix: str) -> None:
        self.key_prefix = key_prefix
        self.target_server = "redis"
        self.storage = client
        self.initialize_storage("")

    # The parent finds these out in its own __init__, which would open a connection of its own.
    wrap_exceptions = False

    @property
    def base_exceptions(self) -> type[Exception]:
        """Every error of the client; they pass through unchanged."""
        return redis.exceptions.RedisError


@lru_cache(maxsize=256)
def _gate(server: Any) -> Gate:
    """Its calls go past the lean wires, and so past their gates."""
    return Gate()


@lru_cache(maxsize=256)
def _limiter(client: Any, prefix: str) -> MovingWindowRateLimiter:
    return MovingWindowRateLimiter(_KvStorage(client, f"{prefix}limits"))
