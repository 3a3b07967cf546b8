"""Tables that people upload, as spreadsheets write them: CSV in several encodings and separators, and XLSX.

A table has a line of names, in any order and in any case of their letters; what its rows mean is the caller's.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from kv.web.spreadsheets import restored

#: Texts of a CSV file, and what an XLSX file has besides: numbers, days and yes or no.
Cell = str | int | float | date | None
#: The most rows and bytes that one file may have, whatever it is for.
MOST_ROWS = 20_000
MOST_BYTES = 4 * 1024 * 1024
#: What a form around a file may take beside it.
FORM_BYTES = 64 * 1024
_SEPARATORS = (",", ";", "\t")
_SHOWN = 60
#: Characters of a day without a time: 2026-05-31.
_DAY = 10


class UnreadableTable(ValueError):
    """The file is no table that can be read here. The message says why, and what to do."""


class Row(NamedTuple):
    """A row. number: as a spreadsheet shows it, the names are in row 1. too_long: it has cells beside the columns."""

    number: int
    cells: Mapping[str, Cell]
    too_long: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """The columns that the file has, of those that are known, and its rows. charset: a guessed one, "" for none."""

    columns: tuple[str, ...]
    rows: Sequence[Row]
    charset: str = ""

    def __len__(self) -> int:
        return len(self.rows)


def pack_table(table: Table) -> bytes:
    """The table as bytes, to go on with it later: much quicker to read than the file that it was."""
    rows = [[row.number, row.too_long, list(row.cells), *row.cells.values()] for row in table.rows]
    packed = [table.columns, table.charset, rows]
    return json.dumps(packed, default=lambda day: [day.isoformat()], separators=(",", ":")).encode()


def unpack_table(data: bytes) -> Table:
    """The table that `pack_table` was given."""
    columns, charset, rows = json.loads(data)
    return Table(tuple(columns), [_row(*row) for row in rows], charset)


def _row(number: int, too_long: bool, names: Sequence[str], *cells: Any) -> Row:  # noqa: FBT001 (a row's own order)
    values = [_moment(*cell) if isinstance(cell, list) else cell for cell in cells]
    return Row(number, dict(zip(names, values, strict=True)), too_long)


def _moment(text: str) -> date:
    return date.fromisoformat(text) if len(text) == _DAY else datetime.fromisoformat(text)


def is_workbook(data: bytes) -> bool:
    """Whether the file is an XLSX file, by its first bytes: it is a ZIP archive."""
    return data.startswith(b"PK\x03\x04")


def read_table(data: bytes, known: Sequence[str], *, key: str) -> Table:
    """The table of a CSV or XLSX file. known: the names of columns; key: the one that each file has.

    Raises UnreadableTable.
    """
    if len(data) > MOST_BYTES:
        raise UnreadableTable(_("The file is too large: at most %(most)s MB.") % {"most": MOST_BYTES // 1024**2})
    if is_workbook(data):
        from kv.web.workbooks import read_workbook

        return _table(read_workbook(data), known, key)
    text, charset = _decoded(data)
    return _table(_csv_rows(text, known), known, key, charset)


def read_csv_text(text: str, known: Sequence[str], *, key: str) -> Table:
    """The table of a CSV file that is decoded already. Raises UnreadableTable."""
    return _table(_csv_rows(text.removeprefix("\ufeff"), known), known, key)


def _decoded(data: bytes) -> tuple[str, str]:
    """The text of a CSV file, and the charset where it was guessed. Excel's "CSV" is in the computer's own charset."""
    is_wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    for charset, guessed in (("utf-16", ""),) if is_wide else (("utf-8-sig", ""), ("cp1252", "Windows-1252")):
        try:
            text = data.decode(charset)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text, guessed
    raise UnreadableTable(
        _("This is no CSV or XLSX file that can be read. In Excel, save it as “CSV UTF-8” or as an Excel workbook.")
    )


def _csv_rows(text: str, known: Sequence[str]) -> Iterator[tuple[int, Sequence[Cell]]]:
    first, _end, rest = text.partition("\n")
    separators: Iterable[str] = _SEPARATORS
    skipped = 0
    if first.strip().lower().startswith("sep=") and len(first.strip()) == len("sep=;"):  # Excel's own hint
        separators, text, skipped = (first.strip()[-1],), rest, 1

    def names_found(separator: str) -> int:
        return len({name.strip().lower() for name in first_row(separator)} & set(known))

    def first_row(separator: str) -> Sequence[str]:
        return next(lines(separator), ())

    def lines(separator: str) -> Iterator[list[str]]:
        # Strict: a quotation mark that is never closed would take the rest of the file into its cell.
        return csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)

    try:
        separator = max(separators, key=names_found)
        for number, row in enumerate(lines(separator), 1 + skipped):
            yield number, [restored(cell) for cell in row]
    except csv.Error as error:
        raise UnreadableTable(_("This is no CSV file that can be read: %(why)s.") % {"why": error}) from error


def _table(rows: Iterator[tuple[int, Sequence[Cell]]], known: Sequence[str], key: str, charset: str = "") -> Table:
    _number, head = next(rows, (0, ()))
    columns = _columns(head, known, key)
    found: list[Row] = []
    for number, cells in rows:
        if all(_is_empty(cell) for cell in cells):
            continue
        if len(found) == MOST_ROWS:
            raise UnreadableTable(_("The file has more than %(most)s rows. Split it.") % {"most": MOST_ROWS})
        padded = [*cells, *[None] * (len(columns) - len(cells))]
        too_long = any(not _is_empty(cell) for cell in cells[len(columns) :])
        found.append(Row(number, {name: cell for name, cell in zip(columns, padded, strict=False) if name}, too_long))
    return Table(tuple(filter(None, columns)), found, charset)


def _columns(head: Sequence[Cell], known: Sequence[str], key: str) -> list[str]:
    """The names of the first row, "" for a column without a name. Raises UnreadableTable."""
    names = [str(cell or "").strip().lower() for cell in head]
    while names and not names[-1]:
        names.pop()
    named = [name for name in names if name]
    if key not in named:
        raise UnreadableTable(
            _("The first row must name the columns, one of them “%(key)s”. Known are: %(known)s.")
            % {"key": key, "known": ", ".join(known)}
        )
    if unknown := [name[:_SHOWN] for name in named if name not in known]:
        raise UnreadableTable(
            _("There is no column “%(name)s” here. Known are: %(known)s.")
            % {"name": unknown[0], "known": ", ".join(known)}
        )
    if twice := [name for name in named if named.count(name) > 1]:
        raise UnreadableTable(_("The column “%(name)s” is there twice.") % {"name": twice[0]})
    return names


def _is_empty(cell: Cell) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())
