"""The public page of statistics. It is the same for all visitors, so a proxy may cache it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from kv.days import local_day
from kv.errors import StoreUnavailable
from kv.web.caching import public_page
from kv.web.charts import Chart, Words, change_text, time_chart
from kv.web.day_ranges import DayRange, read_range
from kv.web.formats import format_number, format_short
from kv.web.links import app_url
from stats.conf import app_settings
from stats.services import history, usage
from stats.services.history import is_counted
from stats.services.tool_names import tool_label
from stats.templatetags.stats import UNKNOWN, format_cents
from stats.types import Day, History, ToolUsage, Trend
from stats.views.elsewhere import list_snippets

#: What the chart can show, by its name in `?of=`; the first is shown when nothing else is asked for.
FIGURES = ("visitors", "payment-codes", "amount")


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure over the days shown: `text` is their sum, `change` a sentence or "". query: shows its chart."""

    title: str
    text: str
    change: str
    query: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class ToolRow:
    """A tool: uses on the days shown, their change, and all uses; `width` of its bar in hundredths of the longest."""

    id: str
    name: str
    sentence: str
    text: str
    change: str
    total: str
    width: int


@require_safe
@public_page
def statistics(request: HttpRequest) -> HttpResponse:
    """A chart of one figure over the days asked for, the sums of all, and the uses of each tool."""
    usual, most = history.DEFAULT_DAYS, history.LONGEST_DAYS
    shown = read_range(request.GET, local_day(), default=usual, longest=most, kept=("of",))
    known = _history(shown)
    of = request.GET.get("of", "")
    of = of if of in FIGURES else FIGURES[0]
    tools, away = _tools()
    context = {
        "shown": shown,
        "figures": _figures(known, shown, of),
        "chart": _chart(known, shown, of) if known else None,
        "tools": _tool_rows(tools, known, shown),
        "away": away or known is None,
        "as_of": known.read_at if known else None,
        "is_empty": not away and not any(use.count for use in tools) and not _has_days(known),
        "pay_url": app_url("stats:pay"),
        "snippets": list_snippets(request),
    }
    return render(request, "stats/statistics.html", context)


def _history(shown: DayRange) -> History | None:
    """What is needed for the days shown and as many before."""
    recent = history.recent_history()
    if recent and shown.before[0] >= recent.days[0].day:
        return recent
    return history.long_history()


def _has_days(known: History | None) -> bool:
    return known is None or any(is_counted(day) for day in known.days)


def _title(of: str) -> str:
    return {"visitors": _("Visitors"), "payment-codes": _("Payment codes"), "amount": _("Amount on payment codes")}[of]


def _of_day(of: str) -> Callable[[Day], int]:
    return attrgetter({"visitors": "visitors", "payment-codes": "payment_codes", "amount": "revenue_cents"}[of])


def _figures(known: History | None, shown: DayRange, of: str) -> list[Figure]:
    found = []
    for name in FIGURES:
        text, change = UNKNOWN, ""
        if known:
            trend = history.trend_of(known, _of_day(name), first=shown.first, last=shown.last)
            text, change = _write(name)(trend.total), _change(trend)
        query = f"?{shown.query}&{urlencode({'of': name})}"
        found.append(Figure(_title(name), text, change, query, name == of))
    return found


def _write(of: str) -> Callable[[int], str]:
    return format_cents if of == "amount" else format_number


def _change(trend: Trend) -> str:
    return change_text(trend.values, trend.before)


def _chart(known: History, shown: DayRange, of: str) -> Chart:
    days = history.trend_of(known, _of_day(of), first=shown.first, last=shown.last).days
    words = Words(_title(of))
    if of == "amount":
        words = Words(_title(of), write=lambda cents: format_cents(round(cents)), short=_axis_euros)
    return time_chart("figure", days, words, first=shown.first, last=shown.last)


def _axis_euros(cents: float) -> str:
    return f"{format_short(cents / 100)}\N{NO-BREAK SPACE}€"


def _tools() -> tuple[tuple[ToolUsage, ...], bool]:
    """Uses since counting began, and whether they can't be read."""
    try:
        return usage.list_usage(), False
    except StoreUnavailable:
        return tuple(ToolUsage(tool, 0) for tool in app_settings.STATS_TOOLS), True


def _tool_rows(tools: tuple[ToolUsage, ...], known: History | None, shown: DayRange) -> list[ToolRow]:
    """Every tool that was ever used, most used on the days shown first; all tools where nothing is known."""
    trends = {
        use.tool: history.trend_of(known, _uses_of(use.tool), first=shown.first, last=shown.last)
        for use in tools
        if known and use.count
    }
    most = max((trend.total for trend in trends.values()), default=0)
    rows = []
    for use in sorted(tools, key=lambda use: (-trends[use.tool].total if use.tool in trends else 0, -use.count)):
        label, trend = tool_label(use.tool), trends.get(use.tool)
        if known and not trend:
            continue
        rows.append(
            ToolRow(
                id=use.tool,
                name=label.name,
                sentence=label.sentence,
                text=format_number(trend.total) if trend else UNKNOWN,
                change=_change(trend) if trend else "",
                total=format_number(use.count) if trend else UNKNOWN,
                # At least 1, so that a single use beside a million is still visible.
                width=max(trend.total * 100 // most, 1) if trend and trend.total else 0,
            )
        )
    return rows


def _uses_of(tool: str) -> Callable[[Day], int]:
    return lambda day: day.tools.get(tool, 0)
