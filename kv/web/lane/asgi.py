"""The fast lane in front of an ASGI application. Its calls of the store do not block the event loop."""

from __future__ import annotations

import io
from collections.abc import Awaitable, Callable
from typing import Any

from kv.process import request_ids
from kv.process.threads import async_twin
from kv.store.loop_client import ready_client
from kv.web.lane.calls import FAILED, Answer
from kv.web.lane.lane import Lane

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
# No usual call has a longer body. It is kept, for the application to read where the lane leaves the call to it.
_LONGEST_BODY = 1024


class AsgiLane:
    """`application` with the lane in front of it."""

    def __init__(self, application: Callable[..., Awaitable[None]], lane: Lane) -> None:
        self.application = application
        self.lane = lane
        self._in_thread = async_twin(lane.answer)

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Serve one request, or whatever else the scope is."""
        route = self.lane.routes.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        # Calls with a token ask the database, whose connections belong to the threads of the application.
        if route is not None and not route.by_token:
            environ = environ_of(scope)
            if environ is not None:
                read = _Body(receive)
                if await read.whole(environ) and (answer := await self._answered(environ)) is not None:
                    request_ids.forget()
                    await _send(answer, send)
                    return
                receive = read.again
                if FAILED in environ:
                    scope = {**scope, FAILED: environ[FAILED]}
        await self.application(scope, receive, send)

    async def _answered(self, environ: dict[str, Any]) -> Answer | None:
        client = ready_client()
        return await (self._in_thread(environ) if client is None else self.lane.answer_on_loop(environ, client))


class _Body:
    """What was received of a body, which can be received again."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._received: list[dict[str, Any]] = []

    async def whole(self, environ: dict[str, Any]) -> bool:
        """Put the declared body into the environment; False when it is long, or not as declared."""
        text = environ.get("CONTENT_LENGTH", "0")
        if not (text.isascii() and text.isdecimal()) or len(text) > len(str(_LONGEST_BODY)):
            return False
        length = int(text)
        if length > _LONGEST_BODY:
            return False
        body, more = b"", length > 0
        while more and len(body) <= length:
            message = await self._receive()
            self._received.append(message)
            body += message.get("body", b"")
            more = message.get("more_body", False)
        environ["wsgi.input"] = io.BytesIO(body)
        return len(body) == length and not more

    async def again(self) -> dict[str, Any]:
        """The next message, as the server sent it."""
        return self._received.pop(0) if self._received else await self._receive()


def environ_of(scope: dict[str, Any]) -> dict[str, Any] | None:
    """A WSGI environment, without its body; None for headers that may mean more than one thing."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": scope.get("root_path", ""),
        "PATH_INFO": scope["path"],
        "QUERY_STRING": scope.get("query_string", b"").decode("latin-1"),
        "REMOTE_ADDR": (scope.get("client") or ("",))[0] or "",
        "wsgi.url_scheme": scope.get("scheme", "http"),
    }
    for name, value in scope["headers"]:
        text = name.decode("latin-1").upper()
        key = text.replace("-", "_") if text in ("CONTENT-LENGTH", "CONTENT-TYPE") else "HTTP_" + text.replace("-", "_")
        if "_" in text or key in environ:
            return None
        environ[key] = value.decode("latin-1")
    return environ


async def _send(answer: Answer, send: Send) -> None:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
