"""Many plain rows for a table at once: added, or raised where there is one already."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connections, models, router
from django.db.models.constants import OnConflict
from django.db.models.sql import InsertQuery

from kv.batches import in_batches

#: Rows of one statement, where a database takes many parameters.
_ROWS = 2000


def upsert_rows(
    model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]], *, unique: Sequence[str]
) -> None:
    """Add the rows; where a row with the same `unique` columns is there, set the others.

    For tables that are filled by the million: as `bulk_create(update_conflicts=True)`, without an object for each row.
    columns: the names of fields that stand for themselves, such as texts, whole numbers and dates; none may be left out
    that has no default in the database.
    """
    options: Any = model._meta  # noqa: SLF001 (Django documents it)
    connection = connections[router.db_for_write(model)]
    fields: list[Any] = [options.get_field(name) for name in columns]
    conflict: dict[str, Any] = {
        "on_conflict": OnConflict.UPDATE,
        "update_fields": [field for field in fields if field.name not in unique],
        "unique_fields": [field for field in fields if field.name in unique],
    }
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
                prepared = [[_prepared(*pair, connection) for pair in zip(fields, row, strict=True)] for row in batch]
                cursor.executemany(sql, prepared)
            elif values and isinstance(values[0], list):  # PostgreSQL: an array for each column
                cursor.execute(sql, [list(column) for column in zip(*batch, strict=True)])
            else:
                statement(batch).execute_sql()


def _prepared(field: Any, value: Any, connection: Any) -> Any:
    # Texts and whole numbers are what the driver takes; to ask their fields would take as long as the insert.
    return value if type(value) in (str, int) else field.get_db_prep_save(value, connection)
