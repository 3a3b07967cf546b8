"""Creditor references: those with check digits are checked, others pass as they are."""

from __future__ import annotations

import re

from stats.errors import BadReference, ReferenceTooLong
from stats.services.bank_accounts import check_digits, has_check_digits
from stats.services.pasted_text import compact, to_ascii

LONGEST = 35
"""EPC069-12: the structured remittance reference."""

# The characters that every bank accepts (EPC217-08), which also says where no slash may be.
_ALL_BANKS = re.compile(r"[A-Za-z0-9/\-?:().,'+ ]+")
_RF = re.compile(r"RF[0-9]{2}[A-Z0-9]{1,21}")
_RF_BODY = re.compile(r"[A-Z0-9]{1,21}")
_RF_SIGNS = " -.,/:"
_BELGIAN = re.compile(r"(?P<signs>\+{3}|\*{3})? ?([0-9]{3}) ?/ ?([0-9]{4}) ?/ ?([0-9]{5}) ?(?(signs)(?:\+{3}|\*{3}))")
_GROUPS = re.compile(r"[0-9]+(?: [0-9]+)+")
_FINNISH = re.compile(r"[0-9]{4,20}")
_SLOVENIAN = re.compile(r"SI[0-9]{2}(?=[0-9-]{1,22}\Z)[0-9]+(?:-[0-9]+){0,2}")
_SI_CHECKED = "SI12"


def parse_reference(written: str, *, iban: str = "") -> str:
    """The reference as it goes into a code.

    RF (ISO 11649), Belgian ("+++090/9337/55493+++"), Slovenian (SI and a model) and, for an account in Finland, Finnish
    ones are checked and lose the signs between their groups. All others stay as they are, at most 35 characters.
    Raises BadReference with the kind whose check failed, or ReferenceTooLong.
    """
    text = " ".join(to_ascii(written).split())
    if belgian := _BELGIAN.fullmatch(text):
        return _checked_belgian("".join(belgian.group(2, 3, 4)))
    if not _ALL_BANKS.fullmatch(text):
        raise BadReference("characters")
    if text.startswith("/") or text.endswith("/") or "//" in text:
        raise BadReference("slashes")
    spaceless = text.replace(" ", "").upper()
    if re.match("RF[0-9]{2}", spaceless):
        return _checked_rf(compact(text, dropped=_RF_SIGNS))
    if _SLOVENIAN.fullmatch(spaceless):
        return _checked_slovenian(spaceless)
    if _GROUPS.fullmatch(text):
        text = spaceless
    if iban.startswith("FI") and _FINNISH.fullmatch(text) and not _is_finnish(text):
        raise BadReference("FI")
    if len(text) > LONGEST:
        raise ReferenceTooLong(len(text) - LONGEST)
    return text


def make_rf_reference(written: str) -> str:
    """The ISO 11649 reference of an invoice number: RF, two check digits, and the number without its blanks and signs.

    What already begins as an RF reference is checked and stays as it is.
    Raises BadReference: "invoice" where the number has other characters, or more than 21, or "RF".
    """
    number = compact(written, dropped=_RF_SIGNS)
    if re.match("RF[0-9]{2}", number):
        return _checked_rf(number)
    if not _RF_BODY.fullmatch(number):
        raise BadReference("invoice")
    return f"RF{check_digits('RF', number)}{number}"


def format_reference(reference: str) -> str:
    """An ISO 11649 reference in groups of four, as it is printed; others unchanged."""
    if not _RF.fullmatch(reference):
        return reference
    return " ".join(reference[start : start + 4] for start in range(0, len(reference), 4))


def _checked_rf(number: str) -> str:
    if not _RF.fullmatch(number) or not has_check_digits(number):
        raise BadReference("RF")
    return number


def _checked_slovenian(number: str) -> str:
    if number.startswith(_SI_CHECKED) and not _is_si12(number[4:]):
        raise BadReference("SI")
    return number


def _checked_belgian(digits: str) -> str:
    """Ten digits and their remainder modulo 97; 97 is written for 0."""
    if (int(digits[:10]) % 97 or 97) != int(digits[10:]):
        raise BadReference("BE")
    return digits


def _is_finnish(digits: str) -> bool:
    """The last digit fills the sum of 7, 3, 1, 7, … times the others, from the right, up to the next ten."""
    total = sum(int(digit) * (7, 3, 1)[place % 3] for place, digit in enumerate(reversed(digits[:-1])))
    return -total % 10 == int(digits[-1])


def _is_si12(body: str) -> bool:
    """At most 13 digits, the last of which is 11 minus the sum of 2, 3, 4, … times the others by 11; 10, 11 are 0."""
    if not body.isdigit() or not 2 <= len(body) <= 13:  # noqa: PLR2004 (the docstring says it)
        return False
    total = sum(int(digit) * weight for weight, digit in enumerate(reversed(body[:-1]), 2))
    return (11 - total % 11) % 11 % 10 == int(body[-1])
