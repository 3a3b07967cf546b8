"""From Stripe's checkout sessions to tokens bought: pure rules, no network, no store."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from billing.conf import app_settings
from billing.types import TopUp

#: What our own sessions say in their metadata, beside `tokens`.
KIND = "topup"
# An inquiry (warning_…) takes no money yet; a prevented dispute is a refund, which is counted as one.
_OPEN_DISPUTES = ("needs_response", "under_review")
# More than any balance holds: such a purchase is refused where it is granted, visibly. Larger numbers would not travel.
_TOO_MANY = 2**53
_REFUNDED = ("succeeded", "pending", "requires_action")


def read_topup(
    session: dict[str, Any], tokens: int, refunds: Iterable[dict[str, Any]], disputes: Iterable[dict[str, Any]]
) -> TopUp:
    """What a session about so many tokens came to, and what of them was taken back since.

    Tokens go back in proportion to the money, counted over all refunds and lost disputes together and rounded down, so
    that parts add up to the whole at most, and all the money back is all the tokens back.
    """
    charge = _charge(session)
    amount = int(charge["amount"]) if charge else 0
    back = sum(int(one["amount"]) for one in refunds if one["status"] in _REFUNDED)
    disputed = list(disputes)
    back += sum(int(one["amount"]) for one in disputed if one["status"] == "lost")
    return TopUp(
        session_id=session["id"],
        tokens=tokens,
        paid=session["status"] == "complete" and session["payment_status"] != "unpaid",
        taken_back=tokens * min(back, amount) // amount if amount else 0,
        frozen=any(one["status"] in _OPEN_DISPUTES for one in disputed),
    )


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
