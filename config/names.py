"""Checks against look-alike user names: letters of one script, and no name that looks like one that is taken.

After RFC 8265 (PRECIS, UsernameCaseMapped) and UTS 39 (restriction level "highly restrictive"), without their tables:
Django's form has normalised the name (NFKC) and refused what is no letter, digit or `@.+-_`. Not covered are letters of
one script that look alike, such as l and I.
"""

from __future__ import annotations

import unicodedata

# Scripts that one name may mix, since Chinese, Japanese and Korean do.
_TOGETHER = (
    frozenset({"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA"}),
    frozenset({"CJK", "BOPOMOFO"}),
    frozenset({"CJK", "HANGUL"}),
)
_COMMON = frozenset("0123456789@.+-_")
# Cyrillic and Greek letters that look like Latin ones.
_LATIN = str.maketrans("авеһіјкмнорѕстухԁԛԝгѵӏєαβεικνορτυχγϲϳ", "abehijkmhopsctyxdqwrvleabeiknoptuxycj")


def is_of_one_script(name: str) -> bool:
    """Whether all letters and digits are of one script, beside ASCII's digits and signs."""
    scripts = {unicodedata.name(sign, "").split(" ")[0] for sign in name if sign not in _COMMON}
    return len(scripts) <= 1 or any(scripts <= together for together in _TOGETHER)


def spellings_alike(name: str) -> set[str]:
    """Spellings that look like this name: in other cases, and with Latin letters of the same shape."""
    folded = name.casefold()
    latin = folded.translate(_LATIN)
    found = {folded, name.lower(), name.upper(), name.title()}
    return found | {latin, latin.upper(), latin.title()} if latin.isascii() else found
