"""What is kept of events and for how long, how many there are, and how they are sent again."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Count, Exists, Min, OuterRef, QuerySet

from kv.models import EventReceiver, EventState, OutgoingEvent
from kv.times import utc_now

#: Delivered events are kept so long, to be seen and to be sent again.
RETENTION = timedelta(days=30)
#: Events that no receiver has taken, parked or of a receiver that is switched off.
LONGEST_RETENTION = timedelta(days=90)
_BATCH = 500


def replay_events(events: QuerySet[OutgoingEvent], *, now: datetime | None = None) -> int:
    """Have events sent again, with all their tries; how many. Those that wait are due at once."""
    now = now or utc_now()
    rows = OutgoingEvent.objects.filter(pk__in=events.order_by().values("pk"))
    return rows.update(state=EventState.WAITING.value, attempts=0, note="", due_at=now, delivered_at=None)


def replay_parked(receiver: int | None = None, *, now: datetime | None = None) -> int:
    """All parked events, or those of one receiver; how many."""
    parked = OutgoingEvent.objects.filter(state=EventState.PARKED)
    return replay_events(parked if receiver is None else parked.filter(receiver=receiver), now=now)


def forget_user_events(user_id: str) -> int:
    """Delete the events about a user, delivered or not, but that the user was deleted; how many.

    The receivers are told to forget the user, so what came before is no longer news.
    """
    return OutgoingEvent.objects.filter(user_id=user_id).exclude(type="user.deleted").delete()[0]


def tidy_events(*, now: datetime | None = None) -> bool:
    """Delete some old events, and those of receivers that are gone; True when more may be left."""
    now = now or utc_now()
    old = OutgoingEvent.objects.filter(created_at__lt=now - RETENTION, state=EventState.DELIVERED)
    oldest = OutgoingEvent.objects.filter(created_at__lt=now - LONGEST_RETENTION)
    orphans = OutgoingEvent.objects.exclude(Exists(EventReceiver.objects.filter(pk=OuterRef("receiver_id"))))
    is_more = False
    for rows in (old, oldest, orphans):
        some = list(rows.order_by().values_list("pk", flat=True)[:_BATCH])
        OutgoingEvent.objects.filter(pk__in=some).delete()
        is_more = is_more or len(some) == _BATCH
    return is_more


def count_events() -> dict[str, int]:
    """How many wait and how many are parked; states without events are left out. Reads no delivered rows."""
    rows = OutgoingEvent.objects.filter(state__in=(EventState.WAITING, EventState.PARKED))
    return dict(rows.values_list("state").annotate(Count("pk")).order_by())


def oldest_waiting() -> datetime | None:
    """When the oldest event was written that waits for a receiver that is on; None: there is none."""
    waiting = OutgoingEvent.objects.filter(state=EventState.WAITING, receiver__is_on=True)
    found: datetime | None = waiting.aggregate(oldest=Min("created_at"))["oldest"]
    return found
