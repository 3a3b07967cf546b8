"""Files of codes in the admin: preview, confirmation, export, and what is refused."""

from __future__ import annotations

import csv
import io
import re
from datetime import date
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from python_calamine import CalamineWorkbook

from codetags.models import Campaign, CodeTag
from codetags.services import uploads
from kv.web.tables import MOST_BYTES
from tests.codetags.callers import staff, store_away
from tests.site_client import SiteClient

if TYPE_CHECKING:
    from collections.abc import Sequence

URL = "/admin/codetags/codetag/"
HEAD = ["code", "label", "note", "campaign", "start", "end", "archived", "counts_for"]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def client(store: Any) -> SiteClient:
    client = SiteClient()
    client.force_login(staff("view_codetag", "add_codetag", "change_codetag"))
    return client


@pytest.fixture
def posters(store: Any) -> None:
    first = CodeTag.objects.create(
        code="BT26", label="=cmd|'/c calc'!A0", note="one\ntwo", campaign=Campaign.objects.create(name="Fair; Berlin"),
        start=date(2026, 5, 1), end=date(2026, 5, 31),
    )  # fmt: skip
    CodeTag.objects.create(code="0012", label="'=not a formula", archived=True, counts_for=first)
    CodeTag.objects.create(code="1E10", label="Tür, “é” – ñ")


def upload(client: SiteClient, data: bytes | str, name: str = "codes.csv") -> Any:
    content = data.encode() if isinstance(data, str) else data
    return client.post(f"{URL}import/", {"resource": "0", "import_file": SimpleUploadedFile(name, content)})


def confirm(client: SiteClient, preview: Any) -> Any:
    return client.post(f"{URL}process_import/", preview.context_data["confirm_form"].initial)


def export(client: SiteClient, number: int, query: str = "") -> Any:
    return client.post(f"{URL}export/{query}", {"format": number, "resource": 0})


def text(answer: Any) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", answer.content.decode()).split())


def workbook(rows: Sequence[Sequence[Any]]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def kept() -> list[Any]:
    return list(CodeTag.objects.order_by("code").values())


class TestImport:
    def test_shows_what_will_change_and_does_it_when_told_so(self, client: SiteClient) -> None:
        CodeTag.objects.create(code="BT26", label="Poster")
        CodeTag.objects.create(code="SAME", label="Same")
        preview = upload(client, "code,label,campaign\nBT26,Banner <b>,Fair\nSAME,Same,\nNEWS,Letter,\n")
        page = preview.content.decode()
        assert "<del>Poster</del> → <ins>Banner &lt;b&gt;</ins>" in page
        assert "New 1 Changed 1 As before 1 With errors 0 New campaigns: Fair" in text(preview)
        assert "Import 2 codes" in page
        assert CodeTag.objects.get(code="BT26").label == "Poster"
        answer = confirm(client, preview)
        assert (answer.status_code, answer.headers["Location"]) == (302, URL)
        assert [str(message) for message in get_messages(answer.wsgi_request)] == ["1 code was added, 1 was changed."]
        assert {tag.code: tag.label for tag in CodeTag.objects.all()} == {
            "BT26": "Banner <b>", "NEWS": "Letter", "SAME": "Same",
        }  # fmt: skip
        logged = sorted(LogEntry.objects.values_list("object_repr", flat=True))
        assert logged == ["BT26 · Banner <b>", "Fair", "NEWS · Letter"]

    def test_once_more_is_told_so_and_does_nothing(self, client: SiteClient) -> None:
        preview = upload(client, "code,label\nBT26,Poster\n")
        confirm(client, preview)
        before = kept()
        again = confirm(client, preview)
        assert again.headers["Location"] == f"{URL}import/"
        assert "not here any more" in str(list(get_messages(again.wsgi_request))[-1])
        assert "nothing to import" in text(upload(client, "code,label\nBT26,Poster\n"))
        assert kept() == before

    def test_names_each_row_and_field_that_is_wrong_and_imports_nothing(self, client: SiteClient) -> None:
        refused = upload(client, "code,label,end\nBT26,ok,\nX,,soon\n")
        assert "1 row has errors" in text(refused)
        assert "3 X end This is not a day" in text(refused)
        assert "code This is not a code" in text(refused)
        assert "label A label is required" in text(refused)
        assert "confirm_form" not in refused.context_data
        assert not CodeTag.objects.exists()

    def test_writes_nothing_when_the_registry_has_changed_since(self, client: SiteClient) -> None:
        first = CodeTag.objects.create(code="BT26", label="a")
        preview = upload(client, "code,label,counts_for\nBT27,b,BT26\n")
        first.counts_for = CodeTag.objects.create(code="BT28", label="c")
        first.save()
        answer = confirm(client, preview)
        assert (answer.status_code, "counts for itself" in text(answer)) == (200, True)
        assert not CodeTag.objects.filter(code="BT27").exists()
        assert not LogEntry.objects.exists()

    def test_what_is_uploaded_is_the_uploader_s(self, client: SiteClient) -> None:
        preview = upload(client, "code,label\nBT26,Poster\n")
        other = SiteClient()
        other.force_login(staff("view_codetag", "add_codetag", "change_codetag", name="other"))
        assert confirm(other, preview).headers["Location"] == f"{URL}import/"
        assert not CodeTag.objects.exists()

    def test_a_name_of_no_upload_leads_nowhere(self, client: SiteClient) -> None:
        for name in ("../../etc/passwd", "x" * 500, "f" * 32, "\0"):
            asked = {"import_file_name": name, "original_file_name": "x", "format": "0", "resource": "0"}
            assert client.post(f"{URL}process_import/", asked).status_code in (200, 302)
        assert client.get(f"{URL}process_import/").status_code == 405
        assert client.post(f"{URL}process_import/", {"format": "9"}).status_code == 200

    @pytest.mark.parametrize("wrong", ["9", "-9", "x", "0\0", "9" * 5000])
    @pytest.mark.parametrize("field", ["format", "resource"])
    def test_hidden_fields_that_are_altered_change_nothing(self, client: SiteClient, field: str, wrong: str) -> None:
        content = SimpleUploadedFile("codes.csv", b"code,label\nBT26,Poster\n")
        preview = client.post(f"{URL}import/", {"resource": "0", "import_file": content, field: wrong})
        assert preview.status_code == 200
        asked = upload(client, "code,label\nBT26,Poster\n").context_data["confirm_form"].initial
        assert client.post(f"{URL}process_import/", asked | {field: wrong}).status_code in (200, 302)
        assert client.post(f"{URL}export/", {"format": "0", "resource": "0"} | {field: wrong}).status_code == 200

    def test_is_forgotten_after_an_hour(self, client: SiteClient, store: Any) -> None:
        upload(client, "code,label\nBT26,Poster\n")
        (key,) = store.keys("*upload*")
        assert 0 < store.ttl(key) <= uploads.UPLOAD_SECONDS

    def test_without_the_store_it_says_so(self, client: SiteClient) -> None:
        with store_away():
            assert upload(client, "code,label\nBT26,Poster\n").status_code == 503

    def test_nothing_chosen(self, client: SiteClient) -> None:
        assert "This field is required" in text(client.post(f"{URL}import/", {"format": "0"}))


class TestFiles:
    """What spreadsheets write, and what nobody should."""

    @pytest.mark.parametrize(
        "data",
        [
            "\ufeffcode;label;start;archived\r\nBT26;Tür;31.05.2026;WAHR\r\n".encode(),
            "code;label;start;archived\r\nBT26;Tür;31.05.2026;1\r\n".encode("cp1252"),
            "code\tlabel\tstart\tarchived\r\nBT26\tTür\t31.05.2026\t1\r\n".encode("utf-16"),
            "sep=;\r\ncode;label;start;archived\r\nBT26;Tür;2026-05-31;1\r\n".encode(),
            "Archived,Start,LABEL, code \nyes,2026-05-31,Tür,bt26\n\n,,,\n".encode(),
            workbook([[*HEAD[:2], "start", "archived"], ["BT26", "Tür", date(2026, 5, 31), True]]),
            workbook(
                [["code", None, "label", "start", "archived"], ["bt26", None, "Tür", "31.05.2026", 1], [None] * 5]
            ),
        ],
        ids=["excel-utf8", "excel-cp1252", "excel-unicode", "sep", "any order", "xlsx", "xlsx texts"],
    )
    def test_is_read(self, client: SiteClient, data: bytes) -> None:
        preview = upload(client, data, "codes.xlsx" if data.startswith(b"PK") else "codes.csv")
        confirm(client, preview)
        tag = CodeTag.objects.get()
        assert (tag.code, tag.label, tag.start, tag.archived) == ("BT26", "Tür", date(2026, 5, 31), True)
        assert ("Windows-1252" in text(preview)) is (b"\xfcr" in data)

    @pytest.mark.parametrize(
        ("data", "why"),
        [
            (b"", "empty"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "no CSV or XLSX"),
            (b"PK\x03\x04" + bytes(600), "can’t be read"),
            (b'code,label\nBT26,"never closed\n', "no CSV file"),
            (b"code,lable\nBT26,x\n", "no column “lable”"),
            (b"label\nx\n", "must name the columns"),
            (b"code,code\nBT26,x\n", "there twice"),
            (b"x" * (MOST_BYTES + 1), "too large"),
            (b"code,label\n" + b"BT26,x\n" * 20_001, "more than 20000 rows"),
        ],
    )  # fmt: skip
    def test_is_refused_in_words(self, client: SiteClient, data: bytes, why: str) -> None:
        answer = upload(client, data)
        assert (answer.status_code, why in text(answer)) == (200, True), text(answer)[-600:]
        assert "confirm_form" not in answer.context_data

    def test_a_code_that_a_spreadsheet_took_for_a_number(self, client: SiteClient) -> None:
        assert "2 12 code This is a number" in text(upload(client, workbook([["code", "label"], [12, "x"]]), "a.xlsx"))

    def test_a_moment_is_no_day(self, client: SiteClient) -> None:
        from datetime import datetime

        rows: list[list[Any]] = [["code", "label", "start"], ["BT26", "x", datetime(2026, 5, 1, 12)]]  # noqa: DTZ001 (as in a cell)
        assert "without a time of day" in text(upload(client, workbook(rows), "a.xlsx"))


class TestExport:
    @pytest.mark.parametrize("number", [0, 1])
    def test_comes_back_without_a_change(self, client: SiteClient, posters: None, number: int) -> None:
        before = kept()
        file = export(client, number)
        assert "no-store" in file.headers["Cache-Control"]
        assert "nothing to import" in text(upload(client, file.content))
        # Also where nothing is left of what was exported.
        CodeTag.objects.update(counts_for=None)
        CodeTag.objects.all().delete()
        Campaign.objects.all().delete()
        confirm(client, upload(client, file.content))
        same = ("code", "label", "note", "start", "end", "archived")
        assert [[row[name] for name in same] for row in kept()] == [[row[name] for name in same] for row in before]
        assert str(CodeTag.objects.get(code="0012").counts_for.code) == "BT26"  # type: ignore[union-attr] # it is there
        assert str(CodeTag.objects.get(code="BT26").campaign) == "Fair; Berlin"

    def test_as_csv(self, client: SiteClient, posters: None) -> None:
        answer = export(client, 0)
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert re.fullmatch(r'attachment; filename="codes-\d{4}-\d\d-\d\d\.csv"', answer.headers["Content-Disposition"])
        rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
        assert rows[0] == HEAD
        assert rows[1] == ["0012", "''=not a formula", "", "", "", "", "1", "BT26"]
        assert rows[3][:2] == ["BT26", "'=cmd|'/c calc'!A0"]
        assert rows[3][2:6] == ["one\ntwo", "Fair; Berlin", "2026-05-01", "2026-05-31"]

    def test_as_a_workbook_that_another_library_reads(self, client: SiteClient, posters: None) -> None:
        content = export(client, 1).content
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0)
        rows = sheet.to_python()
        assert rows[0] == HEAD
        assert rows[1][:2] == ["0012", "'=not a formula"]
        assert rows[1][6:] == [True, "BT26"]
        assert rows[3][1] == "=cmd|'/c calc'!A0"
        assert rows[3][4:6] == [date(2026, 5, 1), date(2026, 5, 31)]
        cell = openpyxl.load_workbook(io.BytesIO(content)).active["B4"]
        assert (cell.data_type, cell.quotePrefix) == ("s", True), "a text, and no formula"

    def test_has_the_codes_of_the_list(self, client: SiteClient, posters: None) -> None:
        assert b"Fair" not in export(client, 0, "?archived__exact=1").content
        assert b"0012" not in export(client, 0, "?q=calc").content
        assert export(client, 0, "?nonsense=1").status_code == 302
        page = client.get(f"{URL}?archived__exact=1").content.decode()
        assert f'href="{URL}export/?archived__exact=1"' in page


@pytest.mark.parametrize(
    ("permissions", "imports", "exports", "makes"),
    [
        (("view_codetag",), 403, 200, 403),
        (("add_codetag",), 403, 403, 200),
        (("view_codetag", "add_codetag"), 403, 200, 200),
        (("change_codetag",), 403, 200, 403),
        (("add_codetag", "change_codetag"), 200, 200, 200),
    ],
)
def test_each_page_has_its_permission(
    permissions: tuple[str, ...], imports: int, exports: int, makes: int, store: Any
) -> None:
    client = SiteClient()
    client.force_login(staff(*permissions))
    assert client.get(f"{URL}import/").status_code == imports
    assert upload(client, "code,label\nBT26,x\n").status_code == imports
    assert client.get(f"{URL}export/").status_code == exports
    assert export(client, 0).status_code == exports
    assert client.get(f"{URL}make/").status_code == makes
    asked = {"import_file_name": "f" * 32, "original_file_name": "x", "format": "0", "resource": "0"}
    assert client.post(f"{URL}process_import/", asked).status_code == (302 if imports == 200 else 403)
    page = client.get(URL)
    if page.status_code == 200:
        links = {name: f'href="{URL}{name}/' in page.content.decode() for name in ("import", "export", "make")}
        assert links == {"import": imports == 200, "export": exports == 200, "make": makes == 200}
