"""What both ways to a call answer: the view in `stats.views.api`, and the fast lane in `stats.views.lane`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import orjson

from kv.rest.errors import Refusal
from kv.store.steps import Steps
from kv.web.addresses import address_in
from kv.web.open_access import OPEN_HEADERS
from kv.web.spreadsheets import csv_lines
from stats.errors import TotalTooLarge
from stats.services import visits
from stats.services.exclusions import exclusion
from stats.types import Day, Figures

# A day's fields, in order.
_DAY = ("date", "visitors", "qr", "amount_cents")


def figures(known: Figures, age: float) -> tuple[dict[str, str], bytes]:
    """Headers and body of the public totals, which were read `age` seconds ago."""
    body = {
        "visitors": known.visitors,
        "qr_total": known.qr_total,
        "revenue_cents": known.revenue_cents,
        "currency": "EUR",
    }
    return {**OPEN_HEADERS, **kept_for_a_minute(age)}, orjson.dumps(body)


def history(days: Sequence[Day], age: float, *, as_csv: bool = False) -> tuple[dict[str, str], bytes]:
    """Headers and body of the figures of some days, which were read `age` seconds ago: JSON, or CSV with a head."""
    rows = [(day.day.isoformat(), day.visitors, day.payment_codes, day.revenue_cents) for day in days]
    if as_csv:
        kind, body = "text/csv; charset=utf-8", "".join(csv_lines([_DAY, *rows])).encode()
    else:
        kind, body = "application/json", orjson.dumps({"days": [dict(zip(_DAY, row, strict=True)) for row in rows]})
    return {**OPEN_HEADERS, **kept_for_a_minute(age), "Vary": "Accept", "Content-Type": kind}, body


def kept_for_a_minute(age: float) -> dict[str, str]:
    """Headers of what was read `age` seconds ago: a cache may keep it until it is a minute old."""
    return {"Cache-Control": "public, max-age=60", "Age": str(math.ceil(age))}


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
