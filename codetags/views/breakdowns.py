"""How the staff see a breakdown: tables with shares and names, a heat map, and a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, StreamingHttpResponse
from django.utils.translation import gettext as _

from codetags import keys
from codetags.conf import app_settings
from codetags.services.breakdowns import LEAST_PUBLIC, read_breakdown
from codetags.services.counts import get_code
from codetags.types import Breakdown, Device
from codetags.views.code_ranges import read_code_range
from codetags.views.links import list_landings
from kv.web.formats import format_share
from kv.web.heat_maps import heat_map
from kv.web.names import country_name, language_name
from kv.web.spreadsheets import csv_download

_SMALL = f"fewer than {LEAST_PUBLIC}: exact, not for publication"
_COLUMNS = ("kind", "value", "label", "count", "share", "link", "note")


@dataclass(frozen=True, slots=True)
class Row:
    """One value. share: of all hits that were broken down, 0 to 1. link: of a placement, "" for others."""

    value: str
    name: str
    count: int
    share: float
    link: str = ""

    @property
    def percent(self) -> str:
        """The share as text."""
        return format_share(self.share)


@dataclass(frozen=True, slots=True)
class Table:
    """The values of one kind. slug: for names in HTML. missing: hits that said nothing of it."""

    slug: str
    title: str
    column: str
    rows: tuple[Row, ...]
    missing: int


def breakdown_context(request: HttpRequest, code: str, breakdown: Breakdown, hits: int) -> dict[str, Any]:
    """What the page of a code shows of a breakdown. hits: of the same days."""
    context: dict[str, Any] = {"placements": _placements(request, code, breakdown, hits), "least_public": LEAST_PUBLIC}
    if not app_settings.CODETAGS_BREAKDOWNS:
        return context
    hours = [hours or 0 for hours in breakdown.hours]
    return context | {"hours": heat_map("hours", hours, _("Hits")), "parts": _tables(breakdown, sum(hours))}


def export_breakdown(request: HttpRequest, code: str) -> StreamingHttpResponse:
    """Placements and breakdown of a code on the days that its page shows, as CSV. Raises Http404."""
    found = get_code(code)
    if found is None:
        raise Http404
    shown = read_code_range(request)
    breakdown = read_breakdown(code, since=shown.first, until=shown.last)
    return csv_download(
        f"code-{code}-{shown.first}-{shown.last}.csv".replace("~", ""), _lines(request, code, breakdown)
    )


def _lines(request: HttpRequest, code: str, breakdown: Breakdown) -> Iterator[Sequence[object]]:
    yield _COLUMNS
    hours = [hours or 0 for hours in breakdown.hours]
    labels = {one.at: one.label for one in breakdown.placements}
    kinds: list[tuple[str, Sequence[Row]]] = [
        ("placement", _placements(request, code, breakdown, sum(one.count for one in breakdown.placements)))
    ]
    if app_settings.CODETAGS_BREAKDOWNS:
        days = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
        counts = {f"{days[place // 24]} {place % 24:02}:00": hits for place, hits in enumerate(hours) if hits}
        kinds.append(("hour", _rows(counts, sum(hours))))
        kinds += [(table.slug, table.rows) for table in _tables(breakdown, sum(hours))]
    for kind, rows in kinds:
        for row in rows:
            label = labels.get(row.value, "") if kind == "placement" else row.name if row.name != row.value else ""
            note = _SMALL if 0 < row.count < LEAST_PUBLIC else ""
            yield kind, row.value, label, row.count, round(row.share, 4), row.link, note


def _placements(request: HttpRequest, code: str, breakdown: Breakdown, hits: int) -> tuple[Row, ...]:
    landings = list_landings(request)
    landing = next((one for one in landings if one.language == settings.LANGUAGE_CODE), landings[0])
    return tuple(
        Row(
            one.at,
            one.label,
            one.count,
            one.count / hits if hits else 0,
            "" if keys.OTHER in {code, one.at} else landing.link(code, one.at),
        )
        for one in breakdown.placements
    )


def _tables(breakdown: Breakdown, hits: int) -> tuple[Table, ...]:
    devices = {
        Device.PHONE.value: _("Phone"),
        Device.TABLET.value: _("Tablet"),
        Device.DESKTOP.value: _("Computer"),
        Device.OTHER.value: _("Other or unknown"),
    }
    languages = {code: language_name(code) for code in breakdown.languages}
    countries = {code: country_name(code) for code in breakdown.countries}
    by_device = {device.value: count or 0 for device, count in breakdown.devices.items()}
    kinds: list[tuple[str, str, str, Mapping[str, int], Mapping[str, str]]] = [
        ("device", _("Devices"), _("Device"), by_device, devices),
        ("language", _("Languages of the browser"), _("Language"), breakdown.languages, languages),
        ("referrer", _("Sites that the visitors came from"), _("Site"), breakdown.referrers, {}),
    ]
    if app_settings.CODETAGS_COUNTRY_HEADER or breakdown.countries:
        kinds.append(("country", _("Countries"), _("Country"), breakdown.countries, countries))
    return tuple(
        Table(slug, title, column, _rows(counts, hits, names), max(hits - sum(counts.values()), 0))
        for slug, title, column, counts, names in kinds
    )


def _rows(counts: Mapping[str, int], hits: int, names: Mapping[str, str] | None = None) -> tuple[Row, ...]:
    known = names or {}
    return tuple(
        Row(
            value,
            _("All others") if value == keys.OTHER else known.get(value, value),
            count,
            count / hits if hits else 0,
        )
        for value, count in counts.items()
    )
