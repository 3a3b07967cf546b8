"""The registry of codes: it is in SQL; the store has a mirror, which record_hit.lua reads."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.db.models import Count, Max

from codetags import keys
from codetags.models import CodeTag
from codetags.types import RegisteredCode
from kv.batches import in_batches
from kv.store.connection import call, call_many, call_write
from kv.store.scripts import Script
from kv.threads import async_twin

_CHUNK = 500
#: What the store needs of a row, in the order of `_packed`.
_MIRRORED = ("start", "end", "archived", "counts_for__code")

mirror_code_script = Script("codetags", "mirror_code")


def registered_codes(codes: Iterable[str]) -> dict[str, RegisteredCode]:
    """The rows of these codes in SQL; codes without a row are not in the result."""
    rows = CodeTag.objects.filter(code__in=list(codes)).select_related("counts_for")
    return {row.code: _registered(row) for row in rows}


aregistered_codes = async_twin(registered_codes, uses_database=True)


def mirror_code(code: str) -> None:
    """Mirror one code, as it is in SQL now, to the store. Raises StoreUnavailable.

    Two changes at the same time may be mirrored in the wrong order; `mirror_registry` corrects that within minutes.
    """
    row = CodeTag.objects.filter(code=code).values_list(*_MIRRORED).first()
    mirror_code_script.run(_keys(code), [code, _packed(*row) if row else ""])


def mirror_codes(codes: Iterable[str]) -> None:
    """The same for many codes: a query and a round trip for 500 of them. Raises StoreUnavailable."""
    for chunk in in_batches(codes, _CHUNK):
        rows = CodeTag.objects.filter(code__in=chunk).values_list("code", *_MIRRORED)
        _mirror(dict.fromkeys(chunk, "") | {code: _packed(*row) for code, *row in rows})


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
        _mirror({code: _packed(*row) for code, *row in chunk})
        mirrored.update(row[0] for row in chunk)
    for gone in in_batches(_unregistered(mirrored), _CHUNK):
        # Query again: a code may have been added while the others were read.
        added = set(CodeTag.objects.filter(code__in=gone).values_list("code", flat=True))
        _mirror({code: "" for code in gone if code not in added})
    call_write("SET", keys.registry_version(), version)
    return len(mirrored)


amirror_registry = async_twin(mirror_registry, uses_database=True)


def _unregistered(mirrored: set[str]) -> list[str]:
    return [code for code in (name.decode() for name in call("HKEYS", keys.registry())) if code not in mirrored]


def _mirror(values: dict[str, str]) -> None:
    if not values:
        return
    mirror_code_script.load()
    call_many([mirror_code_script.command(_keys(code), [code, value]) for code, value in values.items()])


def _keys(code: str) -> list[str]:
    return [keys.registry(), keys.unknown(), keys.rank(), keys.count(code)]


def _version() -> str:
    state = CodeTag.objects.aggregate(codes=Count("pk"), newest=Max("updated_at"))
    return f"{state['codes']} {state['newest']}"


def _packed(start: date | None, end: date | None, archived: bool, target: str | None) -> str:  # noqa: FBT001 (a row's own order)
    dates = f"{start.isoformat() if start else ''}|{end.isoformat() if end else ''}"
    return f"{dates}|{int(archived)}" + (f"|{target}" if target else "")


def _registered(row: CodeTag) -> RegisteredCode:
    target = row.counts_for.code if row.counts_for else ""
    return RegisteredCode(row.code, row.label, row.note, row.start, row.end, row.archived, target)
