"""Two applications, asked the same: their answers, and what they leave in the store and in the counts of requests."""

from __future__ import annotations

import asyncio
import re
from concurrent.futures import Future
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from kv.monitoring.counts import request_counts
from kv.store.connection import lean_client
from kv.store.loop_client import _clients, ready_client
from stats.services.figures import forget_figures
from stats.services.history import forget_history

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from config.wsgi import SiteApplication
    from kv.store.steps import Steps
    from kv.web.lane.calls import Answer, Answerer, Call
    from kv.web.lane.lane import Lane
    from tests.config.lane_requests import Asked

_TIMES = re.compile(rb"\d{12,}")

#: Status, headers in order, body.
Said = tuple[str, list[tuple[str, str]], bytes]


def alike(
    requests: Sequence[Asked], store: Any, lane: Lane, fast: Callable[[Asked], Said], django: Callable[[Asked], Said]
) -> int:
    """Ask both, each on an empty store, and fail where they differ. Returns how many requests the lane answered."""
    taken = _count_answers(lane)
    said, contents, counts = [], [], []
    for side in (fast, django):
        store.flushall()
        forget_figures()
        forget_history()
        before = _counted()
        said.append([side(request) for request in requests])
        contents.append(_content(store))
        counts.append({key: count - before.get(key, 0) for key, count in _counted().items()})
    for request, mine, theirs in zip(requests, *said, strict=True):
        assert mine == theirs, (request, mine, theirs)
    assert contents[0] == contents[1]
    assert counts[0] == counts[1]
    return len(taken)


def answer(application: Any, request: Asked) -> Said:
    """What a WSGI application says, without what differs from one moment to the next."""
    started: list[Any] = []
    try:
        response: Any = application(request.environ(), lambda *given: started.append(given))
    except Exception as error:  # noqa: BLE001 (of Django, for a request that it can't make sense of)
        return type(error).__name__, [], b""
    body = b"".join(response)
    if close := getattr(response, "close", None):
        close()
    ((status, headers),) = started
    # A blank around a value, as older versions of Django write one, is no part of it.
    return status, sorted((name, _steady(name, value.strip())) for name, value in headers), body


def answer_at_once(application: SiteApplication, request: Asked, runner: asyncio.Runner) -> Said:
    """What the site says under its own server: by the fast lane without a thread, or else in one."""

    async def given(environ: dict[str, Any]) -> Answer | None:
        loop = asyncio.get_running_loop()
        ended: Future[Answer | None] = Future()
        # As the server does, in a thread that is not the loop's.
        if not await asyncio.to_thread(application.begin, environ, loop, ended.set_result):
            return None
        return await asyncio.wrap_future(ended)

    def served(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        found = runner.run(given(environ))
        if found is None:
            return application(environ, start_response)
        start_response(f"{found.status} {HTTPStatus(found.status).phrase}", list(found.headers.items()))
        return [found.body]

    return answer(served, request)


async def connected() -> None:
    """Once this loop's client of the store is there; at once where it has none."""
    while lean_client() is not None and ready_client() is None:
        if connecting := _clients[asyncio.get_running_loop()]._connecting:
            await connecting


async def disconnected() -> None:
    """Close this loop's client of the store, before the loop is closed."""
    if client := ready_client():
        client.close()
    turned = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(turned.set_result, None)
    await turned


async def answer_async(application: Any, request: Asked) -> Said:
    """The same of an ASGI application."""
    messages = request.messages()
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return messages.pop(0) if messages else await asyncio.get_running_loop().create_future()

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    try:
        await application(request.scope(), receive, send)
    except Exception as error:  # noqa: BLE001 (as above)
        return type(error).__name__, [], b""
    if not sent:  # the sender had gone
        return "", [], b""
    headers = sorted((name.decode(), _steady(name.decode(), value.decode())) for name, value in sent[0]["headers"])
    return str(sent[0]["status"]), headers, b"".join(message.get("body", b"") for message in sent[1:])


def _steady(name: str, value: str) -> str:
    match name:
        case "X-Request-ID":
            return re.sub(r"^[0-9a-f]{32}$", "#", value)
        case "Age" | "Retry-After":
            assert value.isdecimal()
            return "#"
        case "RateLimit":
            return re.sub(r"t=\d+", "t=#", value)
        case "Set-Cookie":
            return re.sub(r"expires=[^;]+|csrftoken=\w{32}", "#", value)
        case _:
            return value


def _content(store: Any) -> dict[bytes, Any]:
    """Every key of the store with its value; of lists of times only how many there are."""
    read = {
        b"string": store.get,
        b"hash": lambda name: sorted(store.hgetall(name).items()),
        b"set": lambda name: sorted(store.smembers(name)),
        b"zset": lambda name: len(store.zrange(name, 0, -1)),
        b"list": store.llen,
        b"stream": store.xlen,
    }
    found = {name: (store.type(name), read[store.type(name)](name)) for name in store.scan_iter(count=1000)}
    return {name: _TIMES.sub(b"#", repr(value).encode()) for name, value in found.items()}


def _counted() -> dict[Any, int]:
    return {key: latency.count for key, latency in request_counts().read().items()}


def _count_answers(lane: Lane) -> list[None]:
    taken: list[None] = []

    def counting(answerer: Answerer) -> Answerer:
        def noted(call: Call) -> Steps[Answer | None]:
            given = yield from answerer(call)
            if given is not None:
                taken.append(None)
            return given

        return noted

    lane.routes = {key: route._replace(answer=counting(route.answer)) for key, route in lane.routes.items()}
    return taken
