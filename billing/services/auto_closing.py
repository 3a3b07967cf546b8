"""Automatic top-up of an account that is about to be deleted, and what a user's download says of it."""

from __future__ import annotations

from collections.abc import Iterator
from logging import getLogger
from typing import Any

from billing.errors import StripeRefused, StripeUnavailable
from billing.models.automatic import OPEN_STATES, AutomaticCharge, AutoTopUp
from billing.services.auto_cards import detach_card
from billing.services.auto_charges import has_card
from billing.services.auto_switch import switch_off
from billing.services.stripe_api import client, fetch, is_live, is_on

log = getLogger(__name__)


def close_auto_topup(user_id: str) -> None:
    """Switch it off, cancel what is not paid yet, remove the card at Stripe, and delete the rows. May be repeated.

    A payment that a worker is about to confirm is either canceled or paid, and one without a row is not confirmed.
    Raises StripeUnavailable: the account stays then.
    """
    row = AutoTopUp.objects.filter(user_id=user_id).first()
    if row is None:
        return
    switch_off(user_id)
    charges = AutomaticCharge.objects.filter(user_id=user_id, state__in=OPEN_STATES, livemode=is_live())
    if is_on():
        for charge in charges.exclude(intent_id=""):
            _cancel(charge.intent_id)
        if has_card(row):
            detach_card(row)
    elif charges.exists():
        log.warning("billing: switched off, so an automatic payment of a deleted user was not canceled at Stripe")
    AutomaticCharge.objects.filter(user_id=user_id).delete()
    row.delete()


def export_auto_topup(user_id: str) -> dict[str, Any]:
    """All that is kept of a user's automatic top-up, for a download; {} for nothing."""
    row = AutoTopUp.objects.filter(user_id=user_id).first()
    if row is None:
        return {}
    return {
        "enabled": row.is_on,
        "threshold": row.threshold,
        "topup": row.tokens,
        "monthly_cap_cents": row.monthly_cap,
        "card": row.card,
        "declined_in_a_row": row.declines,
        "paused_at": row.paused_at,
        "changed_at": row.changed_at,
        "charges": list(_charges(user_id)),
    }


def _charges(user_id: str) -> Iterator[dict[str, Any]]:
    for one in AutomaticCharge.objects.filter(user_id=user_id).order_by("pk").iterator(chunk_size=200):
        yield {
            "at": one.made_at,
            "tokens": one.tokens,
            "cents": one.cents,
            "currency": one.currency,
            "state": one.state,
            "payment": one.intent_id,
        }


def _cancel(intent_id: str) -> None:
    try:
        fetch(lambda: client().v1.payment_intents.cancel(intent_id))
    except StripeRefused as error:
        if error.reason not in ("payment_intent_unexpected_state", "resource_missing"):
            raise StripeUnavailable(error.reason) from error
        log.info("billing: automatic top-up %s is not canceled: %s", intent_id, error.reason)
