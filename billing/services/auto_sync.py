"""What a sync tells automatic top-up: outcomes of its payments, another card, one that is gone, a dispute."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from billing.models.automatic import AutoTopUp, OffReason
from billing.models.stripe_objects import StripeEvent
from billing.services import auto_cards, auto_charges, auto_news
from billing.services.auto_switch import switch_off
from billing.services.plans import Snapshot
from billing.services.statuses import DISPUTE, Money
from billing.services.stripe_api import PAGE, client, fetch_all
from billing.types import TopUp
from kv.times import utc_now


def follow_snapshot(
    user_id: str, snapshot: Snapshot, topups: tuple[TopUp, ...], *, now: datetime | None = None
) -> None:
    """Make settings and charges what a snapshot says. Its purchases are settled before: what is paid is granted first.

    Raises StripeUnavailable or StripeRefused.
    """
    auto_charges.note_outcomes(user_id, snapshot.charges, now)
    if snapshot.card_session:
        auto_cards.keep_card(user_id, snapshot.card_session, now)
    row = AutoTopUp.objects.filter(user_id=user_id, is_on=True).first()
    if row is not None and any(one.frozen for one in topups):
        stop_disputed(user_id, now=now)
    elif row is not None and auto_charges.has_card(row):
        auto_cards.check_card(row, now)


def has_open_dispute(customer_id: str) -> bool:
    """Whether a payment of a customer is disputed now. Raises StripeUnavailable or StripeRefused."""
    params: Any = {"customer": customer_id, "limit": PAGE}
    for charge in fetch_all(lambda: client().v1.charges.list(params)):
        if charge.get("disputed"):
            asked: Any = {"charge": charge["id"], "limit": PAGE}
            found = fetch_all(partial(client().v1.disputes.list, asked))
            if any(DISPUTE.get(one["status"], Money.HELD) is Money.HELD for one in found):
                return True
    return False


def stop_if_disputed(user_id: str, customer_id: str, events: Sequence[int], *, now: datetime | None = None) -> None:
    """Switch it off where one of these events is of a dispute that is open, also of a subscription's payment.

    Raises StripeUnavailable or StripeRefused.
    """
    if not user_id or not AutoTopUp.objects.filter(user_id=user_id, is_on=True).exists():
        return
    disputes = StripeEvent.objects.filter(pk__in=events, type__startswith="charge.dispute.")
    if disputes.exists() and has_open_dispute(customer_id):
        stop_disputed(user_id, now=now)


def stop_disputed(user_id: str, *, now: datetime | None = None) -> None:
    """Switch it off while a payment of the user is disputed, and tell the user, once."""
    row = AutoTopUp.objects.filter(user_id=user_id, is_on=True).first()
    if row is not None and switch_off(user_id, OffReason.DISPUTED, now=now):
        auto_news.tell_off(row, OffReason.DISPUTED, now or utc_now())
