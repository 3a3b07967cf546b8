"""The outgoing webhook for counted hits: which addresses are allowed, and one signed POST."""

from __future__ import annotations

import hmac
import http.client
import ipaddress
import socket
import ssl
import time
from dataclasses import dataclass
from datetime import UTC
from types import TracebackType
from typing import Self
from urllib.parse import SplitResult, urlsplit

import orjson

from codetags.conf import app_settings
from codetags.errors import UnsafeWebhookAddress, WebhookRefused, WebhookUnavailable
from codetags.services.socket_deadline import Deadline, TimedSocket
from codetags.types import Event

SIGNATURE_HEADER = "Countinghouse-Signature"
# Statuses that mean "try again later". Other 4xx statuses refuse this one hit for good.
_LATER = {408, 425, 429}
_LONGEST_ANSWER = 64 * 1024
_REST_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class _Target:
    parts: SplitResult
    host: str
    port: int
    address: str

    @property
    def is_encrypted(self) -> bool:
        return self.parts.scheme == "https"

    @property
    def path(self) -> str:
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


def sign(body: bytes, *, secret: str, at: int) -> str:
    """The signature header's value: `t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.body">`."""
    digest = hmac.digest(secret.encode(), b"%d." % at + body, "sha256").hex()
    return f"t={at},v1={digest}"


def payload(event: Event) -> bytes:
    """The JSON that is posted: {"code", "timestamp" (ISO 8601, UTC), "id"}."""
    at = event.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return orjson.dumps({"code": event.code, "timestamp": at, "id": event.id})


class WebhookConnection:
    """One connection to the receiver, kept open for a few POSTs. A context manager.

    The host name is looked up once. The addresses found are checked, and the connection goes to one of them: a second
    DNS answer can't lead into a private network. Redirects are not followed. Proxies of the environment are not used.
    QR_ANALYTICS_EXTERNAL_TIMEOUT limits each POST as a whole, also when the receiver answers byte by byte.
    Raises UnsafeWebhookAddress when the settings allow no POST, WebhookUnavailable when the receiver can't be reached.
    """

    def __init__(self) -> None:
        self._secret = app_settings.QR_ANALYTICS_EXTERNAL_SECRET
        if not self._secret:
            raise UnsafeWebhookAddress("QR_ANALYTICS_EXTERNAL_SECRET is not set, and nothing is posted unsigned")
        self._timeout = app_settings.QR_ANALYTICS_EXTERNAL_TIMEOUT
        self._target = _look_up(app_settings.QR_ANALYTICS_EXTERNAL_URL)
        self._deadline = Deadline()
        self._connection: http.client.HTTPConnection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._close()

    def post(self, event: Event) -> None:
        """One signed POST; returns when the receiver has answered 2xx. Raises WebhookRefused or WebhookUnavailable."""
        body = payload(event)
        signature = sign(body, secret=self._secret, at=int(time.time()))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "countinghouse",
            SIGNATURE_HEADER: signature,
        }
        self._deadline.set(self._timeout)
        try:
            if self._connection is None:
                self._connection = self._connect()
            self._connection.request("POST", self._target.path, body, headers)
            answer = self._connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            self._close()
            raise WebhookUnavailable(f"{self._target.host}: {type(error).__name__}") from error
        self._read_rest(answer)
        if answer.status in _LATER or answer.status >= 500:  # noqa: PLR2004 (HTTP's own classes)
            raise WebhookUnavailable(f"{self._target.host} answered {answer.status}")
        if not 200 <= answer.status < 300:  # noqa: PLR2004
            raise WebhookRefused(answer.status)

    def _read_rest(self, answer: http.client.HTTPResponse) -> None:
        """Read the body if it is short and arrives at once, so that the connection can be used again; else close it."""
        try:
            self._deadline.set(min(self._deadline.left(), _REST_SECONDS))
            answer.read(_LONGEST_ANSWER + 1)
        except (OSError, http.client.HTTPException, ValueError):  # ValueError: a chunk with a negative length
            self._close()
        if answer.will_close or not answer.isclosed():
            self._close()
        answer.close()

    def _connect(self) -> http.client.HTTPConnection:
        target = self._target
        plain = socket.create_connection((target.address, target.port), self._deadline.left())
        # Headers and body are two writes. Without TCP_NODELAY the second waits 40 ms for the first one's ACK.
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = http.client.HTTPConnection(f"[{target.host}]" if ":" in target.host else target.host, target.port)
        try:
            plain.settimeout(self._deadline.left())
            connection.sock = TimedSocket(
                ssl.create_default_context().wrap_socket(plain, server_hostname=target.host)
                if target.is_encrypted
                else plain,
                self._deadline,
            )
        except BaseException:
            plain.close()
            raise
        return connection

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _look_up(url: str) -> _Target:
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
    return _Target(parts, host, port, addresses[0])


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
