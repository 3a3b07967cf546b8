"""Checks an object against the library's own class: fields, types and enum values, at every depth."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from decimal import Decimal
from types import ModuleType
from typing import Any, get_args, get_origin

from stripe import ListObject
from stripe._stripe_object import UntypedStripeObject

from tests.stripe_fake.library import alternatives, fields, literals, resource_class
from tests.stripe_fake.nullable import NULLABLE

_PLAIN: dict[Any, tuple[type, ...]] = {
    str: (str,), int: (int,), bool: (bool,), float: (int, float), Decimal: (str,), Any: (object,),
}  # fmt: skip


def problems(thing: Any, values: frozenset[str] = frozenset()) -> list[str]:
    """What is wrong with an object, a list or a deleted object; [] when it is as Stripe sends it.

    values: enum values that pass although this version of the library does not know them.
    """
    return list(_Checker(values).thing(thing, "")) if isinstance(thing, dict) else [f"{thing!r} is no object"]


class _Checker:
    def __init__(self, values: frozenset[str]) -> None:
        self._newer_values = values

    def thing(self, thing: dict[str, Any], path: str) -> Iterator[str]:
        """Any object that says what it is."""
        kind = str(thing.get("object"))
        if kind == "list":
            yield from self._list(thing, path)
            return
        owner = resource_class(kind)
        if owner is None:
            yield f"{path or 'it'}: Stripe has no object {kind!r}"
            return
        if thing.get("deleted"):
            yield from (f"{path}.{name} of a deleted object" for name in set(thing) - {"id", "object", "deleted"})
            return
        yield from self.fields(owner, thing, path or kind)
        for name in NULLABLE.get(kind, ()):
            if name not in thing:
                yield f"{path or kind}.{name} is always sent, null or not"

    def fields(self, owner: Any, thing: dict[str, Any], path: str) -> Iterator[str]:
        """The fields of a class."""
        known = fields(owner)
        for name, (_, must) in known.items():
            if must and name not in thing:
                yield f"{path}.{name} is missing"
        module = sys.modules[owner.__module__]
        for name, value in thing.items():
            if name not in known:
                yield f"{path}.{name}: Stripe has no such field"
            else:
                yield from self._value(known[name][0], module, value, f"{path}.{name}")

    def _value(self, annotation: Any, module: ModuleType, value: Any, path: str) -> Iterator[str]:
        members = alternatives(annotation, module)
        values = literals(annotation, module)
        if value is None:
            if type(None) not in members:
                yield f"{path} is never null"
        elif values and isinstance(value, str):
            if value not in values and value not in self._newer_values and not _is_id(members, value):
                yield f"{path}: {value!r} is none of {', '.join(map(str, values))}"
        elif isinstance(value, dict):
            yield from self._nested(members, module, value, path)
        elif isinstance(value, list):
            inner = [get_args(one)[0] for one in members if get_origin(one) is list]
            if not inner:
                yield f"{path} is no list"
            for number, one in enumerate(value):
                yield from self._value(inner[0], module, one, f"{path}[{number}]") if inner else ()
        elif not values and not _fits(members, value):
            yield f"{path}: {value!r} is not {annotation}"

    def _nested(self, members: tuple[Any, ...], module: ModuleType, value: dict[str, Any], path: str) -> Iterator[str]:
        for one in members:
            if get_origin(one) is ListObject:
                yield from self._list(value, path)
                return
            if get_origin(one) is UntypedStripeObject or one is UntypedStripeObject:
                return
        if isinstance(value.get("object"), str):
            yield from self.thing(value, path)
            return
        inner = [one for one in members if isinstance(one, type) and hasattr(one, "_inner_class_types")]
        if not inner:
            yield f"{path} holds no object"
            return
        yield from self.fields(inner[0], value, path)

    def _list(self, thing: dict[str, Any], path: str) -> Iterator[str]:
        if missing := {"object", "data", "has_more", "url"} - set(thing):
            yield f"{path}: a list without {', '.join(sorted(missing))}"
        for number, one in enumerate(thing.get("data", ())):
            yield from self.thing(one, f"{path}.data[{number}]")


def _fits(members: tuple[Any, ...], value: Any) -> bool:
    if isinstance(value, bool):
        return bool in members or any(get_args(one) == (True,) for one in members)
    return any(isinstance(value, _PLAIN[one]) for one in members if one in _PLAIN)


def _is_id(members: tuple[Any, ...], value: str) -> bool:
    """An id in a field that may hold an object or a value of an enum."""
    return any(isinstance(one, type) and hasattr(one, "_inner_class_types") for one in members) and "_" in value
