"""Is a webhook Stripe's own, and of now?"""

from __future__ import annotations

from datetime import datetime

import stripe
from django.utils import timezone

from billing.conf import app_settings
from billing.errors import BadSignature, BillingOff

#: Seconds a signature's time may be off, either way. Stripe signs each retry anew.
TOLERANCE = 300


def verify_signature(body: bytes, header: str, *, now: datetime | None = None) -> None:
    """Return when one of the configured secrets signed this body, within 300 s of now.

    Raises BadSignature, or BillingOff when no secret is set: an endpoint that can't check must refuse.
    """
    secrets = app_settings.STRIPE_WEBHOOK_SECRET
    if not secrets:
        raise BillingOff
    # Stripe's are ASCII; the library's comparison takes nothing else.
    if not header.isascii():
        raise BadSignature("not Stripe's alphabet")
    moment = (now or timezone.now()).timestamp()
    # The library checks the signature; the time it bounds on one side only, so both sides are ours.
    if abs(moment - _signed_at(header)) > TOLERANCE:
        raise BadSignature("too far from now")
    for secret in secrets:
        try:
            stripe.WebhookSignature.verify_header(body, header, secret, tolerance=None)
        except (stripe.SignatureVerificationError, UnicodeDecodeError):
            continue
        return
    raise BadSignature("signed by nobody known")


def _signed_at(header: str) -> int:
    times = [part[2:] for part in header.split(",") if part.startswith("t=")]
    if len(times) != 1 or not times[0].isascii() or not times[0].isdecimal() or len(times[0]) > 12:  # noqa: PLR2004
        raise BadSignature("no time")
    return int(times[0])
