"""A load of keep-alive connections from one process: closed (the next after an answer) or open (by the clock)."""

from __future__ import annotations

import selectors
import socket
import time
from array import array
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

Request = Callable[[int], tuple[str, bytes]]


@dataclass
class Outcome:
    """seconds: of each answer, since it was due. asked: by kind. statuses: by kind and status. broken: connections."""

    began: float
    asked: dict[str, int] = field(default_factory=dict)
    seconds: array[float] = field(default_factory=lambda: array("d"))
    statuses: dict[tuple[str, str], int] = field(default_factory=dict)
    ended: float = 0.0
    broken: int = 0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.seconds) / (self.ended - self.began)

    @property
    def refused(self) -> int:
        """Answers that were 503: the server said that it could not, and the caller may ask again."""
        return sum(count for (_, status), count in self.statuses.items() if status == "503")

    @property
    def errors(self) -> int:
        """Answers that were neither 2xx nor 503, and connections that broke."""
        wrong = sum(count for (_, status), count in self.statuses.items() if not status.startswith("2"))
        return self.broken + wrong - self.refused

    def acknowledged(self, kind: str) -> int:
        """Requests of a kind that were answered with 2xx."""
        return sum(count for (of, status), count in self.statuses.items() if of == kind and status.startswith("2"))

    def quantile(self, share: float) -> float:
        """Milliseconds within which that share was answered."""
        ordered = sorted(self.seconds)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)] * 1000


class Connection:
    """One connection, and what is on its way over it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.kind = ""
        self.due = 0.0
        self.received = b""
        self.socket = self._connect()

    def send(self, kind: str, data: bytes, due: float) -> None:
        """One request; its time runs from `due`."""
        self.kind, self.due, self.received = kind, due, b""
        self.socket.sendall(data)

    def renew(self) -> None:
        """After the server has closed it."""
        self.socket.close()
        self.socket = self._connect()

    def _connect(self) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection


def run_load(port: int, request: Request, *, seconds: float, connections: int, rate: float | None) -> Outcome:
    """Requests by their numbers for so long.

    rate: how many fall due each second, whatever is still unanswered; None: the next as soon as one is answered.
    An answer's time runs from when it was due, so that a server that falls behind shows it.
    """
    selector = selectors.DefaultSelector()
    opened = [Connection(port) for _ in range(connections)]
    for connection in opened:
        selector.register(connection.socket, selectors.EVENT_READ, connection)
    idle = deque(opened)
    outcome = Outcome(time.perf_counter())
    end, number = outcome.began + seconds, 0
    while (now := time.perf_counter()) < end:
        while idle:
            due = now if rate is None else outcome.began + number / rate
            if due > now:
                break
            kind, data = request(number)
            number += 1
            outcome.asked[kind] = outcome.asked.get(kind, 0) + 1
            idle.popleft().send(kind, data, due)
        wait = 0.5 if rate is None or not idle else max(outcome.began + number / rate - time.perf_counter(), 0)
        for key, _ in selector.select(min(wait, 0.5)):
            connection = key.data
            _read(connection, outcome, idle, selector)
    outcome.ended = time.perf_counter()
    for connection in opened:
        connection.socket.close()
    selector.close()
    return outcome


def _read(connection: Connection, outcome: Outcome, idle: deque[Connection], selector: selectors.BaseSelector) -> None:
    try:
        data = connection.socket.recv(65536)
    except OSError:
        data = b""
    if not data:
        outcome.broken += 1
        selector.unregister(connection.socket)
        connection.renew()
        selector.register(connection.socket, selectors.EVENT_READ, connection)
        idle.append(connection)
        return
    connection.received += data
    if not _is_whole(connection.received):
        return
    outcome.seconds.append(time.perf_counter() - connection.due)
    key = connection.kind, connection.received[9:12].decode()
    outcome.statuses[key] = outcome.statuses.get(key, 0) + 1
    idle.append(connection)


def _is_whole(received: bytes) -> bool:
    head, found, body = received.partition(b"\r\n\r\n")
    if not found:
        return False
    position = head.lower().find(b"content-length:")
    return position < 0 or len(body) >= int(head[position + 15 :].split(b"\r\n", 1)[0])
