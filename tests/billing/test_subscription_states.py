"""The lock of one user's sync, and the stored state with its version."""

from __future__ import annotations

import pytest

from billing import keys
from billing.errors import CustomerBusy
from billing.services import subscription_states
from billing.types import Plan, SubscriptionState, TopUp
from kv.store.connection import call, call_write

USER = "7"


@pytest.fixture(autouse=True)
def _on_the_store(store: object) -> None:
    """Each test has a store of its own."""


def taken_over() -> None:
    call_write("SET", keys.lock(USER), "another's")


class TestHoldingUser:
    def test_one_at_a_time(self) -> None:
        with subscription_states.user_lock(USER) as check_lock:
            check_lock()
            with pytest.raises(CustomerBusy), subscription_states.user_lock(USER):
                pytest.fail("two at once")
            check_lock()
        assert call("GET", keys.lock(USER)) is None

    def test_taken_over_it_stops_and_leaves_the_other_s_lock(self) -> None:
        with subscription_states.user_lock(USER) as check_lock:
            taken_over()
            with pytest.raises(CustomerBusy):
                check_lock()
        assert call("GET", keys.lock(USER)) == b"another's"


class TestKeepUser:
    def test_for_its_full_time_again(self) -> None:
        call_write("SET", keys.lock(USER), "mine", "PX", 1000)
        subscription_states.extend_user_lock(USER, "mine")
        assert call("PTTL", keys.lock(USER)) > 100_000

    def test_run_out(self) -> None:
        with pytest.raises(CustomerBusy):
            subscription_states.extend_user_lock(USER, "mine")


class TestFreeUser:
    def test_its_own_alone(self) -> None:
        taken_over()
        subscription_states.release_user_lock(USER, "mine")
        assert call("GET", keys.lock(USER)) == b"another's"
        subscription_states.release_user_lock(USER, "another's")
        assert call("GET", keys.lock(USER)) is None


class TestWriteStanding:
    def test_the_newer_stays(self) -> None:
        seen = SubscriptionState(Plan("Plus"))
        assert subscription_states.write_state(USER, seen, (), 5)
        assert subscription_states.write_state(USER, seen, (), 5)
        assert not subscription_states.write_state(USER, SubscriptionState(), (), 4)
        assert subscription_states.read_state(USER) == seen


class TestMarkApplied:
    def test_only_what_stands_there(self) -> None:
        seen = SubscriptionState(Plan("Plus")), (TopUp("cs_1", 1000, paid=True), TopUp("cs_2", 5, paid=False))
        subscription_states.write_state(USER, *seen, 5)
        subscription_states.mark_applied(USER, 4)
        assert subscription_states.read_applied(USER) is None
        subscription_states.mark_applied(USER, 5)
        assert subscription_states.read_applied(USER) == seen
        assert subscription_states.read_bought(USER) == {"cs_1": seen[1][0]}


def test_a_clock_set_back_gives_out_no_smaller_number() -> None:
    ahead = subscription_states.take_version(USER) + 400 * 86400 * 1000
    call_write("SET", keys.version(USER), ahead)
    assert [subscription_states.take_version(USER) for _ in range(2)] == [ahead + 1, ahead + 2]
