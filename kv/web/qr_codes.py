"""QR codes as pictures: black on white in any colour scheme, with the margin that the standard asks for."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from segno import QRCode

#: Modules of white on each side (ISO/IEC 18004).
QUIET_ZONE = 4


def inline_svg(square: QRCode) -> str:
    """SVG for use inside a page, which sets its size."""
    svg: str = square.svg_inline(
        border=QUIET_ZONE, dark="#000", light="#fff", omitsize=True, svgclass=None, lineclass=None
    )
    return svg


def picture(square: QRCode, kind: str, *, scale: int) -> bytes:
    """A file. kind: "svg" or "png". scale: pixels (or, for SVG, units) to a module."""
    out = io.BytesIO()
    # With a unit segno also writes a viewBox. Without one, programs can't draw the file at another size.
    extra = {"unit": "px"} if kind == "svg" else {}
    square.save(out, kind=kind, scale=scale, border=QUIET_ZONE, dark="#000", light="#fff", **extra)
    return out.getvalue()
