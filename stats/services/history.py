"""The public daily series, kept in the process: for the lines of the cards and the page of statistics."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from kv.errors import StoreUnavailable
from kv.times import utc_now
from kv.web.last_known import LastKnown
from stats.services.counters import read_counters
from stats.services.series import list_days
from stats.types import Day, History, Trend

#: The days of a card's line.
CARD_DAYS = 30
#: The longest range of the page of statistics and of the API.
LONGEST_DAYS = 366
#: The range where none is asked for.
DEFAULT_DAYS = 30
# Each range and as many days before.
_RECENT_DAYS = 2 * CARD_DAYS
_LONG_DAYS = 2 * LONGEST_DAYS

_FRESH_SECONDS = 60.0
# After a failed read, pages show what is known for this long before one of them tries again.
_PAUSE_SECONDS = 1.0


def _kept() -> LastKnown[History]:
    return LastKnown(away=(StoreUnavailable,), fresh=_FRESH_SECONDS, oldest=_FRESH_SECONDS, pause=_PAUSE_SECONDS)


_recent, _long = _kept(), _kept()


def recent_history() -> History | None:
    """What the cards need, oldest day first: at most a minute old while the store answers, else the last known.

    None when nothing was ever read. Three round trips when it is read.
    """
    return _history(_recent, _RECENT_DAYS)


def long_history() -> History | None:
    """As `recent_history`, for two years."""
    return _history(_long, _LONG_DAYS)


def fresh_history(days: int) -> tuple[tuple[Day, ...], float]:
    """For the API: the last `days` days (LONGEST_DAYS at most), oldest first, and their age in seconds, under 60.

    Raises StoreUnavailable when none are so young.
    """
    kept, span = _kept_for(days)
    known, age = kept.get(lambda: _read(span))
    return known.days[-days:], age


def kept_history(days: int) -> tuple[tuple[Day, ...], float] | None:
    """What `fresh_history` would answer at once, and never asks the store; None when that would ask."""
    known = _kept_for(days)[0].kept()
    return None if known is None else (known[0].days[-days:], known[1])


def forget_history() -> None:
    """Read anew at the next use: after a reset, and between tests."""
    _recent.forget()
    _long.forget()


def trend_of(history: History, value: Callable[[Day], int], *, first: date, last: date) -> Trend:
    """The values of the days from `first` to `last` and of as many days before; None before counting began."""
    start = first - timedelta(days=(last - first).days + 1)
    known = {day.day: value(day) for day in history.days if day.day >= history.began}
    dates = [start + timedelta(days=place) for place in range((last - start).days + 1)]
    values = tuple((day, known.get(day)) for day in dates)
    half = len(values) // 2
    return Trend(values[half:], tuple(number for _day, number in values[:half]))


def is_counted(day: Day) -> bool:
    """Whether anything was counted on that day."""
    return bool(day.visits or day.payment_codes or day.tools)


def _read(days: int) -> History:
    # The totals first: what is counted in between is then on the days alone, and looks like nothing older.
    totals = read_counters()
    found = list_days(days=days)
    on_days = {"visitors": sum(day.visitors for day in found), "qr_total": sum(day.payment_codes for day in found)}
    # What was added by hand was on no day; what was taken away, as by a reset, is in the total no more.
    is_part = any(totals[name].counted + min(totals[name].adjusted, 0) > sums for name, sums in on_days.items())
    began = date.min if is_part else next((day.day for day in found if is_counted(day)), date.max)
    return History(found, began, utc_now())


def _kept_for(days: int) -> tuple[LastKnown[History], int]:
    """What keeps so many days, and how many it reads."""
    return (_recent, _RECENT_DAYS) if days <= _RECENT_DAYS else (_long, _LONG_DAYS)


def _history(kept: LastKnown[History], days: int) -> History | None:
    try:
        return kept.get(lambda: _read(days))[0]
    except StoreUnavailable:
        return kept.value
