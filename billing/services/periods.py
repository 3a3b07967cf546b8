"""Periods by the calendar, as Stripe counts them."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime, timedelta
from typing import Any


def period_before(start: datetime, recurring: dict[str, Any] | None) -> tuple[datetime, datetime]:
    """The period that ended where this one starts, of the same price (its `recurring`)."""
    count = int((recurring or {}).get("interval_count") or 1)
    interval = (recurring or {}).get("interval") or "month"
    if interval in ("day", "week"):
        return start - timedelta(days=count * (7 if interval == "week" else 1)), start
    return add_months(start, -count * (12 if interval == "year" else 1)), start


def add_months(moment: datetime, months: int) -> datetime:
    """The same day and time so many months later, or the last day of a month that is too short."""
    moment = moment.astimezone(UTC)
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return moment.replace(year=year, month=month + 1, day=min(moment.day, last))
