"""Stripe's way of writing nested values in a form: `items[0][price]=price_1`, `expand[0]=data.customer`."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

_PART = re.compile(r"[^\[\]]+")


def parse_form(text: str) -> dict[str, Any]:
    """The values as nested dicts and lists; all leaves are strings, as on the wire."""
    root: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        parts = _PART.findall(name)
        place = root
        for part in parts[:-1]:
            place = place.setdefault(part, {})
        if name.endswith("[]"):
            place = root
            for part in parts[:-1]:
                place = place[part]
            place.setdefault(parts[-1], {})[str(len(place[parts[-1]]))] = value
        else:
            place[parts[-1]] = value
    return {key: _lists(value) for key, value in root.items()}


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {key: _lists(one) for key, one in value.items()}
    if inner and all(key.isdecimal() for key in inner):
        return [inner[key] for key in sorted(inner, key=int)]
    return inner
