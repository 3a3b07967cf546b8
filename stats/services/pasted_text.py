"""Clean up numbers that were copied from a page, a PDF or a message."""

from __future__ import annotations

import unicodedata

# U+FF01 to U+FF5E are the full-width forms of ASCII, from East Asian keyboards. Other digits are not converted: "²" is
# not a 2, and Arabic digits can't be compared with the invoice by eye.
_FULL_WIDTH = {number: number - 0xFEE0 for number in range(0xFF01, 0xFF5F)}


def to_ascii(text: str) -> str:
    """Full-width characters as ASCII, every blank a space, format characters (zero-width, direction marks) dropped."""
    if text.isascii() and text.isprintable():
        return text
    kept = (" " if character.isspace() else character for character in text if unicodedata.category(character) != "Cf")
    return "".join(kept).translate(_FULL_WIDTH)


def compact(text: str, *, dropped: str = " -.") -> str:
    """A number without its blanks, dashes of every kind and other signs between its groups, in capitals.

    Letters are made capitals only where all is ASCII: "ß" would become two letters and "ı" an I.
    """
    signs = (
        character
        for character in to_ascii(text)
        if character not in dropped and not ("-" in dropped and unicodedata.category(character) == "Pd")
    )
    number = "".join(signs)
    return number.upper() if number.isascii() else number
