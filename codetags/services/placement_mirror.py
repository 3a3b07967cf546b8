"""The registered placements in the store, as record_hit.lua needs them: by name, whatever their number.

The hits of an alias are counted below the code that it counts for. So that code has the placements of its aliases too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from django.db.models import Q

from codetags import keys
from codetags.models import CodeTag, Placement
from kv.sql.batches import in_batches
from kv.store.connection import call, call_many
from kv.store.scripts import Script

_CHUNK = 500

mirror_placements_script = Script("codetags", "mirror_placements")


def mirror_placements(codes: Iterable[str]) -> None:
    """Mirror the placements of these codes, and of those that they count for, as they are in SQL now, to the store.

    A placement that an alias takes away again stays counted by name until the whole registry is mirrored.
    Raises StoreUnavailable.
    """
    for chunk in in_batches(codes, _CHUNK):
        aliases = CodeTag.objects.filter(code__in=chunk, counts_for__isnull=False)
        wanted = list(dict.fromkeys([*chunk, *aliases.values_list("counts_for__code", flat=True)]))
        # A set: the same name at an alias is one placement.
        names: dict[str, set[str]] = defaultdict(set)
        for code, target, name in Placement.objects.filter(
            Q(code__code__in=wanted) | Q(code__counts_for__code__in=wanted)
        ).values_list("code__code", "code__counts_for__code", "name"):
            names[code].add(name)
            names[target].add(name)
        mirror_placements_script.load()
        call_many(
            [
                mirror_placements_script.command(
                    [keys.placements(code), keys.registered_placements()], [code, *sorted(names[code])]
                )
                for code in wanted
            ]
        )


def mirror_all_placements() -> None:
    """The same for every code that has placements in SQL or had some. Raises StoreUnavailable."""
    registered = set(Placement.objects.values_list("code__code", flat=True).distinct())
    before = {code.decode() for code in call("HKEYS", keys.registered_placements())}
    mirror_placements(sorted(registered | before))
