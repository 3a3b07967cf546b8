"""A printed QR image as PDF: one page of exactly its size, the words as text in an embedded font."""

from __future__ import annotations

import io
from functools import cache
from typing import TYPE_CHECKING, Any

from codetags.services.printing.letters import bold, regular
from codetags.services.printing.looks import Look, channels

if TYPE_CHECKING:
    from codetags.services.printing.layouts import Layout

#: Points to a millimetre.
POINTS = 72 / 25.4


def draw_pdf(layout: Layout, look: Look, title: str) -> bytes:
    """The file."""
    high = layout.height_of(look.size)
    out = io.BytesIO()
    canvas = new_canvas(out, look.size, high, title)
    draw_on(canvas, layout, look, left=0, bottom=0, width=look.size)
    canvas.showPage()
    canvas.save()
    return out.getvalue()


def new_canvas(out: io.BytesIO, width: float, height: float, title: str) -> Any:
    """A PDF with pages of this size in millimetres; the same input gives the same file."""
    from reportlab.pdfgen.canvas import Canvas

    _register_fonts()
    # Its first font is one of ours: reportlab's own would be named in the file without being in it.
    canvas = Canvas(
        out,
        pagesize=(width * POINTS, height * POINTS),
        pageCompression=1,
        invariant=1,
        initialFontName=regular().name,
    )
    canvas.setTitle(title)
    canvas.setCreator("Countinghouse")
    return canvas


def draw_on(canvas: Any, layout: Layout, look: Look, *, left: float, bottom: float, width: float) -> None:
    """Draw a picture on a page, `width` millimetres wide, `left` and `bottom` from the page's edges."""
    scale = width * POINTS / layout.width
    canvas.saveState()
    # From here on as in the layout: in squares of the code, from the top left corner. Words would stand upside down.
    canvas.transform(scale, 0, 0, -scale, left * POINTS, bottom * POINTS + layout.height * scale)
    x, y, side = layout.inner
    if layout.words:
        _fill(canvas, look.dark, [(0, 0, layout.width, layout.height)])
        _fill(canvas, look.light, [(x, y, side, side)])
    else:
        _fill(canvas, look.light, [(0, 0, layout.width, layout.height)])
    _fill(canvas, look.dark, [(x, y, length, 1) for x, y, length in layout.runs])
    if layout.logo:
        left_of_logo, top_of_logo, place = layout.logo
        _upright(canvas, top_of_logo + place / 2)
        canvas.drawImage(_picture(look.logo), left_of_logo, top_of_logo, place, place, mask="auto")
        _upright(canvas, top_of_logo + place / 2)
    if layout.words:
        words = layout.words
        _upright(canvas, words.baseline)
        _colour(canvas, look.light)
        canvas.setFont(bold().name, words.size)
        canvas.drawCentredString(words.middle, words.baseline, words.text)
    canvas.restoreState()


def _upright(canvas: Any, line: float) -> None:
    """Turn the page over at a horizontal line: what is drawn there stands upright again."""
    canvas.transform(1, 0, 0, -1, 0, 2 * line)


def _fill(canvas: Any, colour: str, boxes: list[tuple[float, float, float, float]]) -> None:
    _colour(canvas, colour)
    path = canvas.beginPath()
    for box in boxes:
        path.rect(*box)
    canvas.drawPath(path, stroke=0, fill=1)


def _colour(canvas: Any, colour: str) -> None:
    canvas.setFillColorRGB(*(value / 255 for value in channels(colour)))


def _picture(logo: bytes) -> Any:
    from reportlab.lib.utils import ImageReader

    return ImageReader(io.BytesIO(logo))


@cache
def _register_fonts() -> None:
    from reportlab.pdfbase.pdfmetrics import registerFont
    from reportlab.pdfbase.ttfonts import TTFont

    for letters in (bold(), regular()):
        registerFont(TTFont(letters.name, letters.path))
