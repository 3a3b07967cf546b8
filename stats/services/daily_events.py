"""Once a day an event with yesterday's figures."""

from __future__ import annotations

from datetime import datetime, timedelta

from kv.days import day_start, local_day
from kv.events import emit, is_wanted
from stats.services.series import list_days

DAILY = "stats.daily"


def emit_yesterday(*, now: datetime | None = None) -> None:
    """Emit yesterday's figures, once, if a receiver wants them. Raises StoreUnavailable."""
    if not is_wanted(DAILY):
        return
    today = local_day(now)
    (day,) = list_days(days=1, until=today - timedelta(days=1), now=now)
    data = {
        "date": day.day.isoformat(),
        "visitors": day.visitors,
        "visits": day.visits,
        "payment_codes": day.payment_codes,
        "amount_cents": day.revenue_cents,
        "currency": "EUR",
        "tools": day.tools,
    }
    emit(DAILY, data, key=day.day.isoformat(), at=day_start(today))
