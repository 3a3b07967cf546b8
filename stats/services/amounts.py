"""Amounts of money as users type and paste them."""

from __future__ import annotations

import re

from stats.errors import AmountUnclear
from stats.services.pasted_text import to_ascii

_GROUP_MARKS = " .,'"
_CURRENCY = r"(?: € | EUROS? | EUR )"
_AMOUNT = re.compile(
    rf"""
    (?: {_CURRENCY} \s* )?
    (?: (?P<plain>[0-9]+)
      | (?P<grouped>[1-9][0-9]{{0,2}} (?P<mark>[{_GROUP_MARKS}]) [0-9]{{3}} (?: (?P=mark) [0-9]{{3}} )* )
      | (?= [.,][0-9] )  # ",50": no euro at all
    )
    (?: (?P<point>[.,]) (?: (?P<cents>[0-9]{{1,2}}) | -{{1,2}} ) )?  # "12,-": no cents at all
    (?: \s* {_CURRENCY} )?
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
# Typographic apostrophes and dashes are read as the ASCII ones.
_SIGNS = str.maketrans(dict.fromkeys("\u2019\u02bc", "'") | dict.fromkeys("\u2013\u2014", "-"))


def parse_amount(written: str) -> int:
    """The cents of an amount in euro as users write it.

    The decimal sign is a comma or a point, followed by one or two digits or a dash. Thousands may be separated by a
    space, an apostrophe, or the one of comma and point that is not the decimal sign. A single comma or point before
    exactly three digits ("1.234") is ambiguous: 1234 in one country, 1.234 in another. It is refused. The currency may
    come before or after the number. The size of the amount is not checked. Raises AmountUnclear.
    """
    found = _AMOUNT.fullmatch(to_ascii(written).translate(_SIGNS).strip())
    if found is None:
        raise AmountUnclear(written)
    mark, point, cents = found["mark"], found["point"], found["cents"] or ""
    is_doubtful = mark in {".", ","} and point is None and found["grouped"].count(mark) == 1
    if is_doubtful or (mark is not None and mark == point):
        raise AmountUnclear(written)
    euros = found["plain"] or (found["grouped"] or "").replace(mark or " ", "")
    return int((euros or "0") + cents.ljust(2, "0"))
