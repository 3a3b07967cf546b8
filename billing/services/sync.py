"""The sync: fetch a customer's whole state from Stripe, and apply it. There is no other way to take effect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from logging import getLogger
from typing import Any

from billing.errors import Unresolved
from billing.models import StripeCustomer
from billing.services import accounts, effects
from billing.services.auto_charges import has_automatic
from billing.services.auto_sync import follow_snapshot
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
from kv.process.threads import async_twin
from kv.times import utc_now

log = getLogger(__name__)

#: When something ends by itself, read it so much later, after Stripe has changed it.
_AFTERWARDS = timedelta(seconds=5)
# A renewal's invoice is paid about an hour after the period began. It is read later, in case its event was lost.
_AFTER_RENEWAL = timedelta(hours=2)


def sync_customer(customer_id: str, *, now: datetime | None = None) -> Synced:
    """Make a user's plan, allowance and top-ups what Stripe says they are now.

    A version is taken first, and everything is fetched after that. It is applied only if no higher version was applied
    before, so the process that has read last wins. A repeated sync changes nothing.

    Raises CustomerBusy, StripeUnavailable, StripeRefused, StoreUnavailable or BillingOff. Raises Unresolved when the
    user, a product or a plan is unknown, or a purchase was refused; everything else has taken effect then.
    """
    row = find_customer(customer_id)
    if row.user_id is None:
        # The account was deleted. Subscriptions that still run are ended, so that nobody goes on paying.
        accounts.end_subscriptions(customer_id)
        return Synced(SyncResult.NO_ACCOUNT)
    return _sync_user(str(row.user_id), now)


async_customer = async_twin(sync_customer, uses_database=True)


def sync_session(session: dict[str, Any], *, now: datetime | None = None) -> Synced:
    """The same for a checkout without a customer that names a user. Raises as `sync_customer`."""
    user_id = find_guest(session)
    return _sync_user(user_id, now) if user_id else Synced(SyncResult.NO_ACCOUNT)


def sync_named(name: str, *, now: datetime | None = None) -> Synced:
    """The same by the id of a customer (cus_…) or of a checkout without one (cs_…)."""
    if not name.startswith("cs_"):
        return sync_customer(name, now=now)
    return sync_session(fetch_session(name), now=now)


def _sync_user(user_id: str, now: datetime | None) -> Synced:
    moment = now or utc_now()
    with user_lock(user_id) as check_lock:
        version = take_version(user_id)
        rows = customers_of(user_id)
        before = effects.current_plan(user_id) or free_plan()
        last, bought = read_state(user_id), read_bought(user_id)
        snapshot, topups = fetch_snapshot(
            rows, moment, last, bought, guests_of(user_id), has_automatic=has_automatic(user_id)
        )
        check_lock()
        synced = Synced(SyncResult.APPLIED, user_id, snapshot.state, topups, version)
        refused: list[str] = []
        is_changed = False
        is_newest = write_state(user_id, snapshot.state, topups, version)
        if is_newest:
            if snapshot.state.plan != before:
                effects.tell_plan(user_id, snapshot.state, before, now=now)
            try:
                is_newest = effects.apply_plan(user_id, snapshot.state, version, now=now)
                is_changed = is_newest and snapshot.state.plan != before
            except Unresolved as error:
                refused.append(error.reason)
        if is_newest:
            refused += _settle_topups(synced, check_lock, now)
            effects.tell_bills(user_id, snapshot.bills, now=now)
            check_lock()
            follow_snapshot(user_id, snapshot, topups, now=now)
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
    """Reasons to park the event: products and statuses that are unknown here, which changed nothing."""
    found = [f"no plan is set for {', '.join(snapshot.unknown_products)}"] if snapshot.unknown_products else []
    found += snapshot.problems
    if found:
        log.warning("billing: user %s keeps plan and tokens: %s", user_id, "; ".join(found))
    return found


def _settle_topups(found: Synced, check_lock: Callable[[], None], now: datetime | None) -> list[str]:
    """Settle every purchase; answers the reasons of those that were refused. The others are settled."""
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
        # A refused purchase is not stored: the next sync takes the number of tokens that the settings have then.
        write_state(found.user_id, found.state, tuple(settled), found.version)
    return refused


def _next_look(state: SubscriptionState, now: datetime) -> datetime:
    """When to read an unpaid period again: after twice as long each time, since it may be paused for years."""
    since = now - (state.period_start or now)
    return now + max(since, timedelta())


def _plan_next_sync(rows: list[StripeCustomer], state: SubscriptionState, now: datetime) -> None:
    """Store when the customers were read, and when to read them again because something ends without an event."""
    moments = [state.grace_until, state.cancel_at, state.pending.at if state.pending else None]
    due = [moment + _AFTERWARDS for moment in moments if moment is not None and moment > now]
    if state.period_end is not None and state.plan.rank:
        # When the next period begins; for an unpaid period earlier, in case the event of its payment is lost.
        is_paid = state.paid_end == state.period_end
        due.append((max(state.period_end, now) if is_paid else _next_look(state, now)) + _AFTER_RENEWAL)
    # Not for an account that was closed meanwhile.
    StripeCustomer.objects.filter(pk__in=[row.pk for row in rows], user__isnull=False).update(
        synced_at=now, next_sync_at=min(due, default=None) if due else None
    )
