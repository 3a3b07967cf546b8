"""The registered placements in the store, as record_hit.lua needs them: by name, whatever their number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from codetags import keys
from codetags.models import Placement
from kv.batches import in_batches
from kv.store.connection import call, call_many
from kv.store.scripts import Script

_CHUNK = 500

mirror_placements_script = Script("codetags", "mirror_placements")


def mirror_placements(codes: Iterable[str]) -> None:
    """Mirror the placements of these codes, as they are in SQL now, to the store. Raises StoreUnavailable."""
    for chunk in in_batches(codes, _CHUNK):
        names: dict[str, list[str]] = defaultdict(list)
        for code, name in Placement.objects.filter(code__code__in=chunk).values_list("code__code", "name"):
            names[code].append(name)
        mirror_placements_script.load()
        call_many(
            [
                mirror_placements_script.command(
                    [keys.placements(code), keys.registered_placements()], [code, *names[code]]
                )
                for code in chunk
            ]
        )


def mirror_all_placements() -> None:
    """The same for every code that has placements in SQL or had some. Raises StoreUnavailable."""
    registered = set(Placement.objects.values_list("code__code", flat=True).distinct())
    before = {code.decode() for code in call("HKEYS", keys.registered_placements())}
    mirror_placements(sorted(registered | before))
