"""What `work --list` and metrics say of duties and workers."""

from __future__ import annotations

import io
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.core.management import call_command
from django.utils import timezone

from kv import keys
from kv.errors import StoreUnavailable
from kv.store.connection import call
from kv.work.duties import Duty, run_duty, wake_duty
from kv.work.states import DutyState, Workers, note_worker, read_duties, read_workers
from kv.work.worker import Worker


def fail() -> None:
    raise LookupError


def duty(run: Any = lambda: None, *, every: float = 3600) -> Duty:
    return Duty("test_states", every=every, lease=30, run=run, wakes=True)


def state(of: Duty) -> DutyState:
    (found,) = read_duties([of])
    return found


def near(moment: datetime | None, expected: datetime) -> bool:
    return moment is not None and abs(moment - expected) < timedelta(seconds=60)


class TestDuties:
    def test_one_that_never_ran_is_due_at_once(self, store: Any) -> None:
        assert state(duty()) == DutyState(
            duty=state(duty()).duty, last=None, next=None, lease=0, failures=0, runs=0, failed=0
        )

    def test_one_that_ran(self, store: Any) -> None:
        run_duty(duty())
        found, now = state(duty()), timezone.now()
        assert near(found.last, now)
        assert near(found.next, now + timedelta(hours=1))
        assert (found.lease, found.failures, found.runs, found.failed) == (0, 0, 1, 0)

    def test_failures_are_counted_and_delay_the_next_run(self, store: Any) -> None:
        for _ in range(3):
            with pytest.raises(LookupError):
                run_duty(duty(fail))
        found = state(duty())
        assert (found.failures, found.runs, found.failed) == (3, 3, 3)
        assert found.last
        assert found.next == found.last + timedelta(seconds=4)
        run_duty(duty())
        found = state(duty())
        assert (found.failures, found.runs, found.failed) == (0, 4, 3)

    def test_more_work_and_a_wake_up_mean_at_once(self, store: Any) -> None:
        run_duty(duty(lambda: True))
        assert state(duty()).last is not None
        assert state(duty()).next is None
        run_duty(duty())
        assert state(duty()).next is not None
        wake_duty("test_states")
        assert state(duty()).next is None

    def test_the_lease_of_one_that_runs(self, store: Any) -> None:
        seen: list[float] = []
        run_duty(duty(lambda: seen.append(state(duty()).lease)))
        assert 0 < seen[0] <= 30
        assert state(duty()).lease == 0

    def test_a_duty_of_an_older_version_has_a_last_run(self, store: Any) -> None:
        call("HSET", keys.due("test_states"), "ended", 1_700_000_000_000, "failures", 0)
        found = state(duty())
        assert found.last == found.next - timedelta(hours=1)  # type: ignore[operator] # both are known
        assert found.runs == 0


class TestWorkers:
    def test_none_was_ever_there(self, store: Any) -> None:
        assert read_workers() == Workers(0, None)

    def test_those_that_are_alive_are_counted(self, store: Any) -> None:
        note_worker("one")
        note_worker("two")
        note_worker("one")
        found = read_workers()
        assert found.alive == 2
        assert near(found.seen, timezone.now())

    def test_one_that_died_is_remembered_and_then_forgotten(self, store: Any) -> None:
        note_worker("one")
        score = float(call("ZSCORE", keys.workers(), "one"))
        call("ZADD", keys.workers(), score - 30_000, "one")
        found = read_workers()
        assert found.alive == 0
        assert near(found.seen, timezone.now() - timedelta(seconds=30))
        call("ZADD", keys.workers(), score - 90_000_000, "one")
        assert near(read_workers().seen, timezone.now() - timedelta(seconds=90_000))
        note_worker("two")
        assert call("ZCARD", keys.workers()) == 1

    def test_a_round_is_a_sign_of_life_too(self, store: Any) -> None:
        Worker([]).run_once()
        assert read_workers().alive == 1


class TestList:
    def lines(self) -> tuple[dict[str, str], str]:
        out, err = io.StringIO(), io.StringIO()
        call_command("work", "--list", stdout=out, stderr=err)
        return dict(line.split(": ", 1) for line in out.getvalue().splitlines()), err.getvalue()

    def test_names_the_last_and_the_next_run(self, store: Any) -> None:
        from config.duties import DUTIES

        attempts = next(duty for duty in DUTIES if duty.name == "site_attempts")
        run_duty(Duty(attempts.name, every=attempts.every, lease=attempts.lease, run=lambda: None))
        lines, err = self.lines()
        assert err == ""
        assert lines["site_sessions"].endswith("last run never; next at once")
        _, last, following = lines["site_attempts"].rsplit("; ", 2)
        ran = datetime.fromisoformat(last.removeprefix("last run "))
        due = datetime.fromisoformat(following.removeprefix("next "))
        assert ran.tzinfo is not None
        assert timedelta(minutes=59) < due - ran < timedelta(minutes=61)

    def test_names_failures(self, store: Any) -> None:
        with pytest.raises(LookupError):
            run_duty(Duty("site_attempts", every=3600, lease=60, run=fail))
        assert self.lines()[0]["site_attempts"].endswith("; failures in a row: 1")

    def test_lists_them_without_the_store(self, store: Any) -> None:
        with patch("kv.work.states.call_many", side_effect=StoreUnavailable("away")):
            lines, err = self.lines()
        assert "site_sessions" in lines
        assert "can't be reached" in err
