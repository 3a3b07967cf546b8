"""The admin's page of one campaign."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from codetags.models import Campaign
from codetags.services import campaign_counts, counts
from codetags.services.campaigns import codes_of
from codetags.services.excluded_hits import read_sums
from codetags.types import EARLIEST
from codetags.views.code_ranges import CHART_DAYS, LONGEST_CHART
from codetags.views.image_forms import code_image_form
from codetags.views.links import list_landings
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
        context |= _figures(campaign, shown)
        page = counts.list_codes(limit=PAGE, campaign=campaign.name)
        context |= {"rows": code_rows(page.codes, landings), "total": page.total}
        parts = -(-page.total // MOST_IMAGES)
        context["parts"] = range(1, parts + 1) if parts > 1 else ()
    except StoreUnavailable:
        context["store_away"] = True
    response = TemplateResponse(request, "codetags/admin/campaign.html", context)
    response.headers["Cache-Control"] = "no-store"
    return response


def _figures(campaign: Campaign, shown: DayRange) -> dict[str, Any]:
    read = campaign_counts.list_campaign_days(campaign, since=shown.before[0], until=shown.last)
    days = read[shown.days :]
    chart = time_chart(
        "hits",
        [(day.day, day.count) for day in days],
        Words(_("Hits")),
        before=[day.count for day in read[: shown.days]],
    )
    return {
        "found": CampaignRow(campaign_counts.get_counts(campaign)),
        "chart": chart,
        "hits": sum(day.count for day in days),
        "excluded": totals_of(read_sums(codes_of(campaign))),
    }
