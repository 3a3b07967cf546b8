"""Sheets of labels as PDF: A4, so many labels beside and below each other, each a code with its words below."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from codetags.errors import CallTooLong, SheetTooDense, SquaresTooSmall
from codetags.services.printing.layouts import Layout, check_size, lay_out
from codetags.services.printing.letters import Letters, bold, check_texts, regular
from codetags.services.printing.looks import Look
from codetags.services.printing.pdf_files import POINTS, draw_on, new_canvas

#: Width and height of A4, millimetres.
A4 = (210, 297)
#: Labels of one file.
MOST_LABELS = 500
# Millimetres: what stays free inside a label, and the letters of the code and below it.
_PADDING = 1.5
_LEAST_LETTERS, _MOST_LETTERS = 2.1, 4.2
# As shares: letters of the code and of the height of a label; of the text and of the code; a line and its letters.
_LETTERS_SHARE, _TEXT_SHARE, _LINE = 0.085, 0.8, 1.25
_TEXT_LINES = 2


@dataclass(frozen=True, slots=True)
class Label:
    """One label. url: what its code holds; code: the line below it; text: what follows, "" for nothing."""

    url: str
    code: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Grid:
    """How labels lie on a page: columns and rows, and the page's margins at the sides and at top and bottom, in mm."""

    columns: int = 3
    rows: int = 7
    side: float = 10
    top: float = 10

    @property
    def label(self) -> tuple[float, float]:
        """Width and height of one label, millimetres."""
        return (A4[0] - 2 * self.side) / self.columns, (A4[1] - 2 * self.top) / self.rows


def draw_label_sheet(labels: Sequence[Label], grid: Grid, look: Look, title: str) -> bytes:
    """As many pages as the labels need. The size of a code is what its label leaves.

    Raises SheetTooDense, UnprintableText (of any label's words or the frame's), InvertedColours or LowContrast.
    """
    check_texts(text for label in labels for text in (label.code, label.text))
    out = io.BytesIO()
    canvas = new_canvas(out, *A4, title)
    wide, high = grid.label
    type_area = _TypeArea(wide - 2 * _PADDING, high - 2 * _PADDING)
    lines = max((len(type_area.lines(label.text)) for label in labels), default=0)
    for number, label in enumerate(labels):
        place = number % (grid.columns * grid.rows)
        if number and not place:
            canvas.showPage()
        row, column = divmod(place, grid.columns)
        left, top = grid.side + column * wide + _PADDING, A4[1] - grid.top - row * high - _PADDING
        _draw_label(canvas, label, look, type_area, (left, top, lines))
    canvas.showPage()
    canvas.save()
    return out.getvalue()


@dataclass(frozen=True, slots=True)
class _TypeArea:
    """What is printed on of a label, and its letters; millimetres."""

    width: float
    height: float

    @property
    def size(self) -> float:
        """The letters of the code."""
        return min(max(self.height * _LETTERS_SHARE, _LEAST_LETTERS), _MOST_LETTERS)

    @property
    def small(self) -> float:
        """Those of the text below it."""
        return self.size * _TEXT_SHARE

    def lines(self, text: str) -> list[str]:
        return regular().fit(regular().check(text), size=self.small, width=self.width, lines=_TEXT_LINES)


def _draw_label(canvas: Any, label: Label, look: Look, area: _TypeArea, place: tuple[float, float, int]) -> None:
    """place: left and top edge on the page, and how many lines of text the sheet's labels have."""
    left, top, lines = place
    words = (area.size + lines * area.small) * _LINE
    layout, width = _fitted(label.url, look, area.width, area.height - words)
    tall = layout.height_of(width)
    top -= (area.height - tall - words) / 2
    middle = left + area.width / 2
    draw_on(canvas, layout, look, left=middle - width / 2, bottom=top - tall, width=width)
    canvas.setFillGray(0)
    line = top - tall - area.size
    code = bold().fit(bold().check(label.code), size=area.size, width=area.width, lines=1)[0]
    _centred(canvas, bold(), area.size, code, middle=middle, line=line)
    for text in area.lines(label.text):
        line -= area.small * _LINE
        _centred(canvas, regular(), area.small, text, middle=middle, line=line)


def _fitted(url: str, look: Look, width: float, height: float) -> tuple[Layout, float]:
    """The picture of a URL, and its width in mm where it fits in. Raises SheetTooDense when that is too small."""
    layout = lay_out(url, look)
    fitted = min(width, height * layout.width / layout.height)
    try:
        check_size(layout, fitted)
    except (SquaresTooSmall, CallTooLong) as error:
        raise SheetTooDense from error
    return layout, fitted


def _centred(canvas: Any, letters: Letters, size: float, text: str, *, middle: float, line: float) -> None:
    canvas.setFont(letters.name, size * POINTS)
    canvas.drawCentredString(middle * POINTS, line * POINTS, text)
