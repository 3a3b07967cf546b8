"""Purchases without a customer: a payment link makes none by default, and its session alone names the user."""

from __future__ import annotations

from typing import Any

from billing.errors import Unresolved
from billing.models import GuestCheckout
from billing.services.customers import find_user, named_user
from billing.services.stripe_api import PAGE, client, fetch, fetch_all, is_live


def find_guest(session: dict[str, Any]) -> str:
    """The id of the user whom a session without a customer names, remembered from then on; "" when the account is gone.

    Raises Unresolved when it names nobody, or nobody who exists.
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
    """Every checkout of a user that has no customer, in the present mode, oldest first."""
    rows = GuestCheckout.objects.filter(user_id=user_id, livemode=is_live()).order_by("pk")
    return list(rows.values_list("session_id", flat=True))


def forget_guest(user_id: str) -> None:
    """The account goes: what Stripe still sends finds nobody."""
    GuestCheckout.objects.filter(user_id=user_id).update(user=None)


def fetch_session(session_id: str) -> dict[str, Any]:
    """One checkout, with all that says what it brought. Raises StripeUnavailable or StripeRefused."""
    params: Any = {"expand": ["line_items", "payment_intent.latest_charge"]}
    return fetch(lambda: client().v1.checkout.sessions.retrieve(session_id, params))


def session_of_payment(intent_id: str) -> dict[str, Any] | None:
    """The checkout that a payment was made in; None: it was made elsewhere. Raises as `fetch_session`."""
    params: Any = {"payment_intent": intent_id, "limit": PAGE}
    return next(iter(fetch_all(lambda: client().v1.checkout.sessions.list(params))), None)
