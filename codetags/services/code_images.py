"""QR images of campaign links."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable

import segno

from kv.web.qr_codes import picture

#: Media type by kind of file.
KINDS = {"svg": "image/svg+xml", "png": "image/png"}
#: Error correction: the share of the square that may be unreadable, percent.
LEVELS = {"l": 7, "m": 15, "q": 25, "h": 30}
LARGEST_SCALE = 40
# The oldest date in a ZIP, for every entry: the same input gives the same file.
_TIMELESS = (1980, 1, 1, 0, 0, 0)


def draw_code_image(url: str, *, kind: str, scale: int, level: str) -> bytes:
    """The QR image of a URL, black on white.

    kind: one of KINDS. scale: pixels (or, for SVG, units) to a module, 1 to LARGEST_SCALE. level: one of LEVELS.
    """
    return picture(segno.make_qr(url, error=level, boost_error=False), kind, scale=scale)


def pack_code_images(links: Iterable[tuple[str, str]], *, kind: str, scale: int, level: str) -> bytes:
    """A ZIP with the image of each (file name without extension, URL)."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, url in links:
            entry = zipfile.ZipInfo(f"{name}.{kind}", _TIMELESS)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, draw_code_image(url, kind=kind, scale=scale, level=level))
    return out.getvalue()
