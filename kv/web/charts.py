"""Charts with time, for the templates kv/chart.html and kv/sparkline.html: SVG, no script, they print.

    chart = time_chart("visits", days, Words(_("Visits")))      {% load kv %}{% chart_styles %}{% time_chart chart %}

The shapes are drawn on a plane of 100 by 10 a bar, which the page stretches; every text is HTML beside it.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kv.web.buckets import Bucket, bucket_days
from kv.web.formats import format_change, format_number, format_short
from kv.web.scales import reach, ticks

#: The plane on which shapes are drawn: its height, and the width of a bar or point.
HEIGHT = 100
CELL = 10
#: Fewer bars than this are drawn narrower, with more room between them.
_FEW = 20
#: A value above 0 is as high as this at least, so that it is seen.
_LEAST = 1.5
#: Cut-off bars nearer together than this share of the chart's width have one text for the larger of them.
_APART = 5
#: The period before may begin with a gap of this share.
_GAP_IN = 10


@dataclass(frozen=True, slots=True)
class Words:
    """What the chart's values are called, and how they are written.

    name:   of the values, such as "Visits". front: of the part that is drawn in front of each bar; "" for none.
    write:  a value as text. short: a value at the axis.
    """

    name: str
    front: str = ""
    write: Callable[[float], str] = format_number
    short: Callable[[float], str] = format_short


@dataclass(frozen=True, slots=True)
class Point:
    """One bar or point as text. value: "" where nothing is known. cut: the value, written at a bar that is cut off."""

    when: str
    value: str
    front: str
    cut: str
    side: Literal["start", "middle", "end"]


@dataclass(frozen=True, slots=True)
class Chart:
    """What the template needs. Every `…_path` is the `d` of an SVG path, "" for nothing.

    ticks: texts of the axis, highest first. summary: one sentence for all. change: against the period before, or "".
    """

    slug: str
    words: Words
    width: int
    bar_path: str
    front_path: str
    line_path: str
    gap_path: str
    cut_path: str
    grid_path: str
    ticks: tuple[str, ...]
    points: tuple[Point, ...]
    first: date | None
    last: date | None
    summary: str
    change: str
    is_joined: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether no value is known."""
        return not any(point.value for point in self.points)


def time_chart(
    slug: str,
    days: Iterable[tuple[date, float | None]],
    words: Words,
    *,
    fronts: Sequence[float | None] = (),
    before: Sequence[float | None] | None = None,
    first: date | None = None,
    last: date | None = None,
    kind: Literal["bars", "line"] = "bars",
    is_joined: bool = False,
    top: float = 0,
) -> Chart:
    """A chart of (day, value), in any order; None and days that are missing are gaps, 0 is a value.

    A value below 0 has no bar, but its text.

    slug:   unique on the page, for names in HTML.
    fronts: for each of `days` the part of its value that is drawn in front.
    before: the values of the days before, as many, for the change against them; None: without it. Nothing is said
            where they begin with a gap of more than a tenth: counting began later, so there is nothing to compare.
    first, last: the ends of the range; None = of the days.
    kind:   "bars" for amounts, which add up; "line" for a level, which has a mean.
    is_joined: days without a value are no gap: the line goes on over them. For what is not recorded every day.
    top:    the axis goes up to it at least: of a mark out of 10, for example, 10. A line is never cut off.
    """
    rows = list(days)
    parts = fronts or [None] * len(rows)
    buckets = bucket_days(
        [(day, value, part) for (day, value), part in zip(rows, parts, strict=True)],
        first=first, last=last, is_level=kind == "line",
    )  # fmt: skip
    known = [bucket.value for bucket in buckets if bucket.value is not None]
    bars = kind == "bars"
    top = max(top, reach(known) if bars else max(known, default=0))
    marks = ticks(top, is_whole=all(value == int(value) for value in known))
    return Chart(
        slug=slug,
        words=words,
        width=max(len(buckets), 1) * CELL,
        **_shapes(buckets, words, marks, bars=bars, is_joined=is_joined),
        ticks=tuple(words.short(mark) if top or not mark else "" for mark in reversed(marks)),
        points=_points(buckets, words, marks[-1]),
        first=buckets[0].first if buckets else None,
        last=buckets[-1].last if buckets else None,
        summary=_summary(buckets, words, is_level=not bars),
        change="" if before is None else change_text(known, before),
        is_joined=is_joined,
    )


def _shapes(
    buckets: Sequence[Bucket], words: Words, marks: Sequence[float], *, bars: bool, is_joined: bool
) -> dict[str, str]:
    """The paths of a chart with these marks at its axis, by their names in `Chart`."""
    values = [bucket.value for bucket in buckets]
    scale, width = HEIGHT / marks[-1], max(len(buckets), 1) * CELL
    return {
        "bar_path": _bars(values, scale) if bars else "",
        "front_path": _bars([bucket.front for bucket in buckets], scale) if bars and words.front else "",
        "line_path": "" if bars else line_path(values, scale, is_joined=is_joined),
        "gap_path": "" if is_joined else _gaps(values),
        "cut_path": _cuts(values, marks[-1]) if bars else "",
        "grid_path": "".join(f"M0 {short_number(HEIGHT - mark * scale)}H{width}" for mark in marks),
    }


def change_text(now: Iterable[float | None], before: Sequence[float | None]) -> str:
    """The sum of `now` compared with that of the days before, as a sentence.

    "" where that sum is 0, or where the days before begin with a gap of more than a tenth.
    """
    days = len(before)
    of_now, of_before = (sum(value or 0 for value in values) for values in (now, before))
    gap = next((place for place, value in enumerate(before) if value is not None), days)
    if of_before <= 0 or gap * _GAP_IN > days:
        return ""
    if of_now == of_before:
        return ngettext("No change from the day before", "No change from the %(days)s days before", days) % {
            "days": format_number(days)
        }
    return ngettext(
        "%(percent)s compared with the day before", "%(percent)s compared with the %(days)s days before", days
    ) % {"percent": format_change(of_now / of_before - 1), "days": format_number(days)}


def when_text(first: date, last: date) -> str:
    """A day, a month or a span of days, in the active language."""
    if first == last:
        return date_format(first, "DATE_FORMAT")
    ends_month = last.day == monthrange(last.year, last.month)[1]
    if first.day == 1 and ends_month and (first.year, first.month) == (last.year, last.month):
        return date_format(first, "YEAR_MONTH_FORMAT")
    return _("%(first)s to %(last)s") % {
        "first": date_format(first, "DATE_FORMAT"),
        "last": date_format(last, "DATE_FORMAT"),
    }


def sparkline_path(values: Sequence[float | None], *, width: int = 116, height: int = 22) -> str:
    """The `d` of a line through the values, for a small chart beside a number; None is a gap."""
    top = max((value for value in values if value is not None), default=0)
    scale = (height - 2) / top if top else 0.0
    step = width / max(len(values) - 1, 1)
    return line_path(values, scale, step=step, start=0, ground=height - 1)


def _points(buckets: Sequence[Bucket], words: Words, top: float) -> tuple[Point, ...]:
    cut = _written_cuts([bucket.value for bucket in buckets], top)
    return tuple(
        _point(bucket, words, place / len(buckets), is_cut=place in cut) for place, bucket in enumerate(buckets)
    )


def _point(bucket: Bucket, words: Words, place: float, *, is_cut: bool) -> Point:
    value = "" if bucket.value is None else words.write(bucket.value)
    return Point(
        when_text(bucket.first, bucket.last),
        value,
        "" if bucket.front is None or not words.front else words.write(bucket.front),
        value if is_cut else "",
        "start" if place < 1 / 4 else "end" if place > 3 / 4 else "middle",
    )


def _summary(buckets: Sequence[Bucket], words: Words, *, is_level: bool) -> str:
    known = [(bucket.value, bucket) for bucket in buckets if bucket.value is not None]
    if not known:
        return _("No data for these days.")
    values = [value for value, _bucket in known]
    if is_level:
        return _("Between %(low)s and %(high)s, most recently %(latest)s.") % {
            "low": words.write(min(values)), "high": words.write(max(values)), "latest": words.write(values[-1])
        }  # fmt: skip
    most, when = max(known, key=lambda pair: pair[0])
    if most <= 0 <= min(values):
        return _("Zero on all of these days.")
    return _("%(total)s in total. Highest: %(top)s (%(when)s).") % {
        "total": words.write(sum(values)), "top": words.write(most), "when": when_text(when.first, when.last)
    }  # fmt: skip


def _bars(values: Sequence[float | None], scale: float) -> str:
    width = CELL - 2 if len(values) > _FEW else CELL - 4
    left = (CELL - width) // 2
    tops = [
        (place, HEIGHT - min(max(value * scale, _LEAST), HEIGHT))
        for place, value in enumerate(values)
        if value and value > 0
    ]
    return "".join(f"M{place * CELL + left} {HEIGHT}V{short_number(top)}h{width}V{HEIGHT}z" for place, top in tops)


def line_path(
    values: Sequence[float | None],
    scale: float,
    *,
    step: float = CELL,
    start: float = CELL / 2,
    ground: float = HEIGHT,
    is_joined: bool = False,
) -> str:
    """A line through the values that are known next to each other, or through all; a dot for one that stands alone."""
    path, is_open = [], False
    for place, value in enumerate(values):
        if value is None:
            is_open = is_open and is_joined
            continue
        spot = f"{short_number(start + place * step)} {short_number(ground - max(value, 0) * scale)}"
        # Of no length: round ends make it a dot.
        path.append(f"L{spot}" if is_open else f"M{spot}h0")
        is_open = True
    return "".join(path)


def _gaps(values: Sequence[float | None]) -> str:
    """One rectangle for all neighbours that are not known."""
    path, start = [], None
    for place, value in enumerate([*values, 0]):
        if value is None and start is None:
            start = place
        elif value is not None and start is not None:
            path.append(f"M{start * CELL} 0H{place * CELL}V{HEIGHT}H{start * CELL}z")
            start = None
    return "".join(path)


def _cuts(values: Sequence[float | None], top: float) -> str:
    """A slanted slit through each bar that is cut off."""
    return "".join(
        f"M{place * CELL} 16l{CELL} -6v4l-{CELL} 6z"
        for place, value in enumerate(values)
        if value is not None and value > top
    )


def _written_cuts(values: Sequence[float | None], top: float) -> set[int]:
    """The places of the cut-off bars whose values are written beside them: the largest, and those far enough off."""
    cut = sorted((-value, place) for place, value in enumerate(values) if value is not None and value > top)
    written: set[int] = set()
    for _value, place in cut:
        if all(abs(place - other) * _APART >= len(values) for other in written):
            written.add(place)
    return written


def short_number(number: float) -> str:
    """A number in a path: two places at most."""
    return f"{number:.2f}".rstrip("0").rstrip(".")
