"""The days that a page with charts shows: `?days=30`, or `?from=2026-01-01&to=2026-03-31`, as links and a form."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

from kv.web.buckets import MOST

#: The ranges that have a link, in days.
CHOICES = (7, 30, 90, 365)
#: The most days that a page reads at once.
LONGEST = 366 * 3
_DIGITS = 5


@dataclass(frozen=True, slots=True)
class RangeLink:
    """A link to the last `days` days."""

    days: int
    query: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class DayRange:
    """The days from `first` to `last`, both included.

    chosen: the number of days in `?days=`; None when both ends were given.
    choices: the numbers of days that have a link. kept: other parts of the query, which links and form keep.
    """

    first: date
    last: date
    chosen: int | None
    choices: tuple[int, ...] = CHOICES
    kept: tuple[tuple[str, str], ...] = ()

    @property
    def days(self) -> int:
        """How many days there are."""
        return (self.last - self.first).days + 1

    @property
    def is_daily(self) -> bool:
        """Whether a chart of it has a bar for each day; those of longer ranges have weeks, months or years."""
        return self.days <= MOST

    @property
    def before(self) -> tuple[date, date]:
        """The first and the last day of the period before, which is as long."""
        return self.first - timedelta(days=self.days), self.first - timedelta(days=1)

    @property
    def links(self) -> tuple[RangeLink, ...]:
        """A link for each of `choices`."""
        return tuple(
            RangeLink(days, "?" + urlencode([*self.kept, ("days", str(days))]), days == self.chosen)
            for days in self.choices
        )

    @property
    def query(self) -> str:
        """The query that shows these days again, without what is kept."""
        if self.chosen is not None:
            return urlencode({"days": self.chosen})
        return urlencode({"from": self.first.isoformat(), "to": self.last.isoformat()})


def read_range(
    query: Mapping[str, str],
    today: date,
    *,
    choices: Sequence[int] = CHOICES,
    default: int = 30,
    longest: int = LONGEST,
    kept: Sequence[str] = (),
) -> DayRange:
    """The days asked for; the last `default` ones where the query names none, or none that there are.

    The range ends today at the latest, and has `longest` days at most. kept: names of the query that links keep.
    """
    others = tuple((name, value) for name in kept if (value := query.get(name)))
    first, last = _day(query.get("from")), _day(query.get("to"))
    floor = date.min + timedelta(days=2 * longest)
    if (first or last) and not (first and last and last < first) and not (first and first > today):
        last = max(min(last or today, today), floor)
        first = min(first or last - timedelta(days=default - 1), last)
        return DayRange(
            max(first, last - timedelta(days=longest - 1)), last, None, tuple(choices), others
        )  # fmt: skip
    text = query.get("days") or ""
    wanted = int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS else default
    days = min(wanted, longest) or default
    return DayRange(today - timedelta(days=days - 1), today, days, tuple(choices), others)


class _Days:
    """Every day as the form of a range sends it, YYYY-MM-DD, and an end that was left empty."""

    def __contains__(self, text: object) -> bool:
        return text == "" or (isinstance(text, str) and (day := _day(text)) is not None and day.isoformat() == text)


#: What `?from=` and `?to=` may be.
DAYS: Container[str] = _Days()


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None
