"""The registry of codes: it is in SQL; the store has a mirror, which record_hit.lua reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from django.db.models import Count, Max

from codetags import keys
from codetags.models import CodeTag, Placement
from codetags.models.campaigns import name_key
from codetags.services.campaign_slots import note_campaigns
from codetags.services.former_codes import note_former
from codetags.services.placement_mirror import mirror_all_placements, mirror_placements
from codetags.types import RegisteredCode
from kv.process.threads import async_twin
from kv.sql.batches import in_batches
from kv.store.connection import call, call_many, call_write
from kv.store.scripts import Script

_CHUNK = 500
#: What the store needs of a row: its campaign, then what `_packed` takes, in its order.
_MIRRORED = ("campaign", "start", "end", "archived", "counts_for__code")

mirror_code_script = Script("codetags", "mirror_code")


def registered_codes(codes: Iterable[str]) -> dict[str, RegisteredCode]:
    """The rows of these codes in SQL; codes without a row are not in the result."""
    rows = CodeTag.objects.filter(code__in=list(codes)).select_related("counts_for", "campaign")
    return {row.code: _registered(row) for row in rows}


aregistered_codes = async_twin(registered_codes, uses_database=True)


def list_registry(
    *, limit: int, after: str = "", campaign: str | None = None
) -> tuple[list[RegisteredCode], str | None]:
    """A page of the registry, A to Z, and where the next one begins; None at the end.

    after: the `next` of the page before. campaign: only the codes of the campaign of this name.
    """
    rows = CodeTag.objects.select_related("counts_for", "campaign").order_by("code")
    if after:
        rows = rows.filter(code__gt=after)
    if campaign is not None:
        rows = rows.filter(campaign__key=name_key(campaign.strip()))
    found = [_registered(row) for row in rows[: limit + 1]]
    return found[:limit], found[limit - 1].code if len(found) > limit else None


def mirror_code(code: str) -> None:
    """Mirror one code, as it is in SQL now, to the store; of an alias its placements too. Raises StoreUnavailable.

    Two changes at the same time may be mirrored in the wrong order; `mirror_registry` corrects that within minutes.
    """
    row = CodeTag.objects.filter(code=code).values_list(*_MIRRORED).first()
    campaign, *rest = row or (None,)
    mirror_code_script.run(_keys(code), [code, _packed(*rest) if row else ""])
    note_campaigns({code: campaign})
    if row and row[-1]:
        mirror_placements([code])


def mirror_codes(codes: Iterable[str]) -> None:
    """The same for many codes: a query and a round trip for 500 of them. Raises StoreUnavailable."""
    for chunk in in_batches(codes, _CHUNK):
        rows = list(CodeTag.objects.filter(code__in=chunk).values_list("code", *_MIRRORED))
        _mirror(chunk, rows)
        if aliases := [code for code, *_, target in rows if target]:
            mirror_placements(aliases)


def mirror_registry(*, always: bool = True) -> int:
    """Mirror the whole registry to the store; returns the number of codes. Raises StoreUnavailable.

    always: False does nothing when the number of codes and the newest change are mirrored already.
    """
    version = _version()
    if not always and call("GET", keys.registry_version()) == version.encode():
        return 0
    rows = CodeTag.objects.values_list("code", *_MIRRORED)
    mirrored: set[str] = set()
    for chunk in in_batches(rows.iterator(_CHUNK), _CHUNK):
        _mirror([row[0] for row in chunk], chunk)
        mirrored.update(row[0] for row in chunk)
    for gone in in_batches(_unregistered(mirrored), _CHUNK):
        # Query again: a code may have been added while the others were read.
        added = set(CodeTag.objects.filter(code__in=gone).values_list("code", flat=True))
        left = [code for code in gone if code not in added]
        note_former(left)  # deleted without Django
        _mirror(left, [])
    mirror_all_placements()
    call_write("SET", keys.registry_version(), version)
    return len(mirrored)


amirror_registry = async_twin(mirror_registry, uses_database=True)


def _unregistered(mirrored: set[str]) -> list[str]:
    return [code for code in (name.decode() for name in call("HKEYS", keys.registry())) if code not in mirrored]


def _mirror(codes: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    """Mirror the codes: these rows of code and _MIRRORED, and the others as gone."""
    if not codes:
        return
    entries, campaigns = dict.fromkeys(codes, ""), dict[str, int | None].fromkeys(codes)
    for code, campaign, *rest in rows:
        entries[code], campaigns[code] = _packed(*rest), campaign
    mirror_code_script.load()
    call_many([mirror_code_script.command(_keys(code), [code, entry]) for code, entry in entries.items()])
    note_campaigns(campaigns)


def _keys(code: str) -> list[str]:
    return [keys.registry(), keys.unknown(), keys.rank(), keys.count(code)]


def _version() -> str:
    state = CodeTag.objects.aggregate(codes=Count("pk"), newest=Max("updated_at"))
    placements = Placement.objects.aggregate(number=Count("pk"), last=Max("pk"))
    return f"{state['codes']} {state['newest']} {placements['number']} {placements['last']}"


def _packed(start: date | None, end: date | None, archived: bool, target: str | None) -> str:  # noqa: FBT001 (a row's own order)
    dates = f"{start.isoformat() if start else ''}|{end.isoformat() if end else ''}"
    return f"{dates}|{int(archived)}" + (f"|{target}" if target else "")


def _registered(row: CodeTag) -> RegisteredCode:
    target = row.counts_for.code if row.counts_for else ""
    campaign = row.campaign.name if row.campaign else ""
    return RegisteredCode(
        row.code, row.label, row.note, row.start, row.end, row.archived, target, campaign, row.campaign_id
    )
