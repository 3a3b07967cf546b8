"""Entries for Django's CACHES: the durable store of counts, and the clearable cache apart from it.

Imported by settings modules, so nothing here may touch `django.conf.settings`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from kv.store.address import EMBEDDED, StoreAddress
from kv.store.tls import tls_options

__all__ = ["ALIAS", "EMBEDDED", "clearable_cache", "durable_cache"]

#: The alias of the durable connection in CACHES.
ALIAS = "kv"
_CLEARABLE_SECONDS = 300


def durable_cache(
    url: str | StoreAddress = EMBEDDED,
    *,
    directory: Path | str | None = None,
    timeout_ms: int = 250,
    fsync: str = "always",
) -> dict[str, Any]:
    """The CACHES entry of the store of record, to be put under the alias "kv".

    url:        `embedded`, `redis://`, `rediss://`, `unix://`, `redis+cluster://h:p,h:p` or
                `redis+sentinel://h:p,h:p/name/0`; with s after redis for TLS, and `?ssl_ca_certs=FILE` for a CA.
    directory:  where the embedded server keeps its data; needed for `embedded` alone.
    timeout_ms: connect and read timeout, milliseconds.
    Raises ValueError with a sentence when the url or directory can't be used.
    """
    address = StoreAddress.parse(url) if isinstance(url, str) else url
    if address.kind == EMBEDDED and not address.path:
        if directory is None:
            raise ValueError("the embedded server needs a directory")
        address = replace(address, path=str(Path(directory).absolute()), fsync=fsync)
    options: dict[str, Any] = {
        "SOCKET_TIMEOUT": timeout_ms / 1000,
        "SOCKET_CONNECT_TIMEOUT": timeout_ms / 1000,
        # 0 retries: redis-py alone would send one slow script eleven times.
        "CONNECTION_POOL_KWARGS": {"max_connections": 4096, **_no_retry()},
    }
    if address.kind == EMBEDDED:
        options["CONNECTION_FACTORY"] = "kv.store.factories.EmbeddedFactory"
    elif address.kind == "cluster":
        options["CONNECTION_FACTORY"] = "kv.store.factories.ClusterFactory"
    elif address.kind == "sentinel":
        options["CONNECTION_FACTORY"] = "kv.store.factories.SentinelFactory"
        _add_sentinels(address, options)
    return {
        "BACKEND": "django_redis.cache.RedisCache", "LOCATION": address.location(), "TIMEOUT": None,
        "OPTIONS": options,
    }  # fmt: skip


def clearable_cache(
    url: str | StoreAddress = EMBEDDED,
    *,
    directory: Path | str | None = None,
    timeout_ms: int = 250,
    fsync: str = "always",
    database: int | None = None,
) -> dict[str, Any]:
    """The CACHES entry of a cache that may be cleared at any time.

    url:      of the store. On a cluster, which has one database, it is a cache in the process's memory.
    database: which one of that server; None = the one after the store's own.
    """
    address = StoreAddress.parse(url) if isinstance(url, str) else url
    if address.kind == "cluster" and database is None:
        return {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    chosen = address.with_database(address.database + 1 if database is None else database)
    entry = durable_cache(chosen, directory=directory, timeout_ms=timeout_ms, fsync=fsync)
    entry["TIMEOUT"] = _CLEARABLE_SECONDS
    entry["OPTIONS"]["IGNORE_EXCEPTIONS"] = True  # an unavailable cache counts as empty
    return entry


def _add_sentinels(address: StoreAddress, options: dict[str, Any]) -> None:
    patience = {name.lower(): options[name] for name in ("SOCKET_TIMEOUT", "SOCKET_CONNECT_TIMEOUT")}
    options["SENTINELS"] = list(address.nodes)
    options["SENTINEL_KWARGS"] = {**patience, **_no_retry()}
    if address.tls:
        from redis.sentinel import SentinelManagedSSLConnection

        # Not by `rediss://name`: redis-py would then look for a host of that name.
        options["CONNECTION_POOL_KWARGS"]["connection_class"] = SentinelManagedSSLConnection
        options["SENTINEL_KWARGS"] |= {"ssl": True, **tls_options(address.tls_query)}


def _no_retry() -> dict[str, Any]:
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    return {"retry": Retry(NoBackoff(), 0)}
