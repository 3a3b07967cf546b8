"""The ids of all users in the store, for jobs that visit every user."""

from __future__ import annotations

from collections.abc import Iterator

from kv.errors import store_errors
from kv.store.connection import connection
from usertokens import keys


def iterate_users() -> Iterator[str]:
    """The id of every user with a ledger, in no order. An id may come twice while the store is written to."""
    with store_errors():
        for key in connection().scan_iter(match=keys.accounts(), count=1000):
            yield keys.user_of(key.decode())


def iterate_active_users() -> Iterator[str]:
    """The id of every user with stats, like `iterate_users`."""
    with store_errors():
        for key in connection().scan_iter(match=keys.all_stats(), count=1000):
            yield keys.user_of(key.decode())
