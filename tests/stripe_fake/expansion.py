"""`expand[]`: objects in place of their ids, and lists that are sent on request only."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any, get_args, get_origin

from stripe import ListObject

from tests.stripe_fake import shapes
from tests.stripe_fake.errors import ApiError, invalid
from tests.stripe_fake.library import alternatives, fields
from tests.stripe_fake.state import Shape, StripeState

_DEPTH = 4
_LINES = 10
#: Lists inside objects that Stripe sends where they are asked for.
_ON_DEMAND: dict[tuple[str, str], Callable[[StripeState, Shape], Shape]] = {
    ("checkout.session", "line_items"): shapes.session_lines,
    ("payment_link", "line_items"): shapes.link_lines,
    ("charge", "refunds"): lambda state, thing: shapes.refunds_of(state, thing["id"]),
    ("invoice", "payments"): lambda state, thing: shapes.payments_of(state, thing["id"]),
    ("customer", "subscriptions"): shapes.subscriptions_of,
}


def public(thing: Any) -> Any:
    """A copy without private fields. An invoice has its first ten lines; the rest is a list of its own."""
    if isinstance(thing, dict):
        made = {key: public(value) for key, value in thing.items() if key != "_"}
        lines = made.get("lines", {}).get("data", []) if made.get("object") == "invoice" else []
        if len(lines) > _LINES:
            made["lines"].update(data=lines[:_LINES], has_more=True)
        return made
    return [public(one) for one in thing] if isinstance(thing, list) else copy.copy(thing)


def check_paths(owner: type[Any], paths: list[str], *, is_list: bool) -> None:
    """Refuse what can't be expanded in an answer of this class. Raises ApiError."""
    for path in paths:
        steps = path.split(".")
        if len(steps) > _DEPTH:
            raise invalid(f"You cannot expand more than {_DEPTH} levels of a property. Property: {path}", "expand")
        if is_list and (steps[0] != "data" or len(steps) == 1):
            raise invalid(
                f"This property cannot be expanded ({path}). You may want to try expanding 'data.{path}'.", "expand"
            )
        _check([owner], steps[1:] if is_list else steps, path)


def expand(state: StripeState, thing: Shape, paths: list[str]) -> Shape:
    """Put the objects in, as the paths ask; they were checked before."""
    for path in paths:
        _fill(state, thing, path.split("."))
    return thing


def _check(owners: list[Any], steps: list[str], path: str) -> None:
    step, rest = steps[0], steps[1:]
    found = [(fields(owner)[step][0], sys.modules[owner.__module__]) for owner in owners if step in fields(owner)]
    if not found:
        raise _refusal(path)
    inner, is_expandable = _inside(*found[0])
    if not inner or not (rest or is_expandable):
        raise _refusal(path)
    if rest and rest[0] == "data" and get_origin(_main(*found[0])) is ListObject:
        rest = rest[1:]
        if not rest:
            raise _refusal(path)
    if rest:
        _check(inner, rest, path)


def _inside(annotation: Any, module: ModuleType) -> tuple[list[type[Any]], bool]:
    """The classes behind a field, and whether asking for it changes what is sent."""
    members = alternatives(annotation, module)
    if any(get_origin(one) is list for one in members):
        inner = next(one for one in members if get_origin(one) is list)
        return _inside(get_args(inner)[0], module)
    if any(get_origin(one) is ListObject for one in members):
        inner = next(one for one in members if get_origin(one) is ListObject)
        classes, _ = _inside(get_args(inner)[0], module)
        return classes, type(None) in members
    classes = [one for one in members if isinstance(one, type) and hasattr(one, "_inner_class_types")]
    return classes, bool(classes) and str in members


def _main(annotation: Any, module: ModuleType) -> Any:
    return next(one for one in alternatives(annotation, module) if one is not type(None))


def _refusal(path: str) -> ApiError:
    return invalid(f"This property cannot be expanded ({path}).", "expand")


def _fill(state: StripeState, thing: Any, steps: list[str]) -> None:
    if isinstance(thing, list):
        for one in thing:
            _fill(state, one, steps)
        return
    if not steps or not isinstance(thing, dict):
        return
    step, rest = steps[0], steps[1:]
    on_demand = _ON_DEMAND.get((thing.get("object", ""), step))
    if on_demand is not None and step not in thing:
        thing[step] = public(on_demand(state, state.objects[thing["id"]]))
    value = thing.get(step)
    if isinstance(value, list):
        thing[step] = [_object(state, one) for one in value]
    else:
        thing[step] = _object(state, value)
    _fill(state, thing[step], rest)


def _object(state: StripeState, value: Any) -> Any:
    return public(state.objects[value]) if isinstance(value, str) and value in state.objects else value
