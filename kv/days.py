"""Which day it is, and when a day begins, in the one time zone of the site."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from django.utils import timezone

from kv.times import aware


def local_day(now: datetime | None = None) -> date:
    """The site's calendar day of `now` (an aware datetime; None: this moment)."""
    return site_time(now).date()


def site_time(now: datetime | None = None) -> datetime:
    """`now` (an aware datetime; None: this moment) as the site's clock shows it."""
    zone = timezone.get_default_timezone()
    return datetime.now(zone) if now is None else now.astimezone(zone)


def day_start(day: date) -> datetime:
    """The moment at which the site's day begins."""
    return at_hour(day, 0)


def at_hour(day: date, hour: int) -> datetime:
    """The moment of a day at a full hour of the site's clock."""
    return datetime.combine(day, time(hour), timezone.get_default_timezone())


def read_moment(text: str) -> datetime:
    """The moment that a text names by ISO 8601, in UTC. Without a zone it is of the site's own.

    A date alone is the last millisecond of that day. Raises ValueError.
    """
    try:
        day = _date(text)
        moment = datetime.fromisoformat(text) if day is None else day_start(day + timedelta(days=1))
        return aware(moment).astimezone(UTC) - timedelta(milliseconds=day is not None)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{text!r} is no moment") from error


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
