"""A receiver of events, such as somebody would run: it verifies with the official package of Standard Webhooks."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

from kv.events import emit
from kv.events.signing import new_secret
from kv.models import EventReceiver
from tests.codetags.receiver import Receiver, served

#: What the tests emit.
TYPE = "user.created"


def emit_some(number: int, first: int = 1) -> None:
    """Events of so many users."""
    for user_id in range(first, first + number):
        emit(TYPE, {"user_id": str(user_id)}, key=str(user_id))


class StandardReceiver(Receiver):
    """`secrets`: any of them verifies. `ids`: of what it took, in order; `bodies`, `headers`: of what it saw."""

    def __init__(self, *secrets: str) -> None:
        super().__init__()
        self.secrets: Sequence[str] = secrets
        self.ids: list[str] = []
        self.bodies: list[bytes] = []

    def take(self, body: bytes, headers: dict[str, str]) -> int:
        event = self._verified(body, headers)
        self.signed = self.signed and event is not None
        self.seen.append(event or {})
        self.bodies.append(body)
        self.headers.append(headers)
        status = self.answer(event or {})
        if status < 300:
            self.ids.append(headers["webhook-id"])
            self.taken[headers["webhook-id"]] += 1
        return status

    def _verified(self, body: bytes, headers: dict[str, str]) -> dict[str, Any] | None:
        for secret in self.secrets:
            with suppress(WebhookVerificationError):
                event: dict[str, Any] = Webhook(secret).verify(body, headers)
                return event
        return None


def register(url: str, *types: str, secret: str = "", **values: Any) -> EventReceiver:
    """A receiver's row."""
    return EventReceiver.objects.create(
        name="Shop", url=url, types=list(types), secret=secret or new_secret(), **values
    )


@contextmanager
def listening(*types: str) -> Iterator[tuple[StandardReceiver, EventReceiver]]:
    """A receiver that takes what it gets, and its row."""
    secret = new_secret()
    with served(StandardReceiver(secret)) as receiver:
        yield receiver, register(receiver.url, *types, secret=secret)


@contextmanager
def raw_receiver(talk: Callable[[socket.socket, threading.Event], None]) -> Iterator[str]:
    """The address of a server that does with each connection what `talk` says; it is told when to end."""
    ended = threading.Event()

    def serve_one(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            talk(connection, ended)

    def serve(listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=serve_one, args=(listener.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        finally:
            ended.set()
            listener.shutdown(socket.SHUT_RDWR)
