"""The admin's page of one campaign."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from codetags.models import Campaign
from codetags.services.campaign_details import read_campaign
from codetags.types import EARLIEST
from codetags.views.code_ranges import CHART_DAYS, LONGEST_CHART, values_before
from codetags.views.image_forms import code_image_form
from codetags.views.links import Landing, list_landings
from codetags.views.lists import PAGE, CampaignRow, code_rows
from codetags.views.prints import MOST_IMAGES
from codetags.views.words import totals_of
from kv.days import local_day
from kv.errors import StoreUnavailable
from kv.web.charts import Words, time_chart
from kv.web.day_ranges import DayRange, read_range


def campaign_page(request: HttpRequest, pk: int, context: dict[str, Any]) -> HttpResponse:
    """One campaign: its sums, its days as a chart, its codes, and files of all of them. Raises Http404."""
    campaign = get_object_or_404(Campaign, pk=pk)
    shown = read_range(request.GET, local_day(), default=CHART_DAYS, longest=LONGEST_CHART)
    if shown.before[0] <= EARLIEST:  # whose count is of hits without a date
        shown = read_range({}, local_day(), default=CHART_DAYS)
    landings = list_landings(request)
    context |= {
        "title": campaign.name,
        "campaign": campaign,
        "range": shown,
        "landings": landings,
        "code_image_form": code_image_form(landings),
    }
    try:
        context |= _figures(campaign, shown, landings)
    except StoreUnavailable:
        context["store_away"] = True
    response = TemplateResponse(request, "codetags/admin/campaign.html", context)
    response.headers["Cache-Control"] = "no-store"
    return response


def _figures(campaign: Campaign, shown: DayRange, landings: tuple[Landing, ...]) -> dict[str, Any]:
    found = read_campaign(campaign, since=shown.first, until=shown.last, before=shown.before[0], limit=PAGE)
    dates = [shown.first + timedelta(days=step) for step in range(shown.days)]
    days = found.days.days
    before = values_before(found.days.before, shown)
    chart = time_chart("hits", zip(dates, days, strict=True), Words(_("Hits")), before=before)
    parts = -(-found.counts.codes // MOST_IMAGES)
    return {
        "found": CampaignRow(found.counts),
        "chart": chart,
        "hits": sum(days),
        "rows": code_rows(found.codes, landings),
        "total": found.counts.codes,
        "parts": range(1, parts + 1) if parts > 1 else (),
        "excluded": totals_of(found.excluded),
    }
