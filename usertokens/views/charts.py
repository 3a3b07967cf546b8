"""Pictures of a user's days, as SVG from our own templates.

No script, they print, and the numbers stand beside each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from usertokens.types import DayBalance

HEIGHT = 120
STEP = 10
_GAP = 2
_CELL = 12


@dataclass(frozen=True, slots=True)
class Bar:
    """One day's balance: place and size in the chart's units. balance: None where it is not known."""

    x: int
    y: float
    height: float
    day: date
    balance: int | None


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars side by side; `top` is the largest balance, the upper end of the scale."""

    bars: tuple[Bar, ...]
    width: int
    height: int
    bar: int
    top: int


@dataclass(frozen=True, slots=True)
class Cell:
    """One day of the calendar: a column for each week, a row for each weekday."""

    x: int
    y: int
    day: date
    active: bool


def balance_chart(days: Sequence[DayBalance]) -> Chart:
    """A bar for each day; a balance below zero stands on the ground."""
    top = max((day.balance or 0 for day in days), default=0)
    scale = HEIGHT / top if top > 0 else 0.0
    heights = [max(day.balance or 0, 0) * scale for day in days]
    bars = tuple(
        Bar(place * STEP, round(HEIGHT - height, 2), round(height, 2), day.day, day.balance)
        for place, (day, height) in enumerate(zip(days, heights, strict=True))
    )
    return Chart(bars, max(len(days), 1) * STEP, HEIGHT, STEP - _GAP, max(top, 0))


def calendar_cells(last_days: Sequence[bool], last: date, today: date) -> tuple[Cell, ...]:
    """The 84 days up to today in columns of a week, Monday first. last: the day that `last_days` ends with."""
    first = today - timedelta(days=len(last_days) - 1)
    start = first - timedelta(days=first.weekday())
    active = {last - timedelta(days=back) for back, seen in enumerate(reversed(last_days)) if seen}
    days = [first + timedelta(days=ahead) for ahead in range(len(last_days))]
    return tuple(Cell((day - start).days // 7 * _CELL, day.weekday() * _CELL, day, day in active) for day in days)
