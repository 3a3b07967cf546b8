"""Posts what waits for one receiver, oldest first, under a claim on that receiver.

A post that says nothing against the event (no connection, 5xx, 429) pauses the receiver, longer each time. The event
itself has a schedule of its own (`backoff.SCHEDULE`) and is parked behind its last try. A refusal (4xx, a redirect) is
about the event: those behind it go on.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from logging import getLogger

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from kv.conf import app_settings
from kv.errors import UnsafeWebhookAddress, WebhookRefused, WebhookUnavailable
from kv.events import backoff
from kv.events.addresses import AddressRules
from kv.events.signing import body_of, message_id, sign, valid_secrets
from kv.events.wanted import forget_look
from kv.events.webhooks import WebhookConnection
from kv.models import EventReceiver, EventState, OutgoingEvent
from kv.times import utc_now

log = getLogger(__name__)

#: Seconds that one POST may take, connection and answer together.
TIMEOUT = 15.0
#: How long a claim lasts. After a crash another worker goes on at its end.
LEASE = timedelta(seconds=40)
#: Events of one step, and its length in seconds: a worker that is shutting down waits for it.
STEP = 50
_STEP_SECONDS = 5.0
_GONE = 410
#: Behind so many failures in a row a receiver was away: what was tried meanwhile is due once it is back.
_AWAY = 3


@dataclass(slots=True)
class Delivered:
    """sent, refused, parked: events of this step. problem: what the receiver failed with, "" for nothing."""

    sent: int = 0
    refused: int = 0
    parked: int = 0
    problem: str = ""


def due_receivers(now: datetime) -> list[int]:
    """The keys of receivers for which something can be posted now. One query."""
    waits = OutgoingEvent.objects.filter(receiver=OuterRef("pk"), state=EventState.WAITING, due_at__lte=now)
    free = _free(now).filter(Exists(waits))
    return list(free.order_by("pk").values_list("pk", flat=True))


def deliver_to(key: int, *, now: datetime | None = None) -> Delivered | None:
    """One step for one receiver; None when it is paused, off, gone or claimed by another worker.

    now: for tests; None: the present moment of each event.
    Raises Django's DatabaseError: the claim ends by itself.
    """
    claimed = (now or utc_now()) + LEASE
    if not _free(now or utc_now()).filter(pk=key).update(claimed_until=claimed):
        return None
    receiver = EventReceiver.objects.filter(pk=key).first()
    if receiver is None:
        return None
    done = Delivered()
    due = OutgoingEvent.objects.filter(receiver=key, state=EventState.WAITING, due_at__lte=now or utc_now())
    events = list(due.order_by("due_at", "pk")[:STEP])
    if events:
        try:
            _post_all(receiver, events, done, now)
        except (WebhookUnavailable, UnsafeWebhookAddress) as error:
            done.problem = str(error)
    if done.refused and not done.sent and not done.problem:
        done.problem = "it refused every event"
        _pause(receiver, done.problem, now=now)
    EventReceiver.objects.filter(pk=key, claimed_until=claimed).update(claimed_until=None)
    return done


def address_rules() -> AddressRules:
    """What a receiver's URL may be."""
    is_allowed = app_settings.EVENTS_ALLOW_PRIVATE
    return AddressRules("EVENTS_ALLOW_PRIVATE", is_private_allowed=is_allowed, is_own_machine_allowed=is_allowed)


def _post_all(receiver: EventReceiver, events: list[OutgoingEvent], done: Delivered, now: datetime | None) -> None:
    """Raises WebhookUnavailable or UnsafeWebhookAddress, with the receiver paused and the event put off."""
    until = time.monotonic() + _STEP_SECONDS
    try:
        connection = WebhookConnection(receiver.url, address_rules(), timeout=TIMEOUT)
    except (WebhookUnavailable, UnsafeWebhookAddress) as error:
        done.parked += _put_off(events[0], str(error), now)
        _pause(receiver, str(error), now=now)
        raise
    with connection:
        for event in events:
            try:
                _post(connection, receiver, event, now)
            except WebhookRefused as error:
                done.refused += 1
                done.parked += _put_off(event, str(error), now)
                if error.status == _GONE:
                    _switch_off(receiver, str(error))
                    return
            except WebhookUnavailable as error:
                done.parked += _put_off(event, str(error), now)
                _pause(receiver, str(error), now=now, after=error.after)
                raise
            else:
                done.sent += 1
                _succeed(receiver, event, now)
            if time.monotonic() > until:
                return


def _post(connection: WebhookConnection, receiver: EventReceiver, event: OutgoingEvent, now: datetime | None) -> None:
    body, secrets = body_of(event), valid_secrets(receiver, now or utc_now())
    connection.post(body, sign(body, message=message_id(receiver, event), at=int(time.time()), secrets=secrets))


def _succeed(receiver: EventReceiver, event: OutgoingEvent, now: datetime | None) -> None:
    at = now or utc_now()
    OutgoingEvent.objects.filter(pk=event.pk).update(
        state=EventState.DELIVERED.value, attempts=F("attempts") + 1, note="", delivered_at=at
    )
    values = {"delivered_at": at, "failures": 0, "paused_until": None, "note": ""}
    # Once a second is enough to tell when it was last reached.
    if receiver.failures or receiver.note or not receiver.delivered_at or at - receiver.delivered_at > _SECOND:
        EventReceiver.objects.filter(pk=receiver.pk).update(**values)
    if receiver.failures >= _AWAY:
        waits = OutgoingEvent.objects.filter(receiver=receiver.pk, state=EventState.WAITING, due_at__gt=at)
        waits.update(due_at=F("created_at"))  # in their old order
    for name, value in values.items():
        setattr(receiver, name, value)


_SECOND = timedelta(seconds=1)


def _put_off(event: OutgoingEvent, why: str, now: datetime | None) -> int:
    """Try it again later, or park it; how many were parked."""
    attempts = event.attempts + 1
    wait = backoff.next_try(attempts)
    values = {"attempts": attempts, "note": why[:200]}
    row = OutgoingEvent.objects.filter(pk=event.pk, state=EventState.WAITING)
    if wait is not None:
        row.update(due_at=(now or utc_now()) + wait, **values)
        return 0
    log.error("events: %s of receiver %d is parked after %d tries (%s)", event.type, event.receiver_id, attempts, why)
    return row.update(state=EventState.PARKED.value, **values)


def _pause(receiver: EventReceiver, why: str, *, now: datetime | None, after: int = 0) -> None:
    receiver.failures += 1
    pause = max(backoff.pause(receiver.failures), timedelta(seconds=after))
    log.warning("events: receiver %d: %s", receiver.pk, why)
    EventReceiver.objects.filter(pk=receiver.pk).update(
        failures=receiver.failures, paused_until=(now or utc_now()) + pause, note=why[:200]
    )


def _switch_off(receiver: EventReceiver, why: str) -> None:
    """As the specification has it for 410: the receiver is gone. What waits stays, for when it is switched on again."""
    log.error("events: receiver %d is switched off: %s", receiver.pk, why)
    EventReceiver.objects.filter(pk=receiver.pk).update(is_on=False, note=why[:200])
    forget_look()


def _free(now: datetime) -> QuerySet[EventReceiver]:
    """Receivers that are on, not paused, and that no worker posts to."""
    return EventReceiver.objects.filter(
        Q(paused_until=None) | Q(paused_until__lte=now), Q(claimed_until=None) | Q(claimed_until__lte=now), is_on=True
    )
