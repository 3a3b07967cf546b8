"""Services for async code, on a real store: the loop goes on, nothing is spent twice or half."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import connections

from kv.process.threads import THREADS, submit
from kv.store.client import LeanClient
from kv.store.connection import connection as store_client
from stats.services import aread_figures, arecord_visit
from tests.faults.servers import own_server
from usertokens.errors import InsufficientTokens
from usertokens.services import (
    aadd_tokens,
    aget_balance,
    alist_transactions,
    arecord_conversation,
    aspend_tokens,
    get_balance,
    list_transactions,
    record_conversation,
)
from usertokens.signals import low_balance

pytestmark = pytest.mark.own_loop

USER = "7"


async def ticks(number: int) -> None:
    """Let the loop go round so often."""
    loop = asyncio.get_running_loop()
    for _ in range(number):
        tick = loop.create_future()
        loop.call_soon(tick.set_result, None)
        await tick


class TestLoop:
    def test_it_goes_on_while_the_store_is_frozen(self) -> None:
        """The loop itself thaws the store. Were it blocked, the calls would end with StoreUnavailable before that."""

        async def main(frozen: Any) -> Any:
            await aget_balance(USER)
            with frozen:
                calls: list[asyncio.Future[Any]] = [
                    asyncio.ensure_future(aspend_tokens(USER, 1)) for _ in range(THREADS)
                ]
                calls.append(asyncio.ensure_future(arecord_visit(address="203.0.113.7")))
                await ticks(2000)
                assert [call for call in calls if call.done()] == []
            return await asyncio.gather(*calls)

        with own_server(fsync="everysec", timeout_ms=30_000) as store:
            *spent, visit = asyncio.run(main(store.frozen()))
            assert sorted(one.balance for one in spent) == list(range(100 - THREADS, 100))
            assert visit.counted
            assert get_balance(USER).tokens.balance == 100 - THREADS


class TestRaces:
    def test_many_at_once_take_exactly_what_there_is(self, store: Any) -> None:
        async def main() -> list[Any]:
            calls = (aspend_tokens(USER, 3, reason=f"{number}") for number in range(200))
            return list(await asyncio.gather(*calls, return_exceptions=True))

        found = asyncio.run(main())
        assert sum(isinstance(one, InsufficientTokens) for one in found) == 200 - 33
        assert get_balance(USER).tokens.balance == 1
        page = list_transactions(USER, limit=100)
        assert sum(entry.type == "spend" for entry in page.results) == 33

    def test_one_key_spends_once(self, store: Any) -> None:
        async def main() -> list[Any]:
            return list(await asyncio.gather(*(aspend_tokens(USER, 3, key="one") for _ in range(100))))

        assert sum(not one.repeated for one in asyncio.run(main())) == 1
        assert get_balance(USER).tokens.balance == 97

    def test_a_thousand_calls_need_few_connections(self, store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        made: set[int] = set()
        take = LeanClient._take

        def counted(client: LeanClient) -> Any:
            taken = take(client)
            made.add(id(taken))
            return taken

        monkeypatch.setattr(LeanClient, "_take", counted)

        async def main() -> None:
            await asyncio.gather(*(aread_figures() for _ in range(1000)))

        asyncio.run(main())
        # Of each node, where there are several.
        assert len(made) <= THREADS * max(len(getattr(store_client(), "get_nodes", list)()), 1)


class TestCancellation:
    def test_a_cancelled_spend_takes_all_or_nothing(self, store: Any) -> None:
        """Cancelled at whatever moment: the balance is what the journal says, and the key spends once in all."""

        async def main() -> list[bool]:
            cancelled = []
            for number in range(60):
                call = asyncio.ensure_future(aspend_tokens(USER, 1, key=f"k{number}"))
                await ticks(number % 20)
                call.cancel()
                done = await asyncio.gather(call, return_exceptions=True)
                cancelled.append(isinstance(done[0], asyncio.CancelledError))
                await aspend_tokens(USER, 1, key=f"k{number}")
            return cancelled

        assert any(asyncio.run(main()))
        assert get_balance(USER).tokens.balance == 40
        spends = [entry for entry in list_transactions(USER, limit=100).results if entry.type == "spend"]
        assert [(entry.amount, entry.key) for entry in reversed(spends)] == [(-1, f"k{number}") for number in range(60)]

    def test_a_timeout_comes_in_time(self) -> None:
        async def main(frozen: Any) -> None:
            await aget_balance(USER)
            with frozen, pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await aspend_tokens(USER, 3, key="late")
            assert not (await aadd_tokens(USER, 1, reason="behind it")).repeated
            await aspend_tokens(USER, 3, key="late")
            assert (await aget_balance(USER)).tokens.balance == 98

        with own_server(fsync="everysec", timeout_ms=30_000) as store:
            asyncio.run(main(store.frozen()))


class TestDatabase:
    def test_a_twin_sees_what_its_test_has_written(self, user: Any) -> None:
        async def main() -> int:
            saved = await arecord_conversation(str(user.pk), summary="one more")
            await alist_transactions(str(user.pk))
            return saved.conversations

        record_conversation(str(user.pk), summary="the first")
        assert async_to_sync(main)() == 2

    @pytest.mark.django_db(transaction=True)
    def test_a_receiver_may_use_the_database_and_leaves_no_connection(self, store: Any) -> None:
        from django.contrib.auth.models import Group

        def note(balance: int, **_: Any) -> None:
            Group.objects.create(name=f"low: {balance}")

        low_balance.connect(note)
        try:
            asyncio.run(aspend_tokens(USER, 95))
        finally:
            low_balance.disconnect(note)
        assert Group.objects.get().name == "low: 5"
        assert submit(lambda: connections["default"].connection).result(60) is None
