"""Traces, where the OpenTelemetry packages are installed and an SDK is set up; elsewhere none of it is imported.

Spans have the names of routes, scripts and duties. They hold no keys, values, addresses, paths or query strings.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib.util import find_spec
from typing import Any

from kv.process.request_ids import KEPT

_tracer: Any = None


def start_tracing() -> bool:
    """From now on make spans, with the tracer provider that the project has set; False without the packages.

    Call it when the provider is set: `KvConfig` does, with TRACING on.
    """
    global _tracer  # noqa: PLW0603 (one for the process)
    if find_spec("opentelemetry") is None or find_spec("opentelemetry.trace") is None:
        return False
    from opentelemetry import trace

    _tracer = trace.get_tracer("countinghouse")
    return True


def is_traced() -> bool:
    """Whether spans are made."""
    return _tracer is not None


def span(name: str) -> AbstractContextManager[Any]:
    """A span around a script or a duty, below the current one. An exception inside marks it as failed."""
    if _tracer is None:
        return nullcontext()
    return _inner_span(name)


class RequestSpan:
    """The span of a request, which learns its name when the route is known."""

    def __init__(self, recording: Any, method: str) -> None:
        self._recording = recording
        self._method = method

    def end_with(self, route: str, status: int) -> None:
        """Set the name and what OpenTelemetry's conventions call it. A 5xx is an error."""
        from opentelemetry.trace import StatusCode

        self._recording.update_name(f"{self._method} {route}")
        self._recording.set_attribute("http.route", route)
        self._recording.set_attribute("http.response.status_code", status)
        if status >= 500:  # noqa: PLR2004 (HTTP)
            self._recording.set_status(StatusCode.ERROR)


@contextmanager
def trace_request(request: Any) -> Iterator[RequestSpan]:
    """A span for a request, below the one that its `traceparent` header names."""
    from opentelemetry.propagate import extract
    from opentelemetry.trace import SpanKind

    method = request.method if request.method in _METHODS else "_OTHER"
    carrier = {name: request.META[key] for name, key in _CARRIED.items() if key in request.META}
    attributes = {"http.request.method": method, "http.request.id": request.META.get(KEPT, "")}
    with _tracer.start_as_current_span(
        method, context=extract(carrier), kind=SpanKind.SERVER, attributes=attributes, record_exception=False
    ) as recording:
        yield RequestSpan(recording, method)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_CARRIED = {"traceparent": "HTTP_TRACEPARENT", "tracestate": "HTTP_TRACESTATE"}


@contextmanager
def _inner_span(name: str) -> Iterator[Any]:
    from opentelemetry.trace import StatusCode

    # No exception is recorded: its message may hold what a span must not.
    with _tracer.start_as_current_span(name, record_exception=False, set_status_on_exception=False) as recording:
        try:
            yield recording
        except BaseException as error:
            recording.set_attribute("error.type", type(error).__name__)
            recording.set_status(StatusCode.ERROR)
            raise
