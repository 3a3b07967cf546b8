"""Codes of vouchers: how they are compared, and how new ones are made from a pattern."""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Iterator

from usertokens.errors import BadPattern

#: What stands for "?" in a pattern. No two of these are taken for each other, and none of what is left out (0 O Q,
#: 1 I L, 2 Z, 5 S, 8 B, 6 G, U V) is among them. Without A, E, I, O and U they make no words.
ALPHABET = "CDFHJKMNPRTWXY34679"
#: A pattern whose codes are one in 19^12, 2 × 10^15.
PATTERN = "????-????-????"
LONGEST_CODE = 64
#: Characters of a code, without hyphens.
SHORTEST_CODE = 4
#: For each code that is made, so many that could have been: a guess hits one in a thousand at most.
SPARSE = 1000
_PATTERN = re.compile(r"[A-Z0-9?]+(-[A-Z0-9?]+)*\Z")
_KEY = re.compile(r"[A-Z0-9]{1,64}\Z")
# Spaces, hyphens and dashes of every kind, and what nobody sees.
_IGNORED = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf", "Pd"})
_LONGEST_ENTRY = 200


def code_key(text: str) -> str:
    """A code as it is compared: in capitals, without spaces and hyphens; "" for a text that can be no code."""
    if len(text) > _LONGEST_ENTRY:
        return ""
    plain = unicodedata.normalize("NFKC", text)
    key = "".join(letter for letter in plain if unicodedata.category(letter) not in _IGNORED)
    return key.upper() if key.isascii() and _KEY.match(key.upper()) else ""


def read_pattern(text: str, count: int) -> str:
    """The pattern in capitals, when it can make `count` codes.

    "?" stands for a random character; the rest are letters, digits and single hyphens. A pattern without "?" is one
    code. Raises BadPattern: "form", "long", "short", "one", "few".
    """
    pattern = text.strip().upper()
    if len(pattern) > LONGEST_CODE:
        raise BadPattern("long", f"at most {LONGEST_CODE} characters")
    if not pattern.isascii() or not _PATTERN.match(pattern):
        raise BadPattern("form", 'letters A to Z, digits, single hyphens, and "?" for a random character')
    if len(pattern.replace("-", "")) < SHORTEST_CODE:
        raise BadPattern("short", f"at least {SHORTEST_CODE} characters without hyphens")
    if "?" not in pattern:
        if count > 1:
            raise BadPattern("one", 'a pattern without "?" is one code')
    elif len(ALPHABET) ** pattern.count("?") < SPARSE * count:
        raise BadPattern("few", f'too few "?" for {count} codes: they could be guessed')
    return pattern


def draw_codes(pattern: str) -> Iterator[str]:
    """Random codes of the pattern, without end; the same may come twice."""
    while True:
        yield "".join(secrets.choice(ALPHABET) if letter == "?" else letter for letter in pattern)
