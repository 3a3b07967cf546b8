"""Responses to a refused or failed request: a page, or one shape of JSON under /api/. The handlers of `config.urls`."""

from __future__ import annotations

from functools import lru_cache

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import get_language
from django.views import csrf, defaults

from config.middleware.cors import is_for_front_ends
from kv.web.origins import is_own_front_end

_SENTENCES = {
    "store_unavailable": "The store of counts can't be reached. Try again in a moment.",
    "database_unavailable": "The database can't be reached. Try again in a moment.",
    "busy": "Too many passwords are being checked just now, so nothing was done. Try again in a moment.",
    "stripe_unavailable": "Stripe can't be reached, so nothing was done. Try again in a moment.",
}


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400; 413 for a form that is larger than its page takes."""
    if isinstance(exception, RequestDataTooBig):
        return _too_large(request)
    if wants_json(request):
        sentence = "The request can't be understood."
        return json_error(400, "bad_request", sentence, errors={"body": [sentence]})
    return defaults.bad_request(request, exception)


def _too_large(request: HttpRequest) -> HttpResponse:
    if wants_json(request):
        return json_error(413, "too_large", "The body is too large.")
    return HttpResponse(_page("413.html", get_language()), status=413, headers={"Cache-Control": "no-store"})


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403."""
    if wants_json(request):
        return json_error(403, "permission_denied", "You may not do this.")
    return defaults.permission_denied(request, exception)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form without its CSRF token. CSRF_FAILURE_VIEW."""
    if wants_json(request):
        sentence = "The CSRF token is missing or old. GET /api/csrf has one, for the header X-CSRFToken."
        return json_error(403, "permission_denied", sentence)
    return csrf.csrf_failure(request, reason)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404."""
    if wants_json(request):
        return json_error(404, "not_found", "Nothing is under this address.")
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """500: a defect of the site."""
    if wants_json(request):
        return json_error(500, "server_error", "Something went wrong here.")
    return defaults.server_error(request)


def unavailable(request: HttpRequest, code: str) -> HttpResponse:
    """503: a store can't be reached, or too many passwords are hashed already. code: a key of `_SENTENCES`."""
    if wants_json(request):
        response: HttpResponse = json_error(503, code, _SENTENCES[code])
    else:
        response = HttpResponse(_page("503.html", get_language(), busy=code == "busy"), status=503)
    response.headers["Retry-After"] = "1"
    response.headers["Cache-Control"] = "no-store"
    if code == "busy":  # config.hashing logs it once a minute: one line for each request of a flood would fill the disk
        response._has_been_logged = True  # type: ignore[attr-defined]  # noqa: SLF001 (Django's own mark)
    return response


def too_many(request: HttpRequest, retry_after: int) -> HttpResponse:
    """429. retry_after: seconds."""
    if wants_json(request):
        response: HttpResponse = json_error(429, "rate_limited", "Too many requests. Wait a little.")
    else:
        response = HttpResponse(_page("429.html", get_language()), status=429)
    response.headers["Retry-After"] = str(retry_after)
    response.headers["Cache-Control"] = "no-store"
    return response


@lru_cache(maxsize=64)
def _page(template: str, language: str | None, *, busy: bool = False) -> str:
    """The rendered template in the active language, cached.

    Rendering costs more than the rest of a refused request, and refused requests often come fast.
    """
    del language  # only the key of the cache
    return render_to_string(template, {"busy": busy})


def wants_json(request: HttpRequest) -> bool:
    """Whether the answer is JSON: under /api/, and for a script that logs in (`config.accounts.answers`)."""
    path = request.path_info
    if path == "/api" or path.startswith("/api/"):
        return True
    accept = request.headers.get("Accept", "")
    # A front end's form that leads here names text/html; what its scripts send does not, unless they are told to.
    is_script = "text/html" not in accept and is_own_front_end(request.META.get("HTTP_ORIGIN", ""))
    return (accept.startswith("application/json") or is_script) and is_for_front_ends(path)


def json_error(status: int, code: str, detail: str, **more: object) -> JsonResponse:
    """The API's shape of errors. more: what else the body has."""
    body = {"detail": detail, "code": code, **more}
    return JsonResponse(body, status=status, headers={"Cache-Control": "no-store"})
