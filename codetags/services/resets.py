"""Delete the hits of one code or of all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet

from codetags import keys
from codetags.models import CopiedHits, DailyBreakdown, DailyHits
from codetags.services.column_upkeep import forget_columns
from codetags.services.excluded_hits import forget_all_excluded, forget_excluded
from codetags.services.placement_mirror import mirror_placements
from codetags.services.registry import mirror_registry
from kv.days import local_day
from kv.errors import store_errors
from kv.process.threads import async_twin
from kv.sql.batches import in_batches
from kv.sql.transactions import atomic_for
from kv.store.connection import call, call_write, connection
from kv.store.scripts import Script

#: What SQL has of the hits.
_COPIES = (DailyHits.objects, CopiedHits.objects, DailyBreakdown.objects)

reset_code_script = Script("codetags", "reset_code")


def reset_code(code: str) -> int:
    """Delete every hit of one code, in the store and in SQL; returns how many. Raises StoreUnavailable.

    The backstop and the record of imports go too: a backfill may import its older hits again.
    """
    today = local_day()
    # Of a hit that comes meanwhile too, by a clock that is ahead or behind.
    near = [(today + timedelta(days=step)).isoformat() for step in (-1, 0, 1)]
    days = {*near, *(day.decode() for day in call("HKEYS", keys.days(code)))}
    hits = int(
        reset_code_script.run(
            [
                keys.count(code),
                keys.days(code),
                keys.last_seen(),
                keys.rank(),
                keys.registry(),
                keys.unknown(),
                keys.slots(),
                keys.names(),
                keys.placements(code),
                *(keys.breakdown(code, day) for day in sorted(days)),
            ],
            [code],
        )
    )
    mirror_placements([code])
    forget_excluded(code)
    _forget_copies(*(rows.filter(code=code) for rows in _COPIES))
    _delete(keys.family(f"seen:{code}:"))
    fields = [field for field in _imports() if field.rpartition(b"\t")[2].decode().upper().split(" ")[0] == code]
    if fields:
        call_write("HDEL", keys.imported(), *fields)
    return hits


areset_code = async_twin(reset_code, uses_database=True)


def reset_all() -> None:
    """Delete every hit of every code, and the outbox; the registry stays. Raises StoreUnavailable."""
    forget_all_excluded()
    _delete(keys.family(), but=keys.forgotten())
    forget_columns()
    _forget_copies(*(rows.all() for rows in _COPIES))
    mirror_registry()


def _forget_copies(*copies: QuerySet[Any]) -> None:
    with atomic_for(DailyHits):
        for rows in copies:
            rows.delete()


def _imports() -> Iterator[bytes]:
    with store_errors():
        for field, _ in connection().hscan_iter(keys.imported(), count=1000):
            yield bytes(field)


def _delete(glob: str, *, but: str = "") -> None:
    with store_errors():
        found = (key for key in connection().scan_iter(glob, count=1000) if key != but.encode())
        for chunk in in_batches(found, 500):
            call_write("UNLINK", *chunk)
