"""What the site puts around its views, beside Django's own."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from billing.errors import StripeUnavailable
from config.errors import unavailable
from kv.errors import StoreUnavailable

GetResponse = Callable[[HttpRequest], HttpResponse]


class StoreMiddleware:
    """A page that could not do without a store answers 503 and says so, instead of 500."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on, without a session that can be none; the rest of the work is in `process_exception`."""
        # A quoted cookie may spell any byte, and PostgreSQL fails on a NUL where SQLite finds nothing.
        if "\0" in request.COOKIES.get(settings.SESSION_COOKIE_NAME, ""):
            del request.COOKIES[settings.SESSION_COOKIE_NAME]
        _spoil_token(request)
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """The 503 page (or JSON under /api/) for a store that is away."""
        if isinstance(error, StoreUnavailable):
            return unavailable(request, "store_unavailable")
        if isinstance(error, OperationalError | InterfaceError):
            return unavailable(request, "database_unavailable")
        if isinstance(error, StripeUnavailable):
            # Of all pages only the deletion of an account lets it come so far: nothing was deleted.
            return unavailable(request, "stripe_unavailable")
        return None


class ApiMiddleware(StoreMiddleware):
    """All that an API call without a session needs of the long list: see `config.wsgi`."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Check the host, speak English (a thread keeps the language of the page before), tell the length."""
        # A balancer's probe asks a bare address for /healthz; nothing there repeats what it called the site.
        if request.path_info.startswith("/api/"):
            request.get_host()
        _spoil_token(request)
        translation.activate(settings.LANGUAGE_CODE)
        response = self.get_response(request)
        if not response.streaming and "Content-Length" not in response.headers:
            response.headers["Content-Length"] = str(len(response.content))
        return response


def _spoil_token(request: HttpRequest) -> None:
    """Let a token with a NUL in it be a wrong one: granian refuses such a header, other servers pass it on."""
    token = request.META.get("HTTP_AUTHORIZATION", "")
    if "\0" in token:
        request.META["HTTP_AUTHORIZATION"] = token.replace("\0", "?")
