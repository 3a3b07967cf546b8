"""Stripe's way of writing nested values in a form: `items[0][price]=price_1`, `expand[]=data.customer`."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

from tests.stripe_fake.errors import invalid

_NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")


def parse_form(text: str) -> dict[str, Any]:
    """The values as nested dicts; all leaves are strings, as in the body of a request, and a list is a dict by index.

    What is a list and what a mapping only the request's own type tells: metadata may have the key "0".
    Raises ApiError for names that contradict each other.
    """
    root: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        found = _NAME.fullmatch(name)
        if found is None:
            raise invalid(f"Invalid request (check that your parameters are encoded properly): {name}", name)
        place = root
        *parents, last = [found.group(1), *re.findall(r"\[([^\]]*)\]", found.group(2))]
        for part in parents:
            inner = place.setdefault(_key(place, part, more=True), {})
            if not isinstance(inner, dict):
                raise invalid(f"Invalid {name}: it is a value and holds others", name)
            place = inner
        if isinstance(place.get(last), dict):
            raise invalid(f"Invalid {name}: it is a value and holds others", name)
        place[_key(place, last)] = value
    return root


def _key(place: dict[str, Any], part: str, *, more: bool = False) -> str:
    """The place that `[]` stands for: the next, or the one that is being filled."""
    if part:
        return part
    return str(max(len(place) - 1, 0) if more and place else len(place))
