"""An account goes: its subscriptions end first, and nothing that Stripe sends later brings anything back."""

from __future__ import annotations

from logging import getLogger
from typing import Any

from django.utils import timezone

from billing.errors import BillingOff, StripeRefused, StripeUnavailable
from billing.models import StripeCustomer
from billing.services.customers import find_presence
from billing.services.guests import forget_guest
from billing.services.statuses import SUBSCRIPTION, Running
from billing.services.stripe_api import PAGE, client, fetch, fetch_all, is_live, is_on
from billing.services.subscription_states import forget_state
from billing.types import Presence
from kv.errors import StoreUnavailable

log = getLogger(__name__)


def close_account(user_id: str) -> None:
    """End every subscription of a user who is about to be deleted, now, and expire open checkouts. May be repeated.

    Raises StripeUnavailable: then the account must stay, or somebody would go on paying for it.
    """
    rows = StripeCustomer.objects.filter(user_id=user_id)
    # Retired ones first: where Stripe shows one of them its key is back, and the newer ones are another account's.
    passes = False
    for row in sorted(rows.exclude(customer_id=None), key=lambda row: row.closed_at is None):
        if row.livemode != is_live() or not is_on():
            log.warning(
                "billing: %s can't be reached with the present key, its subscriptions were not ended", row.customer_id
            )
            continue
        is_retired = row.closed_at is not None
        ended = end_subscriptions(str(row.customer_id), passes=is_retired or passes)
        passes = passes or (is_retired and ended is not None)
    # The user is taken off here and now, not by the deletion that follows: a hook in between must find nobody.
    rows.update(user=None, is_own=False, closed_at=timezone.now(), next_sync_at=None)
    forget_guest(user_id)
    try:
        forget_state(user_id)
    except StoreUnavailable:
        log.warning("billing: the store is away, the last state of a deleted user stays until it is overwritten")


def end_subscriptions(customer_id: str, *, passes: bool = False) -> int | None:
    """End at Stripe what still runs of a customer, and expire checkouts that are open; answers how many ended.

    passes: that Stripe does not show it is no hindrance, as with one that it did not have when its user last wanted to
            pay.
    None: Stripe does not show it. Raises StripeUnavailable.
    """
    ended = 0
    try:
        stripe = client()
        subscriptions: Any = {"customer": customer_id, "status": "all", "limit": PAGE}
        for found in fetch_all(lambda: stripe.v1.subscriptions.list(subscriptions)):
            if SUBSCRIPTION.get(found["status"]) is not Running.OVER:
                _end(found["id"])
                ended += 1
        expire_checkouts(customer_id)
    except StripeRefused as error:
        # Deleted at Stripe, and its subscriptions with it; test data may vanish as a whole. A live customer whom this
        # key does not show may go on paying under another.
        may_be_elsewhere = is_live() and not passes and find_presence(customer_id) is not Presence.DELETED
        if error.reason != "resource_missing" or may_be_elsewhere:
            raise StripeUnavailable(error.reason) from error
        log.warning("billing: Stripe does not show %s, nothing of it was ended", customer_id)
        return None
    except BillingOff:
        log.warning("billing: switched off, nothing was ended at Stripe")
    return ended


def expire_checkouts(customer_id: str, mode: str = "") -> None:
    """Close checkouts that nobody finished (of one mode, or all), so that none is paid later by mistake."""
    stripe = client()
    sessions: Any = {"customer": customer_id, "status": "open", "limit": PAGE}
    for found in fetch_all(lambda: stripe.v1.checkout.sessions.list(sessions)):
        if mode and found["mode"] != mode:
            continue
        try:
            fetch(lambda found=found: stripe.v1.checkout.sessions.expire(found["id"]))  # type: ignore[misc]
        except StripeRefused:
            log.info("billing: checkout %s was finished meanwhile", found["id"])


def _end(subscription_id: str) -> None:
    try:
        fetch(lambda: client().v1.subscriptions.cancel(subscription_id))
    except StripeRefused as error:
        if error.reason != "resource_missing":  # ended meanwhile
            raise
