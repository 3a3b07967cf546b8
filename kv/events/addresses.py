"""Which addresses may be posted to: no private network, no plain http but to this machine."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from kv.errors import UnsafeWebhookAddress, WebhookUnavailable

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
#: Behind these a translator finds an IPv4 address in the last four bytes (RFC 6052).
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")
#: Not public, whatever Python's `is_global` says: versions of it take some of these for public.
_NOT_PUBLIC = tuple(
    ipaddress.ip_network(text)
    for text in (
        "192.0.0.0/24",  # of protocols (RFC 6890)
        "192.88.99.0/24",  # relays of 6to4 (RFC 7526)
        "::/96",  # IPv4 inside IPv6, as it was once written (RFC 4291)
        "64:ff9b:1::/48",  # a translator of one's own network, also to private IPv4 addresses (RFC 8215)
        "3fff::/20",  # documentation (RFC 9637)
        "5f00::/16",  # segment routing within one network (RFC 9602)
        "fec0::/10",  # site-local (RFC 3879)
    )
)


@dataclass(frozen=True, slots=True)
class AddressRules:
    """setting: the one that allows private networks, for messages. is_private_allowed: its value.

    is_own_machine_allowed: whether the loopback addresses are, also where private networks are not.
    """

    setting: str
    is_private_allowed: bool
    is_own_machine_allowed: bool


@dataclass(frozen=True, slots=True)
class WebhookTarget:
    """Where to post: the parts of the URL, and the checked addresses to connect to, the first that answers."""

    parts: SplitResult
    host: str
    port: int
    addresses: tuple[str, ...]

    @property
    def is_encrypted(self) -> bool:
        """Whether the connection uses TLS."""
        return self.parts.scheme == "https"

    @property
    def path(self) -> str:
        """Path and query of the URL."""
        return (self.parts.path or "/") + (f"?{self.parts.query}" if self.parts.query else "")


def check_webhook_address(url: str, rules: AddressRules) -> None:
    """Check the address without looking up its name: https, or plain http to this machine.

    Raises UnsafeWebhookAddress.
    """
    parts, host, _ = _split(url)
    is_own = _is_loopback_name(host)
    if parts.scheme == "http" and not is_own:
        raise UnsafeWebhookAddress("plain http is for this machine alone (127.0.0.1, [::1], localhost); use https")
    literal = _literal("127.0.0.1" if host == "localhost" else host)
    if literal is not None:
        _check(literal, rules, is_own=is_own)


def look_up_webhook(url: str, rules: AddressRules) -> WebhookTarget:
    """Look up the host name once and check every address found. Raises UnsafeWebhookAddress, WebhookUnavailable."""
    check_webhook_address(url, rules)
    parts, host, port = _split(url)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:  # UnicodeError: a name that no DNS can have
        raise WebhookUnavailable(f"{host}: the name can't be looked up") from error
    addresses = tuple(dict.fromkeys(str(entry[4][0]) for entry in found))
    for address in addresses:
        numeric = ipaddress.ip_address(address.partition("%")[0])
        _check(numeric, rules, is_own=_is_loopback_name(host) and numeric.is_loopback)
    return WebhookTarget(parts, host, port, addresses)


def _split(url: str) -> tuple[SplitResult, str, int]:
    if not url.isascii() or not url.isprintable() or " " in url:
        raise UnsafeWebhookAddress("it has characters that no URL has; write them percent-encoded")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise UnsafeWebhookAddress("its host or port can't be read") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UnsafeWebhookAddress("it is no http or https address")
    if port == 0:
        raise UnsafeWebhookAddress("nothing listens on port 0")
    if parts.username or parts.password:
        raise UnsafeWebhookAddress("it carries a username; the signature says who we are")
    return parts, parts.hostname, port or (443 if parts.scheme == "https" else 80)


def _is_loopback_name(host: str) -> bool:
    literal = _literal(host)
    return literal.is_loopback if literal is not None else host == "localhost"


def _literal(host: str) -> _Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _check(address: _Address, rules: AddressRules, *, is_own: bool) -> None:
    if rules.is_private_allowed or (is_own and rules.is_own_machine_allowed):
        return
    if not all(_is_public(one) for one in _meant(address)):
        raise UnsafeWebhookAddress(f"it leads into a private network; {rules.setting} allows that, if it is meant")


def _is_public(address: _Address) -> bool:
    return address.is_global and not address.is_multicast and not any(address in network for network in _NOT_PUBLIC)


def _meant(address: _Address) -> list[_Address]:
    """The address, or the IPv4 addresses that an IPv6 one carries: where its packets end."""
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    if address.ipv4_mapped:
        return [address.ipv4_mapped]
    if address in _TRANSLATED:
        return [ipaddress.IPv4Address(address.packed[-4:])]
    teredo = address.teredo or ()
    return [address, *([address.sixtofour] if address.sixtofour else []), *teredo[1:]]
