"""Headers that Django, the database and caches can take as they are."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

GetResponse = Callable[[HttpRequest], HttpResponse]


class HeaderHygiene:
    """Removes NUL characters from request headers; forbids caches to keep a response that differs by session."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Clean the request's headers, pass it on, complete the response's Cache-Control."""
        # A quoted cookie may spell any byte. PostgreSQL fails on a NUL, where SQLite finds no session.
        if "\0" in request.COOKIES.get(settings.SESSION_COOKIE_NAME, ""):
            del request.COOKIES[settings.SESSION_COOKIE_NAME]
        replace_nul_in_headers(request)
        response = self.get_response(request)
        if "Cookie" in response.get("Vary", "") and "Cache-Control" not in response.headers:
            # Some pages of Django's admin depend on the user, but set no Cache-Control.
            response.headers["Cache-Control"] = "private, no-store"
        return response


def replace_nul_in_headers(request: HttpRequest) -> None:
    """Replace each NUL by "?" in the headers that are looked up in the database or stored in it.

    granian refuses such headers, other servers pass them on. PostgreSQL fails on them, and a failed log-in would then
    not be counted. A token with a "?" is a wrong token.
    """
    for name in ("HTTP_AUTHORIZATION", "HTTP_USER_AGENT", "HTTP_ACCEPT"):
        value = request.META.get(name, "")
        if "\0" in value:
            request.META[name] = value.replace("\0", "?")
