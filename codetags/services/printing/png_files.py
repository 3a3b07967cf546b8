"""A printed QR image as PNG: exactly as many pixels as size and resolution say, and the resolution in the file."""

from __future__ import annotations

import io
from math import ceil, floor
from typing import TYPE_CHECKING

from codetags.errors import PixelsTooFew, PixelsTooMany
from codetags.services.printing.letters import bold
from codetags.services.printing.looks import Look, channels

if TYPE_CHECKING:
    from PIL import Image

    from codetags.services.printing.layouts import Layout

#: Pixels to a square of the code: with fewer the squares become too uneven.
LEAST_PIXELS = 4
#: Pixels from side to side. A picture of 4000 by 4700 takes 19 MB while it is drawn, with a logo 56 MB more.
MOST_PIXELS = 4000
_MM_AN_INCH = 25.4


def draw_png(layout: Layout, look: Look) -> bytes:
    """The file. Raises PixelsTooFew or PixelsTooMany."""
    from PIL import Image, ImageDraw, ImageFont

    inches = look.size / _MM_AN_INCH
    if look.dpi < (least := ceil(layout.width * LEAST_PIXELS / inches)):
        raise PixelsTooFew(least)
    if look.dpi > (most := floor(MOST_PIXELS / inches)):
        raise PixelsTooMany(most)
    width = round(inches * look.dpi)
    scale = width / layout.width
    # A mask: how dark each pixel is. Edges of squares are at whole pixels, those of letters in between.
    mask = Image.new("L", (width, round(layout.height * scale)), 255 if layout.words else 0)
    pen = ImageDraw.Draw(mask)

    def fill(x: float, y: float, wide: float, high: float, shade: int) -> None:
        pen.rectangle(
            (round(x * scale), round(y * scale), round((x + wide) * scale) - 1, round((y + high) * scale) - 1), shade
        )

    left, top, side = layout.inner
    fill(left, top, side, side, 0)
    for x, y, length in layout.runs:
        fill(x, y, length, 1, 255)
    if layout.words:
        words = layout.words
        font = ImageFont.truetype(bold().path, words.size * scale)
        pen.text((words.middle * scale, words.baseline * scale), words.text, fill=0, font=font, anchor="ms")
    picture = _coloured(mask, look)
    if layout.logo:
        picture = _with_logo(picture, look.logo, layout.logo, scale)
    out = io.BytesIO()
    picture.save(out, "PNG", dpi=(look.dpi, look.dpi))
    return out.getvalue()


def _coloured(mask: Image.Image, look: Look) -> Image.Image:
    """The mask with a palette from light to dark: one byte a pixel, whatever the colours."""
    light, dark = channels(look.light), channels(look.dark)
    palette = [
        round(bright + (deep - bright) * shade / 255)
        for shade in range(256)
        for bright, deep in zip(light, dark, strict=True)
    ]
    mask.putpalette(palette)
    return mask


def _with_logo(picture: Image.Image, logo: bytes, place: tuple[float, float, float], scale: float) -> Image.Image:
    from PIL import Image

    x, y, side = (round(value * scale) for value in place)
    picture = picture.convert("RGB")
    mark = Image.open(io.BytesIO(logo), formats=("PNG",)).convert("RGBA").resize((side, side), Image.Resampling.LANCZOS)
    picture.paste(mark, (x, y), mark)
    return picture
