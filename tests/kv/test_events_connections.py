"""Receivers on raw sockets: they close at once, close what was kept open, answer byte by byte."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kv.events import delivery
from kv.events.delivery import Delivered, deliver_to
from kv.models import EventReceiver, OutgoingEvent
from tests.kv.event_receiver import TYPE, emit_some, raw_receiver, register

if TYPE_CHECKING:
    import socket
    import threading

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("private_receivers")]


def step(row: EventReceiver) -> Delivered:
    done = deliver_to(row.pk)
    assert done is not None
    return done


def read_event(connection: socket.socket) -> None:
    """To its end: who closes a socket with something unread resets it, and the answer may be lost."""
    seen = b""
    while not seen.endswith(b"}}"):
        found = connection.recv(65536)
        if not found:
            return
        seen += found


@pytest.mark.parametrize(
    "answer",
    [b"", b"H", b"HTTP/1.1 ", b"HTTP/1.1 abc\r\n\r\n", b"nonsense\r\n\r\n",
     b"\xff\xfe\x00", b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\n"],
    ids=["nothing", "a byte", "half a line", "no number", "no HTTP", "bytes", "a long line"],
)  # fmt: skip
def test_one_that_hangs_up_is_tried_again(answer: bytes) -> None:
    def talk(connection: socket.socket, ended: threading.Event) -> None:
        read_event(connection)
        connection.sendall(answer)

    with raw_receiver(talk) as url:
        row = register(url, TYPE)
        emit_some(1)
        done = step(row)
    assert (done.sent, bool(done.problem)) == (0, True)
    assert OutgoingEvent.objects.get().state == "waiting"


def test_the_status_counts_where_the_head_ends_early() -> None:
    def talk(connection: socket.socket, ended: threading.Event) -> None:
        read_event(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nNo colon\r\n")

    with raw_receiver(talk) as url:
        row = register(url, TYPE)
        emit_some(1)
        assert step(row) == Delivered(sent=1)


def test_one_that_closes_each_connection_and_does_not_say_so_gets_all() -> None:
    """A server's limit of kept connections, or a balancer that restarts, is no failure of an event."""

    def talk(connection: socket.socket, ended: threading.Event) -> None:
        read_event(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with raw_receiver(talk) as url:
        row = register(url, TYPE)
        emit_some(5)
        assert step(row) == Delivered(sent=5)
    row.refresh_from_db()
    assert (row.failures, row.paused_until) == (0, None)


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nX-Word: "], ids=["a status", "a heading"])
def test_one_that_answers_byte_by_byte_has_a_deadline(monkeypatch: pytest.MonkeyPatch, head: bytes) -> None:
    monkeypatch.setattr(delivery, "TIMEOUT", 0.3)

    def talk(connection: socket.socket, ended: threading.Event) -> None:
        connection.recv(65536)
        connection.sendall(head)
        while not ended.wait(0.05):
            connection.sendall(b"x")

    with raw_receiver(talk) as url:
        row = register(url, TYPE)
        emit_some(1)
        assert "TimeoutError" in step(row).problem
