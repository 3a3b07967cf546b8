"""`with hold(…)`: whatever ends the block, what was captured is spent and the rest is back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from typing import Any

import pytest

from kv.errors import StoreUnavailable
from kv.process.threads import submit
from tests.faults.servers import own_server
from usertokens.errors import AccountClosed, HoldEnded, InsufficientTokens
from usertokens.services import (
    capture_hold,
    forget_user,
    get_balance,
    hold,
    list_transactions,
    release_hold,
)
from usertokens.services.held import Held

USER = "7"


class Failed(Exception):
    pass


class Stop(BaseException):
    """What is no Exception, as KeyboardInterrupt."""


def state() -> tuple[int, int]:
    """Balance and held."""
    tokens = get_balance(USER).tokens
    return tokens.balance, tokens.held


@pytest.fixture(autouse=True)
def _store(store: Any) -> None:
    get_balance(USER)


class TestBlock:
    def test_what_is_captured_is_spent_and_the_rest_returns(self) -> None:
        with hold(USER, 50, reason="image") as held:
            assert (held.amount, held.balance, state()) == (50, 50, (50, 50))
            moved = held.capture(32)
        assert (moved.amount, moved.balance, held.captured, held.is_over) == (32, 68, moved, True)
        assert state() == (68, 0)
        newest, *_ = list_transactions(USER).results
        assert (newest.type, newest.reason) == ("capture", "image")

    def test_without_a_capture_all_returns(self) -> None:
        with hold(USER, 50) as held:
            pass
        assert (state(), held.is_over, held.captured) == ((100, 0), True, None)

    def test_all_of_it_is_captured_without_an_amount(self) -> None:
        with hold(USER, 50) as held:
            held.capture()
        assert state() == (50, 0)

    @pytest.mark.parametrize("error", [ValueError, Stop, KeyboardInterrupt, SystemExit, GeneratorExit])
    def test_an_error_releases(self, error: type[BaseException]) -> None:
        with pytest.raises(error), hold(USER, 50):
            raise error
        assert state() == (100, 0)

    def test_an_error_behind_the_capture_leaves_it(self) -> None:
        with suppress(Failed), hold(USER, 50) as held:
            held.capture(7)
            raise Failed
        assert state() == (93, 0)

    def test_a_second_ending_is_refused(self) -> None:
        with hold(USER, 50) as held:
            held.capture(32)
            for again in (held.capture, held.release):
                with pytest.raises(HoldEnded):
                    again()
        assert state() == (68, 0)

    def test_it_can_be_released_early(self) -> None:
        with hold(USER, 50) as held:
            assert held.release().amount == 50
            assert state() == (100, 0)
            with pytest.raises(HoldEnded):
                held.capture(1)

    def test_over_the_hold_takes_the_rest_from_the_balance(self) -> None:
        with hold(USER, 50) as held:
            with pytest.raises(ValueError, match="amount"):
                held.capture(0)
            assert held.capture(70).amount == 70
        assert state() == (30, 0)

    def test_more_than_the_balance_leaves_the_hold(self) -> None:
        with hold(USER, 50) as held:
            with pytest.raises(InsufficientTokens) as caught:
                held.capture(101)
            assert (caught.value.balance, caught.value.required) == (50, 51)
            assert state() == (50, 50)
            held.capture(50)
        assert state() == (50, 0)

    def test_too_few_tokens_run_nothing(self) -> None:
        with pytest.raises(InsufficientTokens), hold(USER, 101):
            raise AssertionError("the block was run")
        assert state() == (100, 0)

    @pytest.mark.parametrize(("amount", "ttl"), [(0, 60), (-1, 60), (1, 0), (1, 86401), (1.5, 60), (True, 60)])
    def test_what_is_no_hold_is_refused(self, amount: Any, ttl: int) -> None:
        with pytest.raises(ValueError, match=r"amount|ttl_seconds"), hold(USER, amount, ttl_seconds=ttl):
            raise AssertionError("the block was run")

    def test_nothing_is_held_before_the_block(self) -> None:
        block = hold(USER, 50)
        assert state() == (100, 0)
        with block:
            assert state() == (50, 50)

    def test_one_that_ended_elsewhere_is_no_error_at_the_end(self) -> None:
        with hold(USER, 50) as held:
            release_hold(USER, held.id)
        with hold(USER, 50) as held:
            release_hold(USER, held.id)
            with pytest.raises(HoldEnded):
                held.capture(50)
        assert state() == (100, 0)

    @pytest.mark.django_db
    def test_nor_is_an_account_that_was_closed(self) -> None:
        with hold(USER, 50):
            forget_user(USER)
        with pytest.raises(AccountClosed), hold(USER, 1):
            raise AssertionError("the block was run")

    def test_many_threads_capture_once(self) -> None:
        with hold(USER, 50) as held:
            found = [submit(held.capture, 3).exception(60) for _ in range(20)]
        assert sorted(type(one).__name__ for one in found) == [*["HoldEnded"] * 19, "NoneType"]
        assert state() == (97, 0)

    def test_a_generator_that_is_closed_releases(self) -> None:
        def stream() -> Iterator[int]:
            with hold(USER, 50) as held:
                yield from range(10)
                held.capture(10)

        broken: Any = stream()
        assert next(broken) == 0
        assert state() == (50, 50)
        broken.close()
        assert state() == (100, 0)
        assert list(stream()) == list(range(10))
        assert state() == (90, 0)


class TestStoreAway:
    @pytest.fixture
    def away(self) -> Iterator[Any]:
        """Freezes the store until the test is over."""
        with own_server(fsync="everysec") as store, ExitStack() as until_the_end:
            yield lambda: until_the_end.enter_context(store.frozen())

    @pytest.mark.parametrize("error", [ZeroDivisionError, Stop])
    def test_the_error_of_the_block_stays(
        self, away: Any, error: type[BaseException], caplog: pytest.LogCaptureFixture
    ) -> None:
        with pytest.raises(error), hold(USER, 5) as held:  # noqa: PT012 (the block is what is tried)
            away()
            raise error
        assert not held.is_over
        assert "was not released" in caplog.text

    def test_without_one_it_is_raised(self, away: Any) -> None:
        with pytest.raises(StoreUnavailable), hold(USER, 5):
            away()

    def test_a_capture_whose_answer_was_lost_captures_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def lost(*args: Any, **kwargs: Any) -> Any:
            capture_hold(*args, **kwargs)
            raise StoreUnavailable("timeout")

        with hold(USER, 50) as held:
            monkeypatch.setattr("usertokens.services.held.capture_hold", lost)
            with pytest.raises(StoreUnavailable):
                held.capture(32)
            monkeypatch.undo()
            assert held.capture(32).repeated
        assert state() == (68, 0)


class TestHeld:
    def test_what_can_not_be_released_is_logged_and_not_raised(
        self, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(held: Held) -> None:
            raise RuntimeError("a fault of ours")

        with pytest.raises(ZeroDivisionError), hold(USER, 5):  # noqa: PT012 (the block is what is tried)
            monkeypatch.setattr(Held, "close", broken)
            1 // 0  # noqa: B018 (it fails on purpose)
        assert "a fault of ours" in caplog.text
