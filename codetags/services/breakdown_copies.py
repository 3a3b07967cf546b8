"""Breakdowns in SQL: copied with the daily counts, taken out of the store when they are old, brought back after a loss.

A mark in the store says up to which row, by date and code, breakdowns have left it. Their placements stay in the
totals. So a restore leaves those rows alone, and can be repeated; a lost store has lost the mark too.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from itertools import groupby

import orjson
from django.db.models import Q, QuerySet

from codetags import keys
from codetags.models import DailyBreakdown
from codetags.services.breakdowns import Fields, decoded_fields, larger
from kv.days import local_day
from kv.sql.batches import in_batches
from kv.sql.upserts import upsert_rows
from kv.store.connection import call, call_many
from kv.store.scripts import Script
from kv.times import local_from_ms

#: So many days stay in the store; older ones leave it once SQL has them.
KEPT_DAYS = 35
_CHUNK = 500

drop_breakdowns_script = Script("codetags", "drop_breakdowns")
restore_breakdown_script = Script("codetags", "restore_breakdown")


def copy_breakdowns(days: Iterable[tuple[str, date]]) -> None:
    """Copy the breakdowns of these codes and days to SQL, in the transaction of their counts; never lowers a sum
    (shown by tests/codetags/test_breakdown_copies.py::test_a_copy_lowers_no_sum).

    Raises StoreUnavailable.
    """
    for chunk in in_batches(days, _CHUNK):
        replies = call_many([("HGETALL", keys.breakdown(code, day.isoformat())) for code, day in chunk])
        found = {pair: decoded_fields(reply) for pair, reply in zip(chunk, replies, strict=True) if reply}
        if not found:
            continue
        rows = DailyBreakdown.objects.filter(
            code__in={code for code, _ in found},
            date__gte=min(day for _, day in found),
            date__lte=max(day for _, day in found),
        )
        have = {(code, day): text for code, day, text in rows.values_list("code", "date", "fields")}
        changed = (
            (code, day, orjson.dumps(larger(fields, _read(have.get((code, day))))).decode())
            for (code, day), fields in found.items()
        )
        upsert_rows(DailyBreakdown, ("code", "date", "fields"), changed, unique=("code", "date"))


def drop_step(*, now: datetime | None = None) -> bool:
    """Take breakdowns older than KEPT_DAYS out of the store, where SQL has them; True while there may be more.

    Only of days that the roll-up has copied whole. Raises StoreUnavailable.
    """
    rolled = call("GET", keys.rolled())
    if not rolled:
        return False
    copied = local_day(local_from_ms(int(rolled))) - timedelta(days=1)
    until = min(local_day(now) - timedelta(days=KEPT_DAYS), copied)
    rows = list(
        _in_store().filter(date__lte=until).order_by("date", "code").values_list("code", "date", "fields")[:_CHUNK]
    )
    if not rows:
        return False
    last, day, _ = rows[-1]
    drop_breakdowns_script.run(
        [keys.dropped(), *(keys.breakdown(code, at.isoformat()) for code, at, _ in rows)],
        [f"{day.isoformat()} {last}", *(sum(_read(text).values()) for _, _, text in rows)],
    )
    return len(rows) == _CHUNK


def restore_breakdowns() -> None:
    """Bring back what SQL has and the store has lost. It may be repeated, and never lowers a live sum
    (shown by tests/codetags/test_breakdown_copies.py::test_a_restore_lowers_nothing).

    Raises StoreUnavailable.
    """
    rows = _in_store().order_by("code", "date").values_list("code", "date", "fields").iterator(_CHUNK)
    for code, of_code in groupby(rows, key=lambda row: row[0]):
        for chunk in in_batches(of_code, _CHUNK):
            restore_breakdown_script.run(
                [
                    keys.placements(code),
                    keys.registered_placements(),
                    *(keys.breakdown(code, day.isoformat()) for _, day, _ in chunk),
                ],
                [code, "" if code == keys.OTHER else "1", *(text for _, _, text in chunk)],
            )


def _in_store() -> QuerySet[DailyBreakdown]:
    """The rows whose breakdowns have not left the store."""
    mark = call("GET", keys.dropped())
    if not mark:
        return DailyBreakdown.objects.all()
    # By the database's own order of texts, as the rows that were dropped.
    day, _, code = mark.decode().partition(" ")
    return DailyBreakdown.objects.filter(Q(date__gt=day) | Q(date=day, code__gt=code))


def _read(text: str | None) -> Fields:
    return dict(orjson.loads(text)) if text else {}
