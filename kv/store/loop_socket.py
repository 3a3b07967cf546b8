"""A socket that any thread writes to and that an event loop reads: nobody waits for it."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable

import redis

_READ_SIZE = 64 * 1024


class LoopSocket:
    """A connected socket, made on the loop.

    `write` and `keep` may be called in any thread, everything else on the loop. Who calls these two or `write_soon`
    holds `lock`. received: is given what comes. lost: is called once the other end has gone, with the reason.
    """

    def __init__(
        self,
        opened: socket.socket,
        lock: threading.Lock,
        received: Callable[[bytes], None],
        lost: Callable[[Exception], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._socket = opened
        self._lock = lock
        self._received = received
        self._lost = lost
        self._kept = bytearray()
        self._is_open = True
        self._is_full = False
        self._is_broken = False
        opened.settimeout(0)
        self._loop.add_reader(opened, self.read)

    def write(self, data: bytes) -> None:
        """Write now, behind what is kept. What the other end does not take now is kept, and written when it does."""
        if self._kept:
            self._kept += data
            return
        sent = self._send(data)
        if sent < len(data):
            self._kept += data[sent:]
            self._loop.call_soon_threadsafe(self.write_kept)

    def write_soon(self, data: bytes) -> None:
        """Write together with what else is written in this turn of the loop."""
        if not self._kept:
            self._loop.call_soon(self.write_kept)
        self._kept += data

    def keep(self, data: bytes) -> None:
        """Write with the next `write_kept`; the caller sees to that."""
        self._kept += data

    def write_kept(self) -> None:
        """Write what is kept."""
        if not self._is_open:
            return
        # Looked at under the lock: another thread may be in `keep` just now, for a reply that was the last one to come.
        with self._lock:
            if not self._kept:
                return
            del self._kept[: self._send(self._kept)]
            is_full = bool(self._kept)
        if is_full and not self._is_full:
            self._loop.add_writer(self._socket, self.write_kept)
        elif self._is_full and not is_full:
            self._loop.remove_writer(self._socket)
        self._is_full = is_full

    def _send(self, data: bytes | bytearray) -> int:
        """How many bytes are done with: all, once the connection is broken. Nothing may follow a part of a command."""
        if self._is_broken:
            return len(data)
        try:
            return self._socket.send(data)
        except BlockingIOError:
            return 0
        except OSError as error:
            self._is_broken = True
            self._loop.call_soon_threadsafe(self._break, f"{type(error).__name__} while writing to socket")
            return len(data)

    def _break(self, reason: str) -> None:
        if self._is_open:
            self._lost(redis.ConnectionError(reason))

    def read(self) -> None:
        """Read what has come, if anything has."""
        try:
            data = self._socket.recv(_READ_SIZE)
        except BlockingIOError:
            return
        except OSError as error:
            self._lost(redis.ConnectionError(f"{type(error).__name__} while reading from socket"))
            return
        if data:
            self._received(data)
        else:
            self._lost(redis.ConnectionError("Connection closed by server."))

    def close(self) -> None:
        """Close it. What is kept is lost."""
        self._is_open = False
        self._loop.remove_reader(self._socket)
        self._loop.remove_writer(self._socket)
        self._socket.close()
