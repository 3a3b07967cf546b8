"""CSV files as spreadsheets read them: marked as UTF-8, and without a cell that they would take for a formula."""

from __future__ import annotations

import csv
from itertools import chain
from typing import TYPE_CHECKING

from django.http import StreamingHttpResponse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

BOM = "\ufeff"
"""Without it Excel reads UTF-8 as the computer's own 8-bit charset. The importers skip it (`utf-8-sig`)."""
# Both widths: spreadsheets read ＝ as =.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


class _Echo:
    """csv writes to it and gets the line back."""

    def write(self, line: str) -> str:
        return line


def csv_download(name: str, rows: Iterable[Sequence[object]]) -> StreamingHttpResponse:
    """The rows as a file to download, one line at a time; no cache keeps it.

    name: of the file, with its ending. Texts that begin like a formula get an apostrophe; numbers are left alone.
    """
    response = StreamingHttpResponse(chain((BOM,), csv_lines(rows)), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response


def csv_lines(rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The rows as lines of such a file, without its mark."""
    writer = csv.writer(_Echo())
    for row in rows:
        yield str(writer.writerow([harmless(cell) if isinstance(cell, str) else cell for cell in row]))


def harmless(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula: behind an apostrophe where it must be."""
    return f"'{text}" if _is_formula(text) else text


def restored(cell: str) -> str:
    """The text that `harmless` has made the cell of."""
    return cell[1:] if cell.startswith("'") and _is_formula(cell) else cell


def _is_formula(text: str) -> bool:
    # Behind apostrophes too: otherwise nobody could tell a text that has one from one that was made harmless.
    return text.lstrip("'").startswith(_FORMULA)
