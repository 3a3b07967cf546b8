"""A printed QR image as SVG: paths and nothing else, its words too, so that it needs no font."""

from __future__ import annotations

import base64
from xml.sax.saxutils import escape

from codetags.services.printing.layouts import Layout
from codetags.services.printing.letters import bold
from codetags.services.printing.looks import Look


def draw_svg(layout: Layout, look: Look, title: str) -> bytes:
    """The file; its width and height are in millimetres."""
    left, top, side = layout.inner
    has_frame = layout.words is not None
    size = f'width="{_number(look.size)}mm" height="{_number(layout.height_of(look.size))}mm"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {layout.width} {_number(layout.height)}">',
        f"<title>{escape(title)}</title>",
        _path(look.dark if has_frame else look.light, f"M0 0h{layout.width}v{_number(layout.height)}h-{layout.width}z"),
    ]
    if has_frame:
        parts.append(_path(look.light, f"M{left} {top}h{side}v{side}h-{side}z"))
    parts.append(_path(look.dark, "".join(f"M{x} {y}h{length}v1h-{length}z" for x, y, length in layout.runs)))
    if layout.logo:
        x, y, place = layout.logo
        data = base64.b64encode(look.logo).decode()
        parts.append(
            f'<image x="{_number(x)}" y="{_number(y)}" width="{_number(place)}" height="{_number(place)}"'
            f' href="data:image/png;base64,{data}"/>'
        )
    if layout.words:
        words = layout.words
        outline = bold().outline(words.text, middle=words.middle, baseline=words.baseline, size=words.size)
        parts.append(_path(look.light, outline))
    parts.append("</svg>\n")
    return "".join(parts).encode()


def _path(colour: str, data: str) -> str:
    return f'<path fill="{colour}" d="{data}"/>'


def _number(value: float) -> str:
    return f"{value:.4f}".rstrip("0").rstrip(".")
