"""What rows would change in the registry of codes, and what is wrong with them: decided before anything is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from codetags.errors import MalformedCode
from codetags.models import Campaign, CodeTag
from codetags.models.campaigns import name_key
from codetags.services.code_cells import EMPTY, read_cell
from codetags.services.codes import parse_code
from kv.sql.batches import in_batches
from kv.web.tables import Row

_CHUNK = 500
_READ = ("code", "label", "note", "campaign__name", "start", "end", "archived", "counts_for__code")

Values = Mapping[str, Any]


@dataclass(slots=True)
class PlannedCode:
    """One row. before: None for a code that is new. errors: sentences by column, `row` for the row as a whole."""

    row: int
    code: str
    before: Values | None
    after: dict[str, Any]
    errors: dict[str, list[str]] = field(default_factory=dict)

    @property
    def changed(self) -> tuple[str, ...]:
        """The columns that change; of a new code those that are not empty."""
        before = EMPTY if self.before is None else self.before
        return tuple(name for name, value in self.after.items() if value != before[name])

    @property
    def is_new(self) -> bool:
        """Whether the code is added."""
        return not self.errors and self.before is None

    @property
    def is_update(self) -> bool:
        """Whether a code that exists changes."""
        return not self.errors and self.before is not None and bool(self.changed)

    def refuse(self, column: str, message: str) -> None:
        """Note what is wrong with a column."""
        self.errors.setdefault(column, []).append(message)


@dataclass(frozen=True, slots=True)
class CodePlan:
    """All rows, in their order. campaigns: the names of those that are new."""

    rows: Sequence[PlannedCode]
    campaigns: tuple[str, ...]

    @property
    def new(self) -> list[PlannedCode]:
        """The rows that add a code."""
        return [row for row in self.rows if row.is_new]

    @property
    def updates(self) -> list[PlannedCode]:
        """The rows that change one."""
        return [row for row in self.rows if row.is_update]

    @property
    def wrong(self) -> list[PlannedCode]:
        """The rows with errors."""
        return [row for row in self.rows if row.errors]


def plan_codes(rows: Iterable[Row], *, lock: bool = False) -> CodePlan:
    """What the rows would change. A column that a row lacks stays as it is; one that is empty is emptied.

    lock: nobody else changes these codes before the transaction ends.
    """
    read = [_read(row) for row in rows]
    codes = {row.code for row, _values in read} | {values.get("counts_for", "") for _row, values in read}
    existing = _existing(sorted(codes - {""}), lock=lock)
    seen: dict[str, int] = {}
    for row, values in read:
        _complete(row, values, existing, seen)
    planned = [row for row, _values in read]
    campaigns = _name_campaigns(planned)
    _check_aliases(planned, existing)
    wanted = {row.after["campaign"] for row in planned if not row.errors}
    return CodePlan(planned, tuple(name for name in campaigns if name in wanted))


def _read(row: Row) -> tuple[PlannedCode, dict[str, Any]]:
    planned = PlannedCode(row.number, "", None, {})
    values: dict[str, Any] = {}
    for name, cell in row.cells.items():
        try:
            values[name] = read_cell(name, cell)
        except ValidationError as error:
            planned.refuse(name, error.messages[0])
    planned.code = values.pop("code", "")
    if row.too_long:
        planned.refuse("row", _("The row has more cells than there are columns."))
    if isinstance(row.cells.get("code"), (int, float)):
        # A spreadsheet takes 0012 for 12 and 1E10 for 10 000 000 000.
        planned.refuse("code", _("This is a number. Format the column as text, and enter the code again."))
    return planned, values


def _existing(codes: Sequence[str], *, lock: bool) -> dict[str, Values]:
    found: dict[str, Values] = {}
    for chunk in in_batches(codes, _CHUNK):
        if lock:
            # In one order, so that two imports never wait for each other.
            list(CodeTag.objects.select_for_update().filter(code__in=chunk).order_by("code").values_list("pk"))
        for code, *values in CodeTag.objects.filter(code__in=chunk).order_by().values_list(*_READ):
            found[code] = {name: value or empty for (name, empty), value in zip(EMPTY.items(), values, strict=True)}
    return found


def _complete(row: PlannedCode, values: Values, existing: Mapping[str, Values], seen: dict[str, int]) -> None:
    """Put the row's values over what is there, and check what is not about other rows."""
    row.before = existing.get(row.code)
    row.after = {**(row.before or EMPTY), **values}
    if not row.code:
        row.refuse("code", _("A code is required."))
    elif row.code in seen:
        row.refuse("code", _("The code is in row %(row)s already.") % {"row": seen[row.code]})
    elif row.before is None and not _is_code(row.code):
        row.refuse("code", _("This is not a code: by default four letters or digits, such as BT26."))
    seen.setdefault(row.code, row.row)
    if not row.after["label"] and "label" not in row.errors:
        row.refuse("label", _("A label is required."))
    start, end = row.after["start"], row.after["end"]
    if start and end and end < start and not row.errors.keys() & {"start", "end"}:
        row.refuse("end", _("The last day is before the first."))


def _is_code(text: str) -> bool:
    try:
        return parse_code(text) == text
    except MalformedCode:
        return False


def _name_campaigns(rows: Sequence[PlannedCode]) -> list[str]:
    """Spell campaigns as they are spelled already, or for the first time; the names of new ones."""
    names = {name_key(row.after["campaign"]): row.after["campaign"] for row in reversed(rows) if row.after["campaign"]}
    known: dict[str, str] = {}
    for chunk in in_batches(names, _CHUNK):
        known.update(Campaign.objects.filter(key__in=chunk).values_list("key", "name"))
    for row in rows:
        if row.after["campaign"]:
            key = name_key(row.after["campaign"])
            row.after["campaign"] = known.get(key) or names[key]
    return [name for key, name in reversed(names.items()) if key not in known]


def _check_aliases(rows: Sequence[PlannedCode], existing: Mapping[str, Values]) -> None:
    """Refuse rows after which a code would count for one that is an alias itself, or is not there."""
    codes = [row.code for row in rows if row.code]
    kept: dict[str, str] = {}
    for chunk in in_batches(codes, _CHUNK):
        kept.update(CodeTag.objects.filter(counts_for__code__in=chunk).values_list("code", "counts_for__code"))
    more = True
    # A row that is refused leaves its code as it was, which may be wrong for another row.
    while more:
        good = {row.code: row.after["counts_for"] for row in rows if not row.errors}
        final = {code: values["counts_for"] for code, values in existing.items()} | kept | good
        targets = set(final.values())
        more = False
        for row in rows:
            if not row.errors and "counts_for" in row.changed and (problem := _problem(row, final, targets)):
                row.refuse("counts_for", problem)
                more = True


def _problem(row: PlannedCode, final: Mapping[str, str], targets: set[str]) -> str:
    target = row.after["counts_for"]
    if not target:
        return ""
    if target not in final:
        return _("There is no code %(code)s in the registry.") % {"code": target[:64]}
    if target == row.code or final[target]:
        return _("Choose a code that counts for itself.")
    if row.code in targets:
        return _("Other codes count for this one.")
    return ""
