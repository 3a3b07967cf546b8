"""QR images and labels of placements: those that are entered, and those of the registry."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import pytest
from django.test import override_settings

from codetags.models import CodeTag, Placement
from tests.codetags.callers import staff
from tests.codetags.test_print_page import LINK, PAGE, errors
from tests.outside.decoders import draw, pdf_pages, pdf_texts, read_codes

if TYPE_CHECKING:
    from typing import Any

    from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.fixture
def clerk(client: Client, store: Any) -> Client:
    client.force_login(staff("view_counts"))
    CodeTag.objects.create(code="BT26", label="Straßenbahn, Größe 5 €")
    return client


def test_each_has_an_image_and_a_label_of_its_own(clerk: Client) -> None:
    body = {"code": "BT26", "places": "tram-12, Tram-13 tram-12", "kind": "png"}
    links = [f"{LINK}&at=tram-12", f"{LINK}&at=tram-13"]
    answer = clerk.post(PAGE, {**body, "make": "zip"})
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.namelist() == ["qr-BT26-tram-12.png", "qr-BT26-tram-13.png"]
        assert [read_codes(draw("png", archive.read(name))) for name in archive.namelist()] == [
            [link] for link in links
        ]
    answer = clerk.post(PAGE, {**body, "make": "sheet"})
    (page,) = pdf_pages(answer.content)
    assert read_codes(page) == links
    text = pdf_texts(answer.content)[0].split("\r\n")
    assert text == ["BT26 · tram-12", "Straßenbahn, Größe 5 €", "BT26 · tram-13", "Straßenbahn, Größe 5 €"]


@override_settings(CODETAGS_PLACEMENT_PARAM="utm_source")
def test_by_the_address_of_an_image_and_under_the_site_s_own_name(clerk: Client) -> None:
    answer = clerk.get("/admin/codetags/codecount/BT26/qr.svg", {"places": "tram-12", "download": "1"})
    assert answer.headers["Content-Disposition"] == 'attachment; filename="qr-BT26-tram-12.svg"'
    assert read_codes(draw("svg", answer.content)) == [f"{LINK}&utm_source=tram-12"]


def test_all_registered_ones_or_one(clerk: Client) -> None:
    bt26 = CodeTag.objects.get(code="BT26")
    other = CodeTag.objects.create(code="DEMO", label="Flyer")
    for code, name, label in ((bt26, "tram-12", "Hauptstraße"), (bt26, "hall-1", ""), (other, "hall-1", "Halle 1")):
        Placement.objects.create(code=code, name=name, label=label)
    page = clerk.get(PAGE, {"code": "BT26"}).content.decode()
    assert '<option value="tram-12">tram-12 · Hauptstraße</option>' in page
    body = {"code": ["BT26", "DEMO", "NEW1"], "columns": "2", "rows": "3", "make": "sheet", "registered": "*"}
    sheet = clerk.post(PAGE, body)
    (drawn,) = pdf_pages(sheet.content)
    demo = "http://127.0.0.1:8000/?qr=DEMO"
    new = "http://127.0.0.1:8000/?qr=NEW1"
    assert read_codes(drawn) == [f"{LINK}&at=hall-1", f"{LINK}&at=tram-12", f"{demo}&at=hall-1", new]
    assert pdf_texts(sheet.content)[0].split("\r\n") == [
        "BT26 · hall-1", "Straßenbahn, Größe 5 €", "BT26 · tram-12", "Hauptstraße",
        "DEMO · hall-1", "Halle 1", "NEW1",
    ]  # fmt: skip
    one = clerk.post(PAGE, {**body, "registered": "tram-12", "make": "zip", "kind": "png"})
    with zipfile.ZipFile(io.BytesIO(one.content)) as archive:
        read = {name: read_codes(draw("png", archive.read(name))) for name in archive.namelist()}
    assert read == {"qr-BT26-tram-12.png": [f"{LINK}&at=tram-12"], "qr-DEMO.png": [demo], "qr-NEW1.png": [new]}


@pytest.mark.parametrize("kind", ["svg", "png", "pdf"])
def test_a_registered_one_by_each_kind_of_file(clerk: Client, kind: str) -> None:
    Placement.objects.create(code=CodeTag.objects.get(code="BT26"), name="tram-12", label="Hauptstraße")
    answer = clerk.post(PAGE, {"code": "BT26", "registered": "tram-12", "make": kind})
    assert answer.headers["Content-Disposition"] == f'attachment; filename="qr-BT26-tram-12.{kind}"'
    assert read_codes(draw(kind, answer.content)) == [f"{LINK}&at=tram-12"]
    assert errors(clerk.post(PAGE, {"code": "BT26", "registered": "hall-9", "make": kind})).keys() == {"registered"}


def test_are_not_offered_where_there_are_none(clerk: Client) -> None:
    assert 'name="registered"' not in clerk.get(PAGE, {"code": "BT26"}).content.decode()


def test_what_is_none_and_too_many_are_refused(clerk: Client) -> None:
    answer = clerk.post(PAGE, {"code": "BT26", "places": "tram-12 Straße"})
    assert errors(answer) == {
        "places": ["This is not a placement: straße. Use up to 32 letters a to z, digits and hyphens."]
    }
    answer = clerk.post(PAGE, {"code": ["BT26", "DEMO"], "places": " ".join(f"a{number}" for number in range(251))})
    assert "at most 500 images" in errors(answer)["places"][0]
