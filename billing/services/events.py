"""What an event means: whose state is read from Stripe again. Nothing else in the event is used."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from logging import getLogger
from typing import Any

from billing.errors import BillingOff, CustomerBusy, StripeRefused, StripeUnavailable, Unresolved
from billing.models import AutomaticCharge, StripeEvent
from billing.services import inbox
from billing.services.auto_sync import stop_if_disputed
from billing.services.guests import session_of_payment
from billing.services.payment_events import emit_returned
from billing.services.statuses import SESSION
from billing.services.stripe_api import client, fetch
from billing.services.sync import sync_customer, sync_session
from kv.errors import StoreUnavailable

log = getLogger(__name__)

#: Every type that may change a plan or a balance. The webhook endpoint at Stripe needs no others.
RELEVANT = (
    "customer.subscription.created", "customer.subscription.updated", "customer.subscription.deleted",
    "customer.subscription.paused", "customer.subscription.resumed", "customer.subscription.trial_will_end",
    "customer.subscription.pending_update_applied", "customer.subscription.pending_update_expired",
    "customer.deleted",
    "checkout.session.completed", "checkout.session.async_payment_succeeded", "checkout.session.async_payment_failed",
    "checkout.session.expired",
    "invoice.paid", "invoice.payment_failed", "invoice.payment_action_required", "invoice.marked_uncollectible",
    "invoice.voided",
    "subscription_schedule.updated", "subscription_schedule.released", "subscription_schedule.canceled",
    "refund.created", "refund.updated", "refund.failed", "charge.refunded",
    "charge.dispute.created", "charge.dispute.updated", "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated", "charge.dispute.closed",
    "payment_intent.succeeded", "payment_intent.payment_failed", "payment_intent.canceled",
)  # fmt: skip
NOT_RELEVANT = "not about plans or tokens"
NOTHING_BOUGHT = "nothing was bought"


def process_event(event: StripeEvent, *, now: datetime | None = None) -> None:
    """Apply one claimed event, and set its state.

    Raises StoreUnavailable (the event is in the queue again) and Django's OperationalError (the claim ends by itself).
    """
    if event.type not in RELEVANT or not _is_ours(event):
        inbox.finish_event(event, NOT_RELEVANT)
        return
    with _handling_refusals(event, now):
        session = None if event.customer_id else _session_of(event)
        customer_id = event.customer_id or str((session or {}).get("customer") or "")
        if not customer_id and session is not None:
            _process_guest(event, session, now)
            return
        others = inbox.list_waiting(customer_id, RELEVANT)
        synced = sync_customer(customer_id, now=now)
        emit_returned(synced.user_id, event, others)
        stop_if_disputed(synced.user_id, customer_id, [event.pk, *others], now=now)
        inbox.finish_event(event)
        inbox.finish_waiting(others)


def _is_ours(event: StripeEvent) -> bool:
    """Payments of checkouts and subscriptions have events of their own; of the others, ours are automatic top-ups."""
    if not event.type.startswith("payment_intent."):
        return True
    return AutomaticCharge.objects.filter(intent_id=event.object_id).exists()


def _process_guest(event: StripeEvent, session: dict[str, Any], now: datetime | None) -> None:
    """A checkout without a customer. A payment link that was opened and not paid has bought nothing."""
    if SESSION.get(session["status"]) is False:
        inbox.finish_event(event, NOTHING_BOUGHT)
        return
    synced = sync_session(session, now=now)
    emit_returned(synced.user_id, event, ())
    inbox.finish_event(event)


@contextmanager
def _handling_refusals(event: StripeEvent, now: datetime | None) -> Iterator[None]:
    """Set the state of an event that can't be applied now: parked, released or tried again later."""
    try:
        yield
    except Unresolved as error:
        inbox.park_event(event, error.reason[:200])
    except CustomerBusy:
        inbox.release_event(event, after=1, now=now)
    except StripeUnavailable as error:
        inbox.retry_event(event, f"Stripe: {error.reason}"[:200], now=now)
    except StripeRefused as error:
        inbox.retry_event(event, f"Stripe refused: {error.reason}"[:200], now=now)
    except BillingOff:
        inbox.park_event(event, "billing is switched off")
    except StoreUnavailable:
        inbox.release_event(event, now=now)
        raise


def _session_of(event: StripeEvent) -> dict[str, Any]:
    """The checkout that an event without a customer is about, or {"customer": …} where its charge names one.

    A refund or dispute names a charge, the charge a payment, and the payment's checkout the user. Raises Unresolved.
    """
    api = client().v1
    if event.type.startswith("checkout.session."):
        return _fetched(api.checkout.sessions, event.object_id)
    found: dict[str, Any] = {}
    if event.type.startswith("refund."):
        found = _fetched(api.refunds, event.object_id)
    elif event.type.startswith("charge.dispute."):
        found = _fetched(api.disputes, event.object_id)
    charge_id = event.object_id if event.type == "charge.refunded" else str(found.get("charge") or "")
    if charge_id:
        found = _fetched(api.charges, charge_id)
    if found.get("customer"):
        return {"customer": found["customer"]}
    session = session_of_payment(str(found["payment_intent"])) if found.get("payment_intent") else None
    if session is None:
        raise Unresolved("it names no customer, and no checkout that does")
    return session


def _fetched(objects: Any, object_id: str) -> dict[str, Any]:
    """One of Stripe's objects. Raises Unresolved for what is no id, for which Stripe answers with a list of them."""
    found = fetch(lambda: objects.retrieve(object_id)) if object_id else {}
    if found.get("id") != object_id:
        raise Unresolved("it names no object that Stripe has")
    return found
