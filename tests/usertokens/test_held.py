"""`with hold(…)`: whatever ends the block, what was captured is spent and the rest is back."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kv.errors import StoreUnavailable
from kv.threads import THREADS, submit
from tests.faults.servers import own_server
from tests.usertokens.test_async import ticks
from usertokens.errors import AccountClosed, CaptureTooLarge, HoldEnded, InsufficientTokens
from usertokens.services import (
    ahold,
    capture_hold,
    forget_user,
    get_balance,
    hold,
    list_transactions,
    release_hold,
    spend_tokens,
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

    def test_too_much_leaves_the_hold(self) -> None:
        with hold(USER, 50) as held:
            with pytest.raises(CaptureTooLarge):
                held.capture(51)
            with pytest.raises(ValueError, match="amount"):
                held.capture(0)
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

    def test_the_error_of_an_async_block_stays(self, away: Any) -> None:
        async def main() -> None:
            async with ahold(USER, 5):
                away()
                raise Stop

        with pytest.raises(Stop):
            asyncio.run(main())

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


Ending = st.sampled_from(["nothing", "capture", "release", "error", "stop", "capture and error", "spend"])
Blocks = st.lists(st.tuples(st.integers(1, 60), st.integers(0, 100), Ending), min_size=1, max_size=5)


def spent_by(block: tuple[int, int, str], inner: int) -> tuple[int, int]:
    """The amount on hold and what the block takes for good, of `inner` tokens; (0, 0): refused."""
    amount, share, ending = block
    if amount > inner:
        return 0, 0
    part = max(1, amount * share // 100)
    return amount, {"capture": part, "capture and error": part}.get(ending, 0)


class TestProperties:
    @settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(blocks=Blocks)
    def test_nested_blocks_take_what_they_capture_and_nothing_else(self, store: Any, blocks: Any) -> None:
        store.flushall()
        spent = 0
        left = 100

        def run(at: int) -> None:
            nonlocal spent, left
            if at == len(blocks):
                return
            amount, share, ending = blocks[at]
            held_amount, captured = spent_by(blocks[at], left)
            if not held_amount:
                with pytest.raises(InsufficientTokens), hold(USER, amount):
                    raise AssertionError("the block was run")
                return
            with suppress(Failed, Stop), hold(USER, amount, reason=f"{at}") as held:
                left -= amount
                run(at + 1)
                if "capture" in ending:
                    held.capture(max(1, amount * share // 100))
                elif ending == "release":
                    held.release()
                elif ending == "spend" and left:
                    spend_tokens(USER, 1)
                    spent, left = spent + 1, left - 1
                if "error" in ending:
                    raise Failed
                if ending == "stop":
                    raise Stop
            spent += captured
            left += amount - captured

        run(0)
        assert state() == (100 - spent, 0)
        assert left == 100 - spent

    @settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(blocks=Blocks, cancel_after=st.integers(0, 60))
    def test_tasks_that_are_cancelled_leave_nothing_on_hold(self, store: Any, blocks: Any, cancel_after: int) -> None:
        store.flushall()
        captured: list[int] = []

        async def job(amount: int, share: int, ending: str) -> None:
            with suppress(Failed, InsufficientTokens):
                async with ahold(USER, amount) as held:
                    await ticks(share % 7)
                    if "capture" in ending:
                        captured.append((await held.capture(max(1, amount * share // 100))).amount)
                    if "error" in ending:
                        raise Failed

        async def main() -> bool:
            tasks = [asyncio.ensure_future(job(*block)) for block in blocks]
            await ticks(cancel_after)
            done = [task.done() for task in tasks]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            return all(done)

        all_done = asyncio.run(main())
        drain()
        balance, held = state()
        assert held == 0
        # A capture that was cancelled may have happened.
        assert 100 - balance >= sum(captured)
        assert not all_done or 100 - balance == sum(captured)


def drain() -> None:
    """Wait until all that was submitted to the pool is done: then all its threads meet."""
    meeting = threading.Barrier(THREADS)
    for future in [submit(meeting.wait, 60) for _ in range(THREADS)]:
        future.result(60)


class TestAsync:
    def test_what_is_captured_is_spent(self) -> None:
        async def main() -> None:
            async with ahold(USER, 50, reason="image") as held:
                assert (held.amount, held.balance, held.captured, held.is_over) == (50, 50, None, False)
                moved = await held.capture(32)
            assert (moved.amount, held.captured, held.is_over) == (32, moved, True)
            with pytest.raises(HoldEnded):
                await held.capture(1)
            with pytest.raises(HoldEnded):
                await held.release()

        asyncio.run(main())
        assert state() == (68, 0)

    @pytest.mark.parametrize("error", [ValueError, Stop])
    def test_an_error_releases(self, error: type[BaseException]) -> None:
        async def main() -> None:
            with pytest.raises(error):
                async with ahold(USER, 50):
                    raise error
            assert state() == (100, 0)

        asyncio.run(main())

    def test_a_cancelled_task_releases(self) -> None:
        async def main() -> None:
            within = asyncio.Event()

            async def work() -> None:
                async with ahold(USER, 50):
                    within.set()
                    await asyncio.Event().wait()

            task = asyncio.ensure_future(work())
            await within.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert state() == (100, 0)

        asyncio.run(main())

    def test_a_task_that_is_cancelled_while_its_tokens_are_being_held_releases_them(self) -> None:
        async def main(store: Any) -> None:
            with store.frozen():
                task = asyncio.ensure_future(work())
                await ticks(1000)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task

        async def work() -> None:
            async with ahold(USER, 50):
                raise AssertionError("the block was run")

        with own_server(fsync="everysec", timeout_ms=30_000) as store:
            get_balance(USER)
            asyncio.run(main(store))
            drain()
            assert state() == (100, 0)

    def test_a_stream_that_is_closed_releases(self) -> None:
        async def stream() -> AsyncIterator[int]:
            async with ahold(USER, 50) as held:
                for number in range(10):
                    yield number
                await held.capture(10)

        async def main() -> None:
            broken: Any = stream()
            assert await anext(broken) == 0
            assert state() == (50, 50)
            await broken.aclose()
            assert state() == (100, 0)
            assert [number async for number in stream()] == list(range(10))

        asyncio.run(main())
        assert state() == (90, 0)


class TestHeld:
    def test_what_can_not_be_released_is_logged_and_not_raised(
        self, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(held: Held) -> None:
            raise RuntimeError("a fault of ours")

        with pytest.raises(ZeroDivisionError), hold(USER, 5):  # noqa: PT012 (the block is what is tried)
            monkeypatch.setattr(Held, "close", broken)
            1 // 0  # noqa: B018
        assert "a fault of ours" in caplog.text
