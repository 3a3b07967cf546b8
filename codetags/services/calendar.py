"""Which day it is, in the one time zone of the site."""

from __future__ import annotations

from datetime import date, datetime, time

from django.utils import timezone


def local_day(now: datetime | None = None) -> date:
    """The site's calendar day of `now` (an aware datetime; None: this moment)."""
    return timezone.localdate(now or timezone.now(), timezone.get_default_timezone())


def start_of(day: date) -> datetime:
    """The moment at which the site's day begins."""
    return datetime.combine(day, time.min, timezone.get_default_timezone())


def moment_of(milliseconds: int) -> datetime:
    """The aware datetime of so many milliseconds since 1970, in the site's time zone."""
    return datetime.fromtimestamp(milliseconds / 1000, timezone.get_default_timezone())


def milliseconds_of(moment: datetime) -> int:
    """Milliseconds since 1970."""
    return int(moment.timestamp() * 1000)
