"""What both ways to a call answer: the view in `stats.views.api`, and the fast lane in `stats.views.lane`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import orjson

from kv.rest.errors import Refusal
from kv.rest.views import OPEN_HEADERS
from kv.web.addresses import address_in
from stats.errors import TotalTooLarge
from stats.services import figures as totals
from stats.services import payment_code_counts, visits
from stats.services.exclusions import exclusion
from stats.types import CountedPaymentCode


def figures() -> tuple[dict[str, str], bytes]:
    """Headers and body of the public totals. Raises StoreUnavailable."""
    known, age = totals.fresh_figures()
    body = {
        "visitors": known.visitors,
        "qr_total": known.qr_total,
        "revenue_cents": known.revenue_cents,
        "currency": "EUR",
    }
    return {**OPEN_HEADERS, "Cache-Control": "public, max-age=60", "Age": str(math.ceil(age))}, orjson.dumps(body)


def visit(meta: Mapping[str, str], *, host: str, is_staff: bool) -> dict[str, Any]:
    """Count a visit, or why not. meta: the WSGI environment. Raises RateLimited or StoreUnavailable."""
    reason = exclusion(meta, host=host, is_staff=is_staff)
    address = address_in(meta)
    visit = visits.exclude_visit(address=address, reason=reason) if reason else visits.record_visit(address=address)
    return {"counted": visit.counted, "visitors": visit.visitors, "reason": visit.reason and visit.reason.value}


def count_payment_code(code_id: str, amount_cents: int) -> CountedPaymentCode:
    """Count a payment code. Raises Refusal or StoreUnavailable."""
    try:
        return payment_code_counts.record_payment_code(id=code_id, amount_cents=amount_cents)
    except TotalTooLarge as error:
        raise Refusal(409, "total_too_large", "The total would grow beyond exact numbers.") from error
