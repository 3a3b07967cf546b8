"""The campaign of each slot of the columns, packed as they are: sums by campaign need no 100 000 rows of SQL.

The registry in SQL says which campaign a code belongs to. The column of campaigns follows from it: the slots of codes
that are new are added when a list needs them, and a change of the registry is noted when it commits.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence

from codetags import keys
from codetags.models import CodeTag
from codetags.services.column_format import CAMPAIGN_BYTES, NAME_BYTES, campaigns_of, code_at
from kv.sql.batches import in_batches
from kv.store.connection import call
from kv.store.scripts import Script

#: Codes that are asked for by name; for more of them the whole registry is read.
_ASKED = 500
_MOST_ASKED = 5000
#: Slots that one script adds.
_ADDED = 100_000

note_campaigns_script = Script("codetags", "note_campaigns")
add_campaigns_script = Script("codetags", "add_campaigns")


def read_campaigns(names: bytes) -> array[int]:
    """The campaign of each of these slots, 0 for none; adds those that are missing. Raises StoreUnavailable."""
    column = call("GET", keys.campaigns()) or b""
    slots, known = len(names) // NAME_BYTES, len(column) // CAMPAIGN_BYTES
    if known < slots:
        codes = [code_at(names, slot) for slot in range(known, slots)]
        campaigns = _in_registry(codes)
        for chunk in in_batches(codes, _ADDED):
            added = b"".join(_packed(campaigns.get(code)) for code in chunk)
            add_campaigns_script.read([keys.campaigns()], [len(column), added])
            column += added
    return campaigns_of(column, slots)


def note_campaigns(campaigns: Mapping[str, int | None]) -> None:
    """Note the campaigns of these codes, None for none, as they are in SQL now. Raises StoreUnavailable."""
    if campaigns:
        pairs: Iterable[str | bytes] = (
            part for code, campaign in campaigns.items() for part in (code, _packed(campaign))
        )  # fmt: skip
        note_campaigns_script.read([keys.slots(), keys.campaigns()], list(pairs))


def _in_registry(codes: Sequence[str]) -> dict[str, int]:
    """Those of the codes that have a campaign. May have others too."""
    rows = CodeTag.objects.filter(campaign__isnull=False).order_by().values_list("code", "campaign")
    if len(codes) > _MOST_ASKED:
        return dict(rows.iterator())
    return {code: pk for chunk in in_batches(codes, _ASKED) for code, pk in rows.filter(code__in=chunk)}


def _packed(campaign: int | None) -> bytes:
    return (campaign or 0).to_bytes(CAMPAIGN_BYTES)
