"""One code with everything that is known of it: its row, its days and its breakdown."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime

from codetags import keys
from codetags.errors import TooManyDays
from codetags.services.breakdowns import read_breakdown
from codetags.services.counts import get_code, list_days
from codetags.services.excluded_hits import read_excluded
from codetags.types import EARLIEST, Breakdown, CodeCounts, DayCount
from kv.days import local_day
from kv.store.connection import call

#: Ten years.
MOST_DAYS = 3660


@dataclass(frozen=True, slots=True)
class CodeDetails:
    """The row of the list; each day, oldest first; the breakdown of these days."""

    code: CodeCounts
    days: tuple[DayCount, ...]
    breakdown: Breakdown


def read_code(
    code: str, *, since: date | None = None, until: date | None = None, now: datetime | None = None
) -> CodeDetails | None:
    """A code on the days from `since` to `until`, both included; without either, from its first hit up to today.

    With days, its count and what was not counted are of these days, as in the list. None for a code that nobody knows.
    Uses the database. Raises TooManyDays, StoreUnavailable.
    """
    found = get_code(code, now=now)
    if found is None:
        return None
    last = until or local_day(now)
    first = since or min(_first_day(code) or last, last)
    if (since or until) and (last - first).days >= MOST_DAYS:
        raise TooManyDays(MOST_DAYS)
    days = list_days(code, since=first, until=last)
    if since or until:
        (excluded,), _ = read_excluded([code], since=since, until=until, now=now)
        found = replace(found, count=sum(day.count for day in days), excluded=excluded)
    return CodeDetails(found, days, read_breakdown(code, since=first, until=last))


def _first_day(code: str) -> date | None:
    days = (date.fromisoformat(day.decode()) for day in call("HKEYS", keys.days(code)))
    return min((day for day in days if day > EARLIEST), default=None)
