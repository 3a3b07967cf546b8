"""What codes of a pattern look like: for each length the characters that each place may have.

For a pattern without alternatives that is exact. `AB|CD` also gets the shape of AD: whoever makes a code from a shape
checks it against the pattern.
"""

from __future__ import annotations

import re

Shape = tuple[frozenset[str], ...]
Shapes = dict[int, Shape]

EMPTY: Shapes = {0: ()}
_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"


def of_class(text: str) -> Shapes:
    """The shape of one character: `text` is a class, an escape or the character itself."""
    matches = re.compile(text, re.ASCII).fullmatch
    return {1: (frozenset(filter(matches, _CHARACTERS)),)}


def either(first: Shapes, second: Shapes) -> Shapes:
    """The shapes of the one and of the other."""
    found = dict(first)
    for length, shape in second.items():
        known = found.get(length)
        found[length] = tuple(map(frozenset.union, known, shape)) if known else shape
    return found


def joined(first: Shapes, second: Shapes, longest: int) -> Shapes:
    """The shapes of the one followed by the other, up to `longest` characters."""
    found: Shapes = {}
    for before in first.values():
        fits = {len(before) + length: before + shape for length, shape in second.items()}
        found = either(found, {length: shape for length, shape in fits.items() if length <= longest})
    return found


def repeated(part: Shapes, low: int, high: int, longest: int) -> Shapes:
    """The shapes of `low` to `high` parts in a row, up to `longest` characters."""
    found: Shapes = {}
    row = EMPTY
    # A part that may be empty grows no longer after as many rounds as there are characters.
    for number in range(min(high, max(low, longest)) + 1):
        if number >= low:
            found = either(found, row)
        row = joined(row, part, longest)
        if not row:
            break
    return found
