"""Sessions that are saved after the view, and the user of a session."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from config.error_responses import unavailable
from config.login_hint import set_hint
from config.open_sessions import note_session
from config.staff_sessions import verified_user


class KeptSessions(SessionMiddleware):
    """Django's sessions, with 503 when the database can't be reached while one is saved."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """The response with its cookie, or 503."""
        is_fine = response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR
        try:
            if is_fine:
                note_session(request)
            kept = super().process_response(request, response)
        except (OperationalError, InterfaceError):
            return unavailable(request, "database_unavailable")
        if is_fine:
            set_hint(request, kept)
        return kept


class StaffAuthentication(AuthenticationMiddleware):
    """Django's `request.user`, anonymous while a session of staff still lacks its second factor.

    So every page, form and API call treats such a session as not logged in.
    """

    def process_request(self, request: HttpRequest) -> None:
        """Set a lazy user: a public page never asks for it, so it stays the same for all."""
        super().process_request(request)
        request.user = SimpleLazyObject(partial(verified_user, request, request.user))  # type: ignore[assignment] # lazy, as Django's own
