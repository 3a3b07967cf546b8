"""The installed stripe library, asked for its own types."""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any

from stripe._object_classes import OBJECT_CLASSES


@cache
def resource_class(kind: str) -> type[Any] | None:
    """The library's class of a kind of object ("checkout.session"); None for one that it does not have."""
    if kind not in OBJECT_CLASSES:
        return None
    module, name = OBJECT_CLASSES[kind]
    found: type[Any] = getattr(importlib.import_module(module), name)
    return found


@cache
def fields_of(kind: str) -> frozenset[str]:
    """The names of a kind's fields."""
    found = resource_class(kind)
    return frozenset(getattr(found, "__annotations__", {})) - {"OBJECT_NAME"}
