"""Where a code hangs: the placement in its link, such as tram-12 in ?qr=BT26&at=tram-12."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import parse_qsl

from codetags.conf import app_settings
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
