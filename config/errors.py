"""What a refused or failed request gets: a page for people, one JSON shape under /api/."""

from __future__ import annotations

from functools import lru_cache

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import get_language
from django.views import defaults

_SENTENCES = {
    "store_unavailable": "The store of counts can't be reached. Try again in a moment.",
    "database_unavailable": "The database can't be reached. Try again in a moment.",
    "busy": "Too many passwords are being checked just now, so nothing was done. Try again in a moment.",
    "stripe_unavailable": "Stripe can't be reached, so nothing was done. Try again in a moment.",
}


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400."""
    if _for_api(request):
        sentence = "The request can't be understood."
        return _json(400, "bad_request", sentence, errors={"body": [sentence]})
    return defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403."""
    if _for_api(request):
        return _json(403, "permission_denied", "You may not do this.")
    return defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404."""
    if _for_api(request):
        return _json(404, "not_found", "Nothing is under this address.")
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """500: a defect of ours."""
    if _for_api(request):
        return _json(500, "server_error", "Something went wrong here.")
    return defaults.server_error(request)


def unavailable(request: HttpRequest, code: str) -> HttpResponse:
    """503 for a store that is away, or for a part of the site that has too much to do. code: which."""
    if _for_api(request):
        response: HttpResponse = _json(503, code, _SENTENCES[code])
    else:
        response = HttpResponse(_page("503.html", get_language(), busy=code == "busy"), status=503)
    response.headers["Retry-After"] = "1"
    response.headers["Cache-Control"] = "no-store"
    if code == "busy":  # a line for each request of a flood would fill the disk; config.hashing says it once a minute
        response._has_been_logged = True  # type: ignore[attr-defined]  # noqa: SLF001 (Django's own mark)
    return response


def too_many(request: HttpRequest, retry_after: int) -> HttpResponse:
    """429. retry_after: seconds."""
    if _for_api(request):
        response: HttpResponse = _json(429, "rate_limited", "Too many requests. Wait a little.")
    else:
        response = HttpResponse(_page("429.html", get_language()), status=429)
    response.headers["Retry-After"] = str(retry_after)
    response.headers["Cache-Control"] = "no-store"
    return response


@lru_cache(maxsize=64)
def _page(template: str, language: str | None, *, busy: bool = False) -> str:
    """A page that says one thing, in the language that is spoken now.

    Kept: drawing it costs more than all the rest of a refused request, and who is refused often comes fast.
    """
    del language  # the key: what is drawn is in that language
    return render_to_string(template, {"busy": busy})


def _for_api(request: HttpRequest) -> bool:
    return request.path_info == "/api" or request.path_info.startswith("/api/")


def _json(status: int, code: str, detail: str, **more: object) -> JsonResponse:
    body = {"detail": detail, "code": code, **more}
    return JsonResponse(body, status=status, headers={"Cache-Control": "no-store"})
