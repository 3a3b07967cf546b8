"""Where a code hangs: the placement in its link, such as tram-12 in ?qr=BT26&at=tram-12."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from urllib.parse import parse_qsl

from codetags.conf import app_settings
from codetags.models import CodeTag, Placement
from codetags.services.codes import is_named, spellings_of
from codetags.services.patterns import is_placement


def read_placement(texts: Iterable[str]) -> str:
    """The placement of the first value that contains one, in lower case; "" when none does.

    Blanks around it, and punctuation or another part of a URL behind it, are removed as for a code. A placement that
    can't be read loses no hit: it is counted without one.
    """
    for text in texts:
        for spelling in spellings_of(text):
            # Before lower-casing: "K" (the sign for kelvin) would become a letter.
            if spelling.isascii() and is_placement(spelling.lower()):
                return spelling.lower()
    return ""


def read_link_placement(query: str) -> str:
    """The placement in the query of a link, under the name in CODETAGS_PLACEMENT_PARAM; "" without one."""
    wanted = app_settings.CODETAGS_PLACEMENT_PARAM
    return read_placement(value for name, value in parse_qsl(query, keep_blank_values=True) if is_named(name, wanted))


def registered_placements(codes: Sequence[str]) -> dict[str, dict[str, str]]:
    """For each of the codes its registered placements by name, with their labels, A to Z.

    Those of the code that it counts for are its own too: its hits are counted there.
    """
    targets = dict(
        CodeTag.objects.filter(code__in=codes, counts_for__isnull=False).values_list("code", "counts_for__code")
    )
    rows = Placement.objects.filter(code__code__in={*codes, *targets.values()}).order_by("name")
    labels: dict[str, dict[str, str]] = {}
    for code, name, label in rows.values_list("code__code", "name", "label"):
        labels.setdefault(code, {})[name] = label
    found = {code: {**labels.get(targets.get(code, ""), {}), **labels.get(code, {})} for code in codes}
    return {code: dict(sorted(own.items())) for code, own in found.items()}
