"""Writes many codes to the registry at once: all in one transaction, then the mirror in the store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import router

from codetags.models import CodeTag, codes_changed
from codetags.services.campaigns import ensure_campaigns
from codetags.services.code_log import Change, log_codes
from codetags.services.code_plans import CodePlan, PlannedCode, plan_codes
from kv.sql.batches import in_batches
from kv.sql.transactions import atomic_for
from kv.sql.upserts import insert_rows, upsert_rows
from kv.times import utc_now
from kv.web.tables import Row

_CHUNK = 500
#: What stays of a code that exists: who made it, and when.
_MADE = ("created_by", "created_at")
_PLAIN = ("label", "note", "start", "end", "archived")
_WRITTEN = ("code", *_PLAIN, "campaign", "counts_for", *_MADE, "updated_at")


def import_codes(
    rows: Iterable[Row], *, user_id: Any = None, dry_run: bool = False, skip_wrong: bool = False
) -> CodePlan:
    """Add the codes that are new, and change those that exist; what is the same already is left alone.

    Everything or nothing: whoever repeats it after a failure gets what one call would have made
    (shown by tests/faults/test_code_import_kill.py).
    user_id:    for the log, and as the one who made what is new.
    dry_run:    write nothing, return what would change.
    skip_wrong: write the rows without errors. Otherwise a single error stops all of them.
    A campaign whose name is new is made. The store follows once the transaction is committed.
    """
    with atomic_for(CodeTag):
        plan = plan_codes(rows, lock=not dry_run)
        if not dry_run and (skip_wrong or not plan.wrong):
            write_codes(plan, user_id)
    return plan


def write_codes(plan: CodePlan, user_id: Any, *, only_new: bool = False) -> None:
    """Write what a plan adds and changes, with its entries in the log, in the caller's transaction.

    only_new: raise IntegrityError where another process has added one of the codes since.
    """
    # In one order, so that two imports never wait for each other.
    changes = sorted([*plan.new, *plan.updates], key=lambda row: row.code)
    if not changes:
        return
    campaigns = ensure_campaigns({row.after["campaign"] for row in changes} - {""}, user_id=user_id)
    # Aliases last: the codes that they count for may be new.
    aliases = [row for row in changes if row.after["counts_for"]]
    _write([row for row in changes if not row.after["counts_for"]], campaigns, {}, user_id, only_new=only_new)
    targets = _pks({row.after["counts_for"] for row in aliases})
    _write(aliases, campaigns, targets, user_id, only_new=only_new)
    codes = [row.code for row in changes]
    pks = _pks(codes)
    log_codes(
        user_id,
        (Change(pks[row.code], row.code, row.after["label"], None if row.before is None else row.changed)
         for row in changes),
    )  # fmt: skip
    codes_changed.send(CodeTag, codes=codes, using=router.db_for_write(CodeTag))


def _pks(codes: Iterable[str]) -> dict[str, int]:
    tags = CodeTag.objects.using(router.db_for_write(CodeTag)).order_by()
    return {
        code: pk
        for chunk in in_batches(codes, _CHUNK)
        for code, pk in tags.filter(code__in=chunk).values_list("code", "pk")
    }


def _write(
    rows: Sequence[PlannedCode],
    campaigns: Mapping[str, int],
    targets: Mapping[str, int],
    user_id: Any,
    *,
    only_new: bool,
) -> None:
    """Write the rows, without an object for each."""
    now = utc_now()
    values = [
        (
            row.code,
            *(row.after[name] for name in _PLAIN),
            campaigns.get(row.after["campaign"]),
            targets.get(row.after["counts_for"]),
            user_id,
            now,
            now,
        )
        for row in rows
    ]
    if only_new:
        insert_rows(CodeTag, _WRITTEN, values)
    else:
        upsert_rows(CodeTag, _WRITTEN, values, unique=("code",), keep=_MADE)
