"""Purchases without a customer. A payment link makes no customer by default, so only its session names the user."""

from __future__ import annotations

from typing import Any

from billing.errors import Unresolved
from billing.models.stripe_objects import GuestCheckout
from billing.services.customers import find_user, named_user
from billing.services.stripe_api import PAGE, client, fetch, fetch_all, is_live


def find_guest(session: dict[str, Any]) -> str:
    """The id of the user that a session without a customer names. It is stored. "" when the account was deleted.

    Raises Unresolved when the session names no user, or one who does not exist.
    """
    row = GuestCheckout.objects.filter(session_id=session["id"]).first()
    if row is None:
        name = named_user(session)
        if not name:
            raise Unresolved("it names neither a customer nor a user")
        user = find_user(name)
        if user is None:
            raise Unresolved(f"checkout {session['id']} names a user who does not exist")
        defaults = {"user_id": user.pk, "livemode": is_live()}
        row, _ = GuestCheckout.objects.get_or_create(session_id=session["id"], defaults=defaults)
    return "" if row.user_id is None else str(row.user_id)


def guests_of(user_id: str) -> list[str]:
    """The user's checkouts without a customer, in the present mode, oldest first."""
    rows = GuestCheckout.objects.filter(user_id=user_id, livemode=is_live()).order_by("pk")
    return list(rows.values_list("session_id", flat=True))


def forget_guest(user_id: str) -> None:
    """Remove a deleted user from the rows, so that later events apply to nobody."""
    GuestCheckout.objects.filter(user_id=user_id).update(user=None)


def fetch_session(session_id: str) -> dict[str, Any]:
    """One checkout with its line items and its payment. Raises StripeUnavailable or StripeRefused."""
    params: Any = {"expand": ["line_items", "payment_intent.latest_charge"]}
    return fetch(lambda: client().v1.checkout.sessions.retrieve(session_id, params))


def session_of_payment(intent_id: str) -> dict[str, Any] | None:
    """The checkout that a payment belongs to; None when it was made without one. Raises as `fetch_session`."""
    params: Any = {"payment_intent": intent_id, "limit": PAGE}
    return next(iter(fetch_all(lambda: client().v1.checkout.sessions.list(params))), None)
