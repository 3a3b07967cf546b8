"""Receivers of events: their secrets, and an event to try them with."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from kv.events.kinds import PING
from kv.events.outbox import write_events
from kv.events.signing import new_secret
from kv.models import EventReceiver
from kv.times import utc_now

#: So long both secrets sign, unless the old one is ended before.
OVERLAP = timedelta(days=7)


def replace_secret(receiver: EventReceiver, *, now: datetime | None = None) -> str:
    """A new secret, which is answered. The one before stays valid for OVERLAP: two signatures are sent meanwhile."""
    receiver.old_secret, receiver.secret = receiver.secret, new_secret()
    receiver.old_secret_until = (now or utc_now()) + OVERLAP
    receiver.save(update_fields=["secret", "old_secret", "old_secret_until"])
    return receiver.secret


def end_old_secret(receiver: EventReceiver) -> None:
    """The old secret signs no more."""
    receiver.old_secret, receiver.old_secret_until = "", None
    receiver.save(update_fields=["old_secret", "old_secret_until"])


def send_ping(receiver: EventReceiver, *, now: datetime | None = None) -> None:
    """Put an event `test.ping` into the outbox for this receiver alone, and end its pause. The worker posts it."""
    key = secrets.token_hex(8)
    write_events([receiver.pk], PING, {"receiver": receiver.name}, key=key, now=now)
    EventReceiver.objects.filter(pk=receiver.pk).update(paused_until=None)
