"""Entries for Django's CACHES: the durable store of counts, and the clearable cache apart from it.

Imported by settings modules, so nothing here may touch `django.conf.settings`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit, urlunsplit

from kv.tls import check_tls, tls_options

#: The alias of the durable connection in CACHES.
ALIAS = "kv"
EMBEDDED = "embedded"
# Those whose address is a path, so that only the query can name a database.
_BY_PATH = ("unix", EMBEDDED)
_LAST_PORT = 65535
_SCHEMES = ("redis", "rediss", "unix", "redis+cluster", "rediss+cluster", "redis+sentinel", "rediss+sentinel")


def durable_cache(
    url: str = EMBEDDED, *, directory: Path | str | None = None, timeout_ms: int = 250, fsync: str = "always"
) -> dict[str, Any]:
    """The CACHES entry of the store of record, to be put under the alias "kv".

    url:        `embedded`, `redis://`, `rediss://`, `unix://`, `redis+cluster://h:p,h:p` or
                `redis+sentinel://h:p,h:p/name/0`; with s after redis for TLS, and `?ssl_ca_certs=FILE` for a CA.
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
        location = _with_sentinels(url, options)
        options["CONNECTION_FACTORY"] = "kv.factories.SentinelFactory"
    # django-redis would take what stands between commas, in a password too, for so many servers, and use the first.
    location = location.replace(",", "%2C")
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
    check_tls(parts.scheme, parts.query)
    if "+" not in parts.scheme:
        database_of(url)
    else:
        for host in parts.netloc.rpartition("@")[2].split(","):
            _address(host, 0)
    return parts.scheme


def database_of(location: str) -> tuple[str, int]:
    """The server and the number of the database that a LOCATION of redis-py names, in one spelling.

    Raises ValueError with a sentence when the number is none.
    """
    parts = urlsplit(location)
    if parts.scheme in _BY_PATH:
        address, text = parts.path, "0"
    else:
        host, port = _address(parts.netloc.rpartition("@")[2], 6379)
        address, text = f"{host.lower()}:{port}", parts.path.strip("/").rpartition("/")[2] or "0"
    text = parse_qs(parts.query).get("db", [text])[0]  # redis-py lets the query win
    if not text.isdecimal():
        raise ValueError(f"{text} is not the number of a database")
    return address, int(text)


def _with_sentinels(url: str, options: dict[str, Any]) -> str:
    """Add to the options what leads to the sentinels; the LOCATION, whose host is the primary's name."""
    parts = urlsplit(url)
    user, _, hosts = parts.netloc.rpartition("@")
    name, _, database = parts.path.strip("/").partition("/")
    patience = {word.lower(): options[word] for word in ("SOCKET_TIMEOUT", "SOCKET_CONNECT_TIMEOUT")}
    options["SENTINELS"] = [_address(host, 26379) for host in hosts.split(",")]
    options["SENTINEL_KWARGS"] = {**patience, **_no_retry()}
    if parts.scheme.startswith("rediss"):
        from redis.sentinel import SentinelManagedSSLConnection

        # Not by `rediss://name`: redis-py would then look for a host of that name.
        options["CONNECTION_POOL_KWARGS"]["connection_class"] = SentinelManagedSSLConnection
        options["SENTINEL_KWARGS"] |= {"ssl": True, **tls_options(parts.query)}
    login = f"{user}@" if user else ""
    return f"redis://{login}{name}/{database or 0}{'?' if parts.query else ''}{parts.query}"


def _no_retry() -> dict[str, Any]:
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    return {"retry": Retry(NoBackoff(), 0)}


def _address(text: str, default_port: int) -> tuple[str, int]:
    host, _, port = text.rpartition(":") if ":" in text.rpartition("]")[2] else (text, "", "")
    if port and not (port.isdecimal() and int(port) <= _LAST_PORT):
        raise ValueError(f"the port in {host}:… is not a number up to {_LAST_PORT}")
    return host.strip("[]"), int(port) if port else default_port


def _next_database(location: str) -> str:
    parts = urlsplit(location)
    _, database = database_of(location)
    words = [word for word in parts.query.split("&") if word and not word.startswith("db=")]
    if parts.scheme in _BY_PATH:
        return urlunsplit(parts._replace(query="&".join([*words, f"db={database + 1}"])))
    path = parts.path.strip("/")
    name = f"/{path.rpartition('/')[0]}" if "/" in path else ""
    return urlunsplit(parts._replace(path=f"{name}/{database + 1}", query="&".join(words)))
