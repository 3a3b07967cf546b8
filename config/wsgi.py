"""The WSGI application: one site, two lanes.

Django's middleware costs a request 95 µs, more than the counting itself. An API call that brings no session needs no
session, language, message or CSRF token, so it takes a lane with none of these; everything else takes the whole list.
Both lanes lead to the same addresses and views.
"""

import os
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.urls import get_resolver

from config.bodies import BodyRefused, normalize_body, refusal

StartResponse = Callable[..., Any]
# Whole addresses: what merely begins like them is answered by a page, and pages need their headers.
_PROBES = frozenset({"/healthz", "/readyz"})


class SiteApplication:
    """Sends API calls without a session's cookie down the short lane."""

    def __init__(self) -> None:
        django.setup(set_prefix=False)
        self.full = _handler(settings.MIDDLEWARE)
        self.api = _handler(settings.API_MIDDLEWARE)
        # All views are imported before the first request: it may come while the store is away, and then it has 300 ms.
        get_resolver().url_patterns  # noqa: B018 (a cached property)
        self.session = settings.SESSION_COOKIE_NAME + "="

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        try:
            normalize_body(environ)
        except BodyRefused as error:
            status, headers, body = refusal(error)
            start_response(f"{status} {HTTPStatus(status).phrase}", headers)
            return [body]
        path = environ["PATH_INFO"]
        # /api/docs is a page for people, under the content security policy of the others.
        is_call = path in _PROBES or (path.startswith("/api/") and not path.startswith("/api/docs"))
        stack = self.api if is_call and self.session not in environ.get("HTTP_COOKIE", "") else self.full
        return stack(environ, start_response)


def _handler(middleware: list[str]) -> WSGIHandler:
    # A handler reads the setting once, when it is made.
    all_of_it = settings.MIDDLEWARE
    settings.MIDDLEWARE = middleware
    try:
        return WSGIHandler()
    finally:
        settings.MIDDLEWARE = all_of_it


application = SiteApplication()
