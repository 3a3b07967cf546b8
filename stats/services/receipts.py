"""Signed one-time receipts: proof that a payment code was made here, for an amount."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import astuple
from datetime import datetime
from functools import lru_cache

from django.core import signing
from django.utils.crypto import salted_hmac
from django.utils.encoding import force_bytes

from kv.days import local_day
from kv.times import utc_now
from stats.errors import BadReceipt
from stats.services.payment_codes import PaymentOrder
from stats.types import Receipt

MAX_AGE_SECONDS = 86400
_SALT = "stats.receipt"


class _Signer(signing.Signer):
    """Django's own, without deriving the key anew for each signature."""

    def signature(self, value: str | bytes, key: str | bytes | None = None) -> str:
        """As the base class."""
        digest = hmac.digest(_derived(key or self.key), force_bytes(value), "sha256")
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


@lru_cache(maxsize=8)
def _derived(key: str | bytes) -> bytes:
    """The key as `salted_hmac` derives it."""
    return hashlib.sha256(f"{_SALT}signer".encode() + force_bytes(key)).digest()


def sign_receipt(amount_cents: int | None, *, nonce: str = "", now: datetime | None = None) -> str:
    """A receipt for `amount_cents` EUR cents, valid for a day. Raises ValueError for less than 1 cent.

    amount_cents: None for a code without an amount.
    nonce: receipts with the same nonce count once in all. Without one, each receipt counts.
    """
    require_cents(amount_cents)
    issued = int((now or utc_now()).timestamp())
    return _Signer(salt=_SALT).sign_object([nonce or secrets.token_urlsafe(12), amount_cents, issued])


def order_nonce(order: PaymentOrder, *, form_id: str, visitor: str, now: datetime | None = None) -> str:
    """The nonce of one order of one sender, the same however often it is sent. A keyed hash, so it reveals nothing.

    form_id: made by the page's script when the form was opened. The same order from the same form has one nonce.
    visitor: who sent it, for forms without an id. The same order of one visitor on one day has one nonce.
    """
    sender = ["form", form_id] if form_id else ["visitor", visitor, local_day(now).isoformat()]
    digest = salted_hmac(_SALT, json.dumps([sender, astuple(order)]), algorithm="sha256").digest()
    return base64.urlsafe_b64encode(digest[:18]).decode()


def require_cents(amount_cents: int | None) -> None:
    """Raise ValueError unless it is None or a whole number of cents, at least 1: less would reduce the revenue."""
    if amount_cents is None:
        return
    if type(amount_cents) is not int or amount_cents < 1:
        raise ValueError(f"amount_cents: a whole number, at least 1, is required, not {amount_cents!r}")


def read_receipt(text: str, *, now: datetime | None = None) -> Receipt:
    """What the receipt says. Raises BadReceipt when it is forged, altered, or older than a day."""
    try:
        nonce, amount_cents, issued = _Signer(salt=_SALT).unsign_object(text)
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise BadReceipt("This receipt was not signed here.") from error
    if (now or utc_now()).timestamp() - issued > MAX_AGE_SECONDS:
        raise BadReceipt("This receipt is older than a day.")
    return Receipt(f"receipt:{nonce}", amount_cents)
