"""Sparklines: 30 days as one line of SVG in a table's cell, with their numbers in words beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_WIDTH = 116
_HEIGHT = 22


@dataclass(frozen=True, slots=True)
class Sparkline:
    """A line of 30 days: `points` for a polyline, the sum, and the largest count."""

    points: str
    total: int
    top: int


def sparkline(counts: Sequence[int]) -> Sparkline:
    """A line through the counts; along the bottom when all are 0."""
    top = max(counts, default=0)
    step = _WIDTH / max(len(counts) - 1, 1)
    scale = (_HEIGHT - 2) / top if top else 0.0
    points = " ".join(
        f"{round(place * step, 1)},{round(_HEIGHT - 1 - count * scale, 1)}" for place, count in enumerate(counts)
    )
    return Sparkline(points, sum(counts), top)
