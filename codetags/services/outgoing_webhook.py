"""The outgoing webhook for counted hits: signed POSTs on one connection."""

from __future__ import annotations

import hmac
import http.client
import socket
import ssl
import time
from datetime import UTC
from types import TracebackType
from typing import Self

import orjson

from codetags.conf import app_settings
from codetags.errors import UnsafeWebhookAddress, WebhookRefused, WebhookUnavailable
from codetags.services.socket_deadline import Deadline, TimedSocket
from codetags.services.webhook_addresses import look_up_webhook
from codetags.types import Event

SIGNATURE_HEADER = "Countinghouse-Signature"
# Statuses that mean "try again later". Other 4xx statuses refuse this one hit for good.
_LATER = {408, 425, 429}
_LONGEST_ANSWER = 64 * 1024
_REST_SECONDS = 0.25


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
        self._target = look_up_webhook(app_settings.QR_ANALYTICS_EXTERNAL_URL)
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
