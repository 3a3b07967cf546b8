"""Months of the site, and days as the store counts them."""

from __future__ import annotations

from datetime import date, timedelta

from django.utils import timezone

from kv.days import day_start
from kv.times import to_ms

_EPOCH = date(1970, 1, 1).toordinal()


def day_number(day: date) -> int:
    """Days since 1970."""
    return day.toordinal() - _EPOCH


def is_utc() -> bool:
    """Whether the site's days and months are UTC's."""
    return timezone.get_default_timezone_name() == "UTC"


def month_starts(first: date) -> tuple[int, ...]:
    """Where the site's months begin (ms): from two before the month whose `first` day is given to three after it."""
    count = first.year * 12 + first.month - 1
    firsts = (date((count + step) // 12, (count + step) % 12 + 1, 1) for step in range(-2, 4))
    return tuple(to_ms(day_start(day)) for day in firsts)


def day_starts(today: date) -> tuple[int, ...]:
    """Where the site's days begin (ms): from two before today to three after it."""
    return tuple(to_ms(day_start(today + timedelta(days=step))) for step in range(-2, 4))
