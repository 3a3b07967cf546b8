"""The admin's page "Site statistics" and its CSV."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from kv.days import local_day
from kv.errors import StoreUnavailable
from kv.web.charts import bar_chart
from kv.web.spreadsheets import csv_download
from stats.models import Adjustment
from stats.services import figures, series, usage
from stats.types import Day, Reason

DAYS = 90
_EXCLUDED = tuple(reason for reason in Reason)


def statistics_page(request: HttpRequest, context: dict[str, Any]) -> HttpResponseBase:
    """Totals, uniques, 90 days as a chart and a table, tools, and excluded visits; `?export=csv` for the table."""
    try:
        days = series.list_days(days=DAYS)
        if request.GET.get("export") == "csv":
            return csv_download(f"statistics-{local_day().isoformat()}.csv", _rows(days))
        context |= {
            "figures": figures.read_figures(),
            "uniques": series.count_uniques(),
            "busiest": series.busiest_address(),
            "usage": usage.list_usage(),
            "days": days[::-1],
            "visits_chart": bar_chart([(day.day, day.visits) for day in days], fronts=[day.visitors for day in days]),
            "codes_chart": bar_chart(
                [(day.day, day.payment_codes) for day in days], fronts=[day.payment_codes for day in days]
            ),
            "excluded": _excluded(days),
        }
    except StoreUnavailable:
        context["store_away"] = True
    context["adjustments"] = Adjustment.objects.select_related("actor")[:20]
    response = TemplateResponse(request, "stats/admin/statistics.html", context)
    response.headers["Cache-Control"] = "no-store"
    return response


def _excluded(days: tuple[Day, ...]) -> list[tuple[str, int, int]]:
    labels = {
        Reason.SEEN: _("Counted before"),
        Reason.BOT: _("Bots and programs"),
        Reason.STAFF: _("Staff"),
        Reason.OPTED_OUT: _("Asked not to be counted (DNT, GPC)"),
        Reason.PREFETCH: _("Pages loaded in advance"),
        Reason.CROSS_SITE: _("Requests from other sites"),
    }
    today = days[-1].excluded
    return [
        (labels[reason], today.get(reason.value, 0), sum(day.excluded.get(reason.value, 0) for day in days))
        for reason in _EXCLUDED
    ]


def _rows(days: tuple[Day, ...]) -> Iterator[Sequence[object]]:
    tools = sorted({tool for day in days for tool in day.tools})
    yield (
        *("date", "visits", "new_visitors", "payment_codes", "revenue_cents"),
        *(f"left_out_{reason.value}" for reason in _EXCLUDED),
        *(f"tool_{tool}" for tool in tools),
    )
    for day in days:
        yield (
            *(day.day.isoformat(), day.visits, day.visitors, day.payment_codes, day.revenue_cents),
            *(day.excluded.get(reason.value, 0) for reason in _EXCLUDED),
            *(day.tools.get(tool, 0) for tool in tools),
        )
