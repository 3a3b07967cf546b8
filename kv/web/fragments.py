"""Requests of scripts for a part of a page are answered with a part or with HX-Redirect, never with a whole page.

htmx, and every script here that sends `HX-Request: true`, would follow a redirect silently and insert the whole page
found there, such as the log-in page, in place of the part.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url

from kv.web.origins import local_path

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_SAFE = frozenset({"GET", "HEAD"})


def is_part(request: HttpRequest) -> bool:
    """Whether a script asks for a part of a page. htmx's boosted links and its history ask for whole ones."""
    headers = request.headers
    return headers.get("HX-Request") == "true" and not (
        headers.get("HX-Boosted") == "true" or headers.get("HX-History-Restore-Request") == "true"
    )


def go_to(address: str) -> HttpResponse:
    """A response that makes htmx load the page at `address` as a whole."""
    return HttpResponse(headers={"HX-Redirect": address, "Cache-Control": "no-store"})


class FragmentMiddleware:
    """Redirects of parts become HX-Redirect; a log-in leads back to a page, not to a part or a form's target.

    Place it before every middleware that may redirect.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The response; a redirect is looked at."""
        response = self.get_response(request)
        if response.status_code not in _REDIRECTS or "Location" not in response.headers:
            return response
        part = is_part(request)
        if part or request.method not in _SAFE:
            response.headers["Location"] = _to_come_back(request, response.headers["Location"])
        if not part:
            return response
        answer = go_to(response.headers["Location"])
        answer.cookies = response.cookies
        if "Vary" in response.headers:
            answer.headers["Vary"] = response.headers["Vary"]
        return answer


def _to_come_back(request: HttpRequest, target: str) -> str:
    """The redirect's target; where it is a log-in that would lead back here, one that leads back to the page."""
    parts = urlsplit(target)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    here = {request.get_full_path(), request.build_absolute_uri()}
    if query.get(REDIRECT_FIELD_NAME) not in here:
        return target
    page = local_path(request, request.headers.get("HX-Current-URL") or request.headers.get("Referer", ""))
    if page is None:
        page = request.get_full_path() if request.method in _SAFE else resolve_url(settings.LOGIN_REDIRECT_URL)
    query[REDIRECT_FIELD_NAME] = page
    return urlunsplit(parts._replace(query=urlencode(query, safe="/")))
