"""Periods and months of the ledger in plain Python; every time is in ms since 1970."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime

HOUR = 3_600_000
DAY = 24 * HOUR
WEEK = 7 * DAY


@dataclass
class Period:
    """What was paid for. plan "": nothing more of it comes. `granted`: for the month that begins at `month`.

    is_void: the account was reset since, and what it brought is gone.
    """

    key: str
    plan: str
    starts: int
    ends: int
    month: int = 0
    granted: int = 0
    is_void: bool = False

    def month_around(self, now: int) -> tuple[int, int]:
        if self.ends - self.starts <= 32 * DAY:
            return self.starts, self.ends
        start, end = month_around(self.starts, now)
        return start, min(end, self.ends)


@dataclass
class Said:
    """periods: (key, plan, starts, ends), None when the plan was set by hand."""

    periods: list[tuple[str, str, int, int]] | None = None
    by_calendar: bool = False


def month_around(anchor: int, now: int) -> tuple[int, int]:
    """The month counted from `anchor` in which `now` lies."""
    count = 0
    while months_after(anchor, count + 12) <= now:
        count += 12
    while months_after(anchor, count + 1) <= now:
        count += 1
    return months_after(anchor, count), months_after(anchor, count + 1)


def months_after(anchor: int, count: int) -> int:
    start = datetime.fromtimestamp(anchor // 1000, UTC)
    year, month = divmod(start.year * 12 + start.month - 1 + count, 12)
    day = min(start.day, monthrange(year, month + 1)[1])
    moved = start.replace(year=year, month=month + 1, day=day)
    return int(moved.timestamp()) * 1000 + anchor % 1000
