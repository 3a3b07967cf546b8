"""django-axes without addresses: it gets the keyed hash, dressed as an address of its own."""

from __future__ import annotations

from ipaddress import IPv6Address

from django.http import HttpRequest

from kv.addresses import address_hash, client_address


def hashed_address(request: HttpRequest) -> str:
    """The caller's hash as a unique local IPv6 address (fd00::/8, RFC 4193), which PostgreSQL's `inet` takes too."""
    return str(IPv6Address(b"\xfd" + address_hash(client_address(request))[:15]))
