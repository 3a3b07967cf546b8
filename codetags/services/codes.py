"""What a code is, and what is written of it in a visitor's cookie."""

from __future__ import annotations

import re
from functools import lru_cache

from codetags.conf import app_settings
from codetags.errors import MalformedCode

#: Codes that the cookie remembers, the newest last.
REMEMBERED = 10
#: No code is longer, whatever the pattern allows: it becomes part of keys and of a column.
LONGEST = 32
_SEPARATOR = "."


def parse_code(text: str) -> str:
    """The code that `text` writes, upper-cased. Raises MalformedCode."""
    # Before it is upper-cased: "ß" would become two letters, and patterns can be slow on long input.
    if len(text) > LONGEST or not text.isascii():
        raise MalformedCode(text[:LONGEST])
    code = text.upper()
    if not _pattern(app_settings.CODETAGS_PATTERN).fullmatch(code):
        raise MalformedCode(code)
    return code


def is_code(text: str) -> bool:
    """Whether `text` is a code as it is kept: upper-cased."""
    return len(text) <= LONGEST and _pattern(app_settings.CODETAGS_PATTERN).fullmatch(text) is not None


def read_remembered(cookie: str) -> tuple[str, ...]:
    """The codes in a cookie's value, oldest first; what is none is left out: a cookie is the visitor's own."""
    return tuple(word for word in cookie[:1024].split(_SEPARATOR) if is_code(word))[-REMEMBERED:]


def write_remembered(known: tuple[str, ...], code: str) -> str:
    """The cookie's value with `code` as the newest of the last ten."""
    return _SEPARATOR.join([*(other for other in known if other != code), code][-REMEMBERED:])


@lru_cache(maxsize=16)
def _pattern(text: str) -> re.Pattern[str]:
    # ASCII: otherwise \w and \d let thousands of look-alikes in.
    return re.compile(text, re.ASCII)
