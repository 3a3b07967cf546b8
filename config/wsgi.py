"""The WSGI application: one site with two lists of middleware, and the fast lane in front of the shorter one.

Django's middleware costs 95 µs a request, more than counting a visit. An API call without a session cookie needs no
session, language, message or CSRF token, so API_MIDDLEWARE is enough for it. All other requests pass MIDDLEWARE. Both
reach the same URLs and views. The busiest of these calls pass none of it: see kv.web.lane.
"""

import os
from asyncio import AbstractEventLoop
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler

from config.bodies import BodyRefused, normalize_body, refusal
from kv.store.loop_client import ready_client
from kv.web import fast_lane
from kv.web.lane.calls import Answer
from kv.web.lane.wsgi import WsgiLane
from kv.web.lazy_views import load_views

StartResponse = Callable[..., Any]
# Exact paths: a path that only begins like one of them is a page, which needs the headers of pages.
_PROBES = frozenset({"/healthz", "/readyz"})


class SiteApplication:
    """Serves API calls without a session cookie by `api`, all other requests by `full`."""

    def __init__(self) -> None:
        django.setup(set_prefix=False)
        self.full = _handler(settings.MIDDLEWARE)
        self.api = fast_lane(_handler(settings.API_MIDDLEWARE), middleware=settings.API_MIDDLEWARE)
        # Before the first request: its time limit is 300 ms while the store can't be reached.
        load_views()
        self.session = settings.SESSION_COOKIE_NAME + "="

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        try:
            normalize_body(environ)
        except BodyRefused as error:
            status, headers, body = refusal(error, environ)
            start_response(f"{status} {HTTPStatus(status).phrase}", headers)
            return [body]
        stack = self.api if self._is_call(environ) else self.full
        return stack(environ, start_response)

    def begin(self, environ: dict[str, Any], loop: AbstractEventLoop, finish: Callable[[Answer | None], None]) -> bool:
        """Begin to answer by the fast lane, in any thread; False for a request that this application serves in one.

        loop: whose client of the store is used. finish: as of `Lane.begin`.
        """
        lane = self.api.lane if isinstance(self.api, WsgiLane) else None
        route = lane.routes.get((environ["REQUEST_METHOD"], environ["PATH_INFO"])) if lane else None
        if lane is None or route is None or route.by_token:
            return False
        client = ready_client(loop)
        if client is None or not self._is_call(environ):
            return False
        try:
            normalize_body(environ)
        except BodyRefused:
            return False  # as it will be refused again
        return lane.begin(environ, client, finish)

    def _is_call(self, environ: dict[str, Any]) -> bool:
        """Whether it is an API call without a session cookie."""
        path = environ["PATH_INFO"]
        # /api/docs is a page, with the content security policy of pages.
        is_call = path in _PROBES or (path.startswith("/api/") and not path.startswith("/api/docs"))
        return is_call and self.session not in environ.get("HTTP_COOKIE", "")


def _handler(middleware: list[str]) -> WSGIHandler:
    # A handler reads the setting once, in its constructor.
    all_of_it = settings.MIDDLEWARE
    settings.MIDDLEWARE = middleware
    try:
        return WSGIHandler()
    finally:
        settings.MIDDLEWARE = all_of_it


application = SiteApplication()
