"""SQL that the ORM writes once and that runs at every call: writing it takes the ORM longer than the database answers.

A statement is read by `Statement`, its parameters are `Later`. It asks the database at every call; nothing but the SQL
is kept. tests/kv/test_statements.py shows each by an example.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from django.db import InterfaceError, NotSupportedError, OperationalError, ProgrammingError, connections, router
from django.db.models import Expression, Field, Model

Rows = list[tuple[Any, ...]]


class Later(Expression):
    """A parameter of a statement: its value is given when the statement runs."""

    def __init__(self, name: str, output_field: Field[Any, Any]) -> None:
        super().__init__(output_field=output_field)
        self.name = name

    def as_sql(self, *_: Any, **__: Any) -> Any:
        """A placeholder, and this object in the place of the value."""
        return "%s", (self,)


class Statement:
    """A query that is compiled once for each database.

    model: the model whose database is asked, as the project's routers say.
    build: makes the query of the model's manager; what it tells rows apart by is a `Later`.
    """

    def __init__(self, model: Callable[[], type[Model]], build: Callable[[Any], Any]) -> None:
        self._model = model
        self._build = build
        self._compiled: dict[str, _Compiled] = {}

    def fetch(self, **values: Any) -> Rows:
        """All rows for these values of the parameters. Raises what the database raises."""
        model = self._model()
        alias = router.db_for_read(model)
        compiled = self._compiled.get(alias)
        if compiled is None:
            query = self._build(model._default_manager.using(alias)).query  # noqa: SLF001 (Django's public name for it)
            compiled = self._compiled[alias] = _Compiled(query.get_compiler(alias))
        return _checked(connections[alias], compiled, values)


class _Compiled:
    """The SQL for one database, and where its parameters come from."""

    def __init__(self, compiler: Any) -> None:
        sql, params = compiler.as_sql()
        self._sql = sql
        self._params = params
        self._converters = compiler.get_converters([column for column, *_ in compiler.select])
        names = list(dict.fromkeys(param.name for param in params if isinstance(param, Later)))
        self._fields = {param.name: param.output_field for param in params if isinstance(param, Later)}
        # PostgreSQL plans a prepared statement once for each connection: planning takes it longer than the look-ups.
        numbers = [f"${names.index(param.name) + 1}" if isinstance(param, Later) else f"{param}" for param in params]
        self._prepared = f"chk_{hashlib.sha256(sql.encode()).hexdigest()[:16]}"
        self._prepare = f"PREPARE {self._prepared} AS {sql % tuple(numbers)}"
        self._execute = f"EXECUTE {self._prepared} ({', '.join(['%s'] * len(names))})"
        self._may_prepare = all(isinstance(param, Later | int) for param in params)

    def run(self, connection: Any, values: dict[str, Any]) -> Rows:
        """Run it on the connection."""
        ready = {
            name: field.get_db_prep_value(values[name], connection, prepared=False)
            for name, field in self._fields.items()
        }
        if self._may_prepare and connection.vendor == "postgresql" and not connection.in_atomic_block:
            try:
                return self._converted(connection, self._run_prepared(connection, list(ready.values())))
            except (ProgrammingError, NotSupportedError):
                # A pooler between us and the database hands statements to other connections, or a migration has
                # changed the columns' types.
                self._may_prepare = False
        with connection.cursor() as cursor:
            params = [ready[param.name] if isinstance(param, Later) else param for param in self._params]
            cursor.execute(self._sql, params)
            return self._converted(connection, cursor.fetchall())

    def _run_prepared(self, connection: Any, params: list[Any]) -> Any:
        with connection.cursor() as cursor:
            known = _prepared.setdefault(connection.connection, set())
            if self._prepared not in known:
                cursor.execute(self._prepare)
                known.add(self._prepared)
            cursor.execute(self._execute, params)
            return cursor.fetchall()

    def _converted(self, connection: Any, rows: Any) -> Rows:
        """The rows with Python's values: SQLite keeps truths as numbers, and moments as texts."""
        if not self._converters:
            return list(rows)
        found = []
        for row in map(list, rows):
            for place, (converters, column) in self._converters.items():
                for convert in converters:
                    row[place] = convert(row[place], column, connection)
            found.append(tuple(row))
        return found


#: By the driver's connection, what is prepared on it.
_prepared: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()


def _checked(connection: Any, compiled: _Compiled, values: dict[str, Any]) -> Rows:
    """Run a statement, which is the connection's health check at once: a query less with CONN_HEALTH_CHECKS.

    A connection that is broken is opened anew, and the statement, which only reads, runs once more.
    """
    is_due = connection.connection is not None and connection.health_check_enabled and not connection.health_check_done
    if not is_due or connection.in_atomic_block or not connection.autocommit:
        return compiled.run(connection, values)
    connection.health_check_done = True
    try:
        return compiled.run(connection, values)
    except (OperationalError, InterfaceError):
        if connection.is_usable():
            raise
        connection.close()
    return compiled.run(connection, values)
