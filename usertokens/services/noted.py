"""Users whom a script or a process has noted on a list, for the worker: each is taken once, and none is lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from kv.store.connection import call_write
from kv.store.scripts import Script
from usertokens import keys

take_noted_script = Script("usertokens", "take_noted")


@contextmanager
def take_noted(noted: str, limit: int) -> Iterator[list[str]]:
    """Some users of the list whose key is `noted`, at most `limit`, for the block that deals with them.

    When the block raises, or its process is killed, they are on the list again with the next call. Two processes may
    then be at the same user, so what a block does must be safe to do twice. Raises StoreUnavailable.
    """
    taken = keys.taken(noted)
    found = [member.decode() for member in take_noted_script.run([noted, taken], [limit])]
    yield found
    if found:
        call_write("SREM", taken, *found)
