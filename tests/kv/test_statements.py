"""Statements that the ORM writes once: what they answer is the ORM's, and nothing but the SQL is kept."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import django.db
import pytest
from django.contrib.auth.models import Group, User
from django.db import OperationalError, transaction
from django.db.models import BooleanField, CharField, Exists, OuterRef, Q

from kv.sql.statements import Later, Statement, _Compiled

if TYPE_CHECKING:
    from collections.abc import Iterator

connection: Any = django.db.connection  # whichever is this test's: another one beside a browser's loop

SEEN = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)


def users_of(users: Any) -> Any:
    """Users of a name or an address, with a truth, a moment that may be none, and whether there is such a group."""
    named = Later("name", CharField())
    group = Group.objects.filter(name=named, user=OuterRef("pk"))
    rows = users.filter(
        Q(username=named) | Q(email=Later("email", CharField())), is_staff=Later("staff", BooleanField())
    )
    return rows.order_by("pk").values_list("pk", "is_active", "last_login", Exists(group))


@pytest.fixture
def statement() -> Statement:
    return Statement(lambda: User, users_of)


@pytest.fixture
def checked() -> Iterator[None]:
    """The connection is one whose health a request has not checked yet."""
    connection.ensure_connection()
    connection.health_check_enabled, connection.health_check_done = True, False
    yield
    connection.health_check_enabled = False


@pytest.mark.django_db
class TestRows:
    def test_are_pythons_values(self, statement: Statement) -> None:
        ann = User.objects.create_user("ann", "ann@example.org", is_active=False, last_login=SEEN)
        bob = User.objects.create_user("bob", "bob@example.org")
        ann.groups.add(Group.objects.create(name="ann"))
        rows = statement.fetch(name="ann", email="bob@example.org", staff=False)
        assert rows == [(ann.pk, False, SEEN, True), (bob.pk, True, None, False)]
        assert statement.fetch(name="ann", email="", staff=True) == []

    def test_are_new_ones_each_time(self, statement: Statement) -> None:
        ask = {"name": "ann", "email": "", "staff": False}
        assert statement.fetch(**ask) == []
        ann = User.objects.create_user("ann")
        assert statement.fetch(**ask) == [(ann.pk, True, None, False)]
        User.objects.filter(pk=ann.pk).update(is_staff=True)
        assert statement.fetch(**ask) == []

    @pytest.mark.parametrize("name", ["'", '"', "%s", "%", "\\", "$1", "'); DROP TABLE auth_user; --", "ë"])
    def test_values_are_no_sql(self, statement: Statement, name: str) -> None:
        User.objects.create_user("ann")
        made = User.objects.create(username=name)
        assert statement.fetch(name=name, email="none", staff=False) == [(made.pk, True, None, False)]

    def test_is_written_once(self) -> None:
        written: list[Any] = []

        def build(users: Any) -> Any:
            written.append(users)
            return users_of(users)

        statement = Statement(lambda: User, build)
        for _ in range(3):
            statement.fetch(name="", email="", staff=False)
        assert len(written) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("checked")
class TestConnections:
    ask = {"name": "ann", "email": "", "staff": False}

    def test_it_is_the_health_check(
        self, statement: Statement, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
    ) -> None:
        statement.fetch(**self.ask)
        connection.health_check_done = False
        monkeypatch.setattr(connection, "is_usable", lambda: pytest.fail("a query more"))
        with django_assert_num_queries(1):
            statement.fetch(**self.ask)
        assert connection.health_check_done

    def test_a_broken_one_is_made_anew(self, statement: Statement, monkeypatch: pytest.MonkeyPatch) -> None:
        User.objects.create_user("ann")
        connection.health_check_done = False
        before = connection.connection
        if connection.vendor == "postgresql":
            (pid,) = before.execute("SELECT pg_backend_pid()").fetchone()
            other = connection.copy()
            with other.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
            other.close()
        else:  # SQLite's can't be cut, and says that it is usable
            before.close()
            connection.connection = Cut()
            monkeypatch.setattr(connection, "is_usable", lambda: False)
        assert len(statement.fetch(**self.ask)) == 1
        assert connection.connection is not before

    def test_another_error_is_raised_at_once(self, statement: Statement, monkeypatch: pytest.MonkeyPatch) -> None:
        runs = failing(monkeypatch)
        with pytest.raises(OperationalError):
            statement.fetch(**self.ask)
        assert len(runs) == 1

    def test_a_transaction_is_not_left(self, statement: Statement, monkeypatch: pytest.MonkeyPatch) -> None:
        runs = failing(monkeypatch)
        monkeypatch.setattr(connection, "is_usable", lambda: False)
        with pytest.raises(OperationalError), transaction.atomic():
            statement.fetch(**self.ask)
        assert len(runs) == 1

    def test_postgresql_plans_it_once(self, statement: Statement) -> None:
        for _ in range(8):
            statement.fetch(**self.ask)
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT count(*), sum(generic_plans) FROM pg_prepared_statements")
                assert cursor.fetchone() == (1, 3)  # it plans five times, to compare

    def test_what_the_server_has_forgotten_is_sent_whole(
        self, statement: Statement, django_assert_num_queries: Any
    ) -> None:
        """As behind a pooler that gives each transaction another connection."""
        User.objects.create_user("ann")
        for _ in range(3):
            assert len(statement.fetch(**self.ask)) == 1
            if connection.vendor == "postgresql":
                connection.cursor().execute("DEALLOCATE ALL")
        with django_assert_num_queries(1):
            assert len(statement.fetch(**self.ask)) == 1


def failing(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """Every statement fails; how often one ran."""
    runs: list[None] = []

    def fail(*_: Any) -> Any:
        runs.append(None)
        raise OperationalError("lock timeout")

    monkeypatch.setattr(_Compiled, "run", fail)
    return runs


class Cut:
    """A connection that fails once it is used."""

    def cursor(self, **_: Any) -> Any:
        raise connection.Database.OperationalError("gone")

    def close(self) -> None:
        """It is closed."""
