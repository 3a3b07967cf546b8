"""The calendar of a user's active days, as SVG from our own templates. No script; it prints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.dates import MONTHS_3, WEEKDAYS_ABBR

_CELL = 12
#: Rows with a name: Monday, Wednesday, Friday.
_NAMED_DAYS = (0, 2, 4)
#: Columns between two names of months, at least: narrower ones would touch.
_APART = 3


@dataclass(frozen=True, slots=True)
class Cell:
    """One day of the calendar: a column for each week, a row for each weekday."""

    x: int
    y: int
    day: date
    active: bool


@dataclass(frozen=True, slots=True)
class Label:
    """The name of a month over a column, or of a weekday beside a row; `at` its place in the chart's units."""

    at: int
    text: str


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days up to today in columns of a week, Monday first, and what is said of them.

    width: of the columns. active: the days with a log-in, newest first.
    """

    cells: tuple[Cell, ...]
    months: tuple[Label, ...]
    weekdays: tuple[Label, ...]
    width: int
    active: tuple[date, ...]

    @property
    def days(self) -> int:
        """How many days there are."""
        return len(self.cells)


def activity_calendar(last_days: Sequence[bool], last: date, today: date) -> Calendar:
    """The calendar of the days up to today. last: the day that `last_days` ends with."""
    first = today - timedelta(days=len(last_days) - 1)
    start = first - timedelta(days=first.weekday())
    seen = {last - timedelta(days=back) for back, was_here in enumerate(reversed(last_days)) if was_here}
    days = [first + timedelta(days=ahead) for ahead in range(len(last_days))]
    cells = tuple(Cell((day - start).days // 7 * _CELL, day.weekday() * _CELL, day, day in seen) for day in days)
    return Calendar(
        cells,
        _months(cells),
        tuple(Label(day * _CELL, str(WEEKDAYS_ABBR[day])) for day in _NAMED_DAYS),
        max((cell.x for cell in cells), default=0) + _CELL,
        tuple(cell.day for cell in reversed(cells) if cell.active),
    )


def _months(cells: Sequence[Cell]) -> tuple[Label, ...]:
    """A month's name over the column of its first day; the first month's only where it has room."""
    labels: list[Label] = []
    for cell in cells:
        text = str(MONTHS_3[cell.day.month]).capitalize()
        if labels and labels[-1].text == text:
            continue
        if labels and cell.x - labels[-1].at < _APART * _CELL:
            labels.pop()
        labels.append(Label(cell.x, text))
    return tuple(labels)
