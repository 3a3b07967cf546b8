"""CODETAGS_PATTERN: the subset of regular expressions that Python and browsers read in the same way."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from codetags.errors import BadPattern
from codetags.services import code_shapes
from codetags.services.code_shapes import Shapes

#: The longest code, whatever the pattern allows: codes are part of keys and of a column.
LONGEST = 32
_LONGEST_PATTERN = 200
_UNBOUNDED = 10**6
_PLACEMENT = re.compile(r"[a-z0-9-]{1,32}")
_SIGNS = "-_"
_COUNTS = re.compile(r"\{(\d{1,4})(?:(,)(\d{1,4})?)?\}")


@dataclass(frozen=True, slots=True)
class _Part:
    """The fewest and the most characters that a part matches. is_open: their number varies, so it can't be repeated."""

    least: int
    most: int
    shapes: Shapes
    is_open: bool = False


def check_pattern(text: str) -> None:
    r"""Refuse a pattern that Python and browsers read differently, that can be slow, or that matches no code.

    Allowed: letters, digits, `-` and `_`; classes of them and of ranges of one kind, such as `[A-Z0-9]`; `\d` and `\w`;
    groups, `(…)` and `(?:…)`; `|`; `?`, `*`, `+`, `{n}`, `{n,}`, `{n,m}`; `^` at the beginning and `$` at the end.
    Codes are upper-cased first, so a part that matches only lower-case letters is refused too.
    Raises BadPattern with a message of one sentence.
    """
    read_shapes(text)


def read_shapes(text: str) -> Shapes:
    """For each length of a code of this pattern, the characters at each place. Raises BadPattern."""
    if not text or len(text) > _LONGEST_PATTERN:
        raise BadPattern(f"1 to {_LONGEST_PATTERN} characters are required")
    reader = _Reader(text.removeprefix("^").removesuffix("$"))
    whole = reader.alternatives()
    if reader.rest:
        raise BadPattern(f"{reader.rest[0]} without its counterpart")
    if whole.least < 1:
        raise BadPattern("it matches the empty text")
    if whole.least > LONGEST:
        raise BadPattern(f"no code has more than {LONGEST} characters")
    return whole.shapes


def is_placement(text: str) -> bool:
    """Whether `text` is a placement as it is stored: lower-case letters, digits and hyphens."""
    return _PLACEMENT.fullmatch(text) is not None


def check_parameter(name: str) -> None:
    """Refuse a name for the parameter of placements that a link can't have, or that is the code's own.

    Raises BadPattern with a message of one sentence.
    """
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,31}", name):
        raise BadPattern(f"{name[:64]!r} is no name: a letter, then letters, digits, _ and -, at most 32 in all")
    if name.lower() == "qr":
        raise BadPattern("qr is the parameter of the code")


class _Reader:
    """A parser that reads the pattern from the left."""

    def __init__(self, text: str) -> None:
        self.rest = text

    def alternatives(self) -> _Part:
        """Alternatives between bars, up to the end or a closing bracket."""
        found = [self._sequence()]
        while self._take("|"):
            found.append(self._sequence())
        shapes: Shapes = {}
        for part in found:
            shapes = code_shapes.either(shapes, part.shapes)
        return _Part(
            min(part.least for part in found),
            max(part.most for part in found),
            shapes,
            any(part.is_open for part in found) or (len(found) > 1 and len({part.most for part in found}) > 1),
        )

    def _sequence(self) -> _Part:
        row = _Part(0, 0, code_shapes.EMPTY)
        while self.rest and self.rest[0] not in "|)":
            part = self._quantified(self._atom())
            shapes = code_shapes.joined(row.shapes, part.shapes, LONGEST)
            row = _Part(row.least + part.least, row.most + part.most, shapes, row.is_open or part.is_open)
        return row

    def _atom(self) -> _Part:
        sign = self.rest[0]
        if sign == "(":
            return self._group()
        if sign == "[":
            return self._class()
        for escape in ("\\d", "\\w"):
            if self._take(escape):
                return _one(escape)
        if not _is_plain(sign):
            raise BadPattern(f"{self.rest[:2] if sign == chr(92) else sign} is not allowed here")
        if sign.islower():
            raise BadPattern(f"{sign} matches nothing, since codes are upper-cased first")
        self.rest = self.rest[1:]
        return _one(re.escape(sign))

    def _group(self) -> _Part:
        opening = "(?:" if self.rest.startswith("(?:") else "("
        if opening == "(" and self.rest[1:2] in {"?", "*"}:
            raise BadPattern(f"{self.rest[:3]} is not allowed; the allowed groups are (…) and (?:…)")
        self._take(opening)
        inside = self.alternatives()
        if not self._take(")"):
            raise BadPattern("a group is not closed")
        return inside

    def _class(self) -> _Part:
        inside, closed, after = self.rest[1:].partition("]")
        if not closed or not inside:
            raise BadPattern("a class is empty or not closed")
        self.rest = after
        if all(part.islower() for part in _class_parts(inside)):
            raise BadPattern(f"[{inside}] matches nothing, since codes are upper-cased first")
        return _one(f"[{inside}]")

    def _quantified(self, part: _Part) -> _Part:
        low, high = 1, 1
        if self.rest[:1] in {"?", "*", "+"}:
            low, high = {"?": (0, 1), "*": (0, _UNBOUNDED), "+": (1, _UNBOUNDED)}[self.rest[0]]
            self.rest = self.rest[1:]
        elif self.rest[:1] == "{":
            found = _COUNTS.match(self.rest)
            if found is None:
                raise BadPattern("a count is written {n}, {n,} or {n,m}")
            low = int(found[1])
            high = int(found[3]) if found[3] else _UNBOUNDED if found[2] else low
            if high < low or high == 0:
                raise BadPattern(f"{found[0]} is not a valid count")
            self.rest = self.rest[found.end() :]
        else:
            return part
        if self.rest[:1] in {"?", "*", "+", "{"}:
            raise BadPattern(f"{self.rest[0]} is not allowed after another count")
        if part.is_open and high > 1:
            # (A+)+ takes 2^32 steps on a code of 32 characters that does not match.
            raise BadPattern("a repeated part may not have a variable length, since matching could take for ever")
        return replace(
            part,
            least=part.least * low,
            most=min(part.most * high, _UNBOUNDED),
            shapes=code_shapes.repeated(part.shapes, low, high, LONGEST),
            is_open=part.is_open or low != high,
        )

    def _take(self, sign: str) -> bool:
        if not self.rest.startswith(sign):
            return False
        self.rest = self.rest[len(sign) :]
        return True


def _one(text: str) -> _Part:
    """One character of a class, an escape or itself."""
    return _Part(1, 1, code_shapes.of_class(text))


def _class_parts(inside: str) -> list[str]:
    """The ends of ranges and the single characters of a class. Raises BadPattern for others."""
    parts: list[str] = []
    place = 0
    while place < len(inside):
        found = re.match(r"\\([d-])|([A-Za-z0-9])-([A-Za-z0-9])|([A-Za-z0-9_]|-(?=$)|(?<![\s\S])-)", inside[place:])
        if found is None:
            raise BadPattern(f"{inside[place : place + 2]} is not allowed in a class; letters, digits, - and _ are")
        if found[2]:
            first, last = found[2], found[3]
            kinds = {"digit" if end.isdigit() else "upper" if end.isupper() else "lower" for end in (first, last)}
            if len(kinds) > 1 or last < first:
                raise BadPattern(f"{first}-{last} is not a range of one kind")
        parts.append("0" if found[1] else found[2] or found[4])
        place += found.end()
    return parts


def _is_plain(sign: str) -> bool:
    return sign.isascii() and (sign.isalnum() or sign in _SIGNS)
