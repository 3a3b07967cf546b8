"""What the owner of a card does for automatic top-up at Stripe: save the card, and confirm a payment that needs it."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser

from billing.errors import CustomerBusy, NothingToConfirm, StripeRefused, Unresolved
from billing.models.automatic import AutomaticCharge, AutoTopUp, ChargeState
from billing.models.stripe_objects import StripeCustomer
from billing.services.auto_charges import end_charge, fits_cap, is_ready
from billing.services.checkout import with_customer
from billing.services.portal import LOCALES
from billing.services.sessions import open_session
from billing.services.stripe_api import client, fetch, is_live, require_on
from billing.services.sync import sync_customer
from billing.services.topups import CARD_KIND
from billing.types import Addresses
from kv.times import utc_now


def open_card_checkout(user: AbstractBaseUser, addresses: Addresses) -> str:
    """The address of a checkout that saves a card and takes no money: of one that is open already, or a new one.

    Raises BillingOff, StripeUnavailable or StripeRefused.
    """
    require_on()

    def create(row: StripeCustomer) -> str:
        params: dict[str, Any] = {
            "mode": "setup",
            "customer": row.customer_id,
            "client_reference_id": str(user.pk),
            "allowed_payment_method_types": ["card"],
            "success_url": addresses.done,
            "cancel_url": addresses.cancelled,
            "metadata": {"user_id": str(user.pk), "kind": CARD_KIND},
        }
        if addresses.locale in LOCALES:
            params["locale"] = addresses.locale
        return open_session(params)

    return with_customer(user, create)


def waiting_charge(user_id: str) -> AutomaticCharge | None:
    """The charge that waits for its owner; None when there is none, or automatic top-up is off or paused."""
    row = AutoTopUp.objects.filter(user_id=user_id).first()
    if row is None or not is_ready(row):
        return None
    waiting = AutomaticCharge.objects.filter(user_id=user_id, state=ChargeState.ACTION, livemode=is_live())
    return waiting.exclude(intent_id="").order_by("-pk").first()


def confirm_charge(user_id: str, return_url: str, *, now: datetime | None = None) -> str:
    """The address at which the bank asks the owner of the card; "" when it asks nothing, and the payment is decided.

    It is the same payment that was tried without the owner, so it can't be paid twice. A cap that the present month has
    reached meanwhile ends it.
    Raises NothingToConfirm, StripeUnavailable, StripeRefused, StoreUnavailable or BillingOff.
    """
    require_on()
    now = now or utc_now()
    charge = waiting_charge(user_id)
    if charge is None:
        raise NothingToConfirm
    intent = fetch(lambda: client().v1.payment_intents.retrieve(charge.intent_id))
    if not fits_cap(charge, now):
        with suppress(StripeRefused):
            fetch(lambda: client().v1.payment_intents.cancel(charge.intent_id))
        end_charge(charge, ChargeState.CAPPED, now=now)
        raise NothingToConfirm
    if intent["status"] in ("requires_payment_method", "requires_confirmation"):
        card = AutoTopUp.objects.get(user_id=user_id).payment_method
        params: Any = {"payment_method": card, "return_url": return_url}
        try:
            intent = fetch(lambda: client().v1.payment_intents.confirm(charge.intent_id, params))
        except StripeRefused as error:
            if error.kind != "card" and error.reason != "payment_intent_unexpected_state":
                raise
    redirect = (intent.get("next_action") or {}).get("redirect_to_url") or {}
    if intent["status"] == "requires_action" and redirect.get("url"):
        return str(redirect["url"])
    with suppress(CustomerBusy, Unresolved):
        sync_customer(charge.customer_id, now=now)
    return ""
