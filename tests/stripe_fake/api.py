"""The API's addresses: which request does what, and how lists are filtered, paged and expanded."""

from __future__ import annotations

import copy
import fnmatch
from typing import Any

from tests.stripe_fake import shapes
from tests.stripe_fake.endpoints import ACTIONS
from tests.stripe_fake.errors import ApiError
from tests.stripe_fake.world import Shape, World

COLLECTIONS = {
    "customers": "customer",
    "products": "product",
    "prices": "price",
    "subscriptions": "subscription",
    "subscription_schedules": "subscription_schedule",
    "checkout/sessions": "checkout.session",
    "payment_intents": "payment_intent",
    "charges": "charge",
    "refunds": "refund",
    "disputes": "dispute",
    "invoices": "invoice",
}
FILTERS = ("customer", "product", "charge", "payment_intent", "active", "status", "subscription", "type")
MAX_EXPAND_DEPTH = 4


def answer(world: World, method: str, path: str, params: dict[str, Any]) -> Shape:
    """Do what one request asks and answer with the object. Raises ApiError."""
    parts = path.removeprefix("/v1/").strip("/").split("/")
    name, rest = (
        ("/".join(parts[:2]), parts[2:]) if parts[0] in ("checkout", "billing_portal") else (parts[0], parts[1:])
    )
    action = ACTIONS.get((method, name, rest[1] if len(rest) > 1 else "", bool(rest)))
    if action is not None:
        found = action(world, rest[0] if rest else "", params)
    elif method == "GET" and name == "events":
        found = _event(world, rest[0]) if rest else _events(world, params)
    elif method == "GET" and name in COLLECTIONS and not rest:
        found = _list(world, name, params)
    elif method == "GET" and name in COLLECTIONS and len(rest) == 1:
        found = _retrieve(world, COLLECTIONS[name], rest[0])
    else:
        raise ApiError(404, "invalid_request_error", f"Unrecognized request URL ({method}: {path}).")
    return expand(world, public(found), params.get("expand", []))


def public(thing: Any) -> Any:
    """A copy without what the world keeps for itself."""
    if isinstance(thing, dict):
        return {key: public(value) for key, value in thing.items() if key != "_"}
    return [public(one) for one in thing] if isinstance(thing, list) else copy.copy(thing)


def expand(world: World, thing: Shape, paths: list[str]) -> Shape:
    """Put the objects in place of their ids, as `expand[]` asks, four levels deep at most."""
    for path in paths:
        steps = path.split(".")
        if len(steps) > MAX_EXPAND_DEPTH:
            raise ApiError(400, "invalid_request_error", "You cannot expand more than 4 levels of a property.")
        _expand_step(world, thing, steps)
    return thing


def _expand_step(world: World, thing: Any, steps: list[str]) -> None:
    if isinstance(thing, list):
        for one in thing:
            _expand_step(world, one, steps)
        return
    if not steps or not isinstance(thing, dict):
        return
    step, rest = steps[0], steps[1:]
    if step == "line_items" and thing["object"] == "checkout.session":
        thing[step] = public(shapes.session_lines(world, world.objects[thing["id"]]))
    elif step == "refunds" and thing["object"] == "charge":
        thing[step] = public(shapes.refunds_of(world, thing["id"]))
    elif step not in thing:
        raise ApiError(400, "invalid_request_error", f"This property cannot be expanded ({step}).")
    elif isinstance(thing[step], str) and thing[step] in world.objects:
        thing[step] = public(world.objects[thing[step]])
    _expand_step(world, thing[step], rest)


def _retrieve(world: World, kind: str, name: str) -> Shape:
    found = world.objects.get(name)
    if found is None or found["object"] != kind:
        raise ApiError(404, "invalid_request_error", f"No such {kind}: '{name}'", code="resource_missing")
    return found


def _list(world: World, name: str, params: dict[str, Any]) -> Shape:
    if (owner := params.get("customer")) in world.unknown:
        raise ApiError(400, "invalid_request_error", f"No such customer: '{owner}'", code="resource_missing")
    things = [thing for thing in world.of(COLLECTIONS[name]) if not thing.get("deleted") and _fits(thing, params)]
    if name == "subscriptions" and "status" not in params:
        things = [thing for thing in things if thing["status"] != "canceled"]
    return _page(things, params, f"/v1/{name}")


def _fits(thing: Shape, params: dict[str, Any]) -> bool:
    for field in FILTERS:
        asked = params.get(field)
        if asked is None or (field == "status" and asked == "all"):
            continue
        value = thing.get(field)
        if field == "subscription" and thing["object"] == "invoice":
            value = thing["parent"]["subscription_details"]["subscription"]
        if (str(value).lower() if isinstance(value, bool) else value) != asked:
            return False
    return True


def _event(world: World, name: str) -> Shape:
    found = next((event for event in world.log if event["id"] == name), None)
    if found is None:
        raise ApiError(404, "invalid_request_error", f"No such event: '{name}'", code="resource_missing")
    return found


def _events(world: World, params: dict[str, Any]) -> Shape:
    kinds = params.get("types") or [params.get("type", "*")]
    if len(kinds) > 20:
        raise ApiError(400, "invalid_request_error", "You may pass up to 20 types.")
    since = int(params.get("created", {}).get("gte", 0)) if isinstance(params.get("created"), dict) else 0
    oldest = max(since, world.now - 30 * shapes.DAY)
    things = [
        event
        for event in reversed(world.log)
        if event["created"] >= oldest and any(fnmatch.fnmatch(event["type"], kind) for kind in kinds)
    ]
    if (success := params.get("delivery_success")) is not None:
        things = [event for event in things if (event["id"] in world.delivered) == (success == "true")]
    return _page(things, params, "/v1/events")


def _page(things: list[Shape], params: dict[str, Any], url: str) -> Shape:
    limit = int(params.get("limit", 10))
    if not 1 <= limit <= 100:
        raise ApiError(400, "invalid_request_error", "Limit is between 1 and 100.")
    if (last := params.get("starting_after")) is not None:
        names = [thing["id"] for thing in things]
        if last not in names:
            raise ApiError(400, "invalid_request_error", f"No such object: '{last}'", code="resource_missing")
        things = things[names.index(last) + 1 :]
    return shapes.listed(things[:limit], url, more=len(things) > limit)
