"""A chart of up to six series with time, for the template kv/series_chart.html: SVG, no script, it prints.

    chart = series_chart("hits", [Series("Poster", days), Series("Flyer", more)], Words(_("Hits")))

Each series is a line of its own pattern and colour, with a letter at its end, in the legend and beside its values: so
nobody needs the colours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from kv.web.buckets import Bucket, bucket_days
from kv.web.charts import CELL, HEIGHT, Words, change_text, line_path, short_number, when_text
from kv.web.scales import ticks

#: More lines in one chart can't be told apart.
MOST_SERIES = 6
_LETTERS = "ABCDEF"
#: The height of the strip with letters, and how far apart they are at least, both in its own units.
_STRIP, _APART = 160, 16


@dataclass(frozen=True, slots=True)
class Series:
    """Values by day: what they are of, (day, value) in any order, and the values of as many days before, if known."""

    name: str
    days: Sequence[tuple[date, float | None]]
    before: Sequence[float | None] | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One series as the template needs it. number: of its pattern, from 1 on; end: where its letter stands."""

    number: int
    letter: str
    name: str
    path: str
    end: int
    total: str
    top: str
    when: str
    change: str


@dataclass(frozen=True, slots=True)
class SeriesPoint:
    """The values of all series on one day, or in one part of a longer range, "" where nothing is known."""

    when: str
    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class SeriesChart:
    """What the template needs. ticks: texts of the axis, highest first."""

    slug: str
    words: Words
    width: int
    lines: tuple[Line, ...]
    grid_path: str
    ticks: tuple[str, ...]
    points: tuple[SeriesPoint, ...]
    first: date | None
    last: date | None


def series_chart(slug: str, series: Sequence[Series], words: Words) -> SeriesChart:
    """A chart of one to MOST_SERIES series. A day that a series lacks, or whose value is None, is a gap in its line.

    slug: unique on the page. Longer ranges have weeks, months or years, as `time_chart` has them.
    Raises ValueError for more series than that, or none.
    """
    if not 1 <= len(series) <= MOST_SERIES:
        raise ValueError(f"1 to {MOST_SERIES} series, not {len(series)}")
    days = [day for one in series for day, _ in one.days]
    first, last = min(days, default=None), max(days, default=None)
    rows = [
        bucket_days([(day, value, None) for day, value in one.days], first=first, last=last) for one in series
    ]  # fmt: skip
    known = [bucket.value for row in rows for bucket in row if bucket.value is not None]
    top = max(known, default=0)
    marks = ticks(top, is_whole=all(value == int(value) for value in known))
    scale = HEIGHT / marks[-1]
    ends = _ends([_last_known(row) for row in rows], marks[-1])
    width = max(len(rows[0]), 1) * CELL
    return SeriesChart(
        slug=slug,
        words=words,
        width=width,
        lines=tuple(
            _line(place, one, row, words, scale=scale, end=ends[place])
            for place, (one, row) in enumerate(zip(series, rows, strict=True))
        ),
        grid_path="".join(f"M0 {short_number(HEIGHT - mark * scale)}H{width}" for mark in marks),
        ticks=tuple(words.short(mark) if top or not mark else "" for mark in reversed(marks)),
        points=tuple(_point(buckets, words) for buckets in zip(*rows, strict=True)),
        first=first,
        last=last,
    )


def _line(place: int, series: Series, row: Sequence[Bucket], words: Words, *, scale: float, end: int) -> Line:
    known = [(bucket.value, bucket) for bucket in row if bucket.value is not None]
    top = max(known, key=lambda pair: pair[0], default=None)
    return Line(
        number=place + 1,
        letter=_LETTERS[place],
        name=series.name,
        path=line_path([bucket.value for bucket in row], scale),
        end=end,
        total=words.write(sum(value for value, _ in known)),
        top=words.write(top[0]) if top and top[0] > 0 else "",
        when=when_text(top[1].first, top[1].last) if top and top[0] > 0 else "",
        change="" if series.before is None else change_text([value for value, _ in known], series.before),
    )


def _point(buckets: Sequence[Bucket], words: Words) -> SeriesPoint:
    values = tuple(
        (letter, "" if bucket.value is None else words.write(bucket.value))
        for letter, bucket in zip(_LETTERS, buckets, strict=False)
    )
    return SeriesPoint(when_text(buckets[0].first, buckets[0].last), values)


def _last_known(row: Sequence[Bucket]) -> float:
    return next((bucket.value for bucket in reversed(row) if bucket.value is not None), 0)


def _ends(values: Sequence[float], top: float) -> list[int]:
    """Where the letters stand: at the ends of the lines, but never one over another."""
    wanted = sorted((_STRIP - round(max(value, 0) / top * _STRIP), place) for place, value in enumerate(values))
    ends: list[int] = []
    for end, _ in wanted:
        ends.append(max(end, ends[-1] + _APART) if ends else end)
    lowest = _STRIP
    for place in range(len(ends) - 1, -1, -1):
        ends[place] = min(ends[place], lowest)
        lowest = ends[place] - _APART
    by_place = {place: end for end, (_, place) in zip(ends, wanted, strict=True)}
    return [by_place[place] for place in range(len(values))]
