"""POSTs to another system: on one connection, within a deadline, only to addresses that were checked."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from kv.errors import WebhookRefused, WebhookUnavailable
from kv.events.addresses import AddressRules, look_up_webhook
from kv.events.socket_deadline import Deadline, TimedSocket

# Statuses that mean "try again later". Other 4xx statuses refuse this one body for good.
_LATER = {408, 425, 429}
_LONGEST_ANSWER = 64 * 1024
_REST_SECONDS = 0.25
#: The longest pause that a receiver may ask for with Retry-After, seconds.
_LONGEST_AFTER = 3600


class WebhookConnection:
    """One connection to a receiver, kept open for a few POSTs. A context manager.

    The host name is looked up once. The addresses found are checked, and the connection goes to one of them: a second
    DNS answer can't lead into a private network. Redirects are not followed. Proxies of the environment are not used.
    timeout: seconds for each POST as a whole, also when the receiver answers byte by byte.
    Raises UnsafeWebhookAddress when nothing may be posted there, WebhookUnavailable when the name can't be looked up.
    """

    def __init__(self, url: str, rules: AddressRules, *, timeout: float) -> None:
        self._timeout = timeout
        self._target = look_up_webhook(url, rules)
        self._deadline = Deadline()
        self._connection: http.client.HTTPConnection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._close()

    def post(self, body: bytes, headers: Mapping[str, str]) -> None:
        """One POST of JSON; returns when the receiver has answered 2xx. Raises WebhookRefused or WebhookUnavailable."""
        sent = {"Content-Type": "application/json", "User-Agent": "countinghouse", **headers}
        self._deadline.set(self._timeout)
        try:
            answer = self._exchange(body, sent)
        # ValueError: a status line or a header that is none.
        except (OSError, http.client.HTTPException, ValueError) as error:
            self._close()
            raise WebhookUnavailable(f"{self._target.host}: {type(error).__name__}") from error
        self._read_rest(answer)
        if answer.status in _LATER or answer.status >= 500:  # noqa: PLR2004 (HTTP's own classes)
            raise WebhookUnavailable(f"{self._target.host} answered {answer.status}", _asked_pause(answer))
        if not 200 <= answer.status < 300:  # noqa: PLR2004 (HTTP)
            raise WebhookRefused(answer.status)

    def _exchange(self, body: bytes, headers: Mapping[str, str]) -> http.client.HTTPResponse:
        """Ask, and once more where a connection that was kept open turns out to be closed: receivers close them."""
        is_kept = self._connection is not None
        try:
            return self._ask(body, headers)
        except (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError):
            if not is_kept:
                raise
        self._close()
        return self._ask(body, headers)

    def _ask(self, body: bytes, headers: Mapping[str, str]) -> http.client.HTTPResponse:
        if self._connection is None:
            self._connection = self._connect()
        self._connection.request("POST", self._target.path, body, headers)
        return self._connection.getresponse()

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
        plain = self._first_that_answers()
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

    def _first_that_answers(self) -> socket.socket:
        """A host may have addresses of both kinds, and this machine a way to one of them."""
        *others, last = self._target.addresses
        for address in others:
            try:
                return socket.create_connection((address, self._target.port), self._deadline.left() / 2)
            except OSError:
                continue
        return socket.create_connection((last, self._target.port), self._deadline.left())

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _asked_pause(answer: http.client.HTTPResponse) -> int:
    text = answer.headers.get("Retry-After", "").strip()
    return min(int(text), _LONGEST_AFTER) if text.isascii() and text.isdigit() and len(text) < 10 else 0  # noqa: PLR2004 (a number that long is no pause)
