"""Dispatch of a request: find the operation, check the parameters, call its endpoint, check the answer."""

from __future__ import annotations

from typing import Any

from tests.stripe_fake.endpoints import (
    catalogue,
    customers,
    events,
    invoices,
    lists,
    objects,
    payments,
    sessions,
    subscriptions,
)
from tests.stripe_fake.endpoints.registry import ENDPOINTS, Call, not_simulated
from tests.stripe_fake.errors import ApiError
from tests.stripe_fake.expansion import check_paths, expand, public
from tests.stripe_fake.library import Operation, find_operation
from tests.stripe_fake.state import Shape, StripeState
from tests.stripe_fake.validation import validate

_REGISTERED = (catalogue, customers, events, invoices, lists, objects, payments, sessions, subscriptions)


def read_request(method: str, path: str, form: dict[str, Any]) -> tuple[Operation, tuple[str, ...], dict[str, Any]]:
    """What a request asks: the operation, the ids in its path, its parameters. Raises ApiError."""
    found = find_operation(method, path.rstrip("/"))
    if found is None:
        raise ApiError(
            404, "invalid_request_error",
            f"Unrecognized request URL ({method}: {path}). Please see https://stripe.com/docs or we can help at "
            "https://support.stripe.com/.",
        )  # fmt: skip
    operation, ids = found
    params = validate(operation, form)
    check_paths(operation.answers, params.get("expand", []), is_list=operation.is_list)
    return operation, ids, params


def perform(state: StripeState, operation: Operation, ids: tuple[str, ...], params: dict[str, Any]) -> Shape:
    """Perform the operation, and answer its object. Raises ApiError."""
    address = f"{operation.method} {operation.template}"
    chosen = ENDPOINTS.get(address)
    if chosen is None:
        raise not_simulated(address)
    if unknown := chosen.not_simulated(params):
        raise not_simulated(f"{', '.join(unknown)} of {address}")
    found = chosen.do(Call(state, ids, params))
    return expand(state, public(found), params.get("expand", []))
