"""The heartbeat of a long-running process for its parent: a byte a second into a pipe."""

from __future__ import annotations

import os
import time
from contextlib import suppress

#: The environment variable that names the pipe's descriptor; without it nobody listens, and nothing is written.
HEARTBEAT_FD = "HEARTBEAT_FD"
#: Seconds between two beats.
BEAT_SECONDS = 1.0


class Heartbeat:
    """Writes a byte when the last one is a second old. What beats must be what would stop when the process is stuck."""

    def __init__(self) -> None:
        descriptor = os.environ.get(HEARTBEAT_FD)
        self._descriptor = int(descriptor) if descriptor else None
        self._last = 0.0

    def beat(self) -> None:
        """Call it as often as you like."""
        now = time.monotonic()
        if self._descriptor is None or now - self._last < BEAT_SECONDS:
            return
        self._last = now
        # A pipe that is full, since nobody reads it, or closed, since the listener has gone, is no reason to fail.
        with suppress(OSError):
            os.write(self._descriptor, b".")
