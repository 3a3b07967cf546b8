"""How long an idempotency key holds."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from usertokens import keys
from usertokens.services import balances

WEEK = timedelta(days=7)


@pytest.mark.parametrize("days", [0, 1, 6.99])
def test_a_key_holds_for_seven_days(store: Any, days: float) -> None:
    for shift in range(7):
        user, start = f"u{shift}", timezone.now() + timedelta(days=shift)
        balances.spend_tokens(user, 5, key="k", now=start)
        assert balances.spend_tokens(user, 5, key="k", now=start + timedelta(days=days)).repeated


def test_and_no_longer(store: Any) -> None:
    for shift in range(7):
        user, start = f"u{shift}", timezone.now() + timedelta(days=shift)
        balances.spend_tokens(user, 5, key="k", now=start)
        assert not balances.spend_tokens(user, 5, key="k", now=start + WEEK).repeated


def test_what_is_remembered_goes_away_by_itself(store: Any) -> None:
    for number in range(3):
        balances.spend_tokens("5", 5, key=f"k{number}")
    lives = [store.pttl(key) for key in keys.weeks("5") if store.exists(key)]
    assert len(lives) == 1
    assert timedelta(milliseconds=lives[0]) > 2 * WEEK - timedelta(minutes=5)
