"""What tests of budgets share."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import override_settings

from kv.store.connection import call
from usertokens import keys
from usertokens.errors import BudgetExceeded
from usertokens.services import balances, budgets
from usertokens.services.audits import check_ledgers

NOW = datetime(2026, 11, 10, 9, tzinfo=UTC)
USER = "5"
ACTIONS = override_settings(TOKEN_ACTIONS={"image": 10, "gpt:input": "2/1000"})


def at(*, days: int = 0, hours: int = 0, minutes: int = 0) -> datetime:
    return NOW + timedelta(days=days, hours=hours, minutes=minutes)


def spend(amount: int, now: datetime = NOW, **more: Any) -> Any:
    return balances.spend_tokens(USER, amount, now=now, **more)


def refusal(amount: int, now: datetime = NOW) -> BudgetExceeded:
    """A spend is refused, and changes nothing."""
    before = call("HGETALL", keys.account(USER))
    with pytest.raises(BudgetExceeded) as raised:
        spend(amount, now)
    assert call("HGETALL", keys.account(USER)) == before
    return raised.value


def used(now: datetime = NOW) -> dict[str, int]:
    return {one.name: one.used for one in budgets.get_budget(USER, now=now).in_force}


@pytest.fixture
def rich(store: Any) -> Any:
    """10 000 tokens in the account."""
    balances.add_tokens(USER, 10_000, reason="gift", now=NOW - timedelta(days=40))
    yield store
    assert check_ledgers([USER], now=NOW + timedelta(days=500))[0].problems == ()
