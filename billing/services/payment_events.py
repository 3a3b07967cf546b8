"""What receivers of events are told of payments: failed, refunded, disputed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from billing.errors import StripeRefused
from billing.models import StripeEvent
from billing.services.stripe_api import client, fetch
from billing.types import Bill
from kv.events import emit, is_wanted

FAILED, REFUNDED, DISPUTED = "payment.failed", "payment.refunded", "payment.disputed"
#: Stripe's own events of them. charge.refunded tells of the same refunds.
_SOURCES = {
    "refund.created": REFUNDED,
    "refund.updated": REFUNDED,
    "charge.dispute.created": DISPUTED,
    "charge.dispute.updated": DISPUTED,
}


def emit_failed(user_id: str, bills: Iterable[Bill]) -> None:
    """A payment has failed: once for each invoice, however often Stripe tries it."""
    for bill in bills:
        if not bill.is_paid:
            data = {
                "user_id": user_id,
                "payment": bill.key,
                "amount_cents": bill.amount_cents,
                "currency": bill.currency,
                "plan": bill.plan,
            }
            emit(FAILED, data, key=bill.key, at=bill.at)


def emit_returned(user_id: str, event: StripeEvent, others: Sequence[int]) -> None:
    """Refunds and disputes of an event, and of others that its sync covers. Raises StripeUnavailable."""
    if not user_id or not is_wanted(REFUNDED, DISPUTED):
        return
    rows = StripeEvent.objects.filter(pk__in=[event.pk, *others], type__in=_SOURCES)
    for kind, object_id in rows.order_by("pk").values_list("type", "object_id"):
        found = _find(_SOURCES[kind], object_id)
        if found is not None and (_SOURCES[kind] is DISPUTED or found.get("status") == "succeeded"):
            emit(_SOURCES[kind], _data(user_id, found), key=object_id, at=datetime.fromtimestamp(found["created"], UTC))


def _find(kind: str, object_id: str) -> dict[str, Any] | None:
    """The refund or dispute; None where Stripe has none of this id."""
    api = client().v1.refunds if kind is REFUNDED else client().v1.disputes
    try:
        found = fetch(lambda: api.retrieve(object_id))
    except StripeRefused:
        return None
    return found if found.get("id") == object_id else None


def _data(user_id: str, found: dict[str, Any]) -> dict[str, Any]:
    return {
        "user_id": user_id,
        "id": found["id"],
        "payment": str(found.get("payment_intent") or found.get("charge") or ""),
        "amount_cents": int(found["amount"]),
        "currency": str(found["currency"]).upper(),
        "reason": str(found.get("reason") or ""),
    }
