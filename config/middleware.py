"""Django's middleware, left out where it has nothing to do.

The default stack costs a request 95 µs, more than the counting itself. An API call needs no language, no messages, and
a session only when it brings one; so each of these steps aside for the paths under /api/.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from csp.middleware import CSPMiddleware
from django.conf import settings
from django.contrib.auth import middleware as auth
from django.contrib.messages import middleware as messages
from django.contrib.sessions import middleware as sessions
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.middleware import clickjacking, common, locale
from django.utils import translation
from django.utils.deprecation import MiddlewareMixin
from django_htmx.middleware import HtmxMiddleware as DjangoHtmxMiddleware

from config.errors import unavailable
from kv.errors import StoreUnavailable

GetResponse = Callable[[HttpRequest], HttpResponse]


def is_api(request: HttpRequest) -> bool:
    """Whether the request is for a machine: the API, or a probe."""
    return request.path_info.startswith(("/api/", "/healthz", "/readyz"))


class _PagesOnly(MiddlewareMixin):
    def __call__(self, request: HttpRequest) -> Any:
        if is_api(request):
            return self.get_response(request)
        return super().__call__(request)


class _WithSession(MiddlewareMixin):
    def __call__(self, request: HttpRequest) -> Any:
        if is_api(request) and settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return self.get_response(request)
        return super().__call__(request)


class SessionMiddleware(_WithSession, sessions.SessionMiddleware):
    """Sessions, for pages and for API calls that bring one."""


class AuthenticationMiddleware(_WithSession, auth.AuthenticationMiddleware):
    """`request.user`, where there is a session."""


class LocaleMiddleware(_PagesOnly, locale.LocaleMiddleware):
    """The page's language from its address; the API speaks English."""

    def __call__(self, request: HttpRequest) -> Any:
        """Set the language first: a thread keeps that of the request before."""
        if is_api(request):
            translation.activate(settings.LANGUAGE_CODE)
        return super().__call__(request)


class CommonMiddleware(_PagesOnly, common.CommonMiddleware):
    """Slashes appended, for pages."""

    def __call__(self, request: HttpRequest) -> Any:
        """Check the host even where nothing else is done."""
        if is_api(request):
            request.get_host()
        return super().__call__(request)


class MessageMiddleware(_PagesOnly, messages.MessageMiddleware):
    """Messages, for pages."""


class HtmxMiddleware(DjangoHtmxMiddleware):
    """`request.htmx`, for pages."""

    def __call__(self, request: HttpRequest) -> Any:
        """The API has no pages to refresh."""
        return self.get_response(request) if is_api(request) else super().__call__(request)


class ClickjackingMiddleware(_PagesOnly, clickjacking.XFrameOptionsMiddleware):
    """X-Frame-Options, for pages."""


class ContentSecurityMiddleware(CSPMiddleware):
    """The content security policy, for pages and for the API's own page."""

    def __call__(self, request: HttpRequest) -> Any:
        """JSON needs no policy."""
        if is_api(request) and not request.path_info.startswith("/api/docs"):
            return self.get_response(request)
        return super().__call__(request)


class StoreMiddleware:
    """A page that could not do without a store answers 503 and says so, instead of 500."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on; the work is in `process_exception`."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """The 503 page (or JSON under /api/) for a store that is away."""
        if isinstance(error, StoreUnavailable):
            return unavailable(request, "store_unavailable")
        if isinstance(error, OperationalError | InterfaceError):
            return unavailable(request, "database_unavailable")
        return None
