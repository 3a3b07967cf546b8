"""Badges: a label and a total on two fields, drawn here, and as shields.io's endpoint JSON has them."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

# A badge looks the same on a light and on a dark page. White on either field has a contrast over 6 : 1.
LABEL_COLOR = "#3d3a34"
COLOR = "#0b5a45"
UNKNOWN_COLOR = "#5c564a"

_FONT_SIZE = 11
# On each side of a text, pixels.
_PADDING = 6
_CORNER = 3
# Advance widths of Verdana, thousandths of the font's size. Other fonts are fitted into them (`textLength`).
_WIDTHS = {
    **dict.fromkeys("0123456789€–", 636), **dict.fromkeys(".,", 364), **dict.fromkeys(" \u00a0", 352), "\u202f": 200,
    **dict.fromkeys("'’", 269), **dict.fromkeys("-()", 454), **dict.fromkeys("ijlI", 300), **dict.fromkeys("frt", 400),
    **dict.fromkeys("csz", 523), **dict.fromkeys("aekvxyop", 597), **dict.fromkeys("bdghnqu", 629), "m": 973, "w": 818,
    **dict.fromkeys("AEFLPSTYBCKRVXZ", 660), **dict.fromkeys("DGHNOQU", 764), "J": 455, "M": 843, "W": 989,
}  # fmt: skip
_OTHER_WIDTH, _WIDE_WIDTH = 680, 1000


@dataclass(frozen=True, slots=True)
class Badge:
    """What a badge says: `label` on the left, `message` on the right. is_known: False where no number is known."""

    label: str
    message: str
    is_known: bool = True

    @property
    def title(self) -> str:
        """All of it in one line."""
        return f"{self.label}: {self.message}"

    @property
    def color(self) -> str:
        """The right field."""
        return COLOR if self.is_known else UNKNOWN_COLOR


@dataclass(frozen=True, slots=True)
class Field:
    """One of the two fields: where it begins and how wide it is, where its text begins and how long it is; pixels."""

    text: str
    color: str
    left: int
    width: int
    text_left: int
    text_width: int
    is_first: bool

    @property
    def outline(self) -> str:
        """The path of the field: its outer corners are round."""
        edge, side = self.left, self.width - _CORNER
        if self.is_first:
            return f"M{_CORNER} 0h{side}v20H{_CORNER}a3 3 0 0 1-3-3V3a3 3 0 0 1 3-3z"
        return f"M{edge} 0h{side}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3H{edge}z"


def lay_out(badge: Badge) -> tuple[Field, Field]:
    """The two fields of a badge, as wide as their texts need."""
    label = _field(badge.label, LABEL_COLOR, 0)
    return label, _field(badge.message, badge.color, label.width)


def text_width(text: str) -> int:
    """How wide a text is in Verdana of 11 pixels, rounded up."""
    return -(-sum(_width(sign) for sign in text) * _FONT_SIZE // 1000)


def _field(text: str, color: str, left: int) -> Field:
    width = text_width(text)
    return Field(text, color, left, width + 2 * _PADDING, left + _PADDING, width, is_first=not left)


def _width(sign: str) -> int:
    plain = unicodedata.normalize("NFD", sign)[0]  # an accent adds nothing
    if known := _WIDTHS.get(plain):
        return known
    return _WIDE_WIDTH if unicodedata.east_asian_width(plain) in "WF" else _OTHER_WIDTH
