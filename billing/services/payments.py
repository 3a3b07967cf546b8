"""What a user has paid: invoices of plans and purchases of tokens, as the last sync read them, and their documents."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from billing.errors import StripeRefused, UnknownSession
from billing.services.customers import customers_of
from billing.services.guests import fetch_session, guests_of
from billing.services.periods import product_of_line
from billing.services.products import best_plan
from billing.services.stripe_api import client, fetch, require_on
from billing.services.topups import bought_tokens
from billing.types import Payment

#: So many are kept; Stripe's portal has the rest.
KEPT = 12


def read_payments(
    subscriptions: Iterable[dict[str, Any]], sessions: Iterable[dict[str, Any]], known: Iterable[Payment] = ()
) -> tuple[Payment, ...]:
    """The newest payments, newest first.

    subscriptions: each with its invoices under `invoices` where they were read. sessions: with their payment expanded.
    known: those of the last state. They stay: the invoices of a subscription that is over are not read any more.
    """
    found = {one.id: one for one in known}
    for subscription in subscriptions:
        for invoice in (*(subscription.get("invoices") or ()), subscription.get("latest_invoice")):
            if isinstance(invoice, dict) and (payment := _of_invoice(invoice)) is not None:
                found[payment.id] = payment
    for session in sessions:
        if (payment := _of_session(session)) is not None:
            found[payment.id] = payment
    return tuple(sorted(found.values(), key=lambda one: (one.at, one.id), reverse=True)[:KEPT])


def document_url(user_id: str, payment_id: str) -> str:
    """The address of an invoice at Stripe, or of the receipt of a purchase; asked for anew, as the addresses expire.

    Raises UnknownSession when it is not this user's, or Stripe has no such page; StripeUnavailable, BillingOff.
    """
    require_on()
    customers = {str(row.customer_id) for row in customers_of(user_id)}
    try:
        if payment_id.startswith("in_"):
            invoice = fetch(lambda: client().v1.invoices.retrieve(payment_id))
            owner, url = invoice.get("customer"), invoice.get("hosted_invoice_url")
        elif payment_id.startswith("cs_"):
            session = fetch_session(payment_id)
            owner, url = session.get("customer"), (_charge(session) or {}).get("receipt_url")
            customers |= {str(owner)} if payment_id in guests_of(user_id) else set()
        elif payment_id.startswith("pi_"):
            params: Any = {"expand": ["latest_charge"]}
            intent = fetch(lambda: client().v1.payment_intents.retrieve(payment_id, params))
            owner, url = intent.get("customer"), (intent.get("latest_charge") or {}).get("receipt_url")
        else:
            raise UnknownSession(payment_id)
    except StripeRefused as error:
        raise UnknownSession(payment_id) from error
    if not url or str(owner) not in customers:
        raise UnknownSession(payment_id)
    return str(url)


def _of_invoice(invoice: dict[str, Any]) -> Payment | None:
    """None for a draft, and for one that asks for nothing, as of a trial."""
    status, total = str(invoice.get("status") or "draft"), int(invoice.get("total") or 0)
    if status == "draft" or total <= 0:
        return None
    at = (invoice.get("status_transitions") or {}).get("finalized_at") or invoice["created"]
    currency = str(invoice["currency"]).upper()
    return Payment(str(invoice["id"]), _moment(at), total, currency, status, plan=_plan_of(invoice))


def _plan_of(invoice: dict[str, Any]) -> str:
    """The highest plan that its lines charge for; a credit for the plan before is no charge."""
    lines = (invoice.get("lines") or {}).get("data") or ()
    return best_plan({product_of_line(line) for line in lines if int(line.get("amount") or 0) > 0})


def _of_session(session: dict[str, Any]) -> Payment | None:
    """None for a checkout that was not completed or asks for nothing, and for one that sells no tokens."""
    tokens, total = bought_tokens(session), int(session.get("amount_total") or 0)
    if session["status"] != "complete" or not tokens or total <= 0:
        return None
    charge = _charge(session) or {}
    status = "paid" if session["payment_status"] == "paid" else "open"
    if back := int(charge.get("amount_refunded") or 0):
        status = "refunded" if back >= int(charge["amount"]) else "partly_refunded"
    at, currency = charge.get("created") or session["created"], str(session["currency"]).upper()
    return Payment(str(session["id"]), _moment(at), total, currency, status, tokens)


def _charge(session: dict[str, Any]) -> dict[str, Any] | None:
    intent = session.get("payment_intent")
    charge = intent.get("latest_charge") if isinstance(intent, dict) else None
    return charge if isinstance(charge, dict) else None


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)
