"""The one way in which anything from Stripe takes effect here.

Fetch a customer's whole state, and make ours the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from logging import getLogger
from typing import Any

from django.utils import timezone

from billing.errors import Unresolved
from billing.models import StripeCustomer
from billing.services import accounts, effects
from billing.services.customers import customers_of, find_customer
from billing.services.guests import fetch_session, find_guest, guests_of
from billing.services.plans import Snapshot
from billing.services.snapshots import fetch_snapshot
from billing.services.subscription_states import (
    forget_state,
    mark_applied,
    read_bought,
    read_state,
    take_version,
    user_lock,
    write_state,
)
from billing.signals import plan_changed
from billing.types import SubscriptionState, Synced, SyncResult, TopUp, free_plan

log = getLogger(__name__)

#: After a moment at which something ends by itself, wait so long before looking: Stripe's own clock moves it first.
_AFTERWARDS = timedelta(seconds=5)
# A renewal's invoice is paid about an hour after the period began; looked at then in case its event got lost.
_AFTER_RENEWAL = timedelta(hours=2)


def sync_customer(customer_id: str, *, now: datetime | None = None) -> Synced:
    """Make a user's plan, allowance and top-ups what Stripe says they are now.

    A number is taken first and everything is fetched after it; it is applied only if no higher number was applied
    before. So whoever looked last wins, and whoever heard of the last change looks after it. Repeated, it changes
    nothing.

    Raises CustomerBusy, StripeUnavailable, StripeRefused, StoreUnavailable, BillingOff, or Unresolved: the user, a
    product or a plan is not known, or a purchase was refused; what was not refused has taken effect all the same.
    """
    row = find_customer(customer_id)
    if row.user_id is None:
        # Nobody is there to have a plan: whatever of it still runs is ended, so that nobody pays for nothing.
        accounts.end_subscriptions(customer_id)
        return Synced(SyncResult.NO_ACCOUNT)
    return _sync_user(str(row.user_id), now)


def sync_session(session: dict[str, Any], *, now: datetime | None = None) -> Synced:
    """The same by a checkout that has no customer and names a user. Raises as `sync_customer`."""
    user_id = find_guest(session)
    return _sync_user(user_id, now) if user_id else Synced(SyncResult.NO_ACCOUNT)


def sync_named(name: str, *, now: datetime | None = None) -> Synced:
    """The same by the id of a customer (cus_…) or of a guest's checkout (cs_…)."""
    if not name.startswith("cs_"):
        return sync_customer(name, now=now)
    return sync_session(fetch_session(name), now=now)


def _sync_user(user_id: str, now: datetime | None) -> Synced:
    moment = now or timezone.now()
    with user_lock(user_id) as check_lock:
        version = take_version(user_id)
        rows = customers_of(user_id)
        before = effects.current_plan(user_id) or free_plan()
        snapshot, topups = fetch_snapshot(rows, moment, read_state(user_id), read_bought(user_id), guests_of(user_id))
        check_lock()
        synced = Synced(SyncResult.APPLIED, user_id, snapshot.state, topups, version)
        refused: list[str] = []
        is_changed = False
        is_newest = write_state(user_id, snapshot.state, topups, version)
        if is_newest:
            try:
                is_newest = effects.apply_plan(user_id, snapshot.state, version, now=now)
                is_changed = is_newest and snapshot.state.plan != before
            except Unresolved as error:
                refused.append(error.reason)
        if is_newest:
            refused += _settle_topups(synced, check_lock, now)
            if not refused:
                mark_applied(user_id, version)
        else:
            synced = replace(synced, result=SyncResult.OUTDATED)
        _plan_next_sync(rows, snapshot.state, moment)
        if not customers_of(user_id) and not guests_of(user_id):
            # The account was closed meanwhile, and its state forgotten before this one was written
            # (shown by tests/billing/test_guarantees.py::test_nothing_stays_seen_of_an_account_that_closes_meanwhile).
            forget_state(user_id)
            synced = replace(synced, result=SyncResult.NO_ACCOUNT)
    if is_changed:
        plan_changed.send(StripeCustomer, user_id=user_id, plan=snapshot.state.plan, status=snapshot.state.status)
    refused += _report_unknown(user_id, snapshot)
    if refused:
        raise Unresolved("; ".join(refused))
    return synced


def _report_unknown(user_id: str, snapshot: Snapshot) -> list[str]:
    """What nothing was done about, since it is not known here: it is parked with the event that brought it."""
    found = [f"no plan is set for {', '.join(snapshot.unknown_products)}"] if snapshot.unknown_products else []
    found += snapshot.problems
    if found:
        log.warning("billing: user %s keeps what stands: %s", user_id, "; ".join(found))
    return found


def _settle_topups(found: Synced, check_lock: Callable[[], None], now: datetime | None) -> list[str]:
    """Settle every purchase; answers why some were refused, which stops no other."""
    refused: list[str] = []
    settled: list[TopUp] = []
    for topup in found.topups:
        check_lock()
        try:
            effects.settle_topup(found.user_id, topup, now=now)
            settled.append(topup)
        except Unresolved as error:
            refused.append(error.reason)
    if refused:
        # What a refused purchase was to bring binds nobody: next time it is what is set by then.
        write_state(found.user_id, found.state, tuple(settled), found.version)
    return refused


def _next_look(state: SubscriptionState, now: datetime) -> datetime:
    """When to look at a period that is not paid: each time after twice as long, since it may be paused for years."""
    since = now - (state.period_start or now)
    return now + max(since, timedelta())


def _plan_next_sync(rows: list[StripeCustomer], state: SubscriptionState, now: datetime) -> None:
    """Write down when it was read, and when something will end without anybody sending an event."""
    moments = [state.grace_until, state.cancel_at, state.pending.at if state.pending else None]
    due = [moment + _AFTERWARDS for moment in moments if moment is not None and moment > now]
    if state.period_end is not None and state.plan.rank:
        # While a period is not paid, in case the event of its payment gets lost; else when the next one begins.
        is_paid = state.paid_end == state.period_end
        due.append((max(state.period_end, now) if is_paid else _next_look(state, now)) + _AFTER_RENEWAL)
    # Not of an account that was closed meanwhile: nobody is there to be read again.
    StripeCustomer.objects.filter(pk__in=[row.pk for row in rows], user__isnull=False).update(
        synced_at=now, next_sync_at=min(due, default=None) if due else None
    )
