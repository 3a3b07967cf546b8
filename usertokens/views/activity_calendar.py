"""The calendar of a user's active days, as SVG from our own templates. No script; it prints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

_CELL = 12


@dataclass(frozen=True, slots=True)
class Cell:
    """One day of the calendar: a column for each week, a row for each weekday."""

    x: int
    y: int
    day: date
    active: bool


def calendar_cells(last_days: Sequence[bool], last: date, today: date) -> tuple[Cell, ...]:
    """The 84 days up to today in columns of a week, Monday first. last: the day that `last_days` ends with."""
    first = today - timedelta(days=len(last_days) - 1)
    start = first - timedelta(days=first.weekday())
    active = {last - timedelta(days=back) for back, seen in enumerate(reversed(last_days)) if seen}
    days = [first + timedelta(days=ahead) for ahead in range(len(last_days))]
    return tuple(Cell((day - start).days // 7 * _CELL, day.weekday() * _CELL, day, day in active) for day in days)
