"""Files from the admin's page: the list as CSV, and QR images of many codes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TypeVar

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404

from codetags.forms import ListForm
from codetags.models import Campaign
from codetags.services import campaign_counts, counts
from codetags.services.breakdowns import list_placements
from codetags.services.campaigns import codes_of
from codetags.services.excluded_hits import CODE_REASONS
from codetags.types import CampaignCounts, CodeCounts
from codetags.views.lists import asked_for, is_grouped
from codetags.views.prints import MOST_IMAGES, checked_code, images_zip
from kv.days import local_day
from kv.sql.batches import in_batches
from kv.web.formats import money_digits
from kv.web.spreadsheets import csv_download

_EXCLUDED = tuple(f"not_counted_{reason.value}" for reason in CODE_REASONS)
_COLUMNS = (
    "code",
    "label",
    "campaign",
    "count",
    "last_seen",
    "outside_its_dates",
    "start",
    "end",
    "archived",
    "counts_for",
    "placements",
    *_EXCLUDED,
)
_CAMPAIGN_COLUMNS = ("campaign", "codes", "count", "last_seen", "start", "end", "cost", "hits_per_euro")
_MOST_PARTS = 1000
_CHUNK = 1000

Row = TypeVar("Row")


def export_csv(request: HttpRequest) -> StreamingHttpResponse:
    """Every code of the filtered list, or every campaign, streamed row by row: 100 000 codes need little memory."""
    form = ListForm(request.GET)
    asked = asked_for(form)
    today = local_day().isoformat()
    if is_grouped(form):
        groups = campaign_counts.each_campaign(**asked)
        return csv_download(f"campaigns-{today}.csv", _campaign_rows(_begun(groups)))
    return csv_download(f"campaign-codes-{today}.csv", _rows(_begun(counts.each_code(**asked))))


def campaign_images_zip(request: HttpRequest, pk: int) -> HttpResponse:
    """POST {part, kind, size, …}: a ZIP with the images of all codes of a campaign, from A to Z.

    part: of a campaign with more than MOST_IMAGES codes, from 1 on.
    """
    campaign = get_object_or_404(Campaign, pk=pk)
    part = request.POST.get("part", "1")
    start = (int(part) - 1) * MOST_IMAGES if part in map(str, range(1, _MOST_PARTS)) else 0
    codes = codes_of(campaign)[::-1][start : start + MOST_IMAGES]
    return images_zip(request, codes, f"qr-codes-{campaign.pk}" + (f"-{part}" if start else ""))


def _begun(rows: Iterator[Row]) -> Iterator[Row]:
    """The rows, of which the first is read: an unavailable store raises here, before the response begins."""
    first = next(rows, None)
    return iter(()) if first is None else chain([first], rows)


def code_images_zip(request: HttpRequest) -> HttpResponse:
    """POST {code…, kind, size, …}: a ZIP with the image of each code."""
    codes = list(dict.fromkeys(checked_code(code) for code in request.POST.getlist("code")))
    return images_zip(request, codes)


def _rows(codes: Iterator[CodeCounts]) -> Iterator[Sequence[object]]:
    yield _COLUMNS
    for chunk in in_batches(codes, _CHUNK):
        for row, placements in zip(chunk, list_placements([row.code for row in chunk]), strict=True):
            yield _line(row, placements)


def _line(row: CodeCounts, placements: Sequence[tuple[str, int]]) -> Sequence[object]:
    """placements: with their hits of all time, whatever days were chosen."""
    known = row.registered
    return (
        row.code,
        row.label,
        known.campaign if known else "",
        row.count,
        row.last_seen.isoformat(timespec="seconds") if row.last_seen else "",
        row.outside,
        known.start or "" if known else "",
        known.end or "" if known else "",
        int(known.is_archived) if known else "",
        known.counts_for if known else "",
        " ".join(f"{at}={hits}" for at, hits in placements),
        *(row.excluded[reason] for reason in CODE_REASONS),
    )


def _campaign_rows(groups: Iterator[CampaignCounts]) -> Iterator[Sequence[object]]:
    yield _CAMPAIGN_COLUMNS
    for row in groups:
        known, share = row.campaign, row.hits_per_euro
        cost = known.cost_cents if known else None
        yield (
            known.name if known else "",
            row.codes,
            row.count,
            row.last_seen.isoformat(timespec="seconds") if row.last_seen else "",
            known.start or "" if known else "",
            known.end or "" if known else "",
            "" if cost is None else money_digits(cost, "EUR"),
            "" if share is None else round(share, 4),
        )
