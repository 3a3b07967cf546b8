"""The lists of codes and of campaigns in the admin, most hits first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from codetags import keys
from codetags.conf import REFRESH_LIMIT, app_settings
from codetags.forms import ListForm
from codetags.services import campaign_counts, campaigns, counts, outbox
from codetags.services.breakdowns import list_placements
from codetags.types import CampaignCounts, CampaignPage, CodeCounts, CodePage
from codetags.views.image_forms import code_image_form
from codetags.views.links import Landing, list_landings
from codetags.views.words import state_of, totals_of
from kv.errors import StoreUnavailable
from kv.times import utc_now
from kv.web.formats import format_money, format_number
from kv.web.rate_limits import RateLimited
from kv.web.throttling import check_identity

Page = TypeVar("Page", CodePage, CampaignPage)

PAGE = 50


@dataclass(frozen=True, slots=True)
class Row:
    """One code as the list shows it.

    links: of each landing page the language, the link, and what its button does. placement: the one with most hits of
    all time, and these. Texts of each row are made here: a tag that translates takes several times as long.
    """

    code: CodeCounts
    links: tuple[tuple[str, str, str], ...]
    state: str
    placement: tuple[str, int] | None = None

    @property
    def select_label(self) -> str:
        """What the row's checkbox does."""
        return _select_label(self.code.code)

    @property
    def days_label(self) -> str:
        """What the line of the last 30 days shows."""
        return _days_label(self.code.last_30_days)


@dataclass(frozen=True, slots=True)
class CampaignRow:
    """One campaign as the list shows it."""

    counts: CampaignCounts

    @property
    def select_label(self) -> str:
        """What the row's checkbox does; "" where there is none."""
        return _select_label(self.counts.campaign.name) if self.counts.campaign else ""

    @property
    def days_label(self) -> str:
        """What the line of the last 30 days shows."""
        return _days_label(self.counts.last_30_days)

    @property
    def cost(self) -> str:
        """As money; "" where nobody has entered it."""
        cents = self.counts.campaign.cost_cents if self.counts.campaign else None
        return "" if cents is None else format_money(cents, "EUR")

    @property
    def share(self) -> str:
        """Hits by euro; "" where it cost nothing."""
        share = self.counts.hits_per_euro
        return "" if share is None else format_number(share, 2 if share >= 1 else 4)


def counts_page(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """The list. With `?fragment=1` only its table, which the page's script fetches to refresh it."""
    is_fragment = request.GET.get("fragment") == "1"
    if is_fragment and (refusal := _too_soon(request)):
        return refusal
    form = ListForm(request.GET)
    table = "codetags/admin/campaigns_table.html" if is_grouped(form) else "codetags/admin/table.html"
    template = table if is_fragment else "codetags/admin/counts.html"
    landings = list_landings(request)
    context |= {
        "form": form,
        "table": table,
        "views": _views(request, form),
        "campaign_names": [] if is_fragment else campaigns.newest_names(),
        "landings": landings,
        "read_at": utc_now(),
        "code_image_form": code_image_form(landings),
    }
    try:
        context |= _groups(request, form) if is_grouped(form) else _list(request, form, landings)
        if app_settings.QR_ANALYTICS_EXTERNAL_URL:
            context["outbox"] = outbox.outbox_state()
    except StoreUnavailable:
        context["store_away"] = True
    response = TemplateResponse(
        request, template, context, status=503 if is_fragment and "store_away" in context else 200
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def asked_for(form: ListForm) -> dict[str, Any]:
    """The arguments for `list_codes` from the form; none when it is not valid."""
    if not form.is_valid():
        return {}
    values = form.cleaned_data
    days = {"since": values["since"], "until": values["until"]}
    return {**days, "search": values["q"].strip(), "campaign": values["campaign"].strip()}


def is_grouped(form: ListForm) -> bool:
    """Whether campaigns are asked for in the place of codes."""
    return form.is_valid() and bool(form.cleaned_data["group"])


def _list(request: HttpRequest, form: ListForm, landings: tuple[Landing, ...]) -> dict[str, Any]:
    page, number = _page(request, form, counts.list_codes)
    shown = code_rows(page.codes, landings)
    return {
        **_shown(form, page.total, number, _kept(request, form)),
        "rows": shown,
        "excluded": totals_of(page.excluded),
    }


def _groups(request: HttpRequest, form: ListForm) -> dict[str, Any]:
    page, number = _page(request, form, campaign_counts.list_campaigns)
    shown = [CampaignRow(row) for row in page.campaigns]
    return {**_shown(form, page.total, number, _kept(request, form)), "groups": shown}


def code_rows(codes: Sequence[CodeCounts], landings: tuple[Landing, ...]) -> list[Row]:
    """The codes as lists show them."""
    copies = _("Copy the link of %(code)s in %(language)s")

    def links(code: str) -> tuple[tuple[str, str, str], ...]:
        return tuple(
            (landing.language, landing.link(code), copies % {"code": code, "language": landing.name})
            for landing in landings
        )

    return [
        Row(
            code,
            links(code.code) if code.code != keys.OTHER else (),
            state_of(code.registered),
            # ~OTHER is the sum of many places, so the busiest is behind it.
            next((one for one in placements if one[0] != keys.OTHER), None),
        )
        for code, placements in zip(codes, list_placements([one.code for one in codes], most=2), strict=True)
    ]


def _select_label(name: str) -> str:
    return _("Select %(code)s") % {"code": name}


def _days_label(days: Sequence[int]) -> str:
    return _("%(total)s in 30 days, at most %(top)s a day") % {
        "total": format_number(sum(days)),
        "top": format_number(max(days, default=0)),
    }


def _page(request: HttpRequest, form: ListForm, read: Callable[..., Page]) -> tuple[Page, int]:
    """The page that is asked for, and its number; the last one where there are fewer."""
    asked = asked_for(form)
    text = request.GET.get("p", "1")
    number = max(int(text), 1) if text.isascii() and text.isdigit() and len(text) < 8 else 1  # noqa: PLR2004 (digits)
    page = read(limit=PAGE, offset=(number - 1) * PAGE, **asked)
    if page.total and (number - 1) * PAGE >= page.total:  # a bookmark of a page that no longer exists
        number = -(-page.total // PAGE)
        page = read(limit=PAGE, offset=(number - 1) * PAGE, **asked)
    return page, number


def _kept(request: HttpRequest, form: ListForm) -> dict[str, str]:
    return {name: str(value) for name, value in request.GET.items() if name in form.fields and value}


def _views(request: HttpRequest, form: ListForm) -> list[tuple[str, str, bool]]:
    """The list of codes and that of campaigns: name, address, whether it is shown."""
    kept = _kept(request, form)
    kept.pop("group", None)
    grouped = is_grouped(form)
    return [
        (_("Codes"), f"?{urlencode(kept)}", not grouped),
        (_("Campaigns"), f"?{urlencode({**kept, 'group': 'campaign'})}", grouped),
    ]


def _shown(form: ListForm, total: int, number: int, kept: dict[str, str]) -> dict[str, Any]:
    asked = asked_for(form)
    return {
        "is_filtered": any(asked.values()),
        "in_range": bool(asked.get("since") or asked.get("until")),
        "export_query": urlencode(kept),
        **_pager(total, number, kept),
    }


def _pager(total: int, number: int, kept: dict[str, str]) -> dict[str, Any]:
    pages = max(-(-total // PAGE), 1)
    near = [other for other in range(number - 2, number + 3) if 1 <= other <= pages]
    wanted = sorted({1, pages, *near})

    def address(other: int) -> str:
        return f"?{urlencode({**kept, 'p': other})}"

    return {
        "total": total,
        "number": number,
        "pages": [(other, address(other)) for other in wanted] if pages > 1 else [],
        "here": address(number),
    }


def _too_soon(request: HttpRequest) -> HttpResponse | None:
    try:
        check_identity(REFRESH_LIMIT, str(request.user.pk))
    except RateLimited as limited:
        return HttpResponse(status=429, headers={"Retry-After": str(limited.retry_after), "Cache-Control": "no-store"})
    except StoreUnavailable:
        return None  # the list then shows the error
    return None
