"""Which day it is, and when a day begins, in the one time zone of the site."""

from __future__ import annotations

from datetime import date, datetime, time

from django.utils import timezone


def local_day(now: datetime | None = None) -> date:
    """The site's calendar day of `now` (an aware datetime; None: this moment)."""
    zone = timezone.get_default_timezone()
    return (datetime.now(zone) if now is None else now.astimezone(zone)).date()


def day_start(day: date) -> datetime:
    """The moment at which the site's day begins."""
    return at_hour(day, 0)


def at_hour(day: date, hour: int) -> datetime:
    """The moment of a day at a full hour of the site's clock."""
    return datetime.combine(day, time(hour), timezone.get_default_timezone())
