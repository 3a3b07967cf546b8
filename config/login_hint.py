"""A cookie that says that somebody is logged in, so that public pages ask for the rest of their header."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest, HttpResponse

#: Scripts can read it. It says that somebody is logged in, not who. Without it the header asks for nothing.
HINT_COOKIE = "logged_in"
_VALUE = "1"


def set_hint(request: HttpRequest, response: HttpResponse) -> None:
    """Keep the hint as long as the session: called once the session's own cookie is set or deleted."""
    session: Any = request.session
    morsel = response.cookies.get(settings.SESSION_COOKIE_NAME)
    is_logged_in = session.accessed and SESSION_KEY in session
    if morsel is not None and not is_logged_in:
        if HINT_COOKIE in request.COOKIES:
            forget_hint(response)
    elif morsel is not None or (is_logged_in and _lacks_hint(request, response)):
        age = None if session.get_expire_at_browser_close() else session.get_expiry_age()
        response.set_cookie(
            HINT_COOKIE,
            _VALUE,
            max_age=age,
            path=settings.SESSION_COOKIE_PATH,
            domain=settings.SESSION_COOKIE_DOMAIN,
            secure=settings.SESSION_COOKIE_SECURE,
            samesite=_samesite(),
        )


def forget_hint(response: HttpResponse) -> None:
    """Delete the hint."""
    response.delete_cookie(
        HINT_COOKIE,
        path=settings.SESSION_COOKIE_PATH,
        domain=settings.SESSION_COOKIE_DOMAIN,
        samesite=_samesite(),
    )


def _lacks_hint(request: HttpRequest, response: HttpResponse) -> bool:
    """Whether a page was made for a session of before there were hints."""
    return HINT_COOKIE not in request.COOKIES and response.get("Content-Type", "").startswith("text/html")


def _samesite() -> Any:
    return settings.SESSION_COOKIE_SAMESITE
