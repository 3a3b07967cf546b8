"""The admin's page "Campaign codes: counts", and the page of one code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from codetags import keys
from codetags.conf import REFRESH_LIMIT, app_settings
from codetags.forms import CodeImageForm, ListForm, RangeForm
from codetags.services import counts, outbox
from codetags.services.patterns import LONGEST
from codetags.types import EARLIEST, CodeCounts, CodePage, DayCount, Excluded, Reason, RegisteredCode
from codetags.views.links import Landing, list_landings
from codetags.views.sparklines import Sparkline, sparkline
from kv.days import local_day
from kv.errors import StoreUnavailable
from kv.times import utc_now
from kv.web.charts import bar_chart
from kv.web.rate_limits import RateLimited
from kv.web.throttling import check_identity

PAGE = 50
CHART_DAYS = 90
_LONGEST_CHART = 400


@dataclass(frozen=True, slots=True)
class Row:
    """One code as the list shows it."""

    code: CodeCounts
    spark: Sparkline
    links: tuple[tuple[Landing, str], ...]
    state: str


def counts_page(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """The list. With `?fragment=1` only its table, which the page's script fetches to refresh it."""
    is_fragment = request.GET.get("fragment") == "1"
    if is_fragment and (refusal := _too_soon(request)):
        return refusal
    template = "codetags/admin/table.html" if is_fragment else "codetags/admin/counts.html"
    form = ListForm(request.GET)
    landings = list_landings(request)
    context |= {
        "form": form,
        "landings": landings,
        "read_at": utc_now(),
        "code_image_form": code_image_form(landings),
    }
    try:
        context |= _list(request, form, landings)
        if app_settings.QR_ANALYTICS_EXTERNAL_URL:
            context["outbox"] = outbox.outbox_state()
    except StoreUnavailable:
        context["store_away"] = True
    response = TemplateResponse(
        request, template, context, status=503 if is_fragment and "store_away" in context else 200
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def code_page(request: HttpRequest, code: str, context: dict[str, Any]) -> HttpResponse:
    """One code: its days as a chart and a table, its links and images. Raises Http404 for an unknown one."""
    if not code.isprintable() or len(code) > LONGEST:  # no row can have it, and a database may refuse the query
        raise Http404
    today = local_day()
    form = RangeForm(request.GET)
    chosen = form.cleaned_data if form.is_valid() else {}
    until = max(min(chosen.get("until") or today, today), EARLIEST + timedelta(days=_LONGEST_CHART))
    since = chosen.get("since") or until - timedelta(days=CHART_DAYS - 1)
    since = max(min(since, until), until - timedelta(days=_LONGEST_CHART - 1))
    try:
        found = counts.get_code(code)
        if found is None:
            raise Http404
        days = counts.list_days(code, since=since, until=until)
        context |= {
            "days": days[::-1],
            "chart": bar_chart([(day.day, day.count) for day in days]),
            "hits": sum(day.count for day in days),
            "excluded": _excluded(found.excluded, days),
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
        "state": _state(found.registered) if found else "",
        "form": form,
        "since": since,
        "until": until,
        "links": [(landing, landing.link(code)) for landing in landings],
        "code_image_form": code_image_form(landings),
    }
    response = TemplateResponse(request, "codetags/admin/code.html", context)
    response.headers["Cache-Control"] = "no-store"
    return response


def asked_for(form: ListForm) -> dict[str, Any]:
    """The arguments for `list_codes` from the form; none when it is not valid."""
    if not form.is_valid():
        return {}
    values = form.cleaned_data
    return {"since": values["since"], "until": values["until"], "search": values["q"].strip()}


def code_image_form(landings: tuple[Landing, ...], data: Any = None) -> CodeImageForm:
    """The form of QR images, with the languages in which the site has a landing page."""
    return CodeImageForm(data, languages=[(landing.language, landing.name) for landing in landings])


def _list(request: HttpRequest, form: ListForm, landings: tuple[Landing, ...]) -> dict[str, Any]:
    asked = asked_for(form)
    text = request.GET.get("p", "1")
    number = max(int(text), 1) if text.isascii() and text.isdigit() and len(text) < 8 else 1  # noqa: PLR2004 (digits)
    page = counts.list_codes(limit=PAGE, offset=(number - 1) * PAGE, **asked)
    if page.total and not page.codes:  # a bookmark of a page that no longer exists
        number = -(-page.total // PAGE)
        page = counts.list_codes(limit=PAGE, offset=(number - 1) * PAGE, **asked)
    rows = [
        Row(
            code,
            sparkline(code.last_30_days),
            tuple((landing, landing.link(code.code)) for landing in landings) if code.code != keys.OTHER else (),
            _state(code.registered),
        )
        for code in page.codes
    ]
    kept = {name: str(value) for name, value in request.GET.items() if name in form.fields and value}
    return {
        "rows": rows,
        "is_filtered": any(asked.values()),
        "in_range": bool(asked.get("since") or asked.get("until")),
        "export_query": urlencode(kept),
        "excluded": _totals(page.excluded),
        **_pager(page, number, kept),
    }


def _pager(page: CodePage, number: int, kept: dict[str, str]) -> dict[str, Any]:
    pages = max(-(-page.total // PAGE), 1)
    near = [other for other in range(number - 2, number + 3) if 1 <= other <= pages]
    wanted = sorted({1, pages, *near})

    def address(other: int) -> str:
        return f"?{urlencode({**kept, 'p': other})}"

    return {
        "total": page.total,
        "number": number,
        "pages": [(other, address(other)) for other in wanted] if pages > 1 else [],
        "here": address(number),
    }


def _state(code: RegisteredCode | None) -> str:
    """Why a code of the registry is not counted now; "" when it is."""
    today = local_day()
    if code is None:
        return ""
    if code.counts_for:
        return _("counts for {code}").format(code=code.counts_for)
    if code.is_archived:
        return _("archived")
    if code.start and today < code.start:
        return _("not yet begun")
    if code.end and today > code.end:
        return _("ended")
    return ""


def _reasons() -> dict[Reason, str]:
    return {
        Reason.REPEAT: _("Repeats: looked like a visitor who had been counted"),
        Reason.LIMITED: _("Over the limit of one address"),
        Reason.BOT: _("Bots and programs"),
        Reason.STAFF: _("Staff"),
        Reason.PREFETCH: _("Pages loaded in advance"),
        Reason.CROSS_SITE: _("Requests from other sites"),
        Reason.OUTSIDE: _("Outside the dates of the code"),
        Reason.UNREADABLE: _("Links without a readable code"),
    }


def _totals(counts: Excluded) -> list[tuple[str, int]]:
    labels = _reasons()
    return [(labels[reason], count) for reason, count in counts.items()]


def _excluded(ever: Excluded, days: Sequence[DayCount]) -> list[tuple[str, int, int]]:
    """For each reason its label, the calls of the days, and those of all time."""
    labels = _reasons()
    return [(labels[reason], sum(day.excluded[reason] for day in days), count) for reason, count in ever.items()]


def _too_soon(request: HttpRequest) -> HttpResponse | None:
    try:
        check_identity(REFRESH_LIMIT, str(request.user.pk))
    except RateLimited as limited:
        return HttpResponse(status=429, headers={"Retry-After": str(limited.retry_after), "Cache-Control": "no-store"})
    except StoreUnavailable:
        return None  # the list then shows the error
    return None
