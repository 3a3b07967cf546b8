"""What django-import-export is given for files of codes: kinds of files, columns, results, and where a file waits."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from import_export import fields, resources
from import_export.formats.base_formats import Format
from import_export.results import Result, RowResult
from import_export.tmp_storages import BaseStorage

from codetags.models import CodeTag
from codetags.services import uploads
from codetags.services.code_cells import COLUMNS
from codetags.services.code_imports import import_codes
from codetags.services.code_plans import CodePlan, PlannedCode
from kv.web.spreadsheets import BOM, csv_lines
from kv.web.tables import Table, unpack_table
from kv.web.workbooks import write_workbook

#: Rows that a page shows; the figures are of all.
_SHOWN = 200
_WIDTHS = {"label": 40, "note": 40, "campaign": 30}


class _File(Format):  # type: ignore[misc] # the package has no types
    """A kind of file. What is uploaded says by itself of which kind it is, and is kept as a table."""

    title = extension = content_type = ""

    def __init__(self, encoding: str | None = None) -> None:
        """Without regard to the encoding that the package names: the file is looked at."""

    def get_title(self) -> str:
        return self.title

    def get_extension(self) -> str:
        return self.extension

    def get_content_type(self) -> str:
        return self.content_type

    def can_import(self) -> bool:
        return True

    def can_export(self) -> bool:
        return True

    def create_dataset(self, in_stream: bytes) -> Table:
        return unpack_table(in_stream)


class CsvFile(_File):
    """CSV, as `kv.web.spreadsheets` writes it."""

    title, extension, content_type = "CSV", "csv", "text/csv; charset=utf-8"

    def export_data(self, dataset: Any, **kwargs: Any) -> bytes:
        """The file."""
        return (BOM + "".join(csv_lines([dataset.headers, *dataset]))).encode()


class XlsxFile(_File):
    """XLSX with days as days."""

    title, extension = "XLSX", "xlsx"
    content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

    def export_data(self, dataset: Any, **kwargs: Any) -> bytes:
        """The file."""
        return write_workbook(dataset.headers, dataset, title=_("Codes"), widths=_WIDTHS)


FORMATS = [CsvFile, XlsxFile]


class CodeTagResource(resources.ModelResource):  # type: ignore[misc] # the package has no types
    """The columns of a file. Rows are imported by `import_codes`, all at once."""

    campaign = fields.Field("campaign__name", "campaign")
    counts_for = fields.Field("counts_for__code", "counts_for")

    class Meta:
        model = CodeTag
        fields = export_order = COLUMNS
        import_id_fields = ("code",)
        chunk_size = 1000
        widgets = {name: {"format": "%Y-%m-%d"} for name in ("start", "end")}

    def import_data(self, dataset: Table, dry_run: bool = False, **kwargs: Any) -> Result:  # noqa: FBT001, FBT002 (the package's)
        """Import the rows, or say what that would change. None is written where one has errors."""
        plan = import_codes(dataset.rows, user_id=kwargs["user"].pk, dry_run=dry_run)
        return _result(plan, dataset)


def _result(plan: CodePlan, table: Table) -> Result:
    """What the package's views ask about, and the plan for our page."""
    result = Result()
    result.diff_headers = list(COLUMNS)
    result.total_rows = len(plan.rows)
    for row in plan.rows:
        found = RowResult()
        found.import_type = _kind(row)
        found.object_repr = row.code
        if row.errors:
            found.validation_error = ValidationError(row.errors)
            result.append_invalid_row(row.row, {"code": row.code}, found.validation_error)
        result.increment_row_result_total(found)
        result.append_row_result(found)
    result.page = Preview(plan, table.charset)
    return result


def _kind(row: PlannedCode) -> str:
    if row.errors:
        return str(RowResult.IMPORT_TYPE_INVALID)
    if row.is_new:
        return str(RowResult.IMPORT_TYPE_NEW)
    return str(RowResult.IMPORT_TYPE_UPDATE if row.is_update else RowResult.IMPORT_TYPE_SKIP)


class Preview:
    """What the page of a preview shows. charset: one that was guessed."""

    def __init__(self, plan: CodePlan, charset: str) -> None:
        self.charset = charset
        self.campaigns = plan.campaigns
        self.new, self.updates, self.wrong = len(plan.new), len(plan.updates), len(plan.wrong)
        self.same = len(plan.rows) - self.new - self.updates - self.wrong
        self.changes = self.new + self.updates
        chosen = plan.wrong or [row for row in plan.rows if row.changed or row.is_new]
        self.rows = [(row, list(_differences(row))) for row in chosen[:_SHOWN]]
        self.more = len(chosen) - len(self.rows)


def _differences(row: PlannedCode) -> Iterable[tuple[str, str, str]]:
    """Column, what is there, and what is to be there."""
    for name in row.changed:
        yield name, _spelled(None if row.before is None else row.before[name]), _spelled(row.after[name])


def _spelled(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return str(value or "–")


class UploadStorage(BaseStorage):  # type: ignore[misc] # the package has no types
    """A file, as the table that was read from it, between preview and confirmation."""

    def __init__(self, *, user_id: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.user_id = user_id

    def save(self, data: bytes) -> None:
        """Keep it, under a new name."""
        self.name = uploads.keep_upload(self.user_id, data)

    def read(self) -> bytes:
        """The packed table. Raises UploadGone."""
        found = uploads.read_upload(self.user_id, self.name)
        if found is None:
            raise UploadGone
        return found

    def remove(self) -> None:
        """It is done with."""
        uploads.drop_upload(self.user_id, self.name)


class UploadGone(Exception):
    """The file of a preview is not kept any more."""
