"""What Stripe says about a user's customers now: subscriptions, purchases, and what is planned. Reads only."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from billing.errors import StripeRefused, Unresolved
from billing.models import StripeCustomer
from billing.services.customers import is_deleted
from billing.services.plans import Reading, plan_of, read_subscriptions, scheduled_price, with_pending
from billing.services.stripe_api import PAGE, client, fetch, fetch_all
from billing.services.topups import bought_tokens, read_topup
from billing.types import TopUp


def observe(
    rows: list[StripeCustomer], now: datetime, bought: Mapping[str, int] | None = None
) -> tuple[Reading, tuple[TopUp, ...]]:
    """What Stripe says now about a user's customers.

    bought: the tokens of purchases that were seen paid before, by session: a later change of BILLING_TOPUPS changes
    nothing of them.
    One that was retired counts while Stripe shows it, and is passed over when not.
    Raises StripeUnavailable, or Unresolved when Stripe does not show another.
    """
    subscriptions: list[dict[str, Any]] = []
    topups: list[TopUp] = []
    for row in rows:
        try:
            subscriptions += _subscriptions(str(row.customer_id))
            topups += _topups(str(row.customer_id), bought or {})
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


def _topups(customer_id: str, bought: Mapping[str, int]) -> list[TopUp]:
    params: Any = {
        "customer": customer_id,
        "limit": PAGE,
        "expand": ["data.line_items", "data.payment_intent.latest_charge"],
    }
    found = fetch_all(lambda: client().v1.checkout.sessions.list(params))
    # Oldest first: so the journal tells them in the order in which they happened.
    about = [(session, bought.get(session["id"]) or bought_tokens(session)) for session in reversed(found)]
    return [_topup(session, tokens) for session, tokens in about if tokens]


def _topup(session: dict[str, Any], tokens: int) -> TopUp:
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
    return read_topup(session, tokens, refunds, disputes)


def _with_schedule(reading: Reading, subscriptions: list[dict[str, Any]], now: datetime) -> Reading:
    standing = reading.standing
    chosen = next((one for one in subscriptions if one["id"] == standing.subscription_id), None)
    planned = scheduled_price(chosen, now) if chosen else None
    if planned is None:
        return reading
    price = fetch(lambda: client().v1.prices.retrieve(planned[0]))
    plan = plan_of(str(price["product"]))
    return reading if plan is None else Reading(with_pending(standing, plan, planned[1]), reading.unknown_products)
