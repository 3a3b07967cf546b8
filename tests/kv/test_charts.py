"""Bars of a chart: their places, sizes and the scale."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kv.web.charts import bar_chart

DAY = date(2026, 3, 1)
VALUES = st.lists(st.none() | st.integers(-(2**53), 2**53), max_size=120)


def test_places_bars_on_one_scale() -> None:
    chart = bar_chart([(DAY, 4), (DAY + timedelta(days=1), 2)], fronts=[1, 2], height=160)
    assert [(bar.x, bar.width, bar.y, bar.height, bar.front_y, bar.front_height) for bar in chart.bars] == [
        (0, 8, 0, 160, 120, 40),
        (10, 8, 80, 80, 80, 80),
    ]
    assert (chart.width, chart.height, chart.top) == (20, 160, 4)


@pytest.mark.parametrize("days", [[], [(DAY, None)], [(DAY, 0)], [(DAY, -3)]])
def test_without_anything_to_show_the_chart_is_flat(days: list[tuple[date, int | None]]) -> None:
    chart = bar_chart(days, height=120)
    assert (chart.width, chart.height, chart.top) == (10, 120, 0)
    assert [(bar.y, bar.height, bar.value) for bar in chart.bars] == [(120, 0, value) for _, value in days]


@given(VALUES)
def test_every_bar_stands_inside(values: list[int | None]) -> None:
    chart = bar_chart([(DAY + timedelta(days=place), value) for place, value in enumerate(values)])
    assert chart.top == max([0, *(value or 0 for value in values)])
    for bar in chart.bars:
        assert 0 <= bar.x < bar.x + bar.width <= chart.width
        assert 0 <= bar.y <= chart.height
        assert bar.y + bar.height == pytest.approx(chart.height, abs=0.02)
