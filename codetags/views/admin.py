"""The admin's page of one code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from codetags import keys
from codetags.conf import app_settings
from codetags.services import counts
from codetags.services.breakdowns import read_breakdown
from codetags.services.code_images import KINDS
from codetags.services.patterns import LONGEST
from codetags.types import (
    DayCount,
    RegisteredCode,
)
from codetags.views.breakdowns import breakdown_context
from codetags.views.code_ranges import read_code_range
from codetags.views.image_forms import code_image_form
from codetags.views.links import list_landings
from codetags.views.words import excluded_rows, state_of
from kv.errors import StoreUnavailable
from kv.web.charts import Words, time_chart


def code_page(request: HttpRequest, code: str, context: dict[str, Any]) -> HttpResponse:
    """One code: its days as a chart and a table, its links and images. Raises Http404 for an unknown one."""
    if not code.isprintable() or len(code) > LONGEST:  # no row can have it, and a database may refuse the query
        raise Http404
    shown = read_code_range(request)
    before, until = shown.before[0], shown.last
    try:
        found = counts.get_code(code)
        if found is None:
            raise Http404
        read = counts.list_days(code, since=before, until=until)
        days = read[shown.days :]
        context |= {
            "days": days[::-1],
            "chart": time_chart(
                "hits",
                zip([day.day for day in days], _values(days, found.registered), strict=True),
                Words(_("Hits")),
                before=_values(read[: shown.days], found.registered),
            ),
            "hits": (hits := sum(day.count for day in days)),
            **breakdown_context(request, code, read_breakdown(code, since=shown.first, until=until), hits),
            "placement_param": app_settings.CODETAGS_PLACEMENT_PARAM,
            "excluded": excluded_rows(found.excluded, days),
        }
    except StoreUnavailable:
        context["store_away"] = True
        found = None
    landings = list_landings(request)
    context |= {
        "title": code,
        "code": code,
        "is_other": code == keys.OTHER,
        "found": found,
        "state": state_of(found.registered) if found else "",
        "range": shown,
        "links": [(landing, landing.link(code)) for landing in landings],
        "code_image_form": code_image_form(landings),
        "image_addresses": [(kind.upper(), reverse(f"admin:codetags_qr_{kind}", args=[code])) for kind in KINDS]
        if code != keys.OTHER
        else [],
    }
    response = TemplateResponse(request, "codetags/admin/code.html", context)
    response.headers["Cache-Control"] = "no-store"
    return response


def _values(days: Sequence[DayCount], code: RegisteredCode | None) -> list[int | None]:
    """The hits of each day; None for one without any that is outside the dates of the code, when nothing counts."""

    def is_outside(day: DayCount) -> bool:
        return code is not None and bool((code.start and day.day < code.start) or (code.end and day.day > code.end))

    return [None if not day.count and is_outside(day) else day.count for day in days]
