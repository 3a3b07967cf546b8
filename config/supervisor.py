"""The processes of `make run`: granian and the background worker, started, watched and ended together."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from logging import getLogger

from config.bodies import THREADS
from kv.management.ending import Ending

log = getLogger(__name__)

# granian bounds its own workers by --workers-kill-timeout 2; the background worker ends after its current step.
_END_SECONDS = 15.0
_KILL_SECONDS = 5.0
_LONGEST_PAUSE = 30.0
_LOOK_SECONDS = 0.5
_POLL_SECONDS = 0.05
_PR_SET_PDEATHSIG = 1


class SiteEnded(Exception):
    """The web server ended although nobody had asked it to. `status`: its exit status."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the web server ended unexpectedly (exit status {status})")
        self.status = status


class PortTaken(Exception):
    """Somebody listens there already."""


@dataclass
class Program:
    """A program in a session of its own: a Ctrl-C on the terminal reaches it through us alone."""

    name: str
    command: Sequence[str]
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        """Start it; should this process be killed, the kernel ends the program's main process (on Linux)."""
        self._process = subprocess.Popen(
            self.command,
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            preexec_fn=_end_with_parent,  # noqa: PLW1509 (this process has no threads)
        )

    def status(self) -> int | None:
        """Its exit status; None while it runs."""
        return None if self._process is None else self._process.poll()

    def ask_to_end(self) -> None:
        """SIGTERM to its main process alone: to the whole group, granian sometimes hangs."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def wait(self, deadline: float) -> None:
        """Wait until it has ended; at the deadline kill what is left of its session."""
        if self._process is None:
            return
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(max(deadline - time.monotonic(), 0))
        self._kill_group(self._process.pid)
        self._process.wait(_KILL_SECONDS)

    def _kill_group(self, group: int) -> None:
        """Whoever is left of the session when its main process has ended, or has not ended in time."""
        with suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)


def granian(*, host: str, port: int, workers: int) -> Program:
    """The web server. It starts a worker again that has died."""
    options = [
        "--interface", "wsgi", "--host", host, "--port", str(port), "--workers", str(workers), "--no-ws",
        # A write waits for the disk with its thread: several let one fsync serve several requests.
        "--blocking-threads", str(THREADS), "--workers-kill-timeout", "2",
        "--respawn-failed-workers", "--respawn-interval", "0.2", "--no-access-log", "--log-level", "warning",
    ]  # fmt: skip
    return Program("web server", [sys.executable, "-m", "granian", *options, "config.wsgi:application"])


def worker() -> Program:
    """The background worker."""
    return Program("background worker", [sys.executable, "-m", "django", "work"])


def check_port(host: str, port: int) -> None:
    """See whether we could listen there. Raises PortTaken, or OSError with its reason."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
            probe.listen()
        except OSError as error:
            raise PortTaken(error.strerror) from error


def supervise(web: Program, beside: Program, *, address: tuple[str, int], ready: Callable[[], None]) -> None:
    """Run both until SIGINT or SIGTERM, then end both; a second signal changes nothing.

    ready: called once, when the address answers. The program beside is started again when it dies, after a pause that
    doubles each time. Raises SiteEnded when the web server dies; both have ended when this returns or raises.
    """
    with Ending() as ending:
        try:
            web.start()
            beside.start()
            if _await_listener(web, address, ending):
                ready()
            _watch(web, beside, ending)
        finally:
            deadline = time.monotonic() + _END_SECONDS
            web.ask_to_end()
            beside.ask_to_end()
            web.wait(deadline)
            beside.wait(deadline)


def _await_listener(web: Program, address: tuple[str, int], ending: Ending) -> bool:
    host, port = address
    # "Every interface" is no address to call.
    target = ({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port)  # noqa: S104
    while web.status() is None and not ending.asked:
        try:
            with socket.create_connection(target, timeout=1):
                return True
        except OSError:
            ending.wait(_POLL_SECONDS)
    return False


def _watch(web: Program, beside: Program, ending: Ending) -> None:
    pause, again = 1.0, 0.0
    started = time.monotonic()
    while not ending.wait(_LOOK_SECONDS):
        if (status := web.status()) is not None:
            raise SiteEnded(status)
        if beside.status() is None:
            again = 0.0
            continue
        now = time.monotonic()
        if not again:
            # One that ran for a good while before it died starts from a short pause again.
            pause = 1.0 if now - started > _LONGEST_PAUSE else min(pause * 2, _LONGEST_PAUSE)
            again = now + pause
            log.error("the %s ended (exit status %s); starting it again in %g s", beside.name, beside.status(), pause)
        elif now >= again:
            beside.start()
            started, again = now, 0.0


def _end_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
