"""How a printed QR image looks, and what makes one unreadable."""

from __future__ import annotations

from dataclasses import dataclass

from codetags.errors import InvertedColours, LowContrast

#: Error correction with a logo, which covers squares.
LOGO_LEVEL = "h"
#: The contrast that the colours need, as WCAG 2 measures it.
LEAST_CONTRAST = 4.5
# WCAG 2: the share of each colour in the luminance, and where sRGB's curve begins.
_SHARES = (0.2126, 0.7152, 0.0722)
_LINEAR_UNTIL = 0.04045


@dataclass(frozen=True, slots=True)
class Look:
    """How a printed QR image looks.

    size:  millimetres from side to side, with the quiet zone and the frame.
    dpi:   pixels an inch; for PNG alone.
    dark, light: `#rrggbb`.
    level: error correction: l, m, q or h; a logo needs LOGO_LEVEL, whatever stands here.
    logo:  a PNG made by `read_logo`; empty without one.
    call:  the words in the frame; "" without a frame.
    """

    size: float = 50
    dpi: int = 300
    dark: str = "#000000"
    light: str = "#ffffff"
    level: str = "m"
    logo: bytes = b""
    call: str = ""


def check_colours(dark: str, light: str) -> None:
    """Raise InvertedColours or LowContrast when phones may not tell the squares from the ground.

    dark, light: `#rrggbb`.
    """
    one, other = _luminance(dark), _luminance(light)
    if one > other:
        raise InvertedColours
    contrast = (other + 0.05) / (one + 0.05)
    if contrast < LEAST_CONTRAST:
        raise LowContrast(contrast, LEAST_CONTRAST)


def channels(colour: str) -> tuple[int, int, int]:
    """Red, green and blue of `#rrggbb`, 0 to 255."""
    red, green, blue = bytes.fromhex(colour[1:])
    return red, green, blue


def _luminance(colour: str) -> float:
    """The relative luminance of WCAG 2, 0 to 1."""

    def linear(value: float) -> float:
        return value / 12.92 if value <= _LINEAR_UNTIL else ((value + 0.055) / 1.055) ** 2.4

    return sum(share * linear(value / 255) for share, value in zip(_SHARES, channels(colour), strict=True))
