"""New codes by a pattern such as BT??: random, without characters that are taken for each other."""

from __future__ import annotations

import secrets
from itertools import product
from math import prod

from codetags.conf import app_settings
from codetags.errors import NoCodesLeft
from codetags.services.code_shapes import Shape
from codetags.services.codes import is_code
from codetags.services.former_codes import used_codes
from codetags.services.patterns import LONGEST, read_shapes

#: What stands for "?": letters and digits without 0 and O, 1, I and L.
ALPHABET = frozenset("ABCDEFGHJKMNPQRSTUVWXYZ23456789")
#: So many codes of a pattern are looked at one by one, when too few are found at random.
_MOST_LISTED = 1_000_000
_ROUNDS = 20


def usual_pattern() -> str:
    """The pattern of the shortest codes: "?" where CODETAGS_PATTERN leaves a choice."""
    length, shape = min(read_shapes(app_settings.CODETAGS_PATTERN).items())
    fixed = ["".join(characters) if len(characters) == 1 else "?" for characters in shape]
    return "".join(fixed) if length else ""


def draw_codes(pattern: str, number: int) -> list[str]:
    """`number` new codes. None exists, or ever did; others may take them until they are registered.

    pattern: "?" is a random letter or digit, everything else is itself, in any case of its letters.
    Raises NoCodesLeft, or StoreUnavailable, since the store knows codes that SQL does not.
    """
    shape = _shape(pattern.strip().upper())
    space = prod(map(len, shape))
    found: list[str] = []
    if space > 2 * number:
        found = _at_random(shape, number)
    if len(found) < number and space <= _MOST_LISTED:
        every = filter(is_code, map("".join, product(*map(sorted, shape))))
        free = _unused(list(every))
        if len(free) < number:
            raise NoCodesLeft("few", len(free))
        found = secrets.SystemRandom().sample(free, number)
    if len(found) < number:
        raise NoCodesLeft("few", len(found))
    return found


def _shape(pattern: str) -> Shape:
    """The characters of each place. Raises NoCodesLeft for a pattern that no code has."""
    if not 1 <= len(pattern) <= LONGEST:
        raise NoCodesLeft("form")
    possible = read_shapes(app_settings.CODETAGS_PATTERN).get(len(pattern))
    if possible is None:
        raise NoCodesLeft("length")
    # Where only one character is possible, such as a hyphen, "?" is that one.
    shape = tuple(
        (at & ALPHABET if len(at) > 1 else at) if sign == "?" else at & {sign}
        for sign, at in zip(pattern, possible, strict=True)
    )
    if not all(shape):
        raise NoCodesLeft("form")
    return shape


def _at_random(shape: Shape, number: int) -> list[str]:
    choices = [sorted(characters) for characters in shape]
    found: dict[str, None] = {}
    for _ in range(_ROUNDS):
        drawn = {"".join(map(secrets.choice, choices)) for _ in range(number - len(found))}
        found.update(dict.fromkeys(_unused([code for code in drawn if code not in found and is_code(code)])))
        if len(found) >= number:
            break
    return list(found)


def _unused(codes: list[str]) -> list[str]:
    used = used_codes(codes)
    return [code for code in codes if code not in used]
