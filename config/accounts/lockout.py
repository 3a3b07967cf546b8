"""What somebody sees whose log-in is closed after too many wrong tries."""

from typing import Any

from axes.helpers import get_cool_off
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def locked_out(request: HttpRequest, original_response: Any = None, credentials: Any = None) -> HttpResponse:
    """429 with the page that says when to come back. Named in AXES_LOCKOUT_CALLABLE.

    original_response, credentials: what axes passes; neither is shown, so that the page says nothing about any account.
    """
    del original_response, credentials
    cooloff = get_cool_off()
    seconds = int(cooloff.total_seconds()) if cooloff else 0
    response = render(request, "accounts/locked.html", {"minutes": -(-seconds // 60)}, status=429)
    response["Cache-Control"] = "no-store"
    if seconds:
        response["Retry-After"] = str(seconds)
    return response
