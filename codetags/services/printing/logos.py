"""Logos for the middle of a code: uploaded pictures, made small and square, and nothing else of the file kept."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from codetags.errors import BadLogo, LogoProblem

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

#: What may be uploaded. SVG may not: it can hold scripts, addresses and entities, and would need a renderer for PNG.
FORMATS = ("PNG", "JPEG")
#: Of the file that is uploaded, bytes.
LARGEST_FILE = 128 * 1024
#: Of its picture, pixels from side to side: read before a pixel is unpacked.
LARGEST_SIDE = 2000
#: What is kept: the first of these sides, in pixels, at which the PNG has at most so many bytes.
_SIDES = (400, 280, 200, 140, 100)
LARGEST_KEPT = 48 * 1024


def read_logo(data: bytes) -> bytes:
    """The logo of an uploaded file as a square PNG, transparent where the picture is not square.

    Raises BadLogo.
    """
    from PIL import Image, ImageOps

    if len(data) > LARGEST_FILE:
        raise BadLogo(LogoProblem.TOO_LARGE)
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            _check_size(picture)
            upright = ImageOps.exif_transpose(picture).convert("RGBA")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise BadLogo(LogoProblem.TOO_MANY_PIXELS) from error
    except (OSError, SyntaxError, ValueError, MemoryError) as error:  # Pillow's own kinds
        if isinstance(error, BadLogo):
            raise
        raise BadLogo(LogoProblem.UNREADABLE) from error
    for side in _SIDES:
        kept = _square(_within(upright, side))
        if len(kept) <= LARGEST_KEPT:
            break
    return kept


def _check_size(picture: Picture) -> None:
    if max(picture.size) > LARGEST_SIDE:
        raise BadLogo(LogoProblem.TOO_MANY_PIXELS)


def _within(picture: Picture, side: int) -> Picture:
    """The picture with no more than so many pixels a side, and at least one: `ImageOps.contain` has none of a line."""
    largest = max(picture.size)
    if largest <= side:
        return picture
    width, height = (max(1, round(length * side / largest)) for length in picture.size)
    return picture.resize((width, height))


def _square(picture: Picture) -> bytes:
    from PIL import Image

    side = max(picture.size)
    square = Image.new("RGBA", (side, side))
    square.paste(picture, ((side - picture.width) // 2, (side - picture.height) // 2))
    out = io.BytesIO()
    square.save(out, "PNG", optimize=True)
    return out.getvalue()
