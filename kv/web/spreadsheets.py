"""CSV files as spreadsheets read them: marked as UTF-8, and without a cell that they would take for a formula."""

from __future__ import annotations

import csv
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
    response = StreamingHttpResponse(_lines(rows), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _lines(rows: Iterable[Sequence[object]]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield BOM
    for row in rows:
        yield str(writer.writerow([_harmless(cell) if isinstance(cell, str) else cell for cell in row]))


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
