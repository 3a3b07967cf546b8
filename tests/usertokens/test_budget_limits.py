"""Budgets: days and months of the site, how they are set, and that nobody gets past one at the same time as others."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import override_settings

from kv.store.connection import call
from tests.usertokens.budgeting import NOW, USER, at, refusal, rich, spend, used
from usertokens import keys
from usertokens.errors import BudgetExceeded, IdempotencyConflict, NotReversible
from usertokens.models import ArchivedEntry
from usertokens.services import accounts, balances, budgets, holds, journal, resets
from usertokens.types import Budgets

__all__ = ["rich"]

pytestmark = pytest.mark.django_db


class TestCalendar:
    @pytest.mark.parametrize(
        ("zone", "moment", "opens"),
        [
            ("Europe/Berlin", "2026-03-29T00:30", "2026-03-30"),
            ("Europe/Berlin", "2026-10-25T23:59", "2026-10-26"),
            ("America/St_Johns", "2026-11-01T12:00", "2026-11-02"),
            ("Asia/Kathmandu", "2026-12-31T23:00", "2027-01-01"),
            ("Pacific/Apia", "2026-06-30T01:00", "2026-07-01"),
        ],
    )
    def test_a_day_is_the_sites(self, store: Any, zone: str, moment: str, opens: str) -> None:
        with override_settings(TIME_ZONE=zone):
            place = ZoneInfo(zone)
            now = datetime.fromisoformat(moment).replace(tzinfo=place)
            opens_at = datetime.fromisoformat(opens).replace(tzinfo=place)
            budgets.set_budget(USER, day=10, now=now)
            spend(10, now)
            last = opens_at.astimezone(UTC) - timedelta(milliseconds=1)
            assert refusal(1, last).opens_at == opens_at
            spend(10, opens_at)

    def test_a_month_is_the_sites(self, store: Any) -> None:
        with override_settings(TIME_ZONE="Pacific/Auckland"):
            place = ZoneInfo("Pacific/Auckland")
            budgets.set_budget(USER, month=10, now=datetime(2026, 9, 30, 23, tzinfo=place))
            spend(10, datetime(2026, 9, 30, 23, tzinfo=place))
            assert refusal(1, datetime(2026, 9, 30, 23, 59, tzinfo=place)).opens_at == datetime(
                2026, 10, 1, tzinfo=place
            )
            spend(10, datetime(2026, 10, 1, tzinfo=place))

    @pytest.mark.parametrize("days", [1, 25, 400])
    def test_a_clock_that_ran_ahead_gives_nothing_twice(self, rich: Any, days: int) -> None:
        budgets.set_budget(USER, day=10, month=10, now=NOW)
        spend(6)
        balances.get_balance(USER, now=at(days=days))
        spend(1, at(days=days))
        # Of the wrong day too: each token counts somewhere.
        assert used() == {"day": 7, "month": 7}
        refusal(4)
        spend(3)
        refusal(1)


class TestSetting:
    def test_nobody_elses_account_has_it(self, store: Any) -> None:
        spend(5)
        assert budgets.get_budget(USER, now=NOW) == Budgets()
        assert not {b"caps", b"reached"} & set(call("HKEYS", keys.account(USER)))
        budgets.set_budget(USER, day=10, now=NOW)
        assert budgets.set_budget(USER, now=NOW) == Budgets()
        assert not {b"caps", b"reached"} & set(call("HKEYS", keys.account(USER)))

    def test_a_key_is_one_call(self, rich: Any) -> None:
        first = budgets.set_budget(USER, day=10, key="k", now=NOW)
        budgets.set_budget(USER, day=99, now=NOW)
        assert budgets.set_budget(USER, day=10, key="k", now=NOW) == first
        assert budgets.get_budget(USER, now=NOW).own[""].day == 99
        with pytest.raises(IdempotencyConflict):
            budgets.set_budget(USER, day=11, key="k", now=NOW)

    def test_a_refusal_is_not_remembered_under_its_key(self, rich: Any) -> None:
        budgets.set_budget(USER, day=2, now=NOW)
        with pytest.raises(BudgetExceeded):
            spend(3, key="k")
        budgets.set_budget(USER, day=3, now=NOW)
        assert not spend(3, key="k").repeated
        assert spend(3, key="k").repeated

    @pytest.mark.parametrize("wrong", [0, -1, 10**12 + 1, 1.5, "10", True])
    def test_numbers_out_of_bounds(self, store: Any, wrong: Any) -> None:
        with pytest.raises(ValueError, match="whole number"):
            budgets.set_budget(USER, day=wrong, now=NOW)

    def test_the_largest_numbers_are_exact(self, store: Any) -> None:
        balances.add_tokens(USER, 10**12, reason="gift", now=NOW)
        budgets.set_budget(USER, month=10**12, now=NOW)
        spend(10**12 - 1)
        spend(1)
        assert refusal(1).used == 10**12

    def test_reset_and_forget(self, rich: Any) -> None:
        budgets.set_budget(USER, day=10, by_staff=True, now=NOW)
        spend(10)
        resets.reset_user(USER, now=NOW)
        assert used() == {"day": 0}
        spend(10)
        refusal(1)
        accounts.forget_user(USER)
        assert not call("EXISTS", keys.account(USER))


class TestRaces:
    @pytest.mark.parametrize(
        "take",
        [
            lambda: balances.spend_tokens(USER, 3),
            lambda: holds.hold_tokens(USER, 3, ttl_seconds=600),
            lambda: holds.capture_hold(USER, holds.hold_tokens(USER, 1, ttl_seconds=600).id, 3),
        ],
        ids=["spends", "holds", "captures over holds"],
    )
    def test_sixty_four_never_get_past_one_budget(self, rich: Any, take: Callable[[], Any]) -> None:
        budgets.set_budget(USER, month=50)

        def one(_: int) -> int:
            try:
                take()
            except BudgetExceeded:
                return 0
            return 3

        with ThreadPoolExecutor(64) as pool:
            taken = sum(pool.map(one, range(64)))
        now = budgets.get_budget(USER).in_force[0]
        assert taken <= now.used <= 50
        for hold in holds.list_holds(USER):
            holds.release_hold(USER, hold.id)
        assert budgets.get_budget(USER).in_force[0].used <= 50


class TestArchive:
    def test_what_is_in_the_archive_counts_and_gives_room_back(self, rich: Any) -> None:
        spend(5, at(days=-39))
        entry = int(spend(10, at(days=-2)).transaction_id)
        journal.archive_journal(USER, older_than=None, now=NOW)
        spend(1)
        budgets.set_budget(USER, month=100, now=NOW)
        assert used() == {"month": 11}
        balances.reverse_entry(USER, entry, 4, reason="undo", now=NOW)
        assert used() == {"month": 7}
        budgets.set_budget(USER, day=100, month=100, now=NOW)
        assert used() == {"day": 1, "month": 7}

    def test_what_was_spent_before_a_reset_does_not(self, rich: Any) -> None:
        spend(10)
        resets.reset_user(USER, now=NOW)
        budgets.set_budget(USER, month=100, now=NOW)
        assert used() == {"month": 0}
        spend(3)
        journal.archive_journal(USER, older_than=None, now=NOW)
        budgets.set_budget(USER, month=100, now=NOW)
        assert used() == {"month": 3}
        budgets.set_budget(USER, now=NOW)
        budgets.set_budget(USER, month=100, now=NOW)
        assert used() == {"month": 3}

    @pytest.mark.parametrize("is_archived", [False, True])
    def test_it_can_not_be_given_back_and_makes_no_room(self, rich: Any, is_archived: bool) -> None:
        budgets.set_budget(USER, day=100, month=100, now=NOW)
        entry = int(spend(50).transaction_id)
        resets.reset_user(USER, now=NOW)
        later = int(spend(30).transaction_id)
        if is_archived:
            journal.archive_journal(USER, older_than=None, now=NOW)
        with pytest.raises(NotReversible):
            balances.reverse_entry(USER, entry, reason="undo", now=NOW)
        assert used() == {"day": 30, "month": 30}
        balances.reverse_entry(USER, later, 10, reason="undo", now=NOW)
        assert used() == {"day": 20, "month": 20}

    def test_a_database_that_lacks_archived_entries_stops_nobody(self, store: Any) -> None:
        spend(10)
        journal.archive_journal(USER, older_than=None, now=NOW)
        ArchivedEntry.objects.all().delete()
        budgets.set_budget(USER, month=100, now=NOW)
        assert used() == {"month": 0}
