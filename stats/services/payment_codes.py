"""SEPA payment codes (EPC069-12): what a payer's bank app reads from the square.

Nothing here is kept or written down: an order comes in, a code goes out.
"""

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

import segno
from django.utils.text import slugify

from stats.errors import PaymentTooLong

MAX_CENTS = 99_999_999_999
"""The most a SEPA credit transfer can carry: 999 999 999.99 EUR (EPC069-12, element 8)."""

MAX_PAYLOAD_BYTES = 331
"""EPC069-12: the whole text of a code, in its own encoding. It is what a version 13 square holds at level M."""

QUIET_ZONE = 4
"""Modules of white on each side, as ISO/IEC 18004 asks."""

# The encodings, by their number in the standard. UTF-8 first: every bank app reads it. ISO 8859-1 is shorter for names
# and texts with accents. The standard has six more, which ordinary scanners read wrong: they are not used.
_ENCODINGS = ((1, "utf-8"), (2, "iso-8859-1"))


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

    @property
    def file_name(self) -> str:
        """What its files are called, without ending: ASCII, another name for each code."""
        euros, cents = divmod(self.order.amount_cents, 100)
        digest = hashlib.sha256(build_payload(self.order)).hexdigest()[:6]
        return "-".join(filter(None, (slugify(self.order.beneficiary)[:40].strip("-"), f"{euros}.{cents:02}", digest)))

    def svg(self) -> bytes:
        """A file of its own: one module is 10 units wide."""
        return self._rendered("svg")

    def png(self) -> bytes:
        """A picture of its own: one module is 10 pixels wide."""
        return self._rendered("png")

    def _rendered(self, kind: str) -> bytes:
        out = io.BytesIO()
        # With a unit segno writes a viewBox too, without which no program can draw the file at another size.
        extra = {"unit": "px"} if kind == "svg" else {}
        self.square.save(out, kind=kind, border=QUIET_ZONE, dark="#000", light="#fff", scale=10, **extra)
        return out.getvalue()


def make_payment_code(order: PaymentOrder) -> PaymentCode:
    """Draw the code of an order: level M, at most version 13, never a Micro QR, which bank apps can't read.

    Raises PaymentTooLong.
    """
    return PaymentCode(order=order, square=segno.make_qr(build_payload(order), error="m", boost_error=False))


def build_payload(order: PaymentOrder) -> bytes:
    """The lines of EPC069-12, version 002, in UTF-8 or, where only that is short enough, in ISO 8859-1.

    Raises PaymentTooLong, which says of which field how many characters have to go.
    """
    payload = _fitting(order)
    if payload is not None:
        return payload
    # The message has to give way first; the name only where it is too long with no message at all.
    bare = replace(order, remittance_text="")
    if _fitting(bare):
        over = _over(order.remittance_text, lambda message: replace(order, remittance_text=message))
        raise PaymentTooLong("remittance_text", over)
    raise PaymentTooLong("beneficiary", _over(order.beneficiary, lambda name: replace(bare, beneficiary=name)))


def _over(text: str, with_text: Callable[[str], PaymentOrder]) -> int:
    """How many characters have to go from the end of a text before the order fits."""
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
