"""Where a store is, parsed once: what `REDIS_URL` and a LOCATION of CACHES say, as one frozen object.

Imported by settings modules, so nothing here may touch `django.conf.settings`.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode

from kv.store.tls import TLS_PARAMETERS, check_tls

Kind = Literal["embedded", "redis", "unix", "cluster", "sentinel"]
EMBEDDED: Final = "embedded"
_SCHEMES: dict[str, tuple[Kind, bool]] = {
    "redis": ("redis", False), "rediss": ("redis", True), "unix": ("unix", False), "embedded": ("embedded", False),
    "redis+cluster": ("cluster", False), "rediss+cluster": ("cluster", True),
    "redis+sentinel": ("sentinel", False), "rediss+sentinel": ("sentinel", True),
}  # fmt: skip
_LAST_PORT = 65535
_LAST_DATABASE = 2**31 - 1
_PORTS: dict[Kind, int] = {"redis": 6379, "cluster": 6379, "sentinel": 26379}
_PARAMETERS: dict[Kind, frozenset[str]] = {
    "redis": frozenset({"db"}), "sentinel": frozenset({"db"}), "cluster": frozenset(),
    "unix": frozenset({"db", "username", "password"}), "embedded": frozenset({"db", "fsync"}),
}  # fmt: skip
# What redis-py would take from an address, and what to do instead.
_OURS = {
    "protocol": "the site speaks the protocol that it is made for",
    "decode_responses": "the site reads bytes",
    "socket_timeout": "KV_TIMEOUT_MS says it",
    "socket_connect_timeout": "KV_TIMEOUT_MS says it",
    "retry_on_timeout": "nothing is sent twice",
    "retry_on_error": "nothing is sent twice",
    "max_connections": "connections are made as they are needed",
    "health_check_interval": "connections are tried before they are used",
}
# RFC 3986, appendix B.
_PARTS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?")
_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?\.?")
_SERVICE = re.compile(r"[A-Za-z0-9_.-]+")
_FSYNC = ("always", "everysec")


@dataclass(frozen=True)
class StoreAddress:
    """One store's address, and whatever leads to it.

    kind:     what is there; with `tls` it is a `rediss…` address.
    nodes:    (host, port) of the server, of a cluster's nodes, of the sentinels; hosts in lower case, IPv6 bare.
    path:     the socket of `unix`, the data directory of `embedded` ("" = the site's own).
    service:  the primary's name among the sentinels.
    tls_options: what the query says of TLS, name and value.
    """

    kind: Kind
    tls: bool = False
    nodes: tuple[tuple[str, int], ...] = ()
    path: str = ""
    service: str = ""
    username: str = ""
    password: str = ""
    database: int = 0
    tls_options: tuple[tuple[str, str], ...] = ()
    fsync: str = "always"

    @classmethod
    def parse(cls, text: str) -> StoreAddress:
        """Read an address. Raises ValueError with a sentence that holds neither a host nor a password."""
        return _parse(text)

    @property
    def scheme(self) -> str:
        """As it is written."""
        return next(name for name, known in _SCHEMES.items() if known == (self.kind, self.tls))

    @property
    def tls_query(self) -> str:
        """What the query says of TLS, as `kv.store.tls` reads it."""
        return urlencode(self.tls_options)

    def with_database(self, number: int) -> StoreAddress:
        """The same server's other database."""
        return replace(self, database=number)

    def location(self) -> str:
        """The address in its one spelling, as CACHES takes it. Commas are written %2C: there they part servers."""
        query = urlencode(self.tls_options)
        if self.kind == "embedded":
            query = urlencode({"fsync": self.fsync, **({"db": self.database} if self.database else {})})
            return f"embedded://{quote(self.path)}?{query}"
        login = quote(self.username, safe="")
        if self.password:
            login += f":{quote(self.password, safe='')}"
        login += "@" if login else ""
        if self.kind == "unix":
            return f"unix://{login}{quote(self.path)}?db={self.database}".replace(",", "%2C")
        hosts = "%2C".join(_written(host, port) for host, port in self.nodes)
        path = {"cluster": "", "sentinel": f"/{self.service}/{self.database}"}.get(self.kind, f"/{self.database}")
        return f"{self.scheme}://{login}{hosts}{path}{'?' if query else ''}{query}"

    def is_same_database(self, other: StoreAddress) -> bool:
        """Whether both lead to one database, as far as addresses can say; names are not looked up."""
        mine, others = set(self.places()), set(other.places())
        return bool(mine & others)

    def places(self) -> Iterator[tuple[object, ...]]:
        """What there is at the address, in one spelling; two addresses that share one lead to the same database."""
        if self.kind in ("unix", "embedded"):
            path = Path(self.path) / "valkey" / "valkey.sock" if self.kind == "embedded" else Path(self.path)
            yield ("socket", str(path.resolve()), self.database)
        elif self.kind == "sentinel":
            for host, port in self.nodes:
                yield ("sentinel", canonical_host(host), port, self.service, self.database)
        else:
            for host, port in self.nodes:
                yield ("server", canonical_host(host), port, self.database)


def canonical_host(host: str) -> str:
    """One spelling of a host: every name of this machine's loopback is `localhost`."""
    name = host.strip("[]").rstrip(".").lower()
    if name in ("localhost", "ip6-localhost", "localhost.localdomain") or name.endswith(".localhost"):
        return "localhost"
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return name
    mapped = getattr(address, "ipv4_mapped", None) or address
    # A server that listens everywhere is reached at 0.0.0.0 too, and that is this machine.
    return "localhost" if mapped.is_loopback or mapped.is_unspecified else str(mapped)


@lru_cache(maxsize=64)
def _parse(text: str) -> StoreAddress:
    if text == EMBEDDED:
        return StoreAddress(EMBEDDED)
    if re.search(r"[\x00-\x20\x7f]", text):
        raise ValueError("an address holds no spaces; in a password they are written %20")
    parts = _split(text)
    kind, tls = _SCHEMES[parts.scheme]
    if "#" in text:
        raise ValueError("# has no meaning in an address; in a password it is written %23")
    query = _query(parts, kind, tls=tls)
    check_tls(parts.scheme, parts.query)
    login, _, hosts = parts.netloc.rpartition("@")
    username, _, password = login.partition(":")
    found = StoreAddress(
        kind,
        tls,
        username=unquote(username) or query.pop("username", ""),
        password=unquote(password) or query.pop("password", ""),
        fsync=query.pop("fsync", "always"),
        tls_options=tuple((name, value) for name, value in query.items() if name in TLS_PARAMETERS),
    )
    if found.fsync not in _FSYNC:
        raise ValueError(f"fsync is one of {', '.join(_FSYNC)}")
    if kind in ("unix", "embedded"):
        return _at_path(found, parts, hosts, query)
    nodes = tuple(_node(host, _PORTS[kind]) for host in unquote(hosts).split(","))
    if kind == "redis" and len(nodes) != 1:
        raise ValueError("a redis:// address names one host; several are redis+cluster:// or redis+sentinel://")
    service, database = _path(kind, parts.path)
    return replace(found, nodes=nodes, service=service, database=_database(query.get("db", database)))


def _split(text: str) -> SplitResult:
    # Not by urlsplit: from Python 3.14 on it refuses several hosts when one of them stands in brackets.
    found = _PARTS.fullmatch(text)
    words = ["" if word is None else word for word in found.groups()] if found else ["", "", text, "", ""]
    parts = SplitResult(words[0].lower(), *words[1:])
    if parts.scheme not in _SCHEMES or "://" not in text:
        name = parts.scheme if "://" in text else ""
        known = ", ".join(["embedded", *(scheme for scheme in _SCHEMES if scheme != EMBEDDED)])
        raise ValueError(f"{name or 'an address without a scheme'} is not one of: {known}")
    if parts.scheme not in ("unix", EMBEDDED) and not parts.netloc.rpartition("@")[2]:
        raise ValueError(f"a {parts.scheme}:// address names a host")
    return parts


def _query(parts: SplitResult, kind: Kind, *, tls: bool) -> dict[str, str]:
    """The parameters, each of them known and there once."""
    allowed = _PARAMETERS[kind] | (TLS_PARAMETERS if tls else frozenset())
    found: dict[str, str] = {}
    for word in filter(None, parts.query.split("&")):
        ((name, value),) = parse_qsl(word, keep_blank_values=True) or [(word, "")]
        if name in _OURS:
            raise ValueError(f"leave {name} out of the address: {_OURS[name]}")
        if name not in allowed and not name.startswith("ssl_"):  # what is wrong with those is said by kv.store.tls
            known = f"there are: {', '.join(sorted(allowed))}" if allowed else "there are none"
            raise ValueError(f"{_short(name)} is no parameter of a {parts.scheme}:// address; {known}")
        if name in found:
            raise ValueError(f"{name} is given twice")
        if not value:
            raise ValueError(f"{name} has no value")
        found[name] = value
    return found


def _at_path(found: StoreAddress, parts: SplitResult, hosts: str, query: dict[str, str]) -> StoreAddress:
    if hosts or not parts.path.strip("/"):
        if found.kind == "unix":
            raise ValueError("a unix:// address names the socket's path: unix:///run/redis.sock")
        raise ValueError("an embedded:// address names a directory: embedded:///srv/site/var")
    return replace(found, path=unquote(parts.path), database=_database(query.get("db", "0")))


def _path(kind: Kind, path: str) -> tuple[str, str]:
    """The primary's name, and the number of the database as text."""
    words = [unquote(word) for word in path.strip("/").split("/")] if path.strip("/") else []
    if kind == "cluster":
        if words and words != ["0"]:
            raise ValueError("a cluster has one database, 0; nothing follows its hosts")
        return "", "0"
    if kind == "sentinel":
        if not words or len(words) > 2 or not _SERVICE.fullmatch(words[0]):  # noqa: PLR2004 (name and number)
            raise ValueError("a sentinel address ends in the primary's name: redis+sentinel://host:26379/name/0")
        return words[0], words[1] if words[1:] else "0"
    if len(words) > 1:
        raise ValueError("an address ends in the number of a database: redis://host:6379/0")
    return "", words[0] if words else "0"


def _database(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text[:20]) <= _LAST_DATABASE):
        raise ValueError(f"{_short(text)} is not the number of a database")
    return int(text)


def _node(text: str, default_port: int) -> tuple[str, int]:
    # None of these messages repeats the text: with a / in a password, what looks like a host is a part of the password.
    host, port = text, ""
    if text.startswith("["):
        host, bracket, port = text[1:].partition("]")
        try:
            host = str(ipaddress.IPv6Address(host))
        except ValueError:
            bracket = ""
        if not bracket or (port and not port.startswith(":")):
            raise ValueError("what stands in brackets is an IPv6 address: redis://[::1]:6379")
    elif text.count(":") > 1:
        raise ValueError("write an IPv6 address in brackets: redis://[::1]:6379")
    else:
        host, _, port = text.partition(":")
        port = f":{port}" if ":" in text else ""
        if not _HOST.fullmatch(host):
            raise ValueError("the name of a host is wrong; in a password / ? # @ , are written %2F %3F %23 %40 %2C")
    number = port.removeprefix(":")
    if port and not (number.isascii() and number.isdecimal() and 0 < int(number[:6]) <= _LAST_PORT):
        raise ValueError(f"the port is not a number up to {_LAST_PORT}")
    return host.lower(), int(number) if number else default_port


def _written(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _short(text: str) -> str:
    return f"{text[:40]}…" if len(text) > 40 else text  # noqa: PLR2004 (what fits on a line)
