"""The admin's page about the usage of all users, and its CSV."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from kv.days import local_day
from kv.errors import StoreUnavailable
from kv.web.charts import Words, time_chart
from kv.web.day_ranges import read_range
from kv.web.spreadsheets import csv_download
from usertokens.services.usage import report_of, site_uses_between
from usertokens.services.uses import Uses
from usertokens.views.usage_rows import ACTION, usage_rows

#: Ranges longer than this are shown without the period before, which would double what is read.
_LONGEST_COMPARED = 366


def usage_page(request: HttpRequest, context: dict[str, Any]) -> HttpResponseBase:
    """A chart of the tokens, and a table by action; `?export=csv` for a row of each day and action.

    The range is the last 30 days, or that of `?days=` or `?from=` and `?to=`. `?action=` is shown in front of all.
    """
    shown = read_range(request.GET, local_day(), kept=(ACTION,))
    context["range"] = shown
    first = shown.before[0] if shown.days <= _LONGEST_COMPARED else shown.first
    try:
        uses = site_uses_between(first, shown.last)
        if request.GET.get("export") == "csv":
            rows = _rows(uses.between(shown.first, shown.last))
            return csv_download(f"usage-{shown.last.isoformat()}.csv", rows)
        context |= _figures(request, uses, shown)
    except StoreUnavailable:
        context["store_away"] = True
    response = TemplateResponse(request, "usertokens/admin/usage.html", context)
    if "store_away" in context and request.GET.get("export") == "csv":
        response.status_code = 503  # the page instead of the file, which a program must not take for it
        response.headers["Retry-After"] = "1"
    response.headers["Cache-Control"] = "no-store"
    return response


def _figures(request: HttpRequest, uses: Uses, shown: Any) -> dict[str, Any]:
    report = report_of(uses.between(shown.first, shown.last), shown.first, shown.last)
    table = usage_rows(report, request.GET, shown)
    dates = [shown.first + timedelta(days=ahead) for ahead in range(shown.days)]
    tokens = [sum(day) for day in zip(*(one.days for one in report.actions), strict=True)] or [0] * shown.days
    before = None
    if shown.days <= _LONGEST_COMPARED:
        earlier = report_of(uses.between(*shown.before), *shown.before)
        sums = [sum(day) for day in zip(*(one.days for one in earlier.actions), strict=True)]
        # Without any use nothing is known of these days: it may be that counting began later.
        before = sums or [None] * shown.days
    words = Words(_("Tokens spent"), front=table.chosen.action if table.chosen else "")
    fronts = table.chosen.days if table.chosen else ()
    chart = time_chart("usage", zip(dates, tokens, strict=True), words, fronts=fronts, before=before)
    return {"report": report, "table": table, "chart": chart}


def _rows(uses: Uses) -> Iterator[Sequence[object]]:
    yield "date", "action", "count", "quantity", "spent"
    for (day, action), sums in sorted(uses.items()):
        yield day.isoformat(), action, *sums
