"""Codes that exist or existed anywhere: in the registry, in its log, in counts, in the store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.apps import apps
from django.db import connections
from django.db.models.functions import Substr

from codetags import keys
from codetags.models import CodeTag, CopiedHits, DailyHits, FormerCode
from kv.sql.batches import in_batches
from kv.store.connection import call_many

_CHUNK = 500
#: Codes that one query of the log is for, where a database takes so many.
_ASKED_OF_THE_LOG = 10_000
#: Where a code stands in SQL. DailyHits also has those whose hits the store has lost.
_TABLES = (CodeTag, FormerCode, DailyHits, CopiedHits)


def note_former(codes: Iterable[str], *, using: str | None = None) -> None:
    """Keep in mind that these were in the registry, in the transaction that deletes them. using: its database."""
    rows = [FormerCode(code=code) for code in codes]
    FormerCode.objects.using(using).bulk_create(rows, ignore_conflicts=True)


def used_codes(codes: Sequence[str]) -> set[str]:
    """Those of the codes, all of one length, that exist or ever did. Raises StoreUnavailable: then nobody knows.

    Not among them are codes that were counted together, as ~OTHER, and those whose hits were reset.
    """
    used = _logged(codes)
    for chunk in in_batches(codes, _CHUNK):
        for table in _TABLES:
            used.update(table.objects.filter(code__in=chunk).order_by().values_list("code", flat=True).distinct())
        used |= _stored(chunk)
    return used


def _logged(codes: Sequence[str]) -> set[str]:
    """Those that the admin's log names: codes that were deleted before FormerCode kept them."""
    if not apps.is_installed("django.contrib.admin"):
        return set()
    from django.contrib.admin.models import LogEntry
    from django.contrib.contenttypes.models import ContentType

    entries = LogEntry.objects.filter(content_type=ContentType.objects.get_for_model(CodeTag))
    # An entry calls a code by "BT26 · its label". No index finds that, so the log is read as seldom as can be.
    named = entries.order_by().annotate(code=Substr("object_repr", 1, len(next(iter(codes), ""))))
    is_bounded = connections[entries.db].features.max_query_params is not None
    found: set[str] = set()
    for chunk in in_batches(codes, _CHUNK if is_bounded else _ASKED_OF_THE_LOG):
        found.update(named.filter(code__in=chunk).values_list("code", flat=True).distinct())
    return found


def _stored(codes: Sequence[str]) -> set[str]:
    """Those that were hit, or are mirrored, or were excluded by name."""
    replies = call_many(
        [
            ("ZMSCORE", keys.rank(), *codes),
            ("ZMSCORE", keys.last_seen(), *codes),
            ("HMGET", keys.registry(), *codes),
            ("SMISMEMBER", keys.unknown(), *codes),
        ]
    )
    *scores, is_unknown = replies
    found = [[reply is not None for reply in row] for row in scores] + [[bool(reply) for reply in is_unknown]]
    return {code for code, *known in zip(codes, *found, strict=True) if any(known)}
