"""An adapter from RSGI, granian's own interface, to the WSGI application.

Granian's WSGI interface gives `X_Forwarded_For` and `X-Forwarded-For` one name, so a client can forge a proxy's header,
and a body that ends early looks whole. RSGI keeps both apart, and reads bodies on the event loop, without a thread.
"""

from __future__ import annotations

import asyncio
import io
import sys
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
from kv.monitoring.requests import ARRIVED, note_request
from kv.process import request_ids

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
    environ: dict[str, Any]
    protocol: Any
    done: asyncio.Future[None]


@dataclass(eq=False, slots=True)
class _PendingBody:
    """A body that is being read. until: the deadline, by the loop's clock; late: it has passed. most: bytes to keep."""

    until: float
    task: Any
    most: int
    late: bool = False


class WsgiAdapter:
    """An RSGI application that runs a WSGI application in `threads` threads."""

    def __init__(self, application: Application, *, threads: int = THREADS) -> None:
        self._application = application
        self._threads = threads
        #: Answers some requests without a thread.
        self._on_loop = getattr(application, "answer_on_loop", None)
        self._calls: SimpleQueue[_Call] = SimpleQueue()
        self._pending: set[_PendingBody] = set()
        self._running = 0
        self._idle = asyncio.Event()
        self._idle.set()

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start the threads; granian calls it once, in the process that serves."""
        self._loop = loop
        for number in range(self._threads):
            threading.Thread(target=self._serve, name=f"request-{number + 1}", daemon=True).start()
        self._cancel_slow_bodies()

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        """Serve one request: read the body here, hand the request to a thread, wait for the response."""
        self._running += 1
        self._idle.clear()
        try:
            environ = environ_of(scope)
            # Of an empty body, which browsers declare too, there is nothing to wait for.
            if environ.get("CONTENT_LENGTH", "0") != "0" or "HTTP_TRANSFER_ENCODING" in environ:
                try:
                    await self._read_body(environ, protocol)
                except BodyRefused as error:
                    protocol.response_bytes(*refusal(error, environ))
                    return
            environ[ARRIVED] = time.perf_counter()
            if self._on_loop is not None and (answer := await self._on_loop(environ)) is not None:
                protocol.response_bytes(answer.status, list(answer.headers.items()), answer.body)
                return
            done = self._loop.create_future()
            self._calls.put(_Call(environ, protocol, done))
            await done
        finally:
            self._running -= 1
            if not self._running:
                self._idle.set()

    async def drain(self, seconds: float) -> None:
        """Wait until every request that is being served has its response, at most `seconds`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._idle.wait()

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
                self._loop.call_soon_threadsafe(_finish, call.done)

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


def _finish(done: asyncio.Future[None]) -> None:
    if not done.done():
        done.set_result(None)


def environ_of(scope: Any) -> dict[str, Any]:
    """The WSGI environment of an RSGI scope (PEP 3333), without its body.

    A header whose name has an underscore is left out: WSGI would give it the name of another header.
    """
    server, _, port = scope.server.rpartition(":")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": _latin(scope.path),
        "QUERY_STRING": _latin(scope.query_string),
        "SERVER_NAME": server.strip("[]"),
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    lines = scope.headers.items()
    # Granian leaves out a value that is not ASCII. The header is there, and empty, as its WSGI interface has it.
    if len(scope.headers) > len(dict(lines)):  # different names, both
        lines += [(name, "") for name in set(scope.headers.keys()).difference(dict(lines))]
    for name, value in lines:
        variable = _VARIABLES.get(name)
        if variable is None:
            if "_" in name:
                continue
            variable = _variable(name)
        if variable in environ:
            environ[variable] += ("; " if name == "cookie" else ",") + value
        else:
            environ[variable] = value
    # Without a Host header Django would use SERVER_NAME.
    environ.setdefault("HTTP_HOST", "")
    return environ


def _latin(text: str) -> str:
    """Text as PEP 3333 has it: a character for each byte of its UTF-8."""
    return text if text.isascii() else text.encode().decode("latin-1")


def _variable(name: str) -> str:
    return "HTTP_" + name.upper().replace("-", "_")


_USUAL = (
    "host", "user-agent", "accept", "cookie", "x-forwarded-for", "x-forwarded-proto", "authorization", "origin",
    "accept-language", "accept-encoding", "referer", "connection", "priority", "sec-fetch-site", "sec-fetch-mode",
    "sec-fetch-dest", "sec-ch-ua", "sec-ch-ua-mobile", "sec-ch-ua-platform", "x-request-id", "dnt", "sec-gpc",
)  # fmt: skip
# The first two have no prefix HTTP_.
_VARIABLES = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}
_VARIABLES |= {name: _variable(name) for name in _USUAL}
