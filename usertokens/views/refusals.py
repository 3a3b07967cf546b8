"""How `@spends` refuses: JSON for programs, pages for people."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request

from kv.errors import StoreUnavailable
from kv.rest.errors import InvalidInput, handle_exception
from kv.web.links import app_url_or_none
from usertokens.errors import AccountClosed, BudgetExceeded, IdempotencyConflict, InsufficientTokens
from usertokens.views.base import refusal_of

#: What a charge may raise.
REFUSED = (InsufficientTokens, BudgetExceeded, IdempotencyConflict, AccountClosed, StoreUnavailable, InvalidInput)


def refuse(request: HttpRequest | Request, error: Exception, *, instead_of: Any = None) -> HttpResponse:
    """The response for an error of a charge; one that it replaces is closed.

    For a page too few tokens and a budget that is used up are responses.
    Raises Http404 for a closed account, and StoreUnavailable again.
    """
    if instead_of is not None:
        instead_of.close()
    if isinstance(request, Request) or _wants_json(request) or isinstance(error, (InvalidInput, IdempotencyConflict)):
        return _json(error)
    if isinstance(error, AccountClosed):
        raise Http404("This account was closed.") from error
    context: dict[str, Any] = {"dashboard_url": app_url_or_none("usertokens:dashboard")}
    if isinstance(error, InsufficientTokens):
        template = "usertokens/insufficient_tokens.html"
        context |= {"balance": error.balance, "required": error.required}
    elif isinstance(error, BudgetExceeded):
        template = "usertokens/budget_exceeded.html"
        context |= {"error": error, "budget_url": app_url_or_none("usertokens:budget")}
    else:
        raise error
    page = render(request, template, context, status=402)
    page.headers["Cache-Control"] = "no-store"
    return page


def refuse_anonymous(request: HttpRequest | Request) -> HttpResponse:
    """401 for programs, the log-in for people. Raises NotAuthenticated within DRF, whose answer is the project's."""
    if isinstance(request, Request):
        raise NotAuthenticated
    return _json(NotAuthenticated()) if _wants_json(request) else redirect_to_login(request.get_full_path())


def _wants_json(request: HttpRequest) -> bool:
    """Browsers that open a page name text/html; scripts, and programs that name nothing, get JSON."""
    if request.content_type == "application/json":
        return True
    return request.get_preferred_type(["application/json", "text/html"]) != "text/html"


def _json(error: Exception) -> JsonResponse:
    answer: Any = handle_exception(refusal_of(error), {})
    response = JsonResponse(answer.data, status=answer.status_code)
    for name, value in answer.headers.items():
        response.headers.setdefault(name, value)
    return response
