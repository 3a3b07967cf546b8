"""The client's address of a request, and the keyed hash that is kept instead of it."""

from __future__ import annotations

import hashlib
import ipaddress
import socket
from collections.abc import Mapping
from functools import lru_cache

from django.http import HttpRequest

from kv.conf import app_settings, django_settings

_IPV6_PREFIX = 64
# Who has one of these addresses can use them all: a connection or a server comes with a /56 or a /48 of IPv6.
_WIDER_PREFIX = {4: 24, 6: 48}
# HMAC's block with SHA-256, bytes, and what each byte of the key becomes.
_BLOCK = 64
_INNER = bytes(byte ^ 0x36 for byte in range(256))
_OUTER = bytes(byte ^ 0x5C for byte in range(256))


def client_address(request: HttpRequest) -> str:
    """The caller's address, canonical: IPv4 dotted (`::ffff:` unwrapped), IPv6 as its /64 network.

    With NUM_PROXIES trusted proxies in front it is the entry that many from the right of X-Forwarded-For, its port
    stripped; an entry that is missing or no address leaves the socket's. Answers "" when the socket has none either.
    """
    return address_in(request.META)


def address_in(meta: Mapping[str, str]) -> str:
    """`client_address` of a request with this WSGI environment or `request.META`."""
    proxies = app_settings.NUM_PROXIES
    if proxies > 0:
        entries = meta.get("HTTP_X_FORWARDED_FOR", "").split(",")
        if len(entries) >= proxies and (forwarded := canonical_address(_without_port(entries[-proxies].strip()))):
            return forwarded
    return canonical_address(meta.get("REMOTE_ADDR", ""))


@lru_cache(maxsize=4096)
def canonical_address(text: str) -> str:
    """`text` as an address in canonical form; an IPv6 address becomes its /64, since a household has a whole one.

    Answers "" when it is no address.
    """
    try:
        # Dotted IPv4, as most are, is canonical. It also refuses leading zeros, and takes a tenth of the time.
        socket.inet_pton(socket.AF_INET, text)
    except (OSError, ValueError):
        pass
    else:
        return text
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is None:
            network = int(address) >> (128 - _IPV6_PREFIX) << (128 - _IPV6_PREFIX)
            return f"{ipaddress.IPv6Address(network)}/{_IPV6_PREFIX}"
        address = address.ipv4_mapped
    return str(address)


def wider_network(address: str) -> str:
    """The /24 of a canonical IPv4 address, the /48 of an IPv6 one; "" stays ""."""
    if not address:
        return ""
    network = ipaddress.ip_network(address)
    return str(network.supernet(new_prefix=_WIDER_PREFIX[network.version]))


def address_hash(address: str) -> bytes:
    """The 32 bytes that stand for a canonical address: see `digest_hash`."""
    return digest_hash(hashlib.sha256(address.encode()).hexdigest())


def digest_hash(digest: str) -> bytes:
    """HMAC-SHA256(VISITOR_HASH_KEY, hex SHA-256 of the address).

    The inner digest is what older sites stored, so theirs can be taken over. Pseudonymous, not anonymous: whoever
    holds the key can test an address.
    """
    begun_inner, begun_outer = _begun(app_settings.VISITOR_HASH_KEY or f"visitor-hash:{django_settings.SECRET_KEY}")
    inner, outer = begun_inner.copy(), begun_outer.copy()
    inner.update(digest.encode())
    outer.update(inner.digest())
    return outer.digest()


@lru_cache(maxsize=1)
def _begun(key: str) -> tuple[hashlib._Hash, hashlib._Hash]:
    """The two hashes of HMAC (RFC 2104, section 2) with what every one with this key begins with: half of its work.

    A copy of the standard library's own costs twice as much as these.
    """
    block = key.encode()
    if len(block) > _BLOCK:
        block = hashlib.sha256(block).digest()
    block = block.ljust(_BLOCK, b"\0")
    return hashlib.sha256(block.translate(_INNER)), hashlib.sha256(block.translate(_OUTER))


def _without_port(entry: str) -> str:
    if entry.startswith("["):
        return entry[1:].partition("]")[0]
    # "1.2.3.4:5678" has one colon, an IPv6 address at least two.
    return entry.partition(":")[0] if entry.count(":") == 1 else entry
