"""What a roll-up asks depends on what has changed since the last one, not on the age or the number of codes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from codetags import keys
from codetags.models import CopiedHits, DailyHits
from codetags.services import copied_days, rollup
from codetags.services.imports import OldCount, import_hits
from codetags.services.rollup import roll_up_days, roll_up_step
from kv.days import local_day
from kv.store.connection import call_many
from tests.sent_commands import sent_commands

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

pytestmark = pytest.mark.django_db
#: At most this many days of one code are asked for where nothing older has changed.
LAST_DAYS = 3


@pytest.fixture(autouse=True)
def _clean(store: Any, midday: None) -> None:
    """Every test here needs the store empty, and one day to run in."""


def fill(codes: int, days: int, *, newest: int = 0, hours_ago: float = 0) -> None:
    """Codes with a hit on each of so many days, as record_hit leaves them. newest: days since the last one."""
    at = int((timezone.now() - timedelta(days=newest, hours=hours_ago)).timestamp() * 1000)
    series = [
        part for back in range(newest, newest + days) for part in ((local_day() - timedelta(days=back)).isoformat(), 1)
    ]
    for number in range(codes):
        code = f"A{number:03}"
        call_many(
            [
                ("SET", keys.count(code), days),
                ("HSET", keys.days(code), *series),
                ("ZADD", keys.rank(), days, code),
                ("ZADD", keys.last_seen(), at, code),
            ]
        )


def hit(code: str, day: date, hits: int = 1) -> None:
    """Hits of now, whatever day the clock of the worker said."""
    count, _ = call_many([("INCRBY", keys.count(code), hits), ("HINCRBY", keys.days(code), day.isoformat(), hits)])
    now = int(timezone.now().timestamp() * 1000)
    call_many([("ZADD", keys.rank(), count, code), ("ZADD", keys.last_seen(), now, code)])


def rows() -> dict[tuple[str, date], int]:
    return {(row.code, row.date): row.count for row in DailyHits.objects.all()}


def whole() -> None:
    roll_up_days(everything=True)


def steps() -> None:
    while roll_up_step():
        pass


def cost(roll_up: Callable[[], None]) -> tuple[int, int, int]:
    """Commands to the store, days that they name or may answer, and queries."""
    with (
        sent_commands() as sent,
        CaptureQueriesContext(
            connection,
        ) as queries,
    ):
        roll_up()
    days = sum(len(command) - 2 for command in sent if command[0] == "HMGET")
    # What the hits of one day are made up of is bounded, and is read whole.
    whole_hashes = [command for command in sent if command[0] == "HGETALL" and "}:by:" not in str(command[1])]
    assert not whole_hashes, "a whole series was read"
    statements = [query["sql"] for query in queries if not query["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    return len(sent), days, len(statements)


class TestNothingToWrite:
    @pytest.mark.parametrize("roll_up", [steps, whole])
    def test_old_codes_ask_for_no_more_than_young_ones(self, store: Any, roll_up: Callable[[], None]) -> None:
        costs = []
        for days in (30, 1000):
            store.flushall()
            DailyHits.objects.all().delete()
            CopiedHits.objects.all().delete()
            fill(5, days)
            steps()
            assert len(rows()) == 5 * days
            costs.append(cost(roll_up))
        assert costs[0] == costs[1]
        commands, asked, queries = costs[0]
        assert commands <= 5 + 20
        assert asked <= 5 * LAST_DAYS
        assert queries <= 2  # the copied hits, and with everything the copied breakdowns

    def test_codes_without_a_hit_since_are_not_looked_at(self) -> None:
        fill(50, 10, hours_ago=2)
        steps()
        commands, asked, queries = cost(steps)
        assert (asked, queries) == (0, 0)
        assert commands <= 10

    def test_an_only_changed_code_costs_as_much_among_many(self) -> None:
        fill(50, 10, hours_ago=2)
        steps()
        hit("A007", local_day())
        commands, asked, queries = cost(steps)
        assert asked <= LAST_DAYS
        assert commands <= 15
        assert queries <= 4
        assert rows()["A007", local_day()] == 2


class TestWhatIsFound:
    """Days that are not the last ones are read where the total says that they have changed."""

    def test_hits_that_a_wrong_clock_dates_a_year_back(self) -> None:
        fill(3, 5)
        steps()
        old = local_day() - timedelta(days=365)
        hit("A001", old)
        hit("A001", local_day())
        steps()
        assert (rows()["A001", old], rows()["A001", local_day()]) == (1, 2)

    def test_hits_dated_in_the_future(self) -> None:
        fill(3, 5)
        steps()
        ahead = local_day() + timedelta(days=40)
        hit("A001", ahead)
        steps()
        assert rows()["A001", ahead] == 1

    def test_an_import_of_old_days(self) -> None:
        fill(3, 5)
        steps()
        old = local_day() - timedelta(days=900)
        import_hits("older site", [OldCount("A001", old, 7), OldCount("A002", None, 9)])
        assert roll_up_days(everything=True).rows == 2
        assert rows()["A001", old] == 7

    def test_rows_of_the_version_before(self) -> None:
        """It wrote no totals: the first look at a code reads it whole, and writes nothing that is there."""
        fill(3, 40)
        steps()
        CopiedHits.objects.all().delete()
        assert roll_up_days(everything=True).rows == 0
        assert CopiedHits.objects.count() == 3
        assert cost(whole)[2] <= 2

    def test_a_table_that_was_emptied(self) -> None:
        fill(3, 40, newest=10)
        steps()
        DailyHits.objects.all().delete()
        assert roll_up_days(everything=True).rows == 120

    def test_a_database_that_was_set_back(self) -> None:
        """Rows and totals are of one transaction, so they are of one moment in any backup."""
        fill(3, 40)
        steps()
        before = list(DailyHits.objects.all()), list(CopiedHits.objects.all())
        hit("A001", local_day() - timedelta(days=20))
        hit("A002", local_day())
        steps()
        after = rows()
        DailyHits.objects.all().delete()
        CopiedHits.objects.all().delete()
        DailyHits.objects.bulk_create(before[0])
        CopiedHits.objects.bulk_create(before[1])
        assert roll_up_days(everything=True).rows == 2
        assert rows() == after

    def test_a_store_that_lost_as_many_hits_as_came(self, store: Any) -> None:
        """The total is the same as before, but not of the same days."""
        fill(1, 3)
        steps()
        store.hdel(keys.days("A000"), (local_day() - timedelta(days=1)).isoformat())
        store.decr(keys.count("A000"))
        hit("A000", local_day())
        steps()
        assert rows()["A000", local_day()] == 2

    def test_a_code_that_is_hit_while_it_is_read(self, store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        """A hit that the days miss and the total has would be lost for ever once the day is over."""
        fill(2, 3)
        steps()
        yesterday = local_day() - timedelta(days=1)
        send = call_many

        def hit_between(commands: list[Any]) -> list[Any]:
            if commands[-1][0] != "ZMSCORE":
                return send(commands)
            first = send(commands[:-1])
            hit("A001", yesterday)
            return [*first, *send(commands[-1:])]

        monkeypatch.setattr(copied_days, "call_many", hit_between)
        steps()
        monkeypatch.undo()
        steps()
        assert rows()["A001", yesterday] == 2

    def test_more_codes_of_one_moment_than_a_page_lists(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(rollup, "_LISTED", 2)
        fill(7, 1)
        steps()
        hit("A003", local_day())
        steps()
        assert len(rows()) == 7
        assert rows()["A003", local_day()] == 2


class TestMemory:
    def test_codes_are_read_in_groups_of_so_many_days(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(copied_days, "GROUP_DAYS", 100)
        fill(9, 40)
        fill(1, 300)
        sizes = []
        send = call_many

        def noted(commands: list[Any]) -> list[Any]:
            replies = send(commands)
            if commands[0][0] == "HGETALL":
                sizes.append(len(commands))
            return replies

        monkeypatch.setattr(copied_days, "call_many", noted)
        assert roll_up_days(everything=True).rows == 8 * 40 + 300
        assert sizes == [1, 2, 2, 2, 2]
