"""SEPA payment codes (EPC069-12): what a payer's bank app reads from the square.

Nothing here is kept or written down: an order comes in, a code goes out.
"""

import io
import re
from dataclasses import dataclass
from decimal import Decimal

import segno

from stats.errors import AmountUnclear, PaymentTooLong

MAX_CENTS = 99_999_999_999
"""The most a SEPA credit transfer can carry: 999 999 999.99 EUR (EPC069-12, element 8)."""

MAX_PAYLOAD_BYTES = 331
"""EPC069-12: the whole text of a code, in its own encoding. It is what a version 13 square holds at level M."""

QUIET_ZONE = 4
"""Modules of white on each side, as ISO/IEC 18004 asks."""

# The encodings a code may name, by their number. UTF-8 first: every bank app reads it. The others are shorter for
# names and texts with accents, so they are tried only when UTF-8 does not fit.
_ENCODINGS = (
    (1, "utf-8"),
    (2, "iso-8859-1"),
    (3, "iso-8859-2"),
    (4, "iso-8859-4"),
    (5, "iso-8859-5"),
    (6, "iso-8859-7"),
    (7, "iso-8859-10"),
    (8, "iso-8859-15"),
)

_GROUP_MARKS = " .,'"
_AMOUNT = re.compile(
    rf"""
    (?: (?P<plain>[0-9]+)
      | (?P<grouped>[0-9]{{1,3}} (?P<mark>[{_GROUP_MARKS}]) [0-9]{{3}} (?: (?P=mark) [0-9]{{3}} )* )
    )
    (?: (?P<point>[.,]) (?P<cents>[0-9]{{1,2}}) )?
    """,
    re.VERBOSE,
)
# No-break, thin and narrow spaces, and the curly apostrophe: what a number looks like when it is copied from a page.
_TYPOGRAPHY = str.maketrans({"\u00a0": " ", "\u2009": " ", "\u202f": " ", "\u2019": "'"})


@dataclass(frozen=True, slots=True)
class PaymentOrder:
    """A transfer that somebody is asked to make, checked: compact upper-case IBAN, BIC and reference, "" where absent.

    At most one of remittance_text and reference is set.
    """

    beneficiary: str
    iban: str
    amount_cents: int
    bic: str = ""
    remittance_text: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True)
class PaymentCode:
    """The square of one order."""

    order: PaymentOrder
    square: segno.QRCode

    def inline_svg(self) -> str:
        """SVG to stand in a page: black on white whatever the page's colours, sized by its surroundings."""
        svg: str = self.square.svg_inline(
            border=QUIET_ZONE, dark="#000", light="#fff", omitsize=True, svgclass=None, lineclass=None
        )
        return svg

    def svg(self) -> bytes:
        """A file of its own: one module is 10 units wide."""
        return self._rendered("svg")

    def png(self) -> bytes:
        """A picture of its own: one module is 10 pixels wide."""
        return self._rendered("png")

    def _rendered(self, kind: str) -> bytes:
        out = io.BytesIO()
        self.square.save(out, kind=kind, border=QUIET_ZONE, dark="#000", light="#fff", scale=10)
        return out.getvalue()


def parse_amount(written: str) -> int:
    """Read an amount in euro as people write it, in cents.

    The decimal sign is a comma or a point with one or two digits behind it. Thousands may be set apart, by threes, with
    a space, an apostrophe, or whichever of comma and point is not the decimal sign. A single comma or point before
    exactly three digits ("1.234") is 1234 in one country and 1.234 in the next, so it is refused rather than guessed.
    Raises AmountUnclear. Says nothing about how large an amount may be.
    """
    text = written.translate(_TYPOGRAPHY).strip().removeprefix("€").removesuffix("€").strip()
    found = _AMOUNT.fullmatch(text)
    if found is None:
        raise AmountUnclear(written)
    mark, point, cents = found["mark"], found["point"], found["cents"] or ""
    is_doubtful = mark in {".", ","} and point is None and found["grouped"].count(mark) == 1
    if is_doubtful or (mark is not None and mark == point):
        raise AmountUnclear(written)
    euros = found["plain"] or found["grouped"].replace(mark, "")
    return int(euros + cents.ljust(2, "0"))


def make_payment_code(order: PaymentOrder) -> PaymentCode:
    """Draw the code of an order: level M, at most version 13, never a Micro QR, which bank apps can't read.

    Raises PaymentTooLong.
    """
    return PaymentCode(order=order, square=segno.make_qr(build_payload(order), error="m", boost_error=False))


def build_payload(order: PaymentOrder) -> bytes:
    """The lines of EPC069-12, version 002, in the first encoding they fit into. Raises PaymentTooLong."""
    for number, encoding in _ENCODINGS:
        lines = (
            "BCD",
            "002",
            str(number),
            "SCT",
            order.bic,
            order.beneficiary,
            order.iban,
            f"EUR{Decimal(order.amount_cents).scaleb(-2):.2f}",
            "",  # purpose: left to the payer's bank
            order.reference,
            order.remittance_text,
        )
        try:
            # The standard ends a code at its last element that is filled.
            payload = "\n".join(lines).rstrip("\n").encode(encoding)
        except UnicodeEncodeError:
            continue
        if len(payload) <= MAX_PAYLOAD_BYTES:
            return payload
    raise PaymentTooLong(order.iban)
