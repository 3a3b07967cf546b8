"""What the site puts around its views, beside Django's own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from logging import getLogger

from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.exceptions import RequestDataTooBig
from django.db import DataError, IntegrityError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.utils import translation
from django.utils.functional import SimpleLazyObject

from billing.errors import StripeUnavailable
from config.bodies import body_length
from config.errors import bad_request, too_many, unavailable
from config.hashing import HashingBusy
from config.open_sessions import note_session
from config.staff_sessions import verified_user
from kv.errors import StoreUnavailable
from kv.throttling import RateLimited

log = getLogger(__name__)
_MOST_HOSTS = 100
_UNAVAILABLE: dict[type[Exception], str] = {
    StoreUnavailable: "store_unavailable",
    OperationalError: "database_unavailable",
    InterfaceError: "database_unavailable",
    StripeUnavailable: "stripe_unavailable",  # only while an account is deleted: nothing was
    HashingBusy: "busy",
}
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
        _spoil_headers(request)
        if not request.path_info.startswith("/api/"):  # whose views have limits of their own
            _refuse_large_form(request)
        response = self.get_response(request)
        if "Cookie" in response.get("Vary", "") and "Cache-Control" not in response.headers:
            # Some pages of Django's admin differ by who asks, and say nothing of it to caches.
            response.headers["Cache-Control"] = "private, no-store"
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """The 503 page (or JSON under /api/) for a store that is away; 400 and 429 for what the caller did."""
        for kind, code in _UNAVAILABLE.items():
            if isinstance(error, kind):
                return unavailable(request, code)
        if isinstance(error, DataError | IntegrityError):
            # PostgreSQL can't even look for a NUL or for a number out of range, where SQLite finds nothing. And what
            # a form found free may be taken when it is written: sent again, the form says so.
            # Its own words hold what was sent.
            where = request.resolver_match.view_name if request.resolver_match else ""
            log.error("refused by the database: %s in %s", type(error).__name__, where)
            return bad_request(request, error)
        if isinstance(error, RateLimited):
            return too_many(request, error.retry_after)
        return None


class StaffAuthentication(AuthenticationMiddleware):
    """Django's `request.user`, who is nobody while a session of staff still lacks its second factor.

    So every page, form and call of the API is closed to it alike, and each asks for the log-in in its own way.
    """

    def process_request(self, request: HttpRequest) -> None:
        """Read on first use: a public page asks for no user and stays the same for all."""
        super().process_request(request)
        request.user = SimpleLazyObject(partial(verified_user, request, request.user))  # type: ignore[assignment]


class LanguageOfAddress(LocaleMiddleware):
    """A page's language is its address's: no prefix is English, whatever the browser asks for.

    Django's own says `Vary: Accept-Language` for every address without a prefix, though nothing there varies by it:
    a proxy would keep one English page for each spelling of the header.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Name the language of what is sent."""
        response.headers.setdefault("Content-Language", translation.get_language() or settings.LANGUAGE_CODE)
        return response


class KeptSessions(SessionMiddleware):
    """Django's sessions, whose saving after the view may meet a database that is away."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """The response with its cookie, or 503."""
        try:
            if response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
                note_session(request)
            return super().process_response(request, response)
        except (OperationalError, InterfaceError):
            return unavailable(request, "database_unavailable")


class ApiMiddleware(StoreMiddleware):
    """All that an API call without a session needs of the long list: see `config.wsgi`."""

    def __init__(self, get_response: GetResponse) -> None:
        super().__init__(get_response)
        # Ports may follow a host's name as they like, so there is an end to what is remembered.
        self._hosts: set[str] = set()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Check the host, speak English (a thread keeps the language of the page before), tell the length."""
        # A balancer's probe asks a bare address for /healthz; nothing there repeats what it called the site.
        if request.path_info.startswith("/api/"):
            self._check_host(request)
        _spoil_headers(request)
        translation.activate(settings.LANGUAGE_CODE)
        response = self.get_response(request)
        if not response.streaming and "Content-Length" not in response.headers:
            response.headers["Content-Length"] = str(len(response.content))
        return response

    def _check_host(self, request: HttpRequest) -> None:
        host = request.META.get("HTTP_HOST", "")
        if host not in self._hosts:
            request.get_host()  # takes longer than the rest of this middleware
            if len(self._hosts) >= _MOST_HOSTS:
                self._hosts.clear()
            if host:
                self._hosts.add(host)


def _spoil_headers(request: HttpRequest) -> None:
    """Let a token with a NUL in it be a wrong one, and write down a wrong log-in that has one elsewhere.

    granian refuses such headers, other servers pass them on; PostgreSQL fails on them, and a log-in that fails so
    would not be counted.
    """
    for name in ("HTTP_AUTHORIZATION", "HTTP_USER_AGENT", "HTTP_ACCEPT"):
        value = request.META.get(name, "")
        if "\0" in value:
            request.META[name] = value.replace("\0", "?")


def _refuse_large_form(request: HttpRequest) -> None:
    """Raise RequestDataTooBig before a byte is read: files in a form have no limit of Django's, and go to the disk."""
    if body_length(request.META) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
        raise RequestDataTooBig("The form is larger than any of this site.")
