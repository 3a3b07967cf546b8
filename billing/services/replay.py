"""Events to apply again: those that Stripe could not deliver, and those that failed or were parked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from billing.models import StripeEvent
from billing.services import inbox
from billing.services.events import RELEVANT
from billing.services.stripe_api import PAGE, client, stripe_errors
from billing.types import EventState
from kv.times import utc_now

#: Stripe keeps events for so many days.
REACH_DAYS = 30
_TYPES_AT_ONCE = 20


def fetch_undelivered(*, days: int = REACH_DAYS, now: datetime | None = None) -> Iterator[dict[str, Any]]:
    """Every relevant event of the last days that Stripe could not deliver, in Stripe's order.

    Raises StripeUnavailable.
    """
    since = int(((now or utc_now()) - timedelta(days=days)).timestamp())
    for first in range(0, len(RELEVANT), _TYPES_AT_ONCE):
        types = RELEVANT[first : first + _TYPES_AT_ONCE]
        params: Any = {"types": list(types), "delivery_success": False, "created": {"gte": since}, "limit": PAGE}
        with stripe_errors():
            for event in client().v1.events.list(params).auto_paging_iter():
                yield event.to_dict()


def take_undelivered(event: dict[str, Any]) -> bool:
    """Store one of them; False when it is stored already."""
    return inbox.record_event(event)


def waiting_events(states: tuple[EventState, ...], event_ids: tuple[str, ...] = ()) -> Any:
    """The events of the inbox in these states. With ids: only those events, in any state."""
    if event_ids:
        return StripeEvent.objects.filter(event_id__in=event_ids)
    return StripeEvent.objects.filter(state__in=states)
