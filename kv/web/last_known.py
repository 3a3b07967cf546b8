"""A value that a process keeps from a source that is slow or may be away."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core.signals import setting_changed

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Known(Generic[T]):
    """A value, the configuration it belongs to, and when it was read, by the monotonic clock."""

    value: T
    of: Any
    read_at: float


class LastKnown(Generic[T]):
    """One value for all threads of a process: read again when it is no longer fresh, by one thread at a time.

    A thread that finds another one reading takes the value there is, unless that is too old. Then it waits.

    away:     what a read raises when the source can't be reached; the last value is given then.
    fresh:    seconds for which a value is given without a read.
    oldest:   seconds for which it is given when it can't be read again.
    pause:    seconds after a failed read before the next one.
    patience: seconds from the start of a read for which other threads wait for it, then `unread` is raised;
              None: as long as the read takes.
    """

    def __init__(
        self, *, away: tuple[type[Exception], ...], fresh: float, oldest: float, pause: float,
        patience: float | None = None, unread: Exception | None = None,
    ) -> None:  # fmt: skip
        self._away, self._fresh, self._oldest, self._pause, self._patience = away, fresh, oldest, pause, patience
        self._unread = unread or away[0]()
        self._reading = threading.Lock()
        self._known: _Known[T] | None = None
        self.forget()
        setting_changed.connect(lambda **_: self.forget(), weak=False)

    @property
    def value(self) -> T | None:
        """What was read last, however long ago; None when nothing was."""
        return None if self._known is None else self._known.value

    def get(self, read: Callable[[], T], of: Any = None) -> tuple[T, float]:
        """The value, and its age in seconds, under `oldest`. It is read anew when it is not fresh.

        of: the configuration that the value depends on: what was read under another one is not given.
        Raises one of `away`, made anew, when no value is young enough.
        """
        if (known := self._younger_than(self._fresh, of)) is None:
            error = self._read_alone(read, of)
            known = self._younger_than(self._oldest, of)
            if known is None:
                # A new one each time: an exception that is raised again collects every place it went through.
                raise type(error)(*error.args)
        return known.value, time.monotonic() - known.read_at

    def kept(self, of: Any = None) -> tuple[T, float] | None:
        """What `get` would give without a read; None when it would read."""
        known = self._younger_than(self._fresh, of)
        return None if known is None else (known.value, time.monotonic() - known.read_at)

    def remember(self, value: T, of: Any = None, *, age: float = 0.0) -> None:
        """Take over what was read elsewhere, `age` seconds ago."""
        self._known = _Known(value, of, time.monotonic() - age)

    def amend(self, value: T) -> None:
        """Replace the value by a newer one of this process's own making. It is read anew no later than before."""
        known = self._known
        if known is not None:
            self._known = _Known(value, known.of, known.read_at)

    def forget(self) -> None:
        """Read anew at the next use: after a change of settings or a reset, and between tests."""
        self._known = None
        self._error = self._unread
        self._failed_at = self._began_at = float("-inf")

    def _younger_than(self, seconds: float, of: Any) -> _Known[T] | None:
        known = self._known
        is_young = known is not None and known.of == of and time.monotonic() - known.read_at < seconds
        return known if is_young else None

    def _read_alone(self, read: Callable[[], T], of: Any) -> Exception:
        """Read, unless another thread just did or the source failed just now; answers what to raise without a value."""
        if not self._acquire(may_wait=self._younger_than(self._oldest, of) is None):
            return self._unread
        try:
            now = time.monotonic()
            if self._younger_than(self._fresh, of) is None and now - self._failed_at >= self._pause:
                self._began_at = now
                # The age counts from before the read, so that it is never given too low.
                self._known = _Known(read(), of, now)
        except self._away as error:
            self._error, self._failed_at = type(error)(*error.args), time.monotonic()
        finally:
            self._reading.release()
        return self._error

    def _acquire(self, *, may_wait: bool) -> bool:
        if not may_wait:
            return self._reading.acquire(blocking=False)
        if self._patience is None:
            return self._reading.acquire()
        return self._reading.acquire(timeout=max(self._began_at + self._patience - time.monotonic(), 0))
