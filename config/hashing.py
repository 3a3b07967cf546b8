"""Password hashing with a bound of its own: in each process one runs and one waits, the next is refused at once.

A hash is made to cost: some 0.4 s of a processor. Without a bound a few log-ins a second hold every request thread.
Everything that hashes a password comes through PASSWORD_HASHERS, so the bound stands there: log-in, sign-up, the
admin's log-in and forms for users, a changed password, a deleted account, and whatever else an app brings.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import lru_cache, partial
from logging import getLogger
from time import monotonic
from typing import Any, TypeVar

from django.contrib.auth import hashers

log = getLogger(__name__)
T = TypeVar("T")

#: Requests of one process that may hash at once. Fewer than `config.rsgi.THREADS`: the other request threads serve
#: pages and calls.
AT_ONCE = 2
# Of these one runs and the others wait for it: two processes on two cores then leave time to everything else. With two
# running, a visit took 3.7 times its idle time under a flood; with one, 1.8 times, and as many log-ins were answered.
_RUNNING = 1
# Hashing can wait; a request that only reads can't. Linux gives each thread a nice value of its own, 19 at most.
_NICE = 10

_places = threading.BoundedSemaphore(AT_ONCE)
_inside = threading.local()


class HashingBusy(Exception):
    """As many passwords as this process may hash at once are being hashed. Nothing was done."""


def _step_back() -> None:
    _inside.here = True
    if sys.platform == "linux":
        with suppress(OSError):
            thread = threading.get_native_id()
            # Added to what the process has: a site that is nice itself would hash before it serves.
            os.setpriority(os.PRIO_PROCESS, thread, min(os.getpriority(os.PRIO_PROCESS, thread) + _NICE, 19))


# Its threads start with the first hash, so after a fork.
_pool = ThreadPoolExecutor(_RUNNING, thread_name_prefix="hashing", initializer=_step_back)


def hash_bounded(work: Callable[[], T]) -> T:
    """What `work` returns, run in the hashing thread. Raises HashingBusy at once when AT_ONCE others are there."""
    if getattr(_inside, "here", False):  # `verify` calls `encode`: one place for both
        return work()
    if not _places.acquire(blocking=False):
        _say_busy(int(monotonic()) // 60)
        raise HashingBusy
    try:
        return _pool.submit(work).result()
    finally:
        _places.release()


@lru_cache(maxsize=1)
def _say_busy(minute: int) -> None:
    """A warning, once in each minute: whoever floods the log-in is not to fill the disk too."""
    del minute
    log.warning("more passwords are asked for at once than are hashed; the rest is answered 503")


class _Bounded(hashers.BasePasswordHasher):
    """Whatever of a hasher computes a hash, bounded."""

    def encode(self, *args: Any, **options: Any) -> str:
        """As the hasher's own. Raises HashingBusy."""
        return hash_bounded(partial(super().encode, *args, **options))

    def verify(self, *args: Any, **options: Any) -> bool:
        """As the hasher's own. Raises HashingBusy."""
        return hash_bounded(partial(super().verify, *args, **options))

    def harden_runtime(self, *args: Any, **options: Any) -> None:
        """As the hasher's own. Raises HashingBusy."""
        return hash_bounded(partial(super().harden_runtime, *args, **options))


class BoundedPBKDF2(_Bounded, hashers.PBKDF2PasswordHasher):
    """What new passwords are kept in: Django's own."""


class BoundedPBKDF2SHA1(_Bounded, hashers.PBKDF2SHA1PasswordHasher):
    """Read from other sites' tables, and kept anew at the next log-in."""


class BoundedScrypt(_Bounded, hashers.ScryptPasswordHasher):
    """Likewise."""
