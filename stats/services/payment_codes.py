"""SEPA payment codes (EPC069-12): what a payer's bank app reads from the square.

Nothing here is stored: an order comes in, a code goes out.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

import segno
from django.utils.text import slugify

from kv.web import qr_codes
from stats.errors import PaymentTooLong

MAX_CENTS = 99_999_999_999
"""The largest amount of a SEPA credit transfer: 999 999 999.99 EUR (EPC069-12, element 8)."""

MAX_PAYLOAD_BYTES = 331
"""EPC069-12: the longest payload of a code, encoded. A version 13 square at level M holds so much."""

# The encodings, by their number in the standard. UTF-8 first, since every bank app reads it. ISO 8859-1 is shorter for
# names and texts with accents. The standard has six more; common scanners misread them, so they are not used.
_ENCODINGS = ((1, "utf-8"), (2, "iso-8859-1"))


@dataclass(frozen=True, slots=True)
class PaymentOrder:
    """The data of a requested transfer, checked: compact upper-case IBAN, BIC and reference, "" where absent.

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
        """SVG for use inside a page: black on white in any colour scheme. The page sets its size."""
        return qr_codes.inline_svg(self.square)

    @property
    def file_name(self) -> str:
        """The name of its files without extension: ASCII, and different for each code."""
        euros, cents = divmod(self.order.amount_cents, 100)
        digest = hashlib.sha256(build_payload(self.order)).hexdigest()[:6]
        return "-".join(filter(None, (slugify(self.order.beneficiary)[:40].strip("-"), f"{euros}.{cents:02}", digest)))

    def svg(self) -> bytes:
        """An SVG file: one module is 10 units wide."""
        return qr_codes.picture(self.square, "svg", scale=10)

    def png(self) -> bytes:
        """A PNG file: one module is 10 pixels wide."""
        return qr_codes.picture(self.square, "png", scale=10)


def make_payment_code(order: PaymentOrder) -> PaymentCode:
    """Draw the code of an order: level M, at most version 13, never a Micro QR, which bank apps can't read.

    Raises PaymentTooLong.
    """
    return PaymentCode(order=order, square=segno.make_qr(build_payload(order), error="m", boost_error=False))


def build_payload(order: PaymentOrder) -> bytes:
    """The lines of EPC069-12, version 002, in UTF-8 or, where only that is short enough, in ISO 8859-1.

    Raises PaymentTooLong, which names the field and how many characters it is too long by.
    """
    payload = _fitting(order)
    if payload is not None:
        return payload
    # Shorten the message first; the name only where it is too long even without a message.
    bare = replace(order, remittance_text="")
    if _fitting(bare):
        over = _over(order.remittance_text, lambda message: replace(order, remittance_text=message))
        raise PaymentTooLong("remittance_text", over)
    raise PaymentTooLong("beneficiary", _over(order.beneficiary, lambda name: replace(bare, beneficiary=name)))


def _over(text: str, with_text: Callable[[str], PaymentOrder]) -> int:
    """By how many characters a text must be shortened so that the order fits."""
    return next(over for over in range(1, len(text) + 1) if _fitting(with_text(text[: len(text) - over])))


def _fitting(order: PaymentOrder) -> bytes | None:
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
    return None
