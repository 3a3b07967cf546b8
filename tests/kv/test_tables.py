"""Files that mean no good, or are no tables: refused at once, without much being unpacked."""

from __future__ import annotations

import io
import time
import zipfile
from datetime import date, datetime
from typing import TYPE_CHECKING

import openpyxl
import pytest

from kv.web import workbooks
from kv.web.spreadsheets import harmless, restored
from kv.web.tables import Row, Table, UnreadableTable, pack_table, read_table, unpack_table

if TYPE_CHECKING:
    from collections.abc import Mapping

COLUMNS = ("code", "label")
#: A busy machine's second; what is meant is that nothing is worked through.
AT_ONCE = 3.0


def workbook(parts: Mapping[str, bytes] | None = None) -> bytes:
    """A usual workbook, with some of its parts put in the place of the usual ones."""
    book = openpyxl.Workbook()
    for row in (["code", "label"], ["BT26", "Poster"]):
        book.active.append(row)
    usual = io.BytesIO()
    book.save(usual)
    changed = io.BytesIO()
    with zipfile.ZipFile(usual) as old, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as new:
        for name in {*old.namelist(), *(parts or {})}:
            new.writestr(name, (parts or {}).get(name) or old.read(name))
    return changed.getvalue()


def sheet(rows: str, head: str = "") -> dict[str, bytes]:
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    text = f'<?xml version="1.0"?>{head}<worksheet xmlns="{space}">{rows}</worksheet>'
    return {"xl/worksheets/sheet1.xml": text.encode()}


def cell(place: str, text: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


CODE = cell("A2", "BT26")
HEAD = f'<row r="1">{cell("A1", "code")}{cell("B1", "label")}</row>'
ENTITIES = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in zip("abcdefgh", "bcdefghi", strict=True)
) + "]>"  # fmt: skip
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
HOSTILE = {
    "bomb": {"xl/media/image1.png": bytes(64 * 1024 * 1024)},
    "many parts": {f"xl/media/{number}": b"x" for number in range(600)},
    "entities": sheet(f'<sheetData>{HEAD}<row r="2">{cell("A2", "&i;")}</row></sheetData>', ENTITIES),
    "a file of the machine": sheet(f'<sheetData>{HEAD}<row r="2">{cell("A2", "&a;")}</row></sheetData>', OUTSIDE),
    "no sheet": {"xl/worksheets/sheet1.xml": b"<"},
    "no book": {"xl/workbook.xml": b"\0\1\2"},
}


def read(data: bytes) -> Table:
    return read_table(data, COLUMNS, key="code")


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_workbooks_are_refused_at_once(kind: str) -> None:
    data = workbook(HOSTILE[kind])
    begun = time.monotonic()
    with pytest.raises(UnreadableTable):
        read(data)
    assert time.monotonic() - begun < AT_ONCE


def test_nothing_of_a_bomb_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    def unpack(*_: object, **__: object) -> None:
        pytest.fail("the archive was unpacked")

    data = workbook(HOSTILE["bomb"])
    monkeypatch.setattr(zipfile.ZipFile, "open", unpack)
    with pytest.raises(UnreadableTable, match="unpacks to more than 32 MB"):
        read(data)


@pytest.mark.parametrize(
    "rows",
    [
        f'<dimension ref="A1:XFD99999999999"/><sheetData>{HEAD}<row r="2">{CODE}</row></sheetData>',
        f'<sheetData>{HEAD}<row r="2">{CODE}</row><row r="99999999999">{cell("A3", "x")}</row></sheetData>',
    ],
    ids=["says it is huge", "has one row far away"],
)
def test_a_sheet_that_seems_huge_costs_little(rows: str) -> None:
    begun = time.monotonic()
    assert [row.cells for row in read(workbook(sheet(rows))).rows] == [{"code": "BT26", "label": None}]
    assert time.monotonic() - begun < AT_ONCE


def test_columns_beyond_the_names_are_an_error_of_the_row() -> None:
    rows = f'<sheetData>{HEAD}<row r="2">{CODE}{cell("C2", "more")}{cell("XFD2", "far")}</row></sheetData>'
    assert read(workbook(sheet(rows))).rows[0].too_long


def test_rows_are_bounded() -> None:
    rows = "".join(f'<row r="{number}">{cell(f"A{number}", "x")}</row>' for number in range(2, 20_004))
    with pytest.raises(UnreadableTable, match="more than 20000 rows"):
        read(workbook(sheet(f"<sheetData>{HEAD}{rows}</sheetData>")))


def test_a_formula_is_what_it_came_to() -> None:
    rows = f'<sheetData>{HEAD}<row r="2">{CODE}<c r="B2" t="str"><f>1+1</f><v>two</v></c></row></sheetData>'
    assert read(workbook(sheet(rows))).rows[0].cells["label"] == "two"


def test_what_is_written_is_read_by_the_same_rules() -> None:
    written = workbooks.write_workbook(COLUMNS, [["0012", "=1+1"], ["BT26", "a\nb"]], title="Codes", widths={})
    assert [list(row.cells.values()) for row in read(written).rows] == [["0012", "=1+1"], ["BT26", "a\nb"]]


@pytest.mark.parametrize(
    "text", ["x", "", "'", "'x", "''", "it's", "=1", "'=1", "''=1", "+", "-5", "@a", "＝1", "'+", "–"]
)
def test_harmless_cells_come_back_as_they_were(text: str) -> None:
    made = harmless(text)
    assert restored(made) == text
    assert not made.startswith(("=", "+", "-", "@", "＝", "\t", "\r"))


def test_a_table_is_the_same_once_it_was_packed() -> None:
    rows = [
        Row(2, {"code": "BT26", "label": 'é"\n,'}),
        Row(5, {"code": 12, "label": None}, too_long=True),
        Row(6, {"code": True, "label": date(2026, 5, 31)}),
        Row(7, {"code": 0.5, "label": datetime(2026, 5, 31, 12, 30)}),  # noqa: DTZ001 (as in a cell)
        Row(8, {"code": "[]"}),
    ]
    table = Table(("code", "label"), rows, "Windows-1252")
    again = unpack_table(pack_table(table))
    assert again == table
    assert [[type(cell) for cell in row.cells.values()] for row in again.rows] == [
        [type(cell) for cell in row.cells.values()] for row in rows
    ]
