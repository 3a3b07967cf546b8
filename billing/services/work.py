"""The background work: apply events of the inbox, and read customers again when time alone changes something."""

from __future__ import annotations

from datetime import datetime, timedelta
from logging import getLogger

from django.db import DatabaseError

from billing.errors import BillingOff, CustomerBusy, StripeRefused, StripeUnavailable, Unresolved
from billing.models import StripeCustomer
from billing.services import catalogue, inbox
from billing.services.events import process_event
from billing.services.stripe_api import is_on
from billing.services.sync import sync_customer
from kv.errors import StoreUnavailable
from kv.times import utc_now

log = getLogger(__name__)

#: A customer that could not be read is read again after this time.
_RETRY_AFTER = timedelta(minutes=10)


def work_inbox(*, now: datetime | None = None) -> bool:
    """One step: one event, or one customer that is due, or the prices. True when there may be more to do.

    Raises StoreUnavailable or Django's DatabaseError; the step is then repeated later.
    """
    if not is_on():
        return False
    if work_event(now=now) or work_due(now=now):
        return True
    try:
        catalogue.keep_fresh(now=now)
    except (StripeUnavailable, StripeRefused) as error:
        log.warning("billing: the prices could not be read: %s", error.reason)
    return False


def work_event(*, now: datetime | None = None) -> bool:
    """Claim one event and apply it; False when no event is due."""
    event = inbox.claim_event(now=now)
    if event is None:
        return False
    try:
        process_event(event, now=now)
    except (StoreUnavailable, DatabaseError):
        raise
    except Exception as error:
        # A bug must not stop the events behind this one: it is tried again, then fails visibly
        # (shown by tests/billing/test_failures.py::test_a_defect_of_ours_stops_nobody_else).
        log.exception("billing: event %s could not be applied", event.event_id)
        inbox.retry_event(event, type(error).__name__, now=now)
    return True


def work_due(*, now: datetime | None = None) -> bool:
    """Read one customer again whose period, grace or plan has ended by itself; False when no customer is due."""
    now = now or utc_now()
    row = (
        StripeCustomer.objects.filter(next_sync_at__lte=now).exclude(customer_id=None).order_by("next_sync_at").first()
    )
    if row is None:
        return False
    # The time is moved first: a read that fails is due again later, and of two workers one takes the customer.
    mine = StripeCustomer.objects.filter(pk=row.pk, next_sync_at=row.next_sync_at).update(
        next_sync_at=now + _RETRY_AFTER
    )
    if mine:
        try:
            sync_customer(str(row.customer_id), now=now)
        except (StripeUnavailable, StripeRefused, Unresolved) as error:
            log.warning("billing: %s could not be read: %s", row.customer_id, error.reason)
        except (CustomerBusy, BillingOff):
            log.info("billing: %s is read by another process", row.customer_id)
    return True
