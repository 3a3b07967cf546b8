"""What a user wants of automatic top-up: read, saved, switched off.

The settings are in the database. The store has the threshold alone, in the user's account, so that the script that
takes tokens can tell a fall to it. The worker puts it right where the two differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from logging import getLogger
from typing import TYPE_CHECKING

from billing.conf import app_settings
from billing.errors import (
    AutoTopUpIncomplete,
    AutoTopUpStopped,
    CapTooLow,
    PaymentDisputed,
    StripeRefused,
    StripeUnavailable,
    UnknownPlan,
)
from billing.models.automatic import AutoTopUp, OffReason
from billing.services import catalogue
from billing.services.auto_charges import has_card
from billing.services.auto_switch import switch_off
from billing.services.stripe_api import require_on
from billing.services.subscription_states import read_bought
from billing.types import Choice
from kv.process.lazy import LazyModule
from kv.sql.transactions import atomic_for
from kv.times import utc_now

if TYPE_CHECKING:
    from usertokens.services import watches
else:
    # With the first one who switches it on or off.
    watches = LazyModule("usertokens.services.watches")

log = getLogger(__name__)


class AutoStatus(StrEnum):
    """What the automatic top-up of a user does now."""

    OFF = "off"
    READY = "ready"
    NEEDS_CARD = "needs_card"
    NEEDS_ACTION = "needs_action"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class AutoState:
    """Automatic top-up of a user.

    threshold, tokens: whole tokens; monthly_cap: cents of the package's price. None: not set yet.
    card:       what the user knows the saved card by, "" for none.
    off_reason: why it is off, where it was not the user: `OffReason`.
    """

    is_on: bool = False
    threshold: int | None = None
    tokens: int | None = None
    monthly_cap: int | None = None
    status: AutoStatus = AutoStatus.OFF
    card: str = ""
    off_reason: str = ""


def read_auto_topup(user_id: str) -> AutoState:
    """The settings of a user, and what they do now. One query, without Stripe."""
    row = AutoTopUp.objects.filter(user_id=user_id).first()
    return AutoState() if row is None else state_of(row)


def state_of(row: AutoTopUp) -> AutoState:
    """The same of a row."""
    card = row.card if has_card(row) else ""
    return AutoState(row.is_on, row.threshold, row.tokens, row.monthly_cap, _status(row), card, row.off_reason)


def save_auto_topup(
    user_id: str,
    *,
    is_on: bool,
    threshold: int | None = None,
    tokens: int | None = None,
    monthly_cap: int | None = None,
    now: datetime | None = None,
) -> AutoState:
    """Switch it on or off. What is None stays as it was. Switching on ends a pause.

    Raises UnknownPlan for a package that is not for sale. Only for switching on: AutoTopUpIncomplete, CapTooLow,
    AutoTopUpStopped, PaymentDisputed, BillingOff, AccountClosed, StoreUnavailable. Nothing has changed then.
    """
    if is_on:
        require_on()
    if tokens is not None and tokens not in app_settings.BILLING_TOPUPS:
        # What GET answers can be sent back with "enabled" false, also of a package that is not sold any more.
        if is_on or not AutoTopUp.objects.filter(user_id=user_id, tokens=tokens).exists():
            raise UnknownPlan(f"{tokens} tokens")
        tokens = None
    wanted = {"threshold": threshold, "tokens": tokens, "monthly_cap": monthly_cap}
    given = {name: value for name, value in wanted.items() if value is not None}
    if not is_on:
        if given:
            AutoTopUp.objects.update_or_create(
                user_id=user_id, defaults=given, create_defaults={**given, "changed_at": now or utc_now()}
            )
        switch_off(user_id, now=now)
        return read_auto_topup(user_id)
    if any(one.frozen for one in read_bought(user_id).values()):
        raise PaymentDisputed
    known = AutoTopUp.objects.filter(user_id=user_id).first() or AutoTopUp(user_id=user_id)
    _require_complete({name: value if value is not None else getattr(known, name) for name, value in wanted.items()})
    with atomic_for(AutoTopUp):
        row, _ = AutoTopUp.objects.get_or_create(user_id=user_id, defaults={"changed_at": now or utc_now()})
        row = AutoTopUp.objects.select_for_update().get(pk=row.pk)
        if row.off_reason == OffReason.STAFF:
            raise AutoTopUpStopped
        for name, value in given.items():
            setattr(row, name, value)
        if not row.is_on or row.paused_at:
            row.declines, row.paused_at = 0, None
        row.is_on, row.off_reason, row.changed_at = True, "", now or utc_now()
        row.save()
        # Last: when the store is away, nothing is saved.
        watches.watch_balance(user_id, row.threshold, now=now)
    return state_of(row)


def _status(row: AutoTopUp) -> AutoStatus:
    if not row.is_on:
        return AutoStatus.OFF
    if row.paused_at is not None:
        return AutoStatus.PAUSED
    if not has_card(row):  # also while a payment waits: it could only be confirmed with a card
        return AutoStatus.NEEDS_CARD
    return AutoStatus.NEEDS_ACTION if row.action_intent else AutoStatus.READY


def _require_complete(wanted: dict[str, int | None]) -> None:
    """Raise what `save_auto_topup` does for settings that can't be switched on. The prices are cached ones."""
    if missing := [name for name, value in wanted.items() if value is None]:
        raise AutoTopUpIncomplete(missing)
    tokens, cap = int(wanted["tokens"] or 0), int(wanted["monthly_cap"] or 0)
    try:
        offer = catalogue.offer_of(Choice(tokens=tokens)) if tokens in app_settings.BILLING_TOPUPS else None
    except (StripeUnavailable, StripeRefused):
        log.info("billing: the prices can't be read, so the cap of a user was not compared with one")
        return
    if offer is None:
        raise UnknownPlan(f"{tokens} tokens")
    if cap < offer.amount_cents:
        raise CapTooLow(offer.amount_cents, offer.currency)
