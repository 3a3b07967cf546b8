"""What both ways to a call answer: the view in `stats.views.api`, and the fast lane in `stats.views.lane`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import orjson

from kv.rest.errors import Refusal
from kv.rest.views import OPEN_HEADERS
from kv.store.steps import Steps
from kv.web.addresses import address_in
from stats.errors import TotalTooLarge
from stats.services import figures as totals
from stats.services import visits
from stats.services.exclusions import exclusion


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


def visit(meta: Mapping[str, str], *, host: str, is_staff: bool) -> Steps[dict[str, Any]]:
    """Count a visit, or say why not. meta: the WSGI environment. Raises RateLimited or StoreUnavailable."""
    reason = exclusion(meta, host=host, is_staff=is_staff)
    address = address_in(meta)
    steps = visits.exclude_visit_steps(address, reason) if reason else visits.record_visit_steps(address)
    visit = yield from steps
    return {"counted": visit.counted, "visitors": visit.visitors, "reason": visit.reason and visit.reason.value}


@contextmanager
def refusals() -> Iterator[None]:
    """Around the counting of a payment code: what the API answers when it is refused. Raises Refusal."""
    try:
        yield
    except TotalTooLarge as error:
        raise Refusal(409, "total_too_large", "The total would grow beyond exact numbers.") from error
