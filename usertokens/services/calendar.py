"""Months of the site, and days and moments as the store counts them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from django.utils import timezone

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
    return tuple(int(end_of(day - timedelta(days=1)).timestamp() * 1000) for day in firsts)


def to_ms(moment: datetime | None) -> int | str:
    """Milliseconds since 1970, whole; "" for None, which leaves the time to the store's own clock."""
    return "" if moment is None else int(moment.timestamp() * 1000)


def from_ms(milliseconds: int) -> datetime:
    """The moment, in UTC."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)


def end_of(day: date) -> datetime:
    """The first moment after a day of the site."""
    following = day + timedelta(days=1)
    return datetime(following.year, following.month, following.day, tzinfo=timezone.get_default_timezone())
