"""Accounts that a SEPA transfer reaches: IBAN and BIC."""

from __future__ import annotations

import re

from stdnum import iban as registry
from stdnum.exceptions import ValidationError as NumberError

from stats.errors import BadBic, BadIban, NoSepaAccount, QrIban
from stats.services.pasted_text import compact, to_ascii

EEA = frozenset(
    "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE IS LI NO".split()  # noqa: SIM905 (as a list it is a line for each)
)
"""Countries where no BIC is needed (Regulation 260/2012)."""

WITH_BIC = frozenset(("CH", "GB", "GI", "MC", "SM", "AD", "VA", "AL", "MD", "ME", "MK", "RS"))
"""The rest of the EPC's list of countries in SEPA (EPC409-09): the payer's bank asks for the BIC."""

# Countries whose banks issue IBANs with another country's code.
_SHARED = {
    "GB": frozenset(("GB", "GG", "JE", "IM")),
    "FR": frozenset(("FR", "GF", "GP", "MQ", "RE", "YT", "PM", "BL", "MF", "NC", "PF", "WF", "TF")),
}
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_BIC = re.compile(r"[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?")
# "IBAN NO93 …" is an IBAN of Norway: "NO" is a label only when a point or colon follows it.
_IBAN_LABEL = re.compile(
    r"""\A \W* I\.?B\.?A\.?N (?: \b | (?= [A-Z]{2} [0-9]{2} ) )
    (?: [\s.-]* (?: NR | NO | N° | Nº | NUMBER | NUMMER | CODE ) \s* [.:]+ )? [\s.:=#)-]*""",
    re.VERBOSE | re.IGNORECASE,
)
_BIC_LABEL = re.compile(
    r"""\W* (?: BIC | SWIFT ) (?: \s* [/(-] \s* (?: BIC | SWIFT ) \)? )? (?: [\s-]* CODE )?
    (?: \s* [.:=#] \s* | \s+ )""",
    re.VERBOSE | re.IGNORECASE,
)
_QR_INSTITUTIONS = range(30000, 32000)


def parse_iban(written: str) -> str:
    """The IBAN of an account in SEPA as it goes into a code: [A-Z0-9] alone.

    Checks the check digits (ISO 7064: 02 to 98) and the country's structure in the IBAN registry. It does not check
    whether the bank exists: lists of banks are soon out of date.
    Raises BadIban, NoSepaAccount, or QrIban.
    """
    number = compact(_IBAN_LABEL.sub("", to_ascii(written).lstrip(), count=1)).rstrip(",;")
    if not _IBAN.fullmatch(number) or not has_check_digits(number):
        raise BadIban
    country = number[:2]
    if country not in EEA | WITH_BIC:
        raise NoSepaAccount(country)
    try:
        registry.validate(number, check_country=False)
    except NumberError as error:
        raise BadIban from error
    if country in ("CH", "LI") and int(number[4:9]) in _QR_INSTITUTIONS:
        raise QrIban
    return number


def parse_bic(written: str) -> str:
    """The BIC in capitals, 8 or 11 of [A-Z0-9]. Raises BadBic."""
    text = to_ascii(written)
    label = _BIC_LABEL.match(text)
    number = compact(text[label.end() :] if label else text)
    if not _BIC.fullmatch(number):
        raise BadBic
    return number


def needs_bic(iban: str) -> bool:
    """Whether a transfer to this account needs the BIC: it is outside the European Economic Area."""
    return iban[:2] in WITH_BIC


def fits(bic: str, iban: str) -> bool:
    """Whether the bank can hold the account: both have the same country, or countries that share their IBANs."""
    return bic[4:6] in _SHARED.get(iban[:2], {iban[:2]})


def check_digits(letters: str, rest: str) -> str:
    """The two digits between two letters and a rest in [A-Z0-9] (ISO 7064, MOD 97-10): 02 to 98."""
    return f"{98 - _as_number(f'{rest}{letters}00') % 97:02}"


def has_check_digits(number: str) -> bool:
    """Whether two letters, check digits and a rest in [A-Z0-9] agree (ISO 7064, MOD 97-10).

    Valid check digits are 98 minus a remainder of 0 to 96. So 00, 01 and 99 are refused, though their remainder fits.
    """
    return "02" <= number[2:4] <= "98" and _as_number(number[4:] + number[:4]) % 97 == 1


def _as_number(text: str) -> int:
    """With two digits for each letter: A is 10, Z is 35."""
    return int("".join(str(int(character, 36)) for character in text))
