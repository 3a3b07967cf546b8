"""One shape for every refusal: `{"detail", "code", "errors"?, …}` and the status that goes with it."""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import set_rollback

from kv.errors import StoreUnavailable
from kv.rest.negotiation import MAX_BODY, BodyTooLarge
from kv.web.rate_limits import RateLimited

log = logging.getLogger(__name__)


class Refusal(exceptions.APIException):
    """A refusal with a status, a machine name and, where it helps, data beside them."""

    def __init__(self, status_code: int, code: str, detail: str, **data: Any) -> None:
        super().__init__(detail, code)
        self.status_code = status_code
        self.data = data


class InvalidInput(exceptions.ValidationError):
    """400 for one field: `InvalidInput("receipt", "This receipt is not ours.")`."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__({field: [message]})


def handle_exception(error: Exception, context: Any) -> Response | None:
    """What DRF calls for an exception in a view; None leaves it to Django."""
    error = _translate(error)
    if not isinstance(error, exceptions.APIException):
        return None
    set_rollback()
    body: dict[str, Any] = {"detail": _sentence(error.detail), "code": _code(error)}
    if error.status_code == status.HTTP_400_BAD_REQUEST:
        body["errors"] = _fields(error.detail)
    body.update(getattr(error, "data", {}))
    # What was refused now may be granted the next moment.
    headers = {"Cache-Control": "no-store", **getattr(error, "headers", {})}
    asks_who = isinstance(error, exceptions.AuthenticationFailed | exceptions.NotAuthenticated)
    if asks_who and (header := getattr(error, "auth_header", None)):
        headers["WWW-Authenticate"] = header
    return Response(body, status=error.status_code, headers=headers)


def _translate(error: Exception) -> Exception:
    if isinstance(error, StoreUnavailable):
        log.warning("store unavailable: %s", error)
        return _unavailable("store_unavailable", "The store of counts can't be reached. Try again in a moment.")
    if isinstance(error, OperationalError | InterfaceError):
        log.warning("database unavailable: %s", type(error).__name__)
        return _unavailable("database_unavailable", "The database can't be reached. Try again in a moment.")
    if isinstance(error, RateLimited):
        return _too_many(error)
    return _from_django(error)


def _from_django(error: Exception) -> Exception:
    if isinstance(error, RequestDataTooBig):
        return BodyTooLarge(MAX_BODY)
    if isinstance(error, Http404):
        return exceptions.NotFound()
    if isinstance(error, PermissionDenied):
        return exceptions.PermissionDenied()
    return error


def _unavailable(code: str, detail: str) -> Refusal:
    refusal = Refusal(status.HTTP_503_SERVICE_UNAVAILABLE, code, detail)
    refusal.headers = {"Retry-After": "1"}  # type: ignore[attr-defined] # DRF's handler reads it
    return refusal


def _too_many(error: RateLimited) -> Refusal:
    window = error.limit.window
    refusal = Refusal(status.HTTP_429_TOO_MANY_REQUESTS, "rate_limited", "Too many requests. Wait a little.")
    name = error.limit.name
    # The fields of draft-ietf-httpapi-ratelimit-headers: the policy, and what is left of it.
    refusal.headers = {  # type: ignore[attr-defined] # DRF's handler reads it
        "Retry-After": str(error.retry_after),
        "RateLimit": f'"{name}";r=0;t={error.retry_after}',
        "RateLimit-Policy": f'"{name}";q={window.amount};w={window.seconds}' if window else f'"{name}"',
    }
    return refusal


def _code(error: exceptions.APIException) -> str:
    if isinstance(error, exceptions.ValidationError):
        return "invalid_input"
    code = getattr(error.detail, "code", None) or error.default_code
    return {"error": "bad_request"}.get(code, code)


def _sentence(detail: Any) -> str:
    if isinstance(detail, str):
        return str(detail)
    fields = _fields(detail)
    return " ".join(f"{field}: {messages[0]}" for field, messages in fields.items() if messages) or "Invalid input."


def _fields(detail: Any) -> dict[str, list[str]]:
    """Flatten DRF's nested details to {field: [sentence, …]}; what belongs to no field is under `body`."""
    if isinstance(detail, dict):
        flat: dict[str, list[str]] = {}
        for key, inner in detail.items():
            name = "body" if key == "non_field_errors" else str(key)
            if isinstance(inner, dict):
                # What is wrong with a list as a whole, where one is expected, is wrong with the field.
                flat.update({name if sub == "body" else f"{name}.{sub}": said for sub, said in _fields(inner).items()})
            elif isinstance(inner, list):
                flat[name] = [_sentence(message) for message in inner if message]
            else:
                flat[name] = [str(inner)]
        return flat
    if isinstance(detail, list):
        return {"body": [_sentence(message) for message in detail]}
    return {"body": [str(detail)]}
