"""Which database the accounts of the store belong to.

An account is found by its user's id alone. Where a database is thrown away and the store is kept, the new user 1 would
have the tokens of the old one. So the database has an id of its own, and the store holds a copy of it.
"""

from __future__ import annotations

from itertools import chain

from kv.errors import store_errors
from kv.store.connection import call, call_write, connection
from usertokens import keys
from usertokens.models import DatabaseId


def find_foreign_database(using: str | None = None) -> str:
    """The id of the other database that the store's accounts belong to, "" when there is none. Changes nothing.

    using: an alias of DATABASES, None for the router's. Raises StoreUnavailable, and DatabaseError where usertokens is
    not migrated.
    """
    found = call("GET", keys.database())
    if found is None or found.decode() == database_id(using) or not _has_accounts():
        return ""
    return str(found.decode())


def claim_store(using: str | None = None) -> str:
    """Take the store for this database, unless it holds accounts of another: then return that one's id, else "".

    Raises StoreUnavailable, DatabaseError.
    """
    foreign = find_foreign_database(using)
    if not foreign:
        accept_database(using)
    return foreign


def accept_database(using: str | None = None) -> None:
    """Say that the store's accounts are those of this database's users. Raises StoreUnavailable, DatabaseError."""
    call_write("SET", keys.database(), database_id(using))


def database_id(using: str | None = None) -> str:
    """The database's own id, 32 hexadecimal digits, made at the first call. It moves with a dump of the database."""
    rows = DatabaseId.objects.using(using) if using else DatabaseId.objects
    return str(rows.get_or_create(pk=1)[0].uuid.hex)


def _has_accounts() -> bool:
    """Whether the store has an account, or the tombstone of one, which would be in a new user's way too."""
    with store_errors():
        found = (connection().scan_iter(match=match, count=1000) for match in (keys.accounts(), keys.tombstones()))
        return next(chain.from_iterable(found), None) is not None
