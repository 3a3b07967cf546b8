"""The admin's page of up to six codes or campaigns in one chart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from codetags.models.campaigns import LONGEST_NAME
from codetags.services import campaigns, counts
from codetags.services.campaign_details import compare_days
from codetags.services.column_days import Sums
from codetags.services.patterns import LONGEST
from codetags.types import EARLIEST
from codetags.views.code_ranges import CHART_DAYS, LONGEST_CHART, values_before
from kv.days import local_day
from kv.errors import StoreUnavailable
from kv.web.charts import Words
from kv.web.day_ranges import DayRange, read_range
from kv.web.series_charts import MOST_SERIES, Series, series_chart

#: Names of one request that are looked at; more are refused without a look.
_MOST_ASKED = 100


@dataclass(frozen=True, slots=True)
class Compared:
    """A code or a campaign. kind, key: its part of the query. without: the query of the page without it."""

    kind: str
    key: str
    name: str
    address: str
    hits: Sums
    without: str = ""


def comparison_page(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """`?code=A&code=B&campaign=C`: their days in one chart, six of them at most. A POST leads to its address."""
    if request.method == "POST":
        chosen = urlencode(_asked(request.POST), doseq=True)
        address = reverse("admin:codetags_compare")
        return HttpResponseRedirect(f"{address}?{chosen}" if chosen else address)
    asked = _asked(request.GET)
    shown = _range(request, asked)
    context |= {
        "title": _("Compare codes and campaigns"),
        "range": shown,
        "most": MOST_SERIES,
        "is_too_many": len(asked) > MOST_SERIES,
        "campaign_names": campaigns.newest_names(),
    }
    try:
        found = list(_found(asked[:MOST_SERIES], shown))
    except StoreUnavailable:
        context["store_away"] = True
        found = []
    kept = [(one.kind, one.key) for one in found]
    missing = {name.upper() for _, name in asked[:MOST_SERIES]} - {name.upper() for _, name in kept}
    context |= {
        "missing": [] if "store_away" in context else sorted(missing),
        "kept": kept,
        "compared": [replace(one, without=_without(kept, one, shown)) for one in found],
        "chart": _chart(found, shown) if found else None,
    }
    response = TemplateResponse(request, "codetags/admin/compare.html", context)
    response.headers["Cache-Control"] = "no-store"
    return response


def _asked(query: Any) -> list[tuple[str, str]]:
    """What is asked for, each once: ("code" or "campaign", name)."""
    named = [("code", text.strip().upper()) for text in query.getlist("code")]
    named += [("campaign", text.strip()) for text in query.getlist("campaign")]
    limits = {"code": LONGEST, "campaign": LONGEST_NAME}
    return list(dict.fromkeys(one for one in named if one[1].isprintable() and 0 < len(one[1]) <= limits[one[0]]))[
        :_MOST_ASKED
    ]


def _range(request: HttpRequest, asked: Sequence[tuple[str, str]]) -> DayRange:
    shown = read_range(request.GET, local_day(), default=CHART_DAYS, longest=LONGEST_CHART)
    if shown.before[0] <= EARLIEST:  # whose count is of hits without a date
        shown = read_range({}, local_day(), default=CHART_DAYS)
    return replace(shown, kept=tuple(asked[:MOST_SERIES]))


def _found(asked: Sequence[tuple[str, str]], shown: DayRange) -> Iterator[Compared]:
    """Those of them that there are."""
    labels = counts.known_labels([key for kind, key in asked if kind == "code"])
    named = campaigns.get_campaigns(key for kind, key in asked if kind == "campaign")
    known = [
        (kind, key, found)
        for kind, key in asked
        if (found := named.get(key) if kind == "campaign" else key if key in labels else None)
    ]
    days = compare_days([one for *_, one in known], since=shown.first, until=shown.last, before=shown.before[0])
    for (kind, key, one), hits in zip(known, days, strict=True):
        if isinstance(one, str):
            name = " · ".join(filter(None, (one, labels[one])))
            yield Compared(kind, key, name, reverse("admin:codetags_code", args=[one]), hits)
        else:
            yield Compared(kind, key, one.name, reverse("admin:codetags_campaign", args=[one.pk]), hits)


def _chart(found: Sequence[Compared], shown: DayRange) -> Any:
    dates = [shown.first + timedelta(days=step) for step in range(shown.days)]
    series = [
        Series(one.name, list(zip(dates, one.hits.days, strict=True)), values_before(one.hits.before, shown))
        for one in found
    ]
    return series_chart("hits", series, Words(_("Hits")))


def _without(kept: Sequence[tuple[str, str]], one: Compared, shown: DayRange) -> str:
    left = [pair for pair in kept if pair != (one.kind, one.key)]
    return f"?{urlencode(left)}&{shown.query}" if left else f"?{shown.query}"
