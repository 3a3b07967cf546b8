"""`hold` and `ahold` in any order and nesting, cancelled at any moment: nothing stays on hold, nothing is lost."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import ExitStack, suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kv.process.threads import THREADS, submit
from tests.faults.servers import own_server
from tests.usertokens.test_async import ticks
from tests.usertokens.test_held import USER, Failed, Stop, state
from usertokens.errors import HoldEnded, InsufficientTokens
from usertokens.services import ahold, get_balance, hold, spend_tokens

pytestmark = pytest.mark.own_loop


@pytest.fixture(autouse=True)
def _store(store: Any) -> None:
    get_balance(USER)


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

    def test_the_error_of_the_block_stays_while_the_store_is_away(self) -> None:
        async def main(until_the_end: ExitStack) -> None:
            async with ahold(USER, 5):
                until_the_end.enter_context(store.frozen())
                raise Stop

        with own_server(fsync="everysec") as store, ExitStack() as until_the_end, pytest.raises(Stop):
            asyncio.run(main(until_the_end))
