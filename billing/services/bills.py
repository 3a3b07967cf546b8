"""Which payments were just made, and which have failed, by Stripe's invoices and checkouts. No network, no store."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from billing.conf import app_settings
from billing.services.periods import product_of
from billing.services.products import best_plan
from billing.services.statuses import INVOICE, SUBSCRIPTION, Running
from billing.services.topups import bought_tokens, is_paid
from billing.types import Bill

#: A payment that is read later than this is no news: it was made before mails were on, or before a long outage.
NEWS = timedelta(days=3)


def read_bills(
    subscriptions: Iterable[dict[str, Any]], sessions: Iterable[dict[str, Any]], now: datetime
) -> tuple[Bill, ...]:
    """The payments of the last days, and the open ones of subscriptions whose renewal has failed.

    subscriptions: with their invoices under `invoices`, or the latest one expanded. sessions: with the latest charge.
    """
    bills = [bill for one in subscriptions for bill in _of_subscription(one, now)]
    bills += [bill for one in sessions if (bill := _of_session(one)) is not None]
    return tuple(bill for bill in bills if not bill.is_paid or now - bill.at <= NEWS)


def is_of_stripe(address: str) -> bool:
    """Whether an address is one of Stripe's pages: nothing else is sent on. In tests, also one of STRIPE_API_BASE."""
    try:
        parts, own = urlsplit(address), urlsplit(app_settings.STRIPE_API_BASE)
        if own.hostname and (parts.scheme, parts.hostname) == (own.scheme, own.hostname):
            return True
        host = parts.hostname or ""
        is_plain = parts.username is None and parts.port in (None, 443)
    except ValueError:
        return False
    return parts.scheme == "https" and host.endswith(".stripe.com") and is_plain


def _of_subscription(subscription: dict[str, Any], now: datetime) -> Iterable[Bill]:
    latest = subscription.get("latest_invoice")
    invoices = {one["id"]: one for one in subscription.get("invoices") or ()}
    if isinstance(latest, dict) and "id" in latest:
        invoices.setdefault(latest["id"], latest)
    is_failing = SUBSCRIPTION.get(subscription["status"]) is Running.GRACE
    for invoice in invoices.values():
        paid = INVOICE.get(str(invoice.get("status")), False)
        has_failed = is_failing and invoice.get("status") == "open" and bool(invoice.get("attempted"))
        cents = int((invoice.get("amount_paid") if paid else invoice.get("amount_remaining")) or 0)
        if cents <= 0 or not (paid or has_failed):
            continue
        at = (invoice.get("status_transitions") or {}).get("paid_at") or invoice["created"]
        yield Bill(
            key=str(invoice["id"]),
            is_paid=paid,
            amount_cents=cents,
            currency=str(invoice["currency"]).upper(),
            at=datetime.fromtimestamp(int(at), UTC),
            url=_shown(invoice.get("hosted_invoice_url")),
            plan=_plan_of(subscription),
        )


def _of_session(session: dict[str, Any]) -> Bill | None:
    intent = session.get("payment_intent")
    charge = intent.get("latest_charge") if isinstance(intent, dict) else None
    if not isinstance(charge, dict) or not is_paid(session):
        return None
    return Bill(
        key=str(session["id"]),
        is_paid=True,
        amount_cents=int(charge["amount"]),
        currency=str(charge["currency"]).upper(),
        at=datetime.fromtimestamp(int(charge["created"]), UTC),
        url=_shown(charge.get("receipt_url")),
        tokens=bought_tokens(session),
    )


def _plan_of(subscription: dict[str, Any]) -> str:
    return best_plan({product_of(item["price"]) for item in subscription["items"]["data"]})


def _shown(address: Any) -> str:
    return str(address) if address and is_of_stripe(str(address)) else ""
