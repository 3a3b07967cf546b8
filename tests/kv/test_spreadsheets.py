"""CSV files as spreadsheets read them."""

from __future__ import annotations

import codecs
import csv
import io
from typing import Any

import pytest

from kv.web.spreadsheets import csv_download

ROWS = [("name", "n"), ("Zoë – łódź, 漢字", -5), ("=1+1", None), ("＠x", 2), ('a "b"\nc', 3)]


def _read(answer: Any) -> bytes:
    return bytes(answer.getvalue())


def test_begins_with_the_mark_of_utf_8_once() -> None:
    content = _read(csv_download("one.csv", iter(ROWS)))
    assert content.startswith(codecs.BOM_UTF8)
    assert content.count(codecs.BOM_UTF8) == 1


def test_says_what_it_is_and_is_kept_by_nobody() -> None:
    answer = csv_download("one.csv", iter(ROWS))
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="one.csv"'
    assert answer["Cache-Control"] == "no-store"


def test_texts_are_never_formulas_and_numbers_stay_numbers() -> None:
    text = _read(csv_download("one.csv", iter(ROWS))).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert rows == [["name", "n"], ["Zoë – łódź, 漢字", "-5"], ["'=1+1", ""], ["'＠x", "2"], ['a "b"\nc', "3"]]


@pytest.mark.parametrize("rows", [[], [("a",)]])
def test_an_empty_file_has_the_mark_too(rows: list[tuple[str, ...]]) -> None:
    assert _read(csv_download("none.csv", iter(rows))).startswith(codecs.BOM_UTF8)
