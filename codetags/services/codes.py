"""What a code is, how it is read from a link, and the cookie with the codes of a visitor."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import parse_qsl

from codetags.conf import app_settings
from codetags.errors import MalformedCode
from codetags.services.patterns import LONGEST

#: The most codes in the cookie; the newest is last.
REMEMBERED = 10
#: The name of the parameter in links; upper and lower case are equal.
PARAMETER = "qr"
_SEPARATOR = "."

# The same rules are in landing.js; tests/codetags/spelled_links.json checks both.
_BLANKS = "\t\n\v\f\r \x85\xa0\xad\u1680\u2000-\u200f\u2028-\u202f\u205f-\u2064\u3000\ufeff"
_AROUND = re.compile(f"^[{_BLANKS}]+|[{_BLANKS}]+$")
# Where another part of a URL begins: ?utm_source=…, a path, a fragment, a parameter or an escaped character.
_NEXT_PART = re.compile(r"[?&;#%/\\]")
_TRAILING = re.compile(f"(?:[^0-9A-Za-z\u0080-\U0010ffff]|[{_BLANKS}«»‘’‚‛“”„‟‹›…–—、。！，：；？）】」])+$")
# The rest of "&amp;" before a parameter: HTML pages write it, and some programs send it unchanged.
_ESCAPED = "amp;"


def parse_code(text: str) -> str:
    """The code in `text`, in upper case. Raises MalformedCode."""
    # Checked before upper-casing: "ß" would become two letters, and patterns can be slow on long input.
    if len(text) > LONGEST or not text.isascii():
        raise MalformedCode(text[:LONGEST])
    code = text.upper()
    if not _pattern(app_settings.CODETAGS_PATTERN).fullmatch(code):
        raise MalformedCode(code)
    return code


def read_code(spellings: Iterable[str]) -> str:
    """The code of the first value that contains one, exactly or with extra characters around it.

    Removed are blanks on both sides, and at the end punctuation and the beginning of another part of a URL.
    Raises MalformedCode when no value contains a code.
    """
    last = ""
    for spelling in spellings:
        for text in spellings_of(spelling):
            try:
                return parse_code(text)
            except MalformedCode:
                last = text[:LONGEST]
    raise MalformedCode(last)


def read_link(query: str) -> str | None:
    """The code in the query of a URL; None without a parameter `qr`. Raises MalformedCode for one without a code."""
    values = [value for name, value in parse_qsl(query, keep_blank_values=True) if is_parameter(name)]
    return read_code(values) if values else None


def is_parameter(name: str) -> bool:
    """Whether the parameter of this name carries the code."""
    return is_named(name, PARAMETER)


def is_named(name: str, wanted: str) -> bool:
    """Whether a parameter of a link has the wanted name, in upper or lower case."""
    return name.lower().removeprefix(_ESCAPED) == wanted.lower()


def is_code(text: str) -> bool:
    """Whether `text` is a code in upper case, as codes are stored."""
    return len(text) <= LONGEST and _pattern(app_settings.CODETAGS_PATTERN).fullmatch(text) is not None


def read_remembered(cookie: str) -> tuple[str, ...]:
    """The codes in a cookie's value, oldest first. Anything else is ignored: a visitor can change a cookie."""
    if not cookie:
        return ()
    return tuple(text for text in cookie[:1024].split(_SEPARATOR) if is_code(text))[-REMEMBERED:]


def write_remembered(known: tuple[str, ...], *codes: str) -> str:
    """The cookie's value with `codes` as the newest of the last ten."""
    if not known:
        return _SEPARATOR.join([*dict.fromkeys(codes)][-REMEMBERED:])
    return _SEPARATOR.join([*(other for other in known if other not in codes), *dict.fromkeys(codes)][-REMEMBERED:])


def spellings_of(spelling: str) -> tuple[str, str]:
    """A value of a link without the blanks around it; and also without punctuation and another part of a URL behind."""
    text = _AROUND.sub("", spelling[:1024])
    return text, _TRAILING.sub("", _NEXT_PART.split(text, maxsplit=1)[0])


@lru_cache(maxsize=16)
def _pattern(text: str) -> re.Pattern[str]:
    # ASCII: otherwise \w and \d match thousands of similar characters.
    return re.compile(text, re.ASCII)
