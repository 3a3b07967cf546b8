"""The days that the page of a code shows."""

from __future__ import annotations

from django.http import HttpRequest

from codetags.types import EARLIEST
from kv.days import local_day
from kv.web.day_ranges import DayRange, read_range

CHART_DAYS = 90
LONGEST_CHART = 400


def read_code_range(request: HttpRequest) -> DayRange:
    """The days that the query asks for: `days`, `from`, `to`, or the list's own names `since` and `until`."""
    asked = request.GET.dict()
    # The list's own names for a range; bookmarks have them too.
    asked |= {name: asked[other] for other, name in (("since", "from"), ("until", "to")) if other in asked}
    shown = read_range(asked, local_day(), default=CHART_DAYS, longest=LONGEST_CHART)
    if shown.before[0] <= EARLIEST:  # whose count is of hits without a date
        shown = read_range({}, local_day(), default=CHART_DAYS)
    return shown


def values_before(total: int, shown: DayRange) -> list[int]:
    """The hits of the days before as charts take them: one value a day, of which they tell the sum alone."""
    return [total, *[0] * (shown.days - 1)]
