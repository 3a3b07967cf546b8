"""Allowances by plan and period, as scenarios; every other order of events is the state machine's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import override_settings

from usertokens.errors import UnknownPlan, UnknownSource
from usertokens.services import activity, balances, journal, plans, purchases
from usertokens.types import PaidPeriod

pytestmark = pytest.mark.django_db

NOVEMBER = datetime(2026, 11, 10, 9, tzinfo=UTC)
DECEMBER = datetime(2026, 12, 3, tzinfo=UTC)


def balance(now: datetime) -> int:
    return balances.get_balance("5", now=now).tokens.balance


def period(starts: datetime, ends: datetime, plan: str = "Plus", name: str = "sub_1", **more: Any) -> PaidPeriod:
    return PaidPeriod(f"{name}:{starts.isoformat()}", plan, starts, ends, **more)


class TestAllowance:
    def test_comes_once_for_each_month_whoever_comes_first(self, store: Any) -> None:
        balances.spend_tokens("5", 40, now=NOVEMBER)
        activity.record_login("5", now=NOVEMBER + timedelta(days=1))
        assert balance(NOVEMBER + timedelta(days=2)) == 60
        activity.record_login("5", now=DECEMBER)
        assert balance(DECEMBER) == 100
        tokens = balances.get_balance("5", now=DECEMBER).tokens
        assert (tokens.period_start, tokens.period_end) == (
            datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC),
        )  # fmt: skip

    def test_two_clocks_at_the_months_end_grant_one(self, store: Any) -> None:
        end = datetime(2026, 12, 1, tzinfo=UTC)
        balances.get_balance("5", now=NOVEMBER)
        for second in (-1, 1, -1, 1):
            balances.get_balance("5", now=end + timedelta(seconds=second))
        kinds = [entry.type for entry in journal.list_transactions("5", now=end + timedelta(seconds=2)).results]
        assert kinds == ["allowance", "expire", "allowance"]

    @pytest.mark.parametrize("zone", ["Pacific/Niue", "Asia/Tokyo", "Europe/Berlin"])
    def test_months_are_the_sites(self, store: Any, zone: str) -> None:
        def first_of(year: int, month: int) -> datetime:
            return datetime(year, month, 1, tzinfo=ZoneInfo(zone)).astimezone(UTC)

        with override_settings(TIME_ZONE=zone):
            for year, month in ((2026, 11), (2026, 12), (2027, 1), (2027, 3), (2027, 4), (2028, 2)):
                begins, ends = first_of(year, month), first_of(year + month // 12, month % 12 + 1)
                for moment in (begins, ends - timedelta(milliseconds=1)):
                    tokens = balances.get_balance("5", now=moment).tokens
                    assert (tokens.balance, tokens.period_start, tokens.period_end) == (100, begins, ends)
            kinds = [entry.type for entry in journal.list_transactions("5", now=ends).results]
        assert kinds.count("allowance") == 7

    @pytest.mark.parametrize(("zone", "ends"), [("Pacific/Niue", 11), ("Asia/Tokyo", -9)])
    def test_a_site_that_moves_to_another_zone_grants_no_month_for_the_hours_between(
        self, store: Any, zone: str, ends: int
    ) -> None:
        balances.get_balance("5", now=NOVEMBER)
        first = datetime(2026, 12, 1, tzinfo=UTC)
        with override_settings(TIME_ZONE=zone):
            for hours in range(-24, 25):
                balances.get_balance("5", now=first + timedelta(hours=hours))
            tokens = balances.get_balance("5", now=first + timedelta(hours=24)).tokens
            kinds = [entry.type for entry in journal.list_transactions("5", now=DECEMBER).results]
        assert kinds == ["allowance", "expire", "allowance"]
        assert (tokens.period_start, tokens.period_end) == (
            first,
            datetime(2027, 1, 1, tzinfo=UTC) + timedelta(hours=ends),
        )

    def test_nor_does_one_that_moves_to_utc(self, store: Any) -> None:
        with override_settings(TIME_ZONE="Europe/Berlin"):
            balances.get_balance("5", now=NOVEMBER)
        for minutes in range(-90, 91, 30):
            balances.get_balance("5", now=datetime(2026, 12, 1, tzinfo=UTC) + timedelta(minutes=minutes))
        kinds = [entry.type for entry in journal.list_transactions("5", now=DECEMBER).results]
        assert kinds == ["allowance", "expire", "allowance"]

    def test_who_stops_paying_near_a_months_end_has_the_month_that_begins_as_anybody(self, store: Any) -> None:
        end = datetime(2027, 4, 30, 12, 0, 7, tzinfo=UTC)
        with override_settings(TIME_ZONE="Europe/Paris"):
            plans.apply_plan(
                "5", "Plus", [period(end - timedelta(days=30), end)], version=1, now=end - timedelta(days=9)
            )
            plans.apply_plan("5", "Free", by_calendar=True, version=2, now=end + timedelta(minutes=5))
            for days in (0.1, 1, 2, 30):
                assert balance(end + timedelta(days=days)) == 100
            kinds = [entry.type for entry in journal.list_transactions("5", now=end + timedelta(days=20)).results]
        assert kinds.count("allowance") == 3

    @override_settings(ALLOWANCE_ROLLOVER_CAP=30)
    def test_some_may_be_kept(self, store: Any) -> None:
        balances.spend_tokens("5", 40, now=NOVEMBER)
        assert balance(DECEMBER) == 130
        assert balance(DECEMBER + timedelta(days=40)) == 130

    def test_what_was_bought_outlives_everything(self, store: Any) -> None:
        purchases.grant_tokens("5", 500, reason="top-up", key="cs_1", now=NOVEMBER)
        plans.set_plan("5", "Premium", now=NOVEMBER)
        plans.set_plan("5", "Free", now=NOVEMBER)
        assert balance(NOVEMBER) == 5500
        assert balance(DECEMBER) == 600


class TestPlan:
    def test_raised_grants_the_difference_and_lowered_waits(self, store: Any) -> None:
        balances.spend_tokens("5", 10, now=NOVEMBER)
        plans.set_plan("5", "Plus", now=NOVEMBER)
        assert balance(NOVEMBER) == 990
        plans.set_plan("5", "Free", now=NOVEMBER)
        assert balance(NOVEMBER) == 990
        assert balance(DECEMBER) == 100

    def test_a_subscription_brings_its_own_period(self, store: Any) -> None:
        balance(NOVEMBER)
        end = NOVEMBER + timedelta(days=30)
        assert plans.apply_plan("5", "Plus", [period(NOVEMBER, end)], version=7, now=NOVEMBER)
        assert balance(end - timedelta(seconds=1)) == 1000
        assert plans.apply_plan("5", "Plus", [period(end, end + timedelta(days=31))], version=8, now=end)
        assert balance(end) == 1000

    def test_a_renewal_heard_twice_or_late_grants_once(self, store: Any) -> None:
        end = NOVEMBER + timedelta(days=30)
        plans.apply_plan("5", "Plus", [period(NOVEMBER, end)], version=1, now=NOVEMBER)
        for moment in (end, end + timedelta(hours=1), end + timedelta(days=2)):
            assert plans.apply_plan("5", "Plus", [period(end, end + timedelta(days=31))], version=2, now=moment)
        assert not plans.apply_plan("5", "Free", version=1, now=end + timedelta(days=2))
        assert balance(end + timedelta(days=2)) == 1000

    def test_a_year_at_once_brings_tokens_each_month(self, store: Any) -> None:
        plans.apply_plan("5", "Plus", [period(NOVEMBER, NOVEMBER + timedelta(days=365))], version=1, now=NOVEMBER)
        balances.spend_tokens("5", 400, now=NOVEMBER)
        for month in range(1, 6):
            assert balance(NOVEMBER + timedelta(days=31 * month)) == 1000

    def test_no_such_plan(self, store: Any) -> None:
        with pytest.raises(UnknownPlan):
            plans.set_plan("5", "Gold")


class TestMoneyBack:
    def test_a_refund_beyond_the_balance_is_debt_that_the_next_grant_pays(self, store: Any) -> None:
        purchases.grant_tokens("5", 500, reason="top-up", key="cs_1", now=NOVEMBER)
        balances.spend_tokens("5", 580, now=NOVEMBER)
        state = purchases.reverse_grant("5", "cs_1", 500, now=NOVEMBER)
        assert state is not None
        assert (state.applied, state.balance, state.debt) == (True, -480, 480)
        repeated = purchases.reverse_grant("5", "cs_1", 300, now=NOVEMBER)
        assert repeated is not None
        assert (repeated.applied, repeated.taken_back) == (False, 500)
        balances.add_tokens("5", 600, reason="gift", now=NOVEMBER)
        tokens = balances.get_balance("5", now=NOVEMBER).tokens
        assert (tokens.balance, tokens.debt) == (120, 0)

    def test_a_dispute_freezes_and_a_lost_one_takes(self, store: Any) -> None:
        purchases.grant_tokens("5", 500, reason="top-up", key="cs_1", now=NOVEMBER)
        assert purchases.freeze_grant("5", "cs_1", now=NOVEMBER).frozen == 500  # type: ignore[union-attr] # it is there
        assert balance(NOVEMBER) == 100
        assert purchases.unfreeze_grant("5", "cs_1", now=NOVEMBER).balance == 600  # type: ignore[union-attr] # it is there
        purchases.freeze_grant("5", "cs_1", now=NOVEMBER)
        assert purchases.reverse_grant("5", "cs_1", 500, now=NOVEMBER).debt == 0  # type: ignore[union-attr] # it is there
        assert balance(NOVEMBER) == 100

    def test_what_was_never_granted(self, store: Any) -> None:
        with pytest.raises(UnknownSource):
            purchases.reverse_grant("5", "cs_9", 5)

    def test_a_key_is_remembered_beyond_a_reset(self, store: Any) -> None:
        from usertokens.services import resets

        purchases.grant_tokens("5", 500, reason="top-up", key="cs_1", now=NOVEMBER)
        resets.reset_user("5", now=NOVEMBER)
        assert purchases.grant_tokens("5", 500, reason="top-up", key="cs_1", now=DECEMBER).applied is False  # type: ignore[union-attr] # it is there
        assert purchases.reverse_grant("5", "cs_1", 500, now=DECEMBER).debt == 0  # type: ignore[union-attr] # it is there
        assert balance(DECEMBER) == 100
