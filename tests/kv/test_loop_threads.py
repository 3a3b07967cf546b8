"""Work that any thread begins, on the one connection of an event loop."""

from __future__ import annotations

import asyncio
import errno
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from kv.errors import StoreUnavailable
from kv.store.connection import lean_client
from kv.store.loop_socket import LoopSocket
from kv.store.steps import Step, Steps
from stats.services.usage import record_usage_script, record_usage_steps
from tests.faults.servers import own_server
from tests.kv.test_loop_client import TOOL, Lean, connected, once, run, sent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kv.store.loop_client import LoopClient

pytestmark = pytest.mark.own_loop


def begun(client: LoopClient, steps: Steps[Any]) -> Future[Any]:
    """The end of work that begins now."""
    ended: Future[Any] = Future()

    def finish(result: Any, error: Exception | None) -> None:
        if error is None:
            ended.set_result(result)
        else:
            ended.set_exception(error)

    client.begin(steps, finish)
    return ended


def numbered(number: int, text: str = "") -> Steps[Any]:
    return (yield Step(record_usage_script, ["{usage}:a"] * 4, [f"<{number}>", text, 0, 0]))


async def echo(lean: Lean, count: int) -> None:
    """Answer so many `numbered` calls by their numbers."""
    loop = asyncio.get_running_loop()
    lean.ours[-1].setblocking(False)
    received, answered = b"", 0
    while answered < count:
        received += await loop.sock_recv(lean.ours[-1], 65536)
        *whole, received = received.split(b">")
        for one in whole:
            await loop.sock_sendall(lean.ours[-1], b":%b\r\n" % one.rpartition(b"<")[2])
            answered += 1


class TestThreads:
    """Work that other threads begin."""

    def test_each_gets_its_own_reply(self) -> None:
        """Threads send in turn, the loop reads: what is sent and who waits for it are in the same order."""

        async def many() -> list[int]:
            lean = Lean()
            client = await connected(lean)
            with ThreadPoolExecutor(8) as threads:
                begin = (threads.submit(begun, client, numbered(number)) for number in range(400))
                answering = asyncio.ensure_future(echo(lean, 400))
                ended = await asyncio.gather(*map(asyncio.wrap_future, begin))
                await answering
            return [await asyncio.wrap_future(one) for one in ended]

        assert run(many()) == list(range(400))

    def test_what_does_not_fit_is_sent_later(self) -> None:
        """Of a server that does not read, the socket's buffer is full at some point: nobody waits for it."""

        async def many() -> list[int]:
            lean = Lean()
            client = await connected(lean)
            long = "x" * 50_000
            ended = [begun(client, numbered(number, long)) for number in range(40)]
            assert client._socket is not None
            assert client._socket._kept
            await echo(lean, len(ended))
            return [await asyncio.wrap_future(one) for one in ended]

        assert run(many()) == list(range(40))

    def test_a_reply_that_came_while_this_process_stood_still(self) -> None:
        async def late() -> Any:
            lean = Lean(timeout=0.0)  # over when the loop first looks
            client = await connected(lean)
            lean.ours[0].sendall(b":7\r\n")
            return await client.drive(once()), client.is_connected, lean.noted

        assert run(late()) == (7, True, [])

    @pytest.mark.parametrize("is_kept", [False, True])
    def test_a_write_that_fails_ends_the_connection(self, *, is_kept: bool) -> None:
        """Whatever followed would be the rest of half a command, and its replies those of other calls."""

        class Full:
            """A socket of a machine that has no memory for it."""

            def __init__(self, opened: Any) -> None:
                self.opened = opened

            def send(self, data: bytes) -> int:
                raise OSError(errno.ENOBUFS, "No buffer space available")

            def __getattr__(self, name: str) -> Any:
                return getattr(self.opened, name)

        async def both() -> Any:
            client = await connected(Lean())
            connection: Any = client._socket
            opened = connection._socket
            connection._socket = Full(opened)
            if is_kept:
                connection.keep(b"part of a command")
            with ThreadPoolExecutor(1) as threads:  # while the loop stands still
                ended = threads.submit(lambda: [begun(client, numbered(number)) for number in range(2)]).result()
            connection.write_kept()
            connection._socket = opened
            return await asyncio.gather(*map(asyncio.wrap_future, ended), return_exceptions=True), client.is_connected

        said, is_connected = run(both())
        assert [type(error) for error in said] == [StoreUnavailable] * 2
        assert not is_connected

    def test_an_end_that_fails_does_not_touch_the_others(self, caplog: pytest.LogCaptureFixture) -> None:
        def fail(reply: Any, error: Any) -> None:
            raise LookupError

        async def both() -> Any:
            lean = Lean()
            client = await connected(lean)
            client.begin(numbered(1), fail)
            second = asyncio.ensure_future(client.drive(numbered(2)))
            await asyncio.gather(second, echo(lean, 2))
            return second.result()

        assert run(both()) == 2
        assert "the end of a call failed" in caplog.text

    def test_work_that_fails_before_its_first_step(self) -> None:
        def failing() -> Steps[Any]:
            yield Step(record_usage_script, [], [1 / 0])

        async def begin() -> list[Any]:
            said: list[Any] = []
            client = await connected(Lean())
            client.begin(failing(), lambda reply, error: said.append(error))
            return said

        assert [type(error) for error in run(begin())] == [ZeroDivisionError]

    def test_what_is_kept_for_a_reply_that_has_just_come(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The thread has seen calls under way, and keeps its own for when a reply comes: meanwhile all have come."""
        keeping, writing = threading.Event(), threading.Event()
        keep, write_kept = LoopSocket.keep, LoopSocket.write_kept

        def slow_keep(self: LoopSocket, data: bytes) -> None:
            keeping.set()
            writing.wait(10)
            keep(self, data)

        def noted_write(self: LoopSocket) -> None:
            writing.set()
            write_kept(self)

        async def many() -> list[int]:
            lean = Lean()
            client = await connected(lean)
            ended = [begun(client, numbered(number)) for number in range(8)]
            await sent(lean, 8)
            monkeypatch.setattr(LoopSocket, "keep", slow_keep)
            monkeypatch.setattr(LoopSocket, "write_kept", noted_write)
            with ThreadPoolExecutor(1) as threads:
                late = threads.submit(begun, client, numbered(8))
                await asyncio.to_thread(keeping.wait, 10)
                for number in range(8):
                    await asyncio.get_running_loop().sock_sendall(lean.ours[0], b":%d\r\n" % number)
                ended.append(await asyncio.wrap_future(late))
            await asyncio.wait_for(echo(lean, 1), 5)
            return [await asyncio.wrap_future(one) for one in ended]

        assert run(many()) == list(range(9))


class TestWithoutTheConnection:
    """Of a step that was not sent nothing ran, so a thread sends it: for it the store may be there."""

    @pytest.fixture(autouse=True)
    def _one_server(self) -> Iterator[None]:
        with own_server(fsync="everysec", timeout_ms=5000):
            yield

    def test_of_one_that_was_closed_a_moment_ago(self) -> None:
        async def late() -> int:
            client = await connected(lean_client())
            client.close()
            return (await client.drive(record_usage_steps(TOOL, None))).count

        record_usage_script.load()
        assert run(late()) == 1

    def test_where_no_thread_can_be_had(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: Any) -> None:
            raise RuntimeError("can't start new thread")

        async def late() -> Any:
            client = await connected(lean_client())
            client.close()
            monkeypatch.setattr("kv.store.loop_client.submit", refuse)
            return await asyncio.gather(client.drive(record_usage_steps(TOOL, None)), return_exceptions=True)

        (error,) = run(late())
        assert isinstance(error, StoreUnavailable)

    def test_of_one_that_is_left_once_all_have_their_replies(self) -> None:
        async def late() -> list[int]:
            client = await connected(lean_client())
            first = begun(client, record_usage_steps(TOOL, None))
            client.retire()
            second = begun(client, record_usage_steps(TOOL, None))
            return sorted([(await asyncio.wrap_future(one)).count for one in (first, second)])

        record_usage_script.load()
        assert run(late()) == [1, 2]
