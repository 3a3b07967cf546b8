"""The card of automatic top-up: as a checkout has saved it, as Stripe still has it, and removed.

No card number reaches the site. It keeps Stripe's id of the card, and by what its owner knows it.
"""

from __future__ import annotations

from datetime import datetime
from logging import getLogger
from typing import Any

from billing.errors import StripeRefused
from billing.models.automatic import AutoTopUp
from billing.services import auto_news
from billing.services.stripe_api import client, fetch, is_live
from kv.sql.transactions import atomic_for
from kv.times import utc_now

log = getLogger(__name__)


def keep_card(user_id: str, session_id: str, now: datetime | None = None) -> None:
    """Charge the card of this completed checkout from now on, unless it is known. A pause ends with another card.

    Raises StripeUnavailable or StripeRefused.
    """
    row = AutoTopUp.objects.filter(user_id=user_id).first()
    if row is not None and row.card_session == session_id:
        return
    params: Any = {"expand": ["setup_intent.payment_method"]}
    session = fetch(lambda: client().v1.checkout.sessions.retrieve(session_id, params))
    intent = session.get("setup_intent")
    method = intent.get("payment_method") if isinstance(intent, dict) else None
    is_there = isinstance(method, dict) and method.get("customer") == session["customer"]
    found: dict[str, Any] = {
        "card_session": session_id,
        "customer_id": str(session["customer"]),
        "payment_method": str(method["id"]) if is_there and method else "",
        "card": _name_of(method) if is_there and method else "",
        "livemode": is_live(),
        "declines": 0,
        "paused_at": None,
        "changed_at": now or utc_now(),
    }
    if row is not None and row.livemode != is_live():
        found["action_intent"] = ""  # a payment of the other mode can't be confirmed here
    AutoTopUp.objects.update_or_create(user_id=user_id, defaults=found)


def check_card(row: AutoTopUp, now: datetime | None = None) -> bool:
    """Whether Stripe still has the saved card; one that its owner has removed is forgotten, and the owner told.

    Raises StripeUnavailable or StripeRefused.
    """
    try:
        method = fetch(lambda: client().v1.payment_methods.retrieve(row.payment_method))
    except StripeRefused as error:
        if error.reason != "resource_missing":
            raise
        method = {}
    if method.get("customer") == row.customer_id:
        return True
    with atomic_for(AutoTopUp):
        same = AutoTopUp.objects.filter(pk=row.pk, payment_method=row.payment_method)
        if same.update(payment_method="", card="") and row.is_on:
            auto_news.tell_card_gone(row, now or utc_now())
    row.payment_method = row.card = ""
    return False


def detach_card(row: AutoTopUp) -> None:
    """Remove the card at Stripe: nothing charges it any more. Raises StripeUnavailable."""
    try:
        fetch(lambda: client().v1.payment_methods.detach(row.payment_method))
    except StripeRefused as error:
        log.info("billing: a card was not detached: %s", error.reason)


def _name_of(method: dict[str, Any]) -> str:
    """By what users know a card: "visa 4242"; the kind of another means of payment."""
    card = method.get("card") or {}
    return f"{card['brand']} {card['last4']}"[:40] if card.get("last4") else str(method.get("type") or "")[:40]
