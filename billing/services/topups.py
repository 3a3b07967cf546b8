"""The rules that derive purchases of tokens from Stripe's checkout sessions. No network, no store."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from billing.conf import app_settings
from billing.services.statuses import DISPUTE, PAYMENT, PAYMENT_INTENT, REFUND, SESSION, Money, unknown_statuses
from billing.types import TopUp
from kv.store.numbers import LARGEST_WHOLE

#: `kind` in the metadata of this site's own sessions, beside `tokens`.
KIND = "topup"
#: In the metadata of an automatic payment, beside those: the fall of the balance that it is for.
AUTOMATIC = "automatic"
#: `kind` of a checkout in which a card is saved for automatic payments.
CARD_KIND = "automatic_topup_card"
# More than any balance holds: usertokens refuses such a purchase, and it is shown. Larger numbers can't be stored.
_TOO_MANY = LARGEST_WHOLE + 1


def read_topup(
    session: dict[str, Any],
    tokens: int,
    refunds: Iterable[dict[str, Any]],
    disputes: Iterable[dict[str, Any]],
    before: TopUp | None = None,
) -> TopUp:
    """The purchase of a session about so many tokens, with what refunds and lost disputes have taken back.

    Tokens are taken back in proportion to the money, over all refunds and lost disputes together, rounded down: parts
    never exceed the whole, and a full refund takes back all tokens.
    before: the purchase as it was read last. An unknown status grants nothing and takes nothing back: the purchase
            stays, and the tokens that are left are frozen.
    """
    if before is not None and unknown_statuses([session, session.get("payment_intent")]):
        return before
    charge = _charge(session)
    amount = int(charge["amount"]) if charge else 0
    moved = [(REFUND.get(one["status"]), int(one["amount"])) for one in refunds]
    moved += [(DISPUTE.get(one["status"]), int(one["amount"])) for one in disputes]
    back = sum(cents for where, cents in moved if where is Money.GONE)
    taken_back = tokens * min(back, amount) // amount if amount else 0
    is_unknown = any(where is None for where, _ in moved)
    if is_unknown and before is not None:
        taken_back = max(taken_back, before.taken_back)
    return TopUp(
        session_id=session["id"],
        tokens=tokens,
        paid=is_paid(session),
        taken_back=taken_back,
        frozen=is_unknown or any(where is Money.HELD for where, _ in moved),
    )


def is_paid(session: dict[str, Any]) -> bool:
    """Whether a checkout was completed and its money has arrived."""
    intent = session.get("payment_intent")
    has_money = not isinstance(intent, dict) or PAYMENT_INTENT.get(intent["status"], False)
    return bool(SESSION.get(session["status"], False) and PAYMENT.get(session["payment_status"], False) and has_money)


def bought_tokens(session: dict[str, Any]) -> int:
    """The tokens of a session: from its metadata, or by its prices (a payment link); 0 when it sells none."""
    if session["mode"] != "payment":
        return 0
    metadata = session.get("metadata") or {}
    if metadata.get("kind") == KIND and str(metadata.get("tokens", "")).isdecimal():
        return min(int(metadata["tokens"]), _TOO_MANY)
    tokens_by_price = {price: tokens for tokens, price in app_settings.BILLING_TOPUPS.items()}
    lines = (session.get("line_items") or {}).get("data", ())
    found = sum(
        tokens_by_price.get(line["price"]["id"], 0) * int(line["quantity"] or 0) for line in lines if line.get("price")
    )
    return max(0, min(found, _TOO_MANY))


def is_automatic(intent: dict[str, Any]) -> bool:
    """Whether a payment is one of this site's automatic top-ups."""
    metadata = intent.get("metadata") or {}
    return metadata.get("kind") == KIND and bool(metadata.get(AUTOMATIC))


def as_session(intent: dict[str, Any]) -> dict[str, Any]:
    """An automatic payment in the form of a checkout that was paid by it: what follows is the same for both."""
    return {
        "id": intent["id"],
        "object": AUTOMATIC,
        "mode": "payment",
        "status": "complete",
        "payment_status": "paid" if PAYMENT_INTENT.get(intent["status"]) else "unpaid",
        "payment_intent": intent,
        "metadata": intent["metadata"],
        "amount_total": intent["amount"],
        "currency": intent["currency"],
        "created": intent["created"],
    }


def _charge(session: dict[str, Any]) -> dict[str, Any] | None:
    intent = session.get("payment_intent")
    charge = intent.get("latest_charge") if isinstance(intent, dict) else None
    return charge if isinstance(charge, dict) else None
