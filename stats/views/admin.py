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
from kv.web.charts import Chart, Words, time_chart
from kv.web.day_ranges import read_range
from kv.web.formats import format_short
from kv.web.spreadsheets import csv_download
from stats.models import Adjustment
from stats.services import figures, series, usage
from stats.services.tool_names import tool_label
from stats.templatetags.stats import format_cents
from stats.types import Day, Reason

DAYS = 90
#: Ranges longer than this are shown without the period before, which would double what is read.
_LONGEST_COMPARED = 366
_EXCLUDED = tuple(reason for reason in Reason)


def statistics_page(request: HttpRequest, context: dict[str, Any]) -> HttpResponseBase:
    """Totals, uniques, a range of days as charts and a table, tools, and excluded visits; `?export=csv` for the table.

    The range is the last 90 days, or that of `?days=` or `?from=` and `?to=`.
    """
    shown = read_range(request.GET, local_day(), default=DAYS)
    context["range"] = shown
    try:
        if request.GET.get("export") == "csv":
            days = series.list_days(days=shown.days, until=shown.last)
            return csv_download(f"statistics-{shown.last.isoformat()}.csv", _rows(days))
        compared = shown.days if shown.days <= _LONGEST_COMPARED else 0
        read = series.list_days(days=shown.days + compared, until=shown.last)
        before, days = read[:compared], read[compared:]
        context |= {
            "figures": figures.read_figures(),
            "uniques": series.count_uniques(),
            "busiest": series.busiest_address(),
            "usage": [(tool_label(used.tool).name, used.count) for used in usage.list_usage()],
            "days": days[::-1],
            "charts": _charts(days, before),
            "excluded": _excluded(days),
            "ends_today": shown.last == local_day(),
        }
    except StoreUnavailable:
        context["store_away"] = True
    context["adjustments"] = Adjustment.objects.select_related("actor")[:20]
    response = TemplateResponse(request, "stats/admin/statistics.html", context)
    response.headers["Cache-Control"] = "no-store"
    return response


def _charts(days: tuple[Day, ...], before: tuple[Day, ...]) -> list[tuple[str, Chart]]:
    """Each chart with its heading."""

    def values(name: str, of: tuple[Day, ...]) -> list[int | None]:
        return [getattr(day, name) if day.is_known else None for day in of]

    dates = [day.day for day in days]
    visits = Words(_("Visits"), front=_("New visitors"))
    codes = Words(_("Payment codes"))
    amount = Words(
        _("Amount on payment codes"), write=format_cents, short=lambda cents: format_short(cents / 100, places=2)
    )
    return [
        (
            words.name,
            time_chart(
                name,
                zip(dates, values(name, days), strict=True),
                words,
                fronts=values("visitors", days) if words.front else (),
                before=values(name, before),
            ),
        )
        for name, words in (("visits", visits), ("payment_codes", codes), ("revenue_cents", amount))
    ]


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
