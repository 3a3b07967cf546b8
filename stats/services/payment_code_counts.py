"""Count payment codes and the amounts on them."""

from __future__ import annotations

import hashlib
from datetime import datetime

from kv.days import local_day
from kv.numbers import LARGEST_WHOLE
from kv.store.scripts import Script
from kv.threads import async_twin
from stats import keys
from stats.conf import app_settings
from stats.errors import TotalTooLarge
from stats.services import figures
from stats.services.receipts import require_cents
from stats.types import CountedPaymentCode

record_payment_code_script = Script("stats", "record_payment_code")


def record_payment_code(*, id: str, amount_cents: int, now: datetime | None = None) -> CountedPaymentCode:  # noqa: A002 (the field's word)
    """Count one payment code of `amount_cents` EUR cents, once for each id within 30 days; one round trip.

    An amount over STATS_MAX_QR_CENTS is not counted, and its id is not remembered.
    Raises TotalTooLarge or StoreUnavailable, or ValueError for an amount below 1; then nothing is counted.
    """
    require_cents(amount_cents)
    if amount_cents > app_settings.STATS_MAX_QR_CENTS:
        known = figures.read_figures()
        return CountedPaymentCode(counted=False, qr_total=known.qr_total, revenue_cents=known.revenue_cents)
    digest = hashlib.sha256(id.encode()).hexdigest()[:32]
    reply = record_payment_code_script.run(
        [keys.payment_code_seen(digest), keys.qr_total(), keys.revenue(), keys.day(local_day(now))],
        [amount_cents, keys.PAYMENT_CODE_SEEN_SECONDS, LARGEST_WHOLE],
    )
    if reply[0] == b"too_large":
        raise TotalTooLarge("revenue")
    counted = CountedPaymentCode(counted=reply[1] == 1, qr_total=int(reply[2]), revenue_cents=int(reply[3]))
    figures.note_payment_codes(counted.qr_total, counted.revenue_cents)
    return counted


arecord_payment_code = async_twin(record_payment_code)
