"""Bar charts as SVG for an app's own templates: no script, they print. The templates show the numbers beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

_STEP = 10
_GAP = 2


@dataclass(frozen=True, slots=True)
class Bar:
    """One day: place and size in the chart's units, of the whole value and of the part drawn in front of it.

    value: None where it is not known.
    """

    x: int
    width: int
    y: float
    height: float
    front_y: float
    front_height: float
    day: date
    value: int | None
    front: int


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars side by side; `top` is the largest value, the upper end of the scale."""

    bars: tuple[Bar, ...]
    width: int
    height: int
    top: int


def bar_chart(days: Sequence[tuple[date, int | None]], *, fronts: Sequence[int] = (), height: int = 160) -> Chart:
    """A bar for each (day, value). A value below zero, or one that is not known, has a bar without height.

    fronts: for each day the part of the value that is drawn in front; none by default.
    """
    parts = fronts or [0] * len(days)
    values = [max(value or 0, 0) for _, value in days]
    top = max([*values, *parts], default=0)
    scale = height / top if top else 0.0
    bars = tuple(
        Bar(
            x=position * _STEP,
            width=_STEP - _GAP,
            y=round(height - known * scale, 2),
            height=round(known * scale, 2),
            front_y=round(height - front * scale, 2),
            front_height=round(front * scale, 2),
            day=day,
            value=value,
            front=front,
        )
        for position, ((day, value), known, front) in enumerate(zip(days, values, parts, strict=True))
    )
    return Chart(bars, max(len(days), 1) * _STEP, height, top)
