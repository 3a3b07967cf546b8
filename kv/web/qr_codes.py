"""QR codes as pictures: black on white in any colour scheme, with the margin that the standard asks for."""

from __future__ import annotations

import io
import math
import struct
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from segno import QRCode

#: Modules of white on each side (ISO/IEC 18004).
QUIET_ZONE = 4
#: What a picture with a size in millimetres has at least: what printers draw sharply.
_DOTS_PER_INCH = 300
_MM_PER_INCH = 25.4
# The signature and the header, which the standard puts first.
_PNG_HEAD = 33


def inline_svg(square: QRCode) -> str:
    """SVG for use inside a page, which sets its size."""
    svg: str = square.svg_inline(
        border=QUIET_ZONE, dark="#000", light="#fff", omitsize=True, svgclass=None, lineclass=None
    )
    return svg


def picture(square: QRCode, kind: str, *, scale: int, size_mm: int | None = None) -> bytes:
    """A file. kind: "svg" or "png". scale: pixels (or, for SVG, units) to a module.

    size_mm: how wide it is on paper, margin included, in place of `scale`.
    """
    if size_mm:
        return (_svg_of_size if kind == "svg" else _png_of_size)(square, size_mm)
    out = io.BytesIO()
    # With a unit segno also writes a viewBox. Without one, programs can't draw the file at another size.
    extra = {"unit": "px"} if kind == "svg" else {}
    square.save(out, kind=kind, scale=scale, border=QUIET_ZONE, dark="#000", light="#fff", **extra)
    return out.getvalue()


def _svg_of_size(square: QRCode, size_mm: int) -> bytes:
    out = io.BytesIO()
    square.save(out, kind="svg", border=QUIET_ZONE, dark="#000", light="#fff", omitsize=True)
    return out.getvalue().replace(b"<svg ", f'<svg width="{size_mm}mm" height="{size_mm}mm" '.encode(), 1)


def _png_of_size(square: QRCode, size_mm: int) -> bytes:
    """Whole pixels to a module, at least 300 to the inch; the file says how many go to a metre."""
    modules = square.symbol_size(border=QUIET_ZONE)[0]
    scale = math.ceil(size_mm / _MM_PER_INCH * _DOTS_PER_INCH / modules)
    plain = picture(square, "png", scale=scale)
    per_metre = round(modules * scale * 1000 / size_mm)
    density = b"pHYs" + struct.pack(">IIB", per_metre, per_metre, 1)
    chunk = struct.pack(">I", len(density) - 4) + density + struct.pack(">I", zlib.crc32(density))
    return plain[:_PNG_HEAD] + chunk + plain[_PNG_HEAD:]
