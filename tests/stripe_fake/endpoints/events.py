"""The account's events of the last thirty days."""

from __future__ import annotations

import fnmatch

from tests.stripe_fake.endpoints.lists import PAGING, page
from tests.stripe_fake.endpoints.registry import Call, endpoint
from tests.stripe_fake.errors import invalid, no_such
from tests.stripe_fake.state import Shape
from tests.stripe_fake.times import DAY

_REACH = 30 * DAY
_TYPES = 20


@endpoint("GET /v1/events", f"{PAGING} type types delivery_success")
def list_events(call: Call) -> Shape:
    if "type" in call.params and "types" in call.params:
        raise invalid("You may only specify one of these parameters: type, types.", "types")
    kinds = call.params.get("types") or [call.params.get("type", "*")]
    if len(kinds) > _TYPES:
        raise invalid(f"You may pass up to {_TYPES} types.", "types")
    oldest = call.state.now - _REACH
    things = [
        event
        for event in reversed(call.state.log)
        if event["created"] >= oldest and any(fnmatch.fnmatch(event["type"], kind) for kind in kinds)
    ]
    if (success := call.params.get("delivery_success")) is not None:
        # What no endpoint is registered for has no delivery that could fail.
        waits = {event["id"] for event in call.state.events} - call.state.delivered
        things = [event for event in things if (event["id"] not in waits) == success]
    return page(things, call.params, "/v1/events")


@endpoint("GET /v1/events/{id}")
def retrieve_event(call: Call) -> Shape:
    found = next((event for event in call.state.log if event["id"] == call.ids[0]), None)
    if found is None:
        raise no_such("event", call.ids[0])
    return found
