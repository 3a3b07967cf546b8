"""Ports of loopback for the servers that tests start: one is given to a single test process of this machine."""

from __future__ import annotations

import fcntl
import os
import random
import socket
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Below what Linux and gVisor give outgoing connections by chance (from 32768 and from 16000).
PORTS = range(12_000, 16_000)

_mine: set[int] = set()


def free_port(among: Sequence[int] = PORTS) -> int:
    """A port that nobody listens on, and that no other call gets, in this or another process, until this one ends.

    That nobody listens is not enough: six nodes have their ports chosen before the first of them starts, and a killed
    server wants its own back. Raises AssertionError when there is none left.
    """
    for port in random.sample(among, len(among)):
        if port not in _mine and _reserve(port) and _is_free(port):
            _mine.add(port)
            return port
    raise AssertionError("no port is left")


def _reserve(port: int) -> bool:
    """Lock the port's own byte of a file that all test processes share; the kernel lets go of it with the process."""
    try:
        fcntl.lockf(_reservations(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:
        return False
    return True


@cache
def _reservations() -> int:
    # Opened once and never closed: closing any descriptor of the file would give up every lock.
    path = Path(tempfile.gettempdir()) / f"countinghouse-ports-{os.getuid()}"
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As the servers bind it: what is closing down since a while ago is no hindrance.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
