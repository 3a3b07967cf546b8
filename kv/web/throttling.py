"""Counts requests against a rate limit, in a moving window on the store, under the keyed hash of the address.

One script counts for most endpoints. The busiest ones carry the same window inside their own script
(kv/lua/moving_window.lua), since a second round trip costs them a quarter of their throughput.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.http import HttpRequest

from kv import keys
from kv.store.connection import call_write
from kv.store.scripts import Script
from kv.web.addresses import address_hash, address_in, client_address, wider_network
from kv.web.rate_limits import RateLimit

_COUNT = Script("kv", "count_request")


def check_limit(limit: RateLimit, request: HttpRequest, *also: str) -> None:
    """Count one request of this caller (and of `also`, say a code). Raises RateLimited or StoreUnavailable."""
    check_identity(limit, caller_id(request), *also)


def check_identity(limit: RateLimit, *identity: str) -> None:
    """Count one request under `identity`, which must hold no address. Raises RateLimited or StoreUnavailable."""
    amount, window = limit.script_args
    if not amount:
        return
    # Not as a write: nobody is to wait for replicas, since a limit that a failover forgets is no loss.
    wait = _COUNT.read([keys.limit(limit.name, ":".join(identity), limit.slot)], [amount, window])
    if wait:
        raise limit.exceeded(wait)


def forgive(limit: RateLimit, *identity: str) -> None:
    """Take back one request that `check_identity` has counted: a guess that was none. Raises StoreUnavailable."""
    if limit.script_args[0]:
        call_write("LPOP", keys.limit(limit.name, ":".join(identity), limit.slot))


def window_of(limit: RateLimit, caller: str) -> tuple[str, tuple[int, int]]:
    """For a script of the app in `limit.slot`, which counts beside its own work: the window's key, the arguments."""
    return keys.limit(limit.name, caller, limit.slot), limit.script_args


def caller_id(request: HttpRequest) -> str:
    """The caller's address as half of its keyed hash, in hex."""
    return caller_in(request.META)


def caller_in(meta: Mapping[str, str]) -> str:
    """The same of a request with this WSGI environment or `request.META`."""
    return address_hash(address_in(meta)).hex()[:32]


def network_id(request: HttpRequest) -> str:
    """The same of the wider network that the caller's address is in: see `kv.web.addresses.wider_network`."""
    return address_hash(wider_network(client_address(request))).hex()[:32]
