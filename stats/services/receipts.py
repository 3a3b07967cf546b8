"""Signed one-time receipts: proof that a payment code was made here, for an amount."""

from __future__ import annotations

import secrets
from datetime import datetime

from django.core import signing
from django.utils import timezone

from stats.errors import BadReceipt
from stats.types import Receipt

MAX_AGE_SECONDS = 86400
_SALT = "stats.receipt"


def sign_receipt(amount_cents: int, *, now: datetime | None = None) -> str:
    """A new receipt for `amount_cents` EUR cents, good for a day, for one count. Raises ValueError for less than 1."""
    require_cents(amount_cents)
    issued = int((now or timezone.now()).timestamp())
    return signing.Signer(salt=_SALT).sign_object([secrets.token_urlsafe(12), amount_cents, issued])


def require_cents(amount_cents: int) -> None:
    """Raise ValueError unless it is a whole number of cents, at least 1: a count of -100 would take revenue away."""
    if type(amount_cents) is not int or amount_cents < 1:
        raise ValueError(f"amount_cents: a whole number, at least 1, is required, not {amount_cents!r}")


def read_receipt(text: str, *, now: datetime | None = None) -> Receipt:
    """What the receipt says. Raises BadReceipt when it is forged, altered, or older than a day."""
    try:
        nonce, amount_cents, issued = signing.Signer(salt=_SALT).unsign_object(text)
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise BadReceipt("This receipt was not signed here.") from error
    if (now or timezone.now()).timestamp() - issued > MAX_AGE_SECONDS:
        raise BadReceipt("This receipt is older than a day.")
    return Receipt(f"receipt:{nonce}", amount_cents)
