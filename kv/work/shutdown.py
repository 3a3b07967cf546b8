"""Signals that shut a long-running command down, without a lock that the handler could find held."""

from __future__ import annotations

import os
import select
import signal
import socket
import time
from types import FrameType, TracebackType
from typing import Any, ClassVar, Self


class Shutdown:
    """Context in which SIGINT, SIGTERM and SIGHUP set `asked` and cut `wait` short; a second one changes nothing.

    Once asked, `under_way` stays set for the rest of the command, which then cleans up undisturbed. A signal that came
    before the context was entered (`signalled`) counts as well.

    Only in a process's main thread. SIGHUP is a terminal that was closed. `wait` also returns early when a child
    process ends (SIGCHLD).
    """

    _SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)

    #: Whether the command that runs in this process got a signal. Set by the command's own handler too: what that one
    #: raises is lost when it interrupts a callback of the interpreter.
    signalled: ClassVar[bool] = False
    #: Whether the command ends in order because of it.
    under_way: ClassVar[bool] = False
    _entered: ClassVar[set[Shutdown]] = set()

    def __init__(self) -> None:
        self.asked = Shutdown.under_way = Shutdown.signalled
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        # The interpreter itself writes a byte here for each signal: what `wait` sleeps on.
        self._sender, self._receiver = socket.socketpair()
        self._sender.settimeout(0)
        self._receiver.settimeout(0)
        self._wakeup_before = signal.set_wakeup_fd(self._sender.fileno(), warn_on_full_buffer=False)
        for number in self._SIGNALS:
            self._before[number] = signal.signal(number, self._on_signal)
        Shutdown._entered.add(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup_before)
        Shutdown._entered.discard(self)
        self._close()

    def _close(self) -> None:
        self._sender.close()
        self._receiver.close()

    def wait(self, seconds: float) -> bool:
        """Sleep up to `seconds`, less when a signal comes; whether the end was asked for."""
        deadline = time.monotonic() + seconds
        if not self.asked and select.select([self._receiver], [], [], max(deadline - time.monotonic(), 0))[0]:
            self._receiver.recv(4096)
        return self.asked

    def wake(self) -> None:
        """End the current `wait`; any thread may."""
        try:
            self._sender.send(b"\0")
        except BlockingIOError:
            return  # it has been ringing all along

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if number != signal.SIGCHLD:
            self.asked = Shutdown.under_way = Shutdown.signalled = True


def _forget_in_child() -> None:
    """A forked child has got no signal yet, and what wakes its parent is the parent's."""
    for entered in Shutdown._entered:  # noqa: SLF001 (same module)
        entered._close()  # noqa: SLF001 (same module)
    Shutdown._entered.clear()  # noqa: SLF001 (same module)
    Shutdown.signalled = Shutdown.under_way = False


os.register_at_fork(after_in_child=_forget_in_child)
