"""Charts as SVG from our own templates: no script, they print, and numbers stand beside each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from codetags.types import DayCount

HEIGHT = 160
SPARK_WIDTH = 116
SPARK_HEIGHT = 22
_STEP = 10
_GAP = 2


@dataclass(frozen=True, slots=True)
class Bar:
    """One day: place and size in the chart's units."""

    x: int
    y: float
    width: int
    height: float
    day: date
    count: int


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars side by side; `top` is the largest count, the upper end of the scale."""

    bars: tuple[Bar, ...]
    width: int
    height: int
    top: int


@dataclass(frozen=True, slots=True)
class Spark:
    """A line of 30 days: `points` for a polyline, and the sum and the largest count for words beside it."""

    points: str
    total: int
    top: int


def bar_chart(days: Sequence[DayCount]) -> Chart:
    """A chart of hits by day."""
    top = max((day.count for day in days), default=0)
    scale = HEIGHT / top if top else 0.0
    bars = tuple(
        Bar(
            x=place * _STEP,
            y=round(HEIGHT - day.count * scale, 2),
            width=_STEP - _GAP,
            height=round(day.count * scale, 2),
            day=day.day,
            count=day.count,
        )
        for place, day in enumerate(days)
    )
    return Chart(bars, max(len(days), 1) * _STEP, HEIGHT, top)


def sparkline(counts: Sequence[int]) -> Spark:
    """A line through the counts; along the ground when there are none."""
    top = max(counts, default=0)
    step = SPARK_WIDTH / max(len(counts) - 1, 1)
    scale = (SPARK_HEIGHT - 2) / top if top else 0.0
    points = " ".join(
        f"{round(place * step, 1)},{round(SPARK_HEIGHT - 1 - count * scale, 1)}" for place, count in enumerate(counts)
    )
    return Spark(points, sum(counts), top)
