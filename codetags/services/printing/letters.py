"""The letters of printed words: Bitstream Vera, which reportlab brings, so that they look the same everywhere.

It has the letters of Western Europe, and some more. What it lacks is refused, not printed as empty boxes.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from codetags.errors import UnprintableText

# The narrow no-break space of French, and others of its kind.
_SPACES = str.maketrans(dict.fromkeys("\u00a0\u2007\u2009\u202f", " "))


@dataclass(frozen=True, slots=True)
class Letters:
    """One weight of the font. name: for PDF; path: the TrueType file."""

    name: str
    path: str

    def check(self, text: str) -> str:
        """The text as it is printed. Raises UnprintableText with the letters that the font lacks."""
        text = unicodedata.normalize("NFC", text).translate(_SPACES)
        known = _font(self.path).getBestCmap()
        if missing := dict.fromkeys(letter for letter in text if ord(letter) not in known):
            raise UnprintableText("".join(missing))
        return text

    def width(self, text: str) -> float:
        """How wide a printable text is, in heights of the letters (em)."""
        font = _font(self.path)
        known, advances = font.getBestCmap(), font["hmtx"]
        return sum(float(advances[known[ord(letter)]][0]) for letter in text) / float(font["head"].unitsPerEm)

    def outline(self, text: str, *, middle: float, baseline: float, size: float) -> str:
        """The letters of a printable text as the data of an SVG path, y downwards."""
        from fontTools.pens.svgPathPen import SVGPathPen
        from fontTools.pens.transformPen import TransformPen

        font = _font(self.path)
        known, glyphs = font.getBestCmap(), font.getGlyphSet()
        scale = size / font["head"].unitsPerEm
        pen = SVGPathPen(glyphs, ntos=lambda value: f"{value:.3f}".rstrip("0").rstrip("."))
        left = middle - self.width(text) * size / 2
        for letter in text:
            glyph = glyphs[known[ord(letter)]]
            glyph.draw(TransformPen(pen, (scale, 0, 0, -scale, left, baseline)))
            left += glyph.width * scale
        return str(pen.getCommands())

    def fit(self, text: str, *, size: float, width: float, lines: int) -> list[str]:
        """A printable text in at most so many lines of a width, broken at spaces; cut with "…" where it is longer."""
        rows: list[str] = []
        for word in text.split():
            longer = f"{rows[-1]} {word}" if rows else word
            if rows and self.width(longer) * size <= width:
                rows[-1] = longer
            else:
                rows.append(word)
        kept = rows[:lines]
        if len(rows) > lines:
            kept[-1] = f"{kept[-1]} {rows[lines]}"
        return [self._cut(row, width / size, is_last=len(rows) > lines and row is kept[-1]) for row in kept]

    def _cut(self, row: str, width: float, *, is_last: bool) -> str:
        if self.width(row) <= width and not is_last:
            return row
        while row and self.width(f"{row}…") > width:
            row = row[:-1]
        return f"{row.rstrip()}…"


def check_texts(texts: Iterable[str]) -> None:
    """Raise UnprintableText with all letters of the texts that can't be printed."""
    missing: dict[str, None] = {}
    for text in texts:
        try:
            regular().check(text)
        except UnprintableText as error:
            missing |= dict.fromkeys(error.letters)
    if missing:
        raise UnprintableText("".join(missing))


def bold() -> Letters:
    """For the words in a frame, and codes."""
    return _letters("CodetagsVera-Bold", "VeraBd.ttf")


def regular() -> Letters:
    """For labels. Both weights have the same letters."""
    return _letters("CodetagsVera", "Vera.ttf")


@cache
def _letters(name: str, file: str) -> Letters:
    found = find_spec("reportlab")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("reportlab")
    return Letters(name, str(Path(found.origin).parent / "fonts" / file))


@cache
def _font(path: str) -> Any:
    from fontTools.ttLib import TTFont

    return TTFont(path)
