"""Exceptions that leave a view and stand for an answer: 503, 400 or 429."""

from __future__ import annotations

from collections.abc import Callable
from logging import getLogger

from django.db import DataError, IntegrityError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse

from billing.errors import StripeUnavailable
from config.error_responses import bad_request, too_many, unavailable
from config.hashing import HashingBusy
from kv.errors import StoreUnavailable
from kv.web.rate_limits import RateLimited

log = getLogger(__name__)
GetResponse = Callable[[HttpRequest], HttpResponse]

_UNAVAILABLE: dict[type[Exception], str] = {
    StoreUnavailable: "store_unavailable",
    OperationalError: "database_unavailable",
    InterfaceError: "database_unavailable",
    StripeUnavailable: "stripe_unavailable",  # only while an account is deleted: nothing was
    HashingBusy: "busy",
}


class ErrorPages:
    """Answers 503 when the store, the database or Stripe can't be reached; 400 and 429 for what the caller did."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on; `process_exception` does the work."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """The page, or JSON under /api/; None for an exception that is a defect (500)."""
        for kind, code in _UNAVAILABLE.items():
            if isinstance(error, kind):
                return unavailable(request, code)
        if isinstance(error, DataError | IntegrityError):
            # PostgreSQL refuses to look up a NUL or a number out of range, where SQLite finds nothing. A name that was
            # free when the form was checked may be taken when it is written; sent again, the form says so.
            # The database's own message holds what was sent, so only the kind of error is logged.
            where = request.resolver_match.view_name if request.resolver_match else ""
            log.error("refused by the database: %s in %s", type(error).__name__, where)
            return bad_request(request, error)
        if isinstance(error, RateLimited):
            return too_many(request, error.retry_after)
        return None
