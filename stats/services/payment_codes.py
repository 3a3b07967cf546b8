"""SEPA payment codes (EPC069-12): what a payer's bank app reads from the square.

Nothing here is stored: an order comes in, a code goes out.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import segno
from django.utils.text import slugify

from kv.web import qr_codes
from stats.errors import BadPurpose, PaymentTooLong
from stats.services.pasted_text import compact

MAX_CENTS = 99_999_999_999
"""The largest amount of a SEPA credit transfer: 999 999 999.99 EUR (EPC069-12, element 8)."""

MAX_PAYLOAD_BYTES = 331
"""EPC069-12: the longest payload of a code, encoded. A version 13 square at level M holds so much."""

# The encodings, by their number in the standard. UTF-8 first, since every bank app reads it. ISO 8859-1 is shorter for
# names and texts with accents. The standard has six more; common scanners misread them, so they are not used.
_ENCODINGS = ((1, "utf-8"), (2, "iso-8859-1"))
_PURPOSE = re.compile(r"[A-Z][A-Z0-9]{3}")


@dataclass(frozen=True, slots=True)
class PaymentOrder:
    """The data of a requested transfer, checked: compact upper-case IBAN, BIC and reference, "" where absent.

    amount_cents: EUR cents; None where the payer enters the amount.
    At most one of remittance_text and reference is set.
    purpose:      a code of ISO 20022's external list, four capitals.
    note:         what the recipient tells the payer; it is not part of the transfer.
    """

    beneficiary: str
    iban: str
    amount_cents: int | None = None
    bic: str = ""
    remittance_text: str = ""
    reference: str = ""
    purpose: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class PaymentCode:
    """The square of one order."""

    order: PaymentOrder
    square: segno.QRCode

    def inline_svg(self) -> str:
        """SVG for use inside a page: black on white in any colour scheme. The page sets its size."""
        return qr_codes.inline_svg(self.square)

    @property
    def payload(self) -> str:
        """The text in the code. Its third line names the charset of the code's bytes: 1 is UTF-8, 2 ISO 8859-1."""
        return _payload_of(self.order)[0]

    @property
    def file_name(self) -> str:
        """The name of its files without extension: ASCII, and different for each code."""
        amount = "" if self.order.amount_cents is None else _euros(self.order.amount_cents)
        digest = hashlib.sha256(build_payload(self.order)).hexdigest()[:6]
        return "-".join(filter(None, (slugify(self.order.beneficiary)[:40].strip("-"), amount, digest)))

    def svg(self, *, size_mm: int | None = None) -> bytes:
        """An SVG file, `size_mm` wide with its margin; without a size one module is 10 units wide."""
        return qr_codes.picture(self.square, "svg", scale=10, size_mm=size_mm)

    def svg_element(self) -> str:
        """The same as an element for other documents: without the XML declaration."""
        return self.svg().decode().partition("?>\n")[2]

    def png(self, *, size_mm: int | None = None) -> bytes:
        """A PNG file that prints `size_mm` wide with its margin; without a size one module is 10 pixels wide."""
        return qr_codes.picture(self.square, "png", scale=10, size_mm=size_mm)


def parse_purpose(written: str) -> str:
    """The purpose code in capitals. Raises BadPurpose.

    Its form alone is checked: ISO 20022's list of them changes four times a year.
    """
    code = compact(written)
    if not _PURPOSE.fullmatch(code):
        raise BadPurpose
    return code


def make_payment_code(order: PaymentOrder) -> PaymentCode:
    """Draw the code of an order: level M, at most version 13, never a Micro QR, which bank apps can't read.

    Raises PaymentTooLong.
    """
    return PaymentCode(order=order, square=segno.make_qr(build_payload(order), error="m", boost_error=False))


def build_payload(order: PaymentOrder) -> bytes:
    """The lines of EPC069-12, version 002, in UTF-8 or, where only that is short enough, in ISO 8859-1.

    Raises PaymentTooLong, which names the field and how many characters it is too long by.
    """
    return _payload_of(order)[1]


def _payload_of(order: PaymentOrder) -> tuple[str, bytes]:
    fitting = _fitting(order)
    if fitting is not None:
        return fitting
    # Shorten the note first, then the message; the name only where it is too long even without both.
    for field in ("note", "remittance_text"):
        emptied = _with_text(order, field, "")
        if _fitting(emptied):
            raise PaymentTooLong(field, _over(order, field))
        order = emptied
    raise PaymentTooLong("beneficiary", _over(order, "beneficiary"))


def _over(order: PaymentOrder, field: str) -> int:
    """By how many characters the field's text must be shortened so that the order fits."""
    text: str = getattr(order, field)
    cuts = range(1, len(text) + 1)
    return next(over for over in cuts if _fitting(_with_text(order, field, text[: len(text) - over])))


def _with_text(order: PaymentOrder, field: str, text: str) -> PaymentOrder:
    changed: dict[str, Any] = {field: text}
    return replace(order, **changed)


def _euros(cents: int) -> str:
    return f"{Decimal(cents).scaleb(-2):.2f}"


def _fitting(order: PaymentOrder) -> tuple[str, bytes] | None:
    """The payload as text and encoded; None when no encoding is short enough."""
    for number, encoding in _ENCODINGS:
        lines = (
            "BCD",
            "002",
            str(number),
            "SCT",
            order.bic,
            order.beneficiary,
            order.iban,
            "" if order.amount_cents is None else f"EUR{_euros(order.amount_cents)}",
            order.purpose,
            order.reference,
            order.remittance_text,
            order.note,
        )
        # The standard ends a code at its last element that is filled.
        text = "\n".join(lines).rstrip("\n")
        try:
            payload = text.encode(encoding)
        except UnicodeEncodeError:
            continue
        if len(payload) <= MAX_PAYLOAD_BYTES:
            return text, payload
    return None
