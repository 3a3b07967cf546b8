"""The external receiver of counted hits: where we may post, and one signed POST."""

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
from codetags.errors import SinkAway, SinkRefused, UnsafeSink
from codetags.services.deadlines import Deadline, TimedSocket
from codetags.types import Event

SIGNATURE_HEADER = "Countinghouse-Signature"
# What a receiver says that means "later", not "never this one".
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


def check_sink_address(url: str) -> None:
    """What can be said of the address without asking anybody: https, or http to this machine. Raises UnsafeSink."""
    parts, host, _ = _split(url)
    if parts.scheme == "http" and not _is_loopback_name(host):
        raise UnsafeSink("plain http is for this machine alone (127.0.0.1, [::1], localhost); use https")
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


class Poster:
    """One connection to the receiver, for a few POSTs: `with Poster() as poster: poster.post(event)`.

    The address is looked up once, checked, and then connected to as checked: a name that answers differently the
    second time leads nowhere else. Redirects are not followed, proxies of the environment not used.
    QR_ANALYTICS_EXTERNAL_TIMEOUT is for each POST as a whole: a receiver that answers byte by byte gains nothing by it.
    Raises UnsafeSink when the settings allow no post, SinkAway when the receiver can't be reached.
    """

    def __init__(self) -> None:
        self._secret = app_settings.QR_ANALYTICS_EXTERNAL_SECRET
        if not self._secret:
            raise UnsafeSink("QR_ANALYTICS_EXTERNAL_SECRET is not set, and nothing is posted unsigned")
        self._timeout = app_settings.QR_ANALYTICS_EXTERNAL_TIMEOUT
        self._target = _look_up(app_settings.QR_ANALYTICS_EXTERNAL_URL)
        self._deadline = Deadline()
        self._line: http.client.HTTPConnection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._hang_up()

    def post(self, event: Event) -> None:
        """One signed POST; returns when the receiver has answered 2xx. Raises SinkRefused or SinkAway."""
        body = payload(event)
        signature = sign(body, secret=self._secret, at=int(time.time()))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "countinghouse",
            SIGNATURE_HEADER: signature,
        }
        self._deadline.set(self._timeout)
        try:
            if self._line is None:
                self._line = self._dial()
            self._line.request("POST", self._target.path, body, headers)
            answer = self._line.getresponse()
        except (OSError, http.client.HTTPException) as error:
            self._hang_up()
            raise SinkAway(f"{self._target.host}: {type(error).__name__}") from error
        self._leave(answer)
        if answer.status in _LATER or answer.status >= 500:  # noqa: PLR2004 (HTTP's own classes)
            raise SinkAway(f"{self._target.host} answered {answer.status}")
        if not 200 <= answer.status < 300:  # noqa: PLR2004
            raise SinkRefused(answer.status)

    def _leave(self, answer: http.client.HTTPResponse) -> None:
        """The status has said it all; what follows is read, if it is short and comes at once, to keep the line."""
        try:
            self._deadline.set(min(self._deadline.left(), _REST_SECONDS))
            answer.read(_LONGEST_ANSWER + 1)
        except (OSError, http.client.HTTPException, ValueError):  # ValueError: a chunk of less than nothing
            self._hang_up()
        if answer.will_close or not answer.isclosed():
            self._hang_up()
        answer.close()

    def _dial(self) -> http.client.HTTPConnection:
        target = self._target
        plain = socket.create_connection((target.address, target.port), self._deadline.left())
        # Head and body go out as two writes; without this the second waits 40 ms for the first one's receipt.
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line = http.client.HTTPConnection(f"[{target.host}]" if ":" in target.host else target.host, target.port)
        try:
            plain.settimeout(self._deadline.left())
            line.sock = TimedSocket(
                ssl.create_default_context().wrap_socket(plain, server_hostname=target.host)
                if target.is_encrypted
                else plain,
                self._deadline,
            )
        except BaseException:
            plain.close()
            raise
        return line

    def _hang_up(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None


def _look_up(url: str) -> _Target:
    check_sink_address(url)
    parts, host, port = _split(url)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise SinkAway(f"{host}: the name can't be looked up") from error
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
        raise UnsafeSink("its host or port can't be read") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UnsafeSink("it is no http or https address")
    if parts.username or parts.password:
        raise UnsafeSink("it carries a username; the signature says who we are")
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
        raise UnsafeSink(
            "it leads into a private network; QR_ANALYTICS_EXTERNAL_ALLOW_PRIVATE allows that, if it is meant"
        )
