"""What Stripe has of a user's customers now: subscriptions, purchases and planned changes. Nothing is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
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


@dataclass(slots=True)
class _Found:
    """What Stripe has of a user. problems: statuses that are unknown; hidden: customers that it does not show."""

    subscriptions: list[dict[str, Any]] = field(default_factory=list)
    purchases: list[dict[str, Any]] = field(default_factory=list)
    charges: list[dict[str, Any]] = field(default_factory=list)
    topups: list[TopUp] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    hidden: list[StripeCustomer] = field(default_factory=list)


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
    bought = bought or {}
    found = _find(rows, now, bought, has_automatic=has_automatic)
    _require_passable(rows, found.hidden)
    sessions = [session for name in guests if (session := _guest(name)) is not None]
    topups = [*found.topups, *_read_topups(sessions, bought, found.problems)]
    seen = {one.session_id for one in topups}
    may_be_unseen = [one for one in bought.values() if found.hidden or one.session_id in guests]
    unseen = [one for one in may_be_unseen if one.session_id not in seen]
    snapshot = _with_schedule(read_subscriptions(found.subscriptions, now, before), found.subscriptions, now)
    paid = [*found.purchases, *sessions]
    snapshot = replace(
        snapshot,
        problems=(*snapshot.problems, *found.problems),
        bills=read_bills(found.subscriptions, paid, now),
        charges=tuple(found.charges),
        card_session=_card_session(found.purchases),
    )
    snapshot = _with_hidden(snapshot, found.hidden, before, now)
    payments = read_payments(found.subscriptions, paid, before.payments if before is not None else ())
    return replace(snapshot, state=replace(snapshot.state, payments=payments)), (*unseen, *topups)


def _find(rows: list[StripeCustomer], now: datetime, bought: Mapping[str, TopUp], *, has_automatic: bool) -> _Found:
    """What Stripe has of these customers. Raises StripeUnavailable, or Unresolved when it refuses one that it has."""
    found = _Found()
    for row in rows:
        try:
            found.subscriptions += _subscriptions(str(row.customer_id), now)
            purchases = _purchases(str(row.customer_id))
            if has_automatic:
                charges = _automatic(str(row.customer_id))
                found.charges += charges
                purchases += [as_session(one) for one in charges if one["status"] not in _NOT_PAID]
            found.purchases += purchases
            found.topups += _read_topups(purchases, bought, found.problems)
        except StripeRefused as error:
            if error.reason != "resource_missing":
                raise Unresolved(f"Stripe does not show customer {row.customer_id}: {error.reason}") from error
            found.hidden.append(row)
    return found


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
