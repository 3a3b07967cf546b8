"""The inbox of events. Each is stored before Stripe gets its answer, and claimed by a worker under a lease.

In the end an event is done, failed or parked, as the admin shows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from logging import getLogger
from typing import Any

import orjson
from django.db import IntegrityError
from django.db.models import Count, Min, Q

from billing.errors import BadEvent
from billing.models import StripeEvent
from billing.services.stripe_api import is_live
from billing.types import EventState
from kv.errors import StoreUnavailable
from kv.sql.transactions import atomic_for
from kv.times import utc_now
from kv.work.duties import wake_duty

log = getLogger(__name__)

DUTY = "billing_work"
#: How long a claim lasts. After a crash the event is claimed again at its end.
LEASE = timedelta(seconds=90)
#: Seconds before each further try. After the last one the event has failed, and only `billing_replay` tries again.
BACKOFF = (5, 30, 120, 600, 1800, 3600, 7200)
#: The object name of thin events, of Stripe's second API.
THIN = "v2.core.event"
OTHER_MODE = "other mode"
#: Done events are deleted after this time. Stripe itself keeps events for 30 days.
RETENTION = timedelta(days=90)
_BATCH = 500


def take_event(body: bytes, *, now: datetime | None = None) -> bool:
    """Store the event of a verified webhook request; False when it is stored already. Call `wake_worker` afterwards.

    Raises BadEvent when the body is not an event, and Django's OperationalError when nothing was stored.
    """
    try:
        event = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadEvent("not JSON") from error
    return record_event(event, now=now)


def record_event(event: Any, *, now: datetime | None = None) -> bool:
    """Store one event as received, or as parked when it is of the other mode; False when it is stored already."""
    row = _row(event, now or utc_now())
    try:
        # A transaction of its own: a duplicate must not break the caller's
        # (shown by tests/billing/test_webhook.py::test_a_duplicate_is_answered_and_kept_once).
        with atomic_for(StripeEvent):
            row.save(force_insert=True)
    except IntegrityError:
        return False
    return True


def wake_worker() -> None:
    """Wake the worker. If the store is not available, the worker looks by itself once it is back."""
    try:
        wake_duty(DUTY)
    except StoreUnavailable:
        log.warning("billing: the store is not available, the worker will look when it is back")


def claim_event(*, now: datetime | None = None) -> StripeEvent | None:
    """Claim the oldest event that is due; None when there is none. Of several workers only one gets it."""
    now = now or utc_now()
    waiting = Q(state=EventState.RECEIVED) | Q(state=EventState.PROCESSING)
    while True:
        event = StripeEvent.objects.filter(waiting, due_at__lte=now).order_by("due_at", "pk").first()
        if event is None:
            return None
        # Compare and set: each claim changes `due_at`, so of two workers one updates no row.
        claimed = StripeEvent.objects.filter(pk=event.pk, state=event.state, due_at=event.due_at).update(
            state=EventState.PROCESSING.value, due_at=now + LEASE, attempts=event.attempts + 1
        )
        if claimed:
            event.state, event.due_at, event.attempts = EventState.PROCESSING.value, now + LEASE, event.attempts + 1
            return event


def finish_event(event: StripeEvent, note: str = "") -> None:
    """The event is applied, or there was nothing to apply (`note` says why)."""
    _move(event, EventState.DONE, error=note, done_at=utc_now())


def list_waiting(customer_id: str, types: Sequence[str]) -> list[int]:
    """The rows of a customer's waiting events. A sync that starts after this call covers them too."""
    waiting = StripeEvent.objects.filter(customer_id=customer_id, state=EventState.RECEIVED, type__in=types)
    return list(waiting.values_list("pk", flat=True))


def finish_waiting(rows: Sequence[int]) -> None:
    """Mark these as done, since one sync covered them; rows that another worker has claimed meanwhile are skipped."""
    if rows:
        StripeEvent.objects.filter(pk__in=rows, state=EventState.RECEIVED).update(
            state=EventState.DONE.value, error="", done_at=utc_now()
        )


def park_event(event: StripeEvent, reason: str) -> None:
    """The event can't be applied until somebody acts. `billing_replay` tries again."""
    _move(event, EventState.PARKED, error=reason)


def retry_event(event: StripeEvent, reason: str, *, now: datetime | None = None) -> None:
    """Try again later, each time after a longer wait. After the last try the event has failed."""
    if event.attempts > len(BACKOFF):
        _move(event, EventState.FAILED, error=reason)
        return
    wait = timedelta(seconds=BACKOFF[event.attempts - 1])
    _move(event, EventState.RECEIVED, error=reason, due_at=(now or utc_now()) + wait)


def release_event(event: StripeEvent, *, after: float = 0.0, now: datetime | None = None) -> None:
    """Put the event back without counting the try: the reason was not about this event."""
    wait = timedelta(seconds=after)
    _move(event, EventState.RECEIVED, due_at=(now or utc_now()) + wait, attempts=max(event.attempts - 1, 0))


def replay_events(events: Any, *, now: datetime | None = None) -> int:
    """Put failed, parked or done events in the queue again, as if they came now; answers how many."""
    count = events.filter(state__in=(EventState.FAILED, EventState.PARKED, EventState.DONE)).update(
        state=EventState.RECEIVED.value, attempts=0, error="", due_at=now or utc_now(), done_at=None
    )
    if count:
        wake_worker()
    return int(count)


def count_events() -> dict[str, int]:
    """The number of events by state; states without events are left out."""
    rows = StripeEvent.objects.values_list("state").annotate(Count("pk")).order_by()
    return dict(rows)


def count_stuck() -> dict[str, int]:
    """The number of failed and of parked events, which wait for somebody to act. Reads no other rows."""
    rows = StripeEvent.objects.filter(state__in=(EventState.FAILED, EventState.PARKED))
    return dict(rows.values_list("state").annotate(Count("pk")).order_by())


def oldest_waiting() -> datetime | None:
    """When the oldest event came that is neither done nor failed nor parked; None: there is none."""
    waiting = StripeEvent.objects.filter(state__in=(EventState.RECEIVED, EventState.PROCESSING))
    found: datetime | None = waiting.aggregate(oldest=Min("received_at"))["oldest"]
    return found


def tidy_inbox(*, now: datetime | None = None) -> bool:
    """Delete some events that were done long ago; True when more may be left.

    No event is needed again: the effects have idempotency keys of their own.
    """
    old = (now or utc_now()) - RETENTION
    # An event is done hours before it would be due again at the latest. By `due_at` the index finds the old ones.
    done = StripeEvent.objects.filter(state=EventState.DONE, done_at__lt=old, due_at__lt=old + timedelta(days=1))
    some = list(done.values_list("pk", flat=True)[:_BATCH])
    StripeEvent.objects.filter(pk__in=some).delete()
    return len(some) == _BATCH


def _move(event: StripeEvent, state: EventState, **fields: Any) -> None:
    # Only under this worker's own claim: after its end another worker may have claimed the event
    # (shown by tests/billing/test_guarantees.py::test_an_event_that_another_has_claimed_is_left_to_it).
    StripeEvent.objects.filter(pk=event.pk, state=EventState.PROCESSING, due_at=event.due_at).update(
        state=state.value, **fields
    )
    event.state = state.value


def _row(event: Any, now: datetime) -> StripeEvent:
    # Only an id, a type and an object are required. The other fields of Stripe's events are not.
    if not isinstance(event, Mapping) or event.get("object", "event") not in ("event", THIN):
        raise BadEvent("not an event")
    if event.get("object") == THIN:
        event = _as_classic_event(event)
    try:
        thing: Mapping[str, Any] = event["data"]["object"]
        livemode = event.get("livemode", is_live()) is True
        row = StripeEvent(
            event_id=_text(event["id"], 64),
            type=_text(event["type"], 80),
            object_id=_text(thing.get("id") or "", 255),
            customer_id=_customer(thing),
            livemode=livemode,
            happened_at=datetime.fromtimestamp(int(event["created"]), UTC) if "created" in event else now,
            due_at=now,
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError) as error:
        raise BadEvent("an event without a required field") from error
    if livemode != is_live():
        row.state, row.error = EventState.PARKED.value, OTHER_MODE
    return row


def _as_classic_event(event: Mapping[str, Any]) -> dict[str, Any]:
    """A thin event (as of Accounts v2) in the form of the other events. Its types are not relevant here.

    If it were refused, Stripe would send it again for days and then disable the endpoint.
    """
    named = event.get("related_object")
    about = {"id": named.get("id")} if isinstance(named, Mapping) else {}
    rest = {name: value for name, value in event.items() if name not in ("created", "data")}
    return {**rest, "object": "event", "data": {"object": about}}


def _customer(thing: Mapping[str, Any]) -> str:
    found = thing.get("id") if thing.get("object") == "customer" else thing.get("customer")
    if isinstance(found, Mapping):  # depends on the API version of the endpoint
        found = found.get("id")
    return _text(found or "", 64)


def _text(value: object, longest: int) -> str:
    if not isinstance(value, str) or len(value) > longest or "\x00" in value:
        raise ValueError("not a text of at most that length")
    return value
