"""Sites that start at the same time on one PostgreSQL migrate it one after another."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.db import Error, connection

# Any number that nothing else on the server uses.
_LOCK = 0x636F756E74
# Longer than any migration of the project takes.
_WAIT = "300s"


@contextmanager
def migrating_alone() -> Iterator[None]:
    """Hold the database's lock for migrations within the block. SQLite has one writer at a time anyway.

    Raises OperationalError when it is not to be had within five minutes.
    """
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [_WAIT])
        cursor.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        cursor.execute("RESET lock_timeout")
    try:
        yield
    finally:
        # A connection that is lost has lost the lock too.
        with suppress(Error), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])
