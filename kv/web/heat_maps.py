"""A week by its hours, for the template kv/heat_map.html: SVG, no script, with a table of the same numbers.

week = heat_map("hours", sums, _("Hits"))      {% load kv %}{% chart_styles %}{% heat_map week %}
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _

from kv.web.formats import format_number

_HOURS = 24
#: Steps of the shade.
LEVELS = 5
_CELL = 10


@dataclass(frozen=True, slots=True)
class Cell:
    """One hour. level: 0 for none, up to LEVELS for the most. x, y: its place."""

    when: str
    value: str
    level: int
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class HeatMap:
    """What the template needs. rows: the days from Monday on, each with its name and 24 cells."""

    slug: str
    name: str
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    hours: tuple[str, ...]
    summary: str
    is_empty: bool
    width: int = _HOURS * _CELL
    height: int = 7 * _CELL

    @property
    def by_hour(self) -> list[tuple[str, list[str]]]:
        """Each hour with its seven values, for a table that fits a phone."""
        return [(hour, [cells[place].value for _day, cells in self.rows]) for place, hour in enumerate(self.hours)]


def heat_map(slug: str, sums: Sequence[int], name: str) -> HeatMap:
    """A heat map of 168 sums, Monday 00:00 first.

    slug: unique on the page. name: of the values, such as "Hits".
    """
    most = max(sums)
    days = [str(WEEKDAYS[day]) for day in range(7)]
    rows = tuple(
        (
            name_of_day.capitalize(),
            tuple(_cell(sums, place, name_of_day, most) for place in range(day * _HOURS, (day + 1) * _HOURS)),
        )
        for day, name_of_day in enumerate(days)
    )
    top = rows[sums.index(most) // _HOURS][1][sums.index(most) % _HOURS]
    summary = (
        _("Most in one hour of the week: %(top)s (%(when)s).") % {"top": top.value, "when": top.when}
        if most
        else _("No data for these days.")
    )
    return HeatMap(slug, name, rows, tuple(f"{hour:02}" for hour in range(_HOURS)), summary, not most)


def _cell(sums: Sequence[int], place: int, day: str, most: int) -> Cell:
    hour, value = place % _HOURS, sums[place]
    # "13:00–14:00", as every language of the site writes the hours of a day.
    when = _("%(day)s, %(from)s–%(to)s") % {
        "day": day.capitalize(), "from": f"{hour:02}:00", "to": f"{(hour + 1):02}:00"
    }  # fmt: skip
    level = -(-value * LEVELS // most) if most else 0
    return Cell(when, format_number(value), level, hour * _CELL, place // _HOURS * _CELL)
