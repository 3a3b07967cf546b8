"""Closing an account: its subscriptions end first, and later events of Stripe's change nothing."""

from __future__ import annotations

from logging import getLogger
from typing import Any

from billing.errors import BillingOff, StripeRefused, StripeUnavailable
from billing.models import StripeCustomer
from billing.services.auto_closing import close_auto_topup
from billing.services.customers import find_presence
from billing.services.guests import forget_guest
from billing.services.sessions import expire_session
from billing.services.statuses import SUBSCRIPTION, Running
from billing.services.stripe_api import PAGE, client, fetch, fetch_all, is_live, is_on
from billing.services.subscription_states import forget_state
from billing.types import Presence
from kv.errors import StoreUnavailable
from kv.times import utc_now

log = getLogger(__name__)


def close_account(user_id: str) -> None:
    """End every subscription of a user who is about to be deleted, and expire open checkouts. It may be repeated.

    Raises StripeUnavailable. Then the account must not be deleted, or its user would go on paying
    (shown by tests/billing/test_accounts.py::test_while_stripe_is_away_nothing_is_deleted).
    """
    close_auto_topup(user_id)
    rows = StripeCustomer.objects.filter(user_id=user_id)
    # Retired customers first. If Stripe has one of them, the older key is back, and the newer customers belong to the
    # other account.
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
    # The user is removed from the rows now, not by the deletion that follows: an event in between must find no user.
    rows.update(user=None, is_own=False, closed_at=utc_now(), next_sync_at=None)
    forget_guest(user_id)
    try:
        forget_state(user_id)
    except StoreUnavailable:
        log.warning("billing: the store is not available, so the last state of a deleted user stays in it")


def end_subscriptions(customer_id: str, *, passes: bool = False) -> int | None:
    """End a customer's running subscriptions at Stripe, and expire open checkouts.

    passes: do not fail when Stripe has no such customer, as when it had none at the user's last checkout.
    Answers how many subscriptions were ended; None when Stripe has no such customer. Raises StripeUnavailable.
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
        # A deleted customer has no subscriptions any more, and test data may be wiped. But a live customer that is
        # missing under this key may go on paying under another one.
        may_be_elsewhere = is_live() and not passes and find_presence(customer_id) is not Presence.DELETED
        if error.reason != "resource_missing" or may_be_elsewhere:
            raise StripeUnavailable(error.reason) from error
        log.warning("billing: Stripe has no customer %s, so no subscription was ended", customer_id)
        return None
    except BillingOff:
        log.warning("billing: switched off, so no subscription was ended at Stripe")
    return ended


def expire_checkouts(customer_id: str) -> None:
    """Expire all open checkouts, so that none is paid later by mistake."""
    stripe = client()
    sessions: Any = {"customer": customer_id, "status": "open", "limit": PAGE}
    for found in fetch_all(lambda: stripe.v1.checkout.sessions.list(sessions)):
        expire_session(str(found["id"]))


def _end(subscription_id: str) -> None:
    try:
        fetch(lambda: client().v1.subscriptions.cancel(subscription_id))
    except StripeRefused as error:
        if error.reason != "resource_missing":  # it has ended meanwhile
            raise
