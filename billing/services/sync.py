"""The one way in which anything from Stripe takes effect here.

Fetch a customer's whole state, and make ours the same.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from billing.errors import StripeRefused, Unresolved
from billing.models import StripeCustomer
from billing.services import accounts, effects
from billing.services.customers import customers_of, find_customer, is_deleted
from billing.services.plans import Reading, plan_of, read_subscriptions, scheduled_price, with_pending
from billing.services.standings import (
    forget_standing,
    holding_user,
    mark_applied,
    read_standing,
    take_observation,
    write_standing,
)
from billing.services.stripe_api import PAGE, client, fetch, fetch_all
from billing.services.topups import bought_tokens, read_topup
from billing.signals import plan_changed
from billing.types import Standing, Synced, TopUp

#: After a moment at which something ends by itself, wait so long before looking: Stripe's own clock moves it first.
_AFTERWARDS = timedelta(seconds=5)
# A renewal's invoice is paid about an hour after the period began; looked at then in case its event got lost.
_AFTER_RENEWAL = timedelta(hours=2)


def sync_customer(customer_id: str, *, now: datetime | None = None) -> Synced:
    """Make a user's plan, allowance and top-ups what Stripe says they are now.

    A number is taken first and everything is fetched after it; it is applied only if no higher number was applied
    before. So whoever looked last wins, and whoever heard of the last change looks after it. Repeated, it changes
    nothing.

    Raises Unresolved (the user, or a product, is not known), CustomerBusy, StripeUnavailable, StoreUnavailable.
    """
    row = find_customer(customer_id)
    if row.user_id is None:
        # Nobody is there to have a plan: whatever of it still runs is ended, so that nobody pays for nothing.
        accounts.end_subscriptions(customer_id)
        return Synced("", Standing(), (), 0, applied=False)
    moment = now or timezone.now()
    user_id = str(row.user_id)
    with holding_user(user_id) as still_held:
        observation = take_observation(user_id)
        rows = customers_of(user_id)
        before = read_standing(user_id).plan
        reading, topups = observe(rows, moment)
        still_held()
        applied = write_standing(user_id, reading.standing, topups, observation)
        applied = applied and effects.apply_plan(user_id, reading.standing, observation, now=now)
        if applied:
            for topup in topups:
                still_held()
                effects.settle_topup(user_id, topup, now=now)
            mark_applied(user_id, observation)
        _note(rows, reading.standing, moment)
        if not customers_of(user_id):
            # The account was closed meanwhile, and its standing forgotten before this one was written.
            forget_standing(user_id)
    if applied and reading.standing.plan != before:
        plan_changed.send(
            StripeCustomer, user_id=user_id, plan=reading.standing.plan.value, status=reading.standing.status
        )
    if reading.unknown_products:
        raise Unresolved(f"no plan is set for {', '.join(reading.unknown_products)}")
    return Synced(user_id, reading.standing, topups, observation, applied=applied)


def observe(rows: list[StripeCustomer], now: datetime) -> tuple[Reading, tuple[TopUp, ...]]:
    """What Stripe says now about a user's customers; reads only.

    One that was retired counts while Stripe shows it, and is passed over when not.
    Raises StripeUnavailable, or Unresolved when Stripe does not show another.
    """
    subscriptions: list[dict[str, Any]] = []
    topups: list[TopUp] = []
    for row in rows:
        try:
            subscriptions += _subscriptions(str(row.customer_id))
            topups += _topups(str(row.customer_id))
        except StripeRefused as error:
            # Not known is not deleted: under another account's key every customer would lose what is paid for.
            is_missing = error.reason == "resource_missing"
            if not is_missing or (row.closed_at is None and not is_deleted(str(row.customer_id))):
                raise Unresolved(f"Stripe does not show customer {row.customer_id}: {error.reason}") from error
    reading = read_subscriptions(subscriptions, now)
    return _with_schedule(reading, subscriptions, now), tuple(topups)


def _subscriptions(customer_id: str) -> list[dict[str, Any]]:
    params: Any = {
        "customer": customer_id,
        "status": "all",
        "limit": PAGE,
        "expand": ["data.latest_invoice", "data.schedule"],
    }
    found = fetch_all(lambda: client().v1.subscriptions.list(params))
    for subscription in found:
        if subscription["status"] == "past_due":
            subscription["unpaid_since"] = _unpaid_since(subscription["id"])
    return found


def _unpaid_since(subscription_id: str) -> int | None:
    """When the oldest invoice was made that is still to be paid (s since 1970)."""
    params: Any = {"subscription": subscription_id, "status": "open", "limit": PAGE}
    invoices = fetch_all(lambda: client().v1.invoices.list(params))
    return min((int(invoice["created"]) for invoice in invoices), default=None)


def _topups(customer_id: str) -> list[TopUp]:
    params: Any = {
        "customer": customer_id,
        "limit": PAGE,
        "expand": ["data.line_items", "data.payment_intent.latest_charge"],
    }
    found = fetch_all(lambda: client().v1.checkout.sessions.list(params))
    # Oldest first: so the journal tells them in the order in which they happened.
    return [topup for session in reversed(found) if (topup := _topup(session)) is not None]


def _topup(session: dict[str, Any]) -> TopUp | None:
    if not bought_tokens(session):
        return None
    intent = session.get("payment_intent")
    charge = intent.get("latest_charge") if isinstance(intent, dict) else None
    refunds: list[dict[str, Any]] = []
    disputes: list[dict[str, Any]] = []
    if isinstance(charge, dict):
        params: Any = {"charge": charge["id"], "limit": PAGE}
        # `amount_refunded` falls back to 0 when a refund fails; then nothing is to be asked either.
        if charge.get("amount_refunded"):
            refunds = fetch_all(lambda: client().v1.refunds.list(params))
        if charge.get("disputed"):
            disputes = fetch_all(lambda: client().v1.disputes.list(params))
    return read_topup(session, refunds, disputes)


def _with_schedule(reading: Reading, subscriptions: list[dict[str, Any]], now: datetime) -> Reading:
    standing = reading.standing
    chosen = next((one for one in subscriptions if one["id"] == standing.subscription_id), None)
    planned = scheduled_price(chosen, now) if chosen else None
    if planned is None:
        return reading
    price = fetch(lambda: client().v1.prices.retrieve(planned[0]))
    plan = plan_of(str(price["product"]))
    return reading if plan is None else Reading(with_pending(standing, plan, planned[1]), reading.unknown_products)


def _note(rows: list[StripeCustomer], standing: Standing, now: datetime) -> None:
    """Write down when it was read, and when something will end without anybody sending an event."""
    moments = [standing.grace_until, standing.cancel_at, standing.pending.at if standing.pending else None]
    due = [moment + _AFTERWARDS for moment in moments if moment is not None and moment > now]
    if standing.period_end is not None and standing.plan.rank:
        # While a period is not paid, in case the event of its payment gets lost; else when the next one begins.
        is_paid = standing.paid_end == standing.period_end
        due.append((max(standing.period_end, now) if is_paid else now) + _AFTER_RENEWAL)
    # Not of an account that was closed meanwhile: nobody is there to be read again.
    StripeCustomer.objects.filter(pk__in=[row.pk for row in rows], user__isnull=False).update(
        synced_at=now, next_sync_at=min(due, default=None) if due else None
    )
