"""What granian gives for a request, and the end of one."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from config.rsgi import WsgiAdapter
    from kv.web.lane.calls import Answer

T = TypeVar("T")


class Headers:
    """What granian gives: lower-case names, a pair for each line but those whose value is not ASCII."""

    def __init__(self, *pairs: tuple[str, str]) -> None:
        self.pairs = pairs

    def items(self) -> list[tuple[str, str]]:
        return [pair for pair in self.pairs if pair[1].isascii()]

    def keys(self) -> list[str]:
        return list(dict(self.pairs))

    def __len__(self) -> int:
        return len(self.keys())


class Scope:
    """One request."""

    http_version, scheme, method, path, query_string = "1.1", "http", "POST", "/café", "a=1"
    server, client = "127.0.0.1:8000", "[2001:db8::1]:1234"

    def __init__(self, *pairs: tuple[str, str]) -> None:
        self.headers = Headers(*pairs)


class Protocol:
    """The other end of a request: a body that comes when `sent` is set, and the answer."""

    def __init__(self) -> None:
        self.asked, self.sent = asyncio.Event(), asyncio.Event()
        self.answers: list[tuple[int, Any, bytes]] = []

    async def __call__(self) -> bytes:
        self.asked.set()
        await self.sent.wait()
        return b"{}"

    def response_bytes(self, status: int, headers: Any, body: bytes) -> None:
        self.answers.append((status, headers, body))


class Watcher:
    """Granian's hold on a request: what is served, and that it was."""

    def __init__(self, scope: Scope, protocol: Protocol) -> None:
        self.scope, self.proto = scope, protocol
        self.ended: Future[None] = Future()

    def done(self) -> None:
        self.ended.set_result(None)

    def err(self, error: BaseException) -> None:
        self.ended.set_exception(error)

    def taskref(self, task: asyncio.Task[None]) -> None:
        """Granian would cancel it when the sender has gone."""


class AtOnce:
    """An application that has this answer, or none, without a thread."""

    def __init__(self, answer: Answer | None) -> None:
        self.answer = answer

    def __call__(self, environ: dict[str, Any], start: Any) -> list[bytes]:
        start("200 OK", [])
        return [b"by a thread"]

    def begin(self, environ: dict[str, Any], loop: Any, finish: Callable[[Answer | None], None]) -> bool:
        finish(self.answer)
        return True


async def serve(adapter: WsgiAdapter, scope: Scope, protocol: Protocol | None = None) -> Protocol:
    """One request, to its end."""
    watcher = Watcher(scope, protocol or Protocol())
    adapter.take(watcher)
    await asyncio.wrap_future(watcher.ended)
    return watcher.proto


def run(work: Coroutine[Any, Any, T]) -> T:
    """In a thread of its own: where a browser was driven before, this one has an event loop already."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(asyncio.run, work).result()
