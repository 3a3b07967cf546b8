"""Charts with time: their texts, the change against the period before, and how they are drawn."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from django.template import Context, Template
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from kv.web.charts import HEIGHT, Chart, Words, change_text, sparkline_path, time_chart, when_text
from kv.web.day_ranges import read_range

if TYPE_CHECKING:
    from collections.abc import Sequence

DAY = date(2026, 3, 1)
WORDS = Words("Visits")
VALUES = st.lists(st.none() | st.integers(0, 2**53), min_size=1, max_size=120)


def chart_of(*values: float | None, **more: object) -> Chart:
    days = [(DAY + timedelta(days=place), value) for place, value in enumerate(values)]
    return time_chart("visits", days, WORDS, **more)  # type: ignore[arg-type] # each has the type of its argument


def page_of(chart: Chart) -> str:
    return Template("{% load kv %}{% chart_styles %}{% time_chart chart %}").render(Context({"chart": chart}))


def test_has_ticks_ends_and_values() -> None:
    chart = chart_of(34, 0, None, 12)
    assert chart.ticks == ("40", "30", "20", "10", "0")
    assert (chart.first, chart.last) == (DAY, date(2026, 3, 4))
    assert [(point.when, point.value) for point in chart.points] == [
        ("1 March 2026", "34"),
        ("2 March 2026", "0"),
        ("3 March 2026", ""),
        ("4 March 2026", "12"),
    ]
    assert chart.summary == "46 in total. Highest: 34 (1 March 2026)."
    assert chart.gap_path == "M20 0H30V100H20z"


def test_a_huge_value_is_cut_off_and_written() -> None:
    chart = chart_of(*[5] * 15, 10_000, *[4] * 15)
    assert chart.ticks[0] == "6"
    assert [point.cut for point in chart.points if point.cut] == ["10,000"]
    assert chart.points[15].side == "middle"
    assert chart.cut_path.startswith("M150 ")
    assert "Highest: 10,000 (16 March 2026)." in chart.summary


def test_of_neighbours_that_are_cut_off_the_largest_is_written() -> None:
    chart = chart_of(*[5] * 30, 9_000, 10_000)
    assert [point.cut for point in chart.points if point.cut] == ["10,000"]
    assert chart.points[-1].side == "end"
    assert chart.cut_path.count("M") == 2


@pytest.mark.parametrize(
    ("now", "before", "text"),
    [
        ([56], [50], "+12% compared with the day before"),
        ([20, 36], [50, 0], "+12% compared with the 2 days before"),
        ([1, 1], [2, 2], "\N{MINUS SIGN}50% compared with the 2 days before"),
        ([0, 0], [2, 2], "\N{MINUS SIGN}100% compared with the 2 days before"),
        ([2, 2], [1, 3], "No change from the 2 days before"),
        ([1000], [1], "+99,900% compared with the day before"),
        ([1], [0], ""),
        ([1], [], ""),
        ([1] * 30, [None] * 30, ""),
        ([1] * 30, [None] * 4 + [1] * 26, ""),  # counting began within the period before
        ([1] * 30, [None] * 3 + [1] * 27, "+11% compared with the 30 days before"),
        ([1] * 30, [1] * 10 + [None] * 5 + [1] * 15, "+20% compared with the 30 days before"),
    ],
)
def test_change(now: Sequence[float], before: Sequence[float | None], text: str) -> None:
    assert change_text(now, before) == text


def test_change_in_other_languages() -> None:
    with override("de"):
        assert change_text([56] * 30, [50] * 30) == "+12\xa0% gegenüber den 30 Tagen davor"
    with override("fr"):
        assert change_text([56] * 30, [50] * 30) == "+12\xa0% par rapport aux 30 jours précédents"


@pytest.mark.parametrize(
    ("first", "last", "text"),
    [
        (DAY, DAY, "1 March 2026"),
        (DAY, date(2026, 3, 31), "March 2026"),
        (DAY, date(2026, 3, 30), "1 March 2026 to 30 March 2026"),
        (date(2026, 1, 1), date(2026, 3, 31), "1 January 2026 to 31 March 2026"),
        (date(9999, 12, 1), date.max, "December 9999"),
    ],
)
def test_when(first: date, last: date, text: str) -> None:
    assert when_text(first, last) == text


@pytest.mark.parametrize("values", [[], [None], [None, None]])
def test_without_any_value_there_is_a_sentence_alone(values: list[None]) -> None:
    chart = chart_of(*values)
    assert chart.is_empty
    html = page_of(chart)
    assert "No data for these days." in html
    assert "<svg" not in html


def test_a_value_below_zero_has_its_text() -> None:
    chart = chart_of(-5, 0)
    assert [point.value for point in chart.points] == ["-5", "0"]
    assert chart.summary == "-5 in total. Highest: 0 (2 March 2026)."
    assert chart.bar_path == ""


def test_only_zeros_are_a_chart() -> None:
    assert chart_of(0, 0, 0).ticks == ("", "0")
    html = page_of(chart_of(0, 0, 0))
    assert "Zero on all of these days." in html
    assert "<svg" in html


def test_every_value_can_be_reached_and_read() -> None:
    html = page_of(chart_of(1, None, 3))
    assert html.count('type="radio" name="chart-visits"') == 3
    assert html.count("checked") == 1
    assert html.count("<tr>") == 4
    assert '<time datetime="2026-03-01">1 March 2026</time>' in html
    assert "style=" not in html


def test_of_100_000_points_a_small_page() -> None:
    chart = time_chart("all", [(date(2026, 1, 1) - timedelta(days=back), back) for back in range(100_000)], WORDS)
    assert len(chart.points) <= 92
    assert len(page_of(chart)) < 30_000
    assert max(len(page_of(chart_of(*[10**9] * count))) for count in (92, 93)) < 40_000


def test_a_level_is_a_line_with_gaps() -> None:
    chart = chart_of(7.5, 8, None, 3, kind="line")
    assert chart.bar_path == chart.cut_path == ""
    assert chart.line_path.count("M") == 2
    assert chart.summary == "Between 3 and 8, most recently 3."


@pytest.mark.parametrize("values", [(1, 9, 1, 2), (1, 1, 1, 900, 1), (0, 0, 8)])
def test_a_line_is_never_cut_off(values: tuple[int, ...]) -> None:
    chart = chart_of(*values, kind="line")
    assert int(chart.ticks[0].replace(",", "")) >= max(values)
    assert all(0 <= float(y) <= HEIGHT for y in re.findall(r"[ML][\d.]+ (-?[\d.]+)", chart.line_path))


def test_an_axis_may_go_up_to_the_best_mark() -> None:
    assert chart_of(2, 3, kind="line", top=10).ticks[0] == "10"
    assert chart_of(0, 0, kind="line", top=10).ticks[-1] == "0"


@given(VALUES, st.sampled_from(["bars", "line"]))
def test_everything_is_drawn_within_the_plane(values: list[int | None], kind: str) -> None:
    chart = chart_of(*values, kind=kind)
    for path in (chart.bar_path, chart.gap_path, chart.grid_path):
        for x, y in re.findall(r"M(-?[\d.]+) (-?[\d.]+)", path):
            assert 0 <= float(x) <= chart.width
            assert 0 <= float(y) <= HEIGHT
        assert all(0 <= float(y) <= HEIGHT for y in re.findall(r"V(-?[\d.]+)", path))
    assert len(chart.points) * 10 == chart.width
    assert [bool(point.value) for point in chart.points] == [bucket is not None for bucket in _known(values)]


def _known(values: list[int | None]) -> list[int | None]:
    """The values that are shown: of a short series each, of a longer one what its weeks hold."""
    if len(values) <= 92:
        return values
    weeks: dict[date, int | None] = {}
    for place, value in enumerate(values):
        day = DAY + timedelta(days=place)
        week = day - timedelta(days=day.weekday())
        weeks[week] = value if weeks.get(week) is None else weeks[week]
    return list(weeks.values())


def test_sparkline() -> None:
    assert sparkline_path([0, 10, None, 5], width=30) == "M0 21h0L10 1M30 11h0"
    assert sparkline_path([]) == ""
    assert sparkline_path([0, 0]) == "M0 21h0L116 21"


def test_the_range_is_links_and_a_form() -> None:
    html = Template("{% load kv %}{% chart_range range %}").render(
        Context({"range": read_range({"days": "7"}, date(2026, 11, 29), choices=(7, 30))})
    )
    assert '<a href="?days=7" aria-current="true">7 days</a>' in html
    assert '<a href="?days=30">30 days</a>' in html
    assert 'type="date" name="from" value="2026-11-23"' in html
    assert "#" not in html
    html = Template('{% load kv %}{% chart_range range "usage" %}').render(
        Context({"range": read_range({}, date(2026, 11, 29))})
    )
    assert 'href="?days=7#usage"' in html
    assert 'action="#usage"' in html
