"""The outermost middleware: gives each request its id, counts it, and logs it with ACCESS_LOG."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponseBase

from kv.monitoring.counts import OTHER
from kv.monitoring.requests import note_request
from kv.process import request_ids
from kv.process.tracing import is_traced, trace_request
from kv.web.lane.calls import Answer, Call


class RequestMiddleware:
    """Put it first in MIDDLEWARE. Takes X-Request-ID or makes an id; the response and every line of the log have it."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        """Serve one request; a coroutine where the next one is asynchronous."""
        if self._is_async:
            return self._serve(request)
        started = perf_counter()
        request_ids.begin(request_ids.id_of(request.META))
        if is_traced():
            with trace_request(request) as span:
                response = self.get_response(request)
                span.end_with(_route(request), response.status_code)
        else:
            response = self.get_response(request)
        return _complete(request, response, started)

    @staticmethod
    def fast_lane(call: Call, answer: Answer) -> None:
        """What it does to a call in the fast lane, which has begun the id itself."""
        answer.headers[request_ids.HEADER] = call.environ[request_ids.KEPT]
        size = len(answer.body)
        note_request(call.environ, status=answer.status, size=size, route=call.route.name, started=call.started)

    async def _serve(self, request: HttpRequest) -> HttpResponseBase:
        started = perf_counter()
        request_ids.begin(request_ids.id_of(request.META))
        if is_traced():
            with trace_request(request) as span:
                response = await self.get_response(request)
                span.end_with(_route(request), response.status_code)
        else:
            response = await self.get_response(request)
        return _complete(request, response, started)


def _complete(request: HttpRequest, response: HttpResponseBase, started: float) -> HttpResponseBase:
    response.headers[request_ids.HEADER] = request.META[request_ids.KEPT]
    status, size = response.status_code, _size(request, response)
    note_request(request.META, status=status, size=size, route=_route(request), started=started)
    return response


def _route(request: HttpRequest) -> str:
    """The name of the URL pattern, such as `stats_api:visit`: there are as many as the project has patterns."""
    match = request.resolver_match
    return match.view_name if match is not None else OTHER


def _size(request: HttpRequest, response: HttpResponseBase) -> int | None:
    if request.method == "HEAD":
        return 0
    if response.streaming:
        length = response.headers.get("Content-Length", "")
        return int(length) if length.isdecimal() else None
    return len(response.content)  # type: ignore[attr-defined] # it is no stream
