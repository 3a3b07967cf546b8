"""The site, or a peer under granian, on a free port, and a load of keep-alive connections from one process."""

from __future__ import annotations

import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@contextmanager
def granian(target: str, environment: dict[str, str], workers: int = 2) -> Iterator[int]:
    """Serve `module:application` with two WSGI workers; yields the port."""
    port = free_port()
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--workers", str(workers), "--port", str(port)]
    process = subprocess.Popen(
        [
            *command,
            "--blocking-threads",
            "4",
            "--workers-kill-timeout",
            "2",
            "--no-ws",
            "--log-level",
            "warning",
            target,
        ],
        env={**os.environ, **environment},
        cwd=ROOT,
        start_new_session=True,
    )
    try:
        _wait_for(port)
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def served_site(environment: dict[str, str], workers: int = 2, module: str = "config.web_worker") -> Iterator[int]:
    """Serve the site as `make run` does, by web workers of its own; yields the port."""
    port = free_port()
    command = [sys.executable, "-m", module, "127.0.0.1", str(port)]
    processes = [
        subprocess.Popen(command, env={**os.environ, **environment}, cwd=ROOT, start_new_session=True)
        for _ in range(workers)
    ]
    try:
        _wait_for(port)
        yield port
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(10)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def load(
    port: int, request: Callable[[int], bytes], *, seconds: float, connections: int = 16
) -> tuple[float, dict[bytes, int]]:
    """Answers a second of a closed loop over `connections` connections, and how many answers had which status.

    request: the bytes of the request with this number; each connection sends its next when the answer is whole.
    """
    selector = selectors.DefaultSelector()
    number = answers = 0
    statuses: dict[bytes, int] = {}
    pending: dict[socket.socket, bytes] = {}
    for _ in range(connections):
        line = socket.create_connection(("127.0.0.1", port), timeout=5)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line.sendall(request(number))
        number += 1
        pending[line] = b""
        selector.register(line, selectors.EVENT_READ)
    start = time.perf_counter()
    end = start + seconds
    try:
        while time.perf_counter() < end:
            for key, _ in selector.select(1):
                line = key.fileobj  # type: ignore[assignment]
                received = pending[line] + line.recv(65536)
                if not _is_whole(received):
                    pending[line] = received
                    continue
                pending[line] = b""
                answers += 1
                status = received[9:12]
                statuses[status] = statuses.get(status, 0) + 1
                line.sendall(request(number))
                number += 1
    finally:
        selector.close()
        for line in pending:
            line.close()
    return answers / (time.perf_counter() - start), statuses


def _is_whole(received: bytes) -> bool:
    head, found, body = received.partition(b"\r\n\r\n")
    if not found:
        return False
    position = head.lower().find(b"content-length:")
    if position < 0:
        return True
    length = int(head[position + 15 :].split(b"\r\n", 1)[0])
    return len(body) >= length


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("nobody listens after 30 s")
