"""What Stripe has of a user's customers now: subscriptions, purchases and planned changes. Nothing is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from billing.errors import StripeRefused, Unresolved
from billing.models import StripeCustomer
from billing.services.bills import read_bills
from billing.services.customers import find_presence
from billing.services.guests import fetch_session
from billing.services.payments import read_payments
from billing.services.plans import Snapshot, plan_of, read_subscriptions, scheduled_price, with_pending
from billing.services.statuses import PAYMENT_INTENT, SESSION, unknown_statuses
from billing.services.stripe_api import PAGE, client, fetch, fetch_all
from billing.services.topups import CARD_KIND, as_session, bought_tokens, is_automatic, read_topup
from billing.types import Presence, SubscriptionState, TopUp

#: An automatic payment in one of these has moved no money; "processing" and a status that is unknown may have.
_NOT_PAID = tuple(one for one, is_paid in PAYMENT_INTENT.items() if not is_paid and one != "processing")


def fetch_snapshot(
    rows: list[StripeCustomer],
    now: datetime,
    before: SubscriptionState | None = None,
    bought: Mapping[str, TopUp] | None = None,
    guests: Sequence[str] = (),
    *,
    has_automatic: bool = False,
) -> tuple[Snapshot, tuple[TopUp, ...]]:
    """What Stripe has of a user's customers now, and the user's purchases.

    before: the last state. If its customer is missing at Stripe, it holds until its period is over.
    bought: purchases that were paid at the last snapshot, by session. A later change of BILLING_TOPUPS does not change
            them, and those of a missing customer stay as they are.
    guests: the user's checkouts without a customer. One that is missing stays as it was.
    has_automatic: whether the user may have automatic payments. Only then are payments without a checkout read.
    A retired customer counts while Stripe has it, and is skipped otherwise. If Stripe has a retired one, the older key
    is back, and other missing customers are skipped too.
    Raises StripeUnavailable, or Unresolved when a customer is missing that may not be skipped.
    """
    subscriptions: list[dict[str, Any]] = []
    purchases: list[dict[str, Any]] = []
    topups: list[TopUp] = []
    problems: list[str] = []
    hidden: list[StripeCustomer] = []
    charges: list[dict[str, Any]] = []
    for row in rows:
        try:
            subscriptions += _subscriptions(str(row.customer_id), now)
            found = _purchases(str(row.customer_id))
            if has_automatic:
                made = _automatic(str(row.customer_id))
                charges += made
                found += [as_session(one) for one in made if one["status"] not in _NOT_PAID]
            purchases += found
            topups += _read_topups(found, bought or {}, problems)
        except StripeRefused as error:
            if error.reason != "resource_missing":
                raise Unresolved(f"Stripe does not show customer {row.customer_id}: {error.reason}") from error
            hidden.append(row)
    _require_passable(rows, hidden)
    sessions = [session for name in guests if (session := _guest(name)) is not None]
    topups += _read_topups(sessions, bought or {}, problems)
    snapshot = _with_schedule(read_subscriptions(subscriptions, now, before), subscriptions, now)
    seen = {one.session_id for one in topups}
    unseen = [
        one for one in (bought or {}).values() if (hidden or one.session_id in guests) and one.session_id not in seen
    ]
    bills = read_bills(subscriptions, [*purchases, *sessions], now)
    snapshot = replace(
        snapshot,
        problems=(*snapshot.problems, *problems),
        bills=bills,
        charges=tuple(charges),
        card_session=_card_session(purchases),
    )
    snapshot = _with_hidden(snapshot, hidden, before, now)
    payments = read_payments(subscriptions, [*purchases, *sessions], before.payments if before is not None else ())
    return replace(snapshot, state=replace(snapshot.state, payments=payments)), (*unseen, *topups)


def _require_passable(rows: list[StripeCustomer], hidden: list[StripeCustomer]) -> None:
    """Missing is not deleted: with the key of another account all users would lose what they pay for."""
    if any(row.closed_at is not None and row not in hidden for row in rows):
        return
    for row in hidden:
        if row.closed_at is None and find_presence(str(row.customer_id)) is not Presence.DELETED:
            raise Unresolved(f"Stripe does not show customer {row.customer_id}: resource_missing")


def _with_hidden(
    snapshot: Snapshot, hidden: list[StripeCustomer], before: SubscriptionState | None, now: datetime
) -> Snapshot:
    """The same, or the better plan of a missing customer's last state, until that period is over."""
    if before is None or before.plan.rank <= snapshot.state.plan.rank:
        return snapshot
    ends = [moment for moment in (before.grace_until or before.period_end, before.cancel_at) if moment is not None]
    is_over = not ends or min(ends) <= now
    is_hidden = before.customer_id in {row.customer_id for row in hidden}
    if is_over or not is_hidden or find_presence(before.customer_id) is Presence.DELETED:
        return snapshot
    seen = {one.key for one in snapshot.state.periods}
    periods = [one for one in before.periods if one.key not in seen and one.ends > now]
    return replace(snapshot, state=replace(before, periods=(*periods, *snapshot.state.periods)))


def _subscriptions(customer_id: str, now: datetime) -> list[dict[str, Any]]:
    params: Any = {
        "customer": customer_id,
        "status": "all",
        "limit": PAGE,
        "expand": ["data.latest_invoice", "data.schedule"],
    }
    found = fetch_all(lambda: client().v1.subscriptions.list(params))
    for subscription in found:
        # Once all periods of a subscription are over, its invoices do not matter.
        ends = max((int(item["current_period_end"]) for item in subscription["items"]["data"]), default=0)
        if subscription["status"] == "past_due" or ends > now.timestamp():
            _add_invoices(subscription)
    return found


def _add_invoices(subscription: dict[str, Any]) -> None:
    """Add its invoices with all their lines, and the time of the oldest unpaid one (s since 1970)."""
    params: Any = {"subscription": subscription["id"], "limit": PAGE}
    subscription["invoices"] = fetch_all(lambda: client().v1.invoices.list(params))
    for invoice in subscription["invoices"]:
        lines = invoice.get("lines") or {}
        if lines.get("has_more"):
            lines["data"] = _lines(str(invoice["id"]))
    unpaid = (int(invoice["created"]) for invoice in subscription["invoices"] if invoice["status"] == "open")
    subscription["unpaid_since"] = min(unpaid, default=None)


def _lines(invoice_id: str) -> list[dict[str, Any]]:
    params: Any = {"limit": PAGE}
    return fetch_all(lambda: client().v1.invoices.line_items.list(invoice_id, params))


def _purchases(customer_id: str) -> list[dict[str, Any]]:
    """The customer's checkouts, oldest first, so that the journal has them in that order."""
    params: Any = {
        "customer": customer_id,
        "limit": PAGE,
        "expand": ["data.line_items", "data.payment_intent.latest_charge"],
    }
    return list(reversed(fetch_all(lambda: client().v1.checkout.sessions.list(params))))


def _automatic(customer_id: str) -> list[dict[str, Any]]:
    """The customer's automatic payments, paid or not, oldest first."""
    params: Any = {"customer": customer_id, "limit": PAGE, "expand": ["data.latest_charge"]}
    found = fetch_all(lambda: client().v1.payment_intents.list(params))
    return [one for one in reversed(found) if is_automatic(one)]


def _card_session(sessions: Sequence[dict[str, Any]]) -> str:
    saved = [one for one in sessions if one["mode"] == "setup" and SESSION.get(one["status"])]
    ours = [one for one in saved if (one.get("metadata") or {}).get("kind") == CARD_KIND]
    return str(max(reversed(ours), key=lambda one: int(one["created"]))["id"]) if ours else ""


def _guest(session_id: str) -> dict[str, Any] | None:
    """A checkout without a customer; None when it is missing, as under the key of another account."""
    try:
        return fetch_session(session_id)
    except StripeRefused as error:
        if error.reason != "resource_missing":
            raise
        return None


def _read_topups(sessions: list[dict[str, Any]], bought: Mapping[str, TopUp], problems: list[str]) -> list[TopUp]:
    """The purchases of tokens among the sessions."""
    about = [(session, bought.get(session["id"])) for session in sessions]
    counted = [(session, known.tokens if known else bought_tokens(session)) for session, known in about]
    return [_topup(session, tokens, bought.get(session["id"]), problems) for session, tokens in counted if tokens]


def _topup(session: dict[str, Any], tokens: int, before: TopUp | None, problems: list[str]) -> TopUp:
    """The purchase of a session. Unknown statuses are added to `problems`."""
    intent = session.get("payment_intent")
    charge = intent.get("latest_charge") if isinstance(intent, dict) else None
    refunds: list[dict[str, Any]] = []
    disputes: list[dict[str, Any]] = []
    if isinstance(charge, dict):
        params: Any = {"charge": charge["id"], "limit": PAGE}
        # `amount_refunded` is 0 again after a failed refund: then there is nothing to fetch.
        if charge.get("amount_refunded"):
            refunds = fetch_all(lambda: client().v1.refunds.list(params))
        if charge.get("disputed"):
            disputes = fetch_all(lambda: client().v1.disputes.list(params))
    problems += unknown_statuses([session, intent, *refunds, *disputes])
    return read_topup(session, tokens, refunds, disputes, before)


def _with_schedule(snapshot: Snapshot, subscriptions: list[dict[str, Any]], now: datetime) -> Snapshot:
    state = snapshot.state
    chosen = next((one for one in subscriptions if one["id"] == state.subscription_id), None)
    planned = scheduled_price(chosen, now) if chosen else None
    if planned is None:
        return snapshot
    price = fetch(lambda: client().v1.prices.retrieve(planned[0]))
    plan = plan_of(str(price["product"]))
    return snapshot if plan is None else replace(snapshot, state=with_pending(state, plan, planned[1], price))
