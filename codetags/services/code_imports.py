"""Writes many codes to the registry at once: all in one transaction, then the mirror in the store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from codetags.models import CodeTag
from codetags.services.campaigns import ensure_campaign
from codetags.services.code_cells import COLUMNS
from codetags.services.code_log import log_codes
from codetags.services.code_plans import CodePlan, PlannedCode, plan_codes
from kv.batches import in_batches
from kv.transactions import atomic_for
from kv.web.tables import Row

_CHUNK = 500
_BATCH = 1000
# The code itself, and who made it when, stay.
_UPSERT = {"update_conflicts": True, "update_fields": [*COLUMNS[1:], "updated_at"], "unique_fields": ["code"]}


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
    campaigns = {name: ensure_campaign(name).pk for name in sorted({row.after["campaign"] for row in changes}) if name}
    # Aliases last: the codes that they count for may be new.
    aliases = [row for row in changes if row.after["counts_for"]]
    conflicts: dict[str, Any] = {} if only_new else _UPSERT
    tags = _save([row for row in changes if not row.after["counts_for"]], campaigns, {}, user_id, conflicts)
    targets = _targets({row.after["counts_for"] for row in aliases})
    tags |= _save(aliases, campaigns, targets, user_id, conflicts)
    log_codes(
        user_id,
        [tags[row.code] for row in plan.new],
        {tags[row.code]: row.changed for row in plan.updates},
    )


def _targets(codes: Iterable[str]) -> dict[str, CodeTag]:
    return {
        code: CodeTag(pk=pk, code=code)
        for chunk in in_batches(codes, _CHUNK)
        for pk, code in CodeTag.objects.filter(code__in=chunk).order_by().values_list("pk", "code")
    }


def _save(
    rows: Sequence[PlannedCode],
    campaigns: Mapping[str, int],
    targets: Mapping[str, CodeTag],
    user_id: Any,
    conflicts: Mapping[str, Any],
) -> dict[str, CodeTag]:
    """Write the rows, and return them by their code with their keys."""
    tags = [
        CodeTag(
            code=row.code,
            **{name: row.after[name] for name in ("label", "note", "start", "end", "archived")},
            campaign_id=campaigns.get(row.after["campaign"]),
            counts_for=targets.get(row.after["counts_for"]),
            created_by_id=user_id,
        )
        for row in rows
    ]
    if tags:
        CodeTag.objects.bulk_create(tags, _BATCH, **conflicts)
    return {tag.code: tag for tag in tags}
