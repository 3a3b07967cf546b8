"""The outbox of events: rows in the database, in the transaction of whoever emits them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from kv.events.kinds import require_type
from kv.events.wanted import receivers_of
from kv.models import EventState, OutgoingEvent
from kv.times import utc_now

#: The longest key of an event.
LONGEST_KEY = 200


def emit(type: str, data: Mapping[str, Any], *, key: str, at: datetime | None = None) -> None:  # noqa: A002 (the envelope's word)
    """Put an event into the outbox, within the caller's transaction: once for each receiver that has chosen its type.

    type: one that an installed app names in its AppConfig's `event_types`.
    data: what the event says, for JSON: ids and figures, no address or e-mail. An event about a user has "user_id":
          with the user it is deleted from the outbox.
    key:  names the event within its type, at most 200 characters: the same key again writes nothing.
    at:   when it happened; None: now.
    Without a receiver it costs no query, but for one look every two seconds.
    Raises UnknownEventType, and ValueError for a key that is empty or too long.
    """
    if not 1 <= len(key) <= LONGEST_KEY:
        raise ValueError(f"key: 1 to {LONGEST_KEY} characters are required")
    require_type(type)
    receivers = receivers_of(type)
    if receivers:
        write_events(receivers, type, data, key=key, at=at)


def write_events(
    receivers: list[int],
    name: str,
    data: Mapping[str, Any],
    *,
    key: str,
    at: datetime | None = None,
    now: datetime | None = None,
) -> None:
    """A row for each of these receivers, unless it has one of this type and key."""
    now = now or utc_now()
    # PostgreSQL stores no NUL: one text of a project's own, such as a reason, would hold up every event behind it.
    values = {name: value.replace("\0", "") if isinstance(value, str) else value for name, value in data.items()}
    OutgoingEvent.objects.bulk_create(
        [
            OutgoingEvent(
                receiver_id=receiver,
                type=name,
                key=key,
                data=values,
                user_id=str(values.get("user_id") or "")[:64],
                at=at or now,
                created_at=now,
                due_at=now,
            )
            for receiver in receivers
        ],
        ignore_conflicts=True,
    )


def take_back(type: str, key: str) -> None:  # noqa: A002 (as `emit`)
    """Delete an event that has not come true, where it was not sent yet."""
    if receivers_of(type):
        OutgoingEvent.objects.filter(type=type, key=key, state=EventState.WAITING).delete()
