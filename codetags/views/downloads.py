"""Files from the admin's page: the list as CSV, and QR images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest, StreamingHttpResponse

from codetags.errors import MalformedCode
from codetags.forms import ListForm
from codetags.services import code_images, counts
from codetags.services.codes import parse_code
from codetags.services.excluded_hits import CODE_REASONS
from codetags.types import CodeCounts
from codetags.views.admin import asked_for, code_image_form
from codetags.views.links import landing_for, list_landings
from kv.days import local_day
from kv.web.spreadsheets import csv_download

_EXCLUDED = tuple(f"not_counted_{reason.value}" for reason in CODE_REASONS)
_COLUMNS = (
    "code",
    "label",
    "count",
    "last_seen",
    "outside_its_dates",
    "start",
    "end",
    "archived",
    "counts_for",
    *_EXCLUDED,
)
_MOST_IMAGES = 500


def export_csv(request: HttpRequest) -> StreamingHttpResponse:
    """Every code of the filtered list, streamed row by row, so that 100 000 codes need little memory."""
    codes = counts.each_code(**asked_for(ListForm(request.GET)))
    first = next(codes, None)  # an unavailable store raises here, before the response begins
    rows = chain([first], codes) if first else iter(())
    return csv_download(f"campaign-codes-{local_day().isoformat()}.csv", _rows(rows))


def code_image(request: HttpRequest, code: str, kind: str) -> HttpResponse:
    """The QR image of one code's link; `?scale=&level=&language=`, with `download=1` as a file."""
    form = code_image_form(list_landings(request), {**request.GET.dict(), "kind": kind})
    code = _checked(code)
    if not form.is_valid():
        return HttpResponseBadRequest()
    chosen = form.cleaned_data
    url = landing_for(request, chosen["language"]).link(code)
    image = code_images.draw_code_image(url, kind=kind, scale=chosen["scale"], level=chosen["level"])
    response = HttpResponse(image, content_type=code_images.KINDS[kind])
    if request.GET.get("download") == "1":
        response.headers["Content-Disposition"] = f'attachment; filename="qr-{code}.{kind}"'
    return response


def code_images_zip(request: HttpRequest) -> HttpResponse:
    """POST {code…, kind, scale, level, language}: a ZIP with the image of each code."""
    form = code_image_form(list_landings(request), request.POST)
    chosen = list(dict.fromkeys(_checked(code) for code in request.POST.getlist("code")))
    if not form.is_valid() or not chosen or len(chosen) > _MOST_IMAGES:
        return HttpResponseBadRequest()
    values = form.cleaned_data
    landing = landing_for(request, values["language"])
    archive = code_images.pack_code_images(
        [(f"qr-{code}", landing.link(code)) for code in chosen],
        kind=values["kind"],
        scale=values["scale"],
        level=values["level"],
    )
    response = HttpResponse(archive, content_type="application/zip")
    response.headers["Content-Disposition"] = 'attachment; filename="qr-codes.zip"'
    return response


def _checked(code: str) -> str:
    try:
        return parse_code(code)
    except MalformedCode as error:
        raise Http404 from error


def _rows(codes: Iterator[CodeCounts]) -> Iterator[Sequence[object]]:
    yield _COLUMNS
    for row in codes:
        known = row.registered
        yield (
            row.code,
            row.label,
            row.count,
            row.last_seen.isoformat(timespec="seconds") if row.last_seen else "",
            row.outside,
            known.start or "" if known else "",
            known.end or "" if known else "",
            int(known.is_archived) if known else "",
            known.counts_for if known else "",
            *(row.excluded[reason] for reason in CODE_REASONS),
        )
