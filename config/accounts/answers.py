"""The account pages for scripts: a request with `Accept: application/json` is answered with JSON, not with a page.

A front end of another origin (CORS_ORIGINS) can follow no redirect to a page, and has no form of this site.
"""

from __future__ import annotations

from functools import wraps
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import orjson
from django.core.exceptions import NON_FIELD_ERRORS
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.http.response import HttpResponseBase
from django.middleware.csrf import get_token
from django.shortcuts import resolve_url
from django.utils.translation import gettext as _
from django.views.generic.base import View

from config.bodies import body_length
from config.error_responses import json_error, wants_json
from config.second_factor import factor_id, is_required, is_staff
from config.staff_sessions import pending_user

if TYPE_CHECKING:
    _View = View
else:
    _View = object

_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class AnswersScripts(_View):
    """A mixin of views that log somebody in or out, before their class. Others' responses stay as they are.

    200 {"user_id", "username", "csrfToken"}: logged in; the token is a new one.
    400 with `errors`; 401 `not_authenticated`, or `second_factor_required` with the page to open as `url`; 409
    `already_logged_in` as somebody else; 415 for a body that is neither JSON nor a form.
    """

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        """The view; for scripts with JSON in the place of its redirects. Around it, as the views redirect early."""
        page = super().as_view(**initkwargs)

        @wraps(page)
        def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not wants_json(request):
                return page(request, *args, **kwargs)
            if request.method == "GET":
                return signed_in(request)
            if request.method == "POST" and body_length(request.META) and (refused := _read_fields(request)):
                return refused
            before = request.user.get_username() if request.user.is_authenticated else ""
            response = page(request, *args, **kwargs)
            return _outcome(request, before) if response.status_code == HTTPStatus.FOUND else response

        return view

    def form_invalid(self, form: BaseForm) -> HttpResponse:
        """The page with the errors, or 400 with them."""
        if wants_json(self.request):
            return invalid_form(form)
        return super().form_invalid(form)  # type: ignore[misc,no-any-return] # of the view that this is mixed into


def _read_fields(request: HttpRequest) -> JsonResponse | None:
    """Make the fields of a JSON body those of the form; the refusal of a body that is neither."""
    if request.content_type in _FORMS:
        return None
    if request.content_type != "application/json":
        return json_error(415, "unsupported_media_type", "Send JSON or a form.")
    try:
        fields = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        return json_error(400, "malformed_json", "The body is not valid JSON.", errors={"body": ["Not valid JSON."]})
    if not isinstance(fields, dict):
        fields = {"body": None}
    if errors := {name: ["A text is required."] for name, value in fields.items() if not isinstance(value, str)}:
        return json_error(400, "invalid_input", "Each field is a text.", errors=errors)
    form = QueryDict(mutable=True)
    form.update(fields)
    request.POST = form  # type: ignore[assignment] # what Django's forms and axes read
    return None


def _outcome(request: HttpRequest, before: str) -> JsonResponse:
    """What a redirect means. before: the name of who was logged in then, whom the view leaves logged in."""
    if before and before != request.POST.get("username", before):
        sentence = _("You are logged in as %(name)s. Log out first.") % {"name": before}
        return json_error(409, "already_logged_in", sentence)
    return signed_in(request)


def signed_in(request: HttpRequest) -> JsonResponse:
    """Who is logged in, with a CSRF token; 401 for nobody, and for staff who lack the second factor."""
    user: Any = request.user
    if user.is_authenticated and not (is_staff(user) and is_required() and factor_id(user) is None):
        body = {"user_id": str(user.pk), "username": user.get_username(), "csrfToken": get_token(request)}
        return JsonResponse(body, headers={"Cache-Control": "no-store"})
    if user.is_authenticated or pending_user(request) is not None:
        page = "accounts:second_factor_settings" if user.is_authenticated else "accounts:second_factor"
        sentence = _("Two-factor authentication is required. Open the page and enter a code.")
        url = request.build_absolute_uri(resolve_url(page))
        return json_error(401, "second_factor_required", sentence, url=url)
    return json_error(401, "not_authenticated", _("Nobody is logged in."))


def invalid_form(form: BaseForm) -> JsonResponse:
    """400 with the errors by field; `code` is that of the form's own error, such as `invalid_login`."""
    problems = form.errors.as_data()
    errors = {
        "body" if field == NON_FIELD_ERRORS else field: [message for problem in found for message in problem.messages]
        for field, found in problems.items()
    }
    field, found = next(iter(problems.items()))
    code = (found[0].code if field == NON_FIELD_ERRORS else None) or "invalid_input"
    return json_error(400, code, next(iter(errors.values()))[0], errors=errors)
