"""From Stripe's checkout sessions to tokens bought: pure rules, no network, no store."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from billing.conf import app_settings
from billing.services.statuses import DISPUTE, PAYMENT, PAYMENT_INTENT, REFUND, SESSION, Money, unknown_statuses
from billing.types import TopUp
from kv.numbers import LARGEST_WHOLE

#: What our own sessions say in their metadata, beside `tokens`.
KIND = "topup"
# More than any balance holds: such a purchase is refused where it is granted, visibly. Larger numbers would not travel.
_TOO_MANY = LARGEST_WHOLE + 1


def read_topup(
    session: dict[str, Any],
    tokens: int,
    refunds: Iterable[dict[str, Any]],
    disputes: Iterable[dict[str, Any]],
    before: TopUp | None = None,
) -> TopUp:
    """What a session about so many tokens came to, and what of them was taken back since.

    Tokens go back in proportion to the money, counted over all refunds and lost disputes together and rounded down, so
    that parts add up to the whole at most, and all the money back is all the tokens back.
    before: as it was seen last. Where a status is unknown nothing is granted or given back on its word: what stands
            stays, and what is left is frozen.
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
    """Whether a checkout was gone through with and its money is there."""
    intent = session.get("payment_intent")
    has_money = not isinstance(intent, dict) or PAYMENT_INTENT.get(intent["status"], False)
    return bool(SESSION.get(session["status"], False) and PAYMENT.get(session["payment_status"], False) and has_money)


def bought_tokens(session: dict[str, Any]) -> int:
    """The tokens a session is about: as our checkout wrote on it, or by its prices (a payment link); 0 for none."""
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


def _charge(session: dict[str, Any]) -> dict[str, Any] | None:
    intent = session.get("payment_intent")
    charge = intent.get("latest_charge") if isinstance(intent, dict) else None
    return charge if isinstance(charge, dict) else None
