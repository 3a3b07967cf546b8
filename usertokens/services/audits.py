"""Checks ledgers: balance = Σ grants − debt = Σ journal, and held = Σ open holds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Count, Sum

from kv.store.connection import call_many
from kv.store.scripts import Script
from kv.times import to_ms
from usertokens import keys
from usertokens.models import ArchivedEntry
from usertokens.types import LedgerReport

check_user_script = Script("usertokens", "check_user")


def check_ledgers(user_ids: Sequence[str], *, now: datetime | None = None) -> list[LedgerReport]:
    """Check the ledgers of a batch of users, in one round trip and one query. Also reports a period in the future."""
    check_user_script.load()
    replies = call_many([check_user_script.command(keys.ledger(user_id)[:5], [to_ms(now)]) for user_id in user_ids])
    rows = ArchivedEntry.objects.filter(user_id__in=user_ids).values("user_id")
    archives = {
        row["user_id"]: (row["total"], row["count"]) for row in rows.annotate(total=Sum("amount"), count=Count("id"))
    }
    return [
        _report(user_id, reply, *archives.get(user_id, (0, 0)))
        for user_id, reply in zip(user_ids, replies, strict=True)
    ]


def _report(user_id: str, reply: list[Any], archive_total: int, archive_count: int) -> LedgerReport:
    balance, held, debt, _, archived, left, holds, journal, before = map(int, reply[:9])
    problems = [text.decode() for text in reply[9:]]
    if balance != left - debt:
        problems.append(f"the balance is {balance}, its grants less its debt make {left - debt}")
    if balance != before + journal:
        problems.append(f"the balance is {balance}, its journal makes {before + journal}")
    if held != holds:
        problems.append(f"{held} are held, the open holds make {holds}")
    # Entries that are copied but not trimmed yet are in both: only those that have left the store are compared.
    if archived and archive_count == archived and archive_total != before:
        problems.append(f"the archive makes {archive_total}, the journal goes on from {before}")
    if archive_count < archived:
        problems.append(f"the archive has {archive_count} of {archived} entries")
    return LedgerReport(user_id, balance, tuple(problems))
