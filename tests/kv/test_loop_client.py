"""Many scripts at once on one connection of an event loop."""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

import pytest
import redis

from kv.errors import StoreUnavailable
from kv.store.connection import connection, forget_connections, lean_client
from kv.store.loop_client import LoopClient, ready_client
from kv.store.steps import Step, Steps, drive
from stats.services.usage import record_usage_script, record_usage_steps
from tests.faults.servers import own_server

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

pytestmark = pytest.mark.own_loop

TOOL = "payment-qr"


class Lean:
    """In the place of a LeanClient: its sockets lead to this test."""

    def __init__(self, timeout: float = 60.0) -> None:
        self.timeout = timeout
        self.age = 0
        self.noted: list[BaseException] = []
        self.ours: list[socket.socket] = []

    def open_socket(self) -> socket.socket:
        theirs, ours = socket.socketpair()
        ours.settimeout(10)
        self.ours.append(ours)
        return theirs

    def note(self, error: BaseException) -> None:
        self.noted.append(error)

    def outdate(self) -> None:
        self.age += 1


_made: list[LoopClient] = []


def run(work: Coroutine[Any, Any, Any]) -> Any:
    async def whole() -> Any:
        try:
            return await work
        finally:
            while _made:
                client: Any = _made.pop()
                client.close()
                for ours in getattr(client.lean, "ours", ()):
                    ours.close()
            # A turn of the loop, in which the connections are closed.
            turned = asyncio.get_running_loop().create_future()
            asyncio.get_running_loop().call_soon(turned.set_result, None)
            await turned

    return asyncio.run(whole())


async def connected(lean: Any) -> LoopClient:
    client = LoopClient(lean)
    _made.append(client)
    client.connect()
    assert client._connecting is not None
    await client._connecting
    assert client.is_connected
    return client


def once() -> Steps[Any]:
    return (yield Step(record_usage_script, ["{usage}:a", "{usage}:b", "{usage}:a", "{usage}:a"], ["a", 0, 0, 0]))


async def sent(lean: Lean, count: int) -> None:
    """Once so many commands have arrived."""
    loop = asyncio.get_running_loop()
    received = b""
    lean.ours[-1].setblocking(False)
    while received.count(b"EVALSHA") < count:
        received += await loop.sock_recv(lean.ours[-1], 65536)


class TestWithTheStore:
    @pytest.fixture(autouse=True)
    def _one_server(self) -> Iterator[None]:
        """Of its own kind: a cluster, and a server behind sentinels, have no such client."""
        with own_server(fsync="everysec", timeout_ms=5000):
            yield

    def test_each_gets_its_own_reply(self) -> None:
        record_usage_script.load()

        async def many() -> list[int]:
            client = await connected(lean_client())
            work = (client.drive(record_usage_steps(TOOL, f"id-{number % 40}")) for number in range(120))
            return [used.count for used in await asyncio.gather(*work)]

        assert run(many()) == [min(number + 1, 40) for number in range(120)]

    def test_a_script_that_the_server_has_forgotten_is_sent_again(self) -> None:
        async def twice() -> list[int]:
            client = await connected(lean_client())
            first = await client.drive(record_usage_steps(TOOL, None))
            connection().script_flush()
            second = await client.drive(record_usage_steps(TOOL, None))
            return [first.count, second.count]

        assert run(twice()) == [1, 2]

    def test_an_error_reply_is_of_its_call_alone(self) -> None:
        connection().rpush("{usage}:a", "no number")

        async def both() -> Any:
            client = await connected(lean_client())
            wrong, right = client.drive(once()), client.drive(record_usage_steps(TOOL, None))
            return await asyncio.gather(wrong, right, return_exceptions=True)

        wrong, right = run(both())
        assert isinstance(wrong, redis.ResponseError)
        assert right.count == 1
        with pytest.raises(redis.ResponseError):
            drive(once())

    def test_it_is_ready_once_it_has_connected(self) -> None:
        async def states() -> list[bool]:
            before = ready_client()
            waiting = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            await asyncio.gather(*waiting)
            client = ready_client()
            assert client is not None
            _made.append(client)
            return [before is None, client.is_connected]

        assert run(states()) == [True, True]

    def test_a_cluster_that_is_away_at_the_start_is_left_to_threads(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Its client is made by asking its nodes, for which no loop waits."""

        def away() -> Any:
            raise AssertionError("the nodes are asked on the loop")

        async def ready() -> LoopClient | None:
            return ready_client()

        forget_connections()
        try:
            monkeypatch.setattr("kv.store.connection.connection", away)
            assert run(ready()) is None
        finally:
            monkeypatch.undo()
            forget_connections()


class TestFailures:
    def test_a_reply_that_nobody_waits_for_ends_the_connection(self) -> None:
        """The replies after it would be taken for those of other calls."""

        async def states() -> bool:
            lean = Lean()
            client = await connected(lean)
            lean.ours[0].sendall(b":1\r\n")
            lean.ours[0].setblocking(False)
            assert await asyncio.get_running_loop().sock_recv(lean.ours[0], 1) == b""
            return client.is_connected

        assert run(states()) is False

    def test_a_silent_server_is_given_up_for_all(self) -> None:
        async def wait() -> tuple[Lean, Any, bool]:
            lean = Lean(timeout=0.05)
            client = await connected(lean)
            said = await asyncio.gather(client.drive(once()), client.drive(once()), return_exceptions=True)
            return lean, said, client.is_connected

        lean, said, is_connected = run(wait())
        assert [type(one) for one in said] == [StoreUnavailable] * 2
        assert "timeout" in str(said[0])
        assert [type(error) for error in lean.noted] == [redis.TimeoutError]
        assert not is_connected

    def test_it_is_watched_whichever_thread_sends(self) -> None:
        async def wait() -> Any:
            client = await connected(Lean(timeout=0.05))
            ended: Future[Any] = Future()
            await asyncio.to_thread(client.begin, once(), lambda reply, error: ended.set_result(error))
            return await asyncio.wrap_future(ended)

        assert "timeout" in str(run(wait()))

    def test_a_connection_that_is_lost(self) -> None:
        async def lose() -> tuple[Any, bool, int]:
            lean = Lean()
            client = await connected(lean)
            call = asyncio.ensure_future(client.drive(once()))
            await sent(lean, 1)
            lean.ours[0].close()
            said = await asyncio.gather(call, return_exceptions=True)
            was_connected = client.is_connected
            client.connect()
            assert client._connecting is not None
            await client._connecting
            again = asyncio.ensure_future(client.drive(once()))
            await sent(lean, 1)
            lean.ours[1].sendall(b":7\r\n")
            return said[0], was_connected, await again

        said, was_connected, again = run(lose())
        assert isinstance(said, StoreUnavailable)
        assert not was_connected
        assert again == 7

    def test_the_reply_of_a_cancelled_call_goes_to_nobody(self) -> None:
        async def cancel() -> Any:
            lean = Lean()
            client = await connected(lean)
            first, second = (asyncio.ensure_future(client.drive(once())) for _ in range(2))
            await sent(lean, 2)
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)
            lean.ours[0].sendall(b":1\r\n:2")
            lean.ours[0].sendall(b"\r\n")
            return await second

        assert run(cancel()) == 2

    @pytest.mark.parametrize("said", ["-OOM command not allowed", "-READONLY no writes here", "-LOADING the data"])
    def test_a_server_that_takes_no_writes_now(self, said: str) -> None:
        async def refused() -> Any:
            lean = Lean()
            client = await connected(lean)
            call = asyncio.ensure_future(client.drive(once()))
            await sent(lean, 1)
            lean.ours[0].sendall(said.encode() + b"\r\n")
            return await asyncio.gather(call, return_exceptions=True)

        (error,) = run(refused())
        assert isinstance(error, StoreUnavailable)

    def test_a_primary_that_has_become_a_replica_is_left_once_all_have_their_replies(self) -> None:
        async def failover() -> tuple[list[Any], list[bool]]:
            lean = Lean()
            client = await connected(lean)
            calls = [asyncio.ensure_future(client.drive(once())) for _ in range(2)]
            await sent(lean, 2)
            lean.ours[0].sendall(b"-READONLY You can't write against a read only replica.\r\n")
            refused = await asyncio.gather(calls[0], return_exceptions=True)
            states = [client.is_connected, client.is_ready]
            client.retire()  # as `ready_client` does, which makes another
            lean.ours[0].sendall(b":7\r\n")
            return [refused[0], await calls[1]], [*states, client.is_connected]

        (refused, late), states = run(failover())
        assert isinstance(refused, StoreUnavailable)
        assert late == 7
        assert states == [True, False, False]

    def test_what_is_no_reply_ends_the_connection(self) -> None:
        async def confused() -> tuple[Any, bool]:
            lean = Lean()
            client = await connected(lean)
            call = asyncio.ensure_future(client.drive(once()))
            await sent(lean, 1)
            lean.ours[0].sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            return (await asyncio.gather(call, return_exceptions=True))[0], client.is_connected

        error, is_connected = run(confused())
        assert isinstance(error, StoreUnavailable)
        assert not is_connected
