"""Daily counts go to SQL, come back after a loss, and are never lowered."""

from __future__ import annotations

import io
import os
import signal
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.utils import timezone

from codetags import keys
from codetags.duties import DUTIES, MIRROR, ROLL_UP
from codetags.models import CodeTag, DailyHits
from codetags.services import copied_days, rollup
from codetags.services.counts import get_code
from codetags.services.hits import record_hit
from codetags.services.rollup import restore_days, roll_up_days, roll_up_step, rolled_until
from codetags.types import Outcome, Restored, Rollup
from kv.days import day_start, local_day
from kv.work.duties import run_duty

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clean(store: Any, midday: None) -> None:
    """Every test here needs the store empty, and one day to run in."""


def record(code: str, number: int, back: int = 0) -> None:
    now = timezone.now() - timedelta(days=back)
    assert record_hit(code=code, address=f"10.0.{back}.{number}", agent="Mozilla/5.0", now=now) is Outcome.COUNTED


def rows() -> dict[tuple[str, date], int]:
    return {(row.code, row.date): row.count for row in DailyHits.objects.all()}


@pytest.fixture
def three_hits() -> date:
    record("DEMO", 1)
    record("DEMO", 2)
    record("DEMO", 3, back=1)
    return local_day()


class TestRollUp:
    def test_is_idempotent(self, three_hits: date) -> None:
        wanted = {("DEMO", three_hits): 2, ("DEMO", three_hits - timedelta(days=1)): 1}
        assert roll_up_days().rows == 2
        assert rows() == wanted
        assert roll_up_days().rows == 0
        assert roll_up_days(everything=True).rows == 0
        assert rows() == wanted

    def test_takes_what_was_hit_since(self, three_hits: date) -> None:
        roll_up_days()
        record("BT26", 4)
        done = roll_up_days()
        assert (done.rows, rows()[("BT26", three_hits)]) == (1, 1)

    def test_leaves_alone_what_was_not(self, three_hits: date, store: Any) -> None:
        roll_up_days()
        store.zadd(keys.last_seen(), {"DEMO": (timezone.now() - timedelta(days=9)).timestamp() * 1000})
        assert roll_up_days().codes == 0
        assert roll_up_days(everything=True).codes == 1

    def test_lowers_no_row(self, three_hits: date, store: Any) -> None:
        roll_up_days()
        store.flushall()
        record("DEMO", 9)
        roll_up_days(everything=True)
        assert rows()[("DEMO", three_hits)] == 2

    def test_a_dry_run_writes_nothing(self, three_hits: date) -> None:
        out = io.StringIO()
        call_command("codetags_rollup", dry_run=True, stdout=out)
        assert out.getvalue() == "1 codes checked, 2 rows would be written.\n"
        assert rows() == {}
        call_command("codetags_rollup", stdout=(out := io.StringIO()))
        assert out.getvalue() == "1 codes checked, 2 rows written.\n"

    def test_the_worker_does_it(self, three_hits: date) -> None:
        names = {"codetags_deliver", "codetags_rollup", "codetags_registry", "codetags_columns", "codetags_events"}
        assert {duty.name for duty in DUTIES} == names
        run_duty(ROLL_UP)
        run_duty(MIRROR)
        assert len(rows()) == 2


class TestSteps:
    @pytest.fixture(autouse=True)
    def _five_codes(self, _clean: None, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(rollup, "_CHUNK", 2)
        for number in range(5):
            record(f"AAA{number}", number)

    def test_each_copies_a_few_codes_until_none_is_left(self, store: Any) -> None:
        began = timezone.now()
        assert [run_duty(ROLL_UP), len(rows()), rolled_until()] == [True, 2, None]
        assert [run_duty(ROLL_UP), len(rows()), rolled_until()] == [True, 4, None]
        assert [run_duty(ROLL_UP), len(rows())] == [False, 5]
        until = rolled_until()
        assert until is not None
        assert abs((until - began).total_seconds()) < 60
        assert store.exists(keys.rollup_queue(), keys.rollup_listed()) == 0
        assert roll_up_step() is True, "the next looks at the last minutes again"

    def test_a_number_that_comes_out_even_ends_too(self, store: Any) -> None:
        record("AAA5", 5)
        assert [roll_up_step() for _ in range(3)] == [True, True, False]
        assert len(rows()) == 6
        assert rolled_until() is not None

    def test_one_that_dies_is_repeated(self, store: Any) -> None:
        roll_up_step()
        with patch.object(copied_days, "upsert_rows", side_effect=OperationalError), pytest.raises(OperationalError):
            roll_up_step()
        assert (len(rows()), rolled_until()) == (2, None)
        assert [roll_up_step() for _ in range(2)] == [True, False]
        assert len(rows()) == 5

    def test_what_is_hit_meanwhile_is_the_next_roll_up_s(self, store: Any) -> None:
        """Even when the day has changed: the mark stands where the roll-up began."""
        now = timezone.now()
        roll_up_step(now=now)
        record("ZZZZ", 9)
        while roll_up_step(now=now + timedelta(days=2)):
            pass
        until = rolled_until()
        assert until is not None
        assert abs((until - now).total_seconds()) < 1
        while roll_up_step(now=now + timedelta(days=2)):
            pass
        assert rows()[("ZZZZ", local_day(now))] == 1

    def test_a_whole_one_in_between_ends_it(self, store: Any) -> None:
        began = timezone.now()
        roll_up_step(now=began)
        assert roll_up_days(everything=True, now=began + timedelta(hours=1)).rows == 3
        assert len(rows()) == 5
        until = rolled_until()
        assert until is not None
        assert abs((until - began).total_seconds()) < 1, "no hit after the first one began is taken for copied"

    def test_one_that_is_stopped_goes_on_where_it_was(self, store: Any) -> None:
        answers = iter([False, False, True])
        assert roll_up_days(everything=True, stop=lambda: next(answers)) == Rollup(4, 4, is_complete=False)
        assert rolled_until() is None
        assert roll_up_step() is False, "the worker copies the last one"
        assert [len(rows()), rolled_until() is None] == [5, False]

    def test_the_command_stops_at_a_signal(self, store: Any) -> None:
        with patch.object(rollup, "copy_all_days", side_effect=_signalled_after(copied_days.copy_all_days)):
            call_command("codetags_rollup", stdout=(out := io.StringIO()), stderr=io.StringIO())
        assert out.getvalue().splitlines() == [
            "2 codes checked, 2 rows written.",
            "Stopped before its end. The worker does the rest, or this command, run again.",
        ]
        call_command("codetags_rollup", stdout=(out := io.StringIO()), stderr=io.StringIO())
        assert len(rows()) == 5

    def test_the_keys_of_the_version_before_are_removed(self, store: Any) -> None:
        store.sadd(keys.rollup_before()[0], "AAA1")
        store.set(keys.rollup_before()[1], 1)
        roll_up_days()
        assert store.exists(*keys.rollup_before()) == 0
        assert len(rows()) == 5


def _signalled_after(copy: Callable[..., int]) -> Callable[..., int]:
    def copy_and_signal(*args: Any, **kwargs: Any) -> int:
        os.kill(os.getpid(), signal.SIGINT)
        return copy(*args, **kwargs)

    return copy_and_signal


class TestRestore:
    def test_rebuilds_a_store_that_is_empty(self, three_hits: date, store: Any) -> None:
        CodeTag.objects.create(code="BT26", label="Poster", archived=True)
        record("ABCD", 5)
        roll_up_days()
        before = get_code("DEMO")
        store.flushall()
        assert restore_days(dry_run=True) == Restored(2, 4)
        assert get_code("DEMO") is None
        assert restore_days() == Restored(2, 4)
        after = get_code("DEMO")
        assert before is not None
        assert after is not None
        assert (after.count, after.last_30_days) == (before.count, before.last_30_days)
        assert store.sismember(keys.unknown(), "DEMO")
        assert store.hget(keys.registry(), "BT26") == b"||1"
        assert restore_days() == Restored(2, 0)

    def test_lowers_no_live_count(self, three_hits: date) -> None:
        roll_up_days()
        record("DEMO", 7)
        assert restore_days().hits == 0
        found = get_code("DEMO")
        assert found is not None
        assert found.count == 4

    def test_keeps_what_came_after_the_loss(self, three_hits: date, store: Any) -> None:
        roll_up_days()
        store.flushall()
        record("DEMO", 7, back=2)
        call_command("codetags_rollup", restore=True, stdout=(out := io.StringIO()))
        assert out.getvalue() == "1 codes checked, 3 hits restored.\n"
        found = get_code("DEMO")
        assert found is not None
        assert found.count == 4 == sum(found.last_30_days)


@pytest.mark.django_db(transaction=True)
class TestReset:
    def test_one_code(self, three_hits: date, store: Any) -> None:
        CodeTag.objects.create(code="BT26", label="Poster")
        record("BT26", 5)
        roll_up_days()
        call_command("codetags_reset", "demo", yes=True, stdout=(out := io.StringIO()))
        assert out.getvalue() == "3 hits of DEMO are forgotten.\n"
        assert get_code("DEMO") is None
        assert set(rows()) == {("BT26", three_hits)}
        record("DEMO", 1)
        call_command("codetags_reset", "BT26", yes=True, stdout=io.StringIO())
        assert store.zscore(keys.rank(), "BT26") == 0

    def test_all(self, three_hits: date, store: Any) -> None:
        CodeTag.objects.create(code="BT26", label="Poster", archived=True)
        roll_up_days()
        call_command("codetags_reset", yes=True, stdout=io.StringIO())
        assert rows() == {}
        assert get_code("DEMO") is None
        assert record_hit(code="BT26", address="10.0.0.1", agent="Mozilla/5.0") is Outcome.OUTSIDE

    def test_asks_first_and_can_be_tried_dry(self, three_hits: date) -> None:
        with pytest.raises(CommandError, match="say --yes"):
            call_command("codetags_reset", "DEMO")
        call_command("codetags_reset", "DEMO", dry_run=True, stdout=(out := io.StringIO()))
        call_command("codetags_reset", dry_run=True, stdout=out)
        assert out.getvalue() == "3 hits of DEMO would be forgotten.\nThe hits of 1 codes would be forgotten.\n"
        found = get_code("DEMO")
        assert found is not None
        assert found.count == 3

    @pytest.mark.parametrize("code", ["nonsense", "ZZZZ"])
    def test_says_what_is_no_code(self, three_hits: date, code: str) -> None:
        with pytest.raises(CommandError):
            call_command("codetags_reset", code, yes=True)


def test_hits_of_a_worker_whose_clock_is_behind_are_copied() -> None:
    """One at midnight and two minutes rolls up; another counts half a minute before midnight, and does so later."""
    today = local_day()
    midnight = day_start(today)
    roll_up_days(now=midnight + timedelta(minutes=2))
    record_hit(code="BT26", address="10.9.9.9", agent="Mozilla/5.0", now=midnight - timedelta(seconds=30))
    roll_up_days(now=midnight + timedelta(minutes=10))
    assert rows() == {("BT26", today - timedelta(days=1)): 1}


def test_a_restore_sets_no_last_hit_back(three_hits: date, store: Any) -> None:
    roll_up_days()
    seen = store.zscore(keys.last_seen(), "DEMO")
    store.delete(keys.days("DEMO"))
    store.set(keys.count("DEMO"), 0)
    assert restore_days().hits == 3
    assert store.zscore(keys.last_seen(), "DEMO") == seen
