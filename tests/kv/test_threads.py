"""Services for async code: in which thread, for how long, and what is left behind."""

from __future__ import annotations

import asyncio
import inspect
import multiprocessing
import threading
from concurrent.futures import Future
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import Group
from django.db import connection, connections, transaction
from django.utils import translation

from kv.process.threads import THREADS, async_twin, submit, to_its_end

pytestmark = pytest.mark.own_loop


def name_of_thread(number: int, *, of: str = "") -> str:
    """A docstring.

    Raises nothing.
    """
    return f"{threading.current_thread().name} {number}{of}"


aname_of_thread = async_twin(name_of_thread)


class TestTwin:
    def test_it_runs_in_the_pool(self) -> None:
        assert asyncio.run(aname_of_thread(3, of="!")).startswith("countinghouse")

    def test_it_raises_what_the_function_raises(self) -> None:
        with pytest.raises(ZeroDivisionError):
            asyncio.run(async_twin(lambda: 1 // 0)())

    def test_it_is_named_and_explained(self) -> None:
        assert aname_of_thread.__name__ == "aname_of_thread"
        assert inspect.iscoroutinefunction(aname_of_thread)
        assert "`name_of_thread` for async code." in str(aname_of_thread.__doc__)
        assert "Raises nothing." in str(aname_of_thread.__doc__)

    def test_it_speaks_the_language_of_its_caller(self) -> None:
        async def main() -> list[str | None]:
            with translation.override("fr"):
                return list(await asyncio.gather(*(async_twin(translation.get_language)() for _ in range(50))))

        assert set(asyncio.run(main())) == {"fr"}

    def test_there_are_at_most_so_many_threads(self) -> None:
        async def main() -> list[str]:
            return await asyncio.gather(*(aname_of_thread(number) for number in range(500)))

        threads = {name.split(" ")[0] for name in asyncio.run(main())}
        assert len(threads) <= THREADS

    def test_it_is_usable_from_one_loop_after_another(self) -> None:
        assert {asyncio.run(aname_of_thread(number))[-1] for number in range(5)} == set("01234")

    @pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # what is tried here, newer Pythons warn of
    def test_a_forked_process_has_threads_of_its_own(self) -> None:
        asyncio.run(aname_of_thread(1))
        context = multiprocessing.get_context("fork")
        receiver, sender = context.Pipe(duplex=False)
        child = context.Process(target=lambda: sender.send(asyncio.run(aname_of_thread(7))))
        child.start()
        assert receiver.poll(60)
        assert receiver.recv().endswith(" 7")
        child.join(60)
        assert child.exitcode == 0


class TestCancellation:
    def test_a_call_that_has_begun_goes_on_and_one_that_has_not_is_not_made(self) -> None:
        go, begun, made = threading.Event(), threading.Semaphore(0), []

        def work(number: int) -> None:
            begun.release()
            go.wait(60)
            made.append(number)

        async def main() -> None:
            tasks = [asyncio.ensure_future(async_twin(work)(number)) for number in range(THREADS + 5)]
            for _ in range(THREADS):
                await asyncio.get_running_loop().run_in_executor(None, begun.acquire)
            for task in tasks:
                task.cancel()
            found = await asyncio.gather(*tasks, return_exceptions=True)
            assert {type(one) for one in found} == {asyncio.CancelledError}
            go.set()
            # Behind all of them in the pool.
            await asyncio.gather(*(aname_of_thread(number) for number in range(THREADS * 2)))

        asyncio.run(main())
        assert sorted(made) == list(range(THREADS))

    def test_what_was_submitted_goes_on(self) -> None:
        go, begun, done = threading.Event(), threading.Event(), threading.Event()

        def work() -> None:
            begun.set()
            go.wait(60)
            done.set()

        async def main() -> Future[None]:
            future = submit(work)
            waiting = asyncio.ensure_future(to_its_end(future))
            await asyncio.get_running_loop().run_in_executor(None, begun.wait)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            go.set()
            return future

        asyncio.run(main()).result(60)
        assert done.is_set()


class TestDatabase:
    @pytest.mark.django_db(transaction=True)
    def test_threads_of_the_pool_keep_no_connection(self) -> None:
        def query() -> tuple[Any, ...]:
            Group.objects.count()
            opened = connections["default"]
            return threading.current_thread().name, opened.connection

        async def main() -> list[Any]:
            return list(await asyncio.gather(*(async_twin(query)() for _ in range(1000))))

        found = asyncio.run(main())
        assert len({name for name, _ in found}) <= THREADS
        left = submit(lambda: connections["default"].connection).result(60)
        assert left is None
        assert all(opened is not None for _, opened in found)

    @pytest.mark.django_db
    def test_a_twin_with_the_database_is_in_its_callers_transaction(self) -> None:
        def names() -> tuple[list[str], bool]:
            return list(Group.objects.values_list("name", flat=True)), connection.in_atomic_block

        with transaction.atomic():
            Group.objects.create(name="not committed")
            seen = async_to_sync(async_twin(names, uses_database=True))()
        assert seen == (["not committed"], True)
