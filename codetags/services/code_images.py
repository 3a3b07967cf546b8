"""QR images of campaign links."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable
from typing import TYPE_CHECKING

import segno

from kv.process.lazy import LazyModule
from kv.web.qr_codes import picture

if TYPE_CHECKING:
    from codetags.services.printing import layouts, pdf_files, png_files, svg_files
    from codetags.services.printing.looks import Look
else:
    layouts, pdf_files, png_files, svg_files = (
        LazyModule(f"codetags.services.printing.{name}") for name in ("layouts", "pdf_files", "png_files", "svg_files")
    )

__all__ = ["KINDS", "LARGEST_SCALE", "LEVELS", "draw_code_image", "draw_print", "pack_files"]

#: Media type by kind of file.
KINDS = {"svg": "image/svg+xml", "png": "image/png", "pdf": "application/pdf"}
#: Error correction: the share of the square that may be unreadable, percent.
LEVELS = {"l": 7, "m": 15, "q": 25, "h": 30}
LARGEST_SCALE = 40
# The oldest date in a ZIP, for every entry: the same input gives the same file.
_TIMELESS = (1980, 1, 1, 0, 0, 0)


def draw_code_image(url: str, *, kind: str, scale: int, level: str) -> bytes:
    """The QR image of a URL, black on white.

    kind: svg or png. scale: pixels (or, for SVG, units) to a module, 1 to LARGEST_SCALE. level: one of LEVELS.
    """
    return picture(segno.make_qr(url, error=level, boost_error=False), kind, scale=scale)


def draw_print(url: str, *, kind: str, look: Look) -> bytes:
    """The QR image of a URL for print, of exactly the size of `look`.

    kind: one of KINDS. Raises a kind of UnprintableImage.
    """
    layout = layouts.lay_out(url, look)
    layouts.check_size(layout, look.size)
    if kind == "png":
        return png_files.draw_png(layout, look)
    return pdf_files.draw_pdf(layout, look, url) if kind == "pdf" else svg_files.draw_svg(layout, look, url)


def pack_files(files: Iterable[tuple[str, bytes]]) -> bytes:
    """A ZIP with each (file name, content)."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            entry = zipfile.ZipInfo(name, _TIMELESS)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return out.getvalue()
