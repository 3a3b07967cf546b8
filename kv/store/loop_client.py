"""The lean client of an event loop: one connection, on which the scripts of many requests are under way at once.

A thread that waits for the store costs more than the call itself: it is woken for the request, and again for the reply.
Here nobody waits. Any thread sends the script of the request that it has, at once; the loop sends those of one turn
together. Replies are read on the loop, and the work goes on there.

Only for one server over a plain socket, without KV_WAIT_REPLICAS; elsewhere, and while the store is silent or not yet
connected to, there is no client, and its calls run in threads.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from contextvars import Context
from dataclasses import dataclass
from functools import partial
from logging import getLogger
from typing import Any, TypeVar

import hiredis
import redis
from redis._parsers.base import BaseParser

from kv.conf import app_settings
from kv.errors import StoreUnavailable, meaning_of, unavailable
from kv.process.threads import submit, to_its_end
from kv.store.client import LeanClient
from kv.store.connection import lean_client
from kv.store.loop_socket import LoopSocket
from kv.store.steps import Steps, go_on, tried

log = getLogger(__name__)

T = TypeVar("T")
#: Is given the result of some work, or what the work raised. It may be called in any thread, and must not wait.
Finish = Callable[[Any, Exception | None], None]
# After a failure to connect, the next attempt. Meanwhile calls run in threads, which say what is wrong.
_PAUSE_SECONDS = 0.5
# While so many calls are with the server it has work, and the next ones are sent together.
_ENOUGH = 8


@dataclass(eq=False, slots=True)
class _Work:
    """Work that is under way. step: what is sent, or was. until: when its reply is late, by time.monotonic()."""

    steps: Steps[Any]
    finish: Finish
    step: Any = None
    until: float = 0.0


class LoopClient:
    """One connection of a loop. lean: whose server, timeout and circuit breaker it shares.

    `begin` may be called and attributes be read in any thread; everything else is for the loop.
    """

    def __init__(self, lean: LeanClient) -> None:
        self.lean = lean
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._socket: LoopSocket | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._next_try = 0.0
        self._age = 0
        self._is_retired = False
        self._reader = _reader()
        # Held to send: who waits for a reply is in the order of what is sent.
        self._lock = threading.Lock()
        self._waiting: deque[_Work] = deque()
        self._is_watched = False

    async def drive(self, steps: Steps[T]) -> T:
        """Do the work; its result. Raises what it raises. If the awaiting task is cancelled, the work goes on."""
        done: asyncio.Future[T] = self._loop.create_future()
        try:
            self.begin(steps, partial(self._settle, done))
            return await done
        finally:
            del done  # which has the error, which knows this frame: see go_on

    def _settle(self, done: asyncio.Future[Any], result: Any, error: Exception | None) -> None:
        if threading.get_ident() != self._thread:
            self._loop.call_soon_threadsafe(self._settle, done, result, error)
        elif error is not None and not done.done():
            done.set_exception(error)
        elif not done.done():  # as it is once its task was cancelled
            done.set_result(result)

    def begin(self, steps: Steps[Any], finish: Finish) -> None:
        """Do the work, and tell `finish`. Returns at once."""
        self._go_on(_Work(steps, finish), None, None)

    def connect(self) -> None:
        """Begin to connect, unless that is under way or has just failed."""
        if self._connecting is None and time.monotonic() >= self._next_try:
            # What reads the replies of all requests has the context of none.
            self._connecting = self._loop.create_task(self._connect(), context=Context())

    @property
    def is_connected(self) -> bool:
        """Whether it has a connection."""
        return self._socket is not None

    @property
    def is_ready(self) -> bool:
        """Whether it is connected, and to where a new connection would lead."""
        return self.is_connected and self._age == self.lean.age

    def retire(self) -> None:
        """Close the connection once the calls that are under way have their replies. Nobody begins another."""
        with self._lock:
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
        except (redis.RedisError, OSError, StoreUnavailable):
            self._next_try = time.monotonic() + _PAUSE_SECONDS
        else:
            if self._is_retired:
                opened.close()
            else:
                self._reader = _reader()
                self._socket = LoopSocket(opened, self._lock, self._received, self._give_up)
        finally:
            self._connecting = None

    def _send(self, work: _Work) -> None:
        """Send the step of some work, in any thread."""
        try:
            packed = work.step.packed()
        except Exception as error:  # noqa: BLE001 (the work decides what becomes of it)
            self._go_on(work, None, error)
            return
        must_watch = False
        with self._lock:
            opened = None if self._is_retired else self._socket
            if opened is not None:
                work.until = time.monotonic() + self.lean.timeout
                is_busy = len(self._waiting) >= _ENOUGH
                self._waiting.append(work)
                if is_busy:  # sent once the next reply has come
                    opened.keep(packed)
                elif threading.get_ident() == self._thread:
                    opened.write_soon(packed)
                else:
                    opened.write(packed)
                must_watch, self._is_watched = not self._is_watched, True
        if opened is None:  # it was connected a moment ago
            self._run_in_thread(work)
        elif must_watch:
            self._loop.call_soon_threadsafe(self._look)

    def _go_on(self, work: _Work, reply: Any, error: Exception | None) -> None:
        """Give the work a reply, or what is raised in its place (None to begin), and send its next step."""
        try:
            work.step = go_on(work.steps, reply, error)
            self._send(work)
        except StopIteration as end:
            _tell(work.finish, end.value, None)
        except Exception as raised:  # noqa: BLE001 (for whoever began it)
            _tell(work.finish, None, raised)
        finally:
            # As in go_on. The work's end may keep the error, which knows this frame and those that it was called from.
            del error, work

    def _run_in_thread(self, work: _Work) -> None:
        """Run a step of which nothing ran, in a thread: the text of a script is sent along."""
        try:
            submit(self._run, work)
        except RuntimeError as error:  # no more threads; it may still run, for nobody
            finish, work.finish = work.finish, lambda *_: None
            _tell(finish, None, unavailable(error))

    def _run(self, work: _Work) -> None:
        try:
            self._go_on(work, *tried(work.step))
        finally:
            del work  # see _go_on

    def _look(self) -> None:
        """Give the connection up when the oldest call is past its time: one timer for all calls."""
        with self._lock:
            left = self._waiting[0].until - time.monotonic() if self._waiting else None
            self._is_watched = left is not None
        if left is None:
            return
        if left > 0:
            self._loop.call_later(left, self._look)
            return
        oldest = self._waiting[0]
        if self._socket is not None:
            self._socket.read()  # it may be this process that stood still, and its reply here
        if self._waiting and self._waiting[0] is oldest:
            self._give_up(redis.TimeoutError("Timeout reading from socket"))
        self._look()

    def _give_up(self, error: Exception) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, deque()
            opened, self._socket = self._socket, None
        if opened is not None:
            opened.close()
        if waiting:
            self.lean.note(error)
        while waiting:
            self._go_on(waiting.popleft(), None, unavailable(error))

    def _received(self, data: bytes) -> None:
        """Hand each reply to the call that waits for it: they come in the order of the calls."""
        self._reader.feed(data)
        try:
            while (reply := self._reader.gets()) is not False:
                if not isinstance(reply, hiredis.PushNotification):
                    self._hand_over(reply)
            if self._is_retired and not self._waiting:
                self.close()
            elif self._socket is not None:
                self._socket.write_kept()
        except redis.exceptions.InvalidResponse as error:
            self._give_up(error)

    def _hand_over(self, reply: Any) -> None:
        if not self._waiting:  # which calls the next replies are for is not known any more
            raise redis.exceptions.InvalidResponse("a reply that nobody waits for")
        try:
            if not isinstance(reply, Exception):
                self._go_on(self._waiting.popleft(), reply, None)
                return
            if isinstance(reply, redis.ReadOnlyError):
                self.lean.outdate()
            if isinstance(reply, redis.exceptions.NoScriptError):
                self._run_in_thread(self._waiting.popleft())
            else:
                self._go_on(self._waiting.popleft(), None, meaning_of(reply))
        finally:
            del reply  # see _go_on


def ready_client(loop: asyncio.AbstractEventLoop | None = None) -> LoopClient | None:
    """The client of a loop; None while calls must run in threads. Connects in the background.

    loop: the running one, or that of another thread.
    """
    lean = lean_client()
    if lean is None or lean.is_silent or app_settings.KV_WAIT_REPLICAS:
        return None
    client = _clients.get(loop or asyncio.get_running_loop())
    if client is not None and client.lean is lean and client.is_ready:
        return client
    if loop is None:
        return _connecting_client(lean)
    loop.call_soon_threadsafe(_connecting_client, lean)
    return None


def _connecting_client(lean: LeanClient) -> LoopClient | None:
    """The running loop's client, which connects if it is not ready."""
    loop = asyncio.get_running_loop()
    client = _clients.get(loop)
    if client is None or client.lean is not lean or (client.is_connected and not client.is_ready):
        for ended in [other for other in _clients if other.is_closed()]:
            del _clients[ended]
        if client is not None:
            client.retire()
        client = _clients[loop] = LoopClient(lean)
    if not client.is_ready:
        client.connect()
        return None
    return client


_clients: dict[asyncio.AbstractEventLoop, LoopClient] = {}


def _tell(finish: Finish, result: Any, error: Exception | None) -> None:
    """The replies of others come behind this one, whatever it does."""
    try:
        finish(result, error)
    except Exception:
        log.exception("the end of a call failed")


def _reader() -> Any:
    parse_error: Any = BaseParser.parse_error
    return hiredis.Reader(protocolError=redis.exceptions.InvalidResponse, replyError=parse_error)
