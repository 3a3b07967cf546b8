"""What each cache of CACHES connects to: asked of the backend itself, not of what its settings look like."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.core.cache import caches
from django.core.cache.backends.redis import RedisCache
from django.core.exceptions import ImproperlyConfigured
from redis.connection import ConnectionPool, parse_url
from redis.sentinel import SentinelConnectionPool

from kv.errors import store_errors
from kv.store.address import StoreAddress, canonical_host

Place = tuple[object, ...]
# Backends that say their kind of server in the scheme, and speak its language.
_ALSO = {"valkey": "redis", "valkeys": "rediss"}
_PORT = 6379
_CLUSTER = "+cluster:"


def places(alias: str) -> frozenset[Place]:
    """Where the cache leads: sockets, or servers, each with its database; nothing for one that is no Redis.

    Two caches that share a place share a database.
    """
    try:
        backend: Any = caches.create_connection(alias)
        pools = list(pools_of(backend))
        if pools:
            return frozenset(place for pool in pools for place in _of_pool(pool))
    except (ImproperlyConfigured, ImportError, AttributeError, TypeError, ValueError):
        pass  # what can't be made clears nothing; its own check, or its first use, says why
    return frozenset(place for text in _locations(alias) for place in _of_text(text, caches.settings[alias]))


def pools_of(backend: Any) -> Iterator[ConnectionPool]:
    """The pools that a cache of django-redis or of Django's own connects through, each without having connected."""
    if isinstance(backend, RedisCache):
        own: Any = backend._cache  # noqa: SLF001 (no public way to what it connects to)
        for server in own._servers:  # noqa: SLF001 (Django has no public name)
            yield own._pool_class.from_url(server, **own._pool_options)  # noqa: SLF001 (Django has no public name)
        return
    for factory, server in _servers(backend):
        if _CLUSTER not in server:
            yield factory.get_or_create_connection_pool(factory.make_connection_params(server))


def cluster_clients(backend: Any) -> Iterator[Any]:
    """The clients of clusters that a cache of django-redis uses; making one connects. Raises redis errors."""
    for factory, server in _servers(backend):
        if _CLUSTER in server:
            with store_errors():
                yield factory.connect(server)


def _servers(backend: Any) -> Iterator[tuple[Any, str]]:
    client: Any = getattr(backend, "client", None)
    factory = getattr(client, "connection_factory", None)
    if factory is not None:
        servers = client._server  # noqa: SLF001 (no public way to it)
        yield from ((factory, server) for server in (servers.split(",") if isinstance(servers, str) else servers))


def _of_pool(pool: ConnectionPool) -> Iterator[Place]:
    kwargs: dict[str, Any] = pool.connection_kwargs
    database = int(kwargs.get("db") or 0)
    if isinstance(pool, SentinelConnectionPool):
        known: Any = pool
        for sentinel in known.sentinel_manager.sentinels:
            found = sentinel.connection_pool.connection_kwargs
            host, port = canonical_host(str(found["host"])), int(found["port"])
            yield ("sentinel", host, port, known.service_name, database)
    elif path := kwargs.get("path"):
        yield from StoreAddress("unix", path=str(path), database=database).places()
    else:
        host, port = canonical_host(str(kwargs.get("host") or "localhost")), int(kwargs.get("port") or _PORT)
        yield ("server", host, port, database)


def _locations(alias: str) -> Iterable[str]:
    location = caches.settings[alias].get("LOCATION", "")
    texts = location.split(",") if isinstance(location, str) else location
    return [str(text).strip() for text in texts if "://" in str(text)]


def _of_text(text: str, entry: dict[str, Any]) -> Iterator[Place]:
    """For backends that we do not know, and for clusters: what the address says."""
    scheme, _, rest = text.partition("://")
    text = f"{_ALSO.get(scheme, scheme)}://{rest}"
    try:
        yield from StoreAddress.parse(text).places()
    except ValueError:
        try:
            known: Any = parse_url
            found = known(text)
        except ValueError:
            return
        chosen = {name.lower(): value for name, value in (entry.get("OPTIONS") or {}).items()}
        database = int(found.get("db", chosen.get("db", 0)))
        yield ("server", canonical_host(found.get("host", "localhost")), int(found.get("port", _PORT)), database)
