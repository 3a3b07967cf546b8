"""Starts, watches and ends the processes of `make run`: the web workers and the background worker.

A process that dies is started again, after a pause that grows. A process that sends no heartbeat is killed: while it is
stopped, the kernel would go on giving it connections. The supervisor gives up only when the site never comes up.
"""

from __future__ import annotations

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
from typing import ClassVar

from config.children import Child, start_child
from kv.work.shutdown import Shutdown

log = getLogger(__name__)

# A web worker finishes its requests within 5 s; the background worker ends after its current step.
_END_SECONDS = 15.0
_KILL_SECONDS = 5.0
_LOOK_SECONDS = 0.5
_POLL_SECONDS = 0.05
# A process sends a heartbeat once a second, the first one when everything is imported.
_SILENT_SECONDS = 6.0
_FIRST_BEAT_SECONDS = 30.0
# After running so long a process is started again after the shortest pause.
_STEADY_SECONDS = 30.0
# The supervisor gives up after so many starts in a row without a heartbeat, before the site has ever answered.
_MOST_FALSE_STARTS = 3


class NeverCameUp(Exception):
    """The web workers end before they have ever answered. status: exit status of the last one."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the site does not come up: its web workers end at once (exit status {status})")
        self.status = status


class PortTaken(Exception):
    """Another process listens there."""


@dataclass
class Program:
    """A child process in a session of its own: Ctrl-C on the terminal reaches only the supervisor.

    main: what the command runs, for a fork of this process; None: the command is executed.
    first_pause, longest_pause: seconds before it is started again. Doubled each time; after _STEADY_SECONDS of running
    the first one again.
    """

    name: str
    command: Sequence[str]
    first_pause: float
    longest_pause: float
    main: Callable[[], object] | None = None
    #: How many times in a row it ended before its first heartbeat.
    false_starts: int = field(default=0, init=False)
    _process: Child | None = field(default=None, init=False, repr=False)
    _heartbeats: int = field(default=-1, init=False, repr=False)
    _started: float = field(default=0.0, init=False, repr=False)
    _last_heartbeat: float = field(default=0.0, init=False, repr=False)
    _pause: float = field(default=0.0, init=False, repr=False)
    _restart_at: float = field(default=0.0, init=False, repr=False)
    #: The descriptors that all programs' heartbeats are read from; a forked child closes its copies.
    _open: ClassVar[set[int]] = set()

    def start(self) -> None:
        """Start it. On Linux the kernel kills it when the supervisor is killed."""
        self._close_heartbeats()
        self._heartbeats, beats = os.pipe()
        os.set_blocking(self._heartbeats, False)
        os.set_blocking(beats, False)
        self._open.add(self._heartbeats)
        try:
            self._process = start_child(self.command, self._forked if self.main else None, beats=beats)
        finally:
            os.close(beats)
        self._started, self._last_heartbeat, self._restart_at = time.monotonic(), 0.0, 0.0

    def _forked(self) -> None:
        for descriptor in self._open:
            os.close(descriptor)
        if self.main is not None:
            self.main()

    def status(self) -> int | None:
        """Its exit status; None while it runs."""
        return None if self._process is None else self._process.poll()

    def watch(self, now: float, *, overslept: bool) -> None:
        """Start it again when its pause is over; kill it when its heartbeats stop. now: by time.monotonic().

        overslept: the supervisor itself was stopped for a while, so missing heartbeats mean nothing.
        """
        self._read_heartbeats(now)
        if self.status() is None:
            if overslept and self._last_heartbeat:
                self._last_heartbeat = now
            self._kill_if_silent(now)
        elif not self._restart_at:
            self._schedule_restart(now)
        elif now >= self._restart_at:
            self._restart(now)

    def terminate(self) -> None:
        """Send SIGTERM."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def wait(self, deadline: float) -> None:
        """Wait until it has ended; then, at the latest at the deadline, kill what is left of its session."""
        self._close_heartbeats()
        if self._process is None:
            return
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(max(deadline - time.monotonic(), 0))
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(_KILL_SECONDS)

    def _restart(self, now: float) -> None:
        try:
            self.start()
        except OSError as error:  # no memory is left for a process, no number, or no descriptor
            self._pause = min(self._pause * 2, self.longest_pause)
            self._restart_at = now + self._pause
            log.error("the %s can't be started: %s; trying again in %g s", self.name, error.strerror, self._pause)  # noqa: TRY400 (no traceback: it is the machine's fault)

    def _read_heartbeats(self, now: float) -> None:
        if self._heartbeats < 0:
            return
        try:
            if os.read(self._heartbeats, 4096):
                self._last_heartbeat, self.false_starts = now, 0
        except BlockingIOError:
            return

    def _kill_if_silent(self, now: float) -> None:
        silent = (
            now - self._last_heartbeat > _SILENT_SECONDS
            if self._last_heartbeat
            else now - self._started > _FIRST_BEAT_SECONDS
        )
        if silent and self._process is not None:
            log.error("the %s (process %d) has fallen silent; it is killed", self.name, self._process.pid)
            self._process.kill()

    def _schedule_restart(self, now: float) -> None:
        if not self._last_heartbeat:
            self.false_starts += 1
        steady = now - self._started > _STEADY_SECONDS
        self._pause = self.first_pause if steady or not self._pause else min(self._pause * 2, self.longest_pause)
        self._restart_at = now + self._pause
        log.error("the %s ended (exit status %s); starting it again in %g s", self.name, self.status(), self._pause)

    def _close_heartbeats(self) -> None:
        if self._heartbeats >= 0:
            os.close(self._heartbeats)
            self._open.discard(self._heartbeats)
            self._heartbeats = -1


def web_workers(*, host: str, port: int, count: int, main: Callable[[], object] | None = None) -> list[Program]:
    """The web processes, all on one port."""
    command = [sys.executable, "-m", "config.web_worker", host, str(port)]
    return [Program(f"web worker {number + 1}", command, 0.2, 5.0, main) for number in range(count)]


def background_worker(main: Callable[[], object] | None = None) -> Program:
    """The process that runs the duties."""
    return Program("background worker", [sys.executable, "-m", "django", "work"], 1.0, 30.0, main)


def check_port(host: str, port: int) -> None:
    """Check that a process can listen there. Raises PortTaken, or OSError for another reason."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
            probe.listen()
        except OSError as error:
            raise PortTaken(error.strerror) from error


def supervise(
    webs: Sequence[Program], beside: Program | None, *, address: tuple[str, int], ready: Callable[[], None]
) -> None:
    """Run all programs until SIGINT or SIGTERM, then end them; a second signal changes nothing.

    beside: the background worker; None: it runs elsewhere. ready: called once, when the address answers.
    Raises NeverCameUp. All programs have ended when this returns or raises.
    """
    programs = [*webs, *filter(None, [beside])]
    with Shutdown() as shutdown:
        try:
            for program in programs:
                program.start()
            if _await_listener(webs, address, shutdown):
                ready()
            looked = time.monotonic()
            while not shutdown.wait(_LOOK_SECONDS):
                now = time.monotonic()
                for program in programs:
                    program.watch(now, overslept=now - looked > _SILENT_SECONDS / 2)
                looked = now
        finally:
            deadline = time.monotonic() + _END_SECONDS
            for program in programs:
                program.terminate()
            for program in programs:
                program.wait(deadline)


def _await_listener(webs: Sequence[Program], address: tuple[str, int], shutdown: Shutdown) -> bool:
    host, port = address
    # A wildcard address can't be connected to.
    target = ({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port)  # noqa: S104 (read, not listened on)
    while not shutdown.asked:
        with suppress(OSError), socket.create_connection(target, timeout=1):
            return True
        shutdown.wait(_POLL_SECONDS)
        for web in webs:
            web.watch(time.monotonic(), overslept=False)
            if web.false_starts >= _MOST_FALSE_STARTS:
                raise NeverCameUp(web.status() or 0)
    return False
