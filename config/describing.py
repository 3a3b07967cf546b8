"""The description of the API as drf-spectacular makes it, for `/api/schema` and `/api/docs`."""

from __future__ import annotations

import threading
from typing import Any

from django.utils import translation
from drf_spectacular.generators import SchemaGenerator

# The library finds what its extensions are for when it first needs them. Two threads that do so at once meet a class
# that is half found: AttributeError. Two descriptions at once would take no less time.
_one_at_a_time = threading.Lock()


def describe_api() -> dict[str, Any]:
    """The description of every call, in OpenAPI's words: the same for all callers, in English."""
    generator: Any = SchemaGenerator
    with _one_at_a_time, translation.override("en"):
        described: dict[str, Any] = generator().get_schema(request=None, public=True)
    return described
