"""Charts as SVG from our own templates: no script, they print, and a table stands beside each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

HEIGHT = 160
_STEP = 10
_GAP = 2


@dataclass(frozen=True, slots=True)
class Bar:
    """One day: place and size in the chart's units, for the whole and for the part in front of it."""

    x: int
    width: int
    y: float
    height: float
    front_y: float
    front_height: float
    day: date
    value: int
    front: int


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars side by side; `top` is the largest value, the upper end of the scale."""

    bars: tuple[Bar, ...]
    width: int
    height: int
    top: int


def bar_chart(rows: Sequence[tuple[date, int, int]]) -> Chart:
    """A chart of (day, value, part of the value drawn in front)."""
    top = max((max(value, front) for _, value, front in rows), default=0)
    scale = HEIGHT / top if top else 0.0
    bars = tuple(
        Bar(
            x=position * _STEP,
            width=_STEP - _GAP,
            y=round(HEIGHT - value * scale, 2),
            height=round(value * scale, 2),
            front_y=round(HEIGHT - front * scale, 2),
            front_height=round(front * scale, 2),
            day=day,
            value=value,
            front=front,
        )
        for position, (day, value, front) in enumerate(rows)
    )
    return Chart(bars, len(rows) * _STEP, HEIGHT, top)
