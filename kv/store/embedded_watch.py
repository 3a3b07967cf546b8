"""Stops an embedded server that lost its last user without a word: by SIGKILL or `os._exit`.

usage: python embedded_watch.py DIRECTORY SOCKET

A user that ends in order stops the server itself (`EmbeddedServer.leave`). Others are noticed here, once a second, by
the lock that the kernel lets go of however a process ends. One such process runs beside each server, and ends with it.
It is run by its path in a bare interpreter, so it takes a few megabytes, and imports only the standard library.
"""

from __future__ import annotations

import fcntl
import os
import socket
import sys
import time

_EVERY = 1.0
_PATIENCE = 10.0
_POLL = 0.01


def watch(directory: str, path: str, *, apart: bool = False) -> None:
    """Return when the server has ended, at once when another process watches it, or the directory is gone.

    path:  of the server's socket.
    apart: go on in a child, and end this process as soon as the child watches. So whoever started it and waits for it
           knows that the server is watched, and has no zombie later.
    """
    try:
        mine = _try_lock(directory, "watch")
        if apart and os.fork():
            os._exit(0)
        while mine is not None and not look(directory, path, mine):
            time.sleep(_EVERY)
    except OSError:
        return


def look(directory: str, path: str, mine: int) -> bool:
    """Stop the server when it has no user left. Returns whether it has ended, and then closes `mine`.

    mine: descriptor of the lock of who watches. It is free before a new server can start, which brings its own watcher.
    """
    launch = _try_lock(directory, "launch")
    if launch is None:
        return False
    try:
        has_ended = _has_ended(directory) or _stop_unused(directory, path)
        if has_ended:
            os.close(mine)
        return has_ended
    finally:
        os.close(launch)


def _stop_unused(directory: str, path: str) -> bool:
    """Whether the server had no user and has ended. A new user waits for the lock until then."""
    users = _try_lock(directory, "users")
    if users is None:
        return False
    try:
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            _ask_to_end(path)
            if _has_ended(directory):
                return True
            time.sleep(_POLL)
        return False
    finally:
        os.close(users)


def _ask_to_end(path: str) -> None:
    """The server writes all it has to the disk before it ends. One that does not listen yet is asked again."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(_PATIENCE)
        try:
            connection.connect(path)
            connection.sendall(b"SHUTDOWN\r\n")
            connection.recv(256)
        except OSError:
            return


def _has_ended(directory: str) -> bool:
    alive = _try_lock(directory, "alive")
    if alive is None:
        return False
    os.close(alive)
    return True


def _try_lock(directory: str, name: str) -> int | None:
    """The descriptor of the lock; None when another process holds it.

    The files were made by who started the server. None is made here: somebody may be removing the directory just now.
    Raises FileNotFoundError then.
    """
    descriptor = os.open(os.path.join(directory, name), os.O_RDWR | os.O_CLOEXEC)  # noqa: PTH118 (without the import of pathlib)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


if __name__ == "__main__":
    watch(*sys.argv[1:], apart=True)
