"""The types of event of all installed apps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.utils.module_loading import import_string

from kv.errors import UnknownEventType

#: What the button "Send a test event" sends. No receiver chooses it.
PING = "test.ping"


@dataclass(frozen=True)
class EventType:
    """name: as receivers read it, such as `plan.changed`. text: one short sentence for the staff, translated lazily."""

    name: str
    text: Any


def event_types() -> dict[str, EventType]:
    """Every type by its name: each AppConfig names a list of its own in `event_types`, as a dotted path."""
    places = (getattr(config, "event_types", "") for config in apps.get_app_configs())
    found = {kind.name: kind for place in places if place for kind in import_string(place)}
    return dict(sorted(found.items()))


def require_type(name: str) -> None:
    """Raise UnknownEventType when no installed app has this type."""
    if name not in event_types():
        raise UnknownEventType(name)
