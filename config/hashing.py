"""Limits password hashing: in each process one hash runs and one waits, the next is refused at once.

A hash costs 0.4 s of a processor on purpose. Without a limit a few log-ins a second occupy every request thread.
Everything that hashes a password uses PASSWORD_HASHERS, so the limit is there: log-in, sign-up, the admin's log-in and
user forms, a changed password, a deleted account, and what other apps add.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from functools import lru_cache, partial
from logging import getLogger
from time import monotonic
from typing import Any, TypeVar

from django.contrib.auth import hashers

log = getLogger(__name__)
T = TypeVar("T")

#: Requests of one process that may hash at once. Fewer than `config.rsgi.THREADS`: the other request threads stay free
#: for pages and API calls.
AT_ONCE = 2
# One of them runs, the others wait: two processes on two cores then leave time for everything else. Under a flood of
# log-ins, a visit took 3.7 times its idle time with two running and 1.8 times with one; as many log-ins were answered.
_RUNNING = 1
# Added to the nice value of hashing threads: other requests come first. On Linux each thread has its own, at most 19.
_NICE = 10

_places = threading.BoundedSemaphore(AT_ONCE)
_inside = threading.local()


class HashingBusy(Exception):
    """This process hashes as many passwords as it may. Nothing was done."""


def _lower_priority() -> None:
    _inside.here = True
    if sys.platform == "linux":
        with suppress(OSError):
            thread = threading.get_native_id()
            # Relative to the nice value of the process, which may be above 0.
            os.setpriority(os.PRIO_PROCESS, thread, min(os.getpriority(os.PRIO_PROCESS, thread) + _NICE, 19))


# Its thread starts with the first hash, so after any fork.
_pool = ThreadPoolExecutor(_RUNNING, thread_name_prefix="hashing", initializer=_lower_priority)


def hash_bounded(work: Callable[[], T]) -> T:
    """Run `work` in the hashing thread; return its result. Raises HashingBusy when AT_ONCE others run or wait."""
    if getattr(_inside, "here", False):  # `verify` calls `encode`, in the same thread
        return work()
    if not _places.acquire(blocking=False):
        _warn_busy(int(monotonic()) // 60)
        raise HashingBusy
    try:
        return _pool.submit(copy_context().run, work).result()
    finally:
        _places.release()


@lru_cache(maxsize=1)
def _warn_busy(minute: int) -> None:
    """Log a warning once a minute: a flood of log-ins must not fill the disk."""
    del minute
    log.warning("more passwords to hash at once than allowed; the others get 503")


class _Bounded(hashers.BasePasswordHasher):
    """The methods of a hasher that compute a hash, limited."""

    def encode(self, *args: Any, **options: Any) -> str:
        """As in the base class. Raises HashingBusy."""
        return hash_bounded(partial(super().encode, *args, **options))

    def verify(self, *args: Any, **options: Any) -> bool:
        """As in the base class. Raises HashingBusy."""
        return hash_bounded(partial(super().verify, *args, **options))

    def harden_runtime(self, *args: Any, **options: Any) -> None:
        """As in the base class. Raises HashingBusy."""
        return hash_bounded(partial(super().harden_runtime, *args, **options))


class BoundedPBKDF2(_Bounded, hashers.PBKDF2PasswordHasher):
    """Django's default, for new passwords."""


class BoundedPBKDF2SHA1(_Bounded, hashers.PBKDF2SHA1PasswordHasher):
    """For passwords imported from other sites; hashed again by the default at the next log-in."""


class BoundedScrypt(_Bounded, hashers.ScryptPasswordHasher):
    """For imported passwords, as BoundedPBKDF2SHA1."""
