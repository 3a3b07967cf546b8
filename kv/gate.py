"""While a server does not answer in time, one call at a time finds out whether it does again; others hear no at once.

Each call that waits for a silent server holds a thread for the whole timeout, and a web worker has four. Without this
the next requests, those for pages too, would stand in a queue and hear "no" seconds later.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import redis

from kv.errors import StoreUnavailable


class Gate:
    """One server's gate. `shut` is read before each call; when it is, the call goes through `trial`."""

    def __init__(self) -> None:
        self.shut = False
        self._trying = threading.Lock()
        self._pid = os.getpid()

    def note(self, error: BaseException) -> None:
        """Shut the gate if the failure took its time; what failed at once (nobody listens) holds no thread."""
        if isinstance(error, (redis.TimeoutError, StoreUnavailable)):
            self.shut = True

    @contextmanager
    def trial(self) -> Iterator[None]:
        """One call through the shut gate; when it gets an answer, the gate is open again.

        Raises StoreUnavailable while another call is trying.
        """
        if self._pid != os.getpid():  # forked in the middle of the parent's trial, perhaps
            self._trying, self._pid = threading.Lock(), os.getpid()
        trying = self._trying
        if not trying.acquire(blocking=False):
            raise StoreUnavailable("it does not answer")
        try:
            yield
            self.shut = False
        except redis.ResponseError:
            self.shut = False  # it said no, so it speaks
            raise
        finally:
            trying.release()
