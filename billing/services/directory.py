"""Tells the admin's list of users whose subscription is in which state, from what was last read from Stripe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.apps import apps

from billing import keys
from billing.models import StripeCustomer
from billing.services.subscription_states import unpack_state
from billing.types import SubscriptionState
from kv.process.lazy import LazyModule
from kv.store.connection import call_many
from usertokens.types import Subscribed

if TYPE_CHECKING:
    from usertokens.services import directory
else:
    # It imports models, which a project that only sells plans may not have installed.
    directory = LazyModule("usertokens.services.directory")

#: Customers of one step.
_BATCH = 500
_BY_STATUS = {
    "active": Subscribed.ACTIVE,
    "trialing": Subscribed.TRIAL,
    "past_due": Subscribed.UNPAID,
    "unpaid": Subscribed.UNPAID,
    "incomplete": Subscribed.UNPAID,
    "paused": Subscribed.PAUSED,
}


class _Walk:
    """Visits every user with a customer, in steps. Only this process knows the place between two steps."""

    def __init__(self) -> None:
        self._last = 0

    def step(self) -> bool:
        """Note the next users' subscriptions; True while some are left. Raises StoreUnavailable.

        Without the app of tokens there is no list of users to note them in.
        """
        if not apps.is_installed("usertokens"):
            return False
        rows = StripeCustomer.objects.filter(pk__gt=self._last, user__isnull=False).order_by("pk")
        some = list(rows.values_list("pk", "user_id")[:_BATCH])
        note_users(list(dict.fromkeys(str(user_id) for _, user_id in some)))
        self._last = some[-1][0] if len(some) == _BATCH else 0
        return bool(self._last)


def note_users(user_ids: Sequence[str]) -> int:
    """Note the subscriptions of some users, as they were last read; how many have changed. One round trip.

    Raises StoreUnavailable.
    """
    replies = call_many([("HGET", keys.subscription_state(one), "standing") for one in user_ids]) if user_ids else []
    states = zip(user_ids, replies, strict=True)
    return directory.note_subscriptions({one: subscribed(unpack_state(packed)) for one, packed in states if packed})


def subscribed(state: SubscriptionState) -> Subscribed:
    """What the list says of a state."""
    found = _BY_STATUS.get(state.status or "", Subscribed.NONE)
    if found in (Subscribed.ACTIVE, Subscribed.TRIAL) and state.cancel_at is not None:
        return Subscribed.ENDING
    return found


DIRECTORY = _Walk()
