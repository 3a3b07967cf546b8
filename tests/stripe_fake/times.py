"""Periods by the calendar, as Stripe counts them: seconds since 1970, UTC."""

from __future__ import annotations

from datetime import UTC, datetime

DAY = 86400


def after(start: int, interval: str, count: int = 1) -> int:
    """The end of a period that starts then; of a month that is too short the last day."""
    moment = datetime.fromtimestamp(start, UTC)
    if interval in ("day", "week"):
        return start + count * DAY * (7 if interval == "week" else 1)
    months = moment.year * 12 + moment.month - 1 + count * (12 if interval == "year" else 1)
    year, month = divmod(months, 12)
    following = datetime(year + (month == 11), (month + 1) % 12 + 1, 1, tzinfo=UTC)
    last = (following - datetime(year, month + 1, 1, tzinfo=UTC)).days
    return int(moment.replace(year=year, month=month + 1, day=min(moment.day, last)).timestamp())


def next_after(anchor: int, start: int, interval: str, count: int = 1) -> int:
    """The end of the period that starts at `start`, in step with an anchor: 31 January, 28 February, 31 March."""
    periods = 0
    while (end := after(anchor, interval, count * periods)) <= start:
        periods += 1
    return end
