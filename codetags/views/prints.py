"""The admin's page of QR images to print: colours, logo, frame, size; and sheets of labels."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.template.response import TemplateResponse
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _

from codetags.errors import MalformedCode, TooManyImages, UnprintableImage
from codetags.services import code_images
from codetags.services.codes import parse_code
from codetags.services.placements import registered_placements
from codetags.services.printing.label_sheets import MOST_LABELS, Label, draw_label_sheet
from codetags.services.printing.layouts import lay_out
from codetags.services.printing.logos import LARGEST_FILE
from codetags.services.printing.looks import Look
from codetags.services.printing.problems import FIELDS, explain
from codetags.services.registry import registered_codes
from codetags.views.links import Landing, landing_for, list_landings
from codetags.views.print_form import PrintForm

#: Images of one file.
MOST_IMAGES = MOST_LABELS
#: A code is read from about so many times its width.
_READING_DISTANCE = 10


@dataclass(frozen=True, slots=True)
class Printed:
    """One image. name: of its file, without extension; code: what stands below it on a label, above its label."""

    name: str
    url: str
    code: str
    label: str


def print_page(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """GET or POST {code…, options, make}: the page with a preview, or the file that `make` names.

    make: svg, png or pdf, of the first code; zip of all; sheet, of labels. Otherwise the page.
    """
    asked = request.POST if request.method == "POST" else request.GET
    codes = list(dict.fromkeys(checked_code(code) for code in asked.getlist("code")))
    form = print_form(list_landings(request), asked, request.FILES, codes=codes)
    context |= {
        "title": _("QR images to print"),
        "form": form,
        "codes": codes,
        "most": MOST_IMAGES,
        "images": len(codes),
    }
    context |= {"kinds": list(code_images.KINDS), "largest_logo": LARGEST_FILE // 1024}
    if not codes or len(codes) > MOST_IMAGES:
        return TemplateResponse(request, "codetags/admin/print.html", context, status=400 if codes else 200)
    if form.is_valid():
        try:
            images = list_prints(request, form, codes)
            if make := _MAKERS.get(request.POST.get("make", "")):
                return make(form, images)
            context |= {"images": len(images)} | _preview(images[0], form.look())
        except UnprintableImage as problem:
            form.add_error(FIELDS[type(problem)], explain(problem))
    if form.cleaned_data.get("logo"):
        context["kept_logo"] = base64.b64encode(form.cleaned_data["logo"]).decode()
    return TemplateResponse(request, "codetags/admin/print.html", context)


def one_image(request: HttpRequest, code: str, kind: str) -> HttpResponse:
    """The QR image of one code's link, with the options in the address; `download=1` as a file.

    400 says what is wrong.
    """
    code = checked_code(code)
    form = print_form(list_landings(request), {**request.GET.dict(), "kind": kind}, codes=[code])
    if not form.is_valid():
        return _refused(form)
    image = list_prints(request, form, [code])[0]
    try:
        content = _draw(form, image, kind)
    except UnprintableImage as problem:
        form.add_error(FIELDS[type(problem)], explain(problem))
        return _refused(form)
    response = HttpResponse(content, content_type=code_images.KINDS[kind])
    if request.GET.get("download") == "1":
        response.headers["Content-Disposition"] = f'attachment; filename="{image.name}.{kind}"'
    return response


def images_zip(request: HttpRequest, codes: Sequence[str], name: str = "qr-codes") -> HttpResponse:
    """A ZIP with the image of each code, with the options in the request's form; `name` is the file's, without ".zip".

    400 says what is wrong.
    """
    form = print_form(list_landings(request), request.POST, request.FILES, codes=codes)
    if not form.is_valid() or not codes or len(codes) > MOST_IMAGES:
        return _refused(form)
    try:
        return _zip(form, list_prints(request, form, codes), name)
    except UnprintableImage as problem:
        form.add_error(FIELDS[type(problem)], explain(problem))
        return _refused(form)


def print_form(
    landings: tuple[Landing, ...], data: Any = None, files: Any = None, *, codes: Sequence[str] = ()
) -> PrintForm:
    """The form of all options, with the languages in which the site has a landing page, and the codes' placements.

    What an address leaves out is shown as it is taken: an empty field for a colour would be black.
    """
    languages = [(landing.language, landing.name) for landing in landings]
    placements = registered_placements(codes[:MOST_IMAGES])
    if data is not None:
        defaults = {name: field.initial for name, field in PrintForm(languages=languages).fields.items()}
        given = {name: data.get(name) for name in defaults if data.get(name) not in (None, "")}
        data = {name: value for name, value in {**defaults, **given}.items() if value is not None}
    return PrintForm(data, files, languages=languages, placements=placements)


def list_prints(request: HttpRequest, form: PrintForm, codes: Sequence[str]) -> list[Printed]:
    """The images of codes in this order, each at every placement of the form. Only for a valid form.

    Raises TooManyImages.
    """
    places = {code: form.places_of(code) for code in codes}
    if sum(map(len, places.values())) > MOST_IMAGES:
        raise TooManyImages(MOST_IMAGES)
    landing = landing_for(request, form.cleaned_data["language"])
    registered = registered_codes(codes)
    return [
        Printed(
            f"qr-{code}-{place}" if place else f"qr-{code}",
            landing.link(code, place),
            f"{code} · {place}" if place else code,
            label or (registered[code].label if code in registered else ""),
        )
        for code in codes
        for place, label in places[code].items()
    ]


def checked_code(code: str) -> str:
    """The code in capitals. Raises Http404 for what is not a code."""
    try:
        return parse_code(code)
    except MalformedCode as error:
        raise Http404 from error


def _draw(form: PrintForm, image: Printed, kind: str) -> bytes:
    values = form.cleaned_data
    if values["scale"] and kind != "pdf":
        return code_images.draw_code_image(image.url, kind=kind, scale=values["scale"], level=values["level"])
    return code_images.draw_print(image.url, kind=kind, look=form.look())


def _one(kind: str) -> Callable[[PrintForm, Sequence[Printed]], HttpResponse]:
    def make(form: PrintForm, images: Sequence[Printed]) -> HttpResponse:
        return _file(_draw(form, images[0], kind), code_images.KINDS[kind], f"{images[0].name}.{kind}")

    return make


def _zip(form: PrintForm, images: Sequence[Printed], name: str = "qr-codes") -> HttpResponse:
    kind = form.cleaned_data["kind"]
    files = ((f"{image.name}.{kind}", _draw(form, image, kind)) for image in images)
    return _file(code_images.pack_files(files), "application/zip", f"{name}.zip")


def _sheet(form: PrintForm, images: Sequence[Printed]) -> HttpResponse:
    grid = form.grid()
    with_text = form.cleaned_data["below"] == "label"
    labels = [Label(image.url, image.code, image.label if with_text else "") for image in images]
    if len(labels) == 1:  # one code alone fills a page
        labels *= grid.columns * grid.rows
    content = draw_label_sheet(labels, grid, form.look(), _("Labels"))
    return _file(content, "application/pdf", f"labels{images[0].name[2:]}.pdf" if len(images) == 1 else "labels.pdf")


_MAKERS: dict[str, Callable[[PrintForm, Sequence[Printed]], HttpResponse]] = {
    **{kind: _one(kind) for kind in code_images.KINDS},
    "zip": _zip,
    "sheet": _sheet,
}


def _file(content: bytes, media_type: str, name: str) -> HttpResponse:
    return HttpResponse(
        content, content_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def _preview(image: Printed, look: Look) -> dict[str, Any]:
    layout = lay_out(image.url, look)
    svg = code_images.draw_print(image.url, kind="svg", look=look).decode()
    return {
        "image": image,
        "svg": mark_safe(svg),  # noqa: S308 (our own: checked colours, numbers, and a title that is escaped)
        "height": layout.height_of(look.size),
        "square": look.size / layout.width,
        "distance": look.size * _READING_DISTANCE / 1000,
        "width": look.size,
    }


def _refused(form: PrintForm) -> HttpResponse:
    lines = [
        f"{form.fields[field].label or field}: {error}" if field in form.fields else str(error)
        for field, errors in form.errors.items()
        for error in errors
    ]
    return HttpResponseBadRequest("\n".join(lines), content_type="text/plain; charset=utf-8")
