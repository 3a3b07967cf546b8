"""A threshold of the user's own: which falls are noted, and that nothing is while none is set."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from usertokens import keys
from usertokens.errors import AccountClosed, InsufficientTokens
from usertokens.services import accounts, balances, dashboards, holds, purchases, resets, watches

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 10, 9, tzinfo=UTC)
USER = "5"
Act = Callable[[datetime], Any]


def crossing() -> str:
    return watches.read_watches([USER])[USER].crossing


def noted() -> list[str]:
    with watches.take_crossings(10) as found:
        return found


def refused(now: datetime) -> None:
    with pytest.raises(InsufficientTokens):
        balances.spend_tokens(USER, 101, now=now)


@pytest.fixture
def watched(store: Any) -> Any:
    """100 tokens, watched at 50."""
    assert watches.watch_balance(USER, 50, now=NOW) == 100
    return store


@pytest.mark.parametrize(
    "take",
    [
        lambda now: balances.spend_tokens(USER, 50, now=now),
        lambda now: balances.spend_tokens(USER, 100, now=now),
        lambda now: balances.record_generation(USER, 60, now=now),
        lambda now: holds.hold_tokens(USER, 51, ttl_seconds=60, now=now),
    ],
)
def test_a_fall_to_it_is_noted_once(watched: Any, take: Act) -> None:
    take(NOW)
    first = crossing()
    assert noted() == [USER]
    assert watches.read_watches([USER])[USER].fell_at == NOW
    balances.add_tokens(USER, 1, reason="gift", now=NOW)
    balances.get_balance(USER, now=NOW + timedelta(days=1))
    assert (crossing(), noted()) == (first, [])
    balances.spend_tokens(USER, 1, now=NOW)
    is_at_it = balances.get_balance(USER, now=NOW).tokens.balance == 50
    assert (crossing() != first) is is_at_it  # it had risen above it


def test_the_next_fall_has_another_name(watched: Any) -> None:
    balances.spend_tokens(USER, 60, now=NOW)
    first = crossing()
    balances.add_tokens(USER, 100, reason="gift", now=NOW)
    balances.spend_tokens(USER, 100, now=NOW)
    assert crossing() not in ("", first)
    assert watches.clear_crossing(USER, first) is False
    assert watches.clear_crossing(USER, crossing()) is True
    assert crossing() == ""


@pytest.mark.parametrize(
    "act",
    [
        lambda now: balances.spend_tokens(USER, 49, now=now),
        lambda now: balances.get_balance(USER, now=now),
        lambda now: dashboards.read_dashboard(USER, now=now),
        lambda now: watches.watch_balance(USER, 100, now=now),
        lambda now: watches.watch_balance(USER, 500, now=now),
        lambda now: balances.adjust_tokens(USER, -80, reason="count", actor="1", now=now),
        refused,
    ],
)
def test_no_fall_notes_nothing(watched: Any, act: Act) -> None:
    act(NOW)
    assert (crossing(), noted()) == ("", [])


@pytest.mark.parametrize(
    "take_back",
    [
        lambda: purchases.reverse_grant(USER, "stripe:pi_1", 1000, now=NOW),
        lambda: purchases.freeze_grant(USER, "stripe:pi_1", now=NOW),
    ],
)
def test_what_is_taken_back_is_no_fall(watched: Any, take_back: Callable[[], Any]) -> None:
    balances.spend_tokens(USER, 90, now=NOW)
    watches.clear_crossing(USER, crossing())
    noted()
    purchases.grant_tokens(USER, 1000, reason="top-up", key="stripe:pi_1", now=NOW)
    take_back()
    assert (crossing(), noted()) == ("", [])
    assert balances.get_balance(USER, now=NOW).tokens.balance == 10


def test_tokens_that_expire_are_a_fall(watched: Any) -> None:
    soon = NOW + timedelta(days=2)
    balances.add_tokens(USER, 50, reason="gift", expires_at=soon, priority=99, now=NOW)
    balances.spend_tokens(USER, 60, now=NOW)
    assert noted() == []
    balances.get_balance(USER, now=soon)
    assert noted() == [USER]


def test_nothing_is_kept_where_nothing_is_watched(store: Any) -> None:
    balances.spend_tokens(USER, 95, now=NOW)
    before = store.hkeys(keys.account(USER))
    watches.watch_balance(USER, 50, now=NOW)
    balances.add_tokens(USER, 95, reason="gift", now=NOW)
    balances.spend_tokens(USER, 95, now=NOW)
    assert crossing()
    watches.watch_balance(USER, None, now=NOW)
    assert not {b"watch", b"crossed"} & (set(before) | set(store.hkeys(keys.account(USER))))
    assert store.exists(keys.crossed()) == 1
    assert noted() == [USER]
    assert store.exists(keys.crossed()) == 0


def test_a_reset_keeps_the_threshold_and_is_no_fall(watched: Any) -> None:
    balances.add_tokens(USER, 500, reason="gift", now=NOW)
    watches.watch_balance(USER, 150, now=NOW)
    resets.reset_user(USER, now=NOW)
    assert watches.read_watches([USER])[USER].threshold == 150
    assert (crossing(), noted()) == ("", [])
    balances.add_tokens(USER, 500, reason="gift", now=NOW)
    balances.spend_tokens(USER, 500, now=NOW)
    assert noted() == [USER]


def test_a_closed_account_is_not_watched(watched: Any) -> None:
    accounts.forget_user(USER)
    with pytest.raises(AccountClosed):
        watches.watch_balance(USER, 50, now=NOW)
    assert watches.read_watches([USER])[USER].threshold is None


@pytest.mark.parametrize("threshold", [0, -1, True, 1.5, "5"])
def test_a_threshold_is_a_whole_number(store: Any, threshold: Any) -> None:
    with pytest.raises(ValueError, match="threshold"):
        watches.watch_balance(USER, threshold, now=NOW)
