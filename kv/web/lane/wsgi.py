"""The fast lane in front of a WSGI application."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from kv.process import request_ids
from kv.web.lane.lane import Lane

_STATUS = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


class WsgiLane:
    """`application` with the lane in front of it."""

    def __init__(self, application: Callable[..., Iterable[bytes]], lane: Lane) -> None:
        self.application = application
        self.lane = lane

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Serve one request."""
        answer = self.lane.answer(environ)
        if answer is None:
            return self.application(environ, start_response)
        start_response(_STATUS[answer.status], list(answer.headers.items()))
        request_ids.forget()
        return [answer.body]
