"""Whether any receiver wants the events that come from the store: told to every process without asking the database.

The worker writes it to the store, and so does whoever changes a receiver. A spend looks at what its process read last.
"""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import datetime

from kv.errors import StoreUnavailable
from kv.events import is_surely_wanted
from kv.store.connection import call, call_many, call_write
from kv.times import from_ms, to_ms, utc_now
from usertokens import keys

BALANCE_LOW = "balance.low"
GRANTED, SPENT, EXPIRED = "tokens.granted", "tokens.spent", "tokens.expired"
#: Of the journal.
OF_JOURNAL = (GRANTED, SPENT, EXPIRED)
#: For so long, in seconds, a process keeps what it has read.
_FRESH_SECONDS = 5.0

_types: frozenset[str] = frozenset()
_until = float("-inf")


def wants(*names: str) -> bool:
    """Whether one of these types is wanted, as this process last read it. One command every five seconds."""
    if time.monotonic() >= _until:
        with suppress(StoreUnavailable):  # what is missed now is found by the walk over all accounts
            set_types(_parsed(call("HGET", keys.wanted_events(), "types")))
    return not _types.isdisjoint(names)


def set_types(types: frozenset[str], *, until: float | None = None) -> None:
    """Take this for what the store has. until: by time.monotonic(), for tests."""
    global _types, _until
    _types, _until = types, time.monotonic() + _FRESH_SECONDS if until is None else until


def sync_wanted(*, now: datetime | None = None) -> frozenset[str]:
    """Write to the store what receivers want, if it has changed; answers it. Raises StoreUnavailable."""
    before = _parsed(call("HGET", keys.wanted_events(), "types"))
    wanted = frozenset(name for name in (BALANCE_LOW, *OF_JOURNAL) if is_surely_wanted(name, before=name in before))
    if wanted != before:
        if wanted:
            call_write("HSET", keys.wanted_events(), "types", " ".join(sorted(wanted)))
        else:
            call_write("DEL", keys.wanted_events())
    if not wanted.isdisjoint(OF_JOURNAL):
        call_write("HSETNX", keys.wanted_events(), "since", to_ms(now or utc_now()))
    elif not before.isdisjoint(OF_JOURNAL):
        call_many([("HDEL", keys.wanted_events(), "since"), ("DEL", keys.news(), keys.taken(keys.news()))])
    set_types(wanted)
    return wanted


def wanted_since() -> datetime | None:
    """From when on entries of the journal are events; None: they are not. Raises StoreUnavailable."""
    found = call("HGET", keys.wanted_events(), "since")
    return from_ms(int(found)) if found else None


def note_news(user_id: str) -> None:
    """Note that the user's journal has a new entry. What is lost here is found by the walk over all accounts."""
    with suppress(StoreUnavailable):
        call_write("SADD", keys.news(), user_id)


def _parsed(types: bytes | None) -> frozenset[str]:
    return frozenset((types or b"").decode().split())
