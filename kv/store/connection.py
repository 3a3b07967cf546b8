"""The one way to the durable store: `connection()` for the client, `call` and `call_many` for lean commands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.cache import caches
from django.core.signals import setting_changed
from django_redis import get_redis_connection
from redis.cluster import RedisCluster

from kv.conf import app_settings
from kv.errors import store_errors
from kv.store.caches import ALIAS
from kv.store.client import Arg, Command, LeanClient, client_of, close_clients
from kv.store.cluster import ClusterClient
from kv.store.factories import ClusterFactory
from kv.store.guard import refuse_real_store
from kv.store.places import pools_of

__all__ = [
    "Arg",
    "Command",
    "LeanClient",
    "call",
    "call_many",
    "call_write",
    "close_connections",
    "connection",
    "forget_connections",
]


def connection() -> Any:
    """The durable store's redis-py client (Redis or RedisCluster), through django-redis's `get_redis_connection`.

    Its own errors are redis-py's; wrap its use in `kv.errors.store_errors()`. For one command or script prefer `call`.
    Raises RealStoreInTests in a test run whose store is not one for tests.
    """
    refuse_real_store()
    return get_redis_connection(ALIAS)


def call(*command: Arg) -> Any:
    """Send one command, return its reply (bytes, ints, lists). Raises StoreUnavailable, or redis ResponseError."""
    return _client().send_one(command)


def call_many(commands: Sequence[Command]) -> list[Any]:
    """Send several commands in one round trip (on a cluster: one for each node); not a transaction.

    An error reply raises once all replies are read.
    """
    return _client().send(commands)


def call_write(*command: Arg) -> Any:
    """Send one writing command; with KV_WAIT_REPLICAS, return only when so many replicas have it.

    Raises NotReplicated when they did not confirm in time: the write may stand, so repeat it under the same id.
    """
    replicas = app_settings.KV_WAIT_REPLICAS
    if not replicas:
        return _client().send_one(command)
    return _client().send_and_wait(command, replicas)


def lean_client() -> LeanClient | None:
    """The client of a server that event loops may talk to; None for a cluster, behind sentinels and over TLS.

    None too before a thread has made the client: a cluster's is made by asking its nodes, which may be away.
    """
    client = _known_client
    if client is None:
        return None
    refuse_real_store()
    return client if isinstance(client, LeanClient) and client.is_plain else None


_known_client: LeanClient | ClusterClient | None = None


def _client() -> LeanClient | ClusterClient:
    refuse_real_store()
    return _known_client or _make_client()


def _make_client() -> LeanClient | ClusterClient:
    global _known_client  # noqa: PLW0603 (one for the process)
    with store_errors():
        client = connection()
    made = ClusterClient(client) if isinstance(client, RedisCluster) else client_of(client.connection_pool)
    _known_client = made
    return made


def forget_connections() -> None:
    """Look the connection up anew at the next call: for tests, and after CACHES has changed."""
    global _known_client  # noqa: PLW0603 (as above)
    _known_client = None


def close_connections() -> None:
    """Close what this process has open at the store and at every cache of django-redis; the next call opens it anew.

    For a process that forks: what is open would be open in the child too. Not while another thread makes a call.
    """
    close_clients()
    for alias in caches.settings:
        for pool in pools_of(caches[alias]):
            pool.disconnect()
            for sentinel in getattr(getattr(pool, "sentinel_manager", None), "sentinels", ()):
                sentinel.connection_pool.disconnect()
    ClusterFactory.close_all()


def _on_setting_changed(*, setting: str, **_: Any) -> None:
    if setting == "CACHES":
        forget_connections()


setting_changed.connect(_on_setting_changed)
