"""Days put together to weeks, months, quarters or years, so that a chart of any length is one small page."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

#: Bars that a chart has at most: a quarter of a year day by day.
MOST = 92
_WEEK = 7


@dataclass(frozen=True, slots=True)
class Step:
    """The length of one bucket: so many days, or so many months."""

    days: int = 0
    months: int = 0

    def after(self, day: date) -> date | None:
        """The first day of the bucket after that of `day`, None after date.max. Weeks begin on Monday."""
        if self.days:
            length = self.days - (day.weekday() if self.days == _WEEK else 0)
            return day + timedelta(days=length) if (date.max - day).days >= length else None
        month = ((day.year * 12 + day.month - 1) // self.months + 1) * self.months
        return date(month // 12, month % 12 + 1, 1) if month // 12 <= date.max.year else None


STEPS = (Step(days=1), Step(days=_WEEK), *(Step(months=months) for months in (1, 3, 12, 60, 120, 600, 1200, 12000)))


@dataclass(frozen=True, slots=True)
class Bucket:
    """The days from `first` to `last` as one: `value` of all, None where none of them is known; so is `front`."""

    first: date
    last: date
    value: float | None
    front: float | None = None


def bucket_days(
    days: Iterable[tuple[date, float | None, float | None]],
    *,
    first: date | None = None,
    last: date | None = None,
    is_level: bool = False,
    most: int = MOST,
) -> tuple[Bucket, ...]:
    """At most `most` buckets of equal kind for (day, value, front) in any order, oldest first.

    A day that is not among them is not known. first, last: the ends of the range, None = of the days. A bucket at an
    end has only the days within. is_level: the value of a bucket is the mean of its days, else it is their sum.
    """
    rows = list(days)
    if rows:
        first = first or min(row[0] for row in rows)
        last = last or max(row[0] for row in rows)
    if first is None or last is None or last < first:
        return ()
    starts = _starts(first, last, most)
    found: list[list[tuple[float | None, float | None]]] = [[] for _ in starts]
    for day, value, front in rows:
        if first <= day <= last:
            found[bisect_right(starts, day) - 1].append((value, front))
    ends = [start - timedelta(days=1) for start in starts[1:]] + [last]
    return tuple(
        Bucket(start, end, *(_put_together(part, is_level=is_level) for part in zip(*pairs, strict=True)))
        if pairs else Bucket(start, end, None)
        for start, end, pairs in zip(starts, ends, found, strict=True)
    )  # fmt: skip


def _starts(first: date, last: date, most: int) -> list[date]:
    """The first days of the buckets, of the shortest step with at most `most` of them; one for all where none has."""
    for step in STEPS:
        starts = [first]
        for start in _each_after(first, step):
            if start > last or len(starts) > most:
                break
            starts.append(start)
        if len(starts) <= most:
            return starts
    return [first]


def _each_after(first: date, step: Step) -> Iterator[date]:
    start: date | None = first
    while start and (start := step.after(start)):
        yield start


def _put_together(values: Sequence[float | None], *, is_level: bool) -> float | None:
    known = [value for value in values if value is not None]
    if not known:
        return None
    return round(sum(known) / len(known), 1) if is_level else sum(known)
