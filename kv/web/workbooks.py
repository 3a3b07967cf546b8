"""XLSX files: read with bounds, since an archive of a few kilobytes can unpack to gigabytes; and written row by row."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

from django.utils.translation import gettext as _

from kv.web.tables import Cell, UnreadableTable

#: What a file may unpack to, bytes: 20 000 usual rows of codes take 8 MB.
_MOST_UNPACKED = 32 * 1024 * 1024
_MOST_PARTS = 500
#: Rows of a sheet, empty ones included: all that Excel has.
_LAST_ROW = 1_048_576
_MOST_COLUMNS = 100
_EMPTY = (None,) * _MOST_COLUMNS
_DAY = "yyyy-mm-dd"
_WIDTH = 16


def read_workbook(data: bytes) -> Iterator[tuple[int, Sequence[Cell]]]:
    """The rows of the sheet that was in front when the file was saved, each with its number.

    A formula is what it came to when the file was saved. Raises UnreadableTable.
    """
    _check_parts(data)
    # With defusedxml installed, openpyxl takes no entities: it is among our requirements.
    import openpyxl

    number = 0
    try:
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        sheet: Any = book.active
        sheet.reset_dimensions()  # a file may say that it has a billion rows
        for number, row in enumerate(sheet.iter_rows(max_col=_MOST_COLUMNS, values_only=True), 1):
            if number > _LAST_ROW:
                break
            if row == _EMPTY:  # there may be a million between two rows
                continue
            yield number, [_cell(value) for value in _without_end(row)]
    except Exception as error:  # openpyxl has no error of its own for what is no workbook
        raise UnreadableTable(
            _("This XLSX file can’t be read. Open it in a spreadsheet program and save it again.")
        ) from error


def write_workbook(
    columns: Sequence[str], rows: Iterable[Sequence[Cell]], *, title: str, widths: Mapping[str, int]
) -> bytes:
    """The rows below their columns: days as days, texts as texts whatever they begin with.

    title: of the sheet. widths: of columns, in characters.
    """
    import openpyxl
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = openpyxl.Workbook(write_only=True)
    sheet: Any = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    for place, name in enumerate(columns, 1):
        sheet.column_dimensions[get_column_letter(place)].width = widths.get(name, _WIDTH)

    def cell(value: Cell) -> Any:
        value = ILLEGAL_CHARACTERS_RE.sub("\ufffd", value) if isinstance(value, str) else value
        made = WriteOnlyCell(sheet, value=value)
        if isinstance(value, date):
            made.number_format = _DAY
        elif isinstance(value, str) and made.data_type != "s":
            made.data_type = "s"  # a text that begins with = is a text
            made.quotePrefix = True  # also once somebody has changed it
        return made

    head = [cell(name) for name in columns]
    for name in head:
        name.font = Font(bold=True)
    sheet.append(head)
    for row in rows:
        sheet.append([cell(value) for value in row])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _check_parts(data: bytes) -> None:
    """Look at what the archive says of its parts, before any of them is unpacked. Raises UnreadableTable.

    zipfile unpacks no more of a part than it says.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise UnreadableTable(
            _("This XLSX file can’t be read. Open it in a spreadsheet program and save it again.")
        ) from error
    if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > _MOST_UNPACKED:
        raise UnreadableTable(
            _("This XLSX file unpacks to more than %(most)s MB. Split it, or save it as CSV.")
            % {"most": _MOST_UNPACKED // 1024**2}
        )


def _without_end(row: Sequence[Any]) -> Sequence[Any]:
    end = len(row)
    while end and row[end - 1] is None:
        end -= 1
    return row[:end]


def _cell(value: Any) -> Cell:
    if isinstance(value, datetime):
        return value.date() if value.time() == time() else value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if value is None or isinstance(value, (str, int, float, date)) else str(value)
