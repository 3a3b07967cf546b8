"""The site, or a peer under granian, on a free port, and a load of keep-alive connections from one process."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
_SENDER = Path(__file__).with_name("sender.lua")


class Sent(NamedTuple):
    """What a load brought: answers a second, answers, and how many had a status from 400 on, or did not come."""

    rate: float
    answers: int
    bad: int


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
    port: int,
    request: Callable[[int], bytes],
    *,
    seconds: int,
    connections: int = 16,
    distinct: int = 40_000,
) -> Sent:
    """Send requests in a closed loop over `connections` connections, each its next when the answer is whole.

    request: the bytes of the request with this number. distinct: how many are made, before the clock starts. After
    those the first come again, so it is to be more than are sent, unless all are alike. Raises RuntimeError without
    wrk.

    wrk (Debian's package) sends them: a client in Python takes more of the two cores than the server, and hides half of
    every difference.
    """
    if not shutil.which("wrk"):
        raise RuntimeError("this benchmark needs wrk: apt-get install wrk")
    with tempfile.TemporaryDirectory(prefix="ch-") as directory:
        requests = Path(directory) / "requests"
        requests.write_bytes(b"".join(b"%08d%s" % (len(sent), sent) for sent in map(request, range(distinct))))
        site = f"http://127.0.0.1:{port}"
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(_SENDER), site, str(requests)]
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    answers, bad, microseconds = map(int, output.rpartition("answers bad microseconds:")[2].split())
    return Sent(answers / (microseconds / 1e6), answers, bad)


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
