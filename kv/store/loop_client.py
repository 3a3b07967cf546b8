"""The lean client of an event loop: one connection, on which the scripts of many requests are under way at once.

A thread that waits for the store costs more than the call itself: it is woken for the request, and again for the reply.
Here nobody waits, and the scripts of requests that arrive together share one write and one read.

Only for one server over a plain socket, without KV_WAIT_REPLICAS; elsewhere, and while the store is silent or not yet
connected to, there is no client, and its calls run in threads.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections import deque
from typing import Any, TypeVar, cast

import hiredis
import redis
from redis._parsers.base import BaseParser

from kv.conf import app_settings
from kv.errors import StoreUnavailable, raise_if_away, unavailable
from kv.process.threads import submit, to_its_end
from kv.store.client import LeanClient
from kv.store.connection import lean_client
from kv.store.prepared import BoundCall
from kv.store.steps import Step, Steps, go_on

T = TypeVar("T")
# After a failure to connect, the next attempt. Meanwhile calls run in threads, which say what is wrong.
_PAUSE_SECONDS = 0.5


class LoopClient(asyncio.Protocol):
    """One connection of a loop. lean: whose server, timeout and circuit breaker it shares."""

    def __init__(self, lean: LeanClient) -> None:
        self.lean = lean
        self.is_connected = False
        self._loop = asyncio.get_running_loop()
        self._transport: Any = None
        self._connecting: asyncio.Task[None] | None = None
        self._next_try = 0.0
        self._age = 0
        self._is_retired = False
        self._reader = _reader()
        self._waiting: deque[tuple[asyncio.Future[Any], float]] = deque()
        self._unsent: list[bytes] = []
        self._watch: asyncio.TimerHandle | None = None

    async def drive(self, steps: Steps[T]) -> T:
        """Do the work on this loop; its result. Raises what it raises."""
        try:
            step = next(steps)
            while True:
                step = go_on(steps, *await self._tried(step))
        except StopIteration as end:
            return cast("T", end.value)

    def connect(self) -> None:
        """Begin to connect, unless that is under way or has just failed."""
        if self._connecting is None and time.monotonic() >= self._next_try:
            self._connecting = self._loop.create_task(self._connect())

    @property
    def is_ready(self) -> bool:
        """Whether it is connected, and to where a new connection would lead."""
        return self.is_connected and self._age == self.lean.age

    def retire(self) -> None:
        """Close the connection once the calls that are under way have their replies. Nobody begins another."""
        self._is_retired = True
        if not self._waiting:
            self.close()

    def close(self) -> None:
        """Close the connection, before the loop is closed."""
        self._give_up(redis.ConnectionError("closed"))

    async def _connect(self) -> None:
        self._age = self.lean.age
        try:
            opened = await to_its_end(submit(self.lean.open_socket))
            opened.settimeout(0)
            self._reader = _reader()
            open_it: Any = (
                self._loop.create_unix_connection if opened.family == socket.AF_UNIX else self._loop.create_connection
            )
            await open_it(lambda: self, sock=opened)
        except (redis.RedisError, OSError, StoreUnavailable):
            self._next_try = time.monotonic() + _PAUSE_SECONDS
        finally:
            self._connecting = None

    async def _tried(self, step: Step | BoundCall) -> tuple[Any, Exception | None]:
        """The reply of a step, or what it raises."""
        try:
            return await self._send(step.packed()), None
        except redis.exceptions.NoScriptError:
            pass
        except Exception as error:  # noqa: BLE001 (the work decides what becomes of it)
            return None, error
        try:
            # Nothing ran. A thread sends the text.
            return await to_its_end(submit(step.run)), None
        except Exception as error:  # noqa: BLE001 (as above)
            return None, error

    def _send(self, packed: bytes) -> asyncio.Future[Any]:
        waiter = self._loop.create_future()
        if not self.is_connected:  # since the work began
            waiter.set_exception(StoreUnavailable("connection lost"))
            return waiter
        self._waiting.append((waiter, time.monotonic() + self.lean.timeout))
        if not self._unsent:
            self._loop.call_soon(self._flush)
        self._unsent.append(packed)
        if self._watch is None:
            self._watch = self._loop.call_later(self.lean.timeout, self._look)
        return waiter

    def _flush(self) -> None:
        unsent, self._unsent = self._unsent, []
        if self.is_connected:
            self._transport.write(b"".join(unsent))

    def _look(self) -> None:
        """Give the connection up when the oldest call is past its time: one timer for all calls."""
        self._watch = None
        if not self._waiting:
            return
        left = self._waiting[0][1] - time.monotonic()
        if left > 0:
            self._watch = self._loop.call_later(left, self._look)
            return
        self._give_up(redis.TimeoutError("Timeout reading from socket"))

    def _give_up(self, error: Exception) -> None:
        self.is_connected = False
        if self._waiting:
            self.lean.note(error)
        waiting, self._waiting = self._waiting, deque()
        for waiter, _ in waiting:
            if not waiter.done():
                waiter.set_exception(unavailable(error))
        if self._transport is not None:
            self._transport.abort()
            self._transport = None

    def connection_made(self, transport: Any) -> None:
        """The loop has taken the socket over."""
        self._transport = transport
        self.is_connected = True

    def data_received(self, data: bytes) -> None:
        """Hand each reply to the call that waits for it: they come in the order of the calls."""
        self._reader.feed(data)
        try:
            while (reply := self._reader.gets()) is not False:
                if not isinstance(reply, hiredis.PushNotification):
                    self._hand_over(reply)
            if self._is_retired and not self._waiting:
                self.close()
        except redis.exceptions.InvalidResponse as error:
            self._give_up(error)

    def _hand_over(self, reply: Any) -> None:
        if not self._waiting:  # which calls the next replies are for is not known any more
            raise redis.exceptions.InvalidResponse("a reply that nobody waits for")
        waiter, _ = self._waiting.popleft()
        if isinstance(reply, redis.ReadOnlyError):
            self.lean.outdate()
        if waiter.done():  # its request was cancelled
            return
        if isinstance(reply, Exception):
            waiter.set_exception(_meaning(reply))
        else:
            waiter.set_result(reply)

    def connection_lost(self, error: Exception | None) -> None:
        """The server has closed the connection, or this client has."""
        if self._transport is not None:
            self._transport = None
            self._give_up(redis.ConnectionError("Connection closed by server."))


def ready_client() -> LoopClient | None:
    """The running loop's client; None while calls must run in threads. Connects in the background."""
    lean = lean_client()
    if lean is None or lean.is_silent or app_settings.KV_WAIT_REPLICAS:
        return None
    loop = asyncio.get_running_loop()
    client = _clients.get(loop)
    if client is None or client.lean is not lean or (client.is_connected and not client.is_ready):
        for ended in [other for other in _clients if other.is_closed()]:
            del _clients[ended]
        if client is not None:
            client.retire()
        client = _clients[loop] = LoopClient(lean)
    if client.is_ready:
        return client
    client.connect()
    return None


_clients: dict[asyncio.AbstractEventLoop, LoopClient] = {}


def _reader() -> Any:
    parse_error: Any = BaseParser.parse_error
    return hiredis.Reader(protocolError=redis.exceptions.InvalidResponse, replyError=parse_error)


def _meaning(error: Exception) -> Exception:
    """What an error reply is raised as."""
    if not isinstance(error, redis.ResponseError):
        return unavailable(error)
    try:
        raise_if_away(error)
    except StoreUnavailable as away:
        return away
    return error
