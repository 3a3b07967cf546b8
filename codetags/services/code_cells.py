"""What a code of the registry consists of, and how each part is read: from a file's cell, or from a caller's value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.formats import get_format
from django.utils.translation import gettext as _

from kv.web.tables import Cell
from kv.web.text_fields import clean_entry

#: The columns of a file, in the order of an export. The code itself comes first.
COLUMNS = ("code", "label", "note", "campaign", "start", "end", "archived", "counts_for")
#: Of a code without more.
EMPTY: Mapping[str, Any] = {
    "label": "", "note": "", "campaign": "", "start": None, "end": None, "archived": False, "counts_for": "",
}  # fmt: skip
LONGEST_LABEL = 120
LONGEST_NOTE = 10_000
# As spreadsheets of four languages write them.
_YES = frozenset({"1", "true", "yes", "ja", "wahr", "oui", "vrai", "sí", "si", "verdadero", "x"})
_NO = frozenset({"", "0", "false", "no", "nein", "falsch", "non", "faux", "falso"})
_DAYS = ("%Y-%m-%d", "%d.%m.%Y")
# Day first: where the language reads it so. English has both orders, so it is refused there.
_SLASHES = "%d/%m/%Y"


def read_cell(name: str, cell: Cell) -> Any:
    """The value of a column. Raises ValidationError, with one message."""
    return _READERS[name](cell)


def _text(longest: int, *, lines: bool = False) -> Callable[[Cell], str]:
    def read(cell: Cell) -> str:
        text = clean_entry(_spelled(cell).replace("\r\n", "\n"), lines=lines)
        if len(text) > longest:
            raise ValidationError(_("At most %(most)s characters.") % {"most": longest})
        return text

    return read


def _day(cell: Cell) -> date | None:
    if isinstance(cell, datetime):
        raise ValidationError(_("Only a day, without a time of day."))
    if isinstance(cell, date):
        return cell
    text = _spelled(cell)
    if not text:
        return None
    has_slashes = "/" in text and _SLASHES in get_format("DATE_INPUT_FORMATS")
    day = _parsed_day(text, (_SLASHES,) if has_slashes else _DAYS)
    if day is None:
        raise ValidationError(_("This is not a day such as 2026-05-31 or 31.05.2026."))
    return day


@lru_cache(1024)
def _parsed_day(text: str, forms: Sequence[str]) -> date | None:
    for form in forms:
        with suppress(ValueError):
            return datetime.strptime(text, form).date()  # noqa: DTZ007 (a day has no zone)
    return None


def _yes_or_no(cell: Cell) -> bool:
    text = _spelled(cell).lower()
    if text in _YES:
        return True
    if text in _NO:
        return False
    raise ValidationError(_("Enter 1 for yes and 0 for no."))


def _code(cell: Cell) -> str:
    return _spelled(cell).upper()


def _spelled(cell: Cell) -> str:
    if isinstance(cell, bool):
        return str(int(cell))
    return "" if cell is None else str(cell).strip()


_READERS: Mapping[str, Callable[[Cell], Any]] = {
    "code": _code,
    "label": _text(LONGEST_LABEL),
    "note": _text(LONGEST_NOTE, lines=True),
    "campaign": _text(LONGEST_LABEL),
    "start": _day,
    "end": _day,
    "archived": _yes_or_no,
    "counts_for": _code,
}
