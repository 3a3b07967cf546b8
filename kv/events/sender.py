"""Delivers to all receivers at once, each in a thread: a slow or dead one delays no other."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from datetime import datetime
from logging import getLogger

from django.db import connections

from kv.events.delivery import Delivered, deliver_to, due_receivers
from kv.times import utc_now

log = getLogger(__name__)

#: Receivers of one worker at a time.
THREADS = 20
#: The length of a step: how soon a receiver is looked for that has become due while others are slow, seconds.
_STEP_SECONDS = 1.0


class Sender:
    """One for each worker process. Its threads go on between two steps; each receiver is claimed in the database.

    sent, parked: events since it was made.
    """

    def __init__(self) -> None:
        self._threads: ThreadPoolExecutor | None = None
        self._running: dict[int, Future[Delivered | None]] = {}
        self.sent = 0
        self.parked = 0
        self.problems: dict[int, str] = {}

    def step(self, *, now: datetime | None = None) -> bool:
        """Begin with each receiver that is due, and wait for the first that is done, for a second at most.

        now: for tests. True while any thread is at work. Raises Django's DatabaseError.
        """
        for key in due_receivers(now or utc_now()):
            if key not in self._running and len(self._running) < THREADS:
                self._running[key] = self._pool().submit(copy_context().run, _deliver, key, now)
        if not self._running:
            return False
        wait(self._running.values(), timeout=_STEP_SECONDS, return_when=FIRST_COMPLETED)
        for key in [key for key, one in self._running.items() if one.done()]:
            self._note(key, self._running.pop(key).result())
        return True

    def _note(self, key: int, done: Delivered | None) -> None:
        if done is not None:
            self.sent += done.sent
            self.parked += done.parked
            if done.problem:
                self.problems[key] = done.problem
            else:
                self.problems.pop(key, None)

    def _pool(self) -> ThreadPoolExecutor:
        # Made when it is first needed: a worker may be forked, and most projects have no receiver.
        if self._threads is None:
            self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="events")
        return self._threads


def _deliver(key: int, now: datetime | None) -> Delivered | None:
    try:
        return deliver_to(key, now=now)
    except Exception:  # one receiver's failure is no reason to leave out the others; its claim ends by itself
        log.exception("events: delivery to receiver %d failed", key)
        return None
    finally:
        connections.close_all()
