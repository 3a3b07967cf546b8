"""Many plain rows for a table at once: added, or raised where there is one already."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from django.db import connections, models, router
from django.db.models.constants import OnConflict
from django.db.models.sql import InsertQuery

from kv.sql.batches import in_batches

#: Rows of one statement, where a database takes many parameters.
_ROWS = 2000


def insert_rows(model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Add the rows. Raises IntegrityError where one is there; the caller's transaction undoes the others.

    columns: as of `upsert_rows`.
    """
    _write_rows(model, _fields(model, columns), rows, {})


def upsert_rows(
    model: type[models.Model],
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    unique: Sequence[str],
    keep: Sequence[str] = (),
) -> None:
    """Add the rows; where a row with the same `unique` columns is there, set the others.

    For tables that are filled by the million: as `bulk_create(update_conflicts=True)`, without an object for each row.
    columns: the names of fields that stand for themselves, such as texts, whole numbers and dates; none may be left out
    that has no default in the database.
    keep:    those that stay as they are where a row is there.
    """
    fields = _fields(model, columns)
    conflict: dict[str, Any] = {
        "on_conflict": OnConflict.UPDATE,
        "update_fields": [field for field in fields if field.name not in {*unique, *keep}],
        "unique_fields": [field for field in fields if field.name in unique],
    }
    _write_rows(model, fields, rows, conflict)


def _fields(model: type[models.Model], columns: Sequence[str]) -> list[Any]:
    options: Any = model._meta  # noqa: SLF001 (Django documents it)
    return [options.get_field(name) for name in columns]


def _write_rows(
    model: type[models.Model], fields: Sequence[Any], rows: Iterable[Sequence[Any]], conflict: dict[str, Any]
) -> None:
    connection = connections[router.db_for_write(model)]
    row_type = namedtuple("row_type", [field.attname for field in fields])  # type: ignore[misc] # noqa: PYI024 (names from the model)

    def statement(batch: Sequence[Sequence[Any]]) -> Any:
        query = InsertQuery(model, **conflict)
        query.insert_values(fields, [row_type(*row) for row in batch], raw=True)  # type: ignore[misc] # not models
        return query.get_compiler(connection=connection)

    with connection.cursor() as cursor:
        for batch in in_batches(rows, _ROWS):
            # Two rows show how Django writes many of them for this database.
            ((sql, values), *_) = statement([batch[0]] * 2).as_sql()
            if connection.vendor == "sqlite":
                # One statement for one row, prepared once, is quicker than a long one: no round trips are saved.
                ((sql, _),) = statement(batch[:1]).as_sql()
                columns = zip(fields, zip(*batch, strict=True), strict=True)
                prepared = [_prepared(field, values, connection) for field, values in columns]
                cursor.executemany(sql, list(zip(*prepared, strict=True)))
            elif values and isinstance(values[0], list):  # PostgreSQL: an array for each column
                cursor.execute(sql, [list(column) for column in zip(*batch, strict=True)])
            else:
                statement(batch).execute_sql()


def _prepared(field: Any, values: Sequence[Any], connection: Any) -> list[Any]:
    """A column as SQLite takes it."""
    days: dict[date, Any] = {}

    def prepared(value: Any) -> Any:
        # These are what the driver takes; to ask their fields would take as long as the insert.
        if value is None or type(value) in (str, int, bool):
            return value
        if not isinstance(value, date):
            return field.get_db_prep_save(value, connection)
        if value not in days:  # many rows have the same
            days[value] = field.get_db_prep_save(value, connection)
        return days[value]

    return [prepared(value) for value in values]
