"""Charts of several series: their lines, letters and texts, and colours that can be told apart."""

from __future__ import annotations

import re
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from django.template import Context, Template
from hypothesis import given
from hypothesis import strategies as st

import kv
from kv.web.charts import HEIGHT, Words
from kv.web.series_charts import MOST_SERIES, Series, SeriesChart, series_chart

DAY = date(2026, 3, 1)
VALUES = st.lists(st.none() | st.integers(0, 2**53), min_size=1, max_size=120)
STYLES = (Path(kv.__file__).parent / "static" / "kv" / "chart.css").read_text()


def series_of(name: str, *values: float | None, before: list[float | None] | None = None) -> Series:
    return Series(name, [(DAY + timedelta(days=place), value) for place, value in enumerate(values)], before)


def page_of(chart: SeriesChart) -> str:
    return Template("{% load kv %}{% series_chart chart %}").render(Context({"chart": chart}))


def test_has_a_line_a_letter_and_sums_for_each() -> None:
    one = series_of("Poster", 34, 0, None, 12, before=[20, 3, 0, 0])
    chart = series_chart("hits", [one, series_of("<Flyer>", 1, 2, 3, 4)], Words("Hits"))
    poster, flyer = chart.lines
    assert (poster.letter, poster.total, poster.top, poster.when) == ("A", "46", "34", "1 March 2026")
    assert poster.change == "+100% compared with the 4 days before"
    assert (flyer.letter, flyer.total, flyer.change) == ("B", "10", "")
    assert poster.path == "M5 15h0L15 100M35 70h0"
    assert chart.points[2].values == (("A", ""), ("B", "3"))
    assert chart.ticks == ("40", "30", "20", "10", "0")
    page = page_of(chart)
    assert page.count('type="radio"') == 4
    assert "&lt;Flyer&gt;" in page
    assert page.count('<th scope="row">') == 6, "a row for each series, and one for each day"
    assert "style=" not in page


@pytest.mark.parametrize("number", [0, MOST_SERIES + 1])
def test_too_many_are_refused(number: int) -> None:
    with pytest.raises(ValueError, match="1 to 6 series"):
        series_chart("hits", [series_of("x", 1)] * number, Words("Hits"))


def test_of_nothing() -> None:
    chart = series_chart("hits", [Series("x", ())], Words("Hits"))
    assert chart.points == ()
    assert page_of(chart)
    chart = series_chart("hits", [series_of("x", 0, 0)], Words("Hits"))
    assert (chart.lines[0].top, chart.ticks) == ("", ("", "0"))


@given(st.lists(VALUES, min_size=1, max_size=MOST_SERIES))
def test_no_letter_is_over_another_and_no_line_leaves_the_chart(rows: list[list[float | None]]) -> None:
    chart = series_chart("x", [series_of("x", *row) for row in rows], Words("x"))
    ends = sorted(line.end for line in chart.lines)
    assert all(later - one >= 16 for one, later in pairwise(ends))
    assert ends[-1] <= 160
    for line in chart.lines:
        heights = [float(number) for number in re.findall(r"[ML][\d.]+ ([\d.]+)", line.path)]
        assert all(0 <= height <= HEIGHT for height in heights)
    assert {len(point.values) for point in chart.points} == {len(rows)}


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("number", range(1, MOST_SERIES + 1))
def test_every_line_is_seen_on_light_and_dark_paper(number: int) -> None:
    """WCAG 1.4.11: 3 to 1, on the papers of this site and of Django's admin."""
    found = re.search(rf"\.kv-chart-series-{number} {{ stroke: (#\w{{6}})", STYLES)
    assert found
    for paper in ("#ffffff", "#f8f8f8", "#121212", "#212121"):
        light, dark = sorted((luminance(found[1]), luminance(paper)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 3, paper


def test_no_two_patterns_are_equal() -> None:
    patterns = re.findall(r"\.kv-chart-series-\d {[^}]*?(?:stroke-dasharray: ([\d. ]+))?;[^}]*}", STYLES)
    assert len(patterns) == MOST_SERIES
    rules = [re.sub(r"stroke: #\w+;?", "", rule) for rule in re.findall(r"\.kv-chart-series-\d ({[^}]*})", STYLES)]
    assert len(set(rules)) == MOST_SERIES
