"""Which receivers want which types of event, as this process last read it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from django.db import connections, router

from kv.models import EventReceiver

#: For so long, in seconds, an answer is kept. A receiver that another process has made or changed is known after it.
FRESH_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Look:
    """receivers: (key, types) of those that are switched on. until: by time.monotonic()."""

    receivers: tuple[tuple[int, frozenset[str]], ...] = ()
    until: float = float("-inf")


_look = Look()


def has_database() -> bool:
    """Whether the project has a database. Without one it has no receivers, and the duties have nothing to do."""
    return connections[router.db_for_read(EventReceiver)].vendor != "unknown"


def receivers_of(name: str) -> list[int]:
    """The keys of the receivers that want this type. One query every two seconds, whoever asks."""
    return [key for key, types in _current().receivers if name in types]


def is_wanted(*names: str) -> bool:
    """Whether any receiver wants one of these types."""
    return any(not types.isdisjoint(names) for _, types in _current().receivers)


def is_surely_wanted(*names: str, before: bool) -> bool:
    """`is_wanted` for who keeps the answer. before: what is kept; it is not changed to False by an old look."""
    if is_wanted(*names):
        return True
    if before:
        forget_look()
    return before and is_wanted(*names)


def forget_look() -> None:
    """Ask the database next time: a receiver was changed here."""
    set_look(Look())


def on_receiver_changed(**_: Any) -> None:
    """A receiver was saved or deleted."""
    forget_look()


def set_look(look: Look) -> None:
    """Take this for what the database has. For tests: nothing is asked until `look.until`."""
    global _look  # noqa: PLW0603 (one for the process)
    _look = look


def _current() -> Look:
    look = _look
    if time.monotonic() < look.until:
        return look
    if not has_database():
        return Look()
    rows = EventReceiver.objects.filter(is_on=True).order_by("pk").values_list("pk", "types")
    look = Look(tuple((key, frozenset(types)) for key, types in rows), time.monotonic() + FRESH_SECONDS)
    set_look(look)
    return look
