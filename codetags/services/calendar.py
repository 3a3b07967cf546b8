"""Days and moments in the one time zone of the site."""

from __future__ import annotations

from datetime import date, datetime, time

from django.utils import timezone

#: No hit has a day before this one, which itself stands for "without a date".
EARLIEST = date(1970, 1, 1)


def start_of(day: date) -> datetime:
    """The moment at which the site's day begins."""
    return datetime.combine(day, time.min, timezone.get_default_timezone())


def moment_of(milliseconds: int) -> datetime:
    """The aware datetime of so many milliseconds since 1970, in the site's time zone."""
    return datetime.fromtimestamp(milliseconds / 1000, timezone.get_default_timezone())


def milliseconds_of(moment: datetime) -> int:
    """Milliseconds since 1970."""
    return int(moment.timestamp() * 1000)
