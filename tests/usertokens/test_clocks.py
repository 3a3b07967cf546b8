"""The store's clock runs ahead and comes back: nobody waits for the months in between."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from usertokens.services import activity, balances, holds, journal, plans, purchases, recharges
from usertokens.services.audits import check_ledgers
from usertokens.types import PaidPeriod

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 10, 9, tzinfo=UTC)
AHEAD = NOW + timedelta(days=400)
USER = "5"


def tokens(now: datetime) -> Any:
    return balances.get_balance(USER, now=now).tokens


def problems(now: datetime) -> tuple[str, ...]:
    return check_ledgers([USER], now=now)[0].problems


class TestAllowance:
    @pytest.mark.parametrize("days", [1, 20, 60, 400, 4000])
    @pytest.mark.parametrize("spent", [0, 30, 100])
    def test_the_month_is_as_it_was(self, store: Any, days: int, spent: int) -> None:
        if spent:
            balances.spend_tokens(USER, spent, now=NOW)
        before = tokens(NOW)
        for step in (days, days + 40):
            balances.get_balance(USER, now=NOW + timedelta(days=step))
        assert tokens(NOW) == before
        assert problems(NOW) == ()
        assert tokens(NOW + timedelta(days=30)).balance == 100

    def test_what_was_spent_of_the_month_to_come_stays_spent(self, store: Any) -> None:
        tokens(NOW)
        balances.spend_tokens(USER, 60, now=AHEAD)
        assert tokens(NOW).balance == 100
        assert [entry.amount for entry in journal.list_transactions(USER, now=NOW).results] == [
            100,
            -40,
            -60,
            100,
            -100,
            100,
        ]

    def test_recharge_does_it_and_check_names_it(self, store: Any) -> None:
        before = tokens(NOW)
        recharges.recharge_users([USER], now=AHEAD)
        assert "begins in the future" in problems(NOW)[0]
        assert recharges.count_due([USER], now=NOW) == 1
        assert recharges.recharge_users([USER], now=NOW) == 1
        assert problems(NOW) == ()
        assert recharges.count_due([USER], now=NOW) == 0
        assert tokens(NOW) == before

    def test_two_clocks_that_differ_a_little_are_no_leap(self, store: Any) -> None:
        tokens(NOW)
        end = datetime(2026, 12, 1, tzinfo=UTC)
        for seconds in (1, -1, 600, -600):
            tokens(end + timedelta(seconds=seconds))
        assert problems(end - timedelta(minutes=59)) == ()
        assert len(journal.list_transactions(USER, now=end).results) == 3

    @override_settings(ALLOWANCE_ROLLOVER_CAP=30)
    def test_what_was_kept_of_it_goes_too(self, store: Any) -> None:
        before = tokens(NOW)
        tokens(AHEAD)
        assert tokens(NOW) == before
        assert problems(NOW) == ()

    @pytest.mark.parametrize("length", [30, 365])
    @pytest.mark.parametrize("days", [45, 400])
    def test_of_a_paid_period(self, store: Any, length: int, days: int) -> None:
        starts = NOW - timedelta(days=3)
        period = PaidPeriod("sub_1", "Plus", starts, starts + timedelta(days=length))
        plans.apply_plan(USER, "Plus", [period], version=1, now=NOW)
        balances.spend_tokens(USER, 300, now=NOW)
        before = tokens(NOW)
        tokens(NOW + timedelta(days=days))
        assert tokens(NOW) == before
        plans.apply_plan(USER, "Plus", [period], version=2, now=NOW)
        assert (tokens(NOW).balance, problems(NOW)) == (700, ())

    def test_of_two_paid_periods(self, store: Any) -> None:
        starts = NOW - timedelta(days=3)
        first = PaidPeriod("sub_1", "Plus", starts, starts + timedelta(days=30))
        second = PaidPeriod("sub_2", "Premium", NOW, NOW + timedelta(days=30))
        plans.apply_plan(USER, "Plus", [first], version=1, now=starts)
        plans.apply_plan(USER, "Premium", [second, first], version=2, now=NOW)
        balances.spend_tokens(USER, 500, now=NOW)
        tokens(AHEAD)
        assert tokens(NOW).balance == 5500


class TestRestore:
    def test_what_expired_meanwhile_comes_back_once(self, store: Any) -> None:
        until = NOW + timedelta(days=90)
        balances.add_tokens(USER, 50, reason="gift", expires_at=until, priority=7, now=NOW)
        purchases.grant_tokens(USER, 500, reason="top-up", key="cs_1", expires_at=until, now=NOW)
        balances.add_tokens(USER, 9, reason="short", expires_at=NOW + timedelta(days=1), now=NOW)
        before = balances.get_balance(USER, now=NOW)
        tokens(AHEAD)
        later = NOW + timedelta(days=2)
        assert tokens(later).balance == 100
        assert recharges.restore_expired([USER], dry_run=True, now=later) == 550
        assert recharges.restore_expired([USER], now=later) == 550
        assert recharges.restore_expired([USER], now=later) == 0
        found = balances.get_balance(USER, now=later)
        told = [(one.left, one.amount, one.priority, one.expires_at, one.source) for one in found.grants]
        was = [(one.left, one.amount, one.priority, one.expires_at, one.source) for one in before.grants]
        assert told == [one for one in was if one[0] != 9]
        state = purchases.reverse_grant(USER, "cs_1", 500, now=later)
        assert state is not None
        assert (state.balance, state.debt) == (150, 0)
        assert problems(later) == ()

    def test_what_expired_in_its_time_stays_away(self, store: Any) -> None:
        balances.add_tokens(USER, 50, reason="gift", expires_at=NOW + timedelta(days=1), now=NOW)
        later = NOW + timedelta(days=2)
        assert tokens(later).balance == 100
        assert recharges.restore_expired([USER], now=later) == 0

    def test_debt_is_paid_first(self, store: Any) -> None:
        until = NOW + timedelta(days=90)
        balances.add_tokens(USER, 50, reason="gift", expires_at=until, now=NOW)
        purchases.grant_tokens(USER, 200, reason="top-up", key="cs_1", now=NOW)
        tokens(AHEAD)
        balances.spend_tokens(USER, 300, now=NOW)
        purchases.reverse_grant(USER, "cs_1", 200, now=NOW)
        assert tokens(NOW).debt == 200
        recharges.restore_expired([USER], now=NOW)
        assert (tokens(NOW).debt, tokens(NOW).balance, problems(NOW)) == (150, -150, ())

    def test_by_the_command(self, store: Any) -> None:
        now = datetime.now(UTC)
        balances.add_tokens(USER, 50, reason="gift", expires_at=now + timedelta(days=90))
        balances.get_balance(USER, now=now + timedelta(days=400))
        with pytest.raises(CommandError):
            call_command("usertokens_check", stdout=StringIO())
        for dry, word in ((True, "would be"), (False, "were")):
            out = StringIO()
            call_command("usertokens_recharge", "--restore-expired", *(["--dry-run"] if dry else []), stdout=out)
            assert f"50 expired tokens {word} restored" in out.getvalue()
        call_command("usertokens_check", stdout=StringIO())
        assert balances.get_balance(USER).tokens.balance == 150


def test_a_hold_of_that_time_returns(store: Any) -> None:
    tokens(NOW)
    holds.hold_tokens(USER, 40, ttl_seconds=86400, now=AHEAD)
    assert (tokens(NOW).balance, tokens(NOW).held) == (100, 0)


def test_a_hold_that_was_there_before_has_run_out(store: Any) -> None:
    holds.hold_tokens(USER, 40, ttl_seconds=3600, now=NOW)
    tokens(AHEAD)
    assert (tokens(NOW).balance, tokens(NOW).held) == (100, 0)


def test_days_count_again_after_it(store: Any) -> None:
    activity.record_login(USER, now=NOW)
    activity.record_login(USER, now=AHEAD)
    counted = activity.record_login(USER, now=NOW + timedelta(days=1))
    assert (counted.counted, counted.days_active, counted.login_streak) == (True, 3, 1)
    assert activity.record_login(USER, now=NOW + timedelta(days=2)).login_streak == 2


def test_an_idempotency_key_of_that_time_still_answers_once(store: Any) -> None:
    spent = balances.spend_tokens(USER, 5, key="k", now=AHEAD)
    again = balances.spend_tokens(USER, 5, key="k", now=AHEAD)
    assert (again.repeated, again.transaction_id) == (True, spent.transaction_id)
    balances.spend_tokens(USER, 5, key="k", now=NOW)
    assert balances.spend_tokens(USER, 5, key="k", now=NOW).repeated
