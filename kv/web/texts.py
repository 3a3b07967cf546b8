"""One rule for texts that are kept or shown: no invisible characters.

NFC first. Format characters (zero-width marks, direction marks, byte order marks, soft hyphens, tags) and fillers are
dropped: they come with pasted text, unnoticed. Control, private, unassigned and surrogate characters and U+FFFD are
refused: something went wrong before, and dropping them would hide it.
Why joiners and new emoji are exceptions: docs/decisions/0080-payment-codes.md.
"""

from __future__ import annotations

import unicodedata

_ZWNJ, _ZWJ = "\u200c", "\u200d"
_REPLACEMENT = "\ufffd"
_REFUSED = {"Cc", "Cn", "Co", "Cs", "Zl", "Zp"}
# Letters, marks and a symbol that show nothing: Hangul fillers, the grapheme joiner, Khmer inherent vowels, Mongolian
# selectors, the empty Braille pattern, the null note head.
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0\u034f\u17b4\u17b5\u180b\u180c\u180d\u180e\u180f\u2800\U0001d159")
_RESERVED = ((0x1F000, 0x1FAFF), (0x1FC00, 0x1FFFD), (0x20000, 0x3FFFF))
# The last two of each plane will never be characters.
_NONCHARACTERS = 0xFFFE
_LINE_MARKS = str.maketrans("\n\r\t", "   ")
# Scripts that need joiners begin behind Hebrew; before it a joiner joins nothing.
_FIRST_JOINED = "\u0600"
_VISIBLE = frozenset("LNPS")


class UnreadableText(ValueError):
    """A character that no text here may hold."""

    def __init__(self, character: str) -> None:
        super().__init__(f"U+{ord(character):04X}")
        self.character = character


class NothingVisible(ValueError):
    """Not one character of the text can be seen."""


def clean_text(text: str, *, lines: bool = False, joiners: bool = True, blank: bool = False) -> str:
    """The text in NFC, without what nobody sees.

    lines:   line breaks and tabs may stand in it; without, they are refused as every control character is.
    joiners: U+200C and U+200D stay between characters of scripts and emoji that need them.
    blank:   a text of which nothing is visible is fine.
    Raises UnreadableText or NothingVisible.
    """
    if text.isascii():
        # Most texts are: three passes in C.
        if not (text.translate(_LINE_MARKS) if lines else text).isprintable():
            raise UnreadableText(next(c for c in text if not c.isprintable() and not (lines and c in "\n\r\t")))
        if not blank and not text.strip():
            raise NothingVisible
        return text
    text = unicodedata.normalize("NFC", text)
    hidden = {character for character in set(text) if _is_hidden(character, lines=lines)}
    if hidden:
        kept = "".join(
            character
            for place, character in enumerate(text)
            if character not in hidden or (joiners and _joins(text, place))
        )
        # What stood on both sides of a dropped character may compose now.
        text = unicodedata.normalize("NFC", kept)
    if not blank and not any(map(is_visible, text)):
        raise NothingVisible
    return text


def is_visible(character: str) -> bool:
    """Whether it shows something by itself: a letter, digit, sign or symbol, no blank and no mark."""
    return character not in _FILLERS and (_is_reserved(character) or unicodedata.category(character)[0] in _VISIBLE)


def _is_hidden(character: str, *, lines: bool) -> bool:
    """Whether it is dropped. Raises UnreadableText."""
    kind = unicodedata.category(character)
    if kind == "Cf" or character in _FILLERS:
        return True
    if character == _REPLACEMENT or (kind in _REFUSED and not (lines and character in "\n\r\t\u2028\u2029")):
        if _is_reserved(character):
            return False
        raise UnreadableText(character)
    return False


def _joins(text: str, place: int) -> bool:
    if text[place] not in (_ZWNJ, _ZWJ) or not 0 < place < len(text) - 1:
        return False
    before, after = text[place - 1], text[place + 1]
    if not (before >= _FIRST_JOINED and after >= _FIRST_JOINED):
        return False
    if not (is_visible(before) or unicodedata.category(before)[0] == "M"):
        return False
    return is_visible(after)


def _is_reserved(character: str) -> bool:
    """Whether Unicode has set it apart for emoji or ideographs to come.

    Python's tables are older than many a phone: U+1FAE8 of 2022 is unassigned in Python 3.11.
    """
    number = ord(character)
    return any(first <= number <= last for first, last in _RESERVED) and number & 0xFFFF < _NONCHARACTERS
