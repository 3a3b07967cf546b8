"""Refusals in Stripe's shape."""

from __future__ import annotations

from typing import Any

from tests.stripe_fake.state import Shape

INVALID = "invalid_request_error"


class ApiError(Exception):
    """An answer with an error: its HTTP status, and the body in Stripe's format."""

    def __init__(
        self, status: int, kind: str, message: str, *, code: str | None = None, param: str | None = None, **more: Any
    ) -> None:
        super().__init__(message)
        self.status = status
        given = {"code": code, "param": param, **more}
        error: Shape = {"message": message, "type": kind, **{name: one for name, one in given.items() if one}}
        if code:
            error["doc_url"] = f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"
        self.body = {"error": error}


def invalid(message: str, param: str | None = None, *, code: str | None = None) -> ApiError:
    """The request can't be done: 400."""
    return ApiError(400, INVALID, message, code=code, param=param)


def missing(param: str) -> ApiError:
    return invalid(f"Missing required param: {param}.", param, code="parameter_missing")


def unknown_param(param: str, similar: str | None = None) -> ApiError:
    hint = f". Did you mean {similar}?" if similar else ""
    return invalid(f"Received unknown parameter: {param}{hint}", param, code="parameter_unknown")


def no_such(kind: str, name: str, param: str = "id") -> ApiError:
    """An unknown id: 404 where the address names it, 400 where a parameter does."""
    word = {"checkout.session": "checkout.session", "payment_method": "PaymentMethod"}.get(kind, kind)
    return ApiError(
        404 if param == "id" else 400, INVALID, f"No such {word}: '{name}'", code="resource_missing", param=param
    )
