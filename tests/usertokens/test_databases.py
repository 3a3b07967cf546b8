"""The store's accounts belong to the users of one database; a new database beside an old store is named."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.core.management.base import SystemCheckError
from django.db.models.signals import post_migrate
from django.test import override_settings

from usertokens import checks, keys
from usertokens.models import DatabaseId
from usertokens.services import accounts, balances, databases

pytestmark = pytest.mark.django_db


@pytest.fixture
def outside_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("usertokens.services.listeners.is_test_run", lambda: False)


def migrate() -> None:
    """What `migrate` sends when it is done."""
    config = apps.get_app_config("usertokens")
    post_migrate.send(config, app_config=config, using="default", verbosity=0, interactive=False, plan=[], apps=apps)


def throw_database_away() -> None:
    DatabaseId.objects.all().delete()


@pytest.mark.usefixtures("outside_tests")
class TestMigrate:
    def test_takes_a_store_that_belongs_to_nobody(self, store: Any, capsys: pytest.CaptureFixture[str]) -> None:
        balances.spend_tokens("1", 40)
        migrate()
        assert store.get(keys.database()).decode() == databases.database_id()
        migrate()
        assert capsys.readouterr() == ("", "")

    @pytest.mark.parametrize("leave", [lambda: balances.spend_tokens("1", 40), lambda: accounts.forget_user("1")])
    def test_names_a_store_of_another_database(
        self, store: Any, leave: Any, capsys: pytest.CaptureFixture[str]
    ) -> None:
        migrate()
        leave()
        other = databases.database_id()
        throw_database_away()
        for _ in range(2):
            migrate()
            said = capsys.readouterr().err
            assert "usertokens.W004" in said
            assert other in said
            assert "--accept-database" in said
        assert store.get(keys.database()).decode() == other

    def test_takes_an_empty_store_of_another(self, store: Any, capsys: pytest.CaptureFixture[str]) -> None:
        migrate()
        throw_database_away()
        store.set("{stats}:visitors", 5)
        migrate()
        assert store.get(keys.database()).decode() == databases.database_id()
        assert capsys.readouterr().err == ""

    def test_goes_through_without_a_store(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
        entry = {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": f"unix://{tmp_path}/nobody?db=0"}
        with override_settings(CACHES={"kv": entry}):
            migrate()

    def test_goes_through_where_the_table_is_not_there_yet(self, store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(DatabaseId._meta, "db_table", "not_there_yet")
        migrate()
        assert store.get(keys.database()) is None


def test_a_test_run_takes_no_store(store: Any) -> None:
    migrate()
    assert store.get(keys.database()) is None


class TestCheck:
    def test_names_another_database_and_changes_nothing(self, store: Any) -> None:
        assert checks.check_database(None) == []
        assert store.get(keys.database()) is None
        databases.claim_store()
        balances.spend_tokens("1", 40)
        assert checks.check_database(None) == []
        throw_database_away()
        with pytest.raises(SystemCheckError, match=r"usertokens\.W004"):
            call_command("check", deploy=True, fail_level="WARNING", tags=["usertokens"])
        call_command("check", fail_level="WARNING", tags=["usertokens"])  # asks neither the store nor the database

    def test_says_nothing_without_a_store(self, tmp_path: Any) -> None:
        entry = {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": f"unix://{tmp_path}/nobody?db=0"}
        with override_settings(CACHES={"kv": entry}):
            assert checks.check_database(None) == []


def test_the_ledgers_check_names_it_until_it_is_accepted(store: Any, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("usertokens_check")
    balances.spend_tokens("1", 40)
    throw_database_away()
    with pytest.raises(CommandError):
        call_command("usertokens_check")
    assert "usertokens.W004" in capsys.readouterr().out
    call_command("usertokens_check", accept_database=True)
    call_command("usertokens_check")
    assert checks.check_database(None) == []
    assert balances.get_balance("1").tokens.balance == 60


def test_the_id_moves_with_a_dump_of_the_database(store: Any, tmp_path: Any) -> None:
    databases.claim_store()
    balances.spend_tokens("1", 40)
    file = tmp_path / "dump.json"
    call_command("dumpdata", "usertokens", output=str(file))
    throw_database_away()
    databases.database_id()  # the new database, migrated
    assert databases.find_foreign_database()
    call_command("loaddata", str(file), verbosity=0)
    assert databases.find_foreign_database() == ""


@pytest.mark.usefixtures("outside_tests")
def test_a_backup_is_restored_to_a_store_that_migrate_has_taken(store: Any, tmp_path: Any) -> None:
    file = tmp_path / "backup"
    balances.spend_tokens("1", 40)
    migrate()
    call_command("kv_backup", str(file))
    store.flushall()
    migrate()
    call_command("kv_restore", str(file), yes=True)
    assert balances.get_balance("1").tokens.balance == 60
    assert databases.find_foreign_database() == ""
