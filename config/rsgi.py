"""An adapter from RSGI, granian's own interface, to the WSGI application; `config.web_worker` gives it the requests.

Granian's WSGI interface gives `X_Forwarded_For` and `X-Forwarded-For` one name, so a client can forge a proxy's header,
and a body that ends early looks whole. RSGI keeps both apart, and reads bodies on the event loop, without a thread.
A request without a body does not pass the event loop.
"""

from __future__ import annotations

import asyncio
import io
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from logging import getLogger
from queue import SimpleQueue
from typing import Any, NamedTuple

from config.bodies import (
    MAX_KEPT,
    MAX_READ,
    BodyRefused,
    BodyTooSlow,
    IncompleteBody,
    TooManyBodies,
    UnknownTransferCoding,
    body_length,
    most_kept,
    refusal,
)
from config.rsgi_environ import environ_of
from kv.monitoring.requests import ARRIVED, note_request
from kv.process import request_ids
from kv.web.lane.calls import Answer

log = getLogger(__name__)

#: Requests that one web process serves at once. A write occupies its thread until the fsync; several writes share one.
THREADS = 4
# The time that a body may take, plus a second for each 16 KiB received. Then 408 (RFC 9110 section 15.5.9).
_BODY_SECONDS = 10.0
_BYTES_PER_SECOND = 16 * 1024
# Bodies that one process reads at once, each of up to 1 MiB in memory.
_MAX_PENDING = 256
# Of those so many at addresses that take files, which are larger.
_MAX_FILES = 16

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class _Call(NamedTuple):
    """One request. watcher: granian's, which gives scope and protocol, and is told by `done` or `err` of the end."""

    environ: dict[str, Any]
    protocol: Any
    watcher: Any


@dataclass(eq=False, slots=True)
class _PendingBody:
    """A body that is being read. until: the deadline, by the loop's clock; late: it has passed. most: bytes to keep."""

    until: float
    task: Any
    most: int
    late: bool = False


class WsgiAdapter:
    """Runs a WSGI application in `threads` threads, for requests of RSGI."""

    def __init__(self, application: Application, *, threads: int = THREADS) -> None:
        self._application = application
        self._threads = threads
        #: Answers some requests without a thread.
        self._begin = getattr(application, "begin", None)
        self._calls: SimpleQueue[_Call] = SimpleQueue()
        self._pending: set[_PendingBody] = set()
        #: The watchers of all requests that have no response yet.
        self._open: set[Any] = set()
        # Of the loop's thread alone: what it finished in this turn. They are sent together, after it.
        self._answers: list[tuple[_Call, Answer]] = []
        self._drained: asyncio.Event | None = None

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start the threads, once, in the process that serves.

        loop: that of this thread, which reads bodies, and the store's replies.
        """
        self._loop = loop
        self._loop_thread = threading.get_ident()
        for number in range(self._threads):
            threading.Thread(target=self._serve, name=f"request-{number + 1}", daemon=True).start()
        self._cancel_slow_bodies()

    def take(self, watcher: Any) -> None:
        """Serve one request, in any thread. Neither waits nor raises: granian ends the process for what is raised.

        watcher: as of `_Call`.
        """
        self._open.add(watcher)
        try:
            call = _Call(environ_of(watcher.scope), watcher.proto, watcher)
            # Of an empty body, which browsers declare too, there is nothing to wait for.
            if call.environ.get("CONTENT_LENGTH", "0") != "0" or "HTTP_TRANSFER_ENCODING" in call.environ:
                self._loop.call_soon_threadsafe(self._begin_reading, call)
            else:
                self._hand_on(call)
        except BaseException as error:  # noqa: BLE001 (granian logs it)
            self._end(watcher, error)

    def _hand_on(self, call: _Call) -> None:
        """Begin to answer a request that has its body."""
        call.environ[ARRIVED] = time.perf_counter()

        def finish(answer: Answer | None) -> None:
            if answer is None:
                self._calls.put(call)
            elif threading.get_ident() == self._loop_thread:
                # Each would wake granian's thread: those of one turn do so together.
                if not self._answers:
                    self._loop.call_soon(self._send_answers)
                self._answers.append((call, answer))
            else:
                self._send_answer(call, answer)

        if self._begin is None or not self._begin(call.environ, self._loop, finish):
            self._calls.put(call)

    def _send_answers(self) -> None:
        answers, self._answers = self._answers, []
        for call, answer in answers:
            try:
                self._send_answer(call, answer)
            except BaseException:
                log.exception("the end of a request failed")

    def _send_answer(self, call: _Call, answer: Answer) -> None:
        try:
            call.protocol.response_bytes(answer.status, list(answer.headers.items()), answer.body)
        except BaseException as error:  # noqa: BLE001 (granian logs it)
            self._end(call.watcher, error)
        else:
            self._end(call.watcher)

    def _end(self, watcher: Any, error: BaseException | None = None) -> None:
        self._open.discard(watcher)
        if error is None:
            watcher.done()
        else:
            watcher.err(error)
        if self._drained is not None and not self._open:
            self._loop.call_soon_threadsafe(self._drained.set)

    async def drain(self, seconds: float) -> None:
        """Wait until every request that is being served has its response, at most `seconds`."""
        self._drained = asyncio.Event()  # before the look: a request that ends after it sets the event
        if self._open:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._drained.wait()

    def _begin_reading(self, call: _Call) -> None:
        # Granian keeps the task, as those that it makes itself.
        call.watcher.taskref(self._loop.create_task(self._read_then_hand_on(call)))

    async def _read_then_hand_on(self, call: _Call) -> None:
        try:
            try:
                await self._read_body(call.environ, call.protocol)
            except BodyRefused as error:
                call.protocol.response_bytes(*refusal(error, call.environ))
                self._end(call.watcher)
            else:
                self._hand_on(call)
        except BaseException as error:  # noqa: BLE001 (granian logs it)
            self._end(call.watcher, error)

    async def _read_body(self, environ: dict[str, Any], protocol: Any) -> None:
        """Put the whole body into `wsgi.input` and its length into CONTENT_LENGTH. Raises BodyRefused."""
        declared = body_length(environ) if "CONTENT_LENGTH" in environ else None
        if declared is not None and declared > MAX_READ:
            return  # nothing is read; the view that looks at the length refuses it
        most = most_kept(environ)
        files = sum(pending.most > MAX_KEPT for pending in self._pending) if most > MAX_KEPT else 0
        if len(self._pending) >= _MAX_PENDING or files >= _MAX_FILES:
            raise TooManyBodies
        pending = _PendingBody(self._loop.time() + _BODY_SECONDS, asyncio.current_task(self._loop), most)
        self._pending.add(pending)
        try:
            if declared is not None and declared < MAX_KEPT:
                body, received = await _read_whole(protocol)
            else:
                body, received = await _read_pieces(protocol, pending)
        except asyncio.CancelledError:
            if not pending.late:
                raise
            raise BodyTooSlow from None
        finally:
            self._pending.discard(pending)
        if declared is not None and received != declared:
            raise IncompleteBody
        if environ.pop("HTTP_TRANSFER_ENCODING", "chunked").strip().lower() != "chunked":
            raise UnknownTransferCoding
        environ["CONTENT_LENGTH"] = str(received)
        environ["wsgi.input"] = io.BytesIO(body)

    def _cancel_slow_bodies(self) -> None:
        """Cancel reads that are past their deadline. Runs once a second: a timer for each body would cost too much."""
        now = self._loop.time()
        for pending in [pending for pending in self._pending if pending.until < now]:
            pending.late = True
            self._pending.discard(pending)
            pending.task.cancel()
        self._loop.call_later(1.0, self._cancel_slow_bodies)

    def _serve(self) -> None:
        while True:
            call = self._calls.get()
            request_ids.begin(request_ids.id_of(call.environ))
            try:
                self._answer(call)
            except Exception:  # the thread must go on: nobody would start another
                log.exception("a request failed outside of Django")
                self._fail(call)
            finally:
                request_ids.forget()
                self._end(call.watcher)

    def _answer(self, call: _Call) -> None:
        started: list[Any] = []
        stream: Any = None

        def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
            started[:] = [int(status[:3]), headers]

        answer = self._application(call.environ, start_response)
        try:
            status, headers = started
            content = answer if isinstance(answer, list) else getattr(answer, "content", None)
            if content is not None:
                call.protocol.response_bytes(status, headers, b"".join(content) if content is answer else content)
                return
            stream = call.protocol.response_stream(status, headers)
            for piece in answer:
                stream.send_bytes(piece)
        finally:
            try:
                if close := getattr(answer, "close", None):
                    close()
            finally:
                # Granian ends the response with the last reference to its stream. An exception that was caught on the
                # way, and that something keeps or a cycle holds, keeps this frame with all its variables.
                stream = None

    @staticmethod
    def _fail(call: _Call) -> None:
        note_request(call.environ, status=500, size=0, started=time.perf_counter())
        headers = [("content-type", "text/plain"), (request_ids.HEADER, request_ids.id_of(call.environ))]
        try:
            call.protocol.response_bytes(500, headers, b"")
        except Exception:  # noqa: BLE001 (the response had begun; the closed connection tells the client)
            log.debug("the failed request had an answer already")


async def _read_whole(protocol: Any) -> tuple[bytes, int]:
    """A body of a declared, small length. Raises IncompleteBody."""
    try:
        body: bytes = await protocol()
    except RuntimeError:  # granian's ProtocolClosed: the sender has gone
        raise IncompleteBody from None
    return body, len(body)


async def _read_pieces(protocol: Any, pending: _PendingBody) -> tuple[bytes, int]:
    """The first bytes of a body, and its length (reading stops behind MAX_READ). Raises IncompleteBody.

    Granian ends every body with one empty piece. A second empty piece means that the body ended early, or that its
    chunks are malformed.
    """
    body = bytearray()
    received = ends = 0
    async for piece in protocol:
        if not piece:
            ends += 1
            continue
        received += len(piece)
        body += piece[: pending.most - len(body)]
        if received > MAX_READ:
            return bytes(body), received
        pending.until += len(piece) / _BYTES_PER_SECOND
    if ends != 1:
        raise IncompleteBody
    return bytes(body), received
