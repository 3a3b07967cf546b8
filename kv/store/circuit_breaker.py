"""A circuit breaker for one server: while it does not answer in time, calls are refused without waiting for it.

closed:    calls go through. A call that ran into its timeout opens the breaker.
open:      each call that waits for a silent server holds a thread for the whole timeout, and a web worker has four.
           Without the breaker the next requests, those for pages too, would queue and be refused seconds later.
half-open: one call is the probe. An answer closes the breaker. Others wait for the probe's end instead of being
           refused by a server that may be back: see `_patience`.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import redis

from kv.errors import StoreUnavailable

# A failure younger than this means that the server has just failed. An older one says nothing about now.
_FRESH_SECONDS = 0.5
# A server that is back answers a probe within this, also on a busy machine.
_SHORT_SECONDS = 0.1


class CircuitBreaker:
    """One server's breaker. `is_open` is read before each call; when it is, the call goes through `half_open`.

    timeout: seconds that one call may take, and the longest that a caller waits for another's probe.
    """

    def __init__(self, timeout: float = 0.25) -> None:
        self.is_open = False
        self._timeout = timeout
        self._probing = threading.Lock()
        self._pid = os.getpid()
        self._failed_at = 0.0
        self._probe_since = 0.0
        self._probe_trusted = False

    def note(self, error: BaseException) -> None:
        """Open the breaker for a timeout. A call that failed at once (nobody listens) held no thread."""
        if isinstance(error, (redis.TimeoutError, StoreUnavailable)):
            self._failed_at = time.monotonic()
            self.is_open = True

    @contextmanager
    def half_open(self) -> Iterator[None]:
        """One call while the breaker is open: as the probe, or once another call's probe has had an answer.

        Raises StoreUnavailable when another's probe has failed, or has no answer within the patience of one call.
        """
        if self._pid != os.getpid():  # forked in the middle of the parent's probe, perhaps
            self._probing, self._pid = threading.Lock(), os.getpid()
        probing = self._probing
        if not probing.acquire(blocking=False):
            if self.is_open:
                self._wait(probing)
            yield
            return
        now = time.monotonic()
        # A probe that begins long after the last failure is likely to succeed: it is worth the whole timeout.
        self._probe_trusted = now - self._failed_at > _FRESH_SECONDS
        self._probe_since = now
        try:
            yield
            self.is_open = False
        except redis.ResponseError:
            self.is_open = False  # an error reply is an answer
            raise
        except BaseException:
            self._failed_at = time.monotonic()
            raise
        finally:
            probing.release()

    def _wait(self, probing: threading.Lock) -> None:
        """Return once the breaker is closed. Raises StoreUnavailable."""
        patience = self._patience()
        if patience > 0 and probing.acquire(timeout=patience):
            probing.release()
            if self.is_open:
                raise StoreUnavailable("probe: another call has just found that it does not answer")
        if self.is_open:
            raise StoreUnavailable("probe: another call is waiting for it")

    def _patience(self) -> float:
        """Seconds that are worth waiting for the probe under way.

        During an outage a probe succeeds at once or not at all: a queue of callers must not wait for each probe.
        """
        if self._probe_trusted:
            return self._timeout
        return self._probe_since + _SHORT_SECONDS - time.monotonic()
