"""One deadline for a whole request over a socket: a socket's own timeout starts again with every read."""

from __future__ import annotations

import io
import socket
import time
from typing import Any


class Deadline:
    """A moment by which something must be done."""

    def __init__(self) -> None:
        self._at = float("inf")

    def set(self, seconds: float) -> None:
        """Set it to `seconds` from now."""
        self._at = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds that remain. Raises TimeoutError when none do."""
        left = self._at - time.monotonic()
        if left <= 0:
            raise TimeoutError("the deadline has passed")
        return left


class TimedSocket:
    """The part of a socket that http.client uses. Each call may take no longer than the time left."""

    def __init__(self, plain: socket.socket, deadline: Deadline) -> None:
        self._plain = plain
        self._deadline = deadline

    def sendall(self, data: bytes) -> None:
        """Send all of it."""
        self._plain.settimeout(self._deadline.left())
        self._plain.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        """A file to read the answer from; `mode` is "rb". It keeps the socket open until it is closed itself."""
        return io.BufferedReader(_TimedReader(self._plain, self._deadline))

    def close(self) -> None:
        """Close it, once no file reads from it any more."""
        self._plain.close()


class _TimedReader(io.RawIOBase):
    def __init__(self, plain: socket.socket, deadline: Deadline) -> None:
        super().__init__()
        self._plain = plain
        self._deadline = deadline
        self._raw = plain.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._plain.settimeout(self._deadline.left())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()
