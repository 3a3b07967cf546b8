"""Count payment codes and the amounts on them."""

from __future__ import annotations

import hashlib
from datetime import datetime

from kv.days import local_day
from kv.process.threads import async_twin
from kv.store.numbers import LARGEST_WHOLE
from kv.store.scripts import Script
from kv.store.steps import Step, Steps, drive
from kv.web.throttling import window_of
from stats import keys
from stats.conf import PAYMENT_CODE_LIMIT, app_settings
from stats.errors import TotalTooLarge
from stats.services import figures
from stats.services.receipts import require_cents
from stats.types import CountedPaymentCode

record_payment_code_script = Script("stats", "record_payment_code")


def record_payment_code(*, id: str, amount_cents: int | None, now: datetime | None = None) -> CountedPaymentCode:  # noqa: A002 (the field's word)
    """Count one payment code of `amount_cents` EUR cents, once for each id within 30 days; one round trip.

    amount_cents: None for a code without an amount, which counts as one code and 0 cents.
    An amount over STATS_MAX_QR_CENTS is not counted, and its id is not remembered.
    Raises TotalTooLarge or StoreUnavailable, or ValueError for an amount below 1; then nothing is counted.
    """
    require_cents(amount_cents)
    if is_over_limit(amount_cents):
        known = figures.read_figures()
        return CountedPaymentCode(counted=False, qr_total=known.qr_total, revenue_cents=known.revenue_cents)
    return drive(record_payment_code_steps(id, amount_cents, now))


def is_over_limit(amount_cents: int | None) -> bool:
    """Whether a code of so many EUR cents is left out of the count: see STATS_MAX_QR_CENTS."""
    return amount_cents is not None and amount_cents > app_settings.STATS_MAX_QR_CENTS


def record_payment_code_steps(
    code_id: str, amount_cents: int | None, now: datetime | None = None, *, caller: str = ""
) -> Steps[CountedPaymentCode]:
    """The work of `record_payment_code` for an amount that is counted.

    caller: hex, as of `kv.web.throttling.caller_in`, to count against the limit too. Raises RateLimited then.
    """
    mark = keys.payment_code_seen(hashlib.sha256(code_id.encode()).hexdigest()[:32])
    window, limit = window_of(PAYMENT_CODE_LIMIT, caller) if caller else (mark, (0, 0))
    reply = yield Step(
        record_payment_code_script,
        [mark, keys.qr_total(), keys.revenue(), keys.day(local_day(now)), window],
        [amount_cents or 0, keys.PAYMENT_CODE_SEEN_SECONDS, LARGEST_WHOLE, *limit],
    )
    if reply[0] == b"limited":
        raise PAYMENT_CODE_LIMIT.exceeded(reply[1])
    if reply[0] == b"too_large":
        raise TotalTooLarge("revenue")
    counted = CountedPaymentCode(counted=reply[1] == 1, qr_total=int(reply[2]), revenue_cents=int(reply[3]))
    figures.note_payment_codes(counted.qr_total, counted.revenue_cents)
    return counted


arecord_payment_code = async_twin(record_payment_code)
