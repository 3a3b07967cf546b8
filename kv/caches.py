"""Entries for Django's CACHES: the durable store of counts, and the clearable cache apart from it.

Imported by settings modules, so nothing here may touch `django.conf.settings`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

#: The alias of the durable connection in CACHES.
ALIAS = "kv"
EMBEDDED = "embedded"
_SCHEMES = ("redis", "rediss", "unix", "redis+cluster", "rediss+cluster", "redis+sentinel", "rediss+sentinel")


def durable_cache(
    url: str = EMBEDDED, *, directory: Path | str | None = None, timeout_ms: int = 250, fsync: str = "always"
) -> dict[str, Any]:
    """The CACHES entry of the store of record, to be put under the alias "kv".

    url:        `embedded`, `redis://`, `rediss://`, `unix://`, `redis+cluster://h:p,h:p` or
                `redis+sentinel://h:p,h:p/name/0`; with s after redis for TLS.
    directory:  where the embedded server keeps its data; needed for `embedded` alone.
    timeout_ms: connect and read timeout, milliseconds.
    Raises ValueError with a sentence when the url or directory can't be used.
    """
    scheme = check_url(url)
    options: dict[str, Any] = {
        "SOCKET_TIMEOUT": timeout_ms / 1000,
        "SOCKET_CONNECT_TIMEOUT": timeout_ms / 1000,
        # 0 retries: redis-py alone would send one slow script eleven times.
        "CONNECTION_POOL_KWARGS": {"max_connections": 4096, **_no_retry()},
    }
    location = url
    if scheme == EMBEDDED:
        if directory is None:
            raise ValueError("the embedded server needs a directory")
        location = f"embedded://{quote(str(Path(directory).absolute()))}?{urlencode({'fsync': fsync})}"
        options["CONNECTION_FACTORY"] = "kv.factories.EmbeddedFactory"
    elif scheme.endswith("+cluster"):
        options["CONNECTION_FACTORY"] = "kv.factories.ClusterFactory"
    elif scheme.endswith("+sentinel"):
        hosts, path = urlsplit(url).netloc, urlsplit(url).path.strip("/")
        name, _, database = path.partition("/")
        user, _, hosts = hosts.rpartition("@")
        login = f"{user}@" if user else ""
        location = f"{scheme.split('+')[0]}://{login}{name}/{database or 0}"
        options["SENTINELS"] = [_address(host, 26379) for host in hosts.split(",")]
        options["SENTINEL_KWARGS"] = {
            "socket_timeout": timeout_ms / 1000, "socket_connect_timeout": timeout_ms / 1000, **_no_retry(),
        }  # fmt: skip
        options["CONNECTION_FACTORY"] = "django_redis.pool.SentinelConnectionFactory"
    return {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": location, "TIMEOUT": None, "OPTIONS": options}


def clearable_cache(
    url: str = EMBEDDED, *, directory: Path | str | None = None, timeout_ms: int = 250, fsync: str = "always"
) -> dict[str, Any]:
    """The CACHES entry of a cache that may be cleared at any time: the database after the store's own.

    On a cluster, which has one database, it is a cache in the process's memory.
    """
    scheme = check_url(url)
    if scheme.endswith("+cluster"):
        return {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    entry = durable_cache(url, directory=directory, timeout_ms=timeout_ms, fsync=fsync)
    entry["LOCATION"] = _next_database(entry["LOCATION"])
    entry["TIMEOUT"] = 300
    entry["OPTIONS"]["IGNORE_EXCEPTIONS"] = True  # a cache that is away is a cache that is empty
    return entry


def check_url(url: str) -> str:
    """The url's scheme (`embedded` for the embedded server). Raises ValueError with a sentence when it is none."""
    if url == EMBEDDED:
        return EMBEDDED
    parts = urlsplit(url)
    if parts.scheme not in _SCHEMES:
        raise ValueError(
            f"{parts.scheme or 'an address without a scheme'} is not one of: embedded, {', '.join(_SCHEMES)}"
        )
    if parts.scheme == "unix":
        if not parts.path:
            raise ValueError("a unix:// address names the socket's path")
    elif not parts.netloc:
        raise ValueError(f"a {parts.scheme}:// address names a host")
    if parts.scheme.endswith("+sentinel") and not parts.path.strip("/"):
        raise ValueError("a sentinel address ends in the primary's name: redis+sentinel://host:26379/name/0")
    if "+" in parts.scheme:
        for host in parts.netloc.rpartition("@")[2].split(","):
            _address(host, 0)
    return parts.scheme


def _no_retry() -> dict[str, Any]:
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    return {"retry": Retry(NoBackoff(), 0), "retry_on_timeout": False}


def _address(text: str, default_port: int) -> tuple[str, int]:
    host, _, port = text.rpartition(":") if ":" in text.rpartition("]")[2] else (text, "", "")
    try:
        return host.strip("[]"), int(port) if port else default_port
    except ValueError:
        raise ValueError(f"the port in {host}:… is not a number") from None


def _next_database(location: str) -> str:
    parts = urlsplit(location)
    if parts.scheme in ("unix", EMBEDDED):
        words = [word for word in parts.query.split("&") if word]
        current = next((int(word[3:]) for word in words if word.startswith("db=")), 0)
        query = "&".join([word for word in words if not word.startswith("db=")] + [f"db={current + 1}"])
        return urlunsplit(parts._replace(query=query))
    return urlunsplit(parts._replace(path=f"/{int(parts.path.strip('/') or 0) + 1}"))
