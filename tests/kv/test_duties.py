"""Duties: one worker at a time, each in its time, failures and other workers allowed for."""

from __future__ import annotations

import logging
import sys
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured

from kv import keys
from kv.errors import ServiceAway, StoreUnavailable
from kv.store.connection import call
from kv.work.duties import Duty, DutyHeld, DutyNotDue, apps_with_duties, installed_duties, run_duty, wake_duty
from kv.work.worker import Worker
from tests.faults.servers import own_server, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable


class Counter:
    """A duty's function that counts its runs; `fails` makes the first ones fail."""

    def __init__(self, fails: int = 0, more: int = 0) -> None:
        self.runs = 0
        self._fails = fails
        self._more = more

    def __call__(self) -> bool:
        self.runs += 1
        if self.runs <= self._fails:
            raise ValueError("not yet")
        return self.runs <= self._more


def duty(run: Callable[[], bool | None], *, every: float = 3600, lease: float = 30, name: str = "test_duty") -> Duty:
    return Duty(name, every=every, lease=lease, run=run, wakes=True)


def ended_ago(milliseconds: int) -> None:
    """Set the clock of the last run back, or forward, instead of waiting."""
    ended = int(call("HGET", keys.due("test_duty"), "ended"))
    call("HSET", keys.due("test_duty"), "ended", ended - milliseconds)


class TestRunDuty:
    def test_runs_when_due_and_not_before(self, store: Any) -> None:
        run = Counter()
        run_duty(duty(run), due_only=True)
        with pytest.raises(DutyNotDue) as refused:
            run_duty(duty(run), due_only=True)
        assert 3590 < refused.value.seconds <= 3600
        ended_ago(3_600_000)
        run_duty(duty(run), due_only=True)
        assert run.runs == 2

    def test_a_command_runs_it_whenever_it_is_called(self, store: Any) -> None:
        run = Counter()
        run_duty(duty(run))
        run_duty(duty(run))
        assert run.runs == 2

    def test_more_work_makes_it_due_at_once(self, store: Any) -> None:
        run = Counter(more=2)
        assert run_duty(duty(run), due_only=True) is True
        assert run_duty(duty(run), due_only=True) is True
        assert run_duty(duty(run), due_only=True) is False
        with pytest.raises(DutyNotDue):
            run_duty(duty(run), due_only=True)

    def test_waking_calls_it_before_its_time_once(self, store: Any) -> None:
        run = Counter()
        run_duty(duty(run), due_only=True)
        wake_duty("test_duty")
        run_duty(duty(run), due_only=True)
        with pytest.raises(DutyNotDue):
            run_duty(duty(run), due_only=True)
        assert run.runs == 2

    def test_a_wake_up_during_the_run_is_not_lost(self, store: Any) -> None:
        runs: list[int] = []

        def run() -> None:
            runs.append(1)
            if len(runs) == 1:
                wake_duty("test_duty")

        run_duty(duty(run), due_only=True)
        run_duty(duty(run), due_only=True)
        assert len(runs) == 2

    def test_nobody_else_runs_it_meanwhile(self, store: Any) -> None:
        def run() -> None:
            with pytest.raises(DutyHeld) as refused:
                run_duty(duty(Counter()))
            assert 0 < refused.value.seconds <= 30

        run_duty(duty(run))

    def test_the_lease_is_renewed_while_it_runs(self, store: Any) -> None:
        lease = keys.lease("test_duty")

        def run() -> None:
            for _ in range(2):  # not only once
                # Longer by hand, so that no machine is too slow for it: only a renewal sets it back to its two seconds.
                assert call("PEXPIRE", lease, 600_000) == 1
                wait_until(lambda: 0 < call("PTTL", lease) <= 2000)

        run_duty(duty(run, lease=2))

    def test_the_lease_of_a_worker_that_died_runs_out(self, store: Any) -> None:
        store.set(keys.lease("test_duty"), "somebody else", px=1)
        run = Counter()
        while run.runs == 0:
            try:
                run_duty(duty(run))
            except DutyHeld:
                continue

    def test_a_lease_of_another_is_not_given_back(self, store: Any) -> None:
        def run() -> None:
            store.set(keys.lease("test_duty"), "somebody else")

        run_duty(duty(run))
        assert store.get(keys.lease("test_duty")) == b"somebody else"

    def test_failures_lengthen_the_pause_and_no_wake_up_shortens_it(self, store: Any) -> None:
        run = Counter(fails=3)
        for pause in (1, 2, 4):
            with pytest.raises(ValueError, match="not yet"):
                run_duty(duty(run), due_only=True)
            wake_duty("test_duty")
            ended_ago(-60_000)  # none of the pause is over, however busy the machine is
            with pytest.raises(DutyNotDue) as refused:
                run_duty(duty(run), due_only=True)
            assert refused.value.seconds == pause
            ended_ago(60_000 + pause * 1000)
        run_duty(duty(run), due_only=True)
        assert call("HGET", keys.due("test_duty"), "failures") == b"0"

    def test_a_clock_set_back_puts_nothing_off(self, store: Any) -> None:
        run_duty(duty(Counter(), every=5))
        ended_ago(-86_400_000)
        with pytest.raises(DutyNotDue) as refused:
            run_duty(duty(Counter(), every=5), due_only=True)
        assert refused.value.seconds <= 5

    def test_the_same_worker_takes_its_own_lease_again(self, store: Any) -> None:
        store.set(keys.lease("test_duty"), "mine", px=60_000)
        run = Counter()
        run_duty(duty(run), token="mine")
        assert run.runs == 1


class TestInstalledDuties:
    def _install(self, monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
        configs = []
        for number, name in enumerate(names):
            package, module = ModuleType(f"app{number}"), ModuleType(f"app{number}.duties")
            package.__path__ = []
            module.DUTIES = (duty(Counter(), name=name),)  # type: ignore[attr-defined] # a module made here
            monkeypatch.setitem(sys.modules, f"app{number}", package)
            monkeypatch.setitem(sys.modules, f"app{number}.duties", module)
            configs.append(SimpleNamespace(name=f"app{number}", label=f"app{number}", module=package))
        monkeypatch.setattr("kv.work.duties.module_has_submodule", lambda package, name: True)
        monkeypatch.setattr(apps, "get_app_configs", lambda: configs)

    def test_finds_those_of_every_app(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._install(monkeypatch, "one", "two")
        assert [found.name for found in installed_duties()] == ["one", "two"]

    def test_refuses_two_of_one_name(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._install(monkeypatch, "one", "one")
        with pytest.raises(ImproperlyConfigured, match="two duties are named one"):
            installed_duties()

    def test_a_module_of_that_name_for_something_else_is_let_be(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._install(monkeypatch, "one", "two")
        monkeypatch.delattr(sys.modules["app0.duties"], "DUTIES")
        assert [found.name for found in installed_duties()] == ["two"]
        assert apps_with_duties() == ("app1",)

    def test_those_of_this_project_have_different_names(self) -> None:
        installed_duties()


class TestWorkerOnce:
    @pytest.mark.django_db  # a step looks at the connection that an earlier test may have left open
    def test_a_server_that_is_away_is_one_line(self, store: Any, caplog: pytest.LogCaptureFixture) -> None:
        """A traceback each time would bury other lines; what is tried again by itself is no error."""

        def away() -> bool:
            raise ServiceAway("the mail server can't be used")

        waiting = duty(away)
        worker = Worker([waiting])
        with caplog.at_level(logging.INFO):
            assert worker.run_once() == 1
            call("DEL", keys.due(waiting.name))
            assert worker._step(waiting) > 0
        lines = [(record.levelname, record.exc_info) for record in caplog.records if "mail server" in record.message]
        assert lines == [("WARNING", None)] * 2

    def test_a_failing_duty_leaves_the_others_their_turn(self, store: Any, caplog: pytest.LogCaptureFixture) -> None:
        good = Counter()
        with caplog.at_level(logging.ERROR):
            failed = Worker([duty(Counter(fails=9), name="bad"), duty(good, name="good")]).run_once()
        assert (failed, good.runs) == (1, 1)
        assert "duty bad failed" in caplog.text

    def test_what_has_more_to_do_is_done_to_its_end(self, store: Any) -> None:
        long = Counter(more=5)
        assert Worker([duty(long)]).run_once() == 0
        assert long.runs == 6

    def test_a_store_that_is_away_is_a_failure(self) -> None:
        with own_server() as breakable:
            call("PING")
            with breakable.frozen():
                assert Worker([duty(Counter())]).run_once() == 1

    def test_waking_needs_the_store(self) -> None:
        with own_server() as breakable:
            call("PING")
            with breakable.frozen(), pytest.raises(StoreUnavailable):
                wake_duty("test_duty")
