"""Which addresses the outgoing webhook may be posted to: no private network, no plain http but to this machine."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from codetags.conf import app_settings
from codetags.errors import UnsafeWebhookAddress, WebhookUnavailable


@dataclass(frozen=True, slots=True)
class WebhookTarget:
    """Where to post: the parts of the URL, and the checked address to connect to."""

    parts: SplitResult
    host: str
    port: int
    address: str

    @property
    def is_encrypted(self) -> bool:
        """Whether the connection uses TLS."""
        return self.parts.scheme == "https"

    @property
    def path(self) -> str:
        """Path and query of the URL."""
        return (self.parts.path or "/") + (f"?{self.parts.query}" if self.parts.query else "")


def check_webhook_address(url: str) -> None:
    """Check the address without looking up its name: https, or plain http to this machine.

    Raises UnsafeWebhookAddress.
    """
    parts, host, _ = _split(url)
    if parts.scheme == "http" and not _is_loopback_name(host):
        raise UnsafeWebhookAddress("plain http is for this machine alone (127.0.0.1, [::1], localhost); use https")
    literal = _literal(host)
    if literal is not None and not _is_loopback_name(host):
        _check_public(literal)


def look_up_webhook(url: str) -> WebhookTarget:
    """Look up the host name once and check every address found. Raises UnsafeWebhookAddress, WebhookUnavailable."""
    check_webhook_address(url)
    parts, host, port = _split(url)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise WebhookUnavailable(f"{host}: the name can't be looked up") from error
    addresses = [str(entry[4][0]) for entry in found]
    for address in addresses:
        numeric = ipaddress.ip_address(address.partition("%")[0])
        if _is_loopback_name(host) and numeric.is_loopback:
            continue
        _check_public(numeric)
    return WebhookTarget(parts, host, port, addresses[0])


def _split(url: str) -> tuple[SplitResult, str, int]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise UnsafeWebhookAddress("its host or port can't be read") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UnsafeWebhookAddress("it is no http or https address")
    if parts.username or parts.password:
        raise UnsafeWebhookAddress("it carries a username; the signature says who we are")
    return parts, parts.hostname, port or (443 if parts.scheme == "https" else 80)


def _is_loopback_name(host: str) -> bool:
    literal = _literal(host)
    return literal.is_loopback if literal is not None else host == "localhost"


def _literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _check_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    mapped = getattr(address, "ipv4_mapped", None) or address
    if not mapped.is_global and not app_settings.QR_ANALYTICS_EXTERNAL_ALLOW_PRIVATE:
        raise UnsafeWebhookAddress(
            "it leads into a private network; QR_ANALYTICS_EXTERNAL_ALLOW_PRIVATE allows that, if it is meant"
        )
