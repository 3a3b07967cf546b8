"""A project is told when work waits for a worker that nobody runs, and only then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError

from kv import checks, keys
from kv.errors import StoreUnavailable
from kv.management.commands import kv_check
from kv.store.connection import call
from kv.times import to_ms
from kv.work import idle
from kv.work.duties import Duty, run_duty
from kv.work.idle import Idle, find_idle
from kv.work.states import note_worker

HOURLY = Duty("hourly", every=3600, lease=60, run=lambda: None)
OFTEN = Duty("often", every=5, lease=60, run=lambda: None)
DUTIES = (HOURLY, OFTEN)

pytestmark = pytest.mark.usefixtures("store", "db")


def _later(**by: float) -> datetime:
    return datetime.now(UTC) + timedelta(**by)


def _installed() -> datetime:
    """The tests' database may be older than this test."""
    moment = idle._installed()
    assert moment is not None
    return moment


def _ran(duty: Duty, at: datetime, *, failures: int = 0) -> None:
    ms = to_ms(at)
    call("HSET", keys.due(duty.name), "ended", ms, "last", ms, "failures", failures)


class TestWhoIsTold:
    def test_a_fresh_install_has_an_hour(self) -> None:
        assert find_idle(DUTIES, now=_installed() + timedelta(minutes=59)) is None

    def test_one_that_never_had_a_worker_is_told_then(self) -> None:
        assert find_idle(DUTIES, now=_installed() + timedelta(minutes=61)) == Idle(("hourly", "often"), None)

    def test_one_whose_worker_has_gone(self) -> None:
        gone = _later(minutes=-115)
        _ran(OFTEN, gone)
        _ran(HOURLY, gone)
        found = find_idle(DUTIES)
        assert found is not None
        assert found.duties == ("often",)  # the other one is due for less than an hour
        assert found.since is not None
        assert abs(found.since - gone) < timedelta(seconds=1)

    def test_duties_that_fail_too(self) -> None:
        _ran(OFTEN, _later(hours=-2), failures=3)
        assert find_idle((OFTEN,)) is not None


class TestWhoIsNot:
    def test_a_project_without_duties(self) -> None:
        assert find_idle((), now=_later(days=9)) is None

    def test_one_with_a_worker(self) -> None:
        _ran(OFTEN, _later(hours=-2))
        note_worker("token")
        assert find_idle(DUTIES) is None

    def test_one_whose_worker_is_at_a_long_step(self) -> None:
        _ran(OFTEN, _later(hours=-2))
        call("SET", keys.lease("often"), "token", "PX", 60_000)
        assert find_idle((OFTEN,)) is None

    def test_one_with_an_hourly_round(self) -> None:
        run_duty(OFTEN)
        assert find_idle((OFTEN,), now=_later(minutes=60, seconds=3)) is None

    def test_one_whose_duties_are_not_due(self) -> None:
        daily = Duty("daily", every=86400, lease=60, run=lambda: None)
        _ran(daily, _later(hours=-3))
        assert find_idle((daily,)) is None

    def test_one_whose_age_is_not_known(self, monkeypatch: pytest.MonkeyPatch) -> None:
        class Broken:
            def __init__(self, connection: Any) -> None:
                raise DatabaseError

        monkeypatch.setattr(idle, "MigrationRecorder", Broken)
        assert find_idle(DUTIES, now=_later(days=9)) is None


class TestCheck:
    @pytest.fixture
    def waiting(self, monkeypatch: pytest.MonkeyPatch) -> None:
        _ran(OFTEN, _later(hours=-2))
        monkeypatch.setattr(checks, "installed_duties", lambda: (OFTEN,))
        monkeypatch.setattr(checks, "is_test_run", lambda: False)

    def test_it_is_a_warning_that_says_what_to_do(self, waiting: None) -> None:
        (found,) = checks.check_worker(None)
        assert (found.id, found.is_serious()) == ("kv.W008", False)
        assert "often" in found.msg
        assert "manage.py work" in str(found.hint)

    def test_not_in_a_test_run(self, waiting: None, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(checks, "is_test_run", lambda: True)
        assert checks.check_worker(None) == []

    def test_not_while_the_store_is_away(self, waiting: None, monkeypatch: pytest.MonkeyPatch) -> None:
        def away(*args: Any) -> None:
            raise StoreUnavailable("refused")

        monkeypatch.setattr(checks, "find_idle", away)
        assert checks.check_worker(None) == []

    def test_only_with_deploy(self) -> None:
        assert checks.check_worker.tags == ("kv",)
        from django.core.checks.registry import registry

        assert checks.check_worker in registry.deployment_checks
        assert checks.check_worker not in registry.registered_checks

    def test_kv_check_has_a_line(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(kv_check, "installed_duties", lambda: (OFTEN,))
        _ran(OFTEN, _later(hours=-2))
        (waits,) = kv_check._worker()
        assert waits.level == "warning"
        assert waits.text.startswith("No background worker has run since 20")
        run_duty(OFTEN)
        assert [found.level for found in kv_check._worker()] == ["ok"]
        monkeypatch.setattr(kv_check, "installed_duties", tuple)
        assert list(kv_check._worker()) == []
