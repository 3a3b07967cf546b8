"""Starts the site's processes: forked from the supervisor, with what it has imported; executed where that is unsafe.

A forked process serves at once and shares the memory of what was imported. Nothing else is shared: before a fork the
supervisor closes its connections, and it forks only while it has a single thread.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn, Protocol

from django.db import connections

from config.titles import set_title
from kv.store.connection import close_connections
from kv.work.heartbeat import HEARTBEAT_FD

_PR_SET_PDEATHSIG = 1
_POLL_SECONDS = 0.01
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)


class Child(Protocol):
    """What the supervisor needs of a child process; `subprocess.Popen` has it."""

    pid: int

    def poll(self) -> int | None:
        """Its exit status, negative for a signal; None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """The same, when it has ended. Raises subprocess.TimeoutExpired."""

    def terminate(self) -> None:
        """Send SIGTERM."""

    def kill(self) -> None:
        """Send SIGKILL."""


def start_child(command: Sequence[str], main: Callable[[], object] | None, *, beats: int) -> Child:
    """Start a process in a session of its own. On Linux the kernel kills it when this process is killed.

    main:  what `command` runs; None when it can't be run in a fork of this process.
    beats: the descriptor that it writes its heartbeats to.
    """
    if main is not None and can_fork():
        connections.close_all()
        close_connections()
        return _fork(main, " ".join([Path(command[0]).name, *command[1:]]), beats)
    return subprocess.Popen(
        command,
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        pass_fds=(beats,),
        env={**os.environ, HEARTBEAT_FD: str(beats)},
        preexec_fn=_end_with_parent,  # noqa: PLW1509 (nothing here takes a lock)
    )


def can_fork() -> bool:
    """Whether a fork of this process can go on: not beside other threads, which may hold locks, and not on macOS."""
    return sys.platform == "linux" and len(list(Path("/proc/self/task").iterdir())) == 1


class _Forked:
    """A child process, as `subprocess.Popen` shows one."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._status: int | None = None

    def poll(self) -> int | None:
        if self._status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._status = os.waitstatus_to_exitcode(status)
        return self._status

    def wait(self, timeout: float | None = None) -> int:
        deadline = None if timeout is None else time.monotonic() + timeout
        while (status := self.poll()) is None:
            if deadline is not None and time.monotonic() >= deadline:
                raise subprocess.TimeoutExpired("child", timeout or 0)
            time.sleep(_POLL_SECONDS)
        return status

    def terminate(self) -> None:
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        self._send(signal.SIGKILL)

    def _send(self, number: signal.Signals) -> None:
        if self.poll() is None:  # once it is waited for, its number may be another process's
            os.kill(self.pid, number)


def _fork(main: Callable[[], object], title: str, beats: int) -> Child:
    _flush()  # what is left in a buffer would be written by both
    # The collector writes to every object that it looks at, and a page that is written to is not shared any more.
    gc.freeze()
    supervisor = os.getpid()
    # Until the child has handlers of its own, a signal would call the supervisor's in it.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        pid = os.fork()
        if not pid:
            _run(main, title, beats, supervisor, mask)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    return _Forked(pid)


def _run(main: Callable[[], object], title: str, beats: int, supervisor: int, mask: set[Any]) -> NoReturn:
    """The child: never returns into the supervisor's code, which would end the supervisor's other children."""
    status = 1
    try:
        os.setsid()
        _end_with_parent()
        if os.getppid() != supervisor:  # it was killed a moment ago
            os._exit(status)
        _forget_signals(mask)
        null = os.open(os.devnull, os.O_RDONLY)
        if null:  # else the supervisor was started without
            os.dup2(null, 0)
            os.close(null)
        os.environ[HEARTBEAT_FD] = str(beats)
        set_title(title)
        main()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
    except BaseException:  # noqa: BLE001 (as the interpreter does at the top of a program)
        traceback.print_exc()
    finally:
        _exit(status)


def _exit(status: int) -> NoReturn:
    """End as a program does, but for what the supervisor's frames would still do."""
    try:
        atexit._run_exitfuncs()  # noqa: SLF001 (os._exit runs none, and there is no public name)
        _flush()
    finally:
        os._exit(status)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # nobody reads it any more, or it never was there
            stream.flush()


def _forget_signals(mask: set[Any]) -> None:
    signal.set_wakeup_fd(-1)
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _end_with_parent() -> None:
    # Not SIGTERM: a stopped process would not handle it, and keep the port.
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
