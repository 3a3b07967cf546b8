"""The admin's page of QR images to print: options, refusals, files."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from codetags.models import CodeTag
from tests.codetags.callers import staff
from tests.codetags.test_printing import a_logo
from tests.outside.decoders import draw, pdf_pages, pdf_sizes, pdf_texts, read_codes

PAGE = "/admin/codetags/codecount/qr/"
LINK = "http://127.0.0.1:8000/?qr=BT26"
pytestmark = pytest.mark.django_db


@pytest.fixture
def clerk(client: Client, store: Any) -> Client:
    client.force_login(staff("view_counts"))
    CodeTag.objects.create(code="BT26", label="Straßenbahn, Größe 5 €")
    return client


def errors(answer: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = answer.context["form"].errors
    return {name: [str(error) for error in texts] for name, texts in found.items()}


class TestPage:
    @pytest.mark.parametrize("method", ["get", "post"])
    def test_needs_the_permission(self, client: Client, store: Any, method: str) -> None:
        assert getattr(client, method)(PAGE, {"code": "BT26"}).status_code == 302
        client.force_login(staff())
        assert getattr(client, method)(PAGE, {"code": "BT26"}).status_code == 403

    def test_shows_a_preview_and_what_it_measures(self, clerk: Client) -> None:
        answer = clerk.get(PAGE, {"code": "bt26"})
        page = answer.content.decode()
        assert answer.status_code == 200
        svg = re.search(r"<svg[^>]*mm.*?</svg>", page, re.DOTALL)
        assert svg
        assert read_codes(draw("svg", svg[0].encode())) == [LINK]
        assert "50 × 50 mm" in page
        assert "Straßenbahn" in page

    def test_keeps_what_was_chosen(self, clerk: Client) -> None:
        page = clerk.get(PAGE, {"code": "BT26", "size": "80", "language": "de", "level": "q"}).content.decode()
        assert 'name="size" value="80"' in page
        assert 'name="light" value="#ffffff"' in page
        assert "80 × 80 mm" in page
        assert "/de/?qr=BT26" in page

    def test_of_no_code_says_what_to_do(self, clerk: Client) -> None:
        answer = clerk.get(PAGE)
        assert answer.status_code == 200
        assert "Choose codes in the list" in answer.content.decode()

    @pytest.mark.parametrize("code", ["nonsense", "~OTHER", "", "<script>"])
    def test_of_what_is_no_code_is_not_found(self, clerk: Client, code: str) -> None:
        assert clerk.get(PAGE, {"code": code}).status_code == 404

    def test_of_too_many_is_refused(self, clerk: Client) -> None:
        answer = clerk.post(PAGE, {"code": [f"A{number:03}" for number in range(501)]})
        assert answer.status_code == 400
        assert "at most 500" in answer.content.decode()

    def test_the_code_s_own_page_and_the_list_lead_there(self, clerk: Client) -> None:
        assert f'formaction="{PAGE}"' in clerk.get("/admin/codetags/codecount/BT26/").content.decode()
        from codetags.services.hits import record_hit

        record_hit(code="BT26", address="203.0.113.7", agent="Mozilla/5.0")
        assert f'action="{PAGE}"' in clerk.get("/admin/codetags/codecount/").content.decode()


class TestFiles:
    @pytest.mark.parametrize("kind", ["svg", "png", "pdf"])
    def test_of_all_options_at_once(self, clerk: Client, kind: str) -> None:
        logo = SimpleUploadedFile("logo.png", a_logo())
        body = {"size": "60", "dark": "#123456", "light": "#FFEECC", "call": "de-scan", "language": "de"}
        answer = clerk.post(PAGE, {"code": "BT26", **body, "logo": logo, "make": kind})
        assert answer.status_code == 200
        assert answer.headers["Content-Disposition"] == f'attachment; filename="qr-BT26.{kind}"'
        picture = draw(kind, answer.content)
        assert read_codes(picture) == ["http://127.0.0.1:8000/de/?qr=BT26"]
        assert picture.getpixel((0, 0)) == (0x12, 0x34, 0x56)
        middle = picture.getpixel((picture.width // 2, round(picture.width / 2)))
        assert middle == (200, 30, 30)
        if kind == "pdf":
            assert pdf_texts(answer.content)[0].strip() == "Scan mich"

    def test_of_one_code_by_its_address(self, clerk: Client) -> None:
        answer = clerk.get("/admin/codetags/codecount/BT26/qr.pdf", {"size": "33", "call": "es-scan"})
        assert answer.headers["Content-Type"] == "application/pdf"
        assert pdf_sizes(answer.content)[0][0] == pytest.approx(33, abs=0.001)
        assert pdf_texts(answer.content)[0].strip() == "Escanéame"
        assert read_codes(draw("pdf", answer.content)) == [LINK]

    @pytest.mark.parametrize("kind", ["svg", "png", "pdf"])
    def test_of_many_codes(self, clerk: Client, kind: str) -> None:
        answer = clerk.post(PAGE, {"code": ["BT26", "DEMO", "BT26"], "kind": kind, "size": "30", "make": "zip"})
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            read = {name: read_codes(draw(kind, archive.read(name))) for name in archive.namelist()}
        assert read == {f"qr-BT26.{kind}": [LINK], f"qr-DEMO.{kind}": ["http://127.0.0.1:8000/?qr=DEMO"]}

    def test_of_labels(self, clerk: Client) -> None:
        body = {"columns": "2", "rows": "3", "side": "0", "top": "0", "make": "sheet"}
        answer = clerk.post(PAGE, {"code": ["BT26", "DEMO"], **body})
        assert answer.headers["Content-Disposition"] == 'attachment; filename="labels.pdf"'
        (page,) = pdf_pages(answer.content)
        assert read_codes(page) == [LINK, "http://127.0.0.1:8000/?qr=DEMO"]
        (text,) = pdf_texts(answer.content)
        assert text.split("\r\n") == ["BT26", "Straßenbahn, Größe 5 €", "DEMO"]
        alone = clerk.post(PAGE, {"code": "BT26", **body, "below": "code"})
        assert alone.headers["Content-Disposition"] == 'attachment; filename="labels-BT26.pdf"'
        (page,) = pdf_pages(alone.content)
        assert read_codes(page) == [LINK] * 6
        assert pdf_texts(alone.content)[0].split() == ["BT26"] * 6


class TestRefused:
    @pytest.mark.parametrize(
        ("body", "field", "part"),
        [
            ({"dark": "#ffffff", "light": "#000000"}, "dark", "Swap the colours"),
            ({"dark": "#888888"}, "dark", "is 3.5 to 1, and phones need 4.5 to 1"),
            ({"dark": "red"}, "dark", "#rrggbb"),
            ({"light": "#fff"}, "light", "#rrggbb"),
            ({"size": "9"}, "size", "10"),
            ({"size": "1001"}, "size", "1000"),
            ({"size": "x"}, "size", "whole number"),
            ({"size": "10", "level": "h", "call": "en-scan"}, "size", "Choose a width of"),
            ({"dpi": "71"}, "dpi", "72"),
            ({"dpi": "100", "size": "20", "make": "png"}, "dpi", "Choose 188 dpi or more"),
            ({"dpi": "600", "size": "500", "make": "png"}, "dpi", "Choose 203 dpi or less"),
            ({"call": "own"}, "own_call", "Enter the words"),
            ({"call": "own", "own_call": "Привет"}, "own_call", "П р и в е т"),
            ({"call": "own", "own_call": "x" * 41}, "own_call", "40"),
            ({"call": "xx"}, "call", "xx"),
            ({"columns": "11"}, "columns", "10"),
            ({"rows": "0"}, "rows", "1"),
            ({"rows": "20", "columns": "10", "make": "sheet"}, "rows", "Choose fewer labels"),
            ({"side": "51"}, "side", "50"),
            ({"kept_logo": "!!"}, "kept_logo", "PNG or JPEG"),
        ],
    )
    def test_says_which_option_and_what_to_do(self, clerk: Client, body: dict[str, str], field: str, part: str) -> None:
        answer = clerk.post(PAGE, {"code": "BT26", "make": "svg", **body})
        assert "Content-Disposition" not in answer.headers
        found = errors(answer)
        assert list(found) == [field]
        assert part in found[field][0]
        assert answer.content.decode().count('class="errornote"') == 1

    def test_by_the_address_of_an_image_too(self, clerk: Client) -> None:
        answer = clerk.get("/admin/codetags/codecount/BT26/qr.svg", {"dark": "#888888"})
        assert answer.status_code == 400
        assert answer.content.decode().startswith("Dark colour: The contrast of the two colours is 3.5 to 1")

    def test_labels_in_other_scripts_can_be_left_out(self, clerk: Client) -> None:
        CodeTag.objects.create(code="KYIV", label="Київ 基輔")
        answer = clerk.post(PAGE, {"code": ["BT26", "KYIV"], "make": "sheet"})
        assert "К и ї в 基 輔" in errors(answer)["below"][0]
        answer = clerk.post(PAGE, {"code": ["BT26", "KYIV"], "make": "sheet", "below": "code"})
        assert pdf_texts(answer.content)[0].split() == ["BT26", "KYIV"]


def png(width: int, height: int, data: bytes) -> bytes:
    """A PNG that says it is so large, with any data."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def gif() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (20, 20)).save(out, "GIF")
    return out.getvalue()


class TestLogo:
    SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'

    @pytest.mark.parametrize(
        ("content", "part"),
        [
            (SVG, "PNG or JPEG"),
            (b"not a picture", "PNG or JPEG"),
            (gif(), "PNG or JPEG"),
            (a_logo()[:-200], "PNG or JPEG"),
            (png(2001, 10, b""), "2000 pixels"),
            (png(100_000, 100_000, zlib.compress(bytes(1000))), "2000 pixels"),
            (png(1000, 1000, zlib.compress(bytes(10))), "PNG or JPEG"),
            (a_logo() + bytes(140_000), "128 kB"),
        ],
        ids=["svg", "text", "gif", "cut off", "wide", "bomb", "too little data", "too large"],
    )
    def test_a_file_that_is_none_is_refused(self, clerk: Client, content: bytes, part: str) -> None:
        upload = SimpleUploadedFile("logo.png", content, content_type="image/png")
        answer = clerk.post(PAGE, {"code": "BT26", "logo": upload, "make": "svg"})
        assert "Content-Disposition" not in answer.headers
        assert list(errors(answer)) == ["logo"]
        assert part in errors(answer)["logo"][0]

    @pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"])
    def test_every_way_to_store_a_picture(self, clerk: Client, mode: str) -> None:
        out = io.BytesIO()
        Image.new(mode, (64, 48)).save(out, "JPEG" if mode == "CMYK" else "PNG")
        upload = SimpleUploadedFile("logo", out.getvalue())
        answer = clerk.post(PAGE, {"code": "BT26", "logo": upload, "make": "png"})
        assert answer.status_code == 200
        assert read_codes(draw("png", answer.content)) == [LINK]

    @pytest.mark.parametrize("size", [(2000, 1), (1, 2000), (2000, 2), (1, 1)])
    def test_a_thin_line_is_a_picture_too(self, clerk: Client, size: tuple[int, int]) -> None:
        out = io.BytesIO()
        Image.new("RGB", size).save(out, "PNG")
        answer = clerk.post(PAGE, {"code": "BT26", "logo": SimpleUploadedFile("x.png", out.getvalue()), "make": "png"})
        assert answer.status_code == 200
        assert read_codes(draw("png", answer.content)) == [LINK]

    def test_is_kept_in_the_page_until_it_is_removed(self, clerk: Client) -> None:
        shown = clerk.post(PAGE, {"code": "BT26", "logo": SimpleUploadedFile("logo.png", a_logo())})
        kept = shown.context["kept_logo"]
        assert f'name="kept_logo" value="{kept}"' in shown.content.decode()
        svg = clerk.post(PAGE, {"code": "BT26", "kept_logo": kept, "make": "svg"})
        assert b"data:image/png;base64," in svg.content
        again = clerk.post(PAGE, {"code": "BT26", "kept_logo": kept})
        assert again.context["kept_logo"] == kept
        without = clerk.post(PAGE, {"code": "BT26", "kept_logo": kept, "without_logo": "on"})
        assert "kept_logo" not in without.context
        assert "data:image/png" not in without.content.decode()

    def test_nothing_else_of_the_file_is_kept(self, clerk: Client) -> None:
        out = io.BytesIO()
        exif = Image.Exif()
        exif[0x010E] = "taken at home"
        Image.new("RGB", (40, 20)).save(out, "JPEG", exif=exif)
        svg = clerk.post(PAGE, {"code": "BT26", "logo": SimpleUploadedFile("x.jpg", out.getvalue()), "make": "svg"})
        inside = re.search(rb"base64,([^\"]+)", svg.content)
        assert inside
        import base64

        data = base64.b64decode(inside[1])
        assert b"taken at home" not in data
        assert Image.open(io.BytesIO(data)).size == (40, 40)
