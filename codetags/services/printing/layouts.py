"""Where everything of a printed QR image is, in squares of the code (modules): one layout for SVG, PNG and PDF."""

from __future__ import annotations

from dataclasses import dataclass

import segno

from codetags.errors import CallTooLong, SquaresTooSmall
from codetags.services.printing.letters import bold
from codetags.services.printing.looks import LOGO_LEVEL, Look, check_colours
from kv.web.qr_codes import QUIET_ZONE

#: The smallest square of a code that ordinary printers and phones manage, millimetres.
LEAST_SQUARE = 0.25
#: The smallest letters, millimetres (4 points).
LEAST_LETTERS = 1.4
#: A logo's place in squares from side to side: at most so much of the code's side. It covers 6.3 % of the squares or
#: less, and level H reads 30 % of the data without them.
LOGO_SHARE = 0.25
# The frame in squares, its band of words as a share of what it surrounds, and its words as shares of the band.
_EDGE = 1
_BAND_SHARE = 0.17
_WORDS_HEIGHT = 0.6
_WORDS_WIDTH = 0.94
# From the middle of the letters to the line on which they stand, in heights of the letters.
_BASELINE = 0.36


@dataclass(frozen=True, slots=True)
class Words:
    """Words in the middle of a frame's band. size: the height of the letters; all in squares."""

    text: str
    middle: float
    baseline: float
    size: float


@dataclass(frozen=True, slots=True)
class Layout:
    """A picture in squares of the code, x from the left, y from the top.

    inner: the light part, from which the frame is left out: (x, y, side). runs: dark squares in a row: (x, y, length).
    logo: the place of the logo: (x, y, side).
    """

    width: int
    height: float
    inner: tuple[int, int, int]
    runs: tuple[tuple[int, int, int], ...]
    logo: tuple[float, float, float] | None
    words: Words | None

    def height_of(self, width: float) -> float:
        """How high the picture is when it is so wide, in the same unit."""
        return width * self.height / self.width


def lay_out(url: str, look: Look) -> Layout:
    """The picture of a URL, whatever its size. Raises InvertedColours, LowContrast or UnprintableText."""
    check_colours(look.dark, look.light)
    code = segno.make_qr(url, error=LOGO_LEVEL if look.logo else look.level, boost_error=False)
    side = len(code.matrix)
    inner = side + 2 * QUIET_ZONE
    edge = _EDGE if look.call else 0
    band = inner * _BAND_SHARE if look.call else 0
    width = inner + 2 * edge
    start = edge + QUIET_ZONE
    hole = _hole(side) if look.logo else 0
    return Layout(
        width=width,
        height=inner + 2 * edge + band,
        inner=(edge, edge, inner),
        runs=tuple(_runs(code.matrix, hole, start)),
        # Half a square stays light around it.
        logo=(start + (side - hole) / 2 + 0.5, start + (side - hole) / 2 + 0.5, hole - 1) if hole else None,
        words=_words(look.call, width=width, top=edge + inner, band=band + edge) if look.call else None,
    )


def check_size(layout: Layout, size: float) -> None:
    """Raise SquaresTooSmall or CallTooLong when a picture `size` millimetres wide can't be printed or read."""
    square = size / layout.width
    if square < LEAST_SQUARE:
        raise SquaresTooSmall(layout.width * LEAST_SQUARE)
    if layout.words and layout.words.size * square < LEAST_LETTERS:
        raise CallTooLong(layout.width * LEAST_LETTERS / layout.words.size)


def _hole(side: int) -> int:
    """How many squares from side to side a logo takes: an odd number, as that of the code."""
    most = int(side * LOGO_SHARE)
    return most if most % 2 else most - 1


def _runs(matrix: tuple[bytearray, ...], hole: int, start: int) -> list[tuple[int, int, int]]:
    side = len(matrix)
    first, last = (side - hole) // 2, (side + hole) // 2
    runs: list[tuple[int, int, int]] = []
    for y, row in enumerate(matrix):
        squares = [bool(square) for square in row]
        if first <= y < last:
            squares[first:last] = [False] * hole
        x = 0
        while x < side:
            length = 1
            while x + length < side and squares[x + length] == squares[x]:
                length += 1
            if squares[x]:
                runs.append((start + x, start + y, length))
            x += length
    return runs


def _words(call: str, *, width: int, top: float, band: float) -> Words:
    letters = bold()
    text = letters.check(call)
    size = min(band * _WORDS_HEIGHT, width * _WORDS_WIDTH / letters.width(text))
    return Words(text, middle=width / 2, baseline=top + band / 2 + size * _BASELINE, size=size)
