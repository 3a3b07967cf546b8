"""Requests that change something, by (method, collection, word after the id, whether there is an id)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.stripe_fake import shapes
from tests.stripe_fake.desk import Desk
from tests.stripe_fake.errors import ApiError, missing
from tests.stripe_fake.world import Shape, World


def _create_customer(world: World, name: str, params: dict[str, Any]) -> Shape:
    made = shapes.customer(world, params)
    world.emit("customer.created", made)
    return made


def _update_customer(world: World, name: str, params: dict[str, Any]) -> Shape:
    found = _get(world, name, "customer")
    found["metadata"].update(params.get("metadata", {}))
    found.update({field: params[field] for field in ("email", "name") if field in params})
    world.emit("customer.updated", found)
    return found


def _delete_customer(world: World, name: str, params: dict[str, Any]) -> Shape:
    _get(world, name, "customer")
    return Desk(world).delete_customer(name)


def _create_session(world: World, name: str, params: dict[str, Any]) -> Shape:
    for param in ("mode", "success_url", "line_items"):
        if param not in params:
            raise missing(param)
    chosen = _get(world, params["line_items"][0]["price"], "price")
    mode = params["mode"]
    if (mode == "subscription") != (chosen["type"] == "recurring"):
        raise ApiError(400, "invalid_request_error", "The price's type does not fit the mode.", param="line_items")
    if (owner := params.get("customer")) is not None:
        _get(world, owner, "customer")
    inner = params.get("subscription_data" if mode == "subscription" else "payment_intent_data", {})
    return shapes.session(
        world, [{"price": one["price"], "quantity": int(one.get("quantity", 1))} for one in params["line_items"]],
        mode=mode, customer=owner, cancel_url=params.get("cancel_url"), success_url=params["success_url"],
        client_reference_id=params.get("client_reference_id"), locale=params.get("locale"),
        metadata=dict(params.get("metadata", {})),
        _={"inner": dict(inner.get("metadata", {})), "trial_days": int(inner.get("trial_period_days", 0))},
    )  # fmt: skip


def _expire_session(world: World, name: str, params: dict[str, Any]) -> Shape:
    if _get(world, name, "checkout.session")["status"] != "open":
        raise ApiError(400, "invalid_request_error", 'Only Checkout Sessions with a status in ["open"] can be expired.')
    return Desk(world).expire(name)


def _create_portal(world: World, name: str, params: dict[str, Any]) -> Shape:
    if "customer" not in params:
        raise missing("customer")
    _get(world, params["customer"], "customer")
    settings = next(iter(world.of("billing_portal.configuration")), None)
    if settings is None:
        raise ApiError(400, "invalid_request_error", "No configuration provided and your default is not saved.")
    return shapes.portal_session(world, settings, params)


def _cancel_subscription(world: World, name: str, params: dict[str, Any]) -> Shape:
    if _get(world, name, "subscription")["status"] == "canceled":
        raise ApiError(404, "invalid_request_error", f"No such subscription: '{name}'", code="resource_missing")
    return Desk(world).end(name)


def _update_subscription(world: World, name: str, params: dict[str, Any]) -> Shape:
    _get(world, name, "subscription")
    desk = Desk(world)
    if params.get("cancel_at_period_end") == "true":
        return desk.cancel_at_period_end(name)
    if params.get("cancel_at_period_end") == "false":
        return desk.keep(name)
    return desk.update(name)


def _create_refund(world: World, name: str, params: dict[str, Any]) -> Shape:
    intent = params.get("payment_intent")
    session = next((one for one in world.of("checkout.session") if one["payment_intent"] == intent), None)
    if session is None:
        raise missing("payment_intent")
    return Desk(world).refund(session["id"], int(params["amount"]) if "amount" in params else None)


def _get(world: World, name: str, kind: str) -> Shape:
    found = world.objects.get(name)
    if found is None or found["object"] != kind or found.get("deleted"):
        raise ApiError(
            404 if name else 400, "invalid_request_error", f"No such {kind}: '{name}'", code="resource_missing"
        )
    return found


Action = Callable[[World, str, dict[str, Any]], Shape]
ACTIONS: dict[tuple[str, str, str, bool], Action] = {
    ("POST", "customers", "", False): _create_customer,
    ("POST", "customers", "", True): _update_customer,
    ("DELETE", "customers", "", True): _delete_customer,
    ("POST", "checkout/sessions", "", False): _create_session,
    ("POST", "checkout/sessions", "expire", True): _expire_session,
    ("POST", "billing_portal/sessions", "", False): _create_portal,
    ("DELETE", "subscriptions", "", True): _cancel_subscription,
    ("POST", "subscriptions", "", True): _update_subscription,
    ("POST", "refunds", "", False): _create_refund,
}
