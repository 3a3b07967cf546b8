"""Breakdowns in SQL: copied, dropped from the store when old, restored after a loss; and their end in a reset."""

from __future__ import annotations

from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from codetags import keys
from codetags.models import CodeTag, DailyBreakdown, Placement
from codetags.services.breakdown_copies import KEPT_DAYS, drop_step
from codetags.services.breakdowns import list_placements, read_breakdown
from codetags.services.hits import record_hit
from codetags.services.resets import reset_all, reset_code
from codetags.services.rollup import restore_days, roll_up_days, roll_up_step
from codetags.types import Audience, Breakdown, Device, Outcome, PlacementCount
from kv.days import local_day
from tests.codetags.callers import BROWSER

pytestmark = pytest.mark.django_db
OLD, RECENT = KEPT_DAYS + 5, 3


@pytest.fixture(autouse=True)
def _clean(store: Any, midday: None) -> None:
    """Every test here needs the store empty, and one day to run in."""


def record(number: int, *, days_ago: int = 0, at: str = "hall", code: str = "BT26") -> None:
    moment = timezone.now() - timedelta(days=days_ago)
    who = Audience(Device.PHONE, "fr", "a.example", "CH")
    outcome = record_hit(code=code, address=f"10.0.0.{number}", agent=BROWSER, at=at, audience=who, now=moment)
    assert outcome is Outcome.COUNTED


def read(code: str = "BT26") -> Breakdown:
    return read_breakdown(code, since=local_day() - timedelta(days=400), until=local_day())


def roll_up(now: datetime | None = None) -> None:
    while roll_up_step(now=now) or drop_step(now=now):
        pass


def key(days_ago: int, code: str = "BT26") -> str:
    return keys.breakdown(code, (local_day() - timedelta(days=days_ago)).isoformat())


def fill() -> Breakdown:
    for number, days_ago in enumerate((OLD, OLD, RECENT, 0)):
        record(number, days_ago=days_ago, at="tram" if number % 2 else "hall")
    return read()


class TestCopying:
    def test_the_roll_up_copies_them_with_the_counts(self) -> None:
        before = fill()
        roll_up_days(everything=True)
        assert DailyBreakdown.objects.count() == 3
        record(9)
        roll_up()
        assert DailyBreakdown.objects.count() == 3
        assert read().languages == {"fr": 5}
        assert sum(hour or 0 for hour in before.hours) == 4

    def test_a_copy_lowers_no_sum(self, store: Any) -> None:
        for number in range(3):
            record(number)
        roll_up()
        store.flushall()
        for number in range(4):
            record(10 + number, at="new")
        roll_up()
        assert read().placements[:2] == (PlacementCount("new", "", 4, False), PlacementCount("hall", "", 3, False))

    def test_old_days_leave_the_store_and_are_read_from_sql(self, store: Any) -> None:
        before = fill()
        roll_up()
        assert not store.exists(key(OLD))
        assert store.exists(key(RECENT), key(0)) == 2
        assert read() == before
        assert list_placements(["BT26"]) == [[("tram", 2), ("hall", 2)]], "their totals stay"

    def test_without_a_roll_up_nothing_leaves(self, store: Any) -> None:
        fill()
        assert drop_step() is False
        assert store.exists(key(OLD), key(RECENT), key(0)) == 3

    def test_what_sql_lacks_stays(self, store: Any) -> None:
        fill()
        while roll_up_step():
            pass
        record(8, days_ago=OLD)  # by a clock that is wrong, after the copy
        drop_step()
        assert store.exists(key(OLD)), "one hit of it is in the store alone"

    def test_a_whole_roll_up_by_the_command_drops_too(self, store: Any) -> None:
        fill()
        call_command("codetags_rollup", stdout=StringIO(), verbosity=0)
        assert not store.exists(key(OLD))


class TestRestoring:
    @pytest.mark.parametrize("times", [1, 2])
    def test_a_lost_store_has_everything_again(self, store: Any, times: int) -> None:
        before = fill()
        roll_up()
        totals = list_placements(["BT26"])
        store.flushall()
        for _ in range(times):
            restore_days()
        assert read() == before
        assert list_placements(["BT26"]) == totals
        roll_up()
        restore_days()
        assert read() == before
        assert list_placements(["BT26"]) == totals, "also when old days have left the store again"
        assert not store.exists(key(OLD))

    def test_a_restore_lowers_nothing(self, store: Any) -> None:
        fill()
        roll_up()
        record(9)
        before, totals = read(), list_placements(["BT26"])
        restore_days()
        assert read() == before
        assert list_placements(["BT26"]) == totals

    def test_hits_after_the_loss_stay(self, store: Any) -> None:
        fill()
        roll_up()
        store.flushall()
        record(20, at="new")
        restore_days()
        assert dict(list_placements(["BT26"])[0]) == {"hall": 2, "tram": 2, "new": 1}
        assert read().referrers == {"a.example": 4}, "of a day before and after the loss the larger sum stays"

    def test_a_dry_run_restores_nothing(self, store: Any) -> None:
        fill()
        roll_up()
        store.flushall()
        restore_days(dry_run=True)
        assert store.keys(keys.family("by:")) == []


@pytest.mark.django_db(transaction=True)
class TestReset:
    def test_of_a_code_forgets_its_breakdown_in_both_places(self, store: Any) -> None:
        tag = CodeTag.objects.create(code="BT26", label="Fair")
        Placement.objects.create(code=tag, name="hall")
        fill()
        record(30, code="DEMO")
        roll_up()
        reset_code("BT26")
        assert store.keys(keys.family("by:BT26:")) == []
        assert store.zrange(keys.placements("BT26"), 0, -1, withscores=True) == [(b"hall", 0.0)]
        assert set(DailyBreakdown.objects.values_list("code", flat=True)) == {"DEMO"}
        assert read("DEMO").languages == {"fr": 1}

    def test_of_all(self, store: Any) -> None:
        fill()
        roll_up()
        reset_all()
        assert store.keys(keys.family("by:")) == store.keys(keys.family("placements:")) == []
        assert not DailyBreakdown.objects.exists()
        assert not store.exists(keys.dropped())
