"""Events out: what happens in the project, posted to other systems as Standard Webhooks, at least once.

    from kv.events import emit

    emit("plan.changed", {"user_id": "7", "from": "Free", "to": "Plus"}, key="7:1767225600000")

`emit` writes rows in the caller's transaction, one for each receiver that has chosen the type; the worker posts them.
Each AppConfig names the types of its app in `event_types`, as the dotted path of a list of `EventType`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kv.process.lazy import lazy_names

if TYPE_CHECKING:
    from kv.events.kinds import EventType
    from kv.events.outbox import emit, take_back
    from kv.events.wanted import is_surely_wanted, is_wanted

__all__ = ["EventType", "emit", "is_surely_wanted", "is_wanted", "take_back"]

_PLACES = {
    "kinds": ("EventType",),
    "outbox": ("emit", "take_back"),
    "wanted": ("is_surely_wanted", "is_wanted"),
}
__getattr__, __dir__ = lazy_names(__name__, __all__, _PLACES)
