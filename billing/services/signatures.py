"""Whether a webhook request was signed by Stripe, and recently."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from billing.conf import app_settings
from billing.errors import BadSignature, BillingOff
from billing.services.stripe_api import HAS_LIBRARY
from kv.process.lazy import LazyModule
from kv.times import utc_now

if TYPE_CHECKING:
    import stripe
else:
    stripe = LazyModule("stripe")

#: Seconds by which a signature's time may differ from now. Stripe signs each retry again.
TOLERANCE = 300


def verify_signature(body: bytes, header: str, *, now: datetime | None = None) -> None:
    """Check that one of the configured secrets signed this body, within 300 s of now.

    Raises BadSignature, or BillingOff when no secret is set or Stripe's library is missing: then nothing can
    be checked.
    """
    secrets = app_settings.STRIPE_WEBHOOK_SECRET
    if not secrets or not HAS_LIBRARY:
        raise BillingOff
    # Stripe's signatures are ASCII, and the library compares nothing else.
    if not header.isascii():
        raise BadSignature("not ASCII")
    moment = (now or utc_now()).timestamp()
    # The library checks the signature. It limits the time in one direction only, so both are checked here.
    if abs(moment - _signed_at(header)) > TOLERANCE:
        raise BadSignature("too far from now")
    for secret in secrets:
        try:
            stripe.WebhookSignature.verify_header(body, header, secret, tolerance=None)
        except (stripe.SignatureVerificationError, UnicodeDecodeError):
            continue
        return
    raise BadSignature("signed with an unknown secret")


def _signed_at(header: str) -> int:
    times = [part[2:] for part in header.split(",") if part.startswith("t=")]
    if len(times) != 1 or not times[0].isascii() or not times[0].isdecimal() or len(times[0]) > 12:  # noqa: PLR2004 (digits of seconds until the year 33658)
        raise BadSignature("no time")
    return int(times[0])
