"""A test client that goes through the site as it is served: API calls by the short middleware."""

from __future__ import annotations

import json
import threading
from functools import partial
from http import HTTPStatus
from typing import Any, ClassVar

from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse
from django.test import Client, override_settings
from django.test.client import ClientHandler

from config.wsgi import SiteApplication
from kv.web import fast_lane
from tests.declared import codes_at


class SiteClient(Client):
    """Django's own client, whose handler uses the middleware that `config.wsgi` would use.

    fast: whether the fast lane is in front, as it is in `config.wsgi`. tests/lanes.py switches it off.
    """

    fast: ClassVar[bool] = True

    def __init__(self, enforce_csrf_checks: bool = False, **defaults: Any) -> None:
        # Settings are overridden for a moment below, for all threads: one client serves several, made by none of them.
        assert threading.current_thread() is threading.main_thread()
        super().__init__(enforce_csrf_checks, **defaults)
        full, api = ClientHandler(enforce_csrf_checks), ClientHandler(enforce_csrf_checks)
        with override_settings(MIDDLEWARE=settings.API_MIDDLEWARE):
            api.load_middleware()
        # Without its own start, which sets logging up anew and takes a test's handler away.
        site = SiteApplication.__new__(SiteApplication)
        site.session = settings.SESSION_COOKIE_NAME + "="
        site.full = lambda environ, _: full(environ)  # type: ignore[assignment] # it is called in the same way
        site.api = lambda environ, _: api(environ)
        if self.fast:
            site.api = fast_lane(site.api, middleware=settings.API_MIDDLEWARE)
        self.handler: Any = partial(_served, site)

    def request(self, **request: Any) -> Any:
        """As Django's, with a Host header, as of every browser; a refusal is one that the API's description names."""
        if "SERVER_NAME" not in {*request, *self.defaults} and "HTTP_HOST" not in self.defaults:
            request.setdefault("HTTP_HOST", "testserver")
        response = super().request(**request)
        if response.status_code >= HTTPStatus.BAD_REQUEST and settings.ROOT_URLCONF == "config.urls":
            declared = codes_at(request["REQUEST_METHOD"], request["PATH_INFO"])
            if declared is not None and response.status_code != HTTPStatus.INTERNAL_SERVER_ERROR:
                code = json.loads(response.content)["code"]
                assert code in declared.get(response.status_code, ()), f"{response.status_code} {code} is not described"
        return response


def _served(site: SiteApplication, environ: dict[str, Any]) -> Any:
    """The site's response. What is answered or refused before Django sees the request is made into one of Django's."""
    started: list[tuple[str, list[tuple[str, str]]]] = []
    response: Any = site(environ, lambda *head: started.append(head))
    if started:
        status, headers = started[0]
        response = HttpResponse(b"".join(response), status=int(status[:3]), headers=dict(headers))
        response.cookies.load(response.headers.get("Set-Cookie", ""))
        del response.headers["Set-Cookie"]
        response.wsgi_request = WSGIRequest(environ)
    return response
